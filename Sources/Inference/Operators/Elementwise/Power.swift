import Glibc

/// `powf`, for files that need nothing else of the C library.
@inline(__always) func power(_ base: Float, _ exponent: Float) -> Float { powf(base, exponent) }
