/// An error that tells a user, in one line, what failed, where, and what to do about it.
///
/// Every module throws an ``Explained`` of its own kinds; the commands print ``line`` on standard error and exit with
/// status 1.
public protocol ExplainedError: Error, CustomStringConvertible, Sendable {
  /// The failure: "unknown operator 'Foo'".
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

/// The error of a module: a cause for programs to tell apart, and the words for its user.
///
/// A module names its own: `public typealias CodecError = Explained<CodecErrorKind>`.
public struct Explained<Cause: Equatable & Sendable>: ExplainedError, Equatable {
  public typealias Kind = Cause

  public var kind: Cause
  public var what: String
  public var place: String
  public var remedy: String
  /// The system's error number behind it; 0 where there is none.
  public var errno: Int32

  public init(_ kind: Cause, _ what: String, place: String = "", remedy: String = "", errno: Int32 = 0) {
    self.kind = kind
    self.what = what
    self.place = place
    self.remedy = remedy
    self.errno = errno
  }

  /// The same error with `outer`, a file or the part of one that was being read, put before its place; unchanged where
  /// it names that place already.
  public func at(_ outer: String) -> Self {
    var copy = self
    if place != outer { copy.place = place.isEmpty ? outer : "\(outer): \(place)" }
    return copy
  }
}
