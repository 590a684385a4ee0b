import Ground
import Synchronization

/// What reading one file may cost: bytes read while its records are searched, and bytes unpacked from its chunks.
///
/// A hostile file of a few kilobytes may hold chunks that unpack to terabytes, and headers of chunks that overlap: each is
/// within its own limit, and together they take hours. Both sums are bounded by the size of the file, with room for what
/// real recordings do. Thread-safe.
final class ReadBudget: Sendable {
  private struct Left {
    var reading: UInt64
    var unpacking: UInt64
  }

  /// Recordings of pictures shrink by a few times; long still scenes without compression of their own by more.
  private static let plausibleRatio: UInt64 = 64
  private static let unpackedAlways: UInt64 = 2 << 30
  /// A sound file is read once from front to back; damage makes parts of it be read again.
  private static let plausibleReadings: UInt64 = 4
  private static let readAlways: UInt64 = 64 << 20

  private let left: Mutex<Left>

  /// - Parameters:
  ///   - fileBytes: the size of the file.
  ///   - passes: how often every chunk may be unpacked.
  init(fileBytes: UInt64, passes: UInt64 = 1) {
    func bound(_ factor: UInt64, _ always: UInt64) -> UInt64 {
      let (product, overflow) = fileBytes.multipliedReportingOverflow(by: factor)
      return overflow ? .max : product.addingReportingOverflow(always).overflow ? .max : product + always
    }
    left = Mutex(
      Left(
        reading: bound(ReadBudget.plausibleReadings, ReadBudget.readAlways),
        unpacking: bound(ReadBudget.plausibleRatio * passes, ReadBudget.unpackedAlways * passes)))
  }

  /// Counts bytes that are about to be read. Throws when the file has had its share.
  func spend(reading bytes: UInt64) throws {
    guard left.withLock({ ReadBudget.take(bytes, &$0.reading) }) else {
      throw RecordingError(.tooLarge, "its records overlap, so that reading them takes too long")
    }
  }

  /// Counts bytes that are about to be unpacked. Throws when the file has had its share.
  func spend(unpacking bytes: UInt64) throws {
    guard left.withLock({ ReadBudget.take(bytes, &$0.unpacking) }) else {
      throw RecordingError(.tooLarge, "its chunks unpack to far more than a recording of this size holds")
    }
  }

  private static func take(_ bytes: UInt64, _ left: inout UInt64) -> Bool {
    guard bytes <= left else { return false }
    left -= bytes
    return true
  }
}
