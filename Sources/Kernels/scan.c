#include "table.h"

int ock_scan_columns(const float *scores, int classes, int anchors, ptrdiff_t stride, float threshold,
                     ock_candidate *found, int capacity) {
    return ock_active_table()->scan_columns(scores, classes, anchors, stride, threshold, found, capacity);
}

int ock_scan_rows(const float *scores, int classes, int anchors, ptrdiff_t stride, int objectness, float threshold,
                  ock_candidate *found, int capacity) {
    return ock_active_table()->scan_rows(scores, classes, anchors, stride, objectness, threshold, found, capacity);
}
