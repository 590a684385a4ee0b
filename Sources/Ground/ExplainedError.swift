/// An error that tells an operator, in one line, what failed, where, and what to do about it.
///
/// Every module throws a type of its own that conforms; the commands print ``line`` on standard error and exit with
/// status 1.
public protocol ExplainedError: Error, CustomStringConvertible, Sendable {
  /// What went wrong: "unknown operator 'Foo'".
  var what: String { get }
  /// Where: a path, a node, a line of a file. Empty where the place is plain from ``what``.
  var place: String { get }
  /// What the reader can do about it. Empty where there is nothing to do.
  var remedy: String { get }
}

extension ExplainedError {
  /// The whole error on one line: `place: what (remedy)`; control characters from outside are made harmless.
  public var line: String {
    let head = place.isEmpty ? what : "\(place): \(what)"
    return (remedy.isEmpty ? head : "\(head) (\(remedy))").plainLine
  }

  public var description: String { line }
}
