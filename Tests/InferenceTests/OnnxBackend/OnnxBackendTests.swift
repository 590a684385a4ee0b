import Foundation
import Inference
import Testing

/// The ONNX project's own operator tests, run when OCELLUS_ONNX_TESTS names the `onnx/backend/test/data` folder of the
/// onnx package (`make test-onnx` installs it and sets the variable).
@Suite(.serialized) struct OnnxBackendTests {
  private static let root = ProcessInfo.processInfo.environment["OCELLUS_ONNX_TESTS"]
  private static let regenerates = ProcessInfo.processInfo.environment["OCELLUS_ONNX_REGENERATE"] != nil

  @Test(
    .enabled(if: root != nil && !regenerates, "set OCELLUS_ONNX_TESTS, or run make test-onnx"),
    arguments: [false, true])
  func allowListedCasesPass(optimize: Bool) throws {
    let root = try #require(Self.root)
    let list = try AllowList.load()
    var passed: [String: Int] = [:]
    let cases = try BackendCase.all(in: root)
    #expect(list.required.isSubset(of: Set(cases.map(\.name))), "the allow-list names cases that are not there")
    for backendCase in cases where list.required.contains(backendCase.name) {
      let failure = backendCase.failure(optimize: optimize)
      #expect(failure == nil, "\(backendCase.name): \(failure ?? "")")
      if failure == nil { passed[String(backendCase.name.prefix { $0 != "/" }), default: 0] += 1 }
    }
    let total = Dictionary(grouping: cases) { String($0.name.prefix { $0 != "/" }) }.mapValues(\.count)
    for folder in total.keys.sorted() {
      print("ONNX backend tests, \(folder): \(passed[folder] ?? 0) of \(total[folder] ?? 0) pass")
    }
  }

  /// Not a test of the engine: runs everything and writes down what passes.
  @Test(.enabled(if: root != nil && regenerates, "set OCELLUS_ONNX_REGENERATE to rewrite the allow-list"))
  func regenerateAllowList() throws {
    let root = try #require(Self.root)
    var list = AllowList()
    var table = OperatorTable()
    let traces = ProcessInfo.processInfo.environment["OCELLUS_ONNX_TRACE"] != nil
    for backendCase in try BackendCase.all(in: root) {
      if traces { FileHandle.standardError.write(Data("\(backendCase.name)\n".utf8)) }
      if let failure = backendCase.failure(optimize: false) ?? backendCase.failure(optimize: true) {
        list.leftOut[backendCase.name] = AllowList.reason(
          backendCase.name, failure, operators: try backendCase.operators().names)
      } else {
        list.required.insert(backendCase.name)
      }
      try table.note(backendCase, passes: list.required.contains(backendCase.name))
    }
    try list.write()
    if AllowList.isOurs { try table.write() }
  }
}
