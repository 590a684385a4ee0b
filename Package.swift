// swift-tools-version:6.1
import PackageDescription

/// Every Swift target speaks Swift 6, writes `any` where a protocol is a type, and imports what it uses itself.
let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

/// Ground marks the conversions from floating point that trap as deprecated: their use in the program is an error.
let checked = strict + [.unsafeFlags(["-Werror", "DeprecatedDeclaration"])]

/// The C kernels are always optimised: a debug build of a matrix product is of no use to anybody.
let kernelFlags: [CSetting] = [.unsafeFlags(["-O3", "-ffp-contract=fast", "-fno-math-errno"])]

func module(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: checked)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .testTarget(name: name, dependencies: dependencies + ["TestSupport"], exclude: exclude, swiftSettings: strict)
}

/// A shim over one system library: a header, a C file for what Swift cannot call, an explicit module map.
func shim(_ name: String, links libraries: [String]) -> Target {
  .target(name: name, linkerSettings: libraries.map { .linkedLibrary($0) })
}

let package = Package(
  name: "ocellus",
  products: [.executable(name: "ocellus", targets: ["ocellus"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
  ],
  targets: [
    // Shims over system libraries.
    shim("CPosix", links: []),
    shim("CAllocations", links: []),
    shim("CTurboJPEG", links: ["turbojpeg"]),
    shim("CJPEG", links: ["jpeg"]),
    shim("CPNG", links: ["png16"]),
    shim("CVideo4Linux", links: ["v4lconvert"]),
    shim("CNcurses", links: ["ncursesw", "tinfo"]),
    // Loaded at run time: its header says why.
    shim("COpenBLAS", links: []),
    shim("CCompression", links: ["zstd", "lz4"]),
    shim("CCrypto", links: ["crypto"]),
    .target(name: "Kernels", cSettings: kernelFlags),

    // The rooms, lowest first. An arrow only ever points down.
    module("Ground", ["CPosix"]),
    module("Configuration", ["Ground"]),
    module("Vision", ["Ground", "Kernels", "CTurboJPEG", "CJPEG", "CPNG"]),
    module("Inference", ["Ground", "Kernels", "COpenBLAS"]),
    module("Perception", ["Ground", "Configuration", "Vision", "Inference", "Kernels", "CCrypto"]),
    module(
      "Capture",
      [
        "Ground", "Configuration", "Vision", "CPosix", "CVideo4Linux",
        .product(name: "Logging", package: "swift-log"),
      ]),
    module(
      "Pipeline",
      ["Ground", "Configuration", "Vision", "Perception", "Capture", .product(name: "Logging", package: "swift-log")]),
    module("ROS", ["Ground", "Vision"]),
    module(
      "Recording",
      [
        "Ground", "Configuration", "Vision", "Perception", "Capture", "Pipeline", "ROS", "CPosix", "CCompression",
        .product(name: "Logging", package: "swift-log"),
      ]),
    module(
      "Dashboard", ["Ground", "Configuration", "Vision", "Perception", "Capture", "Pipeline", "CNcurses", "CPosix"]),
    module(
      "Service",
      [
        "Ground", "Configuration", "Vision", "Inference", "Perception", "Capture", "Pipeline", "Recording",
        .product(name: "Logging", package: "swift-log"),
      ]),
    .executableTarget(
      name: "ocellus",
      dependencies: [
        "Ground", "Configuration", "Vision", "Inference", "Perception", "Capture", "Pipeline", "Recording", "Service",
        "Dashboard",
        "CAllocations",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: checked),

    // Frames of the demo scene with their truth, for models/training.
    .executableTarget(
      name: "scene-dump",
      dependencies: ["Ground", "Capture", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      swiftSettings: checked),
    // Watches cameras inside the virtual machine of `make test-camera`.
    .executableTarget(
      name: "camera-probe", dependencies: ["Ground", "Vision", "Capture"], path: "Tests/VirtualCamera/Probe",
      swiftSettings: strict),

    // What tests of several rooms share: seeded numbers, folders of their own, waiting for a condition.
    .target(name: "TestSupport", dependencies: ["Ground", "Vision"], path: "Tests/Support", swiftSettings: strict),

    tests("GroundTests", ["Ground", "CAllocations"]),
    tests("VisionTests", ["Ground", "Vision", "Kernels"]),
    tests("KernelsTests", ["Kernels", "COpenBLAS"]),
    tests(
      "InferenceTests", ["Ground", "Inference", "Kernels", "CAllocations"], exclude: ["OnnxBackend/allowlist.txt"]),
    tests("ConfigurationTests", ["Ground", "Configuration"]),
    tests("PerceptionTests", ["Ground", "Configuration", "Vision", "Inference", "Perception"], exclude: ["Tooling"]),
    tests(
      "CaptureTests",
      [
        "Ground", "Vision", "Capture", "CVideo4Linux", "CAllocations", .product(name: "Logging", package: "swift-log"),
      ]),
    tests("PipelineTests", ["Ground", "Configuration", "Vision", "Perception", "Capture", "Pipeline"]),
    tests("ROSTests", ["Ground", "Vision", "ROS"]),
    tests("RecordingTests", ["Ground", "Vision", "Perception", "Capture", "Pipeline", "ROS", "Recording"]),
    tests("ServiceTests", ["Ground", "Pipeline", "Service", .product(name: "Logging", package: "swift-log")]),
    tests("DashboardTests", ["Ground", "Configuration", "Vision", "Perception", "Pipeline", "Dashboard"]),
    tests("EndToEndTests", ["Ground", "Vision", "Recording", "Dashboard", "ocellus"], exclude: ["Fixtures"]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .gnu17
)
