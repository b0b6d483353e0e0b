// Bodies of the errors of predictions: sums over runs of elements, and their gradients.
#pragma once

#include <cstdint>

#include "bodies/body.hpp"

namespace kx {

// The error of one element and its slope, as functions of d = prediction - target.
struct Squared {
    template <typename T>
    static KX_BODY T value(T d) { return d * d; }
    template <typename T>
    static KX_BODY T slope(T d) { return d + d; }
};

struct Absolute {
    template <typename T>
    static KX_BODY T value(T d) { return d < T(0) ? -d : d; }
    template <typename T>
    static KX_BODY T slope(T d) { return d > T(0) ? T(1) : d < T(0) ? T(-1) : d; }  // a NaN stays one
};

// The sum of the errors of `count` elements; in double, so that long runs lose nothing.
template <typename Error, typename T>
KX_BODY double error_sum(const T* __restrict target, const T* __restrict prediction, int64_t count) {
    double sums[8] = {};
    int64_t i = 0;
    for (; i + 8 <= count; i += 8) {
        for (int k = 0; k < 8; ++k) sums[k] += Error::value(prediction[i + k] - target[i + k]);
    }
    for (; i < count; ++i) sums[i % 8] += Error::value(prediction[i] - target[i]);
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

// g[i] = factor * slope: the gradient with respect to the prediction.
template <typename Error, typename T>
KX_BODY void error_slopes(const T* __restrict target, const T* __restrict prediction, T factor, T* __restrict g,
                          int64_t count) {
    for (int64_t i = 0; i < count; ++i) g[i] = factor * Error::slope(prediction[i] - target[i]);
}

}  // namespace kx
