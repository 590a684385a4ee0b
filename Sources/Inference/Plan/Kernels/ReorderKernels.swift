/// Changes of layout that the plan inserts.
enum ReorderKernels {
  /// What a reorder is called in profiles. It is never interpreted.
  static let node = Graph.Node(
    name: "", domain: "", operatorType: "Reorder",
    attributes: NodeAttributes(opset: 1, inputCount: 1, outputCount: 1), evaluator: Identity(), inputs: [nil],
    outputs: [nil])

  static func compile(from: Fact, to: Fact) -> CompiledKernel {
    var compiled = CompiledKernel(
      Reorder(toBlocked: to.layout == .blocked, batch: from.shape[0], channels: from.shape[1], area: from.area),
      inputs: 1)
    compiled.inputLayouts = [from.layout]
    compiled.outputLayouts = [to.layout]
    return compiled
  }

  private struct Reorder: Kernel {
    let toBlocked: Bool
    let batch: Int
    let channels: Int
    let area: Int

    func run(_ call: KernelCall) {
      let block = Fact.block
      let blocks = (channels + block - 1) / block
      let (source, target) = (call.input(0, as: Float.self), call.output(0, as: Float.self))
      for image in 0..<batch {
        for channel in 0..<channels {
          let planar = (image * channels + channel) * area
          let blocked = ((image * blocks + channel / block) * area) * block + channel % block
          for i in 0..<area {
            if toBlocked {
              target[blocked + i * block] = source[planar + i]
            } else {
              target[planar + i] = source[blocked + i * block]
            }
          }
        }
      }
    }
  }
}
