import Foundation
import Inference

/// One directory of the ONNX project's backend tests, or one of its light networks.
struct BackendCase: Sendable {
  /// "node/test_abs"
  let name: String
  let model: String
  private let directory: String

  /// Every case below the `data` folder of the onnx package.
  static func all(in root: String) throws -> [BackendCase] {
    let folders = ["node", "pytorch-converted", "pytorch-operator", "simple"]
    let cases = try folders.flatMap { folder in
      try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)").sorted().map { name in
        let directory = "\(root)/\(folder)/\(name)"
        return BackendCase(name: "\(folder)/\(name)", model: "\(directory)/model.onnx", directory: directory)
      }
    }
    let light = try FileManager.default.contentsOfDirectory(atPath: "\(root)/light").sorted()
      .filter { $0.hasSuffix(".onnx") }
      .map { file in
        let stem = String(file.dropLast(5))
        return BackendCase(name: "light/\(stem)", model: "\(root)/light/\(file)", directory: "\(root)/light")
      }
    return cases + light
  }

  /// Runs all data sets of the case; what went wrong, or nil.
  func failure(optimize: Bool) -> String? {
    do {
      var options = NetworkOptions()
      options.optimize = optimize
      let network = try OcellusNetwork(path: model, options: options)
      if name.hasPrefix("light/") { return try lightFailure(network) }
      for set in dataSets {
        let expected = try values(set, "output", try BackendValues.ports(of: try ModelFile(path: model)).outputs)
        if let failure = compare(try network.run(values: try inputs(set, network: network)), expected) {
          return failure
        }
      }
      return dataSets.isEmpty ? "no data" : nil
    } catch {
      return "\(error)".replacingOccurrences(of: "\(model): ", with: "")
    }
  }

  /// The first data set's inputs.
  func inputs(network: OcellusNetwork) throws -> [Value] {
    try dataSets.first.map { try inputs($0, network: network) } ?? []
  }

  private func inputs(_ set: String, network: OcellusNetwork) throws -> [Value] {
    let given = try values(set, "input", try BackendValues.ports(of: try ModelFile(path: model)).inputs)
    // Inputs that the model has initializers for are not the network's.
    return zip(given, network.inputs).map { value, port -> Value in
      guard port.type == .bfloat16, case .tensor(let tensor) = value, tensor.type == .uint16 else { return value }
      return .tensor(BackendComparison.bfloat16(tensor))
    }
  }

  private func compare(_ results: [Value], _ expected: [Value]) -> String? {
    if results.count != expected.count { return "\(results.count) outputs instead of \(expected.count)" }
    return zip(results, expected).lazy.compactMap { BackendComparison.difference($0, $1) }.first
  }

  private var dataSets: [String] {
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    return entries.filter { $0.hasPrefix("test_data_set") }.sorted().map { "\(directory)/\($0)" }
  }

  private func values(_ set: String, _ role: String, _ kinds: [BackendValues.Kind]) throws -> [Value] {
    var values: [Value] = []
    while FileManager.default.fileExists(atPath: "\(set)/\(role)_\(values.count).pb") {
      let kind = values.count < kinds.count ? kinds[values.count] : .tensor
      values.append(try BackendValues.read("\(set)/\(role)_\(values.count).pb", kind))
    }
    return values
  }

  /// A light network: constant weights, inputs that rise from 0 to 1, one stored output.
  private func lightFailure(_ network: OcellusNetwork) throws -> String? {
    let inputs = network.inputs.map { port in
      let shape = (port.shape ?? []).map { $0 ?? 1 }
      let count = shape.reduce(1, *)
      return Tensor(shape, (0..<count).map { Float(Double($0) / Double(count)) })
    }
    let stem = String(model.dropLast(5))
    let expected = try BackendValues.read("\(stem)_output_0.pb", .tensor)
    return compare(try network.run(inputs).map { .tensor($0) }, [expected])
  }

  /// Operators of the model's main graph, with the opset of the default domain.
  func operators() throws -> (names: Set<String>, opset: Int) {
    let file = try ModelFile(path: model)
    var names: Set<String> = []
    var opset = 0
    var message = WireReader(file.bytes)
    while let field = try message.nextField() {
      switch field.number {
      case 7:
        var graph = try message.message(field)
        while let field = try graph.nextField() {
          guard field.number == 1 else { try graph.skip(field); continue }
          var node = try graph.message(field)
          var (type, domain) = ("", "")
          while let field = try node.nextField() {
            switch field.number {
            case 4: type = try node.string(field)
            case 7: domain = try node.string(field)
            default: try node.skip(field)
            }
          }
          names.insert(domain.isEmpty ? type : "\(domain).\(type)")
        }
      case 8:
        var entry = try message.message(field)
        var (domain, version) = ("", 0)
        while let field = try entry.nextField() {
          switch field.number {
          case 1: domain = try entry.string(field)
          case 2: version = Int(try entry.int64(field))
          default: try entry.skip(field)
          }
        }
        if domain.isEmpty { opset = version }
      default: try message.skip(field)
      }
    }
    return (names, opset)
  }
}
