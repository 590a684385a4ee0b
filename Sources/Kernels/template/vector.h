// Loads, stores and elementary functions over the vector type that a vector_*.h has defined.
//
// Names in all templates:
//   VL            lanes of a vector: floats of one register, and channels of one block of the blocked layout
//   vf, vi        a vector of VL floats, and of VL 32-bit integers (also the masks of comparisons)
//   vf_unaligned  a vf in memory that need not be aligned
//   P             pixels (rows) of a register tile
//   NB            vectors of output channels (columns) of a register tile; NB_MAX is the most that the registers hold
//   ISA(name)     the name with the instruction set's suffix, since each is compiled once per instruction set
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

INLINE vf vload(const float *p) { return *(const vf_unaligned *)p; }
INLINE void vstore(float *p, vf x) { *(vf_unaligned *)p = x; }
INLINE vf vfma(vf a, vf b, vf c) { return __builtin_elementwise_fma(a, b, c); }
INLINE vf vselect(vi mask, vf yes, vf no) { return (vf)((mask & (vi)yes) | (~mask & (vi)no)); }
INLINE vf vabs(vf x) { return (vf)((vi)x & (vi)0x7fffffff); }
INLINE vf vclamp(vf x, vf low, vf high) { return vmin(high, vmax(low, x)); }

INLINE vf vload_some(const float *p, size_t n) {
    float lanes[VL] = {0};
    memcpy(lanes, p, n * sizeof(float));
    return vload(lanes);
}
INLINE void vstore_some(float *p, vf x, size_t n) {
    float lanes[VL];
    vstore(lanes, x);
    memcpy(p, lanes, n * sizeof(float));
}
INLINE float vsum(vf x) {
    float lanes[VL];
    vstore(lanes, x);
    UNROLL
    for (int width = VL / 2; width >= 1; width /= 2) {
        UNROLL
        for (int i = 0; i < width; i++) lanes[i] += lanes[i + width];
    }
    return lanes[0];
}
INLINE float vlargest(vf x) {
    float best = x[0];
    UNROLL
    for (int i = 1; i < VL; i++) best = x[i] > best ? x[i] : best;
    return best;
}

// exp by reduction to |r| <= ln2/2 and a polynomial (Cephes' expf); within 2 units in the last place. From 88.73 on it is
// infinite, as it should be: the product at the end overflows.
INLINE vf vexp(vf x) {
    x = vclamp(x, (vf)-87.33654f, (vf)89.0f);
    // The scale 2^n goes on in two halves, so that the largest n does not overflow on the way.
    vf n = __builtin_elementwise_rint(x * (vf)1.44269504f);
    vf r = vfma(n, (vf)-0.693359375f, x);
    r = vfma(n, (vf)2.12194440e-4f, r);
    vf p = (vf)1.9875691500e-4f;
    p = vfma(p, r, (vf)1.3981999507e-3f);
    p = vfma(p, r, (vf)8.3334519073e-3f);
    p = vfma(p, r, (vf)4.1665795894e-2f);
    p = vfma(p, r, (vf)1.6666665459e-1f);
    p = vfma(p, r, (vf)5.0000001201e-1f);
    p = vfma(p, r * r, r) + (vf)1.0f;
    vi exponent = __builtin_convertvector(n, vi);
    vi half = exponent >> 1;
    return p * (vf)((half + 127) << 23) * (vf)((exponent - half + 127) << 23);
}
INLINE vf vsigmoid(vf x) { return (vf)1.0f / ((vf)1.0f + vexp(-x)); }

// A rational approximation of tanh (as Eigen has it); within 3 units in the last place.
INLINE vf vtanh(vf x) {
    vf c = vclamp(x, (vf)-7.90531110763549805f, (vf)7.90531110763549805f);
    vf s = c * c;
    vf p = (vf)-2.76076847742355e-16f;
    p = vfma(p, s, (vf)2.00018790482477e-13f);
    p = vfma(p, s, (vf)-8.60467152213735e-11f);
    p = vfma(p, s, (vf)5.12229709037114e-08f);
    p = vfma(p, s, (vf)1.48572235717979e-05f);
    p = vfma(p, s, (vf)6.37261928875436e-04f);
    p = vfma(p, s, (vf)4.89352455891786e-03f) * c;
    vf q = (vf)1.19825839466702e-06f;
    q = vfma(q, s, (vf)1.18534705686654e-04f);
    q = vfma(q, s, (vf)2.26843463243900e-03f);
    q = vfma(q, s, (vf)4.89352518554385e-03f);
    return p / q;
}

// A rational approximation of erf on |x| <= 3.83, beyond which it is 1 in single precision.
INLINE vf verf(vf x) {
    vf c = vclamp(x, (vf)-3.832506856900711f, (vf)3.832506856900711f);
    vf s = c * c;
    vf p = (vf)-2.72614225801306e-10f;
    p = vfma(p, s, (vf)2.77068142495902e-08f);
    p = vfma(p, s, (vf)-2.10102402082508e-06f);
    p = vfma(p, s, (vf)-5.69250639462346e-05f);
    p = vfma(p, s, (vf)-7.34990630326855e-04f);
    p = vfma(p, s, (vf)-2.95459980854025e-03f);
    p = vfma(p, s, (vf)-1.60960333262415e-02f) * c;
    vf q = (vf)-1.45660718464996e-05f;
    q = vfma(q, s, (vf)-2.13374055278905e-04f);
    q = vfma(q, s, (vf)-1.68282697438203e-03f);
    q = vfma(q, s, (vf)-7.37332916720468e-03f);
    q = vfma(q, s, (vf)-1.42647390514189e-02f);
    return p / q;
}
