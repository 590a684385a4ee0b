import ArgumentParser

/// The flags of commands that can run without a terminal.
struct HeadlessOptions: ParsableArguments {
  @Flag(name: .long, help: "No terminal: process frames until the source ends or a signal comes.")
  var headless = false

  @Flag(name: .long, help: "With --headless: one JSON line per processed frame on standard output.")
  var json = false

  @Option(name: .long, help: "With --headless: stop after this many processed frames.")
  var frames: UInt64?

  func validate() throws {
    if json || frames != nil, !headless { throw ValidationError("--json and --frames go with --headless") }
    if frames == 0 { throw ValidationError("--frames takes 1 or more") }
  }
}
