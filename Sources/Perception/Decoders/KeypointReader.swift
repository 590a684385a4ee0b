import Vision

/// Reads keypoints (x, y and, with three values, a confidence) in input pixels.
enum KeypointReader {
  static func read(
    _ shape: (count: Int, values: Int), _ context: DecodingContext, field: (Int) -> Float
  ) -> [Keypoint] {
    (0..<shape.count).map { index in
      let at = index * shape.values
      let point = context.placement.toSource(x: field(at), y: field(at + 1))
      let confidence = shape.values == 3 ? field(at + 2) : 1
      return Keypoint(
        x: point.x.isFinite ? point.x : 0, y: point.y.isFinite ? point.y : 0,
        confidence: confidence.isFinite ? min(max(confidence, 0), 1) : 0)
    }
  }
}
