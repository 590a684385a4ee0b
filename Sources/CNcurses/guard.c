#define _GNU_SOURCE
#include "CNcurses.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

// State of the handlers, which only read it: ocn_guard_install writes it before it installs them.
static int guard_tty = -1, guard_wake = -1, guard_standard_error = -1;
static struct termios guard_modes;
static bool guard_has_modes;
static char guard_restore[1024];
static size_t guard_restore_count;
static volatile sig_atomic_t guard_pending;
static struct sigaction guard_before[NSIG];
static bool guard_taken[NSIG];
static void *guard_stack;

static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS};
static const int asks[] = {SIGWINCH, SIGTSTP, SIGCONT};

static bool among(int signal_number, const int *list, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (list[i] == signal_number) return true;
  return false;
}

static void put_terminal_back(void) {
  size_t done = 0;
  for (int attempt = 0; done < guard_restore_count && attempt < 10; attempt++) {
    ssize_t n = write(guard_tty, guard_restore + done, guard_restore_count - done);
    if (n > 0) done += (size_t)n;
    if (n < 0 && errno == EAGAIN) {
      struct pollfd ready = {.fd = guard_tty, .events = POLLOUT};
      poll(&ready, 1, 50);
    } else if (n < 0 && errno != EINTR) {
      break;
    }
  }
  if (guard_has_modes) tcsetattr(guard_tty, TCSANOW, &guard_modes);
  if (guard_standard_error >= 0) dup2(guard_standard_error, STDERR_FILENO);
}

void ocn_guard_put_back(void) {
  if (guard_tty >= 0) put_terminal_back();
}

static void die_of(int signal_number) {
  put_terminal_back();
  signal(signal_number, SIG_DFL);
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, signal_number);
  raise(signal_number);
  pthread_sigmask(SIG_UNBLOCK, &one, NULL);
}

static void on_fault(int signal_number) { die_of(signal_number); }

static void on_signal(int signal_number) {
  int saved = errno;
  if (!among(signal_number, asks, sizeof asks / sizeof *asks)) {
    if (guard_pending) die_of(signal_number);
    guard_pending = 1;
  }
  unsigned char byte = (unsigned char)signal_number;
  // The pipe does not block; when it is full, the reader wakes anyway.
  ssize_t ignored = write(guard_wake, &byte, 1);
  (void)ignored;
  errno = saved;
}

static void take(int signal_number, void (*handler)(int), int flags) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
  sigemptyset(&action.sa_mask);
  guard_taken[signal_number] = sigaction(signal_number, &action, &guard_before[signal_number]) == 0;
}

void ocn_guard_install(int tty, int wake, int standard_error, const char *restore, size_t count) {
  guard_tty = tty;
  guard_wake = wake;
  guard_standard_error = standard_error;
  guard_has_modes = tcgetattr(tty, &guard_modes) == 0;
  guard_restore_count = count < sizeof guard_restore ? count : sizeof guard_restore;
  memcpy(guard_restore, restore, guard_restore_count);
  guard_pending = 0;
  // A separate stack, so that a stack overflow of the main thread is handled too.
  if (!guard_stack) {
    size_t size = 64 * 1024;
    guard_stack = malloc(size);
    stack_t stack = {.ss_sp = guard_stack, .ss_size = size};
    if (guard_stack) sigaltstack(&stack, NULL);
  }
  // SIGTTIN and SIGTTOU keep stopping the process: a job in the background must not touch the terminal.
  for (int s = 1; s < NSIG; s++) {
    if (s == SIGKILL || s == SIGSTOP || s == SIGCHLD || s == SIGURG || s == SIGTTIN || s == SIGTTOU) continue;
    // glibc reserves the real-time signals below SIGRTMIN.
    if (s >= 32 && s < SIGRTMIN) continue;
    if (s == SIGPIPE) take(s, SIG_IGN, 0);
    else if (among(s, faults, sizeof faults / sizeof *faults)) take(s, on_fault, SA_ONSTACK | SA_NODEFER);
    else take(s, on_signal, SA_RESTART | SA_ONSTACK);
  }
  // The parent may have blocked signals, and the mask is inherited; SIGWINCH must arrive.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_UNBLOCK, &all, NULL);
}

void ocn_guard_stop_process(void) {
  struct sigaction ours, standard = {.sa_handler = SIG_DFL};
  sigset_t one, before;
  sigemptyset(&standard.sa_mask);
  sigaction(SIGTSTP, &standard, &ours);
  sigemptyset(&one);
  sigaddset(&one, SIGTSTP);
  pthread_sigmask(SIG_UNBLOCK, &one, &before);
  kill(getpid(), SIGTSTP);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  sigaction(SIGTSTP, &ours, NULL);
}

void ocn_guard_remove(void) {
  for (int s = 1; s < NSIG; s++) {
    if (guard_taken[s]) sigaction(s, &guard_before[s], NULL);
    guard_taken[s] = false;
  }
}
