/// Takes passwords and keys out of addresses before they are shown, logged or recorded.
///
/// Network cameras carry them in three places: before the host (`rtsp://user:password@host/`), in the query
/// (`?token=…`), and in the path (`/user=admin_password=…`).
public enum SourceSecrets {
  private static let mark = Array("***".utf8)
  /// A name that ends in one of these, before an equals sign, has a secret behind it.
  private static let names = [
    "password", "passwd", "pass", "pwd", "token", "secret", "auth", "key", "credential", "credentials", "signature",
    "sig",
  ].map { Array($0.utf8) }

  /// `text` with `***` in the place of every secret of every address in it.
  public static func redacted(_ text: String) -> String {
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var at = 0
    while let start = scheme(in: bytes, from: at) {
      let end = bytes[start...].firstIndex { endsAddress($0) } ?? bytes.count
      result += bytes[at..<start]
      var rest = start
      if let (password, host) = password(in: bytes[start..<end]) {
        result += bytes[start..<password] + mark
        rest = host
      }
      hideValues(of: bytes[rest..<end], into: &result)
      at = end
    }
    result += bytes[at...]
    return String(decoding: result, as: UTF8.self)
  }

  /// Where an address goes on behind its `://`.
  private static func scheme(in bytes: [UInt8], from: Int) -> Int? {
    guard bytes.count >= 3, from <= bytes.count - 3 else { return nil }
    let separator = Array("://".utf8)
    return (from...(bytes.count - 3)).first { bytes[$0..<$0 + 3].elementsEqual(separator) }.map { $0 + 3 }
  }

  private static func endsAddress(_ byte: UInt8) -> Bool { byte <= 32 || byte == 34 || byte == 39 || byte == 127 }

  /// Where the password begins, and the `@` behind it.
  ///
  /// Passwords are typed as they are, with `/`, `?` and `@` in them: the last `@` counts, unless what looks like a
  /// password is a port (`host:8080/a@b`).
  private static func password(in address: ArraySlice<UInt8>) -> (start: Int, end: Int)? {
    guard let end = address.lastIndex(of: 64), let colon = address[..<end].firstIndex(of: 58) else { return nil }
    let slash = address.firstIndex { $0 == 47 || $0 == 63 } ?? address.endIndex
    // A user's name has no slash: that colon belongs to the path.
    guard colon < slash else { return nil }
    if slash < end, !address[..<slash].contains(64) {
      let port = address[(colon + 1)..<slash]
      if port.count <= 5, port.allSatisfy({ (48...57).contains($0) }) { return nil }
    }
    return (colon + 1, end)
  }

  private static func hideValues(of rest: ArraySlice<UInt8>, into result: inout [UInt8]) {
    var at = rest.startIndex
    while let equals = rest[at...].firstIndex(of: 61) {
      result += rest[at...equals]
      at = equals + 1
      let name = rest[..<equals].map { (65...90).contains($0) ? $0 + 32 : $0 }
      guard names.contains(where: { name.reversed().starts(with: $0.reversed()) }) else { continue }
      result += mark
      at = rest[at...].firstIndex(of: 38) ?? rest.endIndex
    }
    result += rest[at...]
  }
}
