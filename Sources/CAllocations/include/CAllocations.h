// Counts heap allocations of the whole process, for `ocellus bench` and for tests that promise "none per run".
// Linking this target puts its malloc family before glibc's; until counting is switched on it costs an addition and a
// branch a call.
#pragma once
#include <stdbool.h>
#include <stdint.h>

/// Switches counting on or off. Any thread.
void oca_set_counting(bool on);

/// Calls `act` before the process ends, with a line on standard error and status 1, because no memory is left. It must
/// allocate nothing.
void oca_before_ending(void (*act)(void));

/// Allocations (malloc, calloc, realloc, aligned ones) counted so far, of all threads.
uint64_t oca_allocations(void);

/// Those of the calling thread alone, counted whether or not counting is on: neither other threads' work nor their
/// switching disturbs it.
uint64_t oca_thread_allocations(void);
