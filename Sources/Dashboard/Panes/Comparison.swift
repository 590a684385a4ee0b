import Ground
package import Perception
package import Pipeline
import Vision

/// Differences of two detectors on the same frame: A is the active one, B the compared one.
package enum Comparison {
  /// What B found and A did not.
  ///
  /// - Parameter least: the confidence from which objects are shown.
  package static func onlySecond(_ status: ComparisonStatus, atLeast least: Float = 0) -> [Detection] {
    DetectionAgreement.unmatched(status.findings.detections, by: status.primaryFindings.detections)
      .filter { $0.confidence >= least }
  }

  /// What A found and B did not.
  package static func onlyFirst(_ status: ComparisonStatus, atLeast least: Float = 0) -> [Detection] {
    DetectionAgreement.unmatched(status.primaryFindings.detections, by: status.findings.detections)
      .filter { $0.confidence >= least }
  }

  /// Latencies and differences of the objects that are shown, in one line.
  static func summary(_ status: ComparisonStatus, atLeast least: Float) -> String {
    let name = ModelListing.title(of: status.model)
    switch status.state {
    case .loading: return "B \(name): loading"
    case .failed(let reason): return "B \(name): \(ModelsPane.brief(reason))"
    case .available, .active: break
    }
    func milliseconds(_ times: StageTimes) -> String {
      Text.milliseconds(Double(times.preprocess + times.inference + times.postprocess) / 1e6)
    }
    let count = status.agreement
    guard count.frames > 0 else { return "B \(name): no frame compared yet" }
    return "A \(milliseconds(status.primaryTimes)) ms, B \(name) \(milliseconds(status.times)) ms; only A "
      + "\(onlyFirst(status, atLeast: least).count), only B \(onlySecond(status, atLeast: least).count); over \(counted(count.frames, "frame")) "
      + "\(count.onlyFirst) and \(count.onlySecond)"
  }
}
