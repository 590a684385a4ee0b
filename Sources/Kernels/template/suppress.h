// Overlap of one box with a run of others. The sums are rounded one by one, as the reference does: whether a box stays is
// decided by a comparison.
static void ISA(suppress)(const float *begin, const float *low, const float *end, const float *high, int place,
                          int first, int end_place, float threshold, int32_t *alive) {
#pragma clang fp contract(off)
    vf own_begin = (vf)begin[place], own_end = (vf)end[place], own_low = (vf)low[place], own_high = (vf)high[place];
    vf own_area = (own_end - own_begin) * (own_high - own_low);
    for (int i = first; i < end_place; i += VL) {
        size_t n = (size_t)ock_min(VL, end_place - i);
        vf b, e, l, h;
        if (n == VL) {
            b = vload(begin + i), e = vload(end + i);
            l = vload(low + i), h = vload(high + i);
        } else {
            b = vload_some(begin + i, n), e = vload_some(end + i, n);
            l = vload_some(low + i, n), h = vload_some(high + i, n);
        }
        vf length = vmin(own_end, e) - vmax(own_begin, b);
        vf width = vmin(own_high, h) - vmax(own_low, l);
        vf area = (e - b) * (h - l), shared = length * width;
        vi overlaps = (length > (vf)0.0f) & (width > (vf)0.0f) & (area > (vf)0.0f) & (own_area > (vf)0.0f) &
                      (shared / (own_area + area - shared) > (vf)threshold);
        vi lives = {0};
        memcpy(&lives, alive + i, n * sizeof(int32_t));
        lives &= ~overlaps;
        memcpy(alive + i, &lives, n * sizeof(int32_t));
    }
}
