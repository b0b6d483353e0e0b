// Bodies of softmax and what is built on it, one row of float32 numbers at a time.
#pragma once

#include <cmath>
#include <cstdint>

#include "bodies/body.hpp"
#include "bodies/elementary.hpp"

namespace kx {

// The largest of a row; -inf for an empty one. NaNs are passed over: whoever subtracts it keeps them.
KX_BODY float row_max(const float* __restrict x, int64_t count) {
    float most = -INFINITY;
    KX_IN_LANES(max, most)
    for (int64_t j = 0; j < count; ++j) most = x[j] > most ? x[j] : most;
    return most;
}

// The sum of f(j) for j in [0, count); f may also store what it adds. Long rows are added up run by run, and the runs in
// double: the error then stays that of one run.
template <class F>
KX_BODY float row_sum(int64_t count, const F& f) {
    constexpr int64_t run = 2048;
    double total = 0.0;
    for (int64_t first = 0; first < count; first += run) {
        const int64_t last = first + run < count ? first + run : count;
        float sum = 0.0f;
        KX_IN_LANES(+, sum)
        for (int64_t j = first; j < last; ++j) sum += f(j);
        total += sum;
    }
    return static_cast<float>(total);
}

// y = exp(x - most); returns the sum.
KX_BODY float exp_row(const float* __restrict x, float most, float* __restrict y, int64_t count) {
    return row_sum(count, [=](int64_t j) { return y[j] = exp_falling(x[j] - most); });
}

KX_BODY void softmax_row(const float* __restrict x, float* __restrict y, int64_t count) {
    const float scale = 1.0f / exp_row(x, row_max(x, count), y, count);
    for (int64_t j = 0; j < count; ++j) y[j] *= scale;
}

// gx = y (g - sum(g y))
KX_BODY void softmax_grad_row(const float* __restrict g, const float* __restrict y, float* __restrict gx,
                              int64_t count) {
    const float mean = row_sum(count, [=](int64_t j) { return g[j] * y[j]; });
    for (int64_t j = 0; j < count; ++j) gx[j] = y[j] * (g[j] - mean);
}

// log(sum(exp(x - most)))
KX_BODY float log_sum_exp_row(const float* __restrict x, float most, int64_t count) {
    return log_of_normal(row_sum(count, [=](int64_t j) { return exp_falling(x[j] - most); }));
}

KX_BODY void log_softmax_row(const float* __restrict x, float* __restrict y, int64_t count) {
    const float most = row_max(x, count), rest = log_sum_exp_row(x, most, count);
    for (int64_t j = 0; j < count; ++j) y[j] = (x[j] - most) - rest;
}

// gx = g - exp(y) sum(g)
KX_BODY void log_softmax_grad_row(const float* __restrict g, const float* __restrict y, float* __restrict gx,
                                  int64_t count) {
    const float total = row_sum(count, [=](int64_t j) { return g[j]; });
    for (int64_t j = 0; j < count; ++j) gx[j] = g[j] - exp_falling(y[j]) * total;
}

}  // namespace kx
