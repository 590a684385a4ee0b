import Ground
import Vision

/// A source with faults at set times, over any other source: `demo:fault=freeze@5s`, and tests of all that is behind.
public final class FaultySource: FrameSource {
  private let worker: FaultWorker

  public init(_ source: any FrameSource, faults: [SourceFault]) {
    worker = FaultWorker(source, faults)
  }

  public var description: SourceDescription { worker.source.description }
  public var refusals: Int { worker.source.refusals }
  public var controls: ControlDesk? { worker.source.controls }
  public func next(timeout: Int) throws -> SourceEvent { try worker.next(timeout: timeout) }
  public func close() { worker.source.close() }
}

/// Called by the capture thread alone, as ``FrameSource`` promises; hence unchecked.
private final class FaultWorker: @unchecked Sendable {
  let source: any FrameSource
  private let faults: [SourceFault]
  private var first: MonotonicTime?
  private var lastFrame: Frame?
  private var extraDrops: UInt64 = 0
  private var count: UInt64 = 0
  private var isAway = false

  init(_ source: any FrameSource, _ faults: [SourceFault]) {
    self.source = source
    self.faults = faults
  }

  func next(timeout: Int) throws -> SourceEvent {
    let event = try source.next(timeout: timeout)
    guard case .frame(let frame) = event else { return event }
    let begin = first ?? frame.timestamp
    first = begin
    count += 1
    let seconds = Double(frame.timestamp.nanoseconds(since: begin)) / 1e9
    var result = frame
    result.driverDrops += extraDrops
    for fault in faults where fault.isActive(seconds) {
      switch fault.kind {
      case .freeze: if let lastFrame { result.image = lastFrame.image }
      case .stall: return silence(at: frame)
      case .disconnect:
        isAway = true
        return .noSignal(
          reason: "the camera is disconnected, retrying", since: lastFrame?.captured ?? frame.captured)
      case .fail: throw CaptureError(.deviceFailed, "failed, as its name asks", place: source.description.name)
      case .end: return .end
      case .drops:
        if count % 2 == 0 {
          extraDrops += 1
          return .nothing
        }
      case .noise, .dark, .overexposed, .blur, .cover, .flicker:
        result.image = PictureSpoiler.spoil(result.image, fault.kind, frame: count)
        result.jpeg = nil
      }
    }
    lastFrame = result
    guard !isAway else {
      // The frame itself is lost, as it would be while a camera starts.
      isAway = false
      return .notice("the camera was plugged in again")
    }
    return .frame(result)
  }

  private func silence(at frame: Frame) -> SourceEvent {
    guard let lastFrame, frame.timestamp.milliseconds(since: lastFrame.timestamp) > 400 else { return .nothing }
    return .noSignal(reason: "no frames from the camera", since: lastFrame.captured)
  }
}
