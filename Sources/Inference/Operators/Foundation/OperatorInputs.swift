import Ground

/// Helpers that operators of every family read their inputs with.
extension [Value?] {
  /// A required tensor.
  package func tensor(_ index: Int, _ role: String) throws -> Tensor {
    guard let tensor = try optionalTensor(index, role) else {
      throw InferenceError(.badInput, "input '\(role)' is missing")
    }
    return tensor
  }

  /// An optional tensor; nil when left out.
  package func optionalTensor(_ index: Int, _ role: String) throws -> Tensor? {
    guard index < count, let value = self[index] else { return nil }
    return try value.tensor("input '\(role)'")
  }
}
