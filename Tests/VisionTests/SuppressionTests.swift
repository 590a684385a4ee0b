import TestSupport
import Testing
import Vision

@Suite struct SuppressionTests {
  private func randomCandidates(_ count: Int, seed: UInt64) -> [Candidate] {
    var random = SeededGenerator(seed)
    return (0..<count).map { row in
      let box = Box(
        x: .random(in: 0...500, using: &random), y: .random(in: 0...500, using: &random),
        width: .random(in: 1...200, using: &random), height: .random(in: 1...200, using: &random))
      // Coarse confidences, so that ties occur.
      let confidence = Float(Int.random(in: 0...50, using: &random)) / 50
      return Candidate(box: box, confidence: confidence, classID: Int.random(in: 0..<4, using: &random), row: row)
    }
  }

  /// Greedy suppression by its definition.
  private func reference(_ candidates: [Candidate], iou: Float, perClass: Bool) -> [Int32] {
    var left = candidates.sorted { $0.confidence != $1.confidence ? $0.confidence > $1.confidence : $0.row < $1.row }
    var kept: [Int32] = []
    while !left.isEmpty {
      let best = left.removeFirst()
      kept.append(best.row)
      left.removeAll { (!perClass || $0.classID == best.classID) && $0.box.iou(best.box) > iou }
    }
    return kept
  }

  @Test(arguments: [true, false]) func matchesItsDefinition(perClass: Bool) {
    for seed in 1...20 {
      var candidates = randomCandidates(200, seed: UInt64(seed))
      let expected = reference(candidates, iou: 0.4, perClass: perClass)
      Suppression(iou: 0.4, perClass: perClass, limit: 1000).apply(to: &candidates)
      #expect(candidates.map(\.row) == expected)
    }
  }

  @Test func theLimitKeepsTheSurest() {
    var candidates = randomCandidates(300, seed: 9)
    let all = reference(candidates, iou: 0.4, perClass: true)
    Suppression(iou: 0.4, limit: 7).apply(to: &candidates)
    #expect(candidates.map(\.row) == Array(all.prefix(7)))
  }

  @Test func softSuppressionDecaysByTheGaussian() {
    let box = Box(x: 0, y: 0, width: 100, height: 100)
    let shifted = Box(x: 50, y: 0, width: 100, height: 100)
    var candidates = [
      Candidate(box: box, confidence: 0.9, classID: 0, row: 0),
      Candidate(box: shifted, confidence: 0.8, classID: 0, row: 1),
      Candidate(box: box, confidence: 0.7, classID: 1, row: 2),
      Candidate(box: box, confidence: 0.2, classID: 0, row: 3),
    ]
    Suppression(kind: .soft(sigma: 0.5)).apply(to: &candidates, minimumConfidence: 0.1)
    // exp(-(1/3)^2 / 0.5) = 0.8007
    #expect(candidates.map(\.row) == [0, 2, 1])
    #expect(abs(candidates[2].confidence - 0.8 * 0.80073) < 1e-3)
  }

  @Test func emptyAndOddBoxesAreHarmless() {
    var none: [Candidate] = []
    Suppression().apply(to: &none)
    #expect(none.isEmpty)
    var odd = [Float.nan, .infinity, -.infinity, 0].map {
      Candidate(box: Box(x: $0, y: $0, width: $0, height: $0), confidence: 0.5, classID: 0, row: 0)
    }
    Suppression().apply(to: &odd)
    #expect(odd.count == 4)
  }

  @Test func probabilisticOverlapOfTurnedBoxes() {
    let a = Candidate(box: Box(x: 0, y: 0, width: 40, height: 10), confidence: 1, classID: 0, row: 0, angle: 0.3)
    #expect(a.probabilisticIoU(a) > 0.99)
    let quarter = Candidate(
      box: Box(x: 15, y: -15, width: 10, height: 40), confidence: 1, classID: 0, row: 0, angle: 0.3 + .pi / 2)
    // The same rectangle written with its sides exchanged and turned by 90 degrees.
    #expect(a.probabilisticIoU(quarter) > 0.99)
    let far = Candidate(box: Box(x: 500, y: 0, width: 40, height: 10), confidence: 1, classID: 0, row: 0, angle: 0.3)
    #expect(a.probabilisticIoU(far) < 0.01)
  }
}
