/// Rates over the last minutes, two samples per second.
package struct RateHistory: Sendable {
  package private(set) var camera: [Double] = []
  package private(set) var processed: [Double] = []
  package private(set) var skipped: [Double] = []
  package private(set) var bytes: [Double] = []
  private static let capacity = 600

  package init() {}

  package mutating func add(camera: Double, processed: Double, skipped: Double, bytes: Double) {
    Self.append(camera, to: &self.camera)
    Self.append(processed, to: &self.processed)
    Self.append(skipped, to: &self.skipped)
    Self.append(bytes, to: &self.bytes)
  }

  private static func append(_ value: Double, to list: inout [Double]) {
    if list.count >= capacity { list.removeFirst(capacity / 4) }
    list.append(value.isFinite ? value : 0)
  }
}
