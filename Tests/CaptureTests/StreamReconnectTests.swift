import Capture
import Foundation
import Glibc
import Ground
import Synchronization
import TestSupport
import Testing
import Vision

/// A camera on the network that hangs up: motion JPEG over HTTP on the loopback, a few pictures a connection.
private final class DroppingServer: Sendable {
  let port: UInt16
  private let listener: Int32
  private let thread: Monitor<WorkerThread?> = Monitor(nil)
  private let served = Atomic<Int>(0)
  var connections: Int { served.load(ordering: .relaxed) }

  /// - Parameters:
  ///   - pictures: on each connection, then it is closed.
  ///   - silentAfter: keeps connections from this one on open, and says nothing more on them.
  init(pictures: Int, silentFrom: Int = .max) throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    self.listener = listener
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(listener, address, length) == 0 && listen(listener, 8) == 0 && getsockname(listener, address, &length) == 0
      }
    }
    try #require(bound)
    port = UInt16(bigEndian: address.sin_port)
    signal(SIGPIPE, SIG_IGN)
    try thread.withLock { thread in
      thread = try WorkerThread(name: "test-server") { [self] in
        var open: [Int32] = []
        while true {
          let client = accept(listener, nil, nil)
          guard client >= 0 else { break }
          let number = served.add(1, ordering: .relaxed).newValue
          serve(client, pictures)
          if number >= silentFrom { open.append(client) } else { Glibc.close(client) }
        }
        open.forEach { Glibc.close($0) }
      }
    }
  }

  private func serve(_ client: Int32, _ pictures: Int) {
    var request = [UInt8](repeating: 0, count: 4096)
    _ = read(client, &request, request.count)
    send(client, Array("HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace;boundary=next\r\n\r\n".utf8))
    let jpeg = testJPEG(64, 48)
    for _ in 0..<pictures {
      send(
        client,
        Array("--next\r\nContent-Type: image/jpeg\r\nContent-Length: \(jpeg.count)\r\n\r\n".utf8) + jpeg + [13, 10])
      pass(20_000_000)
    }
  }

  private func send(_ client: Int32, _ bytes: [UInt8]) { _ = write(client, bytes, bytes.count) }

  func close() {
    shutdown(listener, Int32(SHUT_RDWR))
    thread.withLock { thread in
      thread?.join()
      thread = nil
    }
    Glibc.close(listener)
  }
}

@Suite(.enabled(if: hasFFmpeg, "ffmpeg is not installed"), .serialized)
struct StreamReconnectTests {
  /// The processes that this one has started and not yet reaped, running or ended.
  private func children() -> Int {
    let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return processes.count { name in
      guard Int(name) != nil, let status = try? String(contentsOfFile: "/proc/\(name)/stat", encoding: .utf8) else {
        return false
      }
      let fields = status.split(separator: ")").last?.split(separator: " ") ?? []
      return fields.count > 1 && fields[1] == "\(getpid())" && status.contains("(ffmpeg)")
    }
  }

  /// Other suites of this process have children of their own meanwhile; theirs end, a lost one or a zombie would not.
  private func childrenEnd() -> Bool { eventually(every: 50) { children() == 0 } }

  private func timing() -> FFmpegTiming {
    var timing = FFmpegTiming()
    timing.pauses = [50, 100]
    timing.quiet = 300
    timing.restart = 1500
    return timing
  }

  @Test func aStreamThatBreaksOffIsFetchedAgain() throws {
    TestLog.isOn
    let server = try DroppingServer(pictures: 25)
    defer { server.close() }
    let source = try FFmpegSource(
      stream: "http://127.0.0.1:\(server.port)/video", request: SourceRequest(), timing: timing())
    var heard: [String] = []
    var sequences: [UInt64] = []
    let limit = MonotonicTime.now
    while server.connections < 4 || heard.last != "frame", MonotonicTime.now.milliseconds(since: limit) < 120_000 {
      switch try source.next(timeout: 100) {
      case .frame(let frame):
        sequences.append(frame.sequence)
        if heard.last != "frame" { heard.append("frame") }
      case .noSignal(let reason, _): if heard.last != reason { heard.append(reason) }
      default: break
      }
    }
    #expect(server.connections >= 4)
    #expect(heard.contains { $0.contains("reconnecting") })
    #expect(heard.filter { $0 == "frame" }.count >= 3)
    #expect(zip(sequences, sequences.dropFirst()).allSatisfy { $0 < $1 }, "numbers go on")
    source.close()
    #expect(childrenEnd(), "no child, and no zombie")
    #expect(TestLog.all.contains { $0.hasPrefix("ocellus.capture.ffmpeg: http://127.0.0.1") })
  }

  @Test func aStreamThatFallsSilentIsFetchedAgain() throws {
    TestLog.isOn
    let server = try DroppingServer(pictures: 25, silentFrom: 1)
    defer { server.close() }
    let source = try FFmpegSource(
      stream: "http://127.0.0.1:\(server.port)/video", request: SourceRequest(), timing: timing())
    var reasons: Set<String> = []
    let limit = MonotonicTime.now
    while server.connections < 3, MonotonicTime.now.milliseconds(since: limit) < 120_000 {
      if case .noSignal(let reason, _) = try source.next(timeout: 100) { reasons.insert(reason) }
    }
    #expect(server.connections >= 3)
    #expect(reasons.contains("no frames arrive, reconnecting"))
    source.close()
    #expect(childrenEnd())
  }
}
