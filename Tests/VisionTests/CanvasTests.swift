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
      var canvas = Canvas(width: 8, height: 8)
      canvas.text(text, x: 0, y: 0, red, scale: 1)
      return (0..<64).map { canvas[$0 % 8, $0 / 8] == red }
    }
    let shapes = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".map { pixels(String($0)) }
    #expect(Set(shapes).count == 36)
    #expect(pixels("a") == pixels("A"))
    #expect(pixels("…") == pixels("\u{1}"), "what the font lacks is a hollow box")
  }

  @Test func imageRoundTrip() throws {
    var canvas = Canvas(width: 5, height: 3)
    canvas[4, 2] = red
    let image = try #require(canvas.image)
    #expect(Canvas(image)?[4, 2] == red)
    #expect(Canvas(image)?[0, 0] == Canvas.Color(0, 0, 0))
  }
}
