// Sums along a contiguous row. `omp simd` lets the compiler add up in lanes; without OpenMP they are plain loops. The
// order depends on the length alone.
#pragma once

#include <cstdint>

namespace kx {

// Sums of x - shift and of (x - shift)^2.
template <typename T>
inline void shifted_moments(const T* __restrict x, int64_t count, T shift, T& sum, T& square) {
    T s = 0, q = 0;
#pragma omp simd reduction(+ : s, q)
    for (int64_t i = 0; i < count; ++i) {
        const T d = x[i] - shift;
        s += d;
        q += d * d;
    }
    sum = s;
    square = q;
}

// Sums of g and of g * (x - mean).
template <typename T>
inline void gradient_sums(const T* __restrict g, const T* __restrict x, int64_t count, T mean, T& sum, T& product) {
    T s = 0, q = 0;
#pragma omp simd reduction(+ : s, q)
    for (int64_t i = 0; i < count; ++i) {
        s += g[i];
        q += g[i] * (x[i] - mean);
    }
    sum = s;
    product = q;
}

// Sums of gamma * g and of gamma * g * (x - mean).
template <typename T>
inline void weighted_gradient_sums(const T* __restrict g, const T* __restrict x, const T* __restrict gamma,
                                   int64_t count, T mean, T& sum, T& product) {
    T s = 0, q = 0;
#pragma omp simd reduction(+ : s, q)
    for (int64_t i = 0; i < count; ++i) {
        const T h = gamma[i] * g[i];
        s += h;
        q += h * (x[i] - mean);
    }
    sum = s;
    product = q;
}

}  // namespace kx
