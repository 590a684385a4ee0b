import Capture
import Dashboard
import Ground
import Perception
import Pipeline
import Testing
import Vision

/// Depth and thermal pictures: in colour, with a scale, and the value where one clicks.
@Suite struct MeasuredPictureTests {
  typealias Stage = InteractionTests.Stage

  /// Levels grow from the left, in 256 columns.
  private static func show(_ levels: LevelScale?, on stage: inout Stage) {
    let storage = PixelStorage(count: 256 * 192)
    for index in 0..<256 * 192 { storage.bytes[index] = UInt8(index % 256) }
    var image = Image(packed: 256, 192, .gray8, fullRange: true, storage: storage)!
    image.levels = levels
    stage.session.edit {
      $0.paused = true
      var result = FrameResult(
        number: 7, frame: Frame(image: image, sequence: 7, timestamp: .now), source: "depth", detector: "scout",
        findings: Findings())
      result.findings = Findings()
      $0.latest = result
    }
    stage.draw()
  }

  private static func colors(_ stage: Stage) throws -> Set<Color> {
    let picture = try #require(stage.composer.screen.picture).cells
    var colors: Set<Color> = []
    for y in picture.y..<picture.bottom - 1 {
      for x in picture.x..<picture.right { colors.insert(stage.composer.canvas[x, y].background) }
    }
    return colors
  }

  private static func isGrey(_ color: Color) -> Bool {
    abs(color.red - color.green) < 12 && abs(color.green - color.blue) < 12
  }

  @Test func aDepthPictureIsInColourWithAScale() throws {
    var stage = try Stage()
    Self.show(nil, on: &stage)
    #expect(try Self.colors(stage).allSatisfy(Self.isGrey))
    Self.show(LevelScale(.distance, low: 400, high: 5200), on: &stage)
    #expect(try Self.colors(stage).contains { !Self.isGrey($0) })
    #expect(stage.screen.contains(" 0.40 m ") && stage.screen.contains(" 5.20 m "), "\(stage.screen)")
    Self.show(LevelScale(.counts, low: 29_800, high: 30_100), on: &stage)
    #expect(stage.screen.contains(" 29800 ") && stage.screen.contains(" 30100 "), "\(stage.screen)")
  }

  @Test func aClickShowsTheValueThere() throws {
    var stage = try Stage()
    Self.show(LevelScale(.distance, low: 0, high: 2550), on: &stage)
    let cells = try #require(stage.composer.screen.picture).cells
    let middle = (x: cells.x + cells.width / 2, y: cells.y + cells.height / 2)
    stage.press(.mouse(.left, x: middle.x, y: middle.y))
    stage.draw()
    // The middle of 256 levels of a centimetre each.
    #expect(
      ["1.26 m at 12", "1.27 m at 12", "1.28 m at 12", "1.29 m at 12", "1.30 m at 13"].contains {
        stage.screen.contains($0)
      }, "\(stage.screen)")
    stage.press(.drag(x: cells.x + cells.width / 4, y: middle.y))
    stage.draw()
    #expect(stage.screen.contains(" 0.6"), "\(stage.screen)")
    // An ordinary picture has no values.
    Self.show(nil, on: &stage)
    #expect(!stage.screen.contains(" m at "))
  }
}
