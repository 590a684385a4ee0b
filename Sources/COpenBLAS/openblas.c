#include "COpenBLAS.h"
#include <cblas.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const char *problem;
static __typeof__(&cblas_sgemm) sgemm;
static __typeof__(&cblas_dgemm) dgemm;
static __typeof__(&openblas_get_corename) core_name;

static void load(void) {
    // A child process (ffmpeg) may use the library too, and gets the user's own setting.
    const char *given = getenv("OPENBLAS_NUM_THREADS");
    char *kept = given ? strdup(given) : NULL;
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (kept) {
        setenv("OPENBLAS_NUM_THREADS", kept, 1);
        free(kept);
    } else {
        unsetenv("OPENBLAS_NUM_THREADS");
    }
    if (!library) {
        const char *reason = dlerror();
        problem = reason ? strdup(reason) : "it is not installed";
        return;
    }
    sgemm = (__typeof__(sgemm))dlsym(library, "cblas_sgemm");
    dgemm = (__typeof__(dgemm))dlsym(library, "cblas_dgemm");
    core_name = (__typeof__(core_name))dlsym(library, "openblas_get_corename");
    __typeof__(&openblas_set_num_threads) set_threads =
        (__typeof__(set_threads))dlsym(library, "openblas_set_num_threads");
    if (!sgemm || !dgemm || !core_name || !set_threads) problem = "it lacks a function";
    else set_threads(1);
}

const char *cob_problem(void) {
    pthread_once(&once, load);
    return problem;
}

const char *cob_core_name(void) { return cob_problem() ? NULL : core_name(); }

static CBLAS_TRANSPOSE transpose(bool wanted) { return wanted ? CblasTrans : CblasNoTrans; }

void cob_sgemm(bool transposes_a, bool transposes_b, int m, int n, int k, float alpha, const float *a, int lda,
               const float *b, int ldb, float beta, float *c, int ldc) {
    if (cob_problem()) abort();
    sgemm(CblasRowMajor, transpose(transposes_a), transpose(transposes_b), m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void cob_dgemm(bool transposes_a, bool transposes_b, int m, int n, int k, double alpha, const double *a, int lda,
               const double *b, int ldb, double beta, double *c, int ldc) {
    if (cob_problem()) abort();
    dgemm(CblasRowMajor, transpose(transposes_a), transpose(transposes_b), m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}
