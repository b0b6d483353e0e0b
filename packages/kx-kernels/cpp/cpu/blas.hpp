// Matrix products by OpenBLAS, on the calling thread alone: whoever wants several threads calls it from several.
#pragma once

#include <cstdint>

namespace kx {

// Where the library lies. It is opened at the first product, so that importing the kernels stays cheap.
void set_blas_path(const char* path);

// Opens the library if that has not been done; throws std::runtime_error where it can't be. Call it before the threads.
void need_blas();

// C = alpha * op(A) op(B) + beta * C for matrices dense by rows; op(A) is (m, k), op(B) (k, n), and `ta`, `tb` say that
// A, B are stored transposed. lda, ldb, ldc: elements from one stored row to the next. All sizes are below 2^31.
void gemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, float alpha, const float* a, int64_t lda, const float* b,
          int64_t ldb, float beta, float* c, int64_t ldc);
void gemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, double alpha, const double* a, int64_t lda, const double* b,
          int64_t ldb, double beta, double* c, int64_t ldc);

}  // namespace kx
