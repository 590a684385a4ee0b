import Foundation
import Inference
import Perception
import TestSupport
import Testing

/// Class names of Ultralytics' metadata, which Python writes: every form that `ast.literal_eval` reads.
@Suite struct PythonLiteralTests {
  private func describe(_ names: String, _ more: [String: String] = [:]) throws -> ModelDescription {
    let metadata = ["task": "detect", "stride": "32", "imgsz": "[64, 64]", "names": names].merging(more) { $1 }
    return try OfflineDecoding.describe(
      NetworkFacts(
        name: "net", inputs: [.init(name: "images", type: .float32, shape: [1, 3, 64, 64])],
        outputs: [.init(name: "output0", type: .float32, shape: [1, 6, 84])], metadata: metadata))
  }

  private func names(_ text: String) throws -> [String] { try describe(text).labels }

  @Test(arguments: [
    ("{0: 'person', 1: \"driver's seat\"}", ["person", "driver's seat"]),
    ("['a', 'b']", ["a", "b"]), ("('a', 'b')", ["a", "b"]), ("('a',)", ["a"]), ("{'0': 'a', '1': 'b'}", ["a", "b"]),
    ("{1: 'b', 0: 'a'}", ["a", "b"]), ("{0: 'a', 2: 'c'}", ["a", "class 1", "c"]), ("{0: 'a', 0: 'b'}", ["b"]),
    (#"{0: "a\x41\u00e9\U0001F600", 1: 'it\'s'}"#, ["aA\u{E9}\u{1F600}", "it's"]),
    (#"{0: 'a\\b', 1: 'tab\there' , 2: '\101\60z'}"#, ["a\\b", "tab\u{FFFD}here", "A0z"]),
    (#"{0: 'a\q', 1: '\N{BULLET}'}"#, [#"a\q"#, #"\N{BULLET}"#]),
    (#"{0: r'a\n', 1: u'b', 2: b'c\xc3\xa9', 3: Rb'\x', 4: f'd'}"#, [#"a\n"#, "b", "c\u{E9}", #"\x"#, "d"]),
    ("{0: 'a' 'b' \"c\", 1: ('d'\n 'e')}", ["abc", "de"]),
    ("{0: '''it's''', 1: \"\"\"a \"quote\" \"\"\"}", ["it's", "a \"quote\" "]),
    // A combining mark right behind a quote, a zero-width joiner, and letters beyond 16 bits.
    (
      "{0: '\u{301}a', 1: 'e\u{301}', 2: '\u{1F468}\u{200D}\u{1F469}', 3: '\u{20E3}'}",
      ["\u{301}a", "e\u{301}", "\u{1F468}\u{200D}\u{1F469}", "\u{20E3}"]
    ),
    ("{0: 5, 1: 2.5, 2: None, 3: True, 4: -7, 5: 1e20}", ["5", "2.5", "None", "True", "-7", "1e+20"]),
    ("{0: ['a', 1], 1: 'b', 2: ('c', 'd'), 3: {'k': 1}}", ["['a', 1]", "b", "['c', 'd']", "{'k': 1}"]),
    ("{0: 'brace } and { : , in', 1: '[x]'}", ["brace } and { : , in", "[x]"]),
    ("{'person': 0, 'car': 1}", ["person", "car"]), ("[(0, 'a'), (1, 'b')]", ["a", "b"]),
    ("OrderedDict([(0, 'a'), (1, 'b')])", ["a", "b"]), ("OrderedDict({0: 'a', 1: 'b'})", ["a", "b"]),
    ("{-1: 'x', 0: 'a', 'k': 'y', 1.0: 'b', None: 'z'}", ["a", "b"]),
    ("{0x0: 'a', 0b1: 'b', 0o2: 'c'}", ["a", "b", "c"]),
    (#"{"0": "caf\u00e9", "1": "\ud83d\ude00", "2": null}"#, ["caf\u{E9}", "\u{1F600}", "None"]),
    (#"{0: '\ud83d alone', 1: 'b'}"#, ["\u{FFFD} alone", "b"]), ("{0: 'a', 1: 'b',}", ["a", "b"]),
    ("  {0: 'a'}\n", ["a"]), ("{0: ''}", [""]), ("{}", []), ("[]", []), ("{0: '0', 1: '1'}", []),
    ("'person'", ["person"]), ("{100000: 'x', 0: 'a'}", ["a"]),
  ])
  func everyFormIsRead(text: String, wanted: [String]) throws {
    #expect(try names(text) == wanted, "\(text)")
  }

  @Test(arguments: [
    "{0: 'a'", "{0: 'a", "{0: person}", "{0 'a'}", "{0: 'a' 1: 'b'}", "['a' 'b', ", "{0: 'a'} x", "person, car", "{,}",
    "{0: 'a', 'b'}", "{0: \u{2018}a\u{2019}}", String(repeating: "[", count: 100_000), "__import__",
  ])
  func whatIsNoLiteralIsSaid(text: String) throws {
    let description = try describe(text)
    #expect(description.labels.isEmpty)
    #expect(description.reasons.contains { $0.contains("'names' is not used") && $0.contains("at byte") })
  }

  @Test func otherFieldsToo() throws {
    let plain = try describe("{0: 'a', 1: 'b'}", ["imgsz": "64", "args": "{'batch': 1, 'nms': False}"])
    #expect(plain.decoder == "yolov8" && plain.inputWidth == 64)
    #expect(try describe("{0: 'a'}", ["args": "{'batch': 1, 'nms': True}"]).decoder == "end-to-end")
    #expect(try describe("{0: \"'nms': True\"}", ["args": "{'note': \"'nms':True\"}"]).decoder == "yolov8")
  }

  /// Many names, and long ones, in seconds.
  @Test(.timeLimit(.minutes(1))) func manyAndLongNames() throws {
    let many = "{" + (0..<300_000).map { "\($0): 'name \($0)'" }.joined(separator: ", ") + "}"
    let labels = try names(many)
    #expect(labels.count == 100_000 && labels[99_999] == "name 99999")
    let long = try names("{0: '" + String(repeating: "e\u{301}", count: 300_000) + "', 1: 'b'}")
    #expect(long.count == 2 && long[0].unicodeScalars.count == 200)
    #expect(
      try names("[" + [String](repeating: "'same'", count: 200_000).joined(separator: ",") + "]").count == 100_000)
  }

  private static let python = ["/usr/bin/python3", "/usr/local/bin/python3"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  /// Python itself writes the literals and says what they mean.
  @Test(.enabled(if: python != nil, "python3 is not installed")) func asPythonWritesThem() throws {
    let script = """
      import json, random
      chance = random.Random(7)
      letters = "ab'\\"\\\\ {}[]:,#\\u00e9\\u0301\\u200b\\u4e2d\\U0001f600\\u00a0"
      for _ in range(400):
          names = {}
          for n in range(chance.randint(1, 12)):
              names[n] = "".join(chance.choice(letters) for _ in range(chance.randint(1, 9))) + "x"
          text = chance.choice([str, lambda d: str(list(d.values())), ascii,
                                lambda d: str({str(k): v for k, v in d.items()}), json.dumps])(names)
          print(json.dumps({"text": text, "names": list(names.values())}))
      """
    let process = Process()
    process.executableURL = URL(filePath: try #require(PythonLiteralTests.python))
    process.arguments = ["-c", script]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let lines = pipe.fileHandleForReading.readDataToEndOfFile().split(separator: UInt8(ascii: "\n"))
    process.waitUntilExit()
    struct Case: Decodable {
      var text: String
      var names: [String]
    }
    #expect(lines.count == 400)
    for line in lines {
      let one = try JSONDecoder().decode(Case.self, from: Data(line))
      #expect(try names(one.text) == one.names, "\(one.text)")
    }
  }
}
