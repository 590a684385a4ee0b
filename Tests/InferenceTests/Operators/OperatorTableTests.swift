import Inference
import Testing

/// Tables of which every row must count.
@Suite struct OperatorTableTests {
  @Test func noTwoRowsDefineOneOperator() {
    let keys = OperatorRegistry.all.map { "\($0.domain)/\($0.name)/\($0.since)" }
    #expect(Set(keys).count == keys.count)
  }

  @Test func everyMeaningOfAnOperatorHasTheSameRoleInLateCompilation() {
    for rows in Dictionary(grouping: OperatorRegistry.all, by: { "\($0.domain)/\($0.name)" }).values {
      #expect(Set(rows.map { "\($0.traits.late)" }).count == 1, "\(rows[0].name)")
      #expect(Set(rows.map { "\($0.traits.shapeSource)" }).count == 1, "\(rows[0].name)")
    }
  }

  @Test func phasesHaveNamesAndReasonsOfTheirOwn() {
    #expect(Set(Rewrites.phases.map(\.name)).count == Rewrites.phases.count)
    #expect(Set(Rewrites.phases.map(\.reason)).count == Rewrites.phases.count)
    #expect(Rewrites.phases.allSatisfy { !$0.rewrites.isEmpty })
  }

  /// A rewrite may stand twice only where its phase says why; a row that was added by mistake fails here.
  @Test func onlyTheseRewritesStandTwice() {
    let names = Dictionary(grouping: Rewrites.all, by: \.name).filter { $0.value.count > 1 }.keys
    #expect(
      Set(names) == [
        "movement before dequantising", "bytes of another scale by a table", "activation into Conv",
        "activation into Linear",
      ])
  }
}
