import ArgumentParser
import Dashboard
import Glibc
import Pipeline
import Service

/// A session with the dashboard before it.
struct DashboardRun {
  var request: SessionRequest
  var front: FrontOptions

  func run() throws {
    guard isatty(STDOUT_FILENO) != 0, isatty(STDIN_FILENO) != 0 else {
      throw CommandFailure(
        what: "standard input and output are not a terminal",
        remedy: "run it in one, or use --headless --json")
    }
    var use = LiveSession.Use()
    use.remembersNetwork = true
    let live = try ChangingSession(request, use)
    let downloads = Downloads()
    // What has arrived is kept; `curl` must not outlive the program.
    defer { downloads.cancel() }
    let dashboard = try Dashboard(session: live, options: front.dashboard, catalogue: downloads)
    try live.start()
    if let compare = request.compare { live.session.perform(.compare(with: compare)) }
    defer { live.close() }
    switch try dashboard.run() {
    case .quit, .hangup: break
    case .signal: throw ExitCode(130)
    }
  }
}
