import CVideo4Linux
import Glibc
import Ground

/// An open V4L2 node: its descriptor and its ioctls, with types. Closed by its owner, once.
package final class CameraDevice: Sendable {
  package let system: any SystemCalls
  package let path: String
  let descriptor: Int32
  package let identity: CameraIdentity
  let isMultiplanar: Bool

  /// Opens `path` and makes sure that it is a camera.
  package init(path: String, system: any SystemCalls) throws(CaptureError) {
    self.system = system
    self.path = path
    let opened: Int32
    do {
      opened = try system.open(path)
    } catch {
      throw Self.explain(error, opening: path, system)
    }
    descriptor = opened
    var capability = v4l2_capability()
    do {
      try Self.call(system, opened, ocv_querycap, &capability)
    } catch {
      system.close(opened)
      throw error.code == ENODEV
        ? Self.explain(error, opening: path, system)
        : CaptureError(.unsupported, "not a camera (\(error.lowercaseWords))", place: path, errno: error.code)
    }
    // device_caps speak of this node alone; capabilities of the whole device, whose metadata node would pass for one.
    let flags =
      capability.capabilities & UInt32(V4L2_CAP_DEVICE_CAPS) != 0
      ? capability.device_caps : capability.capabilities
    let single = flags & UInt32(V4L2_CAP_VIDEO_CAPTURE) != 0
    let planes = flags & UInt32(V4L2_CAP_VIDEO_CAPTURE_MPLANE) != 0
    guard single || planes else {
      system.close(opened)
      throw CaptureError(.unsupported, "captures no video (a metadata, radio or output node)", place: path)
    }
    guard flags & UInt32(V4L2_CAP_STREAMING) != 0 else {
      system.close(opened)
      throw CaptureError(
        .deviceFailed, "the camera's driver cannot stream (it knows read() alone)", place: path,
        remedy: "let ffmpeg read it: ffmpeg -f v4l2 -i \(path) -f yuv4mpegpipe - | ocellus run --headless --source -",
        errno: ENOTSUP)
    }
    isMultiplanar = planes && !single
    identity = CameraIdentity(path: path, capability: capability, system: system)
  }

  package func close() { system.close(descriptor) }

  /// The buffer type of its captures.
  var bufferType: UInt32 {
    isMultiplanar ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE.rawValue : V4L2_BUF_TYPE_VIDEO_CAPTURE.rawValue
  }

  /// One ioctl on one value, again while signals interrupt it.
  func call<T>(_ request: UInt, _ value: inout T) throws(SystemError) {
    try Self.call(system, descriptor, request, &value)
  }

  private static func call<T>(
    _ system: any SystemCalls, _ descriptor: Int32, _ request: UInt, _ value: inout T
  ) throws(SystemError) {
    // Safe: every request is paired with the struct that its ioctl reads and writes, and T is that plain C struct.
    let result: Result<Void, SystemError> = withUnsafeMutableBytes(of: &value) { raw in
      Result { () throws(SystemError) in
        guard let base = raw.baseAddress else { return }
        try retrying { () throws(SystemError) in try system.ioctl(descriptor, request, base) }
      }
    }
    try result.get()
  }

  /// The same, for what may well be missing: nil when it fails.
  func asked<T>(_ request: UInt, _ value: T) -> T? {
    var copy = value
    do {
      try call(request, &copy)
      return copy
    } catch {
      return nil
    }
  }

  /// Repeats while EINTR; a driver that says nothing else forever is given up.
  private static func retrying(_ body: () throws(SystemError) -> Void) throws(SystemError) {
    for _ in 0..<100 {
      do {
        return try body()
      } catch  where error.code == EINTR {
        continue
      }
    }
    throw SystemError(EINTR)
  }

  /// Why this device cannot be used, for the user to read.
  static func explain(_ error: SystemError, opening device: CameraDevice) -> CaptureError {
    explain(error, opening: device.path, device.system)
  }

  /// Why a node could not be opened, for the user to read.
  private static func explain(
    _ error: SystemError, opening path: String, _ system: any SystemCalls
  ) -> CaptureError {
    switch error.code {
    case ENOENT:
      CaptureError(
        .notFound, "no such camera", place: path, remedy: "`ocellus devices` lists the cameras", errno: error.code)
    case EACCES, EPERM:
      CaptureError(
        .noPermission, "no permission to use the camera", place: path,
        remedy: "add yourself to the group video: sudo usermod -aG video $USER, then log in again", errno: error.code)
    case EBUSY:
      CaptureError(
        .busy, "the camera is in use by \(DeviceHolder.name(of: path, system: system) ?? "another program")",
        place: path, remedy: "close the other program (fuser \(path) names it)", errno: error.code)
    case ENODEV, ENXIO:
      CaptureError(.deviceFailed, "the camera is disconnected", place: path, errno: error.code)
    default:
      CaptureError(.deviceFailed, "cannot open the camera (\(error.lowercaseWords))", place: path, errno: error.code)
    }
  }
}

/// Who has a device open, as far as /proc lets us look.
enum DeviceHolder {
  /// "cheese (process 1234)"; nil when it the process is not known or not visible.
  static func name(of path: String, system: any SystemCalls) -> String? {
    let device = system.target(of: path) ?? path
    let own = String(getpid())
    for process in system.names(in: "/proc") where process != own && process.allSatisfy({ $0.isASCII && $0.isNumber }) {
      let folder = "/proc/\(process)/fd"
      guard system.names(in: folder).contains(where: { system.target(of: "\(folder)/\($0)") == device }) else {
        continue
      }
      return "\(system.line(of: "/proc/\(process)/comm") ?? "another program") (process \(process))"
    }
    return nil
  }
}

/// Text of a fixed C array of bytes or chars, up to its first zero, control characters dropped.
func fixedText<T>(_ field: T) -> String {
  withUnsafeBytes(of: field) { bytes in
    String(
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self).filter { !($0.asciiValue.map { $0 < 32 } ?? false) })
  }
}
