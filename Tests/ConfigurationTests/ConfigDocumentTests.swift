import Configuration
import Glibc
import Ground
import Testing

@Suite struct ConfigDocumentTests {
  @Test func tomlIsReadAsItsSpecificationSays() throws {
    let document = try ConfigDocument(
      text: """
        "quoted key" = 'C:\\path'   # a literal string
        a.b.c = [1, 2.5, [true],
          0x_ff, -1_000, # inside
        ]
        d = { x = 1, y.z = "a\\u00e9\\n" }
        long = \"\"\"
        one \\
           two\"\"\"
        when = 1979-05-27T07:32:00Z
        inf = -inf
        [t.u]
        v = 1e3
        [[list]]
        k = 1
        [[list]]
        k = 2
        [list.sub]
        s = ''
        """, file: "t.toml")
    #expect(document.root["quoted key"] == .string("C:\\path"))
    let list: [ConfigValue] = [.int(1), .double(2.5), .array([.bool(true)]), .int(255), .int(-1000)]
    #expect(document.root["a"] == .table(["b": .table(["c": .array(list)])]))
    #expect(document.root["d"] == .table(["x": .int(1), "y": .table(["z": .string("a\u{e9}\n")])]))
    #expect(document.root["long"] == .string("one two"))
    #expect(document.root["when"] == .other)
    #expect(document.root["inf"] == .double(-.infinity))
    #expect(document.root["t"] == .table(["u": .table(["v": .double(1000)])]))
    #expect(
      document.root["list"]
        == .array([.table(["k": .int(1)]), .table(["k": .int(2), "sub": .table(["s": .string("")])])]))
    #expect(document.lines["a.b.c"] == 2 && document.lines["list.1.k"] == 16 && document.lines["list.1.sub.s"] == 18)
  }

  @Test(arguments: [
    "a = 1\na = 2", "[t]\n[t]", "a = 1\n[a]", "a = 1 b = 2", "a", "= 1", "a. = 1", "[a.]", "a = ,", "a = [1, 2",
    "a = {",
    "a = \"x", "a = \"\\q\"", "a = \"\\u12\"", "a = 01x", "a = yes", "[[a]]\n[a]\n[a]", "]",
    "a = 1e", "a = '''x''''''",
  ])
  func malformedTOMLIsAnErrorWithItsLine(text: String) {
    let error = #expect(throws: ConfigurationError.self) { try ConfigDocument(text: text, file: "t.toml") }
    #expect(error?.place.hasPrefix("t.toml:") == true)
  }

  /// TOML 1.0, "Inline Table": keys and sub-tables cannot be added outside the braces.
  @Test(arguments: ["a = { b = { c = 1 }, b.d = 2 }", "a = { b = 1, b.c = 2 }", "a = { b.c = 1, b.c = 2 }"])
  func inlineTablesAreWhole(text: String) {
    #expect(throws: ConfigurationError.self) { try ConfigDocument(text: text, file: "t.toml") }
  }

  // MARK: Large texts

  /// A shape of a large text, the number of its statements, and whether it is read.
  struct Large: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var isRead: Bool
    var text: @Sendable () -> String
  }

  static let long = String(repeating: "h", count: 100_000)

  static let larges: [Large] = [
    Large(testDescription: "[[x]]", isRead: true) { String(repeating: "[[x]]\n", count: 100_000) },
    Large(testDescription: "[[x.y]] below one [[x]]", isRead: true) {
      "[[x]]\n" + String(repeating: "[[x.y]]\n", count: 100_000)
    },
    Large(testDescription: "[x.N]", isRead: true) { (0..<90_000).map { "[x.\($0)]\n" }.joined() },
    Large(testDescription: "x.N = 1", isRead: true) { (0..<90_000).map { "x.\($0)=1\n" }.joined() },
    Large(testDescription: "an inline table of dotted keys", isRead: true) {
      "t = {" + (0..<90_000).map { "x.\($0)=1" }.joined(separator: ",") + "}"
    },
    Large(testDescription: "an inline table of deep dotted keys", isRead: true) {
      "t = {" + (0..<20_000).map { "a.b.c.d.e.f.g.h.i.j.k.l.m.n.k\($0)=1" }.joined(separator: ",") + "}"
    },
    Large(testDescription: "a list of inline tables", isRead: true) {
      "t = [" + String(repeating: "{a=1},", count: 100_000) + "]"
    },
    Large(testDescription: "keys below a header of 500 bytes", isRead: true) {
      "[" + long.prefix(500) + "]\n" + (0..<90_000).map { "k\($0)=1\n" }.joined()
    },
    Large(testDescription: "keys below a header of 100 kB", isRead: false) {
      "[" + long + "]\n" + (0..<90_000).map { "k\($0)=1\n" }.joined()
    },
    Large(testDescription: "keys below quoted headers that nest", isRead: false) {
      "[\"" + long.prefix(300) + "\".\"" + long.prefix(300) + "\"]\n" + String(repeating: "k=1\n", count: 1000)
    },
    Large(testDescription: "a header of 300,000 parts", isRead: false) {
      "[" + String(repeating: "a.", count: 300_000) + "a]"
    },
    Large(testDescription: "an inline key of 300,000 parts", isRead: false) {
      "t = {" + String(repeating: "a.", count: 300_000) + "a=1}"
    },
    Large(testDescription: "300,000 lists that nest", isRead: false) {
      "t = " + String(repeating: "[", count: 300_000)
    },
    Large(testDescription: "a number of 900,000 digits", isRead: true) {
      "t = 0." + String(repeating: "7", count: 900_000)
    },
  ]

  /// What this thread has taken of a processor: other work on the machine does not count.
  private static var seconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// A debug build takes less than a second; what is quadratic takes minutes.
  @Test(arguments: larges) func largeTextsAreReadOrRefusedInLinearTime(large: Large) throws {
    let text = large.text()
    let began = Self.seconds
    let document = try? ConfigDocument(text: text, file: "t.toml")
    #expect(Self.seconds - began < 5)
    #expect((document != nil) == large.isRead)
  }

  @Test func whatIsTooLongIsSaidWithItsLine() {
    let text = "a = 1\n\n[\(Self.long)]"
    let error = #expect(throws: ConfigurationError.self) { try ConfigDocument(text: text, file: "t.toml") }
    #expect(error?.line == "t.toml:3: not valid TOML: a key is longer than 512 bytes")
  }

  @Test func arraysOfTablesHaveALimit() throws {
    let document = try ConfigDocument(text: String(repeating: "[[x]]\n", count: 5), file: "t.toml")
    #expect(try ConfigReader(document).tables("x", atMost: 5).count == 5)
    let error = #expect(throws: ConfigurationError.self) { try ConfigReader(document).tables("x", atMost: 4) }
    #expect(error?.line == "t.toml:1: field 'x' has 5 tables, and may have 4")
  }
}
