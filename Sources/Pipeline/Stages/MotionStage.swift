import Configuration
import Ground
import Perception
import Vision

/// What changed since the frame before: the share of the picture, and the regions. Brightness alone is compared, in blocks, so
/// that a sensor's noise is no motion.
final class MotionStage: Stage {
  static let definition = StageDefinition(
    kind: "motion", summary: "what changed since the frame before", isPrimary: true, parameters: ["threshold"],
    prepare: prepare)

  private static func prepare(_ spec: StageSpec, _ id: StageID, _ loader: StageLoader) throws -> PreparedStage {
    let reader = ConfigReader(spec.parameters)
    let threshold = try reader.int("threshold", in: 1...255) ?? usualThreshold
    try reader.finish()
    return PreparedStage(id: id, kind: definition.kind, spec: spec) { MotionStage(id, spec, threshold: threshold) }
  }

  /// Levels of 255 by which a block's mean must change.
  private static let usualThreshold = 12
  private static let columns = 80
  private static let rows = 60
  /// Pixels per side of a block that are averaged, at most.
  private static let samplesPerSide = 4
  private static let regionLimit = 32

  private let id: StageID
  private let spec: StageSpec
  private let threshold: Int
  private var lastRun: MonotonicTime?
  /// What was said last, for frames on which the stage does not run.
  private var held: Motion?
  // Kept between frames for their memory.
  private var before = [Int](repeating: 0, count: columns * rows)
  private var now = [Int](repeating: 0, count: columns * rows)
  private var changed = [Bool](repeating: false, count: columns * rows)
  private var open: [Int] = []

  init(_ id: StageID, _ spec: StageSpec, threshold: Int) {
    self.id = id
    self.spec = spec
    self.threshold = threshold
  }

  var usesPreviousImage: Bool { true }

  func run(_ frame: StageFrame, _ findings: inout Findings) throws -> StageTimes? {
    guard spec.isDue(frame: frame.number, secondsSinceLastRun: frame.seconds(since: lastRun)) else {
      if let held { findings.attach(held, by: id) }
      return nil
    }
    guard let previous = frame.previous, previous.width == frame.image.width, previous.height == frame.image.height
    else { return nil }
    lastRun = frame.time
    let began = MonotonicTime.now
    Self.measure(previous, into: &before)
    Self.measure(frame.image, into: &now)
    var count = 0
    for index in changed.indices {
      changed[index] = abs(now[index] - before[index]) > threshold
      if changed[index] { count += 1 }
    }
    let share = Float(count) / Float(changed.count)
    let motion = Motion(share: share, regions: regions(in: frame.image))
    held = motion
    findings.attach(motion, by: id)
    return StageTimes(postprocess: MonotonicTime.now.nanoseconds(since: began))
  }

  func reset() {
    lastRun = nil
    held = nil
  }

  /// The mean brightness of each block, from a few of its pixels.
  private static func measure(_ image: Image, into means: inout [Int]) {
    let layout = LumaLayout(image)
    let plane = image.planes[0]
    let base = UnsafeRawPointer(image.base(ofPlane: 0)).assumingMemoryBound(to: UInt8.self)
    for row in 0..<rows {
      let ys = samples(row, of: rows, extent: image.height)
      for column in 0..<columns {
        let xs = samples(column, of: columns, extent: image.width)
        var sum = 0
        var count = 0
        for y in ys {
          let line = base + y * plane.bytesPerRow + layout.offset
          for x in xs {
            sum += Int(line[x * layout.step])
            count += 1
          }
        }
        means[row * columns + column] = sum / max(1, count)
      }
    }
    withExtendedLifetime(image) {}
  }

  /// The pixels of a block along one axis that are read: all of a small block, evenly spread ones of a large block.
  private static func samples(_ block: Int, of blocks: Int, extent: Int) -> StrideTo<Int> {
    let start = min(extent - 1, block * extent / blocks)
    let end = min(extent, max(start + 1, (block + 1) * extent / blocks))
    return stride(from: start, to: end, by: max(1, (end - start) / samplesPerSide))
  }

  /// The boxes around blocks that changed and touch each other, largest first. Clears ``changed``.
  private func regions(in image: Image) -> [Box] {
    let width = Float(image.width) / Float(Self.columns)
    let height = Float(image.height) / Float(Self.rows)
    var regions: [Box] = []
    for start in changed.indices where changed[start] {
      var (left, right, top, bottom) = (Self.columns, 0, Self.rows, 0)
      changed[start] = false
      open.append(start)
      while let cell = open.popLast() {
        let (row, column) = cell.quotientAndRemainder(dividingBy: Self.columns)
        (left, right) = (min(left, column), max(right, column))
        (top, bottom) = (min(top, row), max(bottom, row))
        for y in max(0, row - 1)...min(Self.rows - 1, row + 1) {
          for x in max(0, column - 1)...min(Self.columns - 1, column + 1) where changed[y * Self.columns + x] {
            changed[y * Self.columns + x] = false
            open.append(y * Self.columns + x)
          }
        }
      }
      regions.append(
        Box(
          x: Float(left) * width, y: Float(top) * height, width: Float(right - left + 1) * width,
          height: Float(bottom - top + 1) * height))
    }
    regions.sort { $0.area > $1.area }
    return Array(regions.prefix(Self.regionLimit))
  }
}
