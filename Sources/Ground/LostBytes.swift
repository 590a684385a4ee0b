extension String {
  /// Whether the text was made of bytes that are not UTF-8: those are U+FFFD now. As a path it names another file, one that is not
  /// there; Linux allows such names.
  public var hasLostBytes: Bool { contains("\u{FFFD}") }

  /// What a user can do about a file whose name has lost bytes.
  public static let lostBytesRemedy = "file names must be UTF-8 text: rename it"
}
