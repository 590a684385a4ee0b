import Inference

/// How far a result is from a reference: the largest absolute difference over the largest absolute reference value.
func relativeError(_ result: Tensor, _ reference: Tensor) -> Double {
  guard result.shape == reference.shape, result.type == reference.type else { return .infinity }
  let (a, b) = (doubles(result), doubles(reference))
  var difference = 0.0
  var scale = 0.0
  for (x, y) in zip(a, b) {
    if x.isNaN != y.isNaN { return .infinity }
    if x == y || x.isNaN { continue }
    difference = max(difference, (x - y).magnitude)
    if y.isFinite { scale = max(scale, y.magnitude) }
  }
  for y in b where y.isFinite { scale = max(scale, y.magnitude) }
  return difference == 0 ? 0 : difference / max(scale, 1e-30)
}

/// The share of elements more than `step` away from the reference, or not comparable with it.
func shareBeyond(_ step: Double, _ result: Tensor, _ reference: Tensor) -> Double {
  guard result.shape == reference.shape, result.count > 0 else { return 1 }
  let far = zip(doubles(result), doubles(reference)).filter { !(($0 - $1).magnitude <= step) }.count
  return Double(far) / Double(result.count)
}

/// The step of a tensor that was quantised and dequantised: the least distance of two of its values, with a little
/// room for rounding.
func quantisationStep(_ tensor: Tensor) -> Double {
  let values = Set(doubles(tensor)).sorted()
  let least = zip(values, values.dropFirst()).map { $1 - $0 }.min() ?? 0
  return least * 1.001
}

func doubles(_ tensor: Tensor) -> [Double] {
  switch tensor.type {
  case .float32: tensor.array(of: Float.self).map(Double.init)
  case .float64: tensor.array(of: Double.self)
  case .float16: tensor.array(of: Float16.self).map(Double.init)
  case .int64: tensor.array(of: Int64.self).map(Double.init)
  case .int32: tensor.array(of: Int32.self).map(Double.init)
  case .int8: tensor.array(of: Int8.self).map(Double.init)
  case .uint8: tensor.array(of: UInt8.self).map(Double.init)
  case .bool: tensor.array(of: Bool.self).map { $0 ? 1 : 0 }
  default: []
  }
}
