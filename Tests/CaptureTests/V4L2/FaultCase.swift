import CVideo4Linux
import Capture
import Foundation
import Ground
import Testing
import Vision

/// One row of the fault matrix: what is done to a streaming camera, and what must come of it.
struct FaultCase: Sendable, CustomTestStringConvertible {
  var name: String
  /// How the test brings it about.
  var injected: String
  /// What the operator must read; nil when the fault is only counted or costs nothing.
  var shown: String?
  /// When the cause is gone, seconds after the fault began; 0 for faults of a moment.
  var lasts = 0.0
  /// The most frames that may be lost beyond those of the fault's own duration.
  var mayLose = 3
  var camera: @Sendable () -> ScriptedCamera = { ScriptedCamera() }
  /// Brings the fault about, two seconds after the stream began.
  var inject: @Sendable (ScriptedSystem, ScriptedCamera) -> Void

  var testDescription: String { name }

  static let start = 2.0
}

/// What a run of a case showed.
struct FaultOutcome {
  var detected: Double?
  var shown: String?
  var recovered: Double
  var lost: Int
  var damaged: UInt64
  var drops: UInt64
  var isStreaming: Bool
  var finalPath: String
  var leaked: Int

  init(_ fault: FaultCase) throws {
    let camera = fault.camera()
    let system = ScriptedSystem(["/dev/video0": camera])
    let source = try CameraSource(path: "/dev/video0", request: SourceRequest(), system: system)
    system.at(FaultCase.start) { fault.inject($0, camera) }
    let watched = try watch(source, system, for: FaultCase.start + fault.lasts + 14)
    // The longest pause that reaches past the fault's beginning is what it cost.
    var pause = (from: FaultCase.start, to: FaultCase.start)
    for (a, b) in zip(watched.frameTimes, watched.frameTimes.dropFirst()) where b >= FaultCase.start {
      if b - a > pause.to - pause.from { pause = (a, b) }
    }
    lost = max(0, Int(saturating: ((pause.to - pause.from - fault.lasts) * 30).rounded()) - 1)
    recovered = max(0, pause.to - FaultCase.start - fault.lasts)
    let first = watched.reasonTimes.firstIndex { $0 >= FaultCase.start }
    detected = first.map { watched.reasonTimes[$0] - FaultCase.start }
    // The first reason can be a moment's; the operator reads the one that stands longest.
    let reasons = watched.reasons.filter { !$0.hasPrefix("waiting") }
    shown = Dictionary(grouping: reasons) { $0 }.max { ($0.value.count, $1.key) < ($1.value.count, $0.key) }?.key
    damaged = watched.frames.last?.damaged ?? 0
    drops = watched.frames.last?.driverDrops ?? 0
    isStreaming = (watched.frameTimes.last ?? 0) > system.seconds - 0.2
    finalPath = source.description.name
    source.close()
    leaked = system.openDescriptors + system.mapped
  }
}

extension FaultCase {
  private static func mjpeg() -> ScriptedCamera {
    let camera = ScriptedCamera([.init(fourCC: FourCC("MJPG"), sizes: [(64, 48)])])
    let jpeg = testJPEG(64, 48)
    camera.picture = { _ in jpeg }
    return camera
  }

  /// The frames from the fault on, counted from 0, become `delivery(n)`.
  private static func deliver(
    _ delivery: @escaping @Sendable (Int) -> ScriptedCamera.Delivery
  ) -> @Sendable (ScriptedSystem, ScriptedCamera) -> Void {
    { _, camera in
      let first = camera.produced
      camera.delivery = { delivery($0 - first) }
    }
  }

  /// An ioctl fails `count` times when the stream is next opened, which a changed source brings about at once.
  private static func failing(
    _ request: UInt, _ code: Int32, count: Int
  ) -> @Sendable (ScriptedSystem, ScriptedCamera) -> Void {
    { _, camera in
      // Giving the old stream's buffers up is a REQBUFS too, and takes the first failure.
      camera.failures[request] = Array(repeating: code, count: request == ocv_reqbufs ? count + 1 : count)
      camera.pendingEvents = [V4L2_EVENT_SOURCE_CHANGE]
    }
  }

  static let all: [FaultCase] = device + stream + data

  static let device: [FaultCase] = [
    FaultCase(
      name: "unplugged, back on the same node", injected: "every call ENODEV for 5 s",
      shown: "the camera is disconnected, retrying", lasts: 5, mayLose: 64,
      inject: { system, camera in
        camera.gone = true
        system.at(start + 5) { _ in camera.gone = false }
      }),
    FaultCase(
      name: "unplugged, node gone, back under another number", injected: "node removed for 5 s, then /dev/video3",
      shown: "the camera is disconnected, retrying", lasts: 5, mayLose: 64,
      camera: {
        let camera = ScriptedCamera()
        camera.serial = "A1B2"
        return camera
      },
      inject: { system, camera in
        camera.gone = true
        system.nodes["/dev/video0"] = nil
        system.at(start + 5) { system in
          camera.gone = false
          camera.bus = "usb-0000:00:14.0-7"
          system.nodes["/dev/video3"] = camera
        }
      }),
    FaultCase(
      name: "another camera takes its node", injected: "other serial on /dev/video0, the camera on /dev/video1",
      shown: "the camera is disconnected, retrying", lasts: 2, mayLose: 64,
      camera: {
        let camera = ScriptedCamera()
        camera.serial = "A1B2"
        return camera
      },
      inject: { system, camera in
        camera.gone = true
        let other = ScriptedCamera()
        other.serial = "ZZZZ"
        system.nodes["/dev/video0"] = other
        system.at(start + 2) { system in
          camera.gone = false
          system.nodes["/dev/video1"] = camera
        }
      }),
    FaultCase(
      name: "device busy when it comes back", injected: "S_FMT and REQBUFS EBUSY for 4 s",
      shown: "the camera is in use by another program, retrying", lasts: 4, mayLose: 64,
      inject: { system, camera in
        camera.isBusy = true
        camera.pendingEvents = [V4L2_EVENT_EOS]
        system.at(start + 4) { _ in camera.isBusy = false }
      }),
    FaultCase(
      name: "permission lost", injected: "open EACCES for 3 s", shown: "no permission to use the camera, retrying",
      lasts: 3, mayLose: 64,
      inject: { system, camera in
        camera.opensWith = EACCES
        camera.pendingEvents = [V4L2_EVENT_EOS]
        system.at(start + 3) { _ in camera.opensWith = 0 }
      }),
    FaultCase(
      name: "no signal at the input", injected: "V4L2_IN_ST_NO_SIGNAL for 5 s, frames keep coming",
      shown: "no signal at the camera's input", lasts: 5, mayLose: 35,
      inject: { system, camera in
        camera.inputStatus = UInt32(V4L2_IN_ST_NO_SIGNAL)
        system.at(start + 5) { _ in camera.inputStatus = 0 }
      }),
  ]

  static let stream: [FaultCase] = [
    FaultCase(
      name: "stalled stream", injected: "nothing for 1.5 s, no error", shown: "no frames from the camera", lasts: 1.5,
      inject: { system, camera in
        camera.delivery = { _ in .stalled }
        system.at(start + 1.5) { _ in camera.delivery = { _ in .good } }
      }),
    FaultCase(
      name: "dead stream (five failed transfers)", injected: "silence until STREAMON, no error",
      shown: "no frames from the camera", mayLose: 65,
      inject: { _, camera in
        let runs = camera.everStreamed
        camera.delivery = { [unowned camera] _ in camera.everStreamed > runs ? .good : .stalled }
      }),
    FaultCase(
      name: "fatal streaming error", injected: "POLLERR, DQBUF EIO until closed",
      shown: "the camera's driver failed (input/output error), retrying",
      inject: { system, camera in
        camera.failsForever[ocv_dqbuf] = EIO
        camera.pollSays = Int16(POLLERR)
        system.at(start + 0.001) { _ in
          camera.failsForever = [:]
          camera.pollSays = 0
        }
      }),
    FaultCase(
      name: "POLLERR without an error to fetch", injected: "POLLERR, DQBUF EAGAIN",
      shown: "the camera's driver failed (input/output error), retrying",
      inject: { system, camera in
        camera.pollSays = Int16(POLLERR)
        system.at(start + 0.001) { _ in camera.pollSays = 0 }
      }),
    FaultCase(
      name: "hang-up", injected: "POLLHUP", shown: "the camera is disconnected, retrying",
      inject: { system, camera in
        camera.pollSays = Int16(POLLHUP)
        system.at(start + 0.001) { _ in camera.pollSays = 0 }
      }),
    FaultCase(
      name: "signals", injected: "EINTR from 50 polls and 5 DQBUFs",
      inject: { system, camera in
        system.interrupts = 50
        camera.failures[ocv_dqbuf] = Array(repeating: EINTR, count: 5)
      }),
    FaultCase(
      name: "woken for nothing", injected: "POLLIN, DQBUF EAGAIN",
      inject: { _, camera in camera.failures[ocv_dqbuf] = [EAGAIN, EAGAIN, EAGAIN] }),
    FaultCase(
      name: "source changed its resolution", injected: "V4L2_EVENT_SOURCE_CHANGE, now 320x240",
      shown: "the camera changed its picture format, retrying",
      inject: { _, camera in
        camera.forcedSize = (320, 240)
        camera.pendingEvents = [V4L2_EVENT_SOURCE_CHANGE]
      }),
    FaultCase(
      name: "end of stream", injected: "V4L2_EVENT_EOS", shown: "the camera ended the stream, retrying",
      inject: { _, camera in camera.pendingEvents = [V4L2_EVENT_EOS] }),
    FaultCase(
      name: "REQBUFS fails once", injected: "EINVAL at the next start", shown: "the camera does not start",
      mayLose: 12, inject: failing(ocv_reqbufs, EINVAL, count: 1)),
    FaultCase(
      name: "STREAMON fails once", injected: "EINVAL at the next start", shown: "the camera does not start",
      mayLose: 12, inject: failing(ocv_streamon, EINVAL, count: 1)),
    FaultCase(
      name: "no memory for buffers, twice", injected: "REQBUFS ENOMEM at the next start",
      shown: "the camera does not start", mayLose: 26, inject: failing(ocv_reqbufs, ENOMEM, count: 2)),
    FaultCase(
      name: "fewer buffers granted", injected: "one buffer from the next start on",
      shown: "the camera ended the stream, retrying",
      inject: { _, camera in
        camera.grants = 1
        camera.pendingEvents = [V4L2_EVENT_EOS]
      }),
    FaultCase(
      name: "frame rate cannot be set", injected: "S_PARM and G_PARM ENOTTY from the next start on",
      shown: "the camera ended the stream, retrying",
      inject: { _, camera in
        camera.failsForever = [ocv_s_parm: ENOTTY, ocv_g_parm: ENOTTY]
        camera.pendingEvents = [V4L2_EVENT_EOS]
      }),
    FaultCase(
      name: "no room on the USB bus", injected: "STREAMON ENOSPC for YUYV from the next start on, MJPG fits",
      shown: "the camera ended the stream, retrying",
      camera: {
        let camera = ScriptedCamera([
          .init(fourCC: FourCC("YUYV"), sizes: [(64, 48)]), .init(fourCC: FourCC("MJPG"), sizes: [(64, 48)]),
        ])
        let jpeg = testJPEG(64, 48)
        camera.picture = { _ in jpeg }
        return camera
      },
      inject: { _, camera in
        camera.busRoom = 100_000
        camera.pendingEvents = [V4L2_EVENT_EOS]
      }),
    FaultCase(
      name: "QBUF fails once", injected: "EINVAL", inject: { _, camera in camera.failures[ocv_qbuf] = [EINVAL] }),
    FaultCase(
      name: "QBUF fails 40 times", injected: "EINVAL, every buffer left unqueued",
      inject: { _, camera in camera.failures[ocv_qbuf] = Array(repeating: EINVAL, count: 40) }),
    FaultCase(
      name: "QBUF fails forever on this stream", injected: "EINVAL until the stream is reopened",
      shown: "the camera does not start (invalid argument), retrying", mayLose: 20,
      inject: { system, camera in
        camera.failsForever[ocv_qbuf] = EINVAL
        system.at(start + 0.3) { _ in camera.failsForever = [:] }
      }),
  ]

  static let data: [FaultCase] = [
    FaultCase(
      name: "damaged buffer", injected: "V4L2_BUF_FLAG_ERROR once", inject: deliver { $0 == 0 ? .flagged : .good }),
    FaultCase(
      name: "damaged buffers for 3 s", injected: "V4L2_BUF_FLAG_ERROR, sequence 0",
      shown: "the camera sends only damaged pictures: the driver marked it as damaged", lasts: 3,
      inject: deliver { $0 < 90 ? .flagged : .good }),
    FaultCase(name: "short buffer", injected: "half the bytes, once", inject: deliver { $0 == 0 ? .short : .good }),
    FaultCase(
      name: "buffer index out of range", injected: "index 77, once", inject: deliver { $0 == 0 ? .badIndex : .good }),
    FaultCase(
      name: "buffer delivered twice", injected: "the same index again",
      inject: deliver { $0 == 0 ? .sameIndexTwice : .good }),
    FaultCase(
      name: "drops", injected: "10 frames missing from the sequence", mayLose: 10,
      inject: deliver { $0 < 10 ? .dropped : .good }),
    FaultCase(
      name: "frame numbers that never change", injected: "sequence 0 from now on",
      inject: deliver { _ in .numbered(0) }),
    FaultCase(
      name: "frame numbers that make no sense", injected: "sequence a billion ahead and back, 30 times",
      inject: deliver { $0 < 30 ? .numbered(UInt32($0 % 2) * 1_000_000_000) : .good }),
    FaultCase(
      name: "length beyond the buffer", injected: "bytesused 2^32 - 1, 30 times",
      inject: deliver { $0 < 30 ? .claiming(.max) : .good }),
    FaultCase(
      name: "length zero", injected: "bytesused 0, once", inject: deliver { $0 == 0 ? .claiming(0) : .good }),
    FaultCase(
      name: "timestamp zero", injected: "30 times", inject: deliver { $0 < 30 ? .timestamp(0) : .good }),
    FaultCase(
      name: "timestamp in the past", injected: "an hour ago, 30 times",
      inject: deliver { $0 < 30 ? .timestamp(996_400_000_000_000) : .good }),
    FaultCase(
      name: "timestamp in the future", injected: "in an hour, 30 times",
      inject: deliver { $0 < 30 ? .timestamp(1_003_600_000_000_000) : .good }),
    FaultCase(
      name: "sequence wraps", injected: "2^32 - 20 from the next start on",
      shown: "the camera ended the stream, retrying",
      inject: { _, camera in
        camera.firstSequence = UInt32.max - 20
        camera.pendingEvents = [V4L2_EVENT_EOS]
      }),
    FaultCase(
      name: "JPEG without a start", injected: "zeros, once", camera: mjpeg,
      inject: deliver { $0 == 0 ? .bytes(Array(repeating: 0, count: 500)) : .good }),
    FaultCase(
      name: "JPEG cut short", injected: "the first half, once", camera: mjpeg,
      inject: deliver { $0 == 0 ? .bytes(Array(testJPEG(64, 48).prefix(900))) : .good }),
    FaultCase(
      name: "JPEGs without an end marker", injected: "from now on, every one", mayLose: 3, camera: mjpeg,
      inject: deliver { _ in .bytes(Array(testJPEG(64, 48).dropLast(2))) }),
    FaultCase(
      name: "JPEG of noise", injected: "random bytes after the start, 5 times", mayLose: 5, camera: mjpeg,
      inject: deliver {
        $0 < 5 ? .bytes([0xFF, 0xD8, 0xFF] + (0..<600).map { UInt8(truncatingIfNeeded: $0 &* 73) }) : .good
      }),
    FaultCase(
      name: "JPEG without Huffman tables", injected: "from now on, as many webcams send them", camera: mjpeg,
      inject: deliver { _ in .bytes(withoutHuffmanTables(testJPEG(64, 48))) }),
    FaultCase(
      name: "JPEG with padding", injected: "2,048 zeros behind the end marker, from now on", camera: mjpeg,
      inject: deliver { _ in .bytes(testJPEG(64, 48) + [UInt8](repeating: 0, count: 2048)) }),
    FaultCase(
      name: "JPEG of another size", injected: "32x16 from now on", camera: mjpeg,
      inject: deliver { _ in .bytes(testJPEG(32, 16)) }),
    FaultCase(
      name: "empty buffer", injected: "0 bytes, once", camera: mjpeg, inject: deliver { $0 == 0 ? .bytes([]) : .good }),
  ]
}
