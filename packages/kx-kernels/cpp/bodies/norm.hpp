// Bodies of the normalizations, elementwise along a row against vectors of the same length. The loops over the rows and
// the sums along a row are in batch_norm.cpp, group_norm.cpp and layer_norm.cpp.
#pragma once

#include <cstdint>

#include "bodies/body.hpp"

namespace kx {

// sum[j] += x[j] - shift[j] and square[j] += (x[j] - shift[j])^2: with a shift near the mean nothing cancels.
template <typename T>
KX_BODY void shifted_moments_row(const T* __restrict x, const T* __restrict shift, T* __restrict sum,
                                 T* __restrict square, int64_t cols) {
    for (int64_t j = 0; j < cols; ++j) {
        const T d = x[j] - shift[j];
        sum[j] += d;
        square[j] += d * d;
    }
}

// out[j] = (x[j] - mean[j]) * factor[j] + offset[j]
template <typename T>
KX_BODY void affine_row(const T* __restrict x, const T* __restrict mean, const T* __restrict factor,
                        const T* __restrict offset, T* __restrict out, int64_t cols) {
    for (int64_t j = 0; j < cols; ++j) out[j] = (x[j] - mean[j]) * factor[j] + offset[j];
}

// sum[j] += g[j] and product[j] += g[j] * (x[j] - mean[j])
template <typename T>
KX_BODY void gradient_sums_row(const T* __restrict g, const T* __restrict x, const T* __restrict mean,
                               T* __restrict sum, T* __restrict product, int64_t cols) {
    for (int64_t j = 0; j < cols; ++j) {
        sum[j] += g[j];
        product[j] += g[j] * (x[j] - mean[j]);
    }
}

// gx[j] = factor[j] * g[j] + slope[j] + curve[j] * (x[j] - mean[j])
template <typename T>
KX_BODY void gradient_row(const T* __restrict g, const T* __restrict x, const T* __restrict mean,
                          const T* __restrict factor, const T* __restrict slope, const T* __restrict curve,
                          T* __restrict gx, int64_t cols) {
    for (int64_t j = 0; j < cols; ++j) gx[j] = factor[j] * g[j] + (slope[j] + curve[j] * (x[j] - mean[j]));
}

// The same two with one number for the whole row.
template <typename T>
KX_BODY void affine_plane(const T* __restrict x, T mean, T factor, T offset, T* __restrict out, int64_t cols) {
    for (int64_t j = 0; j < cols; ++j) out[j] = (x[j] - mean) * factor + offset;
}

template <typename T>
KX_BODY void gradient_plane(const T* __restrict g, const T* __restrict x, T mean, T factor, T slope, T curve,
                            T* __restrict gx, int64_t cols) {
    for (int64_t j = 0; j < cols; ++j) gx[j] = factor * g[j] + (slope + curve * (x[j] - mean));
}

// One sample of layer normalization: out[j] = (x[j] - mean) * inverse * gamma[j] + beta[j].
template <typename T>
KX_BODY void layer_row(const T* __restrict x, T mean, T inverse, const T* __restrict gamma, const T* __restrict beta,
                       T* __restrict out, int64_t cols) {
    for (int64_t j = 0; j < cols; ++j) out[j] = (x[j] - mean) * inverse * gamma[j] + beta[j];
}

// ggamma[j] += g[j] * (x[j] - mean) * inverse and gbeta[j] += g[j]
template <typename T>
KX_BODY void layer_vectors_row(const T* __restrict g, const T* __restrict x, T mean, T inverse, T* __restrict ggamma,
                               T* __restrict gbeta, int64_t cols) {
    for (int64_t j = 0; j < cols; ++j) {
        ggamma[j] += g[j] * ((x[j] - mean) * inverse);
        gbeta[j] += g[j];
    }
}

// gx[j] = inverse * (gamma[j] * g[j] - slope - curve * (x[j] - mean))
template <typename T>
KX_BODY void layer_gradient_row(const T* __restrict g, const T* __restrict x, const T* __restrict gamma, T mean,
                                T inverse, T slope, T curve, T* __restrict gx, int64_t cols) {
    for (int64_t j = 0; j < cols; ++j) gx[j] = inverse * ((gamma[j] * g[j] - slope) - curve * (x[j] - mean));
}

}  // namespace kx
