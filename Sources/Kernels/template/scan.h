// The scan for candidates: the largest score of each anchor, and a second look only at those that pass.
static int ISA(scan_columns)(const float *scores, int classes, int anchors, ptrdiff_t stride, float threshold,
                             ock_candidate *found, int capacity) {
    int count = 0;
    for (int i = 0; i < anchors && count < capacity; i += 4 * VL) {
        vf best[4];
        if (i + 4 * VL <= anchors) {
            UNROLL
            for (int v = 0; v < 4; v++) best[v] = (vf)(-INFINITY);
            for (int k = 0; k < classes; k++) {
                UNROLL
                for (int v = 0; v < 4; v++) best[v] = vmax(vload(scores + k * stride + i + v * VL), best[v]);
            }
            bool any = false;
            UNROLL
            for (int v = 0; v < 4; v++) any |= vany_above(best[v], (vf)threshold);
            if (!any) continue;
        }
        for (int at = i; at < ock_min(i + 4 * VL, anchors) && count < capacity; at++) {
            if (i + 4 * VL <= anchors && !(best[(at - i) / VL][(at - i) % VL] > threshold)) continue;
            int winner = -1;
            float top = threshold;
            for (int k = 0; k < classes; k++)
                if (scores[k * stride + at] > top) {
                    top = scores[k * stride + at];
                    winner = k;
                }
            if (winner >= 0) found[count++] = (ock_candidate){at, winner, top};
        }
    }
    return count;
}

static int ISA(scan_rows)(const float *scores, int classes, int anchors, ptrdiff_t stride, int objectness,
                          float threshold, ock_candidate *found, int capacity) {
    int count = 0, whole = classes / VL * VL;
    for (int i = 0; i < anchors && count < capacity; i++) {
        const float *row = scores + i * stride;
        float factor = objectness ? row[objectness] : 1;
        if (objectness && !(factor > threshold)) continue;
        vf best = (vf)(-INFINITY);
        for (int k = 0; k < whole; k += VL) best = vmax(vload(row + k), best);
        float top = whole ? vlargest(best) : -INFINITY;
        for (int k = whole; k < classes; k++) top = row[k] > top ? row[k] : top;
        if (!(top * factor > threshold)) continue;
        int winner = 0;
        while (winner < classes - 1 && row[winner] != top) winner++;
        found[count++] = (ock_candidate){i, winner, top * factor};
    }
    return count;
}
