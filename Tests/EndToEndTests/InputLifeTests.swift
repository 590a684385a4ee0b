import Foundation
import TestSupport
import Testing

/// What terminals send beside keys, on the program itself: nothing starts and nothing disappears because of it.
@Suite(.serialized) struct InputLifeTests {
  private static let panes = [
    "picture", "detections", "classifier", "latency", "rates", "models", "recording", "events",
  ]

  private func started(term: String = "xterm-256color") throws -> TerminalRun {
    let run = try TerminalRun(["run", "--source", "demo:seed=7"], columns: 180, rows: 60, term: term)
    try #require(run.wait { run in Self.panes.allSatisfy { run.shows($0) } && run.shows(" 40%") }, "\(run.screen.text)")
    return run
  }

  /// Everything is where it was, and nothing was begun.
  private func expectUntouched(_ run: TerminalRun, _ cause: String) {
    #expect(run.waitForSeveralPictures())
    #expect(run.status == nil, "\(cause): ended")
    for pane in Self.panes { #expect(run.shows(pane), "\(cause): \(pane) is gone\n\(run.screen.text)") }
    for text in [" REC ", "PAUSED", "A/B", "second", "cannot be stepped", "Esc closes", "Tab completes"] {
      #expect(!run.shows(text), "\(cause): \(text)\n\(run.screen.text)")
    }
    #expect(run.shows("conf 40%"), "\(cause): the threshold changed")
  }

  /// Lets the time pass; returns how many milliseconds it really took.
  @discardableResult
  private static func pause(_ run: TerminalRun, _ milliseconds: Double) -> Double {
    let start = Date()
    while Date().timeIntervalSince(start) * 1000 < milliseconds { run.pump(milliseconds: 5) }
    return Date().timeIntervalSince(start) * 1000
  }

  private func end(_ run: TerminalRun) {
    run.send("q")
    #expect(run.wait { $0.status != nil })
    #expect(run.exitCode == 0)
    run.expectRestored("the end")
  }

  @Test(arguments: ["xterm-256color", "tmux-256color", "linux"])
  func noSequenceIsTakenApart(term: String) throws {
    let run = try started(term: term)
    for sequence in [
      "\u{1B}[1;5C", "\u{1B}[C", "\u{1B}OC", "\u{1B}[1;2A", "\u{1B}[I", "\u{1B}[O", "\u{1B}[>0;276;0c", "\u{1B}[114u",
      "\u{1B}[27;5;114~", "\u{1B}]11;rgb:1111/1111/1111\u{7}", "\u{1B}P>|XTerm(379)\u{1B}\\", "\u{1B}r", "\u{1B}Oq",
      "\u{1B}[[A\u{1B}[[B",
    ] {
      run.send(sequence)
      Self.pause(run, 20)
      run.send("\u{1B}")
      Self.pause(run, 300)
    }
    expectUntouched(run, term)
    end(run)
  }

  @Test func aSequenceThatALinkCutsIsWhole() throws {
    let run = try started()
    var slowest = 0.0
    for pause in [60.0, 150] {
      for sequence in [
        ["\u{1B}", "[1;", "5C"], ["\u{1B}[", "1;5", "D"], ["\u{1B}", "[C"], ["\u{1B}]0;", "rrr", "\u{7}"], ["\u{C3}"],
      ] {
        run.holdsAnswers = true
        for part in sequence {
          run.send(part)
          slowest = max(slowest, Self.pause(run, pause))
        }
        run.holdsAnswers = false
      }
    }
    guard slowest < 900 else {
      print("skipped: this machine is too busy for pauses of \(slowest) ms to be told from the end of a sequence")
      return
    }
    expectUntouched(run, "cut sequences")
    end(run)
  }

  @Test func aPasteIsOneTextInAFieldAndNothingElsewhere() throws {
    let run = try started()
    #expect(run.screen.modes.contains(2004))
    run.send("\u{1B}[200~recording 1234567 m c v q\n:quit\r\u{1B}[201~")
    expectUntouched(run, "a paste")
    run.send(":")
    #expect(run.wait { $0.shows("Tab completes") })
    run.send("\u{1B}[200~  theme\nnord\u{7} \u{1B}[201~")
    #expect(run.wait { $0.shows(":theme nord") }, "\(run.screen.text)")
    run.send("\u{1B}")
    #expect(run.wait { !$0.shows("Tab completes") })
    end(run)
  }

  @Test func theFirstClickCounts() throws {
    for _ in 0..<3 {
      let run = try started()
      let list = try #require(run.screen.place(of: "²detections"))
      try #require(run.wait { $0.screen.line(list.y + 3).contains("●") })
      run.click(list.x + 4, list.y + 3)
      #expect(
        run.wait(seconds: 5) { run in
          (list.y..<(list.y + 12)).contains { run.screen.cell(list.x + 3, $0).isBold && $0 > list.y + 1 }
        },
        "\(run.screen.text)")
      end(run)
    }
  }

  /// Ten thousand sequences of every kind at once; a hundred thousand go through the parser's own tests.
  @Test func randomSequencesChangeNothing() throws {
    let run = try started()
    var random = SystemRandomNumberGenerator()
    var sent = 0
    while sent < 10_000 {
      var text = ""
      for _ in 0..<50 {
        let body = (0..<Int.random(in: 1...6, using: &random)).map { _ in
          "0123456789;:".randomElement(using: &random) ?? "0"
        }
        // Finals of no key: the numbers of a few would name one.
        let final = "EGIJKLNOSTUVWXYbcdefghijklmopqrstvwxyz@`{|}".randomElement(using: &random) ?? "b"
        text +=
          [
            "\u{1B}[" + String(body) + String(final), "\u{1B}]" + String(body) + "r\u{7}",
            "\u{1B}P" + String(body) + "q\u{1B}\\",
          ]
          .randomElement(using: &random) ?? ""
        sent += 1
      }
      run.send(text)
      run.pump(milliseconds: 10)
    }
    expectUntouched(run, "random sequences")
    end(run)
  }
}
