import Ground

/// One operator of a graph, its attributes decoded and checked: everything about a node but its tensors.
///
/// This is the engine's reference tier: simple, complete, allocating its results. Operators that vision networks spend
/// their time in also have a kernel (``OperatorDefinition``), which must agree with this one.
public protocol Operator: Sendable {
  /// The outputs for these inputs, in the order of the node. An omitted optional input is nil.
  ///
  /// Never writes to its inputs. May be called from several threads at once.
  /// - Throws: ``InferenceError``; the executor adds the node's name.
  func evaluate(_ inputs: [Value?], _ context: any EvaluationContext) throws -> [Value]
}

/// What flows along a graph's edges.
public enum Value: Sendable {
  case tensor(Tensor)
  /// ONNX sequences; elements are tensors, sequences or optionals.
  case sequence([Value])
  /// ONNX optionals.
  case optional([Value])

  /// The tensor, or an error that says that another kind was met.
  public func tensor(_ role: String = "input") throws -> Tensor {
    if case .tensor(let tensor) = self { return tensor }
    throw InferenceError(.badType, "\(role) must be a tensor")
  }
}

/// What an operator may ask of the run it is part of.
public protocol EvaluationContext: AnyObject, Sendable {
  /// How many outputs the node has names for; trailing ones beyond it need not be computed.
  var outputCount: Int { get }
  /// Runs a subgraph (a body of If, Loop, Scan), which also sees the values of the graphs around it.
  func run(_ body: Subgraph, _ inputs: [Value?]) throws -> [Value]
}

/// A graph-valued attribute. The importer fills it in; the context of the run knows how to execute it.
public struct Subgraph: Sendable {
  /// Identifies the body inside its model.
  public let index: Int
  public let inputCount: Int
  public let outputCount: Int
  /// What the file says of its outputs; empty where nothing is known.
  let declared: [DeclaredTensor]

  public init(index: Int, inputCount: Int, outputCount: Int) {
    self.init(index: index, inputCount: inputCount, outputCount: outputCount, declared: [])
  }

  init(index: Int, inputCount: Int, outputCount: Int, declared: [DeclaredTensor]) {
    self.index = index
    self.inputCount = inputCount
    self.outputCount = outputCount
    self.declared = declared
  }
}

/// Type and shape of a tensor as a file declares them.
struct DeclaredTensor: Sendable {
  var type: ElementType?
  /// nil without a rank; extents that are not fixed are nil.
  var shape: [Int?]?

  /// The shape, where every extent is fixed.
  var fixedShape: [Int]? {
    let fixed = shape?.compactMap { $0 }
    return fixed?.count == shape?.count ? fixed : nil
  }
}

/// The context of an operator that asks nothing of its run: for evaluating while a graph is prepared.
final class LoneContext: EvaluationContext {
  var outputCount: Int { 1 }

  func run(_ body: Subgraph, _ inputs: [Value?]) throws -> [Value] {
    throw InferenceError(.unsupportedFeature, "an operator with a body cannot be evaluated while a graph is prepared")
  }
}
