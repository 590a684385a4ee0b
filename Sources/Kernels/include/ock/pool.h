#pragma once
#include <stdbool.h>
#include <stdint.h>

/// One chunk of a parallel job. `worker` is below the number of threads of the job and distinct among chunks that run
/// at the same time: it indexes per-thread scratch.
typedef void (*ock_chunk)(void *context, int chunk, int worker);

/// Runs `chunk(context, i, worker)` for every i below `count`, on the caller and at most `threads - 1` workers of the
/// process-wide pool, and returns when all are done.
///
/// Any thread may call it, also from inside a chunk: while the pool is busy with one job, another job runs on its caller
/// alone. Allocates nothing; workers spin for at most 50 microseconds after a job and then sleep.
void ock_parallel(int count, ock_chunk chunk, void *context, int threads);

/// Limits the jobs that the calling thread starts from now on: once its clock (CLOCK_MONOTONIC) is past `wall` and it has
/// computed for `processor` nanoseconds (CLOCK_THREAD_CPUTIME_ID), both absolute, the chunks that are left are skipped and
/// their results are worthless. INT64_MAX takes the limit away.
void ock_limit_time(int64_t wall, int64_t processor);

/// Whether the calling thread is past its limit.
bool ock_time_is_over(void);

/// The most threads a job can use: the CPUs that this process may run on.
int ock_pool_threads(void);

/// Makes the calling thread treat denormal floats as zero, as the pool's workers do: denormals cost 3 to 30 times.
void ock_flush_denormals(void);
