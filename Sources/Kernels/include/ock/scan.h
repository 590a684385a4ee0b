// Finding the few boxes that pass a threshold among thousands of candidates.
#pragma once

/// A candidate whose best class passes.
typedef struct {
    int anchor, class_index;
    float score;
} ock_candidate;

/// Scores as [classes][stride], one column an anchor (YOLOv8's layout). Writes, in order of anchors, those below
/// `anchors` whose largest score is above `threshold`, at most `capacity`; the lowest class wins a tie. Returns how many.
int ock_scan_columns(const float *scores, int classes, int anchors, ptrdiff_t stride, float threshold,
                     ock_candidate *found, int capacity);

/// Scores as [anchors][stride] (YOLOv5's layout): row i's scores start at scores + i * stride. With `objectness`, an
/// offset relative to the row's scores of a factor on them; rows whose factor is not above the threshold are not
/// looked at. 0 for none.
int ock_scan_rows(const float *scores, int classes, int anchors, ptrdiff_t stride, int objectness, float threshold,
                  ock_candidate *found, int capacity);
