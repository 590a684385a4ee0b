import Ground
import ArgumentParser
import Inference

/// Repeatable inputs for timing a network.
enum BenchInputs {
  /// `NAME=AxBxC` texts as shapes by name.
  static func parse(_ texts: [String]) throws -> [String: [Int]] {
    var shapes: [String: [Int]] = [:]
    for text in texts {
      guard let cut = text.lastIndex(of: "=") else { throw ValidationError("--shape takes NAME=AxBxC, not '\(text)'") }
      let extents = text[text.index(after: cut)...].split(separator: "x", omittingEmptySubsequences: false).map {
        Int($0)
      }
      guard !extents.isEmpty, extents.allSatisfy({ ($0 ?? 0) > 0 }) else {
        throw ValidationError("--shape takes NAME=AxBxC, not '\(text)'")
      }
      shapes[String(text[..<cut])] = extents.compactMap { $0 }
    }
    return shapes
  }

  /// One tensor per input: a ramp between 0 and 1 for floating types, small numbers for the others.
  ///
  /// - Parameter limits: what the network may take, which its inputs are a part of.
  static func make(
    for network: any PreparedNetwork, shapes: [String: [Int]], path: String, limits: NetworkLimits
  ) throws -> [Tensor] {
    var bytes = 0
    let limit = limits.memory ?? NetworkLimits.usualMemory / 2
    let known = network.inputs.map(\.name)
    if let unknown = shapes.keys.sorted().first(where: { !known.contains($0) }) {
      throw CommandFailure(
        what: "the network has no input '\(unknown)'", place: path, remedy: "it has: \(known.joined(separator: ", "))")
    }
    return try network.inputs.map { port in
      guard let declared = port.shape ?? shapes[port.name] else {
        throw CommandFailure(
          what: "input '\(port.name)' has no shape", place: path, remedy: "give --shape \(port.name)=AxBxC")
      }
      let tensor = try Tensor(uninitialized: port.type, shapes[port.name] ?? declared.map { $0 ?? 1 })
      bytes += tensor.byteCount
      guard bytes <= limit else {
        throw CommandFailure(
          what: "the inputs need more than \(limit >> 20) MiB of memory", place: path,
          remedy: "--network-memory allows more")
      }
      fill(tensor)
      return tensor
    }
  }

  private static func fill(_ tensor: Tensor) {
    switch tensor.type {
    case .float32: ramp(tensor, Float.self) { Float($0 % 251) / 251 }
    case .float64: ramp(tensor, Double.self) { Double($0 % 251) / 251 }
    case .float16: ramp(tensor, Float16.self) { Float16(Float($0 % 251) / 251) }
    case .int64: ramp(tensor, Int64.self) { Int64($0 % 97 + 1) }
    case .int32: ramp(tensor, Int32.self) { Int32($0 % 97 + 1) }
    default: tensor.storage.bytes.initializeMemory(as: UInt8.self, repeating: 1)
    }
  }

  private static func ramp<Element: TensorElement>(_ tensor: Tensor, _: Element.Type, _ value: (Int) -> Element) {
    let elements = tensor.elements(as: Element.self)
    for index in elements.indices { elements.initializeElement(at: index, to: value(index)) }
  }
}
