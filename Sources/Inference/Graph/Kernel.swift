/// Where a kernel reads and writes during one run: memory that the plan laid out.
package struct KernelCall {
  private let pointers: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  private let inputCount: Int
  private let outputCount: Int
  /// Threads of the process-wide pool that the kernel may use, the caller included.
  package let threads: Int32

  /// `pointers` holds inputs, outputs and scratch in this order.
  init(_ pointers: UnsafeMutablePointer<UnsafeMutableRawPointer?>, inputs: Int, outputs: Int, threads: Int) {
    self.pointers = pointers
    inputCount = inputs
    outputCount = outputs
    self.threads = Int32(clamping: threads)
  }

  /// Input `index`, which the kernel said it reads (``CompiledKernel/reads``) and which the node has.
  @inline(__always)
  package func input<Element>(_ index: Int, as _: Element.Type = Element.self) -> UnsafePointer<Element> {
    // Safe: the plan fills every pointer before the first run; the fact told the element type.
    UnsafePointer(pointers[index].unsafelyUnwrapped.assumingMemoryBound(to: Element.self))
  }

  /// Input `index`, or nil where the node leaves it out.
  @inline(__always)
  package func optionalInput<Element>(_ index: Int, as _: Element.Type = Element.self) -> UnsafePointer<Element>? {
    index < inputCount ? UnsafePointer(pointers[index]?.assumingMemoryBound(to: Element.self)) : nil
  }

  @inline(__always)
  package func output<Element>(_ index: Int, as _: Element.Type = Element.self) -> UnsafeMutablePointer<Element> {
    pointers[inputCount + index].unsafelyUnwrapped.assumingMemoryBound(to: Element.self)
  }

  /// Output `index`, or nil where the node leaves it out.
  @inline(__always)
  package func optionalOutput<Element>(_ index: Int, as _: Element.Type = Element.self) -> UnsafeMutablePointer<
    Element
  >? {
    index < outputCount ? pointers[inputCount + index]?.assumingMemoryBound(to: Element.self) : nil
  }

  /// Scratch of as many bytes as the kernel asked for, 64-byte aligned; nil if it asked for none.
  @inline(__always)
  package func scratch<Element>(as _: Element.Type = Element.self) -> UnsafeMutablePointer<Element>? {
    pointers[inputCount + outputCount]?.assumingMemoryBound(to: Element.self)
  }
}

/// A node prepared for fixed shapes: weights packed, everything decided that can be. Runs without allocating.
package protocol Kernel: Sendable {
  /// - Throws: only where data can be at fault (an index out of range); never for shapes, which are fixed.
  func run(_ call: KernelCall) throws
}

/// A kernel and what the plan must know to place its tensors.
package struct CompiledKernel: Sendable {
  package var kernel: any Kernel
  /// The layout that the kernel wants of each input; the plan inserts a reorder where it comes otherwise.
  package var inputLayouts: [Layout]
  package var outputLayouts: [Layout]
  /// Which inputs the run reads. Weights that were packed are not among them, and their pages can go.
  package var reads: [Bool]
  package var scratchBytes = 0
  /// Outputs that may overwrite an input of the same byte count, in order of preference.
  package var inPlace: [(input: Int, output: Int)] = []
  /// Inputs that would best be produced at a byte offset inside the output (Concat): the kernel must check whether
  /// they were, and copy if not.
  package var placements: [(input: Int, byteOffset: Int)] = []

  /// A kernel over planar tensors that reads all its inputs.
  package init(_ kernel: any Kernel, inputs: Int, outputs: Int = 1, layout: Layout = .planar) {
    self.kernel = kernel
    inputLayouts = [Layout](repeating: layout, count: inputs)
    outputLayouts = [Layout](repeating: layout, count: outputs)
    reads = [Bool](repeating: true, count: inputs)
  }
}

/// The ways a node can be part of a plan.
package enum Compilation: Sendable {
  case kernel(CompiledKernel)
  /// Every output is a part of input 0, in place: nothing runs. Byte offsets by output; the layout holds for both.
  case views(byteOffsets: [Int], layout: Layout)

  /// Whether it says something of every input and output that the node has.
  func covers(_ node: Graph.Node) -> Bool {
    switch self {
    case .kernel(let compiled):
      compiled.reads.count >= node.inputs.count && compiled.inputLayouts.count >= node.inputs.count
        && compiled.outputLayouts.count >= node.outputs.count
    case .views(let byteOffsets, _): byteOffsets.count >= node.outputs.count
    }
  }
}

/// What a node's kernel is compiled from.
package struct CompileRequest: Sendable {
  package let node: Graph.Node
  /// The inputs as they come, layouts included; nil where left out.
  package let inputs: [Fact?]
  /// The values of those inputs that are constant.
  package let constants: [Tensor?]
  /// The outputs' types and shapes, planar; empty where left out.
  package let outputs: [Fact]
  /// The types of the operators that read the first output.
  package let readers: Set<String>
  package let options: NetworkOptions
  package let weights: WeightCache

  /// Whether input `index` comes as float32.
  package func isFloat(_ index: Int) -> Bool { index < inputs.count && inputs[index]?.type == .float32 }

  /// The constant at `index` as floats, or nil if it is not constant or not float32.
  package func floats(_ index: Int) -> [Float]? {
    guard index < constants.count, let tensor = constants[index], tensor.type == .float32 else { return nil }
    return tensor.array(of: Float.self)
  }
}
