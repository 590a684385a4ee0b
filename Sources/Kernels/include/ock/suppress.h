#pragma once

/// Boxes as four arrays: `begin` and `end` along one axis, `low` and `high` along the other. Sets alive[i] to 0 for
/// each i in first..<end_place whose intersection over union with box `place` is above `threshold`, as ONNX Runtime
/// rounds it; boxes without area overlap nothing.
void ock_suppress(const float *begin, const float *low, const float *end, const float *high, int place, int first,
                  int end_place, float threshold, int32_t *alive);
