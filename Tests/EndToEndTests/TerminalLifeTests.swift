import Foundation
import TestSupport
import Testing

/// The dashboard on a terminal, from the outside: it draws, follows keys and sizes, and leaves everything as it was.
@Suite(.serialized) struct TerminalLifeTests {
  private static let arguments = ["run", "--source", "demo:seed=7"]

  private func started(columns: Int = 120, rows: Int = 40, term: String = "xterm-256color") throws -> TerminalRun {
    let run = try TerminalRun(Self.arguments, columns: columns, rows: rows, term: term)
    #expect(run.wait { $0.shows("age ") && $0.shows("ms") && $0.shows("demo") }, "no first screen:\n\(run.screen.text)")
    return run
  }

  @Test func quitsAndRestores() throws {
    let run = try started()
    #expect(run.screen.isAlternate && !run.screen.cursorIsVisible)
    run.send("q")
    #expect(run.wait { $0.status != nil })
    #expect(run.exitCode == 0)
    run.expectRestored("q")
  }

  @Test func pressingEveryKeyIsSurvived() throws {
    let run = try started()
    let printable = (33...126).map { String(UnicodeScalar($0)) }.filter { $0 != "q" }
    let special = [
      "\u{1B}[A", "\u{1B}[B", "\u{1B}[C", "\u{1B}[D", "\u{1B}[5~", "\u{1B}[6~", "\u{1B}OP", "\u{1B}[Z", "\t", "\r", " ",
      "\u{0C}", "\u{12}", "\u{1B}[<0;10;10M", "\u{1B}[<0;10;10m", "\u{1B}[<64;10;10M", "\u{1B}[<65;90;10M", "é",
      "\u{1B}[200~",
    ]
    for key in printable + special {
      run.send(key)
      run.pump(milliseconds: 15)
      run.send("\u{1B}")
      run.pump(milliseconds: 40)
      #expect(run.status == nil, "ended by key \(key.debugDescription)")
      guard run.status == nil else { return }
    }
    // Snapshots (s) and recordings (r) that the keys began are the session's to finish.
    run.send("\u{1B}")
    run.pump(milliseconds: 60)
    run.send("q")
    #expect(run.wait { $0.status != nil })
    #expect(run.exitCode == 0)
    run.expectRestored("every key")
  }

  @Test func helpComesFromTheKeyTable() throws {
    let run = try started()
    run.send("?")
    #expect(run.wait { $0.shows("Next detector") && $0.shows("Esc closes") })
    run.send("\u{1B}")
    #expect(run.wait { !$0.shows("Esc closes") })
  }

  @Test func followsEverySize() throws {
    let run = try started()
    for (columns, rows) in [(80, 24), (60, 18), (200, 60), (45, 13), (300, 100), (61, 19)] {
      run.resize(columns: columns, rows: rows)
      #expect(
        run.wait { $0.screen.line(0).contains("age") && $0.screen.line(rows - 1).contains("quit") },
        "\(columns)x\(rows):\n\(run.screen.text)")
    }
    // A storm, then one that is too small: a message, and q still quits.
    for i in 0..<60 { run.resize(columns: 40 + i * 3, rows: 12 + i) }
    run.resize(columns: 20, rows: 5)
    #expect(run.wait { $0.shows("too small") && $0.shows("20x5") }, "\(run.screen.text)")
    run.send("q")
    #expect(run.wait { $0.status != nil })
    run.expectRestored("too small")
  }

  @Test func tooSmallAtTheStartIsOneClearLine() throws {
    let run = try TerminalRun(Self.arguments, columns: 20, rows: 5)
    #expect(run.wait { $0.status != nil })
    #expect(run.exitCode == 1)
    run.expectRestored("too small at the start")
  }

  @Test func noTerminalIsOneClearLine() throws {
    let outcome = try Program.run(Self.arguments)
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("terminal") && outcome.errors.contains("--headless"))
    #expect(outcome.errors.split(separator: "\n").count == 1)
  }

  static let signals: [Int32] = [
    SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGXCPU, SIGXFSZ, SIGPWR,
    SIGSTKFLT, 40, 64,
  ]
  static let faults: [Int32] = [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS]

  @Test(arguments: signals + faults)
  func everySignalLeavesASaneTerminal(signal: Int32) throws {
    let run = try started(columns: 80, rows: 24)
    kill(run.pid, signal)
    #expect(run.wait { $0.status != nil }, "signal \(signal) did not end it")
    if Self.faults.contains(signal) { #expect(run.exitCode == 128 + signal) }
    if [SIGINT, SIGTERM, SIGQUIT].contains(signal) { #expect(run.exitCode == 130) }
    run.expectRestored("signal \(signal)")
  }

  @Test func suspendsAndResumes() throws {
    let run = try started(columns: 80, rows: 24)
    // A session leader's stop is ignored by the kernel (an orphaned process group); the way there and back is the same.
    let before = run.screen.alternations
    kill(run.pid, SIGTSTP)
    #expect(run.wait { $0.screen.alternations > before }, "the terminal is given back")
    kill(run.pid, SIGCONT)
    #expect(run.wait { $0.screen.isAlternate && $0.shows("age ") })
    run.send("q")
    #expect(run.wait { $0.status != nil })
    run.expectRestored("suspension")
  }

  @Test func aClosedTerminalEndsIt() throws {
    var run: TerminalRun? = try started(columns: 80, rows: 24)
    let pid = try #require(run?.pid)
    run?.abandon()
    run = nil
    var status: Int32 = 0
    let ended = eventually(every: 20) { waitpid(pid, &status, WNOHANG) == pid }
    #expect(ended, "still running without a terminal")
    if !ended { kill(pid, SIGKILL) }
  }

  @Test(arguments: ["xterm-256color", "xterm", "screen-256color", "tmux-256color", "linux", "vt100"])
  func everyTerminalTypeGivesAPicture(term: String) throws {
    let run = try started(columns: 100, rows: 30, term: term)
    #expect(run.shows("picture") && run.shows("detections"))
    #expect(
      run.wait { run in
        let cells = (3..<12).flatMap { y in (3..<50).map { run.screen.cell($0, y) } }
        return Set(cells.map { "\($0.scalar)\($0.foreground)\($0.background)" }).count > 4
      })
    run.send("q")
    #expect(run.wait { $0.status != nil })
    run.expectRestored(term)
  }

  /// SSH brings the type of the operator's terminal to a robot that has no entry for it.
  @Test(arguments: ["xterm-kitty", "alacritty", "foot", "xterm-ghostty", "wezterm"])
  func aModernTerminalNeedsNoEntryOfItsOwn(term: String) throws {
    let run = try started(columns: 100, rows: 30, term: term)
    #expect(run.wait { $0.screen.cells.contains { $0.background.hasPrefix("48;2;") } }, "24-bit colours")
    run.send("q")
    #expect(run.wait { $0.status != nil })
    run.expectRestored(term)
  }

  @Test func anUnknownTerminalIsOneClearLine() throws {
    let run = try TerminalRun(Self.arguments, columns: 100, rows: 30, term: "teletype-33")
    #expect(run.wait { $0.status != nil })
    #expect(run.exitCode == 1)
    #expect(run.shows("unknown terminal type 'teletype-33'") && run.shows("TERM=xterm-256color"))
  }

  @Test(arguments: [
    ("xterm-256color", "xterm-256color: 256 colours, blocks and braille, 100x30"),
    ("alacritty", "24-bit colours"), ("vt100", "vt100: no colours, ASCII only"), ("teletype-33", "FAIL"),
  ])
  func theDoctorTellsWhatTheTerminalCanDo(term: String, says: String) throws {
    let run = try TerminalRun(["doctor"], columns: 100, rows: 30, term: term)
    #expect(run.wait { $0.status != nil })
    #expect(run.shows(says), "\(run.screen.text)")
  }

  @Test func noColorIsRespected() throws {
    let run = try TerminalRun(
      Self.arguments, columns: 100, rows: 30, environment: ["NO_COLOR": "1", "COLORTERM": "truecolor"])
    #expect(run.wait { $0.shows("age ") })
    #expect(run.waitForSeveralPictures())
    #expect(run.screen.cells.allSatisfy { $0.foreground.isEmpty && $0.background.isEmpty })
  }

  @Test func truecolorIsUsedWhereItIsClaimed() throws {
    let run = try TerminalRun(Self.arguments, columns: 100, rows: 30, environment: ["COLORTERM": "truecolor"])
    #expect(run.wait { $0.screen.cells.contains { $0.background.hasPrefix("48;2;") } })
  }
}
