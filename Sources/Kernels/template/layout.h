// Transposition in registers, and what is made of it: layout changes.

// Rows become columns: log2(VL) rounds of zipping row i with row i + VL/2.
INLINE void transpose_lanes(vf r[VL]) {
    UNROLL
    for (int round = 1; round < VL; round *= 2) {
        vf t[VL];
        UNROLL
        for (int i = 0; i < VL / 2; i++) {
#if VL == 16
            t[2 * i] = __builtin_shufflevector(r[i], r[i + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            t[2 * i + 1] =
                __builtin_shufflevector(r[i], r[i + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
#else
            t[2 * i] = __builtin_shufflevector(r[i], r[i + 4], 0, 8, 1, 9, 2, 10, 3, 11);
            t[2 * i + 1] = __builtin_shufflevector(r[i], r[i + 4], 4, 12, 5, 13, 6, 14, 7, 15);
#endif
        }
        UNROLL
        for (int i = 0; i < VL; i++) r[i] = t[i];
    }
}

// One block: up to VL planes to [area][VL].
static void ISA(to_blocked)(const float *in, float *out, int channels, int area) {
    int i = 0;
    for (; channels == VL && i + VL <= area; i += VL) {
        vf r[VL];
        UNROLL
        for (int c = 0; c < VL; c++) r[c] = vload(in + (ptrdiff_t)c * area + i);
        transpose_lanes(r);
        UNROLL
        for (int p = 0; p < VL; p++) vstore(out + (ptrdiff_t)(i + p) * VL, r[p]);
    }
    for (; i < area; i++)
        for (int c = 0; c < VL; c++) out[(ptrdiff_t)i * VL + c] = c < channels ? in[(ptrdiff_t)c * area + i] : 0;
}

static void ISA(from_blocked)(const float *in, float *out, int channels, int area) {
    int i = 0;
    for (; channels == VL && i + VL <= area; i += VL) {
        vf r[VL];
        UNROLL
        for (int p = 0; p < VL; p++) r[p] = vload(in + (ptrdiff_t)(i + p) * VL);
        transpose_lanes(r);
        UNROLL
        for (int c = 0; c < VL; c++) vstore(out + (ptrdiff_t)c * area + i, r[c]);
    }
    for (; i < area; i++)
        for (int c = 0; c < channels; c++) out[(ptrdiff_t)c * area + i] = in[(ptrdiff_t)i * VL + c];
}

// Rows [first, end) of a matrix into the columns of the other.
static void ISA(transpose)(const float *in, float *out, int rows, int columns, int first, int end) {
    int y = first;
    for (; y + VL <= end; y += VL) {
        int x = 0;
        for (; x + VL <= columns; x += VL) {
            vf r[VL];
            UNROLL
            for (int i = 0; i < VL; i++) r[i] = vload(in + (ptrdiff_t)(y + i) * columns + x);
            transpose_lanes(r);
            UNROLL
            for (int i = 0; i < VL; i++) vstore(out + (ptrdiff_t)(x + i) * rows + y, r[i]);
        }
        for (; x < columns; x++)
            for (int i = 0; i < VL; i++) out[(ptrdiff_t)x * rows + y + i] = in[(ptrdiff_t)(y + i) * columns + x];
    }
    for (; y < end; y++)
        for (int x = 0; x < columns; x++) out[(ptrdiff_t)x * rows + y] = in[(ptrdiff_t)y * columns + x];
}
