// Shim over libpng's simplified API (libpng-dev), which keeps libpng's setjmp on the C side.
#pragma once
#include <png.h>
