import Ground
import Inference
import Kernels
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

  /// Calls `body` for each row whose best class is above `floor` (``DecodingContext/floor``), with that class and its score.
  ///
  /// - Parameters:
  ///   - classes: the fields that are class scores.
  ///   - objectness: a field that every class score is multiplied with; nil for none.
  func bestClasses(
    _ classes: Range<Int>, objectness: Int? = nil, above floor: Float, scratch: ClassScratch,
    _ body: (_ row: Int, _ classID: Int, _ score: Float) -> Void
  ) {
    guard !classes.isEmpty, classes.upperBound <= fields, let base = values.baseAddress else { return }
    let scores = base + classes.lowerBound * fieldStride
    let (count, capacity) = (Int32(clamping: classes.count), Int32(clamping: rows))
    let found = scratch.found(rows)
    if fieldStride == 1 {
      let factor = objectness.map { Int32(clamping: $0 - classes.lowerBound) } ?? 0
      let number = ock_scan_rows(scores, count, capacity, rowStride, factor, floor, found, capacity)
      for candidate in UnsafeBufferPointer(start: found, count: Int(number)) {
        body(Int(candidate.anchor), Int(candidate.class_index), candidate.score)
      }
    } else {
      // Scores are probabilities: a product cannot pass what one of its factors does not.
      let number = ock_scan_columns(scores, count, capacity, fieldStride, floor, found, capacity)
      for candidate in UnsafeBufferPointer(start: found, count: Int(number)) {
        let score = candidate.score * (objectness.map { self[Int(candidate.anchor), $0] } ?? 1)
        if score > floor { body(Int(candidate.anchor), Int(candidate.class_index), score) }
      }
    }
  }
}

/// Memory for the rows that pass, reused from frame to frame.
final class ClassScratch {
  private var memory: UnsafeMutableBufferPointer<ock_candidate> = .allocate(capacity: 0)

  deinit { memory.deallocate() }

  /// Room for `count` candidates, at least one; valid until the next call.
  func found(_ count: Int) -> UnsafeMutablePointer<ock_candidate> {
    if memory.count < max(count, 1) {
      memory.deallocate()
      memory = .allocate(capacity: max(count, 1))
    }
    // Safe: the memory is never empty here.
    return memory.baseAddress.unsafelyUnwrapped
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
