// OpenBLAS, found by the Python side in the package scipy-openblas32 and called through its C interface.
#include "cpu/blas.hpp"

#include <mutex>
#include <stdexcept>
#include <string>

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace kx {
namespace {

template <typename T>
using Gemm = void (*)(int order, int trans_a, int trans_b, int m, int n, int k, T alpha, const T* a, int lda, const T* b,
                      int ldb, T beta, T* c, int ldc);

std::string library_path;
std::once_flag opened;
Gemm<float> sgemm = nullptr;
Gemm<double> dgemm = nullptr;

void* symbol(void* library, const char* name) {
#if defined(_WIN32)
    void* found = reinterpret_cast<void*>(GetProcAddress(static_cast<HMODULE>(library), name));
#else
    void* found = dlsym(library, name);
#endif
    if (!found) throw std::runtime_error("kx_kernels: " + library_path + " has no " + name);
    return found;
}

void open() {
#if defined(_WIN32)
    void* library = LoadLibraryA(library_path.c_str());
#else
    void* library = dlopen(library_path.c_str(), RTLD_NOW | RTLD_LOCAL);
#endif
    if (!library) throw std::runtime_error("kx_kernels: cannot open the BLAS library " + library_path);
    reinterpret_cast<void (*)(int)>(symbol(library, "scipy_openblas_set_num_threads"))(1);
    dgemm = reinterpret_cast<Gemm<double>>(symbol(library, "scipy_cblas_dgemm"));
    sgemm = reinterpret_cast<Gemm<float>>(symbol(library, "scipy_cblas_sgemm"));
}

template <typename T>
void call(Gemm<T> function, bool ta, bool tb, int64_t m, int64_t n, int64_t k, T alpha, const T* a, int64_t lda,
          const T* b, int64_t ldb, T beta, T* c, int64_t ldc) {
    constexpr int by_rows = 101, plain = 111, transposed = 112;  // of CBLAS
    const auto number = [](int64_t v) { return static_cast<int>(v); };
    const auto stride = [](int64_t v) { return static_cast<int>(v < 1 ? 1 : v); };  // BLAS refuses 0, even of nothing
    function(by_rows, ta ? transposed : plain, tb ? transposed : plain, number(m), number(n), number(k), alpha, a,
             stride(lda), b, stride(ldb), beta, c, stride(ldc));
}

}  // namespace

void set_blas_path(const char* path) { library_path = path; }

void need_blas() { std::call_once(opened, open); }

void gemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, float alpha, const float* a, int64_t lda, const float* b,
          int64_t ldb, float beta, float* c, int64_t ldc) {
    call(sgemm, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void gemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, double alpha, const double* a, int64_t lda, const double* b,
          int64_t ldb, double beta, double* c, int64_t ldc) {
    call(dgemm, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

}  // namespace kx
