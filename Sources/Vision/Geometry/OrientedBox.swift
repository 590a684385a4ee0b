import Glibc

/// Rectangles turned about their centre.
public enum OrientedBox {
  /// The four corners of `box` turned by `angle` radians, clockwise on the screen, in pixels; top left first.
  public static func corners(of box: Box, turnedBy angle: Float) -> [(x: Float, y: Float)] {
    let c = cosf(angle)
    let s = sinf(angle)
    let halves: [(Float, Float)] = [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)]
    return halves.map { half in
      let dx = half.0 * box.width
      let dy = half.1 * box.height
      return (box.centerX + dx * c - dy * s, box.centerY + dx * s + dy * c)
    }
  }
}
