import Foundation
import Ground
import Inference
import Perception
import TestSupport
import Testing
import Vision

/// What kinds of numbers networks take and give.
@Suite struct NumberTests {
  /// The picture's mean colours over 255 as classes, from an input of any type.
  private func meanColors(_ path: String, _ type: TinyNetwork.Element) throws {
    var network = TinyNetwork()
    network.input("pixels", type, [1, 3, 16, 16])
    network.output("probs", [1, 3])
    network.node("Cast", ["pixels"], "floats", ints: ["to": [1]])
    network.node("GlobalAveragePool", ["floats"], "a")
    network.node("Flatten", ["a"], "b", ints: ["axis": [1]])
    network.weights("scale", [1], [1 / 255])
    network.node("Mul", ["b", "scale"], "c")
    network.weights("shift", [1], [type == .int8 ? 128 / 255 : 0])
    network.node("Add", ["c", "shift"], "probs")
    try network.write(to: path)
    try """
    labels = ["red", "green", "blue"]
    [decoder]
    name = "classifier"
    activation = "none"
    [input]
    scale = 1
    mean = [\(type == .int8 ? "128, 128, 128" : "0, 0, 0")]
    std = [1, 1, 1]
    """.write(toFile: path.replacing(".onnx", with: ".toml"), atomically: true, encoding: .utf8)
  }

  @Test(arguments: [
    TinyNetwork.Element.float, .float16, .double, .uint8, .int8, .uint16, .int16, .uint32, .int32, .uint64, .int64,
  ])
  func picturesAreFedAsEveryType(type: TinyNetwork.Element) throws {
    let folder = try TemporaryFolder()
    try meanColors(folder.file("net.onnx"), type)
    var canvas = Canvas(width: 32, height: 32)
    canvas.fill(x: 0, y: 0, width: 32, height: 32, .init(250, 10, 120))
    let model = try ModelStore(folders: []).loadVision(folder.file("net.onnx"))
    let found = try model.perceive(#require(canvas.image), region: nil, minimumConfidence: nil).0.classes
    let shares = Dictionary(found.map { ($0.label, $0.confidence) }) { first, _ in first }
    for (label, wanted) in [("red", 250), ("green", 10), ("blue", 120)] as [(String, Float)] {
      #expect(abs((shares[label] ?? -1) - wanted / 255) < 0.005, "\(label) \(found)")
    }
  }

  /// Rows of numbers that are the square roots of negative ones.
  private func roots(_ path: String, _ shape: [Int], of offset: Float) throws {
    let count = shape.reduce(1, *)
    var network = TinyNetwork()
    network.input("images", .float, [1, 1, 16, 16])
    network.output("out", shape)
    network.weights("offsets", [count], (0..<count).map { $0 == 0 ? offset : -1e9 })
    network.node("GlobalAveragePool", ["images"], "a")
    network.integers("one", [1])
    network.node("Reshape", ["a", "one"], "b")
    network.node("Add", ["b", "offsets"], "c")
    network.node("Sqrt", ["c"], "d")
    network.integers("shape", shape.map { Int64($0) })
    network.node("Reshape", ["d", "shape"], "out")
    try network.write(to: path)
  }

  @Test(arguments: [[1, 9], [1, 3, 6], [1, 1, 16, 16]]) func anOutputWithoutANumberIsAFailure(shape: [Int]) throws {
    let folder = try TemporaryFolder()
    try roots(folder.file("net.onnx"), shape, of: -1e9)
    let decoder = [2: "classifier", 3: "end-to-end", 4: "depth"][shape.count] ?? ""
    try "decoder = \"\(decoder)\"".write(toFile: folder.file("net.toml"), atomically: true, encoding: .utf8)
    let problems = ModelStore(folders: []).check(folder.file("net.onnx"))
    #expect(problems.count == 1 && problems[0].contains("output 'out' holds no number"), "\(problems)")
  }

  /// Shares of a sum that is not known are not shown.
  @Test func aClassWithoutANumberIsAFailure() throws {
    let folder = try TemporaryFolder()
    try roots(folder.file("net.onnx"), [1, 9], of: 4)
    let problems = ModelStore(folders: []).check(folder.file("net.onnx"))
    #expect(problems.count == 1 && problems[0].contains("a class's score is not a number"), "\(problems)")
  }
}
