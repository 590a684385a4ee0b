#if defined(__x86_64__)
#include "quantised.h"
#include <string.h>
#include <immintrin.h>
#define QISA(name) name##_avxvnni
#define QVNNI
#pragma clang attribute push(__attribute__((target("avx2,fma,avxvnni"))), apply_to = function)
#include "../template/quantised/form_avx2.h"
#include "../template/quantised/kernels.h"
#pragma clang attribute pop
#else
typedef int ock_not_for_this_cpu;
#endif
