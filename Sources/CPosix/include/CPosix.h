// Shim over the parts of Linux' C library that Swift's Glibc module does not import (GNU extensions, macros, varargs).
#pragma once

/// Names the calling thread; at most 15 bytes (pthread_setname_np(3)).
void ocp_set_thread_name(const char *name);
