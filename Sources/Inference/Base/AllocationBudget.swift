import Ground
import Synchronization

/// The limit on the memory of the tensors of one network's interpreted operators.
///
/// A hostile model of a few hundred bytes may ask for gigabytes in many small steps. Real networks need a multiple of
/// their weights and inputs, so the limit is such a multiple. Used from any thread.
package final class AllocationBudget: Sendable {
  /// The budget of the work in progress; nil where nothing is counted.
  ///
  /// A hidden parameter, on purpose: operators make tensors in several hundred places, and one that forgot to pass the
  /// budget on would escape it. Only ``Interpreter`` sets it.
  @TaskLocal static var current: AllocationBudget?

  /// What any network may take.
  private static let floor = 640 << 20
  /// Sizes beyond this are not believed.
  private static let ceiling = 1 << 40

  private let modelBytes: Int
  private let limit: Atomic<Int>
  private let used = Atomic<Int>(0)

  /// - Parameter modelBytes: the size of the model with its weights.
  package init(modelBytes: Int) {
    self.modelBytes = min(modelBytes, AllocationBudget.ceiling)
    limit = Atomic(AllocationBudget.floor + 4 * self.modelBytes)
  }

  /// The limit in bytes for a run on inputs of `inputBytes` bytes.
  func allowance(inputBytes: Int) -> Int {
    AllocationBudget.floor + 4 * modelBytes + 64 * min(inputBytes, AllocationBudget.ceiling)
  }

  /// Raises the limit to what a run on these inputs may take.
  func admit(inputBytes: Int) {
    limit.max(allowance(inputBytes: inputBytes), ordering: .relaxed)
  }

  /// - Throws: ``InferenceError`` when `bytes` more would pass the limit.
  func check(_ bytes: Int) throws {
    let most = limit.load(ordering: .relaxed)
    guard bytes <= most - used.load(ordering: .relaxed) else { throw AllocationBudget.exceeded(most) }
  }

  static func exceeded(_ limit: Int) -> InferenceError {
    InferenceError(
      .badShape, "the network needs more than \(limit >> 20) MiB for its tensors, more than its size accounts for")
  }

  func take(_ bytes: Int) { used.add(bytes, ordering: .relaxed) }
  func give(_ bytes: Int) { used.subtract(bytes, ordering: .relaxed) }
}
