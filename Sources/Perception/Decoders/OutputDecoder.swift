import Glibc
import Ground
import Inference
import Vision

/// Turns one family's output tensors into findings in pixels of the source frame.
///
/// A decoder is made once for a network and called by one thread at a time; its scratch memory is its own.
protocol OutputDecoder: AnyObject {
  /// Adds what `outputs` (all float32, in the network's order) say to `findings`.
  ///
  /// Numbers in the outputs may be anything: NaN and infinities are dropped, indices checked.
  /// - Throws: ``PerceptionError`` of kind `.badOutput` when the shapes are not what the family's are.
  func decode(_ outputs: [FloatView], _ context: DecodingContext, into findings: inout Findings) throws
}

/// What a decoder must know of the frame and of the user's wishes.
struct DecodingContext {
  var placement: Placement
  var frameWidth: Int
  var frameHeight: Int
  var labels: [String]
  /// Findings below are not wanted.
  var confidence: Float
  var suppression: Suppression
  /// How many classes a classifier reports.
  var top: Int

  func label(_ index: Int) -> String { labels.indices.contains(index) ? labels[index] : "class \(index)" }

  /// A candidate in input pixels as a detection in frame pixels; nil if nothing of it is inside the frame.
  func detection(_ candidate: Candidate) -> Detection? {
    let index = Int(candidate.classID)
    var box = placement.toSource(candidate.box)
    guard box.x.isFinite, box.y.isFinite, box.width.isFinite, box.height.isFinite, candidate.confidence.isFinite
    else { return nil }
    let inside = box.clipped(width: frameWidth, height: frameHeight)
    guard inside.area > 0 else { return nil }
    if candidate.angle == 0 { box = inside }
    return Detection(
      label: label(index), classID: index, confidence: min(max(candidate.confidence, 0), 1), box: box)
  }
}

/// A float tensor as a decoder reads it. Valid while the tensors behind it live: the caller of `decode` keeps them.
struct FloatView {
  let shape: [Int]
  let values: UnsafeBufferPointer<Float>

  init(shape: [Int], values: UnsafeBufferPointer<Float>) {
    self.shape = shape
    self.values = values
  }

  init(_ tensor: Tensor) {
    self.init(shape: tensor.shape, values: UnsafeBufferPointer(tensor.elements(as: Float.self)))
  }

  var count: Int { values.count }

  subscript(index: Int) -> Float {
    // Checked in release too: a decoder's arithmetic over shapes from outside must not read beyond them.
    precondition(index >= 0 && index < values.count, "inside the tensor")
    return values[index]
  }

  /// The shape without leading axes of extent 1, down to `rank`.
  func squeezed(to rank: Int) -> [Int]? {
    var shape = shape
    while shape.count > rank, shape[0] == 1 { shape.removeFirst() }
    return shape.count == rank ? shape : nil
  }
}

/// Floats as they come from outside as indices: nil for what is no whole number in range.
func checkedIndex(_ value: Float, limit: Int = 1 << 24) -> Int? {
  guard value.isFinite, value > -1, value < Float(limit) else { return nil }
  return Int(value.rounded())
}

@inline(__always) func sigmoid(_ value: Float) -> Float { 1 / (1 + expf(-value)) }
