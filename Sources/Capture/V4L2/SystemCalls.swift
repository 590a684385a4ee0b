import CVideo4Linux
import Glibc
package import Ground

/// Every call that the V4L2 source makes into the system, the clock included.
///
/// Tests put a scripted driver with its own clock in its place: each call can fail, be late, or return garbage.
package protocol SystemCalls: AnyObject, Sendable {
  /// Opens a device for reading and writing, non-blocking, closed on exec.
  func open(_ path: String) throws(SystemError) -> Int32
  func close(_ descriptor: Int32)
  func ioctl(_ descriptor: Int32, _ request: UInt, _ argument: UnsafeMutableRawPointer) throws(SystemError)
  func map(_ descriptor: Int32, length: Int, offset: Int) throws(SystemError) -> UnsafeMutableRawBufferPointer
  func unmap(_ memory: UnsafeMutableRawBufferPointer)
  /// Waits for `events`; returns what happened, 0 after `milliseconds`.
  func poll(_ descriptor: Int32, _ events: Int16, milliseconds: Int) throws(SystemError) -> Int16
  func sleep(milliseconds: Int)
  var now: MonotonicTime { get }
  /// The names in a folder; empty when it cannot be read.
  func names(in folder: String) -> [String]
  /// The first line of a small text file, as sysfs has them; nil when there is none.
  func line(of path: String) -> String?
  /// Where a path really leads; nil when nowhere.
  func target(of path: String) -> String?
}

/// The kernel's own calls.
package final class LinuxSystemCalls: SystemCalls {
  package init() {}

  package func open(_ path: String) throws(SystemError) -> Int32 {
    let descriptor = Glibc.open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError(errno) }
    return descriptor
  }

  package func close(_ descriptor: Int32) { _ = Glibc.close(descriptor) }

  package func ioctl(_ descriptor: Int32, _ request: UInt, _ argument: UnsafeMutableRawPointer) throws(SystemError) {
    let result = ocv_ioctl(descriptor, request, argument)
    guard result >= 0 else { throw SystemError(-result) }
  }

  package func map(
    _ descriptor: Int32, length: Int, offset: Int
  ) throws(SystemError) -> UnsafeMutableRawBufferPointer {
    let memory = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, offset)
    guard let memory, memory != MAP_FAILED else { throw SystemError(errno) }
    return UnsafeMutableRawBufferPointer(start: memory, count: length)
  }

  package func unmap(_ memory: UnsafeMutableRawBufferPointer) {
    if let base = memory.baseAddress { munmap(base, memory.count) }
  }

  package func poll(_ descriptor: Int32, _ events: Int16, milliseconds: Int) throws(SystemError) -> Int16 {
    var request = pollfd(fd: descriptor, events: events, revents: 0)
    let result = Glibc.poll(&request, 1, Int32(clamping: milliseconds))
    guard result >= 0 else { throw SystemError(errno) }
    return result == 0 ? 0 : request.revents
  }

  package func sleep(milliseconds: Int) { _ = Glibc.poll(nil, 0, Int32(clamping: milliseconds)) }

  package var now: MonotonicTime { MonotonicTime.now }

  package func names(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  package func line(of path: String) -> String? {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { _ = Glibc.close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = read(descriptor, &bytes, bytes.count)
    guard count > 0 else { return nil }
    return String(decoding: bytes[0..<count].prefix { $0 != 10 }, as: UTF8.self)
  }

  package func target(of path: String) -> String? {
    path.realPath
  }
}
