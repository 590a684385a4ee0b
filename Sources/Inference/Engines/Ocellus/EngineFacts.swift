import COpenBLAS
import Kernels

/// What the engine found on this machine: for benchmarks, `doctor` and bug reports.
public enum EngineFacts {
  /// The instruction set that the kernels use: "avx512", "avx2", "neon" or "plain". `OCELLUS_ISA` forces a lesser one.
  public static var instructionSet: String {
    switch ock_active_isa() {
    case OCK_ISA_AVX512: "avx512"
    case OCK_ISA_AVX2: "avx2"
    case OCK_ISA_NEON: "neon"
    default: "plain"
    }
  }

  /// Why OpenBLAS cannot be loaded; nil when it is.
  static var blasProblem: String? { cob_problem().map { String(cString: $0) } }

  /// The CPU that OpenBLAS believes to run on. An exported `OPENBLAS_CORETYPE` overrides its own judgement.
  public static var blasCore: String { cob_core_name().map { String(cString: $0) } ?? "unknown" }
}
