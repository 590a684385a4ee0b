#pragma once

/// Floats that a packed matrix of `rows` x `columns` takes under the active instruction set.
size_t ock_gemm_packed_count(int rows, int columns);

/// Packs B for ock_gemm. `b` is [rows][columns] with `stride` floats a row, or when `transposed` [columns][rows]; it may
/// lie unaligned.
void ock_gemm_pack(const float *b, ptrdiff_t stride, bool transposed, int rows, int columns, float *packed);

/// The tiles of columns that a packed matrix has, one behind the other.
int ock_gemm_tiles(int columns);

/// Packs tiles first..<end only.
void ock_gemm_pack_tiles(const float *b, ptrdiff_t stride, bool transposed, int rows, int columns, float *packed,
                         int first, int end);

/// C[m][n] = epilogue(scale * A[m][k] * B[k][n] + bias[n]); rows `lda` and `ldc` floats apart. The residual has C's
/// shape and stride and may be C itself.
typedef struct {
    int m, n, k;
    const float *a, *packed_b, *bias, *residual;
    float *c;
    ptrdiff_t lda, ldc;
    float scale;
    ock_epilogue epilogue;
    int threads;
} ock_gemm_call;

/// The packed matrix must have been packed under the same instruction set.
void ock_gemm(const ock_gemm_call *call);

/// `count` independent products of one geometry, as attention has: for item i, A, B and C start at
/// a + i * a_step, b + i * b_step, c + i * c_step. B is packed inside; `scratch` holds
/// ock_gemm_packed_count(k, n) floats a thread. `b_stride` and `b_transposed` as in ock_gemm_pack.
typedef struct {
    ock_gemm_call one;
    const float *b;
    ptrdiff_t b_stride;
    bool b_transposed;
    int count;
    ptrdiff_t a_step, b_step, c_step;
    float *scratch;
} ock_gemm_batch_call;

void ock_gemm_batch(const ock_gemm_batch_call *call);
