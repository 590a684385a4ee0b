/// Names a value of a plan: one layout of one value of the graph.
package typealias PlanValueID = Int

/// A value of a plan and where its bytes come from.
struct PlanValue {
  enum Origin {
    /// The caller's tensor at this index.
    case input(Int)
    case constant(Tensor)
    /// Written by a kernel into the arena.
    case arena
    /// A tensor, sequence or optional that an interpreted step made and the run holds until its last use.
    case held
    /// Part of another value.
    case view(of: PlanValueID, byteOffset: Int)
  }

  var name: String
  /// nil when shape or type show only during the run; then the value is held.
  var fact: Fact?
  var origin: Origin
}

/// One thing that a run does.
struct PlanStep {
  enum Work {
    case kernel(CompiledKernel)
    /// Evaluated by the reference tier, and why.
    case interpreted(reason: String)
  }

  var node: Graph.Node
  var work: Work
  /// Inputs that the run reads; nil where left out or packed.
  var inputs: [PlanValueID?]
  var outputs: [PlanValueID?]
  /// For interpreted control flow: values of the graph that the bodies read.
  var captured: [(value: ValueID, plan: PlanValueID)] = []

  var reads: [PlanValueID] { inputs.compactMap { $0 } + captured.map(\.plan) }
}
