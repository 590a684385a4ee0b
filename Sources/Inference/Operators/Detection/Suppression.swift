/// NonMaxSuppression: for every batch and class the best boxes that do not overlap a better one.
enum SuppressionOperators {
  static let definitions: [OperatorDefinition] = [
    .tensor("NonMaxSuppression") { attributes in
      let centered = try attributes.flag("center_point_box")
      return { x in
        let suppression = Suppression(
          limit: try x.optionalTensor(2)?.scalarInteger() ?? 0,
          overlap: Float(try x.optionalTensor(3)?.scalarDouble() ?? 0),
          threshold: try x.optionalTensor(4).map { Float(try $0.scalarDouble()) }, centered: centered)
        return try suppression.run(try x.tensor(0), try x.tensor(1))
      }
    }
  ]
}

private struct Suppression {
  /// Boxes kept a class.
  let limit: Int
  let overlap: Float
  let threshold: Float?
  /// Boxes are (x, y, width, height) about their centre, else two corners (y, x, y, x).
  let centered: Bool

  private struct Corners {
    var top: Float
    var left: Float
    var bottom: Float
    var right: Float
    var area: Float { (bottom - top) * (right - left) }
  }

  func run(_ boxes: Tensor, _ scores: Tensor) throws -> Tensor {
    guard boxes.rank == 3, boxes.shape[2] == 4, scores.rank == 3, scores.shape[0] == boxes.shape[0],
      scores.shape[2] == boxes.shape[1]
    else {
      throw InferenceError(.badShape, "boxes of shape \(boxes.shape) with scores of shape \(scores.shape)")
    }
    let (batches, classes, count) = (scores.shape[0], scores.shape[1], boxes.shape[1])
    let (coordinates, confidences) = (try boxes.floats(), try scores.floats())
    var selected: [Int64] = []
    for batch in 0..<(boxes.count == 0 ? 0 : batches) {
      let corners = (0..<count).map { corner(coordinates, (batch * count + $0) * 4) }
      for category in 0..<classes {
        let start = (batch * classes + category) * count
        for index in keep(corners, confidences[start..<(start + count)]) {
          selected += [Int64(batch), Int64(category), Int64(index)]
        }
      }
    }
    return Tensor([selected.count / 3, 3], selected)
  }

  private func corner(_ c: [Float], _ at: Int) -> Corners {
    if centered {
      let (x, y, width, height) = (c[at], c[at + 1], c[at + 2], c[at + 3])
      return Corners(top: y - height / 2, left: x - width / 2, bottom: y + height / 2, right: x + width / 2)
    }
    return Corners(
      top: min(c[at], c[at + 2]), left: min(c[at + 1], c[at + 3]), bottom: max(c[at], c[at + 2]),
      right: max(c[at + 1], c[at + 3]))
  }

  private func keep(_ boxes: [Corners], _ scores: ArraySlice<Float>) -> [Int] {
    let start = scores.startIndex
    var order = boxes.indices.filter { threshold == nil || scores[start + $0] > threshold ?? 0 }
    order.sort { a, b in
      let (left, right) = (scores[start + a], scores[start + b])
      return left == right ? a < b : left > right
    }
    var kept: [Int] = []
    for candidate in order {
      if kept.count >= limit { break }
      if kept.allSatisfy({ !overlaps(boxes[candidate], boxes[$0]) }) { kept.append(candidate) }
    }
    return kept
  }

  /// Whether two boxes share more of their union than the threshold allows.
  private func overlaps(_ a: Corners, _ b: Corners) -> Bool {
    let height = min(a.bottom, b.bottom) - max(a.top, b.top)
    let width = min(a.right, b.right) - max(a.left, b.left)
    if height <= 0 || width <= 0 { return false }
    let (areaA, areaB) = (a.area, b.area)
    if areaA <= 0 || areaB <= 0 { return false }
    let shared = height * width
    return shared / (areaA + areaB - shared) > overlap
  }
}
