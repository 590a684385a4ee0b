import CVideo4Linux
import Ground

/// What stays the same when a camera is unplugged and comes back, perhaps under another node number.
package struct CameraIdentity: Sendable, Equatable {
  /// The product's name as its driver gives it.
  package var card: String
  package var driver: String
  /// The bus position: "usb-0000:00:14.0-2".
  package var bus: String
  /// Vendor, product and serial number of a USB device; nil where there is no serial.
  package var serial: String?

  package init(card: String, driver: String, bus: String, serial: String? = nil) {
    self.card = card
    self.driver = driver
    self.bus = bus
    self.serial = serial
  }

  init(path: String, capability: v4l2_capability, system: any SystemCalls) {
    card = fixedText(capability.card)
    driver = fixedText(capability.driver)
    bus = fixedText(capability.bus_info)
    serial = Self.serial(of: path, system: system)
  }

  /// sysfs has the USB device two levels above the video node's interface.
  private static func serial(of path: String, system: any SystemCalls) -> String? {
    guard let node = (system.target(of: path) ?? path).split(separator: "/").last,
      let interface = system.target(of: "/sys/class/video4linux/\(node)/device")
    else { return nil }
    let device = interface.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
    guard let serial = system.line(of: "\(device)/serial"), !serial.isEmpty else { return nil }
    let vendor = system.line(of: "\(device)/idVendor") ?? ""
    let product = system.line(of: "\(device)/idProduct") ?? ""
    return "\(vendor):\(product):\(serial)"
  }

  /// What tells this camera from others in a file: the product and its serial, else the port that it is plugged into.
  var inWords: String { "\(card) (\(driver), \(serial ?? bus))" }

  /// How surely `other` is this camera, 0 for not at all.
  ///
  /// A serial decides; without one the same product on the same port, then the same product on any port (it was
  /// plugged in elsewhere). Several nodes of one device share all of these and are told apart by what they can do.
  package func likeness(to other: CameraIdentity) -> Int {
    guard card == other.card, driver == other.driver else { return 0 }
    if let serial, let otherSerial = other.serial { return serial == otherSerial ? 3 : 0 }
    if bus == other.bus { return 2 }
    return 1
  }

  /// Where this camera is now: the node that was used last, if it is still there, else the likeliest of all.
  package func find(last path: String, system: any SystemCalls) -> (path: String?, failure: CaptureError) {
    var failure = CaptureError(.deviceFailed, "the camera is disconnected", place: path)
    var best: (path: String, likeness: Int)?
    var isAmbiguous = false
    for candidate in [path] + CameraCatalogue.nodes(system: system).filter({ $0 != path }) {
      let identity: CameraIdentity
      do {
        let device = try CameraDevice(path: candidate, system: system)
        identity = device.identity
        device.close()
      } catch {
        if candidate == path, error.kind != .notFound { failure = error }
        continue
      }
      let likeness = likeness(to: identity)
      if likeness >= 2, candidate == path { return (path, failure) }
      if likeness > (best?.likeness ?? 0) {
        best = (candidate, likeness)
        isAmbiguous = false
      } else if likeness > 0, likeness == best?.likeness {
        isAmbiguous = true
      }
    }
    // The same product on other ports, twice: taking either would be a guess.
    if best?.likeness == 1, isAmbiguous { return (nil, failure) }
    return (best?.path, failure)
  }
}
