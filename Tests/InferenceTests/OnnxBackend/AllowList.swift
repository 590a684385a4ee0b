import Foundation

/// The backend cases that must pass, and why each of the others need not: one line a case.
struct AllowList {
  /// Cases that must pass.
  var required: Set<String> = []
  /// Cases left out, with the reason.
  var leftOut: [String: String] = [:]

  private static let other = ProcessInfo.processInfo.environment["OCELLUS_ONNX_ALLOWLIST"]
  /// False when OCELLUS_ONNX_ALLOWLIST names another file, for other versions of the onnx package.
  static let isOurs = other == nil
  static let path =
    other
    ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("allowlist.txt").path

  static func load() throws -> AllowList {
    var list = AllowList()
    for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
      let parts = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: true).map(String.init)
      switch parts.first {
      case "+": if parts.count > 1 { list.required.insert(parts[1]) }
      case "-": if parts.count > 2 { list.leftOut[parts[1]] = parts[2] }
      default: break
      }
    }
    return list
  }

  func write() throws {
    var text = """
      # The ONNX project's backend tests (onnx 1.16.2): "+" must pass, "-" is left out, with the reason.
      # Written by `make test-onnx-regenerate`; read by `make test-onnx`.

      """
    for name in (required.union(leftOut.keys)).sorted() {
      text += leftOut[name].map { "- \(name) \($0)\n" } ?? "+ \(name)\n"
    }
    try text.write(toFile: AllowList.path, atomically: true, encoding: .utf8)
  }

  /// Cases whose data is at odds with the specification.
  private static let dataErrors = [
    "_to_BFLOAT16": "the data truncates to bfloat16, the engine rounds to the nearest",
    "qlinearmatmul": "the data wraps around where the specification saturates",
    "averagepool_3d_dilations_large_count_include_pad_is_1_ceil_mode_is_True":
      "the data counts window elements beyond the padding",
    "training_dropout": "a random draw, which nothing can reproduce",
  ]

  /// Why a failing case may be left out: by its data, its operators, else by what the engine said.
  static func reason(_ name: String, _ failure: String, operators: Set<String>) -> String {
    if let error = dataErrors.first(where: { name.contains($0.key) }) { return error.value }
    let training = ["Adagrad", "Adam", "Momentum", "Gradient"].map { "ai.onnx.preview.training.\($0)" }
    let random = ["Bernoulli", "RandomUniformLike", "RandomNormalLike", "RandomUniform", "RandomNormal", "Multinomial"]
    let strings = ["RegexFullMatch", "StringConcat", "StringNormalizer", "StringSplit", "TfIdfVectorizer"]
    if !operators.isDisjoint(with: training) { return "training, not inference" }
    if !operators.isDisjoint(with: random) { return "a random draw, which nothing can reproduce" }
    if !operators.isDisjoint(with: strings) { return "string processing" }
    if operators.contains("ImageDecoder") { return "image decoding is the Vision module's work" }
    if name.contains("FLOAT8") || failure.contains("float8") { return "8-bit floats" }
    if name.contains("INT4") || failure.contains("int4") { return "4-bit integers" }
    return failure.replacingOccurrences(of: "\n", with: " ")
  }
}
