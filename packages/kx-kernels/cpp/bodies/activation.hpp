// Bodies of bias + relu, one row at a time. The loops over the rows are in activation.cpp.
#pragma once

#include <cstdint>

#include "bodies/body.hpp"

namespace kx {

// max(v, 0), where a NaN stays a NaN: every comparison with it is false.
template <typename T>
KX_BODY T relu(T v) {
    return v < T(0) ? T(0) : v;
}

// y[j] = relu(y[j] + bias[j])
template <typename T>
KX_BODY void bias_relu_row(T* __restrict y, const T* __restrict bias, int64_t cols) {
    for (int64_t j = 0; j < cols; ++j) y[j] = relu(y[j] + bias[j]);
}

// gx[j] = g[j] * (y[j] > 0), and its sum down the rows: gbias[j] += gx[j]
template <typename T>
KX_BODY void bias_relu_grad_row(const T* __restrict g, const T* __restrict y, T* __restrict gx,
                                T* __restrict gbias, int64_t cols) {
    for (int64_t j = 0; j < cols; ++j) {
        const T v = g[j] * (y[j] > T(0) ? T(1) : T(0));
        gx[j] = v;
        gbias[j] += v;
    }
}

}  // namespace kx
