public import Vision

/// The colours of classes wherever findings are drawn: in photos, in recordings, and, with colours of its own, by a theme
/// of the dashboard.
public enum ClassPalette {
  /// Colours that colour-blind people can tell apart (Okabe and Ito, 2008).
  public static let colors: [Canvas.Color] = [
    .init(230, 159, 0), .init(86, 180, 233), .init(0, 158, 115), .init(240, 228, 66),
    .init(0, 114, 178), .init(213, 94, 0), .init(204, 121, 167), .init(200, 200, 200),
  ]

  /// The place of a class among `count` colours, which classes take in turn. Any class has one, negative ones included.
  public static func index(ofClass id: Int, count: Int) -> Int { ((id % count) + count) % count }

  /// The colour of a class.
  public static func color(ofClass id: Int) -> Canvas.Color { colors[index(ofClass: id, count: colors.count)] }
}
