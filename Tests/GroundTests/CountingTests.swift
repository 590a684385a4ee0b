import Foundation
import Ground
import Testing

@Suite struct CountingTests {
  @Test func oneIsSingular() {
    #expect(counted(0, "check") == "0 checks")
    #expect(counted(1, "check") == "1 check")
    #expect(counted(2 as UInt64, "check") == "2 checks")
    #expect(counted(-1, "degree") == "-1 degrees")
    #expect(counted(1, "class", "classes") == "1 class" && counted(3, "class", "classes") == "3 classes")
  }

  /// Text for people counts through ``counted(_:_:_:)``: a number before one of these plurals would be wrong for one.
  @Test func textForPeopleCountsInOneWay() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Sources")
    let nouns = "checks|detections|class names|threads|frames|photos|formats|cores|topics|regions|models"
    let pattern = try Regex("\\\\\\([^()\"]*(\\([^()\"]*\\)[^()\"]*)*\\) (\(nouns))\\b(?! a second)")
    var found: [String] = []
    let files = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
    while let file = files?.nextObject() as? URL {
      guard file.pathExtension == "swift", !file.path.contains("/Inference/") else { continue }
      for (number, line) in try String(contentsOf: file, encoding: .utf8).split(
        separator: "\n", omittingEmptySubsequences: false
      ).enumerated()
      where line.contains(pattern) && !line.trimmingCharacters(in: .whitespaces).hasPrefix("//") {
        found.append("\(file.lastPathComponent):\(number + 1): \(line.trimmingCharacters(in: .whitespaces))")
      }
    }
    #expect(found == [], "\(found.joined(separator: "\n"))")
  }
}
