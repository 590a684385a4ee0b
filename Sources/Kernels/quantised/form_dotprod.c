#if defined(__aarch64__)
#include "quantised.h"
#include <string.h>
#include <arm_neon.h>
#define QISA(name) name##_dotprod
#define QDOTPROD
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#include "../template/quantised/form_neon.h"
#include "../template/quantised/kernels.h"
#pragma clang attribute pop
#else
typedef int ock_not_for_this_cpu;
#endif
