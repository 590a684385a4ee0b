import CVideo4Linux
import Glibc
import Ground
import Vision

/// One uninterrupted run of a camera: opened, negotiated, streaming. When it breaks, it is closed and another is made.
///
/// Belongs to the capture thread.
final class CameraStream {
  enum Event {
    case frame(Frame)
    /// The wait is over, nothing came.
    case silence
    /// Something came, but no picture.
    case damaged(DamagedPicture)
    /// The stream cannot go on as it is and must be reopened.
    case broken(Break)
  }

  /// Why a stream ended.
  enum Break: Equatable {
    case disconnected
    case formatChanged
    case ended
    case failed(SystemError)

    /// For the user to read.
    var reason: String {
      switch self {
      case .disconnected: "the camera is disconnected"
      case .formatChanged: "the camera changed its picture format"
      case .ended: "the camera ended the stream"
      case .failed(let error): "the camera's driver failed (\(error.lowercaseWords))"
      }
    }
  }

  /// What goes on from one stream of a camera to the next.
  struct Continuity {
    var sequence = FrameSequence()
    var timestamps = TimestampFilter()
    var passedOver: UInt64 = 0
    var damaged: UInt64 = 0
  }

  let device: CameraDevice
  let format: NegotiatedFormat
  private let ring: BufferRing
  private let assembler: FrameAssembler
  private(set) var period: FramePeriod
  var continuity: Continuity
  private var isClosed = false

  /// Remarks for the user on how it started.
  private(set) var remarks: [String] = []

  /// - Parameters:
  ///   - desk: knows the controls to set.
  ///   - isFirst: whether a control that the request demands and that cannot be set is an error; on a camera that is there
  ///     again it is a remark, since a picture with the wrong exposure is better than none.
  init(
    path: String, request: SourceRequest, system: any SystemCalls, pool: PixelPool, continuity: Continuity,
    desk: ControlDesk, isFirst: Bool
  ) throws(CaptureError) {
    device = try CameraDevice(path: path, system: system)
    do {
      adoptInputTimings(device)
      for wish in desk.wishes(for: device.identity.inWords) {
        do {
          try CameraControls.set(wish.setting, on: device)
        } catch  where !(isFirst && wish.isDemanded) && error.errno != ENODEV {
          remarks.append(error.what)
        }
      }
      for type in [V4L2_EVENT_SOURCE_CHANGE, V4L2_EVENT_EOS] {
        var subscription = v4l2_event_subscription()
        subscription.type = UInt32(type)
        try? device.call(ocv_subscribe_event, &subscription)
      }
      let isReduced: Bool
      (format, assembler, ring, isReduced) = try Self.begin(device, request, pool)
      if isReduced { remarks.append("the USB bus has no room for more than \(format.words)") }
    } catch {
      device.close()
      throw error
    }
    period = FramePeriod(framesPerSecond: format.framesPerSecond)
    self.continuity = continuity
    self.continuity.sequence.restart()
  }

  /// Negotiates and starts. Where the bus has no room for a format, one that needs less is tried: USB hubs are shared.
  private static func begin(
    _ device: CameraDevice, _ request: SourceRequest, _ pool: PixelPool
  ) throws(CaptureError) -> (NegotiatedFormat, FrameAssembler, BufferRing, isReduced: Bool) {
    var limit: Double?
    while true {
      let format = try FormatNegotiation.negotiate(device, request, below: limit)
      let assembler = try FrameAssembler(format, pool: pool, now: { device.system.now })
      do {
        return (format, assembler, try BufferRing(device, planeCount: format.encoding.memoryPlanes), limit != nil)
      } catch  where error.code == ENOSPC {
        // Each round asks for a tenth less than the one before, so it ends.
        limit = format.bandwidth
      } catch {
        switch error.code {
        case EBUSY, ENODEV: throw CameraDevice.explain(error, opening: device)
        default:
          throw CaptureError(
            .deviceFailed, "the camera does not start (\(error.lowercaseWords))", place: device.path, errno: error.code)
        }
      }
    }
  }

  deinit { close() }

  func close() {
    guard !isClosed else { return }
    isClosed = true
    ring.stop()
    device.close()
  }

  /// What happens next, after at most `timeout` milliseconds.
  func next(timeout: Int) -> Event {
    let hasBuffers = ring.queueMissing()
    let happened: Int16
    do {
      happened = try device.system.poll(device.descriptor, Int16(POLLIN | POLLPRI), milliseconds: timeout)
    } catch {
      return error.code == EINTR ? .silence : .broken(.failed(error))
    }
    if happened & Int16(POLLPRI) != 0, let reason = readEvents() { return .broken(reason) }
    if happened & Int16(POLLIN | POLLERR | POLLHUP | POLLNVAL) != 0 { return drain(afterTrouble: happened) }
    return hasBuffers ? .silence : .broken(.failed(SystemError(EINVAL)))
  }

  /// Takes everything that is ready and keeps the newest that can be a picture; older ones were late already.
  private func drain(afterTrouble happened: Int16) -> Event {
    var newest: BufferRing.Filled?
    var damage: DamagedPicture?
    // A driver that always has one more buffer ready would hold this loop forever.
    for _ in 0..<64 {
      let filled: BufferRing.Filled?
      do {
        filled = try ring.dequeue()
      } catch  where error.code == EBADMSG {
        continuity.damaged += 1
        unnumbered += 1
        damage = DamagedPicture(.flagged, "an unknown buffer")
        break
      } catch {
        if let newest { ring.giveBack(newest.index) }
        return .broken(error.code == ENODEV ? .disconnected : .failed(error))
      }
      guard let filled else { break }
      if filled.flags & UInt32(V4L2_BUF_FLAG_ERROR) != 0 {
        // Its frame number is not to be believed either: after a failed transfer it is 0.
        ring.giveBack(filled.index)
        continuity.damaged += 1
        unnumbered += 1
        damage = DamagedPicture(.flagged)
        continue
      }
      if let older = newest {
        ring.giveBack(older.index)
        continuity.passedOver += 1
        unnumbered += 1
      }
      newest = filled
      payload = ring.payload
      // Asked for rather than tried: as a rule there is no second one, and errors cost more than answers.
      guard isAnotherReady else { break }
    }
    guard let newest else {
      if let damage { return .damaged(damage) }
      // poll() reported an error, yet there is neither a buffer nor an error to fetch: nothing will come any more.
      if happened & Int16(POLLHUP) != 0 { return .broken(.disconnected) }
      if happened & Int16(POLLERR | POLLNVAL) != 0 { return .broken(.failed(SystemError(EIO))) }
      return .silence
    }
    return assemble(newest)
  }

  private var isAnotherReady: Bool {
    let ready = try? device.system.poll(device.descriptor, Int16(POLLIN), milliseconds: 0)
    return (ready ?? 0) & Int16(POLLIN) != 0
  }

  private var payload: [UnsafeRawBufferPointer] = []
  /// Buffers taken since the last numbered one, whose numbers are missing for reasons of ours.
  private var unnumbered: UInt64 = 0

  private func assemble(_ filled: BufferRing.Filled) -> Event {
    // Emptied so that the ring's array is its own again and the next buffer costs no copy of it.
    defer { payload = [] }
    let taken = device.system.now
    let most = period.framesPossible(until: taken)
    period.arrived(taken)
    let number = continuity.sequence.advance(to: filled.sequence, seen: unnumbered, atMost: most)
    unnumbered = 0
    let moment = continuity.timestamps.moment(filled, now: taken)
    switch assembler.assemble(payload, release: { ring.giveBack(filled.index) }) {
    case .failure(let damage):
      continuity.damaged += 1
      return .damaged(damage)
    case .success(let picture):
      var frame = Frame(image: picture.image, sequence: number, timestamp: moment)
      frame.captureNanoseconds = taken.nanoseconds(since: moment)
      frame.decodeNanoseconds = picture.decodeNanoseconds
      frame.jpeg = picture.jpeg
      frame.driverDrops = continuity.sequence.drops
      frame.passedOver = continuity.passedOver
      frame.damaged = continuity.damaged
      return .frame(frame)
    }
  }

  /// Reads all pending events; whether one of them ends the stream.
  private func readEvents() -> Break? {
    var result: Break?
    for _ in 0..<32 {
      guard let event = device.asked(ocv_dqevent, v4l2_event()) else { break }
      switch Int32(event.type) {
      case V4L2_EVENT_SOURCE_CHANGE: result = .formatChanged
      case V4L2_EVENT_EOS: result = .ended
      default: break
      }
    }
    return result
  }

  /// Whether the input says that nothing is connected to it (HDMI and analogue grabbers); frames may come all the same.
  ///
  /// uvcvideo never says so, and asks the webcam each time, which one whose firmware hangs answers after seconds.
  var inputTrouble: String? { device.identity.driver == "uvcvideo" ? nil : CameraInput(device)?.trouble }
}

/// Takes over the timings of a digital input, which must happen before its format is set.
private func adoptInputTimings(_ device: CameraDevice) {
  guard CameraInput(device)?.hasTimings == true, var timings = device.asked(ocv_query_dv_timings, v4l2_dv_timings())
  else { return }
  try? device.call(ocv_s_dv_timings, &timings)
}

/// The connector that a camera or grabber captures from.
private struct CameraInput {
  var trouble: String?
  var hasTimings: Bool

  init?(_ device: CameraDevice) {
    guard let index = device.asked(ocv_g_input, Int32(0)), index >= 0 else { return nil }
    var query = v4l2_input()
    query.index = UInt32(index)
    guard let input = device.asked(ocv_enuminput, query) else { return nil }
    hasTimings = input.capabilities & UInt32(V4L2_IN_CAP_DV_TIMINGS) != 0
    trouble = Self.states.first { input.status & UInt32($0.flag) != 0 }?.words
    if trouble == nil, hasTimings { trouble = Self.timingTrouble(device) }
  }

  private static let states: [(flag: Int32, words: String)] = [
    (V4L2_IN_ST_NO_POWER, "the camera's input has no power"),
    (V4L2_IN_ST_NO_SIGNAL, "no signal at the camera's input"),
    (V4L2_IN_ST_NO_SYNC, "no synchronisation at the camera's input"),
  ]

  /// Some grabbers say what is wrong with their signal only when they are asked for its timings.
  private static func timingTrouble(_ device: CameraDevice) -> String? {
    var timings = v4l2_dv_timings()
    do {
      try device.call(ocv_query_dv_timings, &timings)
      return nil
    } catch {
      switch error.code {
      case ENOLINK: return "no signal at the camera's input"
      case ENOLCK: return "no synchronisation at the camera's input"
      case ERANGE: return "the signal at the camera's input is out of range"
      default: return nil
      }
    }
  }
}
