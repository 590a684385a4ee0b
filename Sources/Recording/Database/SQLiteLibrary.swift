import Glibc
public import Ground

/// SQLite (libsqlite3), loaded when the first data base is opened: bags of ROS 2 are the only ones, and most users have none.
///
/// The few functions that reading takes. Source: https://sqlite.org/c3ref/funclist.html.
public final class SQLiteLibrary: Sendable {
  typealias Handle = OpaquePointer
  typealias Text = UnsafePointer<CChar>

  typealias OpenFunction =
    @convention(c) @Sendable (Text?, UnsafeMutablePointer<Handle?>?, Int32, Text?) -> Int32
  typealias PrepareFunction =
    @convention(c) @Sendable (
      Handle?, Text?, Int32, UnsafeMutablePointer<Handle?>?, UnsafeMutablePointer<Text?>?
    ) -> Int32
  typealias HandleFunction = @convention(c) @Sendable (Handle?) -> Int32
  typealias TextFunction = @convention(c) @Sendable (Handle?) -> Text?
  typealias LimitFunction = @convention(c) @Sendable (Handle?, Int32, Int32) -> Int32
  typealias BindFunction = @convention(c) @Sendable (Handle?, Int32, Int64) -> Int32
  typealias IntegerFunction = @convention(c) @Sendable (Handle?, Int32) -> Int64
  typealias CountFunction = @convention(c) @Sendable (Handle?, Int32) -> Int32
  typealias BytesFunction = @convention(c) @Sendable (Handle?, Int32) -> UnsafeRawPointer?
  typealias VersionFunction = @convention(c) @Sendable () -> Text?

  let open: OpenFunction
  let close: HandleFunction
  let prepare: PrepareFunction
  let step: HandleFunction
  let reset: HandleFunction
  let finalize: HandleFunction
  let errorText: TextFunction
  let limit: LimitFunction
  let bindInteger: BindFunction
  let integer: IntegerFunction
  let type: CountFunction
  let count: CountFunction
  let blob: BytesFunction
  private let versionText: VersionFunction

  /// The version, such as "3.40.1".
  public var version: String { versionText().map { String(cString: $0) } ?? "" }

  /// The names under which Linux systems have it: with the number of its interface, and as developers have it.
  private static let names = ["libsqlite3.so.0", "libsqlite3.so"]

  private init() throws(RecordingError) {
    var library: UnsafeMutableRawPointer?
    for name in SQLiteLibrary.names where library == nil { library = dlopen(name, RTLD_NOW | RTLD_LOCAL) }
    guard let library else {
      throw RecordingError(
        .toolMissing, "SQLite is not installed, which bags of the storage sqlite3 (.db3) need",
        remedy: "apt install libsqlite3-0, or convert the bag to MCAP")
    }
    func symbol<Function>(_ name: String, _: Function.Type) throws(RecordingError) -> Function {
      guard let address = dlsym(library, name) else {
        throw RecordingError(.toolMissing, "the installed SQLite lacks \(name)", remedy: "apt install libsqlite3-0")
      }
      // Safe: the function's type is that of SQLite's header.
      return unsafeBitCast(address, to: Function.self)
    }
    open = try symbol("sqlite3_open_v2", OpenFunction.self)
    close = try symbol("sqlite3_close_v2", HandleFunction.self)
    prepare = try symbol("sqlite3_prepare_v2", PrepareFunction.self)
    step = try symbol("sqlite3_step", HandleFunction.self)
    reset = try symbol("sqlite3_reset", HandleFunction.self)
    finalize = try symbol("sqlite3_finalize", HandleFunction.self)
    errorText = try symbol("sqlite3_errmsg", TextFunction.self)
    limit = try symbol("sqlite3_limit", LimitFunction.self)
    bindInteger = try symbol("sqlite3_bind_int64", BindFunction.self)
    integer = try symbol("sqlite3_column_int64", IntegerFunction.self)
    type = try symbol("sqlite3_column_type", CountFunction.self)
    count = try symbol("sqlite3_column_bytes", CountFunction.self)
    blob = try symbol("sqlite3_column_blob", BytesFunction.self)
    versionText = try symbol("sqlite3_libversion", VersionFunction.self)
  }

  private static let loaded: Result<SQLiteLibrary, RecordingError> = {
    do throws(RecordingError) { return .success(try SQLiteLibrary()) } catch { return .failure(error) }
  }()

  /// The library.
  ///
  /// - Throws: ``RecordingError`` of the kind `.toolMissing` where it is not installed.
  public static func load() throws(RecordingError) -> SQLiteLibrary { try loaded.get() }
}
