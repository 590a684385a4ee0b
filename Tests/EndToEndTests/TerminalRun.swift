import Foundation
import TestSupport
import Testing

/// The executable on a pseudo-terminal of its own, with an emulator that shows what it draws.
final class TerminalRun {
  private let master: Int32
  /// Kept open: for looking at the modes, and so that the terminal outlives the program.
  private let slave: Int32
  private(set) var pid: pid_t = 0
  private(set) var screen: TerminalScreen
  private(set) var bytes = 0
  private var reads = 0
  private(set) var status: Int32?
  /// The emulator's answers wait: a terminal sends each sequence whole, and no answer within another one.
  var holdsAnswers = false
  let modesBefore: termios
  private let scratch: TemporaryFolder

  init(
    _ arguments: [String], columns: Int = 120, rows: Int = 40, term: String = "xterm-256color",
    environment: [String: String] = [:]
  ) throws {
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var number: Int32 = -1
    var unlocked: Int32 = 0
    // TIOCSPTLCK and TIOCGPTN of <asm-generic/ioctls.h>, whose macros Swift does not import.
    try #require(master >= 0 && ioctl(master, 0x4004_5431, &unlocked) == 0 && ioctl(master, 0x8004_5430, &number) == 0)
    let path = "/dev/pts/\(number)"
    slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
    screen = TerminalScreen(columns: columns, rows: rows)
    var size = winsize(ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    var modes = termios()
    tcgetattr(slave, &modes)
    modesBefore = modes
    scratch = try TemporaryFolder()
    try start(arguments, path, term, environment)
  }

  private func start(_ arguments: [String], _ terminal: String, _ term: String, _ more: [String: String]) throws {
    var environment = ProcessInfo.processInfo.environment
    for name in ["COLORTERM", "NO_COLOR", "TMUX", "LC_ALL"] { environment[name] = nil }
    environment["TERM"] = term
    environment["LANG"] = "C.UTF-8"
    environment["XDG_CONFIG_HOME"] = scratch.path
    environment["XDG_STATE_HOME"] = scratch.path
    environment.merge(more) { _, new in new }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    // In a session of its own, the first terminal opened becomes the controlling one.
    posix_spawn_file_actions_addopen(&actions, 0, terminal, O_RDWR, 0)
    posix_spawn_file_actions_adddup2(&actions, 0, 1)
    posix_spawn_file_actions_adddup2(&actions, 0, 2)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // POSIX_SPAWN_SETSID.
    posix_spawnattr_setflags(&attributes, 0x80)
    // Recordings and photos that keys begin belong into the test's own folder: a shell goes there and becomes the program.
    let shell = ["/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", scratch.path, Program.path]
    let argv = (shell + arguments).map { strdup($0) } + [nil]
    let envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in argv + envp { free(pointer) } }
    let failure = posix_spawn(&pid, "/bin/sh", &actions, &attributes, argv, envp)
    try #require(failure == 0, "cannot start \(Program.path): \(failure)")
  }

  deinit {
    if status == nil {
      kill(pid, SIGKILL)
      var ignored: Int32 = 0
      waitpid(pid, &ignored, 0)
    }
    close(slave)
    close(master)
  }

  /// Leaves the program to itself: the terminal goes, the process is the caller's to wait for.
  func abandon() { status = 0 }

  /// Takes what the program writes until `condition` holds; false when it does not within `seconds`.
  @discardableResult
  func wait(seconds: Double = 20, until condition: (TerminalRun) -> Bool) -> Bool {
    let deadline = Date(timeIntervalSinceNow: seconds)
    while true {
      pump(milliseconds: 10)
      if condition(self) { return true }
      guard Date() < deadline else { return false }
    }
  }

  /// Waits until the program has drawn several more pictures: what must not appear would have appeared by then.
  func waitForSeveralPictures() -> Bool {
    // A terminal that knows no synchronised output shows each picture as it comes.
    func drawn(_ run: TerminalRun) -> Int { run.screen.updates > 0 ? run.screen.updates : run.reads }
    let before = drawn(self)
    return wait { drawn($0) >= before + 8 }
  }

  /// Takes what the program writes, and waits for it `milliseconds` at most.
  func pump(milliseconds: Int32) {
    var ready = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
    var buffer = [UInt8](repeating: 0, count: 65536)
    var patience = milliseconds
    while poll(&ready, 1, patience) > 0, ready.revents & Int16(POLLIN) != 0 {
      let count = read(master, &buffer, buffer.count)
      guard count > 0 else { break }
      bytes += count
      reads += 1
      screen.feed(buffer[0..<count])
      if !screen.answers.isEmpty, !holdsAnswers {
        send(screen.answers)
        screen.answers = ""
      }
      patience = 0
    }
    var result: Int32 = 0
    if status == nil, waitpid(pid, &result, WNOHANG) == pid { status = result }
  }

  func send(_ text: String) {
    let bytes = Array(text.utf8)
    _ = write(master, bytes, bytes.count)
  }

  /// Presses and lets go of a mouse button (xterm's SGR coding: 0 left, 64 wheel up) on a cell counted from 0.
  func click(_ x: Int, _ y: Int, button: Int = 0) {
    send("\u{1B}[<\(button);\(x + 1);\(y + 1)M\u{1B}[<\(button);\(x + 1);\(y + 1)m")
  }

  func resize(columns: Int, rows: Int) {
    screen.resize(columns: columns, rows: rows)
    var size = winsize(ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(master, UInt(TIOCSWINSZ), &size)
  }

  /// Spoils the screen, as a message from elsewhere would.
  func scribble(_ text: String) { screen.feed("\u{1B}[3;3H\(text)".utf8) }

  func shows(_ text: String) -> Bool { screen.text.contains(text) }

  /// The exit status, or 128 more than the signal that ended it; nil while it runs.
  var exitCode: Int32? {
    status.map { $0 & 0x7F == 0 ? $0 >> 8 & 0xFF : 128 + ($0 & 0x7F) }
  }

  /// Whether the terminal is as a shell wants it.
  func expectRestored(_ cause: String) {
    pump(milliseconds: 50)
    #expect(!screen.isAlternate, "\(cause): alternate screen left on")
    #expect(screen.cursorIsVisible, "\(cause): cursor left hidden")
    let modesAreOff = screen.modes.isDisjoint(with: [1000, 1002, 1003, 1006, 2004, 2026])
    #expect(modesAreOff, "\(cause): modes left on: \(screen.modes)")
    let penIsPlain = screen.penIsPlain
    #expect(penIsPlain, "\(cause): colours left on")
    var modes = termios()
    tcgetattr(slave, &modes)
    #expect(modes.c_lflag == modesBefore.c_lflag, "\(cause): line modes changed")
    #expect(modes.c_iflag == modesBefore.c_iflag, "\(cause): input modes changed")
    #expect(modes.c_oflag == modesBefore.c_oflag, "\(cause): output modes changed")
  }
}
