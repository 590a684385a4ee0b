#define _GNU_SOURCE
#include "CPosix.h"
#include <pthread.h>

void ocp_set_thread_name(const char *name) { pthread_setname_np(pthread_self(), name); }
