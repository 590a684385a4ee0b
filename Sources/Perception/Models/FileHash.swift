import CCrypto
import Glibc
import Ground

/// SHA-256 of files (FIPS 180-4), by OpenSSL's libcrypto.
package enum FileHash {
  /// Sixty-four hexadecimal digits.
  ///
  /// - Throws: ``PerceptionError`` when the file cannot be read.
  package static func sha256(ofFile path: String) throws -> String {
    guard let file = fopen(path, "rbe") else {
      throw PerceptionError(.notFound, "cannot be read: \(String(cString: strerror(errno)))", place: path)
    }
    defer { fclose(file) }
    let hash = RunningHash()
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = fread(&buffer, 1, buffer.count, file)
      if count == 0 { break }
      hash.add(buffer[..<count])
    }
    guard ferror(file) == 0 else { throw PerceptionError(.notFound, "reading it failed", place: path) }
    return hash.finish()
  }
}

/// A SHA-256 that grows with its input. One thread at a time.
final class RunningHash {
  private let context: OpaquePointer?

  init() {
    context = EVP_MD_CTX_new()
    EVP_DigestInit_ex(context, EVP_sha256(), nil)
  }

  deinit { EVP_MD_CTX_free(context) }

  func add(_ bytes: ArraySlice<UInt8>) {
    bytes.withUnsafeBytes { _ = EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
  }

  /// The digest in hexadecimal. Nothing may be added afterwards.
  func finish() -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    var length: UInt32 = 0
    EVP_DigestFinal_ex(context, &digest, &length)
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
