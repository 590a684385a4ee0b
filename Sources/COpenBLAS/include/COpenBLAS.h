// Shim over OpenBLAS (libopenblas-dev).
#pragma once
#include <cblas.h>
