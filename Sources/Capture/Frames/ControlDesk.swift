import Ground
import Synchronization

/// What can be asked of a source's controls: a value, as session commands are.
public enum ControlRequest: Sendable, Hashable, Codable {
  /// Reads them all again: automatic modes change them.
  case read
  case set(name: String, value: Int)
  /// To the driver's own value.
  case reset(name: String)
  case resetAll
  /// Has this camera begin with what is set now, in later sessions too.
  case remember
}

/// The controls of a source at a moment.
public struct ControlListing: Sendable, Equatable, Codable {
  public var controls: [CameraControl] = []
  /// Whether they have been read.
  public var isKnown = false
  /// Whether the camera begins its next session with them.
  public var isRemembered = false

  public init() {}
}

/// What became of a request, for the user to read.
public struct ControlReport: Sendable, Equatable {
  public var message: String
  public var isTrouble: Bool
}

/// The hardware below a ``ControlDesk``. Its calls may take as long as a USB transfer.
package protocol ControlDriver: Sendable {
  func list() throws(CaptureError) -> [CameraControl]
  func set(_ setting: ControlSetting) throws(CaptureError)
}

/// A setting at the opening of a camera.
struct ControlWish: Equatable {
  var setting: ControlSetting
  /// Whether a camera that refuses it cannot be used: the user named it on the command line.
  var isDemanded: Bool
}

/// Reads and changes the controls of a running source, and keeps what was set for the next time the source is opened.
///
/// Every call is thread-safe and returns at once. Requests are carried out one after the other on a thread that lives while
/// there are some: neither capture nor the screen waits for a camera's answer.
public final class ControlDesk: Sendable {
  /// Runs the work on a thread.
  package typealias Start = @Sendable (@escaping @Sendable () -> Void) throws -> Void

  fileprivate struct State {
    var listing = ControlListing()
    /// What the source is opened with, in the order of setting.
    var wishes: [ControlSetting]
    var camera = ""
    var isOpened = false
    var requests: [ControlRequest] = []
    var isServing = false
    var isClosed = false
    var receiver: (@Sendable (ControlReport) -> Void)?
    /// Reports that nobody took yet; bounded.
    var untold: [ControlReport] = []
  }

  package static let thread: Start = { _ = try WorkerThread(name: "controls", body: $0) }

  private static let most = 64
  private let driver: any ControlDriver
  private let memory: ControlMemory?
  private let start: Start
  private let state: Mutex<State>

  /// - Parameters:
  ///   - asked: the settings of the source's request.
  ///   - memory: nil remembers nothing.
  package init(
    _ driver: any ControlDriver, asked: [ControlSetting], memory: ControlMemory?,
    start: @escaping Start = ControlDesk.thread
  ) {
    self.driver = driver
    self.memory = memory
    self.start = start
    state = Mutex(State(wishes: asked))
  }

  /// The controls as they were read last, with the changes that are on their way.
  public var listing: ControlListing { state.withLock { $0.listing } }

  /// Has the outcome of requests told to `receiver`, on any thread; what was not told before comes first.
  public func report(to receiver: @escaping @Sendable (ControlReport) -> Void) {
    let untold = state.withLock { state in
      state.receiver = receiver
      defer { state.untold = [] }
      return state.untold
    }
    untold.forEach(receiver)
  }

  /// Asks for something; the outcome shows in ``listing`` and, where it is worth a word, in a report.
  public func ask(_ request: ControlRequest) {
    let begins = state.withLock { state -> Bool in
      guard !state.isClosed else { return false }
      state.foresee(request)
      // Of a key that is held down, only the newest value counts.
      if let waiting = state.requests.lastIndex(where: { $0.isReplaced(by: request) }) {
        state.requests.remove(at: waiting)
      }
      guard state.requests.count < Self.most else { return false }
      state.requests.append(request)
      defer { state.isServing = true }
      return !state.isServing
    }
    guard begins else { return }
    do {
      try start { [self] in serve() }
    } catch {
      state.withLock { state in
        state.isServing = false
        state.requests = []
      }
      tell("the controls cannot be changed: \(error)", isTrouble: true)
    }
  }

  /// Takes no more requests.
  package func close() {
    state.withLock { state in
      state.isClosed = true
      state.requests = []
    }
  }

  // MARK: Opening

  /// What a camera that has been opened is to be set to, in this order: of the first opening what is remembered and what the
  /// request demands, later all that was set since.
  func wishes(for camera: String) -> [ControlWish] {
    let isFirst = state.withLock { state in
      defer { (state.isOpened, state.camera) = (true, camera) }
      return !state.isOpened
    }
    guard isFirst else {
      return state.withLock { state in state.settable.map { ControlWish(setting: $0, isDemanded: false) } }
    }
    var remembered: [ControlSetting] = []
    do {
      remembered = try memory?.settings(of: camera) ?? []
    } catch {
      tell("the remembered controls cannot be used: \(error)", isTrouble: true)
    }
    if !remembered.isEmpty {
      let words = remembered.map { "\($0.name)=\($0.value)" }.joined(separator: ", ")
      tell("controls remembered for this camera: \(words)", isTrouble: false)
    }
    return state.withLock { state in
      let asked = state.wishes
      state.wishes = remembered
      asked.forEach { state.wish($0) }
      state.listing.isRemembered = !remembered.isEmpty && state.wishes == remembered
      return state.wishes.map { ControlWish(setting: $0, isDemanded: asked.contains($0)) }
    }
  }

  // MARK: Serving

  private func serve() {
    while let request = next() {
      do throws(CaptureError) { try carryOut(request) } catch {
        tell(error.remedy.isEmpty ? error.what : "\(error.what): \(error.remedy)", isTrouble: true)
      }
      // What was asked for since is shown until it is done.
      guard state.withLock({ $0.requests.isEmpty }) else { continue }
      read()
    }
  }

  private func next() -> ControlRequest? {
    state.withLock { state in
      guard !state.requests.isEmpty else {
        state.isServing = false
        return nil
      }
      return state.requests.removeFirst()
    }
  }

  private func read() {
    do throws(CaptureError) {
      let controls = try driver.list()
      state.withLock { state in
        guard state.requests.isEmpty else { return }
        state.listing.controls = controls
        state.listing.isKnown = true
      }
    } catch {
      tell("the camera's controls cannot be read: \(error.what)", isTrouble: true)
    }
  }

  private func carryOut(_ request: ControlRequest) throws(CaptureError) {
    switch request {
    case .read: return
    case .set(let name, let value):
      let setting = ControlSetting(name: name, value: "\(value)")
      try driver.set(setting)
      // A button has no state that could be kept.
      if listing.controls.first(where: { $0.name == name })?.kind != .button { keep(setting) }
    case .reset(let name): try reset(name)
    case .resetAll: try resetAll()
    case .remember: remember(isAsked: true)
    }
  }

  private func reset(_ name: String) throws(CaptureError) {
    guard let control = try driver.list().first(where: { $0.name == name }) else {
      throw CaptureError(.badName, "the camera has no control '\(name)'")
    }
    guard control.kind != .button else { return }
    let setting = ControlSetting(name: name, value: "\(control.standard)")
    try driver.set(setting)
    keep(setting)
  }

  /// Twice, since an automatic mode that is switched off unlocks others.
  private func resetAll() throws(CaptureError) {
    var trouble: CaptureError?
    for _ in 0..<2 {
      for control in try driver.list() where !control.isLocked && control.kind != .button {
        guard control.value != control.standard else { continue }
        do throws(CaptureError) {
          try driver.set(ControlSetting(name: control.name, value: "\(control.standard)"))
        } catch { trouble = error }
      }
    }
    state.withLock { $0.wishes = [] }
    changed()
    if let trouble { throw trouble }
  }

  private func keep(_ setting: ControlSetting) {
    state.withLock { $0.wish(setting) }
    changed()
  }

  private func changed() {
    state.withLock { $0.listing.isRemembered = false }
    if memory?.isAutomatic == true { remember(isAsked: false) }
  }

  private func remember(isAsked: Bool) {
    guard let memory else { return tell("this session remembers no controls", isTrouble: true) }
    let (settings, camera) = state.withLock { ($0.settable, $0.camera) }
    do {
      try memory.remember(settings, of: camera)
      state.withLock { $0.listing.isRemembered = true }
      guard isAsked else { return }
      tell(
        settings.isEmpty
          ? "nothing is remembered for this camera: it begins with its own controls"
          : "controls remembered for this camera: \(settings.count)", isTrouble: false)
    } catch {
      tell("the controls are not remembered: \(error)", isTrouble: true)
    }
  }

  /// Tells the user, at once or when somebody listens.
  func tell(_ message: String, isTrouble: Bool) {
    let report = ControlReport(message: message, isTrouble: isTrouble)
    let receiver = state.withLock { state in
      if state.receiver == nil, state.untold.count < Self.most { state.untold.append(report) }
      return state.receiver
    }
    receiver?(report)
  }
}

extension ControlDesk.State {
  /// The wishes without those that an automatic mode overrules now: setting them would fail.
  fileprivate var settable: [ControlSetting] {
    wishes.filter { wish in
      !listing.controls.contains { $0.isLocked && ControlName.canonical($0.name) == ControlName.canonical(wish.name) }
    }
  }

  /// Takes a setting among the wishes, in the place of an earlier one of the same control.
  fileprivate mutating func wish(_ setting: ControlSetting) {
    let name = ControlName.canonical(setting.name)
    if let place = wishes.firstIndex(where: { ControlName.canonical($0.name) == name }) {
      wishes[place] = setting
    } else {
      wishes.append(setting)
    }
  }

  /// Shows a change that is on its way, so that the next step starts from it.
  fileprivate mutating func foresee(_ request: ControlRequest) {
    guard case .set(let name, let value) = request,
      let place = listing.controls.firstIndex(where: { $0.name == name && $0.kind != .button })
    else { return }
    listing.controls[place].value = value
  }
}

extension ControlRequest {
  /// Whether a later request makes this one needless.
  fileprivate func isReplaced(by later: ControlRequest) -> Bool {
    switch (self, later) {
    case (.read, .read): true
    case (.set(let name, _), .set(let other, _)): name == other
    default: false
    }
  }
}
