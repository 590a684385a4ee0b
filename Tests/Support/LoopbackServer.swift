import Foundation
import Glibc
import Synchronization

/// A small web server on the loopback address, for downloads that go well and badly.
public final class LoopbackServer: Sendable {
  public enum Behaviour: Sendable {
    case whole
    /// Sends so many bytes of the body, then hangs up.
    case breaksOff(after: Int)
    case withoutRanges
    case missing
    case other([UInt8])
    /// Declares no length and never stops sending.
    case endless
  }

  private let listener: Int32
  public let port: UInt16
  private let body: [UInt8]
  private let script: Mutex<[Behaviour]>
  private let seen = Mutex<[String]>([])
  private let asked = Mutex<[String]>([])

  /// Serves `body` at every path: each request as the next of `behaviours` says, the last one for all that follow.
  public init(body: [UInt8], _ behaviours: [Behaviour]) throws {
    self.body = body
    script = Mutex(behaviours)
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    listener = descriptor
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
        bind(descriptor, raw, length) == 0 && listen(descriptor, 8) == 0 && getsockname(descriptor, raw, &length) == 0
      }
    }
    guard bound else { throw POSIXError(.EADDRNOTAVAIL) }
    port = UInt16(bigEndian: address.sin_port)
    Thread.detachNewThread { [self] in serve() }
  }

  deinit { close(listener) }

  public func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

  public var url: String { "http://127.0.0.1:\(port)/model.onnx" }
  /// The Range headers of the requests so far; empty for those without.
  public var ranges: [String] { seen.withLock { $0 } }

  /// What was asked for so far: paths, or whole addresses where this server is a proxy.
  public var targets: [String] { asked.withLock { $0 } }

  private func serve() {
    while true {
      let client = accept(listener, nil, nil)
      guard client >= 0 else { return }
      answer(client)
      shutdown(client, Int32(SHUT_RDWR))
      close(client)
    }
  }

  private func answer(_ client: Int32) {
    var request = [UInt8](repeating: 0, count: 8192)
    let count = read(client, &request, request.count)
    guard count > 0 else { return }
    let text = String(decoding: request[..<count], as: UTF8.self).lowercased()
    let range = text.split(separator: "\r\n").first { $0.hasPrefix("range: bytes=") }
    asked.withLock { $0.append(text.split(separator: " ").dropFirst().first.map(String.init) ?? "") }
    seen.withLock { $0.append(range.map { String($0.dropFirst(13)) } ?? "") }
    let start = range.flatMap { Int($0.dropFirst(13).prefix { $0.isNumber }) } ?? 0
    let behaviour = script.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
    switch behaviour {
    case .missing: send(client, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", [])
    case .other(let bytes):
      send(client, "HTTP/1.1 200 OK\r\nContent-Length: \(bytes.count)\r\nConnection: close\r\n\r\n", bytes[...])
    case .endless:
      let start = Array("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nConnection: close\r\n\r\n".utf8)
      var next = start + body
      while next.withUnsafeBytes({ Glibc.send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }) > 0 {
        next = body
      }
    case .withoutRanges:
      send(client, "HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\nConnection: close\r\n\r\n", body[...])
    case .whole, .breaksOff:
      let from = min(start, body.count)
      let status =
        range == nil
        ? "200 OK" : "206 Partial Content\r\nContent-Range: bytes \(from)-\(body.count - 1)/\(body.count)"
      var part = body[from...]
      if case .breaksOff(let bytes) = behaviour { part = part.prefix(bytes) }
      send(
        client, "HTTP/1.1 \(status)\r\nContent-Length: \(body.count - from)\r\nConnection: close\r\n\r\n", part)
    }
  }

  private func send(_ client: Int32, _ head: String, _ body: ArraySlice<UInt8>) {
    let bytes = Array(head.utf8) + body
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      sent += count
    }
  }
}
