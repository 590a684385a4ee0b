#if defined(__aarch64__)
#include "table.h"
#include <math.h>
#include <string.h>
#include "template/vector_neon.h"
#include "template/kernels.h"
#else
typedef int ock_not_for_this_cpu;
#endif
