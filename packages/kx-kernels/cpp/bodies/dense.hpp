// Bodies of the dense layer around its product: bias and activation, and the way back through them.
#pragma once

#include <cmath>
#include <cstdint>

#include "bodies/activation.hpp"
#include "bodies/elementary.hpp"

namespace kx {

enum class Activation { none, relu, sigmoid, tanh };

KX_BODY double sigmoid(double x) { return 1.0 / (1.0 + std::exp(x < -708.0 ? 708.0 : -x)); }

KX_BODY double tanh(double x) { return std::tanh(x); }

// y = activation(y)
template <typename T>
KX_BODY void activate(T* y, int64_t count, Activation activation) {
    if (activation == Activation::relu) {
        for (int64_t i = 0; i < count; ++i) y[i] = relu(y[i]);
    } else if (activation == Activation::sigmoid) {
        for (int64_t i = 0; i < count; ++i) y[i] = sigmoid(y[i]);
    } else if (activation == Activation::tanh) {
        for (int64_t i = 0; i < count; ++i) y[i] = tanh(y[i]);
    }
}

template <typename T>
KX_BODY void add_row(T* __restrict y, const T* __restrict row, int64_t count) {
    for (int64_t i = 0; i < count; ++i) y[i] += row[i];
}

// into = the gradient of what went into the activation, from y, what came out of it.
template <typename T>
KX_BODY void through_activation(const T* __restrict g, const T* __restrict y, T* __restrict into, int64_t count,
                                Activation activation) {
    if (activation == Activation::relu) {
        for (int64_t i = 0; i < count; ++i) into[i] = g[i] * (y[i] > T(0) ? T(1) : T(0));
    } else if (activation == Activation::sigmoid) {
        for (int64_t i = 0; i < count; ++i) into[i] = (T(1) - y[i]) * y[i] * g[i];
    } else {
        for (int64_t i = 0; i < count; ++i) into[i] = (T(1) - y[i] * y[i]) * g[i];
    }
}

}  // namespace kx
