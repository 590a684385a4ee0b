import Glibc

/// A complex number in double precision.
struct Complex {
  var real: Double
  var imaginary: Double

  static func + (a: Complex, b: Complex) -> Complex {
    Complex(real: a.real + b.real, imaginary: a.imaginary + b.imaginary)
  }
  static func - (a: Complex, b: Complex) -> Complex {
    Complex(real: a.real - b.real, imaginary: a.imaginary - b.imaginary)
  }
  static func * (a: Complex, b: Complex) -> Complex {
    Complex(
      real: a.real * b.real - a.imaginary * b.imaginary, imaginary: a.real * b.imaginary + a.imaginary * b.real)
  }
  var conjugate: Complex { Complex(real: real, imaginary: -imaginary) }

  /// e to the power of i times `angle`.
  init(angle: Double) { self.init(real: cos(angle), imaginary: sin(angle)) }

  init(real: Double, imaginary: Double) {
    self.real = real
    self.imaginary = imaginary
  }
}

/// The discrete Fourier transform of any length in n log n steps: radix 2, and Bluestein's chirps (1970) for lengths
/// that are no power of two.
struct FourierTransform {
  let length: Int
  let isInverse: Bool

  /// The transform; an inverse one is divided by its length.
  func callAsFunction(_ x: [Complex]) -> [Complex] {
    if length <= 1 { return x }
    // An inverse transform is a forward one between conjugations.
    if isInverse {
      let forward = FourierTransform(length: length, isInverse: false)(x.map(\.conjugate))
      return forward.map { Complex(real: $0.real / Double(length), imaginary: -$0.imaginary / Double(length)) }
    }
    return length & (length - 1) == 0 ? radixTwo(x) : bluestein(x)
  }

  private func radixTwo(_ x: [Complex]) -> [Complex] {
    let count = x.count
    var result = x
    var reversed = 0
    for index in 1..<count {
      var bit = count >> 1
      while reversed & bit != 0 {
        reversed ^= bit
        bit >>= 1
      }
      reversed |= bit
      if index < reversed { result.swapAt(index, reversed) }
    }
    let twiddles = (0..<(count / 2)).map { Complex(angle: -2 * Double.pi * Double($0) / Double(count)) }
    var span = 1
    while span < count {
      for start in stride(from: 0, to: count, by: 2 * span) {
        for offset in 0..<span {
          let turned = result[start + offset + span] * twiddles[offset * (count / (2 * span))]
          let plain = result[start + offset]
          result[start + offset] = plain + turned
          result[start + offset + span] = plain - turned
        }
      }
      span *= 2
    }
    return result
  }

  private func bluestein(_ x: [Complex]) -> [Complex] {
    var padded = 1
    while padded < 2 * length - 1 { padded *= 2 }
    // The square of the index modulo twice the length keeps the angle exact.
    let chirp = (0..<length).map { index in
      Complex(angle: -Double.pi * Double(index * index % (2 * length)) / Double(length))
    }
    var a = [Complex](repeating: Complex(real: 0, imaginary: 0), count: padded)
    var b = a
    for index in 0..<length {
      a[index] = x[index] * chirp[index]
      b[index] = chirp[index].conjugate
      if index > 0 { b[padded - index] = chirp[index].conjugate }
    }
    let forward = FourierTransform(length: padded, isInverse: false)
    let product = zip(forward(a), forward(b)).map { $0 * $1 }
    let convolved = FourierTransform(length: padded, isInverse: true)(product)
    return (0..<length).map { convolved[$0] * chirp[$0] }
  }
}
