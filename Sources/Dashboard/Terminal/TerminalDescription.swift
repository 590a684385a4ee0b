import Ground
import CNcurses
import Glibc

/// Writes a terminal description of its own in terminfo's compiled format (term(5)): the user's terminal type with more
/// colours than its entry claims.
///
/// Terminals that show 24-bit colours are mostly reached through entries that promise 256, and the matching `-direct`
/// entries are not installed by default. So the entry in use is written out again with direct colours, for this process
/// only; ncurses then does the rest as usual.
package struct TerminalDescription {
  private var booleans: [UInt8] = []
  private var numbers: [Int32] = []
  private var strings: [[UInt8]?] = []
  private var extendedStrings: [(name: String, value: [UInt8])] = []
  private var directColor = false

  /// Reads the entry of a terminal type; nil if there is none.
  package init?(of term: String, terminal: Int32) {
    guard ocn_load_description(term, terminal) else { return nil }
    var i: Int32 = 0
    while let name = ocn_boolean_name(i) {
      booleans.append(ocn_boolean_capability(name) ? 1 : 0)
      i += 1
    }
    i = 0
    while let name = ocn_number_name(i) {
      numbers.append(ocn_number_capability(name))
      i += 1
    }
    i = 0
    while let name = ocn_string_name(i) {
      strings.append(Self.capability(String(cString: name)))
      i += 1
    }
    for name in ["XM", "xm", "kxIN", "kxOUT"] {
      if let value = Self.capability(name) { extendedStrings.append((name, value)) }
    }
  }

  /// Promises the colours of a depth.
  package mutating func setColors(_ depth: ColorDepth) {
    let foreground: String
    let background: String
    switch depth {
    case .truecolor:
      directColor = true
      setNumber("colors", 0x100_0000)
      setNumber("pairs", 0x4_0000)
      let rgb = "%p1%{65536}%/%d;%p1%{256}%/%{255}%&%d;%p1%{255}%&%d"
      foreground = "\u{1B}[%?%p1%{8}%<%t3%p1%d%e38;2;\(rgb)%;m"
      background = "\u{1B}[%?%p1%{8}%<%t4%p1%d%e48;2;\(rgb)%;m"
    case .indexed:
      setNumber("colors", 256)
      setNumber("pairs", 0x1_0000)
      foreground = "\u{1B}[38;5;%p1%dm"
      background = "\u{1B}[48;5;%p1%dm"
    case .sixteen:
      setNumber("colors", 16)
      setNumber("pairs", 512)
      foreground = "\u{1B}[%?%p1%{8}%<%t%p1%{30}%+%e%p1%{82}%+%;%dm"
      background = "\u{1B}[%?%p1%{8}%<%t%p1%{40}%+%e%p1%{92}%+%;%dm"
    case .eight:
      setNumber("pairs", 256)
      return
    case .mono: return
    }
    setString("setaf", foreground)
    setString("setab", background)
    setString("op", "\u{1B}[39;49m")
    setString("initc", nil)
    if let index = Self.index("ccc", ocn_boolean_name) { booleans[index] = 0 }
  }

  private mutating func setNumber(_ name: String, _ value: Int32) {
    if let i = Self.index(name, ocn_number_name) { numbers[i] = value }
  }

  private mutating func setString(_ name: String, _ value: String?) {
    if let i = Self.index(name, ocn_string_name) { strings[i] = value.map { Array($0.utf8) } }
  }

  private static func capability(_ name: String) -> [UInt8]? {
    ocn_string_capability(name).map { pointer in
      UnsafeRawBufferPointer(start: pointer, count: strlen(pointer)).map { $0 }
    }
  }

  private static func index(_ name: String, _ names: (Int32) -> UnsafePointer<CChar>?) -> Int? {
    var i: Int32 = 0
    while let each = names(i) {
      if strcmp(each, name) == 0 { return Int(i) }
      i += 1
    }
    return nil
  }

  /// The entry in the compiled format with 32-bit numbers.
  private func compiled(name: String) -> [UInt8] {
    var table: [UInt8] = []
    var offsets: [Int16] = []
    for string in strings {
      guard let string, table.count + string.count < Int(Int16.max) else {
        offsets.append(-1)
        continue
      }
      offsets.append(Int16(table.count))
      table += string + [0]
    }
    let names = Array(name.utf8) + [0]
    var out: [UInt8] = []
    func short(_ value: Int) { out.append(contentsOf: [UInt8(value & 255), UInt8(value >> 8 & 255)]) }
    for value in [0o1036, names.count, booleans.count, numbers.count, offsets.count, table.count] { short(value) }
    out += names
    out += booleans
    if out.count % 2 == 1 { out.append(0) }
    for value in numbers { for shift in [0, 8, 16, 24] { out.append(UInt8(truncatingIfNeeded: value >> shift)) } }
    for value in offsets { short(Int(value)) }
    out += table
    if out.count % 2 == 1 { out.append(0) }
    appendExtensions(to: &out)
    return out
  }

  /// Capabilities beyond the standard ones: the RGB flag, and the mouse's sequences.
  private func appendExtensions(to out: inout [UInt8]) {
    var values: [UInt8] = []
    var offsets: [Int] = []
    for (_, value) in extendedStrings {
      offsets.append(values.count)
      values += value + [0]
    }
    var names: [UInt8] = []
    for name in (directColor ? ["RGB"] : []) + extendedStrings.map(\.name) {
      offsets.append(names.count)
      names += Array(name.utf8) + [0]
    }
    let flags = directColor ? 1 : 0
    func short(_ value: Int) { out.append(contentsOf: [UInt8(value & 255), UInt8(value >> 8 & 255)]) }
    for value in [flags, 0, extendedStrings.count, offsets.count, values.count + names.count] { short(value) }
    if directColor { out += [1, 0] }
    for offset in offsets { short(offset) }
    out += values + names
  }

  /// The name under which ncurses finds the description inside ``use(_:)``.
  private static let name = "ocellus-terminal"

  /// Lets ncurses find this description under the name that `body` is given, for as long as it runs: TERMINFO may hold a
  /// whole description instead of a folder's name (terminfo(5), "Fetching Compiled Descriptions"), so that no file is
  /// needed.
  package func use<T>(_ body: (_ name: String) -> T) -> T {
    let before = getenv("TERMINFO").map { String(cString: $0) }
    let digits = Array("0123456789ABCDEF".utf8)
    let hexadecimal = compiled(name: Self.name).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    setenv("TERMINFO", "hex:" + String(decoding: hexadecimal, as: UTF8.self), 1)
    defer { if let before { setenv("TERMINFO", before, 1) } else { unsetenv("TERMINFO") } }
    return body(Self.name)
  }
}
