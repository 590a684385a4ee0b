import Foundation
import Ground
import Testing

/// `Int(saturating:)` against a slow oracle, and the rule that nothing else makes integers of floating point.
@Suite struct ConversionTests {
  private static let values: [Double] =
    [0, -0.0, 0.4, -0.4, 0.5, 0.999_999, 1, -1, 127.5, 128, 255, 255.9, 256, 32767, 65535.5, 65536, 1e6, 1e308]
    + (7...65).flatMap { bits in
      let power = Double(sign: .plus, exponent: bits, significand: 1)
      return [power, power.nextUp, power.nextDown, power - 1, power + 1]
    } + [.infinity, .nan, .signalingNaN, .greatestFiniteMagnitude, .leastNonzeroMagnitude]

  /// The fraction dropped in decimal text, which no conversion of the machine takes part in.
  private func expected<Whole: FixedWidthInteger>(_ value: Double, _: Whole.Type) -> Whole {
    if value.isNaN { return 0 }
    if value.isInfinite { return value < 0 ? .min : .max }
    let digits = String(format: "%.400f", value).prefix { $0 != "." }
    let text = digits == "-0" ? "0" : String(digits)
    if let whole = Whole(text) { return whole }
    return text.hasPrefix("-") ? .min : .max
  }

  private func check<Whole: FixedWidthInteger>(_ type: Whole.Type) {
    for value in ConversionTests.values.flatMap({ [$0, -$0] }) {
      #expect(Whole(saturating: value) == expected(value, type), "\(value) as \(type)")
      let single = Float(value)
      #expect(Whole(saturating: single) == expected(Double(single), type), "\(single) as \(type)")
    }
  }

  @Test func saturatesForEveryType() {
    check(Int.self)
    check(Int8.self)
    check(Int16.self)
    check(Int32.self)
    check(Int64.self)
    check(UInt.self)
    check(UInt8.self)
    check(UInt16.self)
    check(UInt32.self)
    check(UInt64.self)
  }

  private static var repository: URL {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  }

  /// The compiler refuses `Int(value)` of a floating-point value only where Ground's declarations are seen, and those of a
  /// module are seen in files that import it. So a file that makes integers without a label imports Ground.
  @Test func filesThatMakeIntegersImportGround() throws {
    let sources = ConversionTests.repository.appending(path: "Sources")
    let paths = try #require(FileManager.default.enumerator(atPath: sources.path)).compactMap { $0 as? String }
    let swift = paths.filter { $0.hasSuffix(".swift") && !$0.hasPrefix("Ground/") }
    #expect(swift.count > 300, "the sources are found")
    for path in swift {
      let text = try String(contentsOf: sources.appending(path: path), encoding: .utf8)
      #expect(
        ConversionTests.importsGround(text) || !ConversionTests.makesIntegers(text),
        "\(path) makes integers without `import Ground`, so a conversion that traps would not be noticed")
    }
  }

  @Test func thePackageTreatsTheWarningAsAnError() throws {
    let package = try String(contentsOf: ConversionTests.repository.appending(path: "Package.swift"), encoding: .utf8)
    #expect(package.contains(#"["-Werror", "DeprecatedDeclaration"]"#))
  }

  @Test func findsFilesThatMakeIntegers() {
    for text in [
      "let a = Int(b.rounded())", "UInt8(x)", "values.map(Int32.init)", "f(Int64((a + b)))", "CInt(c)", "[UInt16($0)]",
    ] {
      #expect(ConversionTests.makesIntegers(text), "\(text)")
    }
    for text in [
      "Int(saturating: x)", "Int(exactly: x)", "UInt8(clamping: 3)", "// Int(x)", "print(x)", "a.hasInt(x)", "Point(x)",
      "Int()", "checkedInt(x)",
    ] {
      #expect(!ConversionTests.makesIntegers(text), "\(text)")
    }
  }

  private static func importsGround(_ text: String) -> Bool {
    text.split(separator: "\n").contains { $0.hasSuffix("import Ground") && !$0.hasPrefix("//") }
  }

  private static func makesIntegers(_ text: String) -> Bool {
    let code = text.split(separator: "\n").filter { !$0.drop(while: \.isWhitespace).hasPrefix("//") }
    return code.joined(separator: "\n").contains(
      /(?:^|[^\w.])(?:U?Int(?:8|16|32|64)?|C(?:Unsigned)?(?:Char|Short|Int|Long|LongLong)|off_t|size_t|time_t)(?:\((?![a-z]\w*:|\))|\.init\b(?!\())/
    )
  }
}
