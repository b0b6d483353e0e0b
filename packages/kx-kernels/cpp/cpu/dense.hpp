// The dense layer on small float32 matrices, forward and backward, with N floats in a register.
#pragma once

#include <cstdint>

#include "bodies/dense.hpp"
#include "cpu/product.hpp"

namespace kx {

// out = activation(x @ kernel + bias). x (rows, features), kernel (features, units), out (rows, units).
template <typename T>
struct DenseForward {
    const T *x, *kernel, *bias;  // bias may be null
    T* out;
    int64_t rows, features, units;
    Activation activation;
};

// The gradients of the above from `g`, that of out; those not wanted are null.
template <typename T>
struct DenseBackward {
    const T *g, *x, *kernel, *out;
    T *gx, *gkernel, *gbias;
    T *slope, *transposed;  // room for (rows, units) if there is an activation, and, of small ones, (units, features)
    int64_t rows, features, units;
    Activation activation;
};

template <int N>
KX_BODY void dense_forward(const DenseForward<float>& d) {
    multiply<N>({d.x, d.features, 1}, d.kernel, d.bias, d.out, d.rows, d.features, d.units);
    activate(d.out, d.rows * d.units, d.activation);
}

// gx = g @ kernel.T
template <int N>
KX_BODY void dense_input_gradient(const DenseBackward<float>& d, const float* g) {
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
KX_BODY void dense_backward(const DenseBackward<float>& d) {
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
