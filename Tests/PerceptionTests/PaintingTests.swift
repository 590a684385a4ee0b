import Foundation
import Perception
import TestSupport
import Testing
import Vision

/// Findings drawn over saved photos.
@Suite struct PaintingTests {
  private static let black = Canvas.Color(0, 0, 0)

  private static func detection(
    _ label: String, _ id: Int, _ box: Box, confidence: Float = 0.9, track: Int? = nil
  ) -> Detection {
    var detection = Detection(label: label, classID: id, confidence: confidence, box: box)
    detection.track = track
    return detection
  }

  private static func painted(_ detections: [Detection], _ width: Int = 640, _ height: Int = 480) -> Canvas {
    var findings = Findings()
    findings.detections = detections
    for index in findings.detections.indices { findings.detections[index].number = index }
    var canvas = Canvas(width: width, height: height)
    FindingsPainter.paint(findings, on: &canvas)
    return canvas
  }

  private static func count(_ canvas: Canvas, _ color: Canvas.Color, in box: Box? = nil) -> Int {
    let box = box ?? Box(x: 0, y: 0, width: Float(canvas.width), height: Float(canvas.height))
    return (Int(box.y)..<Int(box.bottom)).reduce(0) { sum, y in
      sum + (Int(box.x)..<Int(box.right)).count { canvas[$0, y] == color }
    }
  }

  /// COCO's 17 points of a person who stands upright in a box.
  private static func person(in box: Box) -> [Keypoint] {
    let places: [(Float, Float)] = [
      (0.5, 0.08), (0.54, 0.06), (0.46, 0.06), (0.58, 0.08), (0.42, 0.08), (0.65, 0.25), (0.35, 0.25), (0.7, 0.4),
      (0.3, 0.4), (0.72, 0.55), (0.28, 0.55), (0.6, 0.55), (0.4, 0.55), (0.6, 0.75), (0.4, 0.75), (0.6, 0.95),
      (0.4, 0.95),
    ]
    return places.map { Keypoint(x: box.x + $0.0 * box.width, y: box.y + $0.1 * box.height, confidence: 0.9) }
  }

  @Test func aPoseIsASkeletonInItsTracksColour() {
    let box = Box(x: 100, y: 60, width: 200, height: 400)
    var one = Self.detection("person", 0, box, track: 5)
    one.keypoints = Self.person(in: box)
    let color = ClassPalette.color(ofClass: 5)
    let canvas = Self.painted([one])
    for (from, to) in [(5, 7), (7, 9), (11, 13), (13, 15), (5, 6), (11, 12), (6, 12)] {
      let middle = (
        x: Int((one.keypoints[from].x + one.keypoints[to].x) / 2),
        y: Int((one.keypoints[from].y + one.keypoints[to].y) / 2)
      )
      let near = (-1...1).contains { dx in (-1...1).contains { dy in canvas[middle.x + dx, middle.y + dy] == color } }
      #expect(near, "no line from \(from) to \(to)")
    }
    // A point that is not certain has no lines, and one that is nowhere does no harm.
    var doubtful = one
    doubtful.keypoints[9].confidence = 0.1
    doubtful.keypoints[10].x = .nan
    #expect(Self.count(Self.painted([doubtful]), color) < Self.count(canvas, color))
  }

  @Test func overlappingPersonsDifferInColour() {
    let box = Box(x: 100, y: 60, width: 200, height: 400)
    for track in [(1, 2), (nil, nil)] as [(Int?, Int?)] {
      var persons = [
        Self.detection("person", 0, box, track: track.0), Self.detection("person", 0, box, track: track.1),
      ]
      persons[0].keypoints = Self.person(in: box)
      persons[1].keypoints = Self.person(in: Box(x: 140, y: 60, width: 200, height: 400))
      let mask = Mask(region: Box(x: 320, y: 100, width: 40, height: 40), columns: 1, rows: 1, bits: [1])
      persons[1].mask = mask
      let canvas = Self.painted(persons)
      let colors = [track.0 ?? 0, track.1 ?? 1].map { ClassPalette.color(ofClass: $0) }
      #expect(colors[0] != colors[1])
      for color in colors { #expect(Self.count(canvas, color) > 100) }
      #expect(canvas[340, 120] != Self.black)
    }
  }

  @Test(arguments: [1, 3, 5, 9, 14, 16, 17, 21, 33, 68, 133, 1000])
  func everyCountOfPointsCanBeDrawn(count: Int) {
    var one = Self.detection("thing", 1, Box(x: 10, y: 10, width: 300, height: 300))
    var random = SeededGenerator(UInt64(count))
    one.keypoints = (0..<count).map { _ in
      Keypoint(x: 10 + random.unit() * 300, y: 10 + random.unit() * 300, confidence: random.unit())
    }
    _ = Self.painted([one])
    for bone in Skeleton.usual(points: count)?.bones ?? [] {
      #expect((0..<count).contains(bone.from) && (0..<count).contains(bone.to) && bone.from != bone.to)
    }
    // A manifest may join points that are not there.
    one.skeleton = Skeleton([.init(0, 999), .init(999, 0), .init(0, 0)])
    _ = Self.painted([one])
  }

  @Test func aManifestGivesASkeleton() throws {
    let manifest = try Manifest(text: "task = \"pose\"\nskeleton = [[0, 1], [1, 2]]\n", path: "/m/a.toml")
    #expect(manifest.skeleton == Skeleton([.init(0, 1), .init(1, 2)]))
    for wrong in [
      "7", "[1, 2]", "[[1]]", "[[1, 2, 3]]", "[[0, -1]]", "[[\"a\", \"b\"]]", "[[0, 100000]]", "[[0.5, 1]]",
    ] {
      let error = #expect(throws: (any Error).self) { try Manifest(text: "skeleton = \(wrong)\n", path: "/m/a.toml") }
      #expect(
        "\(error.map { "\($0)" } ?? "")".contains("/m/a.toml:1: field 'skeleton'"),
        "\(wrong): \(String(describing: error))")
    }
    let json = try JSONEncoder().encode(manifest.skeleton)
    #expect(String(decoding: json, as: UTF8.self) == "[[0,1],[1,2]]")
    #expect(try JSONDecoder().decode(Skeleton.self, from: json) == manifest.skeleton)
  }

  @Test func labelsAreCutAtTheirBoxAndAtThePicture() {
    // A name as long as a sentence on a small box in the middle covers no more than twenty letters' width.
    let name = "Fußgängerin mit Kinderwagen, die gerade die Straße überquert"
    let canvas = Self.painted([Self.detection(name, 1, Box(x: 300, y: 200, width: 40, height: 60))])
    let color = ClassPalette.color(ofClass: 1)
    let columns = (0..<640).filter { x in (180..<200).contains { canvas[x, $0] != Self.black } }
    #expect(
      columns.first == 300 && columns.last ?? 0 < 300 + 20 * 6 + 4, "\(columns.first ?? -1) to \(columns.last ?? -1)")
    #expect(Self.count(canvas, color) > 0)
    // At the right edge the label moves in.
    let edge = Self.painted([Self.detection("person", 1, Box(x: 620, y: 200, width: 30, height: 60))])
    #expect((560..<620).contains { edge[$0, 190] != Self.black })
  }

  @Test(arguments: [1, 5, 40, 130, 500], [1, 3])
  func labelsNeverLieOverEachOther(count: Int, scale: Int) {
    var random = SeededGenerator(UInt64(count))
    var canvas = Canvas(width: 640, height: 480)
    var painter = LabelPainter(width: 640, height: 480, scale: scale, count: count)
    painter.drawNote("93% a note in the corner", row: 0, on: &canvas)
    for index in 0..<count {
      let box = Box(
        x: random.unit() * 700 - 50, y: random.unit() * 520 - 20, width: random.unit() * 200,
        height: random.unit() * 200)
      painter.draw(
        Self.detection("person with a long name", index % 8, box, track: index % 3 == 0 ? index : nil),
        ClassPalette.color(ofClass: index), on: &canvas)
    }
    let places = painter.taken
    #expect(places.count > 1)
    for (index, place) in places.enumerated() {
      #expect(place.x >= 0 && place.y >= 0 && place.x + place.width <= 640 && place.y + place.height <= 480)
      for other in places[..<index] { #expect(!place.meets(other), "\(place) and \(other)") }
    }
    // Of a crowd not all have room, and the best ones have it first.
    if count >= 130 { #expect(places.count < count) }
  }
}
