#include "table.h"

void ock_suppress(const float *begin, const float *low, const float *end, const float *high, int place, int first,
                  int end_place, float threshold, int32_t *alive) {
    ock_active_table()->suppress(begin, low, end, high, place, first, end_place, threshold, alive);
}
