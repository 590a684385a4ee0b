import Kernels
import Testing

/// The kernels' instruction sets that this machine has.
enum InstructionSets {
  static let available: [ock_isa] =
    [OCK_ISA_PLAIN, OCK_ISA_NEON, OCK_ISA_AVX2, OCK_ISA_AVX512].filter(ock_isa_available)

  /// Runs `body` with the kernels of one instruction set.
  static func force(_ isa: ock_isa, _ body: () throws -> Void) throws {
    let before = ock_active_isa()
    #expect(ock_override_isa(isa))
    defer { _ = ock_override_isa(before) }
    try body()
  }
}
