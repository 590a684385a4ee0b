import Glibc
public import Ground
import Synchronization
import Vision

/// The demo scene as a live camera: frames come at the requested rate, and are lost when they are not fetched in time. A
/// driver keeps a few in its buffers for a reader who is late, and so does this.
public final class DemoSource: FrameSource {
  public let description: SourceDescription

  private struct State: ~Copyable {
    var renderer: SceneRenderer?
    let start: MonotonicTime
    var next: UInt64 = 0
    var drops: UInt64 = 0
  }

  private let state: Mutex<State>
  private let pool: PixelPool
  private let camera = DemoControls()
  private let desk: ControlDesk
  /// As many frames wait to be fetched; cameras are asked for as many buffers.
  private static let buffers: UInt64 = 4
  /// Nanoseconds.
  private let period: Double

  /// Prepares the scene: some milliseconds at 640x480, the default size; 30 frames a second are the default rate.
  ///
  /// - Throws: ``CaptureError`` for a size or rate that cannot be.
  public init(name: String = "demo", options: DemoOptions, request: SourceRequest = SourceRequest())
    throws(CaptureError)
  {
    let (width, height) = Self.size(request)
    let rate = request.framesPerSecond ?? 30
    guard (32...4096).contains(width), (32...4096).contains(height) else {
      throw CaptureError(
        .unsupported, "the demo scene cannot be \(width)x\(height)", place: name, remedy: "32x32 to 4096x4096")
    }
    guard rate.isFinite, rate >= 0.1, rate <= 1000 else {
      throw CaptureError(
        .unsupported, "the demo scene cannot run at \(rate) frames a second", place: name, remedy: "0.1 to 1000")
    }
    description = SourceDescription(
      name: name, detail: "rendered scene, seed \(options.seed)", width: width, height: height, framesPerSecond: rate,
      isLive: true)
    period = 1e9 / rate
    pool = PixelPool(capacity: 8)
    desk = ControlDesk(camera, asked: request.controls, memory: request.controlMemory)
    // Safe to hand over: the renderer is created here and from then on only reached through the mutex.
    state = Mutex(
      State(
        renderer: SceneRenderer(options: options, width: width, height: height, framesPerSecond: rate), start: .now))
    setControls()
  }

  /// What is asked for that this camera does not have is told of: the flags may be meant for a real one.
  private func setControls() {
    for wish in desk.wishes(for: Self.cameraName) {
      do throws(CaptureError) { try camera.set(wish.setting) } catch { desk.tell(error.what, isTrouble: true) }
    }
  }

  private static let cameraName = "demo scene"

  public var controls: ControlDesk? { desk }

  /// The asked size; one side alone brings the other along at 4:3.
  private static func size(_ request: SourceRequest) -> (Int, Int) {
    switch (request.width, request.height) {
    case (let width?, let height?): (width, height)
    case (let width?, nil): (width, (width / 4).multipliedReportingOverflow(by: 3).partialValue)
    case (nil, let height?): ((height / 3).multipliedReportingOverflow(by: 4).partialValue, height)
    case (nil, nil): (640, 480)
    }
  }

  public func next(timeout: Int) throws -> SourceEvent {
    try state.withLock { state in
      guard let renderer = state.renderer else { return .end }
      skipMissed(&state)
      let due = MonotonicTime(nanoseconds: state.start.nanoseconds + Int64(saturating: Double(state.next) * period))
      let wait = due.nanoseconds - MonotonicTime.now.nanoseconds
      let limit = Int64(max(0, timeout)) * 1_000_000
      Self.sleep(min(wait, limit))
      guard wait <= limit else { return .nothing }
      let frame = try expose(renderer, state, due: due)
      state.next += 1
      return .frame(frame)
    }
  }

  /// Renders the due frame.
  private func expose(_ renderer: SceneRenderer, _ state: borrowing State, due: MonotonicTime) throws -> Frame {
    let begun = MonotonicTime.now
    let storage = pool.take(width * height * 3)
    guard let base = storage.bytes.baseAddress,
      let image = Image(packed: width, height, .rgb24, fullRange: true, storage: storage)
    else { throw CaptureError(.deviceFailed, "no memory for a frame", place: description.name) }
    renderer.exposure = camera.exposure
    renderer.render(frame: state.next, into: base.assumingMemoryBound(to: UInt8.self))
    var frame = Frame(image: image, sequence: state.next, timestamp: due)
    frame.captureNanoseconds = MonotonicTime.now.nanoseconds(since: begun)
    frame.driverDrops = state.drops
    return frame
  }

  private var width: Int { description.width }
  private var height: Int { description.height }

  /// Frames that were not fetched while there were buffers for them are lost, as a camera's would be.
  private func skipMissed(_ state: inout State) {
    let elapsed = Double(MonotonicTime.now.nanoseconds(since: state.start))
    let current = UInt64(saturating: max(0, elapsed / period))
    guard current > state.next + Self.buffers else { return }
    state.drops += current - state.next - Self.buffers
    state.next = current - Self.buffers
  }

  private static func sleep(_ nanoseconds: Int64) {
    guard nanoseconds > 0 else { return }
    var span = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    // A signal may end it early; the caller then says `.nothing`, or the frame is a little early.
    nanosleep(&span, nil)
  }

  public func close() {
    desk.close()
    state.withLock { $0.renderer = nil }
  }
}
