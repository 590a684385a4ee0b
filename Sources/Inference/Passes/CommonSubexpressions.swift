/// Merges nodes that compute the same from the same.
enum CommonSubexpressions {
  private struct Key: Hashable {
    let domain: String
    let operatorType: String
    let inputs: [ValueID?]
    let outputCount: Int
    let attributes: String
  }

  /// How many nodes were merged away.
  static func merge(_ editor: GraphEditor) -> Int {
    var seen: [Key: Int] = [:]
    var count = 0
    for index in editor.nodes.indices {
      // Fused nodes keep what they do in their evaluator, not in attributes.
      guard let node = editor.nodes[index], node.bodies.isEmpty, node.domain != fusedDomain,
        node.operation.traits.randomness == .never, let attributes = node.attributes.signature
      else { continue }
      let key = Key(
        domain: node.domain, operatorType: node.operatorType, inputs: node.inputs, outputCount: node.outputs.count,
        attributes: attributes)
      guard let first = seen[key].flatMap({ editor.nodes[$0] }) else {
        seen[key] = index
        continue
      }
      let pairs = zip(node.outputs, first.outputs)
      guard pairs.allSatisfy({ $0 == nil || $1 != nil }) else { continue }
      var merged = true
      for case (let old?, let new?) in pairs { merged = editor.substitute(old, by: new) && merged }
      if merged { count += 1 }
    }
    return count
  }
}

extension NodeAttributes {
  /// Text that is equal for equal attributes; nil where they hold tensors or graphs, which are not compared.
  var signature: String? {
    var parts: [String] = ["\(opset)"]
    for name in names.sorted() {
      switch self[name] {
      case .int(let value): parts.append("\(name)=\(value)")
      case .float(let value): parts.append("\(name)=\(value.bitPattern)")
      case .string(let value): parts.append("\(name)='\(value)'")
      case .ints(let values): parts.append("\(name)=\(values)")
      case .floats(let values): parts.append("\(name)=\(values.map(\.bitPattern))")
      case .strings, .tensor, .tensors, .graph, nil: return nil
      }
    }
    return parts.joined(separator: ";")
  }
}
