// The dense layer on small float32 matrices, forward and backward, with N floats in a register.
#pragma once

#include <cstdint>

#include "bodies/activation.hpp"
#include "bodies/elementary.hpp"
#include "cpu/product.hpp"

namespace kx {

enum class Activation { none, relu, sigmoid, tanh };

// out = activation(x @ kernel + bias). x (rows, features), kernel (features, units), out (rows, units).
struct DenseForward {
    const float *x, *kernel, *bias;  // bias may be null
    float* out;
    int64_t rows, features, units;
    Activation activation;
};

// The gradients of the above from `g`, that of out; those not wanted are null.
struct DenseBackward {
    const float *g, *x, *kernel, *out;
    float *gx, *gkernel, *gbias;
    float *slope, *transposed;  // room for (rows, units) if there is an activation, and for (units, features)
    int64_t rows, features, units;
    Activation activation;
};

KX_BODY void activate(float* y, int64_t count, Activation activation) {
    if (activation == Activation::relu) {
        for (int64_t i = 0; i < count; ++i) y[i] = relu(y[i]);
    } else if (activation == Activation::sigmoid) {
        for (int64_t i = 0; i < count; ++i) y[i] = sigmoid(y[i]);
    } else if (activation == Activation::tanh) {
        for (int64_t i = 0; i < count; ++i) y[i] = tanh(y[i]);
    }
}

// into = the gradient of what went into the activation, from y, what came out of it.
KX_BODY void through_activation(const float* __restrict g, const float* __restrict y, float* __restrict into,
                                int64_t count, Activation activation) {
    if (activation == Activation::relu) {
        for (int64_t i = 0; i < count; ++i) into[i] = g[i] * (y[i] > 0.0f ? 1.0f : 0.0f);
    } else if (activation == Activation::sigmoid) {
        for (int64_t i = 0; i < count; ++i) into[i] = (1.0f - y[i]) * y[i] * g[i];
    } else {
        for (int64_t i = 0; i < count; ++i) into[i] = (1.0f - y[i] * y[i]) * g[i];
    }
}

template <int N>
KX_BODY void dense_forward(const DenseForward& d) {
    multiply<N>({d.x, d.features, 1}, d.kernel, d.bias, d.out, d.rows, d.features, d.units);
    activate(d.out, d.rows * d.units, d.activation);
}

// gx = g @ kernel.T
template <int N>
KX_BODY void dense_input_gradient(const DenseBackward& d, const float* g) {
    if (d.rows < 8 && d.units >= N) {  // not worth a transposed copy
        for (int64_t i = 0; i < d.rows; ++i) {
            for (int64_t p = 0; p < d.features; ++p) {
                d.gx[i * d.features + p] = dot<N>(g + i * d.units, d.kernel + p * d.units, d.units);
            }
        }
        return;
    }
    const float* transposed = d.kernel;
    if (d.units > 1 && d.features > 1) {
        transpose(d.kernel, d.transposed, d.features, d.units);
        transposed = d.transposed;
    }
    multiply<N>({g, d.units, 1}, transposed, nullptr, d.gx, d.rows, d.units, d.features);
}

template <int N>
KX_BODY void dense_backward(const DenseBackward& d) {
    const float* g = d.g;
    if (d.activation != Activation::none) {
        through_activation(d.g, d.out, d.slope, d.rows * d.units, d.activation);
        g = d.slope;
    }
    if (d.gx) dense_input_gradient<N>(d, g);
    if (d.gkernel && d.units == 1) {  // a column, computed as the row g.T @ x
        multiply<N>({g, 0, 1}, d.x, nullptr, d.gkernel, 1, d.rows, d.features);
    } else if (d.gkernel) {  // x.T @ g
        multiply<N>({d.x, 1, d.features}, g, nullptr, d.gkernel, d.features, d.rows, d.units);
    }
    if (d.gbias) {  // the sum over rows, as a product with ones
        const float one = 1.0f;
        multiply<N>({&one, 0, 0}, g, nullptr, d.gbias, 1, d.rows, d.units);
    }
}

}  // namespace kx
