import Vision

/// Where an object that stays put is to be found, however much of it shows at the moment.
///
/// What passes before it cuts its box from one side, which looks like motion to a filter. Here only boxes that are about as
/// large as the place move it, and what counts as straying is the share of a box that lies outside.
struct RestingPlace: Sendable {
  private(set) var box: Box
  /// Share of the object's boxes that lies outside its place, in the mean.
  private(set) var stray: Float = 0
  private var weight: Float = 1
  private var partial = 0

  /// Boxes that the means reach back, and boxes in a row that are taken for a part of the object only.
  private static let memory: Float = 40
  private static let patience = 120
  /// Less than this share of the place's area is a part.
  private static let whole: Float = 0.8

  init(_ box: Box) { self.box = box }

  mutating func add(_ seen: Box) {
    weight = min(weight + 1, RestingPlace.memory)
    let share = 1 / weight
    stray += (1 - box.overlap(seen) / max(1, seen.area) - stray) * share
    guard seen.area >= RestingPlace.whole * box.area else {
      partial += 1
      if partial >= RestingPlace.patience { self = RestingPlace(seen) }
      return
    }
    partial = 0
    box.x += (seen.x - box.x) * share
    box.y += (seen.y - box.y) * share
    box.width += (seen.width - box.width) * share
    box.height += (seen.height - box.height) * share
  }
}
