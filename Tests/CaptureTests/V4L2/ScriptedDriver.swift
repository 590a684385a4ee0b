import CVideo4Linux
import Capture
import Foundation
import Ground

/// The driver's side of the scripted camera: its ioctls and its frames.
extension ScriptedCamera {
  func answer(_ request: UInt, _ argument: UnsafeMutableRawPointer, _ clock: Int64) throws(SystemError) {
    switch request {
    case ocv_querycap: queryCapability(&argument.assumingMemoryBound(to: v4l2_capability.self).pointee)
    case ocv_enum_fmt: try enumerateFormat(&argument.assumingMemoryBound(to: v4l2_fmtdesc.self).pointee)
    case ocv_enum_framesizes: try enumerateSize(&argument.assumingMemoryBound(to: v4l2_frmsizeenum.self).pointee)
    case ocv_enum_frameintervals: try enumerateRate(&argument.assumingMemoryBound(to: v4l2_frmivalenum.self).pointee)
    case ocv_s_fmt: try setFormat(&argument.assumingMemoryBound(to: v4l2_format.self).pointee)
    case ocv_s_parm, ocv_g_parm: setRate(&argument.assumingMemoryBound(to: v4l2_streamparm.self).pointee, request)
    case ocv_reqbufs: try requestBuffers(&argument.assumingMemoryBound(to: v4l2_requestbuffers.self).pointee)
    case ocv_querybuf: describeBuffer(&argument.assumingMemoryBound(to: v4l2_buffer.self).pointee)
    case ocv_qbuf: queued.append(Int(argument.assumingMemoryBound(to: v4l2_buffer.self).pointee.index))
    case ocv_dqbuf: try dequeue(&argument.assumingMemoryBound(to: v4l2_buffer.self).pointee)
    case ocv_g_fmt: argument.assumingMemoryBound(to: v4l2_format.self).pointee.fmt.pix.pixelformat = fourCC.code
    case ocv_streamon:
      if let busRoom, Double(width * height) * (fourCC == FourCC("MJPG") ? 0.3 : 2) * rate > busRoom {
        throw SystemError(ENOSPC)
      }
      streaming = true
      streamStart = clock
      sequence = firstSequence
      everStreamed += 1
    case ocv_streamoff:
      streaming = false
      queued = []
      filled = []
    case ocv_queryctrl: try queryControl(&argument.assumingMemoryBound(to: v4l2_queryctrl.self).pointee)
    case ocv_g_ctrl, ocv_s_ctrl:
      try control(&argument.assumingMemoryBound(to: v4l2_control.self).pointee, sets: request == ocv_s_ctrl)
    case ocv_g_input: argument.assumingMemoryBound(to: Int32.self).pointee = 0
    case ocv_enuminput: argument.assumingMemoryBound(to: v4l2_input.self).pointee.status = inputStatus
    case ocv_dqevent:
      guard !pendingEvents.isEmpty else { throw SystemError(ENOENT) }
      argument.assumingMemoryBound(to: v4l2_event.self).pointee.type = UInt32(pendingEvents.removeFirst())
    case ocv_subscribe_event: break
    default: throw SystemError(ENOTTY)
    }
  }

  private func queryCapability(_ capability: inout v4l2_capability) {
    write(card, &capability.card)
    write(driver, &capability.driver)
    write(bus, &capability.bus_info)
    // The whole device has more than this node: only device_caps tell.
    capability.capabilities =
      UInt32(V4L2_CAP_DEVICE_CAPS) | UInt32(V4L2_CAP_VIDEO_CAPTURE) | UInt32(V4L2_CAP_STREAMING) | deviceCapabilities
    capability.device_caps = deviceCapabilities
  }

  private func write<T>(_ text: String, _ field: inout T) {
    withUnsafeMutableBytes(of: &field) { bytes in
      for (index, byte) in text.utf8.prefix(bytes.count - 1).enumerated() { bytes[index] = byte }
    }
  }

  private func enumerateFormat(_ query: inout v4l2_fmtdesc) throws(SystemError) {
    guard Int(query.index) < formats.count else { throw SystemError(EINVAL) }
    query.pixelformat = formats[Int(query.index)].fourCC.code
    write("format \(query.index)", &query.description)
  }

  private func enumerateSize(_ query: inout v4l2_frmsizeenum) throws(SystemError) {
    guard let format = formats.first(where: { $0.fourCC.code == query.pixel_format }),
      Int(query.index) < format.sizes.count
    else { throw SystemError(EINVAL) }
    if format.isStepwise, let largest = format.sizes.last {
      query.type = V4L2_FRMSIZE_TYPE_STEPWISE.rawValue
      query.stepwise = v4l2_frmsize_stepwise(
        min_width: 16, max_width: UInt32(largest.width), step_width: 16, min_height: 16,
        max_height: UInt32(largest.height), step_height: 8)
      return
    }
    query.type = V4L2_FRMSIZE_TYPE_DISCRETE.rawValue
    query.discrete.width = UInt32(format.sizes[Int(query.index)].width)
    query.discrete.height = UInt32(format.sizes[Int(query.index)].height)
  }

  private func enumerateRate(_ query: inout v4l2_frmivalenum) throws(SystemError) {
    guard let format = formats.first(where: { $0.fourCC.code == query.pixel_format }),
      Int(query.index) < format.rates.count
    else { throw SystemError(EINVAL) }
    query.type = V4L2_FRMIVAL_TYPE_DISCRETE.rawValue
    query.discrete = v4l2_fract(numerator: 1000, denominator: UInt32(saturating: format.rates[Int(query.index)] * 1000))
  }

  private func setFormat(_ format: inout v4l2_format) throws(SystemError) {
    if isBusy { throw SystemError(EBUSY) }
    let wanted = FourCC(code: isMultiplanar ? format.fmt.pix_mp.pixelformat : format.fmt.pix.pixelformat)
    fourCC = formats.contains { $0.fourCC == wanted } ? wanted : formats[0].fourCC
    width = forcedSize?.width ?? Int(isMultiplanar ? format.fmt.pix_mp.width : format.fmt.pix.width)
    height = forcedSize?.height ?? Int(isMultiplanar ? format.fmt.pix_mp.height : format.fmt.pix.height)
    let layout = planeLayout
    if isMultiplanar {
      format.fmt.pix_mp.width = UInt32(width)
      format.fmt.pix_mp.height = UInt32(height)
      format.fmt.pix_mp.pixelformat = fourCC.code
      format.fmt.pix_mp.num_planes = UInt8(layout.count)
      withUnsafeMutableBytes(of: &format.fmt.pix_mp.plane_fmt) { raw in
        let planes = raw.bindMemory(to: v4l2_plane_pix_format.self)
        for (index, plane) in layout.enumerated() {
          planes[index].sizeimage = UInt32(plane.size)
          planes[index].bytesperline = UInt32(plane.row)
        }
      }
    } else {
      format.fmt.pix.width = UInt32(width)
      format.fmt.pix.height = UInt32(height)
      format.fmt.pix.pixelformat = fourCC.code
      format.fmt.pix.field = field
      format.fmt.pix.bytesperline = UInt32(layout[0].row)
      format.fmt.pix.sizeimage = UInt32(layout[0].size)
    }
  }

  private func setRate(_ parameters: inout v4l2_streamparm, _ request: UInt) {
    if request == ocv_s_parm, parameters.parm.capture.timeperframe.numerator > 0 {
      let wanted =
        Double(parameters.parm.capture.timeperframe.denominator)
        / Double(parameters.parm.capture.timeperframe.numerator)
      let rates = formats.first { $0.fourCC == fourCC }?.rates ?? [30]
      rate = rates.min { abs($0 - wanted) < abs($1 - wanted) } ?? 30
    }
    parameters.parm.capture.timeperframe = v4l2_fract(numerator: 1000, denominator: UInt32(saturating: rate * 1000))
  }

  private func requestBuffers(_ request: inout v4l2_requestbuffers) throws(SystemError) {
    if isBusy { throw SystemError(EBUSY) }
    request.count = min(request.count, grants)
    // Mapped memory is freed when it is unmapped; what was never mapped does not exist in these tests.
    memory = (0..<Int(request.count)).map { _ in
      planeLayout.map { .allocate(byteCount: $0.size, alignment: 64) }
    }
  }

  private func describeBuffer(_ buffer: inout v4l2_buffer) {
    let index = Int(buffer.index)
    if isMultiplanar {
      for plane in memory[index].indices {
        buffer.m.planes[plane].length = UInt32(memory[index][plane].count)
        buffer.m.planes[plane].m.mem_offset = UInt32(index << 8 | plane)
      }
    } else {
      buffer.length = UInt32(memory[index][0].count)
      buffer.m.offset = UInt32(index << 8)
    }
  }

  private func queryControl(_ query: inout v4l2_queryctrl) throws(SystemError) {
    let last = query.id & ~UInt32(V4L2_CTRL_FLAG_NEXT_CTRL)
    guard let control = controls.first(where: { $0.id > last }) else { throw SystemError(EINVAL) }
    query.id = control.id
    query.type = V4L2_CTRL_TYPE_INTEGER.rawValue
    write(control.name, &query.name)
    query.minimum = control.minimum
    query.maximum = control.maximum
    query.flags = 0
  }

  private func control(_ value: inout v4l2_control, sets: Bool) throws(SystemError) {
    guard let index = controls.firstIndex(where: { $0.id == value.id }) else { throw SystemError(EINVAL) }
    if sets { controls[index].value = value.value } else { value.value = controls[index].value }
  }

  // MARK: Frames

  var period: Int64 { Int64(saturating: 1e9 / rate) }

  /// When the next frame is due.
  var nextFrame: Int64? { streaming ? streamStart + period : nil }

  func produce(upTo clock: Int64) {
    while streaming, streamStart + period <= clock {
      streamStart += period
      let number = produced
      produced += 1
      let kind = delivery(number)
      if case .stalled = kind { continue }
      defer { sequence &+= 1 }
      if case .dropped = kind { continue }
      guard !queued.isEmpty else { continue }
      fill(queued.removeFirst(), kind, number)
    }
  }

  private func fill(_ index: Int, _ kind: Delivery, _ number: Int) {
    var buffer = v4l2_buffer()
    buffer.index = UInt32(index)
    buffer.flags = UInt32(V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC)
    buffer.sequence = sequence
    buffer.timestamp.tv_sec = Int(streamStart / 1_000_000_000)
    buffer.timestamp.tv_usec = Int(streamStart % 1_000_000_000 / 1000)
    var used = memory[index].map(\.count)
    let pattern = picture(number)
    for plane in memory[index] where paints && !plane.isEmpty && fourCC != FourCC("MJPG") {
      if let paint { paint(plane) } else { memset(plane.baseAddress!, Int32(pattern[0]), plane.count) }
    }
    if fourCC == FourCC("MJPG") {
      memory[index][0].copyBytes(from: pattern)
      used = [pattern.count]
    }
    switch kind {
    case .flagged:
      buffer.flags |= UInt32(V4L2_BUF_FLAG_ERROR)
      buffer.sequence = 0
    case .short: used[0] /= 2
    case .bytes(let bytes):
      memory[index][0].copyBytes(from: bytes)
      used[0] = bytes.count
    case .badIndex: buffer.index = 77
    case .numbered(let number): buffer.sequence = number
    case .claiming(let bytes): used[0] = Int(bytes)
    case .sameIndexTwice:
      filledPlanes[index] = used
      filled.append(buffer)
    case .timestamp(let nanoseconds):
      buffer.timestamp.tv_sec = Int(nanoseconds / 1_000_000_000)
      buffer.timestamp.tv_usec = Int(nanoseconds % 1_000_000_000 / 1000)
    default: break
    }
    filledPlanes[index] = used
    filled.append(buffer)
  }

  private func dequeue(_ buffer: inout v4l2_buffer) throws(SystemError) {
    guard streaming else { throw SystemError(EINVAL) }
    guard !filled.isEmpty else { throw SystemError(EAGAIN) }
    let ready = filled.removeFirst()
    let planes = buffer.m.planes
    buffer.index = ready.index
    buffer.flags = ready.flags
    buffer.sequence = ready.sequence
    buffer.timestamp = ready.timestamp
    let used = filledPlanes[Int(ready.index)] ?? [0]
    if isMultiplanar {
      for (plane, bytes) in used.enumerated() { planes?[plane].bytesused = UInt32(bytes) }
    } else {
      buffer.bytesused = UInt32(used[0])
    }
  }
}
