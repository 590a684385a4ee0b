// OpenBLAS (libopenblas0), loaded when the first network is prepared.
//
// Not linked: the library starts a thread a core while it is loaded, before main, and ends the process with a signal where
// a limit (ulimit -u, pids.max) forbids that. Its number of threads is read from the environment at that moment only. We
// thread on our own side, so it is loaded with one.
#pragma once
#include <stdbool.h>

/// Loads the library, once. Any thread.
///
/// @return why it cannot be loaded, or NULL when it is.
const char *_Nullable cob_problem(void);

/// The CPU that the library believes to run on; NULL when it is not loaded.
const char *_Nullable cob_core_name(void);

/// c = alpha * op(a) * op(b) + beta * c, row-major, in the calling thread; op(a) is m x k, op(b) k x n, c m x n.
/// Only where ``cob_problem`` is NULL.
void cob_sgemm(bool transposes_a, bool transposes_b, int m, int n, int k, float alpha, const float *_Nonnull a, int lda,
               const float *_Nonnull b, int ldb, float beta, float *_Nonnull c, int ldc);
void cob_dgemm(bool transposes_a, bool transposes_b, int m, int n, int k, double alpha, const double *_Nonnull a, int lda,
               const double *_Nonnull b, int ldb, double beta, double *_Nonnull c, int ldc);
