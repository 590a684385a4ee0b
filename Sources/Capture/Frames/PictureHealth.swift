/// What can be wrong with a picture although frames keep coming.
public enum PictureComplaint: String, Sendable, CaseIterable, Codable {
  /// The very same picture for too long: a stuck camera or driver. A live sensor's noise never repeats.
  case frozen
  case dark
  case overexposed
  /// Out of focus, or a greasy lens.
  case blurred
  /// No structure at all: a lens cap, a wall.
  case covered
  /// The brightness goes up and down from frame to frame: lamps on the mains, an exposure that hunts.
  case flicker

  /// "the picture is …".
  public var words: String {
    switch self {
    case .frozen: "frozen"
    case .dark: "dark"
    case .overexposed: "overexposed"
    case .blurred: "blurred"
    case .covered: "without any structure (is the lens covered?)"
    case .flicker: "flickering"
    }
  }
}

/// The state of the picture after one frame.
public struct PictureHealth: Sendable, Equatable, Codable {
  /// Mean brightness and its spread, 0...255.
  public var brightness: Double
  public var contrast: Double
  /// 0...1; nil when the picture has too few edges to tell.
  public var sharpness: Double?
  /// What is wrong, and has been for a while.
  public var complaints: [PictureComplaint]

  public init(brightness: Double, contrast: Double, sharpness: Double?, complaints: [PictureComplaint]) {
    self.brightness = brightness
    self.contrast = contrast
    self.sharpness = sharpness
    self.complaints = complaints
  }
}
