import Inference
import Vision

/// A table of many rows (anchors, queries) with a few fields each, in either order in memory: what most detectors put
/// out.
struct DenseOutput {
  let values: UnsafeBufferPointer<Float>
  let rows: Int
  let fields: Int
  private let rowStride: Int
  private let fieldStride: Int

  /// Rows after one another, each with its fields.
  init(rowMajor view: FloatView, rows: Int, fields: Int) {
    self.init(view, rows: rows, fields: fields, rowStride: fields, fieldStride: 1)
  }

  /// Fields after one another, each with a value for every row.
  init(fieldMajor view: FloatView, rows: Int, fields: Int) {
    self.init(view, rows: rows, fields: fields, rowStride: 1, fieldStride: rows)
  }

  private init(_ view: FloatView, rows: Int, fields: Int, rowStride: Int, fieldStride: Int) {
    // Every index below is a row times its stride plus a field times its: inside, if the products fit.
    precondition(rows * fields <= view.values.count, "a table inside its tensor")
    values = view.values
    self.rows = rows
    self.fields = fields
    self.rowStride = rowStride
    self.fieldStride = fieldStride
  }

  subscript(row: Int, field: Int) -> Float {
    @inline(__always) get { values[row * rowStride + field * fieldStride] }
  }

  /// The box of a row whose fields 0...3 are centre x, centre y, width, height.
  @inline(__always) func centerBox(_ row: Int) -> Box {
    let w = self[row, 2]
    let h = self[row, 3]
    return Box(x: self[row, 0] - w / 2, y: self[row, 1] - h / 2, width: w, height: h)
  }

  /// The box of a row whose fields 0...3 are left, top, right, bottom.
  @inline(__always) func cornerBox(_ row: Int) -> Box {
    Box(left: self[row, 0], top: self[row, 1], right: self[row, 2], bottom: self[row, 3])
  }

  /// Calls `body` for each row whose best class passes `threshold`, with that class and its score.
  ///
  /// - Parameters:
  ///   - classes: the fields that are class scores.
  ///   - objectness: a field that every class score is multiplied with; nil for none.
  func bestClasses(
    _ classes: Range<Int>, objectness: Int? = nil, threshold: Float, scratch: inout ClassScratch,
    _ body: (_ row: Int, _ classID: Int, _ score: Float) -> Void
  ) {
    guard !classes.isEmpty, classes.upperBound <= fields else { return }
    if fieldStride == 1 {
      rowMajor(classes, objectness, threshold, body)
    } else {
      fieldMajor(classes, objectness, threshold, &scratch, body)
    }
  }

  private func rowMajor(
    _ classes: Range<Int>, _ objectness: Int?, _ threshold: Float, _ body: (Int, Int, Float) -> Void
  ) {
    for row in 0..<rows {
      let start = row * rowStride
      let weight = objectness.map { values[start + $0] } ?? 1
      // Class scores are probabilities: a product cannot pass what its factor does not.
      if objectness != nil, !(weight > threshold) { continue }
      var best = classes.lowerBound
      var top = -Float.infinity
      for field in classes where values[start + field] > top {
        top = values[start + field]
        best = field
      }
      let score = top * weight
      if score > threshold { body(row, best - classes.lowerBound, score) }
    }
  }

  private func fieldMajor(
    _ classes: Range<Int>, _ objectness: Int?, _ threshold: Float, _ scratch: inout ClassScratch,
    _ body: (Int, Int, Float) -> Void
  ) {
    scratch.reset(rows: rows, to: objectness == nil ? threshold : 0)
    scratch.best.withUnsafeMutableBufferPointer { best in
      scratch.classes.withUnsafeMutableBufferPointer { ids in
        for field in classes {
          let start = field * fieldStride
          let id = Int32(field - classes.lowerBound)
          for row in 0..<rows where values[start + row] > best[row] {
            best[row] = values[start + row]
            ids[row] = id
          }
        }
      }
    }
    for row in 0..<rows where scratch.classes[row] >= 0 {
      let score = scratch.best[row] * (objectness.map { self[row, $0] } ?? 1)
      if score > threshold { body(row, Int(scratch.classes[row]), score) }
    }
  }
}

/// Memory for the best class of every row, reused from frame to frame.
struct ClassScratch {
  var best: [Float] = []
  var classes: [Int32] = []

  mutating func reset(rows: Int, to floor: Float) {
    if best.count != rows {
      best = [Float](repeating: floor, count: rows)
      classes = [Int32](repeating: -1, count: rows)
      return
    }
    for index in 0..<rows {
      best[index] = floor
      classes[index] = -1
    }
  }
}

/// Tells rows from fields: which of two axes counts fields.
enum DenseShape {
  /// - Parameter fields: the number of fields where it is known; else the shorter axis is taken for the fields.
  static func resolve(_ view: FloatView, fields: Int?, family: String) throws -> DenseOutput {
    guard let shape = view.squeezed(to: 2) else {
      throw PerceptionError(.badOutput, "\(family) wants an output [1, rows, fields], not \(view.shape)")
    }
    if let fields, shape[1] == fields, shape[0] != fields {
      return DenseOutput(rowMajor: view, rows: shape[0], fields: shape[1])
    }
    if let fields, shape[0] == fields { return DenseOutput(fieldMajor: view, rows: shape[1], fields: shape[0]) }
    return shape[0] < shape[1]
      ? DenseOutput(fieldMajor: view, rows: shape[1], fields: shape[0])
      : DenseOutput(rowMajor: view, rows: shape[0], fields: shape[1])
  }
}
