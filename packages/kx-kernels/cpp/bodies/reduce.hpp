// Bodies of reductions of a matrix (n, inner) over its rows, and of the gradient of a maximum.
#pragma once

#include <cstdint>

#include "bodies/body.hpp"

namespace kx {

struct Plus {
    KX_BODY float operator()(float a, float b) const { return a + b; }
};

// The larger one, NaN above all.
struct Larger {
    KX_BODY float operator()(float a, float b) const {
        const float larger = b > a ? b : a;  // a, if that is NaN
        return b != b ? b : larger;
    }
};

// All of a row, in so many parts side by side.
template <int Width, class Op>
KX_BODY float reduce_wide(const Op op, const float* __restrict x, int64_t count) {
    float at[Width];
    for (int j = 0; j < Width; ++j) at[j] = x[j];
    int64_t i = Width;
    for (; i + Width <= count; i += Width) {
        for (int j = 0; j < Width; ++j) at[j] = op(at[j], x[i + j]);
    }
    for (int half = Width / 2; half > 0; half /= 2) {
        for (int j = 0; j < half; ++j) at[j] = op(at[j], at[j + half]);
    }
    float total = at[0];
    for (; i < count; ++i) total = op(total, x[i]);
    return total;
}

// The order depends on the length alone.
template <class Op>
KX_BODY float reduce_row(const Op op, const float* __restrict x, int64_t count) {
    return count >= 256 ? reduce_wide<32>(op, x, count)
           : count >= 8 ? reduce_wide<8>(op, x, count)
                        : reduce_wide<1>(op, x, count);
}

// into[j] = op over the rows of x[row][j].
template <class Op>
KX_BODY void reduce_rows(const Op op, const float* __restrict x, int64_t rows, int64_t inner, float* __restrict into) {
    for (int64_t j = 0; j < inner; ++j) into[j] = x[j];
    for (int64_t row = 1; row < rows; ++row) {
        const float* __restrict at = x + row * inner;
        for (int64_t j = 0; j < inner; ++j) into[j] = op(into[j], at[j]);
    }
}

// The gradient g of the largest element, shared equally among all that are equal to it.
KX_BODY void largest_grad_row(float g, float largest, const float* __restrict x, float* __restrict gx, int64_t count) {
    int32_t hits = 0;
    for (int64_t i = 0; i < count; ++i) hits += x[i] == largest;
    const float share = g / static_cast<float>(hits);
    for (int64_t i = 0; i < count; ++i) gx[i] = (x[i] == largest ? 1.0f : 0.0f) * share;
}

// The same of each column of (n, inner); `share`: room for a row.
KX_BODY void largest_grad_rows(const float* __restrict g, const float* __restrict largest, const float* __restrict x,
                               float* __restrict gx, float* __restrict share, int64_t n, int64_t inner) {
    for (int64_t j = 0; j < inner; ++j) share[j] = 0.0f;
    for (int64_t row = 0; row < n; ++row) {
        for (int64_t j = 0; j < inner; ++j) share[j] += x[row * inner + j] == largest[j] ? 1.0f : 0.0f;
    }
    for (int64_t j = 0; j < inner; ++j) share[j] = g[j] / share[j];
    for (int64_t row = 0; row < n; ++row) {
        for (int64_t j = 0; j < inner; ++j) {
            gx[row * inner + j] = (x[row * inner + j] == largest[j] ? 1.0f : 0.0f) * share[j];
        }
    }
}

}  // namespace kx
