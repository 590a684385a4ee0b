import Configuration
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
    "a = 1e",
  ])
  func malformedTOMLIsAnErrorWithItsLine(text: String) {
    let error = #expect(throws: ConfigurationError.self) { try ConfigDocument(text: text, file: "t.toml") }
    #expect(error?.place.hasPrefix("t.toml:") == true)
  }
}
