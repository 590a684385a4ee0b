import Ground

/// Removes redundant colour changes from the output of ncurses.
///
/// ncurses sets both colours of a pair at every change of pair, as two sequences; on a picture that is nearly half of
/// all bytes. The filter follows which colours the terminal has, holds colour changes back until something is printed,
/// sends only those that differ, both in one sequence, and on blanks only the background. Everything else passes as it
/// is. Its state belongs to one stream of bytes from the terminal's reset on.
package struct ColorSequenceFilter {
  /// A colour as its SGR parameters in ASCII; empty until the first one is known.
  private typealias Parameters = [UInt8]

  private enum Place { case text, escape, control }

  private var place = Place.text
  private var sequence: [UInt8] = []
  private var wanted = (foreground: Parameters(), background: Parameters())
  private var present = (foreground: Parameters(), background: Parameters())
  private var foregroundIsPending = false
  private var backgroundIsPending = false
  /// Underline, reverse and the like show on blanks too.
  private var blanksShowForeground = false

  package init() { sequence.reserveCapacity(64) }

  /// Appends the filtered `input` to `output`.
  package mutating func process(_ input: UnsafeRawBufferPointer, into output: inout [UInt8]) {
    for byte in input {
      switch place {
      case .text: text(byte, &output)
      case .escape: escape(byte, &output)
      case .control: control(byte, &output)
      }
    }
  }

  private mutating func text(_ byte: UInt8, _ output: inout [UInt8]) {
    if byte == 0x1B {
      sequence.removeAll(keepingCapacity: true)
      sequence.append(byte)
      place = .escape
      return
    }
    if byte == 0x20 && !blanksShowForeground {
      flush(&output, backgroundOnly: true)
    } else if byte >= 0x20 {
      flush(&output, backgroundOnly: false)
    }
    output.append(byte)
  }

  private mutating func escape(_ byte: UInt8, _ output: inout [UInt8]) {
    sequence.append(byte)
    if byte == UInt8(ascii: "[") {
      place = .control
    } else if !(0x20...0x2F).contains(byte) {
      output.append(contentsOf: sequence)
      place = .text
    }
  }

  private mutating func control(_ byte: UInt8, _ output: inout [UInt8]) {
    sequence.append(byte)
    guard (0x40...0x7E).contains(byte) || sequence.count > 60 else { return }
    place = .text
    if byte == UInt8(ascii: "m") {
      select(&output)
    } else {
      // Erasing and repeating paint with the present background, and REP with the foreground too.
      flush(&output, backgroundOnly: false)
      output.append(contentsOf: sequence)
    }
  }

  /// An SGR sequence: colours are noted, anything else is sent.
  private mutating func select(_ output: inout [UInt8]) {
    let body = sequence[2..<(sequence.count - 1)]
    let parts = body.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
    var k = 0
    var others = false
    var noted: (foreground: Parameters?, background: Parameters?) = (nil, nil)
    while k < parts.count, !others {
      let code = number(parts[k])
      switch code {
      case 30...37, 39, 90...97: noted.foreground = Parameters(parts[k])
      case 40...47, 49, 100...107: noted.background = Parameters(parts[k])
      case 38, 48:
        let length = k + 1 < parts.count && number(parts[k + 1]) == 5 ? 3 : 5
        guard k + length <= parts.count else {
          others = true
          break
        }
        let whole = Parameters(parts[k..<(k + length)].joined(separator: [UInt8(ascii: ";")]))
        if code == 38 { noted.foreground = whole } else { noted.background = whole }
        k += length - 1
      default: others = true
      }
      k += 1
    }
    if others {
      attributes(&output)
    } else {
      if let color = noted.foreground {
        wanted.foreground = color
        foregroundIsPending = color != present.foreground
      }
      if let color = noted.background {
        wanted.background = color
        backgroundIsPending = color != present.background
      }
    }
  }

  /// Attributes, and resets, which take the colours along.
  private mutating func attributes(_ output: inout [UInt8]) {
    let parts = sequence[2..<(sequence.count - 1)].split(
      separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
    let codes = parts.map { number($0) }
    if codes.contains(0) || codes.isEmpty {
      present = (Array("39".utf8), Array("49".utf8))
      wanted = present
      foregroundIsPending = false
      backgroundIsPending = false
      blanksShowForeground = false
    } else {
      flush(&output, backgroundOnly: false)
      // The colours of such a mixed sequence are not parsed: the next colour is sent in any case.
      if codes.contains(where: { $0 >= 30 }) { present = ([], []) }
    }
    if codes.contains(where: { (3...9).contains($0) }) { blanksShowForeground = true }
    output.append(contentsOf: sequence)
  }

  private func number(_ digits: ArraySlice<UInt8>) -> Int {
    var value = 0
    for digit in digits {
      guard (48...57).contains(digit), value < 10_000 else { return -1 }
      value = value * 10 + Int(digit - 48)
    }
    return value
  }

  private mutating func flush(_ output: inout [UInt8], backgroundOnly: Bool) {
    let sendsForeground = foregroundIsPending && !backgroundOnly
    guard sendsForeground || backgroundIsPending else { return }
    output.append(0x1B)
    output.append(UInt8(ascii: "["))
    if sendsForeground {
      output.append(contentsOf: wanted.foreground)
      present.foreground = wanted.foreground
      foregroundIsPending = false
      if backgroundIsPending { output.append(UInt8(ascii: ";")) }
    }
    if backgroundIsPending {
      output.append(contentsOf: wanted.background)
      present.background = wanted.background
      backgroundIsPending = false
    }
    output.append(UInt8(ascii: "m"))
  }
}
