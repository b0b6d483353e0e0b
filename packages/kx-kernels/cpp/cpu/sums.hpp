// Sums along a contiguous row. `omp simd` lets the compiler add up in lanes; without OpenMP these are plain loops. Parts
// of the row are summed side by side, as an addition takes several cycles. The order depends on the length alone.
#pragma once

#include <cstdint>

namespace kx {

template <typename T>
inline T plain_sum(const T* __restrict x, int64_t count) {
    const int64_t part = count / 4;
    const T *b = x + part, *c = b + part, *d = c + part;
    T s0 = 0, s1 = 0, s2 = 0, s3 = 0;
#pragma omp simd reduction(+ : s0, s1, s2, s3)
    for (int64_t i = 0; i < part; ++i) {
        s0 += x[i];
        s1 += b[i];
        s2 += c[i];
        s3 += d[i];
    }
    for (int64_t i = 4 * part; i < count; ++i) s0 += x[i];
    return (s0 + s1) + (s2 + s3);
}

// Sums of x - shift and of (x - shift)^2.
template <typename T>
inline void shifted_moments(const T* __restrict x, int64_t count, T shift, T& sum, T& square) {
    const int64_t part = count / 2;
    const T* b = x + part;
    T s0 = 0, s1 = 0, q0 = 0, q1 = 0;
#pragma omp simd reduction(+ : s0, s1, q0, q1)
    for (int64_t i = 0; i < part; ++i) {
        const T d0 = x[i] - shift, d1 = b[i] - shift;
        s0 += d0;
        s1 += d1;
        q0 += d0 * d0;
        q1 += d1 * d1;
    }
    if (2 * part < count) {
        const T d = x[count - 1] - shift;
        s0 += d;
        q0 += d * d;
    }
    sum = s0 + s1;
    square = q0 + q1;
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
