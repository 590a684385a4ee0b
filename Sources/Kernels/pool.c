#define _GNU_SOURCE
#include "Kernels.h"
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MOST_WORKERS 63
#define SPIN_NANOSECONDS 50000

// The ticket is the whole state of a job that a worker must see at once: generation (24 bits), workers that may join
// (8 bits), chunks not yet claimed (32 bits). A chunk is claimed by compare-and-swap, so a worker that comes late to a
// finished job finds nothing left, and one that read the fields of the next job too early fails its swap.
#define TICKET(generation, workers, left) \
    (((uint64_t)(generation) << 40) | ((uint64_t)(workers) << 32) | (uint32_t)(left))
#define TICKET_GENERATION(ticket) ((ticket) >> 40)
#define TICKET_WORKERS(ticket) ((int)((ticket) >> 32) & 0xff)
#define TICKET_LEFT(ticket) ((uint32_t)(ticket))

static struct {
    _Alignas(64) _Atomic uint64_t ticket;
    _Alignas(64) _Atomic int undone;
    _Atomic int caller_sleeps;
    _Alignas(64) _Atomic int epoch;
    _Atomic int sleepers;
    _Alignas(64) _Atomic(ock_chunk) chunk;
    _Atomic(void *) context;
    _Atomic int count;
    _Atomic bool expired;
    _Alignas(64) _Atomic int busy;
    _Atomic int caller_cpu;
    uint32_t generation;
    int workers;
    cpu_set_t allowed;
} pool;

static _Thread_local int64_t wall_limit = INT64_MAX;
static _Thread_local int64_t processor_limit = INT64_MAX;

static pthread_once_t pool_once = PTHREAD_ONCE_INIT;

static inline void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

void ock_limit_time(int64_t wall, int64_t processor) {
    wall_limit = wall;
    processor_limit = processor;
}

bool ock_time_is_over(void) {
    if (wall_limit == INT64_MAX || now() <= wall_limit) return false;
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec > processor_limit;
}

static void sleep_while(_Atomic int *word, int value) {
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void wake(_Atomic int *word, int count) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

void ock_flush_denormals(void) {
#if defined(__x86_64__)
    unsigned control;
    __asm__ volatile("stmxcsr %0" : "=m"(control));
    control |= 0x8040;
    __asm__ volatile("ldmxcsr %0" : : "m"(control));
#elif defined(__aarch64__)
    uint64_t control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    control |= 1u << 24;
    __asm__ volatile("msr fpcr, %0" : : "r"(control));
#endif
}

// Claims and runs chunks of the job of this generation until none is left; `worker` 0 is the caller.
static void work(int worker, uint64_t ticket) {
    uint64_t generation = TICKET_GENERATION(ticket);
    while (TICKET_GENERATION(ticket) == generation && TICKET_LEFT(ticket) > 0) {
        ock_chunk chunk = atomic_load_explicit(&pool.chunk, memory_order_relaxed);
        void *context = atomic_load_explicit(&pool.context, memory_order_relaxed);
        int index = atomic_load_explicit(&pool.count, memory_order_relaxed) - (int)TICKET_LEFT(ticket);
        if (!atomic_compare_exchange_weak_explicit(&pool.ticket, &ticket, ticket - 1, memory_order_acq_rel,
                                                   memory_order_acquire))
            continue;
        // The caller alone knows the limit; its workers stop with it.
        if (worker == 0 && ock_time_is_over()) atomic_store_explicit(&pool.expired, true, memory_order_relaxed);
        if (!atomic_load_explicit(&pool.expired, memory_order_relaxed)) chunk(context, index, worker);
        if (atomic_fetch_sub(&pool.undone, 1) == 1 && atomic_load(&pool.caller_sleeps)) wake(&pool.undone, 1);
        ticket = atomic_load_explicit(&pool.ticket, memory_order_acquire);
    }
}

// Joins the current job if it still has chunks and room for a worker; the room left is the worker's number.
static void join_job(void) {
    uint64_t ticket = atomic_load_explicit(&pool.ticket, memory_order_acquire);
    while (TICKET_LEFT(ticket) > 0 && TICKET_WORKERS(ticket) > 0) {
        uint64_t joined = ticket - TICKET(0, 1, 0);
        if (atomic_compare_exchange_weak_explicit(&pool.ticket, &ticket, joined, memory_order_acq_rel,
                                                  memory_order_acquire))
            return work(TICKET_WORKERS(ticket), joined);
    }
}

// A worker that woke up on its caller's core would take turns with it instead of working beside it. Linux looks for an idle
// core only among those that share a cache, which virtual cores and clusters do not, and mends it after milliseconds.
static void keep_off_caller(void) {
    int cpu = atomic_load_explicit(&pool.caller_cpu, memory_order_relaxed);
    if (cpu < 0 || cpu >= CPU_SETSIZE || sched_getcpu() != cpu) return;
    cpu_set_t others = pool.allowed;
    CPU_CLR(cpu, &others);
    if (CPU_COUNT(&others) > 0) sched_setaffinity(0, sizeof others, &others);
}

static void *worker_main(void *unused) {
    (void)unused;
    ock_flush_denormals();
    int seen = 0;
    for (;;) {
        int64_t deadline = now() + SPIN_NANOSECONDS;
        while (atomic_load_explicit(&pool.epoch, memory_order_acquire) == seen && now() < deadline)
            for (int i = 0; i < 32; i++) relax();
        if (atomic_load(&pool.epoch) == seen) {
            atomic_fetch_add(&pool.sleepers, 1);
            while (atomic_load(&pool.epoch) == seen) sleep_while(&pool.epoch, seen);
            atomic_fetch_sub(&pool.sleepers, 1);
        }
        seen = atomic_load(&pool.epoch);
        keep_off_caller();
        join_job();
    }
    return NULL;
}

static void start_workers(void) {
    int cores = sched_getaffinity(0, sizeof pool.allowed, &pool.allowed) == 0 ? CPU_COUNT(&pool.allowed) : 1;
    int wanted = cores - 1 < MOST_WORKERS ? cores - 1 : MOST_WORKERS;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    for (int i = 1; i <= wanted; i++) {
        pthread_t thread;
        // A worker that cannot start costs speed, not correctness.
        if (pthread_create(&thread, &attributes, worker_main, NULL) != 0) break;
        pthread_setname_np(thread, "ocellus-kernel");
        pool.workers = i;
    }
    pthread_attr_destroy(&attributes);
}

int ock_pool_threads(void) {
    pthread_once(&pool_once, start_workers);
    return pool.workers + 1;
}

static void run_alone(int count, ock_chunk chunk, void *context) {
    for (int i = 0; i < count && !ock_time_is_over(); i++) chunk(context, i, 0);
}

static void wait_for_workers(void) {
    int64_t deadline = now() + SPIN_NANOSECONDS;
    int undone;
    while ((undone = atomic_load_explicit(&pool.undone, memory_order_acquire)) > 0) {
        if (now() < deadline) {
            relax();
            continue;
        }
        atomic_store(&pool.caller_sleeps, 1);
        undone = atomic_load(&pool.undone);
        if (undone > 0) sleep_while(&pool.undone, undone);
        atomic_store(&pool.caller_sleeps, 0);
    }
}

void ock_parallel(int count, ock_chunk chunk, void *context, int threads) {
    if (count <= 1 || threads <= 1) return run_alone(count, chunk, context);
    int workers = ock_pool_threads() - 1;
    if (workers > threads - 1) workers = threads - 1;
    if (workers > count - 1) workers = count - 1;
    int idle = 0;
    if (workers < 1 || !atomic_compare_exchange_strong(&pool.busy, &idle, 1)) return run_alone(count, chunk, context);

    atomic_store_explicit(&pool.chunk, chunk, memory_order_relaxed);
    atomic_store_explicit(&pool.context, context, memory_order_relaxed);
    atomic_store_explicit(&pool.count, count, memory_order_relaxed);
    atomic_store_explicit(&pool.expired, false, memory_order_relaxed);
    atomic_store_explicit(&pool.undone, count, memory_order_relaxed);
    atomic_store_explicit(&pool.caller_cpu, sched_getcpu(), memory_order_relaxed);
    pool.generation = (pool.generation + 1) & 0xffffff;
    uint64_t ticket = TICKET(pool.generation, workers, count);
    atomic_store_explicit(&pool.ticket, ticket, memory_order_release);
    atomic_fetch_add(&pool.epoch, 1);
    if (atomic_load(&pool.sleepers) > 0) wake(&pool.epoch, workers);

    work(0, ticket);
    wait_for_workers();
    atomic_store_explicit(&pool.busy, 0, memory_order_release);
}
