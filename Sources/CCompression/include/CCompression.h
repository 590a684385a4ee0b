// Shim over zstd and lz4's frame format (libzstd-dev, liblz4-dev).
#pragma once
#include <lz4frame.h>
#include <zstd.h>
