// One row of a picture as three planes of floats 0...255, and resampling of such rows. Rows lie
// ock_picture_stride() floats apart.

// Two pixels share a word: spread words over the pairs of lanes.
#if VL == 16
#define PAIRS(x) __builtin_shufflevector(x, x, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7)
#define ODD_LANES(a, b) ((vi){a, b, a, b, a, b, a, b, a, b, a, b, a, b, a, b})
typedef int vi_half __attribute__((ext_vector_type(8)));
typedef uint8_t bytes_half __attribute__((ext_vector_type(8), aligned(1), may_alias));
typedef uint16_t shorts_half __attribute__((ext_vector_type(8), aligned(1), may_alias));
typedef int words_half __attribute__((ext_vector_type(8), aligned(1), may_alias));
#else
#define PAIRS(x) __builtin_shufflevector(x, x, 0, 0, 1, 1, 2, 2, 3, 3)
#define ODD_LANES(a, b) ((vi){a, b, a, b, a, b, a, b})
typedef int vi_half __attribute__((ext_vector_type(4)));
typedef uint8_t bytes_half __attribute__((ext_vector_type(4), aligned(1), may_alias));
typedef uint16_t shorts_half __attribute__((ext_vector_type(4), aligned(1), may_alias));
typedef int words_half __attribute__((ext_vector_type(4), aligned(1), may_alias));
#endif

INLINE vf byte_at(vi words, vi shift) { return __builtin_convertvector((words >> shift) & (vi)255, vf); }

INLINE void store_yuv(vf y, vf u, vf v, const ock_yuv_terms *terms, float *out, ptrdiff_t stride) {
    u -= (vf)128.0f;
    v -= (vf)128.0f;
    y = (y - (vf)terms->offset) * (vf)terms->luma;
    vf r = vfma(v, (vf)terms->red_v, y);
    vf g = vfma(u, (vf)-terms->green_u, vfma(v, (vf)-terms->green_v, y));
    vf b = vfma(u, (vf)terms->blue_u, y);
    vf zero = (vf)0.0f, most = (vf)255.0f;
    vstore(out, vclamp(r, zero, most));
    vstore(out + stride, vclamp(g, zero, most));
    vstore(out + 2 * stride, vclamp(b, zero, most));
}

// Pixels [first, end) of `row` into out[pixel] of each plane; `first` is even. The last few go through
// ock_picture_pixel, so that nothing is read beyond the row.
static void ISA(picture_row)(const ock_picture *picture, int row, int first, int end, float *out) {
    ptrdiff_t stride = ock_picture_stride(picture->width);
    const uint8_t *line = picture->planes[0] + row * picture->row_bytes[0];
    const ock_yuv_terms yuv_terms = *ock_picture_terms(picture), *yuv = &yuv_terms;
    int x = first;
    switch (picture->format) {
    case OCK_PIXELS_YUYV:
    case OCK_PIXELS_UYVY: {
        bool yuyv = picture->format == OCK_PIXELS_YUYV;
        vi y_shift = yuyv ? ODD_LANES(0, 16) : ODD_LANES(8, 24);
        vi u_shift = (vi)(yuyv ? 8 : 0), v_shift = (vi)(yuyv ? 24 : 16);
        for (; x + VL <= end; x += VL) {
            vi words = PAIRS(*(const words_half *)(line + 2 * x));
            store_yuv(byte_at(words, y_shift), byte_at(words, u_shift), byte_at(words, v_shift),
                      yuv, out + x, stride);
        }
        break;
    }
    case OCK_PIXELS_NV12: {
        const uint8_t *chroma = picture->planes[1] + row / 2 * picture->row_bytes[1];
        for (; x + VL <= end; x += VL) {
            vi words = PAIRS(__builtin_convertvector(*(const shorts_half *)(chroma + x), vi_half));
            store_yuv(__builtin_convertvector(vload_bytes(line + x), vf), byte_at(words, (vi)0),
                      byte_at(words, (vi)8), yuv, out + x, stride);
        }
        break;
    }
    case OCK_PIXELS_YUV420:
    case OCK_PIXELS_YUV422: {
        int half = picture->format == OCK_PIXELS_YUV420 ? row / 2 : row;
        const uint8_t *u = picture->planes[1] + half * picture->row_bytes[1];
        const uint8_t *v = picture->planes[2] + half * picture->row_bytes[2];
        for (; x + VL <= end; x += VL) {
            vi us = PAIRS(__builtin_convertvector(*(const bytes_half *)(u + x / 2), vi_half));
            vi vs = PAIRS(__builtin_convertvector(*(const bytes_half *)(v + x / 2), vi_half));
            store_yuv(__builtin_convertvector(vload_bytes(line + x), vf), __builtin_convertvector(us, vf),
                      __builtin_convertvector(vs, vf), yuv, out + x, stride);
        }
        break;
    }
    case OCK_PIXELS_GRAY8:
        for (; x + VL <= end; x += VL) {
            vf y = __builtin_convertvector(vload_bytes(line + x), vf);
            vstore(out + x, y);
            vstore(out + stride + x, y);
            vstore(out + 2 * stride + x, y);
        }
        break;
    case OCK_PIXELS_RGB24:
    case OCK_PIXELS_BGR24:
    case OCK_PIXELS_RGBA32: {
        int size = picture->format == OCK_PIXELS_RGBA32 ? 4 : 3;
        bool swapped = picture->format == OCK_PIXELS_BGR24;
        float *red = out + (swapped ? 2 * stride : 0), *blue = out + (swapped ? 0 : 2 * stride);
        // The compiler makes shuffles of this.
        for (; x < end; x++) {
            red[x] = line[x * size];
            out[stride + x] = line[x * size + 1];
            blue[x] = line[x * size + 2];
        }
        break;
    }
    }
    for (; x < end; x++) {
        float pixel[3];
        ock_picture_pixel(picture, row, x, pixel);
        for (int plane = 0; plane < 3; plane++) out[plane * stride + x] = pixel[plane];
    }
}

static void ISA(picture_blend)(const float *a, const float *b, float weight, float *out, size_t n) {
    vf w = (vf)weight;
    size_t i = 0;
    for (; i + VL <= n; i += VL) {
        vf low = vload(a + i);
        vstore(out + i, vfma(w, vload(b + i) - low, low));
    }
    for (; i < n; i++) out[i] = a[i] + weight * (b[i] - a[i]);
}

// out[i] = (line[low[i]] (1 - weight[i]) + line[low[i] + 1] weight[i]) scale + shift
static void ISA(picture_sample)(const float *line, const int *low, const float *weight, float scale, float shift,
                                float *out, size_t n) {
    typedef int vi_unaligned __attribute__((ext_vector_type(VL), aligned(4), may_alias));
    vf k = (vf)scale, d = (vf)shift;
    size_t i = 0;
    for (; i + VL <= n; i += VL) {
        vi index = *(const vi_unaligned *)(low + i);
        vf a, b;
        vgather_pairs(line, index, &a, &b);
        vstore(out + i, vfma(vfma(vload(weight + i), b - a, a), k, d));
    }
    for (; i < n; i++) {
        float a = line[low[i]], b = line[low[i] + 1];
        out[i] = (a + weight[i] * (b - a)) * scale + shift;
    }
}

// Three planes of floats to packed bytes, rounded to nearest.
static void ISA(picture_pack)(const float *planes, ptrdiff_t stride, uint8_t *out, int width) {
    for (int x = 0; x < width; x++)
        for (int plane = 0; plane < 3; plane++) out[3 * x + plane] = (uint8_t)(planes[plane * stride + x] + 0.5f);
}
