// Bodies of the cross-entropies, one distribution (a row) or one probability at a time. Probabilities are kept `eps` away
// from 0 and 1, where they then have no slope.
#pragma once

#include <cstdint>

#include "bodies/body.hpp"
#include "bodies/softmax.hpp"

namespace kx {

KX_BODY float clipped(float p, float eps) {
    const float q = p < eps ? eps : p;
    return q > 1.0f - eps ? 1.0f - eps : q;
}

KX_BODY bool unclipped(float p, float eps) { return (p >= eps) & (p <= 1.0f - eps); }  // & has no branch

// ---- against a label ----

KX_BODY float label_loss_of_logits(const float* __restrict x, int64_t label, int64_t count) {
    const float most = row_max(x, count);
    return log_sum_exp_row(x, most, count) - (x[label] - most);
}

KX_BODY void label_grad_of_logits(float g, const float* __restrict x, int64_t label, float* __restrict gx,
                                  int64_t count) {
    const float scale = g / exp_row(x, row_max(x, count), gx, count);
    for (int64_t j = 0; j < count; ++j) gx[j] *= scale;
    gx[label] -= g;
}

KX_BODY float label_loss(const float* __restrict x, int64_t label, float eps, int64_t count) {
    return -log_of_normal(clipped(x[label] / row_sum(count, [=](int64_t j) { return x[j]; }), eps));
}

KX_BODY void label_grad(float g, const float* __restrict x, int64_t label, float eps, float* __restrict gx,
                        int64_t count) {
    const float total = row_sum(count, [=](int64_t j) { return x[j]; });
    const float p = x[label] / total;
    const float share = (unclipped(p, eps) ? 1.0f : 0.0f) * g / total;
    for (int64_t j = 0; j < count; ++j) gx[j] = share;
    gx[label] -= share / clipped(p, eps);
}

// ---- against a distribution ----

KX_BODY float distribution_loss_of_logits(const float* __restrict t, const float* __restrict x, int64_t count) {
    const float most = row_max(x, count), rest = log_sum_exp_row(x, most, count);
    return -row_sum(count, [=](int64_t j) { return t[j] * ((x[j] - most) - rest); });
}

KX_BODY void distribution_grad_of_logits(float g, const float* __restrict t, const float* __restrict x,
                                         float* __restrict gx, int64_t count) {
    const float sum = exp_row(x, row_max(x, count), gx, count);
    const float scale = row_sum(count, [=](int64_t j) { return t[j]; }) / sum;
    for (int64_t j = 0; j < count; ++j) gx[j] = (gx[j] * scale - t[j]) * g;
}

KX_BODY float distribution_loss(const float* __restrict t, const float* __restrict x, float eps, int64_t count) {
    const float total = row_sum(count, [=](int64_t j) { return x[j]; });
    return -row_sum(count, [=](int64_t j) { return t[j] * log_of_normal(clipped(x[j] / total, eps)); });
}

KX_BODY void distribution_grad(float g, const float* __restrict t, const float* __restrict x, float eps,
                               float* __restrict gx, int64_t count) {
    const float total = row_sum(count, [=](int64_t j) { return x[j]; });
    const auto live = [=](int64_t j) { return (unclipped(x[j] / total, eps) ? 1.0f : 0.0f) * t[j]; };
    const float sum = row_sum(count, live), scale = g / total;
    for (int64_t j = 0; j < count; ++j) gx[j] = (sum - live(j) / clipped(x[j] / total, eps)) * scale;
}

// ---- of one probability ----

struct BinaryOfLogits {
    KX_BODY float loss(float t, float x) const { return softplus(x) - t * x; }
    KX_BODY float grad(float g, float t, float x) const { return (sigmoid(x) - t) * g; }
};

struct Binary {
    float eps;
    KX_BODY float loss(float t, float x) const {
        const float p = clipped(x, eps), log_q = log_of_normal(1.0f - p);
        return -(t * (log_of_normal(p) - log_q) + log_q);
    }
    KX_BODY float grad(float g, float t, float x) const {
        const float p = clipped(x, eps);
        return (p - t) / ((1.0f - p) * p) * (unclipped(x, eps) ? 1.0f : 0.0f) * g;
    }
};

template <class F>
KX_BODY void binary_row(const F f, const float* __restrict t, const float* __restrict x, float* __restrict y,
                        int64_t count) {
    for (int64_t j = 0; j < count; ++j) y[j] = f.loss(t[j], x[j]);
}

template <class F>
KX_BODY void binary_grad_row(const F f, const float* __restrict g, const float* __restrict t,
                             const float* __restrict x, float* __restrict gx, int64_t count) {
    for (int64_t j = 0; j < count; ++j) gx[j] = f.grad(g[j], t[j], x[j]);
}

}  // namespace kx
