import Ground

/// A failure that a command itself finds; the commands print its line and exit with status 1.
struct CommandFailure: ExplainedError {
  var what: String
  var place = ""
  var remedy = ""
}
