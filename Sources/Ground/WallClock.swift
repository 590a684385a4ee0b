import Glibc

/// Turns the flow's monotonic moments into wall-clock times (UTC), by the difference between the clocks when it was made:
/// within a file time does not jump.
public struct WallClock: Sendable {
  /// Nanoseconds to add to a monotonic moment.
  public let offset: Int64

  /// - Parameter offset: nanoseconds to add to a monotonic moment.
  public init(offset: Int64) { self.offset = offset }

  /// By the present difference between the clocks.
  public static var now: WallClock {
    var wall = timespec()
    clock_gettime(CLOCK_REALTIME, &wall)
    let nanoseconds = Int64(wall.tv_sec) * 1_000_000_000 + Int64(wall.tv_nsec)
    return WallClock(offset: nanoseconds - MonotonicTime.now.nanoseconds)
  }

  /// Nanoseconds since 1970; 0 for moments before.
  public func wall(_ moment: MonotonicTime) -> UInt64 { UInt64(max(0, moment.nanoseconds &+ offset)) }
}

/// Moments of the wall clock as outputs show them: ISO 8601 in UTC.
public enum UTCText {
  private static let day: Int64 = 86_400_000

  /// With milliseconds: "2026-11-30T22:26:01.123Z".
  ///
  /// - Parameter nanoseconds: since 1970.
  public static func milliseconds(_ nanoseconds: UInt64) -> String {
    let total = Int64(nanoseconds / 1_000_000)
    let (days, time) = (total / day, total % day)
    let date = civil(days)
    func digits(_ value: Int64, _ count: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, count - text.count)) + text
    }
    return "\(digits(date.year, 4))-\(digits(date.month, 2))-\(digits(date.day, 2))T"
      + "\(digits(time / 3_600_000, 2)):\(digits(time / 60000 % 60, 2)):\(digits(time / 1000 % 60, 2))"
      + ".\(digits(time % 1000, 3))Z"
  }

  /// Nanoseconds since 1970 of "2026-11-30T22:26:01.123Z", with or without a fraction of up to nine digits; nil for other
  /// texts.
  public static func nanoseconds(_ text: String) -> UInt64? {
    let bytes = Array(text.utf8)
    guard bytes.count >= 20, bytes.last == UInt8(ascii: "Z"), bytes[10] == UInt8(ascii: "T") else { return nil }
    func number(_ start: Int, _ count: Int) -> Int64? {
      let digits = bytes[start..<start + count]
      guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
      return digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }
    let separators = [(4, "-"), (7, "-"), (13, ":"), (16, ":")] as [(Int, Unicode.Scalar)]
    guard separators.allSatisfy({ bytes[$0] == UInt8(ascii: $1) }),
      let year = number(0, 4), let month = number(5, 2), let day = number(8, 2), let hour = number(11, 2),
      let minute = number(14, 2), let second = number(17, 2), (1970...2554).contains(year), (1...12).contains(month),
      (1...31).contains(day), hour < 24, minute < 60, second < 61
    else { return nil }
    var fraction: Int64 = 0
    if bytes.count > 20 {
      let count = bytes.count - 21
      guard bytes[19] == UInt8(ascii: "."), (1...9).contains(count), let value = number(20, count) else { return nil }
      fraction = (count..<9).reduce(value) { value, _ in value * 10 }
    }
    let seconds = days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second
    let (total, isTooLate) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
    return isTooLate ? nil : total &+ UInt64(fraction)
  }

  /// The Gregorian date of a day after 1970-01-01: years begin in March, so that the leap day is the last one.
  private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = days + 719_468
    let (era, dayOfEra) = (shifted / 146_097, shifted % 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let month = (5 * dayOfYear + 2) / 153
    return (
      era * 400 + yearOfEra + (month < 10 ? 0 : 1), month < 10 ? month + 3 : month - 9,
      dayOfYear - (153 * month + 2) / 5 + 1
    )
  }

  private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let (era, yearOfEra) = (shifted / 400, shifted % 400)
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }
}
