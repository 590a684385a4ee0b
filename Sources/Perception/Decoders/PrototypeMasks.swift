import Ground
import Inference
import Vision

/// Masks as weighted sums of prototypes (YOLACT, Bolya et al. 2019; YOLOv5-seg, YOLOv8-seg).
struct PrototypeMasks {
  /// The prototypes: [channels, rows, columns] over the whole input.
  struct Prototypes {
    var values: UnsafeBufferPointer<Float>
    var channels: Int
    var rows: Int
    var columns: Int
  }

  /// Cells a side at most: larger objects get coarser masks.
  private static let cellLimit = 256
  private var logits: [Float] = []

  /// Finds the prototypes among the outputs: the one of rank 4 with as many channels as there are coefficients.
  static func prototypes(_ outputs: [FloatView], channels: Int) throws -> Prototypes {
    for output in outputs {
      if output.shape.count == 4, let shape = output.squeezed(to: 3), shape[0] == channels {
        return Prototypes(values: output.values, channels: channels, rows: shape[1], columns: shape[2])
      }
    }
    throw PerceptionError(.badOutput, "an output [1, \(channels), h, w] with mask prototypes is missing")
  }

  /// The mask of one object.
  ///
  /// - Parameters:
  ///   - box: the object in input pixels.
  ///   - region: the same in the frame, clipped to it: what the mask covers.
  ///   - coefficient: the object's weight for a prototype.
  mutating func mask(
    _ box: Box, _ region: Box, _ prototypes: Prototypes, _ placement: Placement, coefficient: (Int) -> Float
  ) -> Mask? {
    let scaleX = Float(prototypes.columns) / Float(placement.width)
    let scaleY = Float(prototypes.rows) / Float(placement.height)
    let seen = placement.toInput(region)
    let left = seen.x * scaleX
    let top = seen.y * scaleY
    let right = seen.right * scaleX
    let bottom = seen.bottom * scaleY
    guard left.isFinite, top.isFinite, right > left, bottom > top, prototypes.columns > 0, prototypes.rows > 0 else {
      return nil
    }
    // The prototype cells that interpolation inside the box can touch.
    let columns = PrototypeMasks.span(left - 1, right + 1, prototypes.columns)
    let rows = PrototypeMasks.span(top - 1, bottom + 1, prototypes.rows)
    sum(prototypes, columns, rows, coefficient)
    let cellsAcross = min(PrototypeMasks.cellLimit, max(1, Int(saturating: (2 * (right - left)).rounded(.up))))
    let cellsDown = min(PrototypeMasks.cellLimit, max(1, Int(saturating: (2 * (bottom - top)).rounded(.up))))
    var bits = [UInt8](repeating: 0, count: cellsAcross * cellsDown)
    for y in 0..<cellsDown {
      let protoY = top + (Float(y) + 0.5) * (bottom - top) / Float(cellsDown) - 0.5
      for x in 0..<cellsAcross {
        let protoX = left + (Float(x) + 0.5) * (right - left) / Float(cellsAcross) - 0.5
        if sample(protoX, protoY, columns, rows) > 0 { bits[y * cellsAcross + x] = 1 }
      }
    }
    return Mask(region: region, columns: cellsAcross, rows: cellsDown, bits: bits)
  }

  private static func span(_ low: Float, _ high: Float, _ count: Int) -> Range<Int> {
    let start = Int(saturating: min(max(low, 0), Float(count - 1)))
    let end = Int(saturating: min(max(high.rounded(.up), Float(start + 1)), Float(count)))
    return start..<max(start + 1, end)
  }

  /// Fills `logits` with the weighted sum over a window of the prototypes.
  private mutating func sum(
    _ prototypes: Prototypes, _ columns: Range<Int>, _ rows: Range<Int>, _ coefficient: (Int) -> Float
  ) {
    let count = columns.count * rows.count
    logits.removeAll(keepingCapacity: true)
    logits.append(contentsOf: repeatElement(0, count: count))
    let plane = prototypes.rows * prototypes.columns
    for channel in 0..<prototypes.channels {
      let weight = coefficient(channel)
      for (line, row) in rows.enumerated() {
        let from = channel * plane + row * prototypes.columns + columns.lowerBound
        let to = line * columns.count
        for x in 0..<columns.count { logits[to + x] += weight * prototypes.values[from + x] }
      }
    }
  }

  /// Bilinear interpolation in the window, at its edges held.
  private func sample(_ x: Float, _ y: Float, _ columns: Range<Int>, _ rows: Range<Int>) -> Float {
    let localX = min(max(x - Float(columns.lowerBound), 0), Float(columns.count - 1))
    let localY = min(max(y - Float(rows.lowerBound), 0), Float(rows.count - 1))
    let x0 = Int(saturating: localX)
    let y0 = Int(saturating: localY)
    let x1 = min(x0 + 1, columns.count - 1)
    let y1 = min(y0 + 1, rows.count - 1)
    let fx = localX - Float(x0)
    let fy = localY - Float(y0)
    let width = columns.count
    let above = logits[y0 * width + x0] * (1 - fx) + logits[y0 * width + x1] * fx
    let below = logits[y1 * width + x0] * (1 - fx) + logits[y1 * width + x1] * fx
    return above * (1 - fy) + below * fy
  }
}
