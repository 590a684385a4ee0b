package import Perception

/// Class confidences as smoothed bars, in a group for each stage that classifies.
package struct ClassBars: Sendable {
  package struct Bar: Sendable {
    package var label: String
    package var raw: Double
    package var smoothed: Double
  }

  /// The bars of one stage, the longest first.
  package struct Group: Sendable {
    package let stage: StageID
    package fileprivate(set) var bars: [Bar] = []

    /// - Parameter share: of the newest answer in what is shown.
    fileprivate mutating func update(with classes: [Classification], share: Double) {
      let isFirst = bars.isEmpty
      for i in bars.indices { bars[i].raw = 0 }
      for each in classes.prefix(20) {
        let raw = each.confidence.isFinite ? Double(each.confidence) : 0
        if let i = bars.firstIndex(where: { $0.label == each.label }) {
          bars[i].raw = raw
        } else {
          bars.append(Bar(label: each.label, raw: raw, smoothed: isFirst ? raw : 0))
        }
      }
      for i in bars.indices { bars[i].smoothed += (bars[i].raw - bars[i].smoothed) * share }
      bars.removeAll { $0.smoothed < 0.002 && $0.raw == 0 }
      bars.sort { $0.smoothed > $1.smoothed }
      if bars.count > 40 { bars.removeLast(bars.count - 40) }
    }
  }

  /// The classified object: "person #4", "whole picture".
  package private(set) var subject = ""
  /// In the order of the pipeline; stages without a class are left out.
  package private(set) var groups: [Group] = []

  package init() {}

  /// - Parameters:
  ///   - layers: layers of an object or of a frame; those that hold classes are used.
  ///   - smooths: whether bars follow the newest answer step by step; false: at once.
  package mutating func update(subject: String, layers: [Layer], smooths: Bool = true) {
    if subject != self.subject {
      self.subject = subject
      groups.removeAll(keepingCapacity: true)
    }
    let answers = Self.answers(in: layers)
    // Bars fade out only when no stage answers: else they would take the room of those that do.
    let stages = answers.isEmpty ? groups.map(\.stage) : answers.map(\.stage)
    groups = stages.compactMap { stage in
      var group = groups.first { $0.stage == stage } ?? Group(stage: stage)
      group.update(with: answers.first { $0.stage == stage }?.classes ?? [], share: smooths ? 0.25 : 1)
      return group.bars.isEmpty ? nil : group
    }
  }

  /// Whether some layer holds classes.
  static func hasClasses(_ layers: [Layer]) -> Bool { answers(in: layers).contains { !$0.classes.isEmpty } }

  private static func answers(in layers: [Layer]) -> [(stage: StageID, classes: [Classification])] {
    layers.compactMap { layer in
      if let classes = layer.content as? Classes { return (layer.stage, classes.list) }
      if let activity = layer.content as? Activity { return (layer.stage, activity.classes) }
      return nil
    }
  }
}
