import Foundation
import Inference
import Perception
import Testing
import Vision

/// Every decoder against NumPy: `Tooling/decoder_cases.py` makes random outputs and says what they mean.
///
/// `OCELLUS_PYTHON` names a Python with NumPy where `python3` has none.
@Suite(.enabled(if: NumPy.cases != nil, "no Python with NumPy is there to compute reference answers"))
struct DecoderReferenceTests {
  @Test func everyFamilyAgreesWithNumPy() throws {
    let cases = try #require(NumPy.cases)
    for (index, item) in cases.enumerated() {
      let findings = try item.decode()
      let place: Comment = "case \(index): \(item.decoder) \(item.parameters) \(item.outputs.map(\.shape))"
      switch item.expected {
      case .findings(let expected) where item.kind == "classes":
        #expect(findings.classes.map(\.classID) == expected.map(\.class), place)
        for (found, wanted) in zip(findings.classes, expected) {
          #expect(abs(found.confidence - wanted.confidence) < 1e-4, place)
        }
      case .findings(let expected): compare(findings.detections, expected, item, place)
      case .numbers(let expected) where item.kind == "embedding":
        let vector = try #require(findings.embedding)
        #expect(vector.count == expected.count, place)
        #expect(zip(vector, expected).allSatisfy { abs($0 - $1) < 1e-4 }, place)
      case .numbers(let expected) where item.kind == "depth":
        let nearness = try #require(findings.depth?.nearness)
        #expect(nearness.count == expected.count && zip(nearness, expected).allSatisfy { abs($0 - $1) < 1e-4 }, place)
      case .numbers(let expected):
        #expect(findings.segmentation?.classes.map(Float.init) == expected, place)
      }
    }
    #expect(Set(cases.map(\.decoder)) == Set(OfflineDecoding.decoders), "a family has no reference")
  }

  private func compare(
    _ found: [Detection], _ expected: [NumPy.Finding], _ item: NumPy.Case, _ place: Comment
  ) {
    #expect(found.map(\.classID) == expected.map(\.class), place)
    guard found.count == expected.count else { return }
    for (detection, wanted) in zip(found, expected) {
      #expect(abs(detection.confidence - wanted.confidence) < 1e-4, place)
      let box = [detection.box.x, detection.box.y, detection.box.width, detection.box.height]
      #expect(zip(box, wanted.box ?? []).allSatisfy { near($0, $1) }, "\(place): \(box) \(wanted.box ?? [])")
      if let angle = wanted.angle { #expect(abs((detection.angle ?? 9) - angle) < 1e-4, place) }
      if let keypoints = wanted.keypoints {
        let flat = detection.keypoints.flatMap { [$0.x, $0.y, $0.confidence] }
        #expect(flat.count == keypoints.count && zip(flat, keypoints).allSatisfy { near($0, $1) }, place)
      }
    }
    if let masks = item.mask_bits { #expect(found.map { $0.mask?.bits.map(Int.init) } == masks, place) }
  }

  /// To 1e-4, of the number's size where it is larger than 1: floats have seven digits.
  private func near(_ a: Float, _ b: Float) -> Bool { abs(a - b) <= 1e-4 * max(1, abs(b)) }
}

/// The cases that the script writes.
enum NumPy {
  struct Finding: Decodable {
    var `class`: Int
    var confidence: Float
    var box: [Float]?
    var angle: Float?
    var keypoints: [Float]?
  }

  enum Expected: Decodable {
    case findings([Finding])
    case numbers([Float])

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let numbers = try? container.decode([Float].self), !numbers.isEmpty {
        self = .numbers(numbers)
      } else {
        self = .findings(try container.decode([Finding].self))
      }
    }
  }

  struct Output: Decodable {
    var name: String
    var type: String
    var shape: [Int]
    var values: [Float?]
  }

  struct Case: Decodable {
    var decoder: String
    var task: String?
    var width: Int
    var height: Int
    var confidence: Float
    var iou: Float
    var labels: [String]
    var parameters: String
    /// More lines of the manifest's table.
    var thresholds: String
    var kind: String
    var expected: Expected
    var outputs: [Output]
    var mask_bits: [[Int]]?

    func decode() throws -> Findings {
      let names = labels.map { "\"\($0)\"" }.joined(separator: ", ")
      let text = """
        labels = [\(names)]
        \(task.map { "task = \"\($0)\"" } ?? "")
        [input]
        resize = "stretch"
        size = [\(width), \(height)]
        [thresholds]
        confidence = \(confidence)
        iou = \(iou)
        \(thresholds)
        [decoder]
        name = "\(decoder)"
        \(parameters)
        """
      let facts = NetworkFacts(
        name: "case", inputs: [.init(name: "images", type: .float32, shape: [1, 3, height, width])],
        outputs: outputs.map {
          .init(name: $0.name, type: $0.type == "int64" ? .int64 : .float32, shape: $0.shape.map { $0 })
        })
      let tensors = outputs.map { output in
        output.type == "int64"
          ? Tensor(output.shape, output.values.map { Int64($0 ?? 0) })
          : Tensor(output.shape, output.values.map { $0 ?? .nan })
      }
      return try OfflineDecoding.decode(
        facts, manifest: Manifest(text: text, path: "case.toml"), outputs: tensors, frameWidth: width,
        frameHeight: height
      ).findings
    }
  }

  /// Two sets of cases, or nil where Python or NumPy is missing.
  static let cases: [Case]? = {
    let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Tooling/decoder_cases.py").path
    let python = ProcessInfo.processInfo.environment["OCELLUS_PYTHON"] ?? "python3"
    var all: [Case] = []
    for seed in ["1", "2"] {
      let process = Process()
      let pipe = Pipe()
      process.executableURL = URL(filePath: "/usr/bin/env")
      process.arguments = [python, script, seed]
      process.standardOutput = pipe
      process.standardError = FileHandle.nullDevice
      guard (try? process.run()) != nil else { return nil }
      let data = pipe.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      guard process.terminationStatus == 0, let cases = try? JSONDecoder().decode([Case].self, from: data) else {
        return nil
      }
      all += cases
    }
    return all
  }()
}
