import Ground

/// Names of values while a graph is built. Bodies of control flow see the names of the graphs around them; functions
/// see only their own.
final class Scope {
  let builder: GraphBuilder
  private let parent: Scope?
  private var names: [String: ValueID] = [:]
  /// Names that stand for an optional function input that the call leaves out.
  private var absent: Set<String> = []

  init(_ builder: GraphBuilder, parent: Scope? = nil) {
    self.builder = builder
    self.parent = parent
  }

  /// Declares a name. Each may be declared once (ONNX graphs are in single static assignment form).
  func declare(_ name: String, as id: ValueID) throws {
    guard names.updateValue(id, forKey: name) == nil else {
      throw InferenceError(.malformedModel, "'\(name)' is defined twice")
    }
  }

  func declareAbsent(_ name: String) { absent.insert(name) }

  func isDeclared(_ name: String) -> Bool { names[name] != nil }

  /// The value for a name, captured from a surrounding graph if need be; nil for "" and for absent optional inputs.
  func value(_ name: String) throws -> ValueID? {
    if name.isEmpty || absent.contains(name) { return nil }
    if let id = names[name] { return id }
    guard let parent else { throw InferenceError(.malformedModel, "nothing produces '\(name)'") }
    guard let outer = try parent.value(name) else { return nil }
    let id = builder.capture(outer, name)
    names[name] = id
    return id
  }
}

/// A graph under construction, filled by one or more scopes (inlined functions add scopes of their own).
final class GraphBuilder {
  var graph = Graph()
  private var captured: [ValueID: ValueID] = [:]

  func capture(_ outer: ValueID, _ name: String) -> ValueID {
    if let id = captured[outer] { return id }
    let id = graph.addValue(name)
    graph.captures.append(Graph.Capture(outer: outer, inner: id))
    captured[outer] = id
    return id
  }
}
