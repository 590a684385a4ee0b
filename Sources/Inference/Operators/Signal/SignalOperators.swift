import Glibc
import Ground

/// DFT, STFT, windows and the mel filter bank: the front end of audio networks.
enum SignalOperators {
  static let definitions: [OperatorDefinition] = [
    .tensor("DFT", since: 17) { attributes in
      let axis = try attributes.int("axis", default: 1)
      let (inverse, onesided) = (try attributes.flag("inverse"), try attributes.flag("onesided"))
      return { x in
        try transform(
          try x.tensor(0), length: try x.optionalTensor(1)?.scalarInteger(), axis: axis, inverse: inverse,
          onesided: onesided)
      }
    }
    .shapedBy(1, 2),
    .tensor("DFT", since: 20) { attributes in
      let (inverse, onesided) = (try attributes.flag("inverse"), try attributes.flag("onesided"))
      return { x in
        try transform(
          try x.tensor(0), length: try x.optionalTensor(1)?.scalarInteger(),
          axis: try x.optionalTensor(2)?.scalarInteger() ?? -2, inverse: inverse, onesided: onesided)
      }
    }
    .shapedBy(1, 2),
    .tensor("STFT") { attributes in
      let onesided = try attributes.flag("onesided", default: true)
      return { x in
        try shortTime(
          try x.tensor(0), step: try x.tensor(1).scalarInteger(), window: try x.optionalTensor(2),
          length: try x.optionalTensor(3)?.scalarInteger(), onesided: onesided)
      }
    }
    .shapedBy(1, 2, 3),
    window("HannWindow", [0.5, 0.5]).shapedBy(0),
    window("HammingWindow", [25.0 / 46, 21.0 / 46]).shapedBy(0),
    window("BlackmanWindow", [0.42, 0.5, 0.08]).shapedBy(0),
    .tensor("MelWeightMatrix") { attributes in
      let type = try CastOperators.elementType(attributes, "output_datatype", default: .float32)
      return { x in
        try melWeights(
          bins: try x.tensor(0).scalarInteger(), length: try x.tensor(1).scalarInteger(),
          rate: try x.tensor(2).scalarInteger(), low: try x.tensor(3).scalarDouble(),
          high: try x.tensor(4).scalarDouble()
        ).converted(to: type)
      }
    }
    .shapedByRun(),
  ]

  /// A sum of cosines with alternating signs.
  private static func window(_ name: String, _ weights: [Double]) -> OperatorDefinition {
    .tensor(name) { attributes in
      let type = try CastOperators.elementType(attributes, "output_datatype", default: .float32)
      let isPeriodic = try attributes.flag("periodic", default: true)
      return { x in
        let size = try x.tensor(0).scalarInteger()
        let result = try Tensor(uninitialized: .float64, [size])
        let target = result.elements(as: Double.self)
        let period = Double(max(1, isPeriodic ? size : size - 1))
        for index in 0..<size {
          target[index] = weights.enumerated().reduce(0) { sum, term in
            let sign: Double = term.offset % 2 == 0 ? 1 : -1
            return sum + sign * term.element * cos(2 * Double.pi * Double(term.offset * index) / period)
          }
        }
        return try result.converted(to: type)
      }
    }
  }

  /// The last axis of `x` holds real numbers (extent 1) or real and imaginary parts (extent 2).
  private static func transform(
    _ x: Tensor, length: Int?, axis: Int, inverse: Bool, onesided: Bool
  ) throws -> Tensor {
    try require(x.rank >= 2 && [1, 2].contains(x.shape[x.rank - 1]), "a signal of shape \(x.shape)")
    let axis = try normalizedAxis(axis, rank: x.rank)
    try require(axis < x.rank - 1, "the axis of real and imaginary parts cannot be transformed")
    if inverse && onesided { return try realInverse(x, length: length, axis: axis) }
    let count = length ?? x.shape[axis]
    _ = try Tensor.checkedByteCount(.complex128, [count, 8])
    try require(count > 0 && x.count > 0, "a transform of \(count) elements of shape \(x.shape)")
    let kept = onesided ? count / 2 + 1 : count
    let isComplex = x.shape[x.rank - 1] == 2
    var order = Array(0..<x.rank)
    order.append(contentsOf: [order.remove(at: axis), order.remove(at: x.rank - 2)])
    let lined = try x.transposed(order)
    let extent = x.shape[axis]
    let lines = x.count / extent / (isComplex ? 2 : 1)
    let result = try Tensor(uninitialized: .float64, Array(lined.shape.dropLast(2)) + [kept, 2])
    let (source, target) = (try lined.doubles(), result.elements(as: Double.self))
    let fourier = FourierTransform(length: count, isInverse: inverse)
    for line in 0..<lines {
      let signal = (0..<count).map { index -> Complex in
        if index >= extent { return Complex(real: 0, imaginary: 0) }
        let at = line * extent + index
        return isComplex
          ? Complex(real: source[2 * at], imaginary: source[2 * at + 1]) : Complex(real: source[at], imaginary: 0)
      }
      for (index, value) in fourier(signal).prefix(kept).enumerated() {
        target[(line * kept + index) * 2] = value.real
        target[(line * kept + index) * 2 + 1] = value.imaginary
      }
    }
    let back = order.indices.map { place in order.firstIndex(of: place) ?? place }
    return try result.transposed(back).converted(to: x.type)
  }

  /// The real signal whose spectrum's first half is given: the other half is its mirror image, conjugate.
  private static func realInverse(_ x: Tensor, length: Int?, axis: Int) throws -> Tensor {
    let given = x.shape[axis]
    let count = length ?? 2 * (given - 1)
    _ = try Tensor.checkedByteCount(.complex128, [count, 8])
    try require(
      x.shape[x.rank - 1] == 2 && x.count > 0 && count > 0 && count / 2 < given, "half a spectrum of shape \(x.shape)")
    var maps = x.shape.map { Array(0..<$0) }
    maps[axis] = (0..<count).map { $0 <= count / 2 ? $0 : count - $0 }
    let mirrored = try x.mapped(maps)
    // The imaginary parts of the mirrored half change sign.
    let signs = (0..<count).flatMap { [1, $0 <= count / 2 ? 1 : -1] as [Float] }
    let shape = x.shape.indices.map { $0 == axis ? count : ($0 == x.rank - 1 ? 2 : 1) }
    let whole = try arithmetic(
      Multiplication.self, mirrored, try Tensor(shape, signs).converted(to: x.type))
    let signal = try transform(whole, length: nil, axis: axis, inverse: true, onesided: false)
    return try SlicingOperators.split(signal, axis: x.rank - 1, lengths: [1, 1])[0]
  }

  /// Frames of the signal, windowed and transformed: (batch, frames, frequencies, 2).
  private static func shortTime(
    _ x: Tensor, step: Int, window: Tensor?, length: Int?, onesided: Bool
  ) throws -> Tensor {
    let signal = x.rank == 2 ? try x.reshaped(x.shape + [1]) : x
    try require(signal.rank == 3, "a signal of shape \(x.shape)")
    guard let frame = length ?? window?.count else {
      throw InferenceError(.badInput, "a window or a frame length is needed")
    }
    try require(
      step > 0 && frame > 0 && frame <= signal.shape[1] && (window == nil || window?.count == frame),
      "frames of \(frame) elements every \(step) in shape \(x.shape)")
    let frames = (signal.shape[1] - frame) / step + 1
    let strides = denseStrides(signal.shape)
    let hop = min(step, signal.shape[1])
    let overlapping = try signal.view(
      [signal.shape[0], frames, frame, signal.shape[2]],
      strides: [strides[0], hop * strides[1], strides[1], strides[2]])
    let weighted =
      try window.map { try arithmetic(Multiplication.self, overlapping, try $0.reshaped([frame, 1])) } ?? overlapping
    return try transform(weighted, length: nil, axis: 2, inverse: false, onesided: onesided)
  }

  /// Triangular filters, evenly spaced on the mel scale: (spectrogram bins, mel bins).
  private static func melWeights(bins: Int, length: Int, rate: Int, low: Double, high: Double) throws -> Tensor {
    try require(
      bins > 0 && length > 0 && rate > 0 && bins < 1 << 20 && low >= 0 && high.isFinite && low <= high,
      "\(bins) mel bins of \(length) at \(rate) Hz")
    let rows = length / 2 + 1
    let result = try Tensor(zeros: .float64, [rows, bins])
    func mel(_ frequency: Double) -> Double { 2595 * log10(1 + frequency / 700) }
    let (lowMel, highMel) = (mel(low), mel(high))
    let step = (highMel - lowMel) / Double(bins + 2)
    let edges = (0..<(bins + 2)).map { index -> Int in
      let frequency = 700 * (Double.power(10, (Double(index) * step + lowMel) / 2595) - 1)
      return Int(saturating: min(max(((Double(length) + 1) * frequency / Double(rate)).rounded(.down), 0), 1e9))
    }
    let target = result.elements(as: Double.self)
    for bin in 0..<bins {
      let (start, peak, end) = (edges[bin], edges[bin + 1], edges[bin + 2])
      if start == peak {
        if peak < rows { target[peak * bins + bin] = 1 }
      } else {
        for row in start..<max(start, min(peak + 1, rows)) {
          target[row * bins + bin] = Double(row - start) / Double(peak - start)
        }
      }
      for row in peak..<max(peak, min(end, rows)) where end > peak {
        target[row * bins + bin] = Double(end - row) / Double(end - peak)
      }
    }
    return result
  }
}
