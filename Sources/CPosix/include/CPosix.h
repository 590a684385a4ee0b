// Shim over the parts of Linux' C library that Swift's Glibc module does not import (GNU extensions, macros, varargs).
#pragma once
#include <stdint.h>

/// Names the calling thread; at most 15 bytes (pthread_setname_np(3)).
void ocp_set_thread_name(const char *name);

/// Asks for short turns on a core for the calling thread, which brings them sooner when it wakes up (sched(7): since Linux
/// 6.12 `sched_runtime` is what the scheduler, EEVDF, gives a normal thread at a time). Anybody may ask; older kernels, where
/// it means nothing, are asked in vain.
void ocp_prefer_short_turns(void);

/// Starts a program (found through PATH) in a process group of its own, reading /dev/null, with default signals. It is
/// killed when the calling thread ends, however that comes about.
///
/// `output` and `errors` receive the read ends of its standard output and error, closed on exec. Returns its process id,
/// or the negated error number; -ENOENT when there is no such program.
int ocp_spawn(char *const arguments[], int *output, int *errors);

/// A pipe whose ends are closed on exec. Returns 0, or the error number.
int ocp_pipe(int *reading, int *writing);

/// Starts a program as ``ocp_spawn`` does, with these descriptors as its standard input, output and error; -1 for /dev/null.
/// They stay the caller's.
int ocp_start(char *const arguments[], int input, int output, int errors);

/// Asks for a pipe's buffer to be `bytes` long; without effect where the system refuses.
void ocp_enlarge_pipe(int descriptor, int bytes);

/// Writes what standard output's stream still holds. 0 when everything that was ever put into it has been written, else the
/// error number, or -1 where an earlier write failed for a reason that is no longer known.
int ocp_flush_output(void);

/// The first place from `offset` on that is not a hole of a sparse file (SEEK_DATA of lseek(2)); -1 with errno ENXIO where only
/// holes follow, and with another where the file system does not tell.
int64_t ocp_next_data(int descriptor, int64_t offset);

/// A file in memory, closed on exec (memfd_create(2)); -1 with errno where it fails.
int ocp_memory_file(const char *name);

/// A counter that neither blocks nor survives exec, readable while it is not zero (eventfd(2)); -1 where it fails.
int ocp_bell(void);

/// A pipe whose ends neither block nor survive exec: ends[0] reads, ends[1] writes (pipe2(2)); -1 where it fails.
int ocp_wake_pipe(int ends[2]);
