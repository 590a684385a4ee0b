import Dashboard
import Perception
import Testing
import Vision

@Suite struct PictureTests {
  private func uniform(_ format: PixelFormat, _ bytes: [UInt8], fullRange: Bool = false) -> Image {
    let sizes = format.planeSizes(width: 16, height: 8)!
    let storage = PixelStorage(count: sizes.map { $0.bytesPerRow * $0.rows }.reduce(0, +))
    var offset = 0
    for (plane, size) in sizes.enumerated() {
      let count = size.bytesPerRow * size.rows
      for i in 0..<count {
        // One repeating unit for packed formats, one value (or pair) per plane for planar ones.
        let unit: [UInt8] =
          switch (format, plane) {
          case (.nv12, 1): [bytes[1], bytes[2]]
          case (.nv12, _), (.yuv420, _), (.yuv422, _): [bytes[plane]]
          default: bytes
          }
        storage.bytes[offset + i] = unit[i % unit.count]
      }
      offset += count
    }
    return Image(packed: 16, 8, format, fullRange: fullRange, storage: storage)!
  }

  private func sampled(_ image: Image) -> Color {
    var sampler = PictureSampler()
    var grid = SampleGrid()
    sampler.sample(
      image, region: Box(x: 0, y: 0, width: 16, height: 8), columns: 3, rows: 2, into: &grid)
    return grid.color(1, 1)
  }

  @Test func everyFormatGivesItsColour() {
    let orange = Color(200, 120, 40)
    #expect(sampled(uniform(.rgb24, [200, 120, 40])).distance(to: orange) <= 1)
    #expect(sampled(uniform(.bgr24, [40, 120, 200])).distance(to: orange) <= 1)
    #expect(sampled(uniform(.rgba32, [200, 120, 40, 9])).distance(to: orange) <= 1)
    #expect(sampled(uniform(.gray8, [120])).distance(to: Color(120, 120, 120)) <= 1)
    // BT.601 of orange: full range 135, 75, 175.
    #expect(sampled(uniform(.yuv420, [135, 75, 175], fullRange: true)).distance(to: orange) <= 3)
    #expect(sampled(uniform(.yuv422, [135, 75, 175], fullRange: true)).distance(to: orange) <= 3)
    #expect(sampled(uniform(.nv12, [135, 75, 175], fullRange: true)).distance(to: orange) <= 3)
    #expect(sampled(uniform(.yuyv, [135, 75, 135, 175], fullRange: true)).distance(to: orange) <= 3)
    #expect(sampled(uniform(.uyvy, [75, 135, 175, 135], fullRange: true)).distance(to: orange) <= 3)
    // Limited range: white is 235.
    #expect(sampled(uniform(.nv12, [235, 128, 128])).distance(to: .white) <= 2)
  }

  @Test func averagesAreOfLightNotOfCodes() {
    // Half black, half white is half the light: sRGB 188, not 128.
    let storage = PixelStorage(count: 16 * 8 * 3)
    for i in 0..<(16 * 8) { for c in 0..<3 { storage.bytes[i * 3 + c] = i % 2 == 0 ? 0 : 255 } }
    let image = Image(packed: 16, 8, .rgb24, storage: storage)!
    var sampler = PictureSampler()
    var grid = SampleGrid()
    sampler.sample(image, region: Box(x: 0, y: 0, width: 16, height: 8), columns: 4, rows: 4, into: &grid)
    #expect(abs(grid.color(2, 2).red - 188) <= 1)
  }

  @Test func strangeRegionsDoNotTrap() {
    var sampler = PictureSampler()
    var grid = SampleGrid()
    let image = uniform(.rgb24, [1, 2, 3])
    for value in [Float.nan, .infinity, -.infinity, -1e9, 1e9, 0] {
      sampler.sample(
        image, region: Box(x: value, y: value, width: value, height: value), columns: 5, rows: 5, into: &grid)
      #expect(grid.columns == 5)
    }
    sampler.sample(image, region: Box(x: 0, y: 0, width: 16, height: 8), columns: 0, rows: 9, into: &grid)
    #expect(grid.columns == 0)
  }

  @Test func noiseDoesNotChangeCells() {
    var renderer = PictureRenderer()
    var settings = PictureRenderer.Settings()
    settings.refreshedRows = 0
    let cells = Rect(x: 0, y: 0, width: 64, height: 24)
    let region = Box(x: 0, y: 0, width: 640, height: 480)
    var before = CellCanvas(width: 64, height: 24)
    renderer.draw(
      ScriptedSession.picture(number: 1, pans: false), region: region, cells: cells, settings: settings, on: &before)
    var after = CellCanvas(width: 64, height: 24)
    renderer.draw(
      ScriptedSession.picture(number: 2, pans: false), region: region, cells: cells, settings: settings, on: &after)
    #expect(before.cells == after.cells)
    // And a real change does.
    renderer.draw(
      ScriptedSession.picture(number: 200, pans: true), region: region, cells: cells, settings: settings, on: &after)
    let changed = zip(before.cells, after.cells).count { $0 != $1 }
    #expect(changed > 300)
  }

  @Test(arguments: PictureStyle.allCases)
  func everyStyleDraws(style: PictureStyle) {
    var renderer = PictureRenderer()
    var settings = PictureRenderer.Settings()
    settings.style = style
    var canvas = CellCanvas(width: 40, height: 12)
    renderer.draw(
      ScriptedSession.picture(number: 9, pans: false), region: Box(x: 0, y: 0, width: 640, height: 480),
      cells: canvas.bounds, settings: settings, on: &canvas)
    let drawn = canvas.cells.count { $0 != Cell() }
    #expect(style == .off ? drawn == 0 : drawn > 60)
  }

  /// A wide row alone may cost more than a small budget has: pictures are cut within rows too.
  @Test(arguments: [PictureStyle.blocks, .quadrants, .ascii, .braille])
  func aCutPictureGoesOnWhereItStopped(style: PictureStyle) {
    var renderer = PictureRenderer()
    var settings = PictureRenderer.Settings()
    settings.style = style
    settings.mostChanges = 40
    let cells = Rect(x: 0, y: 0, width: 150, height: 12)
    let image = uniform(.gray8, [180])
    let region = Box(x: 0, y: 0, width: 16, height: 8)
    var canvas = CellCanvas(width: 150, height: 12)
    var drawn = 0
    var pictures = 0
    repeat {
      renderer.draw(image, region: region, cells: cells, settings: settings, on: &canvas)
      #expect(renderer.changes < 40 + 32)
      drawn += renderer.changes
      pictures += 1
    } while renderer.wasCut && pictures < 100
    #expect(drawn == 150 * 12, "every cell once")
    #expect(!renderer.wasCut && pictures <= 150 * 12 / 40 + 1)
  }

  @Test func boxesAreDrawnWhereTheyAre() {
    let mapping = CellMapping(
      region: Box(x: 0, y: 0, width: 640, height: 480), cells: Rect(x: 0, y: 0, width: 64, height: 24),
      imageWidth: 640, imageHeight: 480)
    let overlay = Overlay(
      mapping: mapping, theme: try! ThemeLibrary(onlyFolders: []).load("default"), glyphs: Glyphs(.full),
      isPhotographic: false)
    var canvas = CellCanvas(width: 64, height: 24)
    let detection = ScriptedSession.detection("cat", 0, 0.9, Box(x: 100, y: 100, width: 200, height: 200), track: 3)
    overlay.draw([detection], segmentation: nil, selected: nil, labels: true, on: &canvas)
    #expect(canvas[10, 5].scalar == ("┏" as Unicode.Scalar).value)
    #expect(canvas[30, 15].scalar == ("┛" as Unicode.Scalar).value)
    #expect(canvas.line(4).contains(" cat 90 #3 "))
  }

  @Test func quadrantsShowWhatTwoColoursCan() {
    let (dark, light) = (Color(20, 30, 40), Color(210, 200, 90))
    // Every arrangement of two colours comes out as it is.
    for pattern in 0..<16 {
      func quarter(_ i: Int) -> Color { pattern & (1 << i) != 0 ? light : dark }
      let samples = QuadrantFit.Samples(quarter(0), quarter(1), quarter(2), quarter(3))
      let fit = QuadrantFit(samples)
      for i in 0..<4 {
        let shown = fit.mask & (1 << i) != 0 ? fit.foreground : fit.background
        #expect(shown.distance(to: quarter(i)) <= 1, "pattern \(pattern), quarter \(i)")
      }
    }
    #expect(QuadrantFit(QuadrantFit.Samples(dark, dark, light, light)).mask == 0b1100)
    #expect(QuadrantFit.glyphs[0b1100] == "▄")
  }

  @Test func quadrantsAreNeverWorseThanHalves() {
    var generator = SystemRandomNumberGenerator()
    func color() -> Color { Color(raw: UInt32.random(in: 0...0xFFFFFF, using: &generator)) }
    func error(_ samples: QuadrantFit.Samples, _ fit: (Int) -> Color) -> Int {
      (0..<4).map { i in
        let (a, b) = (samples[i], fit(i))
        return (a.red - b.red) * (a.red - b.red) + (a.green - b.green) * (a.green - b.green)
          + (a.blue - b.blue) * (a.blue - b.blue)
      }.reduce(0, +)
    }
    func half(_ a: Color, _ b: Color) -> Color {
      let mean = { (x: Int, y: Int) in
        LinearLight.toSRGB[((Int(LinearLight.fromSRGB[x]) + Int(LinearLight.fromSRGB[y])) / 2) >> 4]
      }
      return Color(mean(a.red, b.red), mean(a.green, b.green), mean(a.blue, b.blue))
    }
    for _ in 0..<500 {
      let samples = QuadrantFit.Samples(color(), color(), color(), color())
      let fit = QuadrantFit(samples)
      let quadrants = error(samples) { fit.mask & (1 << $0) != 0 ? fit.foreground : fit.background }
      let halves = error(samples) { $0 < 2 ? half(samples[0], samples[1]) : half(samples[2], samples[3]) }
      #expect(quadrants <= halves)
    }
  }

  @Test func labelsKeepApartAndStayWithTheirBoxes() throws {
    let cells = Rect(x: 1, y: 1, width: 60, height: 20)
    let box = Rect(x: 20, y: 8, width: 4, height: 3)
    let above = try #require(LabelPlacement.place(10, of: box, in: cells, beside: []))
    #expect(above == Rect(x: 20, y: 7, width: 10, height: 1))
    // One that starts inside pushes this label to the left, a cell apart.
    let pushed = try #require(
      LabelPlacement.place(10, of: box, in: cells, beside: [Rect(x: 26, y: 7, width: 12, height: 1)]))
    #expect(pushed == Rect(x: 15, y: 7, width: 10, height: 1))
    // Above is full as far as the box reaches: below.
    let below = try #require(
      LabelPlacement.place(10, of: box, in: cells, beside: [Rect(x: 10, y: 7, width: 40, height: 1)]))
    #expect(below.y == box.bottom)
    let all = (1...20).map { Rect(x: 1, y: $0, width: 60, height: 1) }
    #expect(LabelPlacement.place(10, of: box, in: cells, beside: all) == nil)
    #expect(LabelPlacement.place(70, of: box, in: cells, beside: []) == nil)
  }

  @Test func absurdBoxesAreHarmless() {
    let mapping = CellMapping(
      region: Box(x: 0, y: 0, width: 640, height: 480), cells: Rect(x: 0, y: 0, width: 64, height: 24),
      imageWidth: 640, imageHeight: 480)
    let overlay = Overlay(
      mapping: mapping, theme: try! ThemeLibrary(onlyFolders: []).load("default"), glyphs: Glyphs(.full),
      isPhotographic: true)
    var canvas = CellCanvas(width: 64, height: 24)
    for value in [Float.nan, .infinity, -.infinity, 1e30, -1e30, 0] {
      var detection = ScriptedSession.detection(
        "\u{1B}[31m宽", Int.min, value, Box(x: value, y: value, width: value, height: value), track: nil)
      overlay.draw([detection], segmentation: nil, selected: 0, labels: true, on: &canvas)
      detection.angle = value
      detection.mask = .init(region: detection.box, columns: 9, rows: 9, bits: [1])
      detection.keypoints = [.init(x: value, y: value, confidence: 1)]
      overlay.draw([detection], segmentation: nil, selected: nil, labels: true, on: &canvas)
    }
    #expect(canvas.cells.allSatisfy { $0.scalar >= 32 || $0.scalar == Cell.trailing })
  }
}
