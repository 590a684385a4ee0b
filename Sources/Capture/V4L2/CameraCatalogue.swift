import CVideo4Linux
import Ground

/// A camera as `ocellus devices` lists it.
public struct CameraListing: Sendable, Equatable, Codable {
  /// A pixel format with its sizes.
  public struct Format: Sendable, Equatable, Codable {
    /// V4L2's four characters: "YUYV".
    public var fourCC: String
    public var description: String
    /// Whether it can be used: natively, decoded, or through libv4l.
    public var isUsable: Bool
    public var sizes: [Size]
  }

  /// A picture size with its rates; ranges list their smallest and largest size.
  public struct Size: Sendable, Equatable, Codable {
    public var width: Int
    public var height: Int
    /// Frames a second, highest first; empty when the driver does not say.
    public var rates: [Double]
  }

  public var path: String
  /// The product's name; empty when the node could not be opened.
  public var name: String
  public var driver: String
  public var bus: String
  public var serial: String?
  public var formats: [Format]
  public var controls: [CameraControl]
  /// Why it cannot be used, with what to do about it; nil when it can.
  public var problem: String?

  package init(
    path: String, name: String, driver: String, bus: String, serial: String?, formats: [Format],
    controls: [CameraControl], problem: String?
  ) {
    self.path = path
    self.name = name
    self.driver = driver
    self.bus = bus
    self.serial = serial
    self.formats = formats
    self.controls = controls
    self.problem = problem
  }
}

/// The cameras of this machine.
public enum CameraCatalogue {
  /// Every V4L2 node that captures video, in the order of their numbers, and those that could not be asked, with the
  /// reason. Nodes of other kinds (metadata, radio) are left out. Opens each node for a moment.
  public static func list() -> [CameraListing] { list(system: LinuxSystemCalls()) }

  package static func list(system: any SystemCalls) -> [CameraListing] {
    nodes(system: system).compactMap { path in
      do throws(CaptureError) {
        let device = try CameraDevice(path: path, system: system)
        defer { device.close() }
        return describe(device)
      } catch {
        guard error.kind != .unsupported else { return nil }
        return CameraListing(
          path: path, name: "", driver: "", bus: "", serial: nil, formats: [], controls: [],
          problem: error.remedy.isEmpty ? error.what : "\(error.what) (\(error.remedy))")
      }
    }
  }

  /// /dev/video0, /dev/video1, … by number.
  static func nodes(system: any SystemCalls) -> [String] {
    system.names(in: "/dev").compactMap { name -> (Int, String)? in
      guard name.hasPrefix("video"), let number = Int(name.dropFirst(5)) else { return nil }
      return (number, "/dev/\(name)")
    }
    .sorted { $0.0 < $1.0 }
    .map(\.1)
  }

  private static func describe(_ device: CameraDevice) -> CameraListing {
    let identity = device.identity
    let formats = CameraFormats.enumerate(device).map { option in
      CameraListing.Format(
        fourCC: option.fourCC.description, description: option.description,
        isUsable: PixelEncoding.of(option.fourCC) != nil,
        sizes: option.sizes.flatMap { size in
          size.extremes.map { CameraListing.Size(width: $0.width, height: $0.height, rates: size.rates) }
        })
    }
    let usable = formats.contains { $0.isUsable }
    return CameraListing(
      path: device.path, name: identity.card, driver: identity.driver, bus: identity.bus, serial: identity.serial,
      formats: formats, controls: CameraControls.list(device),
      problem: usable ? nil : "it offers no pixel format that can be decoded")
  }
}
