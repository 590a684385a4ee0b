import Ground
import Glibc

/// Tables between sRGB values and linear light, in which averages of pixels are correct.
package enum LinearLight {
  /// sRGB 0...255 to linear 0...65535 (IEC 61966-2-1).
  package static let fromSRGB: [UInt16] = (0..<256).map { value in
    let s = Double(value) / 255
    let linear = s <= 0.04045 ? s / 12.92 : pow((s + 0.055) / 1.055, 2.4)
    return UInt16(saturating: (linear * 65535).rounded())
  }

  /// Linear light's upper 12 bits to sRGB 0...255.
  package static let toSRGB: [UInt8] = (0..<4096).map { value in
    let linear = (Double(value) + 0.5) / 4096
    let s = linear <= 0.0031308 ? linear * 12.92 : 1.055 * pow(linear, 1 / 2.4) - 0.055
    return UInt8(saturating: (min(1, max(0, s)) * 255).rounded())
  }
}
