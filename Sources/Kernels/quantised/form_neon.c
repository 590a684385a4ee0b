#if defined(__aarch64__)
#include "quantised.h"
#include <string.h>
#include <arm_neon.h>
#define QISA(name) name##_neon
#pragma clang attribute push(__attribute__((target("neon"))), apply_to = function)
#include "../template/quantised/form_neon.h"
#include "../template/quantised/kernels.h"
#pragma clang attribute pop
#else
typedef int ock_not_for_this_cpu;
#endif
