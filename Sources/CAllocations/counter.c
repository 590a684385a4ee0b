#include "CAllocations.h"
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

// glibc's own entry points, exported for replacements like this one (glibc manual, "Replacing malloc").
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static atomic_bool counting;
static atomic_uint_fast64_t allocations;
// Set up with the thread, so that counting allocates nothing itself.
static _Thread_local __attribute__((tls_model("initial-exec"))) uint64_t of_this_thread;

static inline void note(void) {
    of_this_thread++;
    if (__builtin_expect(atomic_load_explicit(&counting, memory_order_relaxed), 0))
        atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
}

void oca_set_counting(bool on) { atomic_store(&counting, on); }
uint64_t oca_allocations(void) { return atomic_load(&allocations); }
uint64_t oca_thread_allocations(void) { return of_this_thread; }

// When memory runs out, Swift ends the process by a signal, and most libraries go on with a null pointer. A line on standard
// error and status 1 say more. Code that can do without the memory calls aligned_alloc.
static void (*_Atomic last_act)(void);

void oca_before_ending(void (*act)(void)) { atomic_store(&last_act, act); }

static void end(size_t size) {
    static const char line[] = "Error: no memory is left (raise the limit of memory, ulimit -v, or close other programs)\n";
    // An absurd size is the caller's mistake, which it checks for itself.
    if (size > PTRDIFF_MAX) return;
    void (*act)(void) = atomic_exchange(&last_act, NULL);
    if (act) act();
    ssize_t ignored = write(STDERR_FILENO, line, sizeof line - 1);
    (void)ignored;
    _exit(1);
}

static inline void *made(void *block, size_t size) {
    if (__builtin_expect(!block, 0) && size > 0) end(size);
    return block;
}

void *malloc(size_t size) {
    note();
    return made(__libc_malloc(size), size);
}

void *calloc(size_t count, size_t size) {
    note();
    void *block = __libc_calloc(count, size);
    size_t total;
    if (!block && !__builtin_mul_overflow(count, size, &total)) return made(block, total);
    return block;
}

void *realloc(void *block, size_t size) {
    note();
    return made(__libc_realloc(block, size), size);
}

void *memalign(size_t alignment, size_t size) {
    note();
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    note();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    // posix_memalign(3): a power of two and a multiple of sizeof(void *).
    if (alignment % sizeof(void *) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0) return EINVAL;
    note();
    *block = made(__libc_memalign(alignment, size), size);
    return *block ? 0 : ENOMEM;
}
