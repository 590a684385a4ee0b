import Ground
package import Perception
import Vision

/// The stages of a pipeline at work, in order. One thread at a time.
package struct StageGraph {
  /// What the stages made of one frame.
  package struct Outcome {
    package var findings = Findings()
    /// Of the stages that ran, in order.
    package var timings: [StageTiming] = []
    /// The stages that failed, and why. A stage that fails leaves its part empty; the others run all the same.
    package var failures: [(stage: StageID, error: any Error)] = []
  }

  private var running: [(prepared: PreparedStage, stage: any Stage)] = []
  private var usesPreviousImage = false
  private var isTracked = false
  private var previous: Image?

  package init() {}

  /// A graph that has seen nothing yet.
  package init(_ stages: [PreparedStage]) { adopt(stages) }

  /// Goes on with other stages. Those that were there before keep what they remember, unless the objects that they see
  /// come from other stages now.
  package mutating func adopt(_ stages: [PreparedStage]) {
    let before = running
    let old = before.map(\.prepared).filter(\.findsObjects)
    let new = stages.filter(\.findsObjects)
    let hasOtherObjects = old.count != new.count || zip(old, new).contains { !$0.isSame(as: $1) }
    running = stages.map { prepared in
      guard let known = before.first(where: { $0.prepared.isSame(as: prepared) }) else {
        return (prepared, prepared.make())
      }
      if hasOtherObjects { known.stage.reset() }
      return (prepared, known.stage)
    }
    usesPreviousImage = running.contains { $0.stage.usesPreviousImage }
    isTracked = stages.contains { $0.kind == TrackerStage.definition.kind }
    if !usesPreviousImage { previous = nil }
  }

  /// Forgets earlier frames.
  package mutating func reset() {
    for (_, stage) in running { stage.reset() }
    previous = nil
  }

  /// Runs every stage on a frame; each decides whether it is due.
  ///
  /// - Parameter beginning: called with each stage's name before it runs.
  package mutating func run(_ frame: StageFrame, beginning: (String) -> Void = { _ in }) -> Outcome {
    var frame = frame
    frame.previous = previous
    frame.isTracked = isTracked
    if usesPreviousImage { previous = frame.image }
    var outcome = Outcome()
    outcome.timings.reserveCapacity(running.count)
    for (prepared, stage) in running {
      beginning(prepared.id.name)
      do {
        guard let times = try stage.run(frame, &outcome.findings) else { continue }
        outcome.timings.append(
          StageTiming(id: prepared.id, kind: prepared.kind, model: prepared.model?.name, times: times))
      } catch {
        outcome.failures.append((prepared.id, error))
      }
    }
    for index in outcome.findings.detections.indices { outcome.findings.detections[index].number = index }
    return outcome
  }
}
