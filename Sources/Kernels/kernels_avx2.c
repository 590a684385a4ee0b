#if defined(__x86_64__)
#include "table.h"
#include <math.h>
#include <string.h>
#include <immintrin.h>
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "template/vector_avx2.h"
#include "template/kernels.h"
#pragma clang attribute pop
#else
typedef int ock_not_for_this_cpu;
#endif
