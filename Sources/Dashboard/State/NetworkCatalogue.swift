/// A network that can be downloaded, as the catalogue's box lists it.
public struct NetworkOffer: Sendable, Equatable {
  public var name: String
  /// "detection", "classification".
  public var task: String
  public var bytes: Int
  public var license: String
  /// Where it comes from, for people; may be empty.
  public var source: String
  /// Whether it is here already.
  public var isInstalled: Bool
  /// Whether it is a network to begin with.
  public var isSuggested: Bool
  /// Whether it looks at the whole picture by itself, rather than at the objects of another network.
  public var isFirstStage: Bool
  /// Whether a session can run it by its name alone.
  public var isUsable: Bool

  public init(
    name: String, task: String, bytes: Int, license: String, source: String = "", isInstalled: Bool = false,
    isSuggested: Bool = false, isFirstStage: Bool = true, isUsable: Bool = true
  ) {
    self.name = name
    self.task = task
    self.bytes = bytes
    self.license = license
    self.source = source
    self.isInstalled = isInstalled
    self.isSuggested = isSuggested
    self.isFirstStage = isFirstStage
    self.isUsable = isUsable
  }
}

/// The download of a network.
public struct NetworkDownload: Sendable, Equatable {
  public enum State: Sendable, Equatable {
    case running
    case done
    case cancelled
    /// One line: what, where, and what to do about it.
    case failed(reason: String)
  }

  public var name: String
  /// Bytes so far, and altogether.
  public var received: Int
  public var total: Int
  public var state: State

  public init(name: String, received: Int, total: Int, state: State) {
    self.name = name
    self.received = received
    self.total = total
    self.state = state
  }
}

/// The networks that can be downloaded, and their downloads: the program brings them, the dashboard only asks. Every call is
/// thread-safe, and all but ``offers()`` return at once.
public protocol NetworkCatalogue: AnyObject, Sendable {
  /// What can be downloaded, what to begin with first. Reads a small file.
  ///
  /// - Throws: an error whose line says what is wrong with it.
  func offers() throws -> [NetworkOffer]

  /// Begins a download; one that runs already goes on, and this call has no effect.
  func download(_ name: String)

  /// Stops the download; what has arrived is kept, so that it can be resumed.
  func cancel()

  /// The download that was begun last; nil before the first.
  var latest: NetworkDownload? { get }
}
