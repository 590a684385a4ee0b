import ArgumentParser

/// The flags of commands that can run without a terminal.
struct HeadlessOptions: ParsableArguments {
  @Flag(name: .long, help: "Run without a terminal until the source or recording ends or a signal arrives.")
  var headless = false

  @Flag(name: .long, help: "With --headless: write one JSON line per processed frame to standard output.")
  var json = false

  @Option(name: .long, help: ArgumentHelp("With --headless: stop after this many processed frames.", valueName: "N"))
  var frames: UInt64?

  func validate() throws {
    if json || frames != nil, !headless { throw ValidationError("--json and --frames go with --headless") }
    if frames == 0 { throw ValidationError("--frames takes 1 or more") }
  }
}
