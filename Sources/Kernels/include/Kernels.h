// Ocellus' compute kernels: C with SIMD intrinsics, chosen at run time by what the CPU has.
// Beside every fast kernel stands a plain one with the same contract; the tests hold them together.
#pragma once
#include "ock/isa.h"
#include "ock/pool.h"
#include "ock/activation.h"
#include "ock/layout.h"
#include "ock/conv.h"
#include "ock/gemm.h"
#include "ock/attention.h"
#include "ock/elementwise.h"
#include "ock/pooling.h"
#include "ock/normalise.h"
#include "ock/picture.h"
#include "ock/rank.h"
#include "ock/recurrent.h"
#include "ock/scan.h"
#include "ock/quantised.h"
#include "ock/suppress.h"
