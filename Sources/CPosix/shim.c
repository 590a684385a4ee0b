#define _GNU_SOURCE
#include "CPosix.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

void ocp_set_thread_name(const char *name) { pthread_setname_np(pthread_self(), name); }

static void place(int descriptor, int number) {
  // dup2 of a descriptor onto itself would leave it closed on exec.
  if (descriptor == number) fcntl(descriptor, F_SETFD, 0);
  else dup2(descriptor, number);
}

/// What the child does; returns, with errno, only where the program cannot be started. Between vfork and exec nothing but
/// system calls is allowed.
static void become(char *const arguments[], int input, int output, int errors, pid_t parent) {
  // A group of its own keeps the terminal's Ctrl-C from it.
  setpgid(0, 0);
  // We may be killed, and could not end it then: the kernel does.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  errno = ESRCH;
  if (getppid() != parent) return;
  int nothing = open("/dev/null", O_RDWR);
  if (input >= 0 || nothing >= 0) place(input >= 0 ? input : nothing, 0);
  if (output >= 0 || nothing >= 0) place(output >= 0 ? output : nothing, 1);
  if (errors >= 0 || nothing >= 0) place(errors >= 0 ? errors : nothing, 2);
  if (nothing > 2) close(nothing);
  // Our threads block every signal; a child that inherits that cannot be ended politely.
  struct sigaction standard = {.sa_handler = SIG_DFL};
  for (int number = 1; number < NSIG; number++) sigaction(number, &standard, NULL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  execvp(arguments[0], arguments);
}

// As in linux/sched/types.h, which glibc of Debian 12 does not wrap.
struct attributes {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
};

void ocp_prefer_short_turns(void) {
  struct attributes now = {.size = sizeof now};
  if (syscall(SYS_sched_getattr, 0, &now, sizeof now, 0) != 0 || now.policy != SCHED_OTHER) return;
  now.size = sizeof now;
  now.runtime = 100 * 1000;  // nanoseconds: the least that is granted
  syscall(SYS_sched_setattr, 0, &now, 0);
}

int ocp_pipe(int *reading, int *writing) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno;
  *reading = ends[0];
  *writing = ends[1];
  return 0;
}

int ocp_start(char *const arguments[], int input, int output, int errors) {
  // No signal may run a handler of ours in the child, which has our memory until it becomes the program.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  pid_t parent = getpid();
  volatile int code = 0;
  pid_t process = vfork();
  if (process == 0) {
    become(arguments, input, output, errors, parent);
    code = errno;
    _exit(127);
  }
  if (process < 0) code = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (code == 0) return process;
  if (process > 0) waitpid(process, NULL, 0);
  return -code;
}

int ocp_spawn(char *const arguments[], int *output, int *errors) {
  int out[2], err[2];
  if (pipe2(out, O_CLOEXEC) != 0) return -errno;
  if (pipe2(err, O_CLOEXEC) != 0) {
    int code = errno;
    close(out[0]);
    close(out[1]);
    return -code;
  }
  int process = ocp_start(arguments, -1, out[1], err[1]);
  close(out[1]);
  close(err[1]);
  if (process < 0) {
    close(out[0]);
    close(err[0]);
    return process;
  }
  *output = out[0];
  *errors = err[0];
  return process;
}

void ocp_enlarge_pipe(int descriptor, int bytes) { fcntl(descriptor, F_SETPIPE_SZ, bytes); }

int ocp_flush_output(void) {
  if (fflush(stdout) != 0) return errno;
  return ferror(stdout) ? -1 : 0;
}

int64_t ocp_next_data(int descriptor, int64_t offset) { return lseek(descriptor, offset, SEEK_DATA); }

int ocp_memory_file(const char *name) { return memfd_create(name, MFD_CLOEXEC); }

int ocp_bell(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int ocp_wake_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC | O_NONBLOCK); }
