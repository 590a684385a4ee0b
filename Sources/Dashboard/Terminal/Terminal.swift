import CNcurses
import CPosix
import Glibc
import Ground

/// The terminal while the dashboard owns it: modes, output, keys, signals, and its restoration on every exit.
///
/// Used by the main thread only.
package final class Terminal {
  /// Why ``wait(milliseconds:)`` returned.
  package struct Wakeup: Sendable {
    package var hasInput = false
    package var isGone = false
    package var signals: [Int32] = []
    /// ``Terminal/bell`` has rung.
    package var bellRang = false
  }

  package let capabilities: TerminalCapabilities
  package let output: TerminalOutput
  /// Ends ``wait(milliseconds:)`` when another thread rings it.
  package let bell = Bell()
  /// The colour depth that ncurses really uses.
  package let screenDepth: ColorDepth
  package var screen: CursesScreen
  /// How long to wait for the terminal to take the last bytes, in milliseconds.
  private static let farewell = 300

  private let terminal: Int32
  private let input: Int32
  private let modesBefore: termios
  private var modesInside: termios
  private var wakePipe: (read: Int32, write: Int32)
  private var savedStandard: (output: Int32, error: Int32)
  private let usesMouse: Bool
  private var isOpen = true
  private var parser = InputParser()
  private let decoder: KeyDecoder
  private var buffer = [UInt8](repeating: 0, count: 4096)

  /// The size of the terminal on standard output, without touching it.
  package static func size(of descriptor: Int32 = STDOUT_FILENO) -> (columns: Int, rows: Int)? {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return nil }
    return (Int(size.ws_col), Int(size.ws_row))
  }

  /// Takes control of the terminal. Nothing is changed when it throws.
  ///
  /// - Parameters:
  ///   - colors: the user's choice; nil for the depth in the terminal's description.
  ///   - log: the file that takes standard output and error of the process; nil discards them.
  package init(colors: ColorDepth?, mouse: Bool, log: String?) throws(DashboardError) {
    guard isatty(STDOUT_FILENO) == 1, isatty(STDIN_FILENO) == 1 else {
      throw DashboardError(
        .noTerminal,
        "the dashboard needs a terminal, and standard \(isatty(STDOUT_FILENO) == 1 ? "input" : "output") "
          + "is not one",
        remedy: "run it in a terminal (with ssh -t over SSH), or use `ocellus run --headless`")
    }
    TerminalCapabilities.useUnicode()
    capabilities = try TerminalCapabilities.detect(
      environment: { name in getenv(name).map { String(cString: $0) } }, terminal: STDOUT_FILENO, forced: colors)
    // Keys are those of the user's terminal: the description that ncurses gets differs in its colours only.
    decoder = KeyDecoder(described: KeyDecoder.describedKeys())
    usesMouse = mouse && (ocn_string_capability("kmous") != nil || ocn_string_capability("XM") != nil)
    terminal = Self.reopen(STDOUT_FILENO)
    input = dup(STDIN_FILENO)
    var modes = termios()
    tcgetattr(terminal, &modes)
    modesBefore = modes
    modesInside = modes
    output = try TerminalOutput(terminal: terminal)
    var ends: [Int32] = [-1, -1]
    ocp_wake_pipe(&ends)
    wakePipe = (read: ends[0], write: ends[1])
    savedStandard = (output: fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), error: fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3))
    Self.installGuard(terminal: terminal, wake: ends[1], standardError: savedStandard.error)
    guard Self.openScreen(capabilities, terminal: terminal, input: input, sink: output.sink) else {
      ocn_guard_remove()
      throw DashboardError(
        .unknownTerminal, "ncurses cannot use terminal type '\(capabilities.term)'", remedy: "try TERM=xterm-256color")
    }
    Self.redirectStandard(to: log)
    tcgetattr(terminal, &modesInside)
    screenDepth = Self.depth(promised: capabilities.depth, colors: Int(ocn_color_count()))
    screen = CursesScreen(palette: TerminalPalette(depth: screenDepth))
    if let size = Self.size(of: terminal) { ocn_screen_resize(Int32(size.rows), Int32(size.columns)) }
    takeInput()
    if capabilities.answersQueries { output.send("\u{1B}[?2026$p") }
  }

  /// A descriptor of the same terminal with a state of its own, so that not blocking on it changes nothing for the shell.
  private static func reopen(_ descriptor: Int32) -> Int32 {
    if let name = ttyname(descriptor) {
      let own = Glibc.open(name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
      if own >= 0 { return own }
    }
    let own = Glibc.open("/dev/tty", O_RDWR | O_NONBLOCK | O_CLOEXEC)
    return own >= 0 ? own : fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
  }

  /// Starts ncurses, with a description made for it where the entry has another colour depth.
  private static func openScreen(_ capabilities: TerminalCapabilities, terminal: Int32, input: Int32, sink: Int32)
    -> Bool
  {
    func open(_ name: String) -> Bool {
      ocn_screen_open(name, fcntl(terminal, F_DUPFD_CLOEXEC, 3), input, sink)
    }
    // With up to sixteen colours, entries promise too few pairs for a picture.
    if capabilities.depth != capabilities.entryDepth || capabilities.depth != .indexed, capabilities.depth != .mono,
      var description = TerminalDescription(of: capabilities.term, terminal: terminal)
    {
      description.setColors(capabilities.depth)
      if description.use(open) { return true }
    }
    return open(capabilities.term)
  }

  /// The depth in use: less than promised where no description could be made.
  private static func depth(promised: ColorDepth, colors: Int) -> ColorDepth {
    switch colors {
    case 0..<8: .mono
    case 8..<16: min(promised, .eight)
    case 16..<256: min(promised, .sixteen)
    case 256..<0x100_0000: min(promised, .indexed)
    default: promised
    }
  }

  private static func installGuard(terminal: Int32, wake: Int32, standardError: Int32) {
    restoreSequence().withUnsafeBytes { bytes in
      ocn_guard_install(
        terminal, wake, standardError, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
    }
  }

  /// The bytes that undo everything the dashboard may have turned on, from any state of the terminal.
  private static func restoreSequence() -> [UInt8] {
    var bytes = Array(("\u{1B}[?2026l" + mouseOff + pasteOff).utf8)
    bytes += capabilities(["sgr0", "op", "rmacs", "rmkx", "cnorm", "rmcup"])
    bytes.append(contentsOf: "\r".utf8)
    return bytes
  }

  // Presses, releases and movements with a button held, in the form without a limit of columns (xterm's modes 1002, 1006).
  private static let mouseOn = "\u{1B}[?1002h\u{1B}[?1006h"
  private static let mouseOff = "\u{1B}[?1000l\u{1B}[?1002l\u{1B}[?1006l"
  /// Bracketed paste: pasted text comes between marks.
  private static let pasteOn = "\u{1B}[?2004h"
  private static let pasteOff = "\u{1B}[?2004l"

  /// Asks the terminal for keys, mouse and pastes in the forms that ``KeyDecoder`` knows best.
  private func takeInput() {
    output.send(String(decoding: Self.capabilities(["smkx"]), as: UTF8.self))
    if usesMouse { output.send(Self.mouseOn) }
    if capabilities.answersQueries { output.send(Self.pasteOn) }
  }

  private func giveInputBack() {
    output.send(String(decoding: Self.capabilities(["rmkx"]), as: UTF8.self))
    if usesMouse { output.send(Self.mouseOff) }
    if capabilities.answersQueries { output.send(Self.pasteOff) }
  }

  /// The string capabilities of those names, without delays ("$<5>"): they are for terminals that need padding, and cannot
  /// be kept in a crash.
  private static func capabilities(_ names: [String]) -> [UInt8] {
    var bytes: [UInt8] = []
    for name in names {
      guard let capability = ocn_string_capability(name) else { continue }
      var isDelay = false
      for byte in UnsafeRawBufferPointer(start: capability, count: strlen(capability)) {
        if byte == UInt8(ascii: "$") { isDelay = true }
        if !isDelay { bytes.append(byte) }
        if byte == UInt8(ascii: ">") { isDelay = false }
      }
    }
    return bytes
  }

  /// Standard output and error of the whole process go to the log while the screen is ours.
  private static func redirectStandard(to log: String?) {
    let target = log.map { Glibc.open($0, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600) } ?? -1
    let file = target >= 0 ? target : Glibc.open("/dev/null", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    fflush(nil)
    dup2(file, STDOUT_FILENO)
    dup2(file, STDERR_FILENO)
    Glibc.close(file)
  }

  /// Restores the terminal and standard streams. Idempotent.
  package func close() {
    guard isOpen else { return }
    isOpen = false
    suspendScreen()
    output.isSynchronised = false
    output.collect()
    output.drain(within: Self.farewell)
    var modes = modesBefore
    tcsetattr(terminal, TCSAFLUSH, &modes)
    if savedStandard.output >= 0 { dup2(savedStandard.output, STDOUT_FILENO) }
    if savedStandard.error >= 0 { dup2(savedStandard.error, STDERR_FILENO) }
    ocn_guard_remove()
    ocn_screen_close()
    for descriptor in [terminal, input, wakePipe.read, wakePipe.write, savedStandard.output, savedStandard.error] {
      if descriptor >= 0 { Glibc.close(descriptor) }
    }
  }

  deinit { close() }

  /// Sleeps until a key, a signal, a ring of the bell, room for queued output, or the time is up.
  package func wait(milliseconds: Int) -> Wakeup {
    var descriptors = [
      pollfd(fd: input, events: Int16(POLLIN), revents: 0),
      pollfd(fd: wakePipe.read, events: Int16(POLLIN), revents: 0),
      pollfd(fd: terminal, events: Int16(output.pendingBytes > 0 ? POLLOUT : 0), revents: 0),
      pollfd(fd: bell.descriptor, events: Int16(POLLIN), revents: 0),
    ]
    let ready = poll(&descriptors, UInt(descriptors.count), Int32(clamping: max(0, sleep(atMost: milliseconds))))
    var wakeup = Wakeup()
    wakeup.hasInput = parser.deadline.map { $0 <= .now } ?? false
    guard ready > 0 else { return wakeup }
    if descriptors[2].revents & Int16(POLLOUT) != 0 { output.drain() }
    let lost = Int16(POLLHUP | POLLERR | POLLNVAL)
    wakeup.isGone = output.isBroken || (descriptors[0].revents | descriptors[2].revents) & lost != 0
    if descriptors[0].revents & Int16(POLLIN) != 0 { wakeup.hasInput = true }
    if descriptors[1].revents & Int16(POLLIN) != 0 { wakeup.signals = pendingSignals() }
    if descriptors[3].revents & Int16(POLLIN) != 0 { wakeup.bellRang = bell.hear() }
    return wakeup
  }

  private func pendingSignals() -> [Int32] {
    var buffer = [UInt8](repeating: 0, count: 64)
    let count = read(wakePipe.read, &buffer, buffer.count)
    return count > 0 ? buffer[0..<count].map { Int32($0) } : []
  }

  /// Until an Esc is told from a sequence there is something to do without input.
  private func sleep(atMost milliseconds: Int) -> Int {
    guard let deadline = parser.deadline else { return milliseconds }
    return min(milliseconds, Int(saturating: max(0, deadline.milliseconds(since: .now)).rounded(.up)))
  }

  /// How long an ESC waits for the rest of a sequence, in milliseconds: longer over links that deliver in jerks.
  package var escapeWait: Double {
    get { parser.escapeWait }
    set { parser.escapeWait = newValue }
  }

  /// The keys that were typed; none although ``wait(milliseconds:)`` reported input may mean that the terminal is gone.
  package func keys() -> [Key] {
    var tokens: [InputToken] = []
    while tokens.count < 256, isReadable {
      let count = read(input, &buffer, buffer.count)
      guard count > 0 else { break }
      tokens += parser.feed(buffer[0..<count], now: .now)
    }
    tokens += parser.expire(now: .now)
    return tokens.compactMap { decoder.key(for: $0) }
  }

  private var isReadable: Bool {
    var ready = pollfd(fd: input, events: Int16(POLLIN), revents: 0)
    return poll(&ready, 1, 0) > 0 && ready.revents & Int16(POLLIN) != 0
  }

  /// Whether reading finds the end of the terminal rather than nothing yet.
  package func inputIsAtEnd() -> Bool {
    var ready = pollfd(fd: input, events: Int16(POLLIN), revents: 0)
    guard poll(&ready, 1, 0) > 0 else { return false }
    if ready.revents & Int16(POLLHUP | POLLERR | POLLNVAL) != 0 { return true }
    var waiting: Int32 = 0
    return ioctl(input, UInt(FIONREAD), &waiting) != 0 || waiting == 0
  }

  /// Adopts the terminal's present size; nil when it is unknown.
  package func followSize() -> (columns: Int, rows: Int)? {
    guard let size = Self.size(of: terminal) else { return nil }
    ocn_screen_resize(Int32(size.rows), Int32(size.columns))
    return size
  }

  /// Sends one screen; returns its size in bytes.
  @discardableResult
  package func present(_ canvas: CellCanvas, cursor: (x: Int, y: Int)? = nil) -> Int {
    ocn_cursor(cursor.map { Int32($0.y) } ?? -1, Int32(cursor?.x ?? 0))
    screen.present(canvas)
    let bytes = output.collect()
    output.drain()
    return bytes
  }

  private func suspendScreen() {
    output.discard()
    // The dropped bytes may have contained a reset of the colours, which ncurses takes for done.
    output.send("\u{1B}[?2026l" + String(decoding: Self.capabilities(["sgr0", "op"]), as: UTF8.self))
    giveInputBack()
    ocn_screen_suspend()
  }

  /// Restores the terminal and stops the process until the shell continues it.
  package func stopProcess() {
    suspendScreen()
    output.collect()
    output.drain(within: Self.farewell)
    var modes = modesBefore
    tcsetattr(terminal, TCSADRAIN, &modes)
    ocn_guard_stop_process()
    takeBack()
  }

  /// Sets the terminal up again after a stop: the shell may have changed everything.
  package func takeBack() {
    var modes = modesInside
    tcsetattr(terminal, TCSADRAIN, &modes)
    output.discard()
    takeInput()
    screen.invalidate()
  }

  package func repaint() { screen.invalidate() }
}
