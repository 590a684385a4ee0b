import CVideo4Linux
import Glibc
import Ground

/// The driver's mapped buffers and who holds each: the driver or us.
///
/// Whatever is dequeued is queued again, also after a bad frame; a buffer whose VIDIOC_QBUF fails is remembered and
/// tried again, since after as many such failures as there are buffers a driver is silent forever.
final class BufferRing {
  /// A filled buffer as the driver described it.
  struct Filled {
    var index: Int
    var sequence: UInt32
    var flags: UInt32
    /// The driver's time in nanoseconds, on the clock that the flags name.
    var timestamp: Int64
  }

  private let device: CameraDevice
  private let planeCount: Int
  private var maps: [[UnsafeMutableRawBufferPointer]] = []
  private var isQueued: [Bool] = []
  private var planes = [v4l2_plane](repeating: v4l2_plane(), count: Int(VIDEO_MAX_PLANES))
  /// Where the last dequeued buffer's payload lies, by memory plane.
  private(set) var payload: [UnsafeRawBufferPointer] = []
  private var isStreaming = false

  /// Asks for `count` buffers, takes what is granted, maps and queues them, starts the stream.
  init(_ device: CameraDevice, planeCount: Int, count: UInt32 = 4) throws(SystemError) {
    self.device = device
    self.planeCount = planeCount
    do {
      try allocate(count)
      for index in maps.indices { try queue(index) }
      var type = Int32(bitPattern: device.bufferType)
      try device.call(ocv_streamon, &type)
      isStreaming = true
    } catch {
      stop()
      throw error
    }
  }

  /// How many buffers the driver granted.
  var count: Int { maps.count }

  private func allocate(_ wanted: UInt32) throws(SystemError) {
    var request = v4l2_requestbuffers()
    request.count = wanted
    request.type = device.bufferType
    request.memory = V4L2_MEMORY_MMAP.rawValue
    try device.call(ocv_reqbufs, &request)
    guard request.count > 0 else { throw SystemError(ENOMEM) }
    for index in 0..<min(request.count, 32) {
      var buffer = blank(index)
      try call(ocv_querybuf, &buffer)
      var mapped: [UnsafeMutableRawBufferPointer] = []
      for plane in 0..<planeCount {
        let length = Int(device.isMultiplanar ? planes[plane].length : buffer.length)
        let offset = Int(device.isMultiplanar ? planes[plane].m.mem_offset : buffer.m.offset)
        guard (1...(1 << 30)).contains(length) else {
          for memory in mapped { device.system.unmap(memory) }
          throw SystemError(EINVAL)
        }
        do {
          mapped.append(try device.system.map(device.descriptor, length: length, offset: offset))
        } catch {
          for memory in mapped { device.system.unmap(memory) }
          throw error
        }
      }
      maps.append(mapped)
      isQueued.append(false)
    }
    payload = Array(repeating: UnsafeRawBufferPointer(start: nil, count: 0), count: planeCount)
  }

  /// The next filled buffer; nil when there is none, or what came was no buffer of ours.
  ///
  /// - Throws: what VIDIOC_DQBUF said, EAGAIN apart.
  func dequeue() throws(SystemError) -> Filled? {
    var buffer = blank(0)
    do {
      try call(ocv_dqbuf, &buffer)
    } catch  where error.code == EAGAIN {
      return nil
    }
    let index = Int(buffer.index)
    // An index out of range, or of a buffer that the driver does not hold, would have us read memory that is not ours.
    guard maps.indices.contains(index), isQueued[index] else { throw SystemError(EBADMSG) }
    isQueued[index] = false
    for plane in 0..<planeCount {
      let used = Int(device.isMultiplanar ? planes[plane].bytesused : buffer.bytesused)
      let skip = Int(device.isMultiplanar ? planes[plane].data_offset : 0)
      let end = min(used, maps[index][plane].count)
      payload[plane] = UnsafeRawBufferPointer(rebasing: maps[index][plane][min(skip, end)..<end])
    }
    let time = buffer.timestamp
    let (seconds, overflow) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
    return Filled(
      index: index, sequence: buffer.sequence, flags: buffer.flags,
      timestamp: overflow ? 0 : seconds &+ Int64(time.tv_usec) &* 1000)
  }

  /// Gives a buffer back to the driver; a failure is tried again at once, then by ``queueMissing()``.
  func giveBack(_ index: Int) {
    for _ in 0..<3 {
      do {
        return try queue(index)
      } catch {
        continue
      }
    }
  }

  /// Queues what could not be queued before. Whether the driver has at least one buffer now.
  func queueMissing() -> Bool {
    for index in isQueued.indices where !isQueued[index] { giveBack(index) }
    return isQueued.contains(true)
  }

  /// Ends the stream and gives every buffer up. Idempotent; works on a device that is gone.
  func stop() {
    var type = Int32(bitPattern: device.bufferType)
    if isStreaming { try? device.call(ocv_streamoff, &type) }
    isStreaming = false
    for memory in maps.joined() { device.system.unmap(memory) }
    let hadBuffers = !maps.isEmpty
    maps = []
    isQueued = []
    var request = v4l2_requestbuffers()
    request.type = device.bufferType
    request.memory = V4L2_MEMORY_MMAP.rawValue
    if hadBuffers { try? device.call(ocv_reqbufs, &request) }
  }

  private func queue(_ index: Int) throws(SystemError) {
    var buffer = blank(UInt32(index))
    try call(ocv_qbuf, &buffer)
    isQueued[index] = true
  }

  private func blank(_ index: UInt32) -> v4l2_buffer {
    var buffer = v4l2_buffer()
    buffer.index = index
    buffer.type = device.bufferType
    buffer.memory = V4L2_MEMORY_MMAP.rawValue
    return buffer
  }

  /// A buffer ioctl; for multi-planar devices the struct points at our plane array for as long as the call lasts.
  private func call(_ request: UInt, _ buffer: inout v4l2_buffer) throws(SystemError) {
    guard device.isMultiplanar else { return try device.call(request, &buffer) }
    let result: Result<Void, SystemError> = planes.withUnsafeMutableBufferPointer { planes in
      buffer.length = UInt32(planeCount)
      buffer.m.planes = planes.baseAddress
      return Result { () throws(SystemError) in try device.call(request, &buffer) }
    }
    try result.get()
  }
}
