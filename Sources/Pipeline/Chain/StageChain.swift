package import Ground
package import Perception
package import Vision

/// The frame that a chain's stages look at.
package struct StageFrame: Sendable {
  package var image: Image
  /// Counts processed frames from 1.
  package var number: UInt64
  package var time: MonotonicTime

  package init(image: Image, number: UInt64, time: MonotonicTime) {
    self.image = image
    self.number = number
    self.time = time
  }

  func seconds(since earlier: MonotonicTime?) -> Double? {
    earlier.map { Double(time.nanoseconds(since: $0)) / 1e9 }
  }
}

/// A stage at work. Pipeline thread only.
protocol StageRunner: AnyObject {
  /// Adds what the stage knows to a frame's detections (best first), and what it took to `latency`.
  func run(on detections: inout [Detection], of frame: StageFrame, latency: inout FrameLatency) throws
}

/// What follows detector and tracker, in order: networks on crops, each at its own rate, and networks on tracks.
///
/// One thread at a time: the pipeline's.
package struct StageChain {
  private let runners: [(name: String, runner: any StageRunner)]

  /// A chain that has seen nothing yet.
  package init(_ links: [ChainLink] = []) {
    runners = links.map { link in
      switch link.network {
      case .crops(let model): (link.stage.model, CropStage(link.stage, model: model))
      case .tracks(let model): (link.stage.model, SequenceStage(link.stage, model: model))
      }
    }
  }

  /// Runs every stage on a frame's detections; each decides whether it is due.
  ///
  /// - Parameter beginning: called with each stage's name before it runs.
  /// - Returns: the first trouble. A stage that fails leaves its part empty, the others run all the same.
  package func run(
    on detections: inout [Detection], of frame: StageFrame, latency: inout FrameLatency,
    beginning: (String) -> Void = { _ in }
  ) -> (any Error)? {
    var trouble: (any Error)?
    for (name, runner) in runners {
      beginning(name)
      do {
        try runner.run(on: &detections, of: frame, latency: &latency)
      } catch {
        trouble = trouble ?? error
      }
    }
    return trouble
  }
}
