// The plain kernels: what each table entry means, written as the definition says, with no regard for speed.
#pragma once
#include "../table.h"
#include <math.h>
#include <string.h>

#define PLAIN_BLOCK 8

size_t plain_conv_weight_count(const ock_conv *);
void plain_conv_pack(const ock_conv *, const float *, const float *, float *);
size_t plain_conv_scratch_count(const ock_conv *, int);
void plain_conv_run(const ock_conv *, const ock_conv_call *);
size_t plain_gemm_packed_count(int, int);
int plain_gemm_tiles(int);
void plain_gemm_pack(const float *, ptrdiff_t, bool, int, int, float *, int, int);
void plain_gemm(const ock_gemm_call *);

void plain_recurrent_block(const ock_recurrent_step *, int);

float plain_act(ock_act, float);
float plain_finish(const ock_epilogue *, float sum, float residual);
void plain_max_pool(const ock_pool_shape *, const float *, float *, int);
void plain_average_pool(const ock_pool_shape *, const float *, float *, int);
void plain_global_pool(const float *, float *, int, bool);
void plain_resize_nearest(const float *, float *, int, int, int, const int *, const int *);
void plain_resize_linear(const float *, float *, int, int, int, const ock_tap *, const ock_tap *);
