import Ground

/// What rows of pixels of one polygon are written to: the colours of a picture, or the numbers of objects.
protocol SpanSink {
  var width: Int { get }
  var height: Int { get }
  /// Fills `left..<right` of a row, inside the frame.
  mutating func fill(row: Int, left: Int, right: Int, colour: SIMD3<Float>)
  /// Darkens `left..<right` of a row to `keep`/256, inside the frame.
  mutating func darken(row: Int, left: Int, right: Int, keep: UInt16)
}

/// A part of the frame, in pixels, that drawing keeps to.
struct ClipRectangle {
  var left: Float
  var top: Float
  var right: Float
  var bottom: Float
}

/// Fills convex polygons row by row.
///
/// Pixels are those whose centre lies inside, so neighbouring polygons neither overlap nor leave gaps; edges are made
/// smooth by drawing several shifted exposures, not here.
struct PolygonFiller {
  /// Left and right edge of each row of the polygon in work.
  private let lows: UnsafeMutablePointer<Float>
  private let highs: UnsafeMutablePointer<Float>
  private let rows: Int

  /// - Parameter rows: height of the tallest frame it will draw into. Call ``free()`` at the end.
  init(rows: Int) {
    self.rows = rows
    lows = .allocate(capacity: rows)
    highs = .allocate(capacity: rows)
  }

  func free() {
    lows.deallocate()
    highs.deallocate()
  }

  /// Fills the convex polygon, its colour running from `top` at its highest row to `bottom` at its lowest.
  ///
  /// With `keep`, darkens what is there instead.
  @inline(__always)
  func fill<Sink: SpanSink>(
    _ corners: UnsafeBufferPointer<SIMD2<Float>>, top: SIMD3<Float>, bottom: SIMD3<Float>, keep: UInt16? = nil,
    clip: ClipRectangle, into sink: inout Sink
  ) {
    guard corners.count >= 3 else { return }
    var highest = Float.greatestFiniteMagnitude
    var lowest = -Float.greatestFiniteMagnitude
    for corner in corners {
      highest = min(highest, corner.y)
      lowest = max(lowest, corner.y)
    }
    let from = max(clip.top, highest)
    let to = min(clip.bottom, lowest)
    guard from < to, highest > -1e6, lowest < 1e6 else { return }
    // Rows whose centre is inside; both ends are within the frame because the clip rectangle is.
    let first = max(0, Int(saturating: (from - 0.5).rounded(.up)))
    let end = min(min(sink.height, rows), Int(saturating: (to - 0.5).rounded(.up)))
    guard first < end else { return }
    for row in first..<end {
      lows[row] = .greatestFiniteMagnitude
      highs[row] = -.greatestFiniteMagnitude
    }
    var previous = corners[corners.count - 1]
    for corner in corners {
      trace(previous, corner, first: first, end: end)
      previous = corner
    }
    let step = lowest - highest > 1e-3 ? (bottom - top) / (lowest - highest) : .zero
    for row in first..<end {
      let low = max(clip.left, min(lows[row], 1e6))
      let high = min(clip.right, max(highs[row], -1e6))
      guard low < high else { continue }
      let left = max(0, Int(saturating: (low - 0.5).rounded(.up)))
      let right = min(sink.width, Int(saturating: (high - 0.5).rounded(.up)))
      guard left < right else { continue }
      if let keep {
        sink.darken(row: row, left: left, right: right, keep: keep)
      } else {
        sink.fill(row: row, left: left, right: right, colour: top + step * (Float(row) + 0.5 - highest))
      }
    }
  }

  /// Widens the rows that the edge from `a` to `b` crosses.
  @inline(__always)
  private func trace(_ a: SIMD2<Float>, _ b: SIMD2<Float>, first: Int, end: Int) {
    let (upper, lower) = a.y <= b.y ? (a, b) : (b, a)
    let from = max(Float(first), upper.y)
    let to = min(Float(end), lower.y)
    guard from < to else { return }
    let start = max(first, Int(saturating: (from - 0.5).rounded(.up)))
    let stop = min(end, Int(saturating: (to - 0.5).rounded(.up)))
    guard start < stop else { return }
    let slope = (lower.x - upper.x) / (lower.y - upper.y)
    var x = upper.x + (Float(start) + 0.5 - upper.y) * slope
    for row in start..<stop {
      lows[row] = min(lows[row], x)
      highs[row] = max(highs[row], x)
      x += slope
    }
  }
}
