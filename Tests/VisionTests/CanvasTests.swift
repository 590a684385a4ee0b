import Testing
import Vision

@Suite struct CanvasTests {
  private let red = Canvas.Color(255, 0, 0)

  @Test func outlineStaysOnTheBoxAndInside() {
    var canvas = Canvas(width: 20, height: 10)
    canvas.outline(Box(x: 2, y: 3, width: 6, height: 4), red, thickness: 1)
    var marked: Set<[Int]> = []
    for y in 0..<10 { for x in 0..<20 where canvas[x, y] == red { marked.insert([x, y]) } }
    var wanted: Set<[Int]> = []
    for x in 2..<8 { wanted.formUnion([[x, 3], [x, 6]]) }
    for y in 3..<7 { wanted.formUnion([[2, y], [7, y]]) }
    #expect(marked == wanted)
  }

  @Test func whateverIsOutsideIsCutOff() {
    var canvas = Canvas(width: 8, height: 8)
    canvas.outline(Box(x: -100, y: -100, width: 1000, height: 1000), red, thickness: 3)
    canvas.outline(Box(x: .infinity, y: 0, width: -4, height: 2), red, thickness: 3)
    canvas.line(-.infinity, 0, .nan, 5, red, thickness: 2)
    canvas.fill(x: Int.max, y: 0, width: Int.max, height: 4, red)
    canvas.text("far", x: 7, y: 7, red, scale: 3)
    #expect(canvas[100, 100] == Canvas.Color(0, 0, 0))
  }

  @Test func textDrawsDistinctGlyphs() {
    func pixels(_ text: String) -> [Bool] {
      var canvas = Canvas(width: 8, height: 16)
      canvas.text(text, x: 0, y: 0, red, scale: 1)
      return (0..<128).map { canvas[$0 % 8, $0 / 8] == red }
    }
    let alphabets = [
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789ßäöüÄÖÜéñçøåłžĐế…#%-",
      "АБВГДЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгджзийклмнопрстуфхцчшщъыьэюя",
      "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθικλμνξοπρσςτυφχψω",
    ]
    for letters in alphabets { #expect(Set(letters.map { pixels(String($0)) }).count == letters.count, "\(letters)") }
    let shapes = alphabets.joined().map { pixels(String($0)) }
    let hollow = pixels("\u{E000}")
    #expect(hollow.contains(true) && !shapes.contains(hollow), "what no font has is a hollow box")
    #expect(pixels("\u{1}\u{200F}\u{2028}") == pixels(""), "what has no form is not drawn")
    #expect(pixels("e\u{301}") != pixels("e"), "an accent of its own lies over its letter")
  }

  @Test func textIsCutToAWidth() {
    let name = "Fußgängerin mit Kinderwagen und Hund"
    for scale in 1...3 {
      for width in [0, 5, 12, 13, 40, 100, 215, 216, 1000] {
        let cut = Canvas.cut(name, to: width * scale, scale: scale)
        #expect(Canvas.textWidth(cut, scale: scale) <= width * scale, "\(cut) at \(width)")
        #expect(cut == name || cut.isEmpty || cut.hasSuffix("…"))
        #expect(cut == name || width < 216)
      }
    }
  }

  /// With a font that has them; the machine may have none.
  @Test func otherScriptsComeFromTheSystemsFonts() {
    func pixels(_ text: String) -> [Bool] {
      var canvas = Canvas(width: 64, height: 32)
      canvas.text(text, x: 0, y: 0, red, scale: 2)
      return (0..<64 * 32).map { canvas[$0 % 64, $0 / 64] != Canvas.Color(0, 0, 0) }
    }
    let hollow = pixels("\u{E000}")
    let shapes = ["公", "共", "車", "あ", "한"].map { pixels($0) }
    guard shapes[0] != hollow else {
      print("no font of this machine has Chinese letters: not tested")
      return
    }
    #expect(Set(shapes.filter { $0 != hollow }).count == shapes.filter { $0 != hollow }.count)
    #expect(Canvas.textWidth("公共", scale: 2) > Canvas.textWidth("ab", scale: 2))
    #expect(pixels("公") == pixels("公"))
  }

  @Test func imageRoundTrip() throws {
    var canvas = Canvas(width: 5, height: 3)
    canvas[4, 2] = red
    let image = try #require(canvas.image)
    #expect(Canvas(image)?[4, 2] == red)
    #expect(Canvas(image)?[0, 0] == Canvas.Color(0, 0, 0))
  }
}
