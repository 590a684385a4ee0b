/// Finds room for labels beside their boxes.
package enum LabelPlacement {
  /// Above the box, else below it, else on its top or bottom line; sideways as far as the box reaches where another label
  /// stands in the way.
  ///
  /// - Parameters:
  ///   - width: the label's columns.
  ///   - box: cells of the box, unclipped.
  ///   - taken: where labels stand already.
  /// - Returns: nil where no place is free.
  package static func place(_ width: Int, of box: Rect, in cells: Rect, beside taken: [Rect]) -> Rect? {
    guard width <= cells.width else { return nil }
    let rows = [box.y - 1, box.bottom, max(box.y, cells.y), min(box.bottom, cells.bottom) - 1]
    for y in rows where y >= cells.y && y < cells.bottom {
      let neighbours = taken.filter { $0.y == y }
      // Touching its box from the left edge on, or moved so that a cell is left between two labels.
      let wanted = max(cells.x, min(box.x, cells.right - width))
      let beside: [Int] = neighbours.flatMap { [$0.x - 1 - width, $0.right + 1] }
      let columns = [wanted] + beside.sorted { abs($0 - wanted) < abs($1 - wanted) }
      for x in columns where x >= cells.x && x + width <= cells.right && x < box.right && x + width > box.x {
        let isFree = neighbours.allSatisfy { x > $0.right || x + width < $0.x }
        if isFree { return Rect(x: x, y: y, width: width, height: 1) }
      }
    }
    return nil
  }
}
