#include "CAllocations.h"
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

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

void *malloc(size_t size) {
    note();
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    note();
    return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size) {
    note();
    return __libc_realloc(block, size);
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
    void *made = __libc_memalign(alignment, size);
    if (!made) return ENOMEM;
    *block = made;
    return 0;
}
