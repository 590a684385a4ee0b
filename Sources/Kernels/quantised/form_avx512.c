#if defined(__x86_64__)
#include "quantised.h"
#include <string.h>
#include <immintrin.h>
#define QISA(name) name##_avx512
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma"))), apply_to = function)
#include "../template/quantised/form_avx512.h"
#include "../template/quantised/kernels.h"
#pragma clang attribute pop
#else
typedef int ock_not_for_this_cpu;
#endif
