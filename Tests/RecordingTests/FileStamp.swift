import Foundation

/// The time in the names of recordings, as an independent writing of it for tests.
enum FileStamp {
  /// `20261130-140520`, in local time.
  static func text(_ moment: time_t) -> String {
    var seconds = moment
    var parts = tm()
    localtime_r(&seconds, &parts)
    var text = [CChar](repeating: 0, count: 32)
    strftime(&text, 32, "%Y%m%d-%H%M%S", &parts)
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
