import Ground
import Kernels

/// Scaler of ai.onnx.ml: `(x - offset) * scale`, one offset and scale for each feature along the last axis, or one for
/// all. The result is float32, whatever number type comes in.
package struct Scaler: Operator {
  static let definitions = [
    OperatorDefinition(
      "Scaler", domain: "ai.onnx.ml", shapes: { $0.shapes($1) }, kernel: { $0.compile($1) }, make: { try Scaler($0) })
  ]

  private let offset: [Float]
  private let scale: [Float]

  init(_ attributes: NodeAttributes) throws {
    offset = try attributes.floats("offset") ?? [0]
    scale = try attributes.floats("scale") ?? [1]
  }

  package func evaluate(_ inputs: [Value?], _ context: any EvaluationContext) throws -> [Value] {
    let x = try inputs.tensor(0, "X").converted(to: .float32)
    let result = try Tensor(uninitialized: .float32, x.shape)
    // Extents beside a 0 may be of any size: nothing is spread over them.
    if x.count == 0 { return [.tensor(result)] }
    let features = x.shape.last ?? 1
    guard let offsets = spread(offset, features), let scales = spread(scale, features) else {
      throw InferenceError(
        .badAttribute, "\(offset.count) offsets and \(scale.count) scales for \(features) features")
    }
    let (from, to) = (x.elements(as: Float.self), result.elements(as: Float.self))
    withExtendedLifetime(x) {
      for i in from.indices { to[i] = (from[i] - offsets[i % features]) * scales[i % features] }
    }
    return [.tensor(result)]
  }

  private func shapes(_ question: ShapeQuestion) -> [Fact]? {
    guard let x = question.input(0), question.outputCount == 1 else { return nil }
    return [Fact(.float32, x.shape)]
  }

  private func compile(_ request: CompileRequest) -> Compilation? {
    guard request.isFloat(0), let x = request.inputs[0], x.count > 0, let features = x.shape.last,
      let offsets = spread(offset, features), let scales = spread(scale, features)
    else { return nil }
    let kernel = ScalerKernel(offset: offsets, scale: scales, rows: x.count / features, columns: features)
    var compiled = CompiledKernel(kernel, inputs: request.inputs.count)
    compiled.inPlace = [(input: 0, output: 0)]
    return .kernel(compiled)
  }

  /// One number for each feature; nil when there are more or fewer.
  private func spread(_ values: [Float], _ features: Int) -> [Float]? {
    if values.count == 1 { return [Float](repeating: values[0], count: features) }
    return values.count == features ? values : nil
  }
}

private struct ScalerKernel: Kernel {
  let offset, scale: [Float]
  let rows, columns: Int

  func run(_ call: KernelCall) {
    let y: UnsafeMutablePointer<Float> = call.output(0)
    ock_binary_row(OCK_SUB, .none, call.input(0), offset, false, y, rows, columns, call.threads)
    ock_binary_row(OCK_MUL, .none, y, scale, false, y, rows, columns, call.threads)
  }
}
