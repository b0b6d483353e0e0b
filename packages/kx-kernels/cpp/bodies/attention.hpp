// Bodies of attention: what is done to a row of scores, a run of keys at a time, before and after the matrix products.
#pragma once

#include <cmath>
#include <cstdint>

#include "bodies/body.hpp"
#include "bodies/elementary.hpp"
#include "bodies/softmax.hpp"

namespace kx {

// The score of a key that is not to be seen: exp makes it 0 beside any other, and it is not infinite, so that a row of
// nothing else can be told from one with a NaN.
constexpr float unseen = -2.3e38f;

// s += bias, of which the elements are `step` apart (0: one for all)
KX_BODY void add_bias_row(float* __restrict s, const float* __restrict bias, int64_t step, int64_t count) {
    if (step == 1) {
        for (int64_t j = 0; j < count; ++j) s[j] += bias[j];
    } else {
        for (int64_t j = 0; j < count; ++j) s[j] += bias[j * step];
    }
}

KX_BODY void mask_row(float* __restrict s, const uint8_t* __restrict mask, int64_t step, int64_t count) {
    if (step == 1) {
        for (int64_t j = 0; j < count; ++j) s[j] = mask[j] ? s[j] : unseen;
    } else {
        for (int64_t j = 0; j < count; ++j) s[j] = mask[j * step] ? s[j] : unseen;
    }
}

// s = exp(s - most)
KX_BODY void exp_in_place(float* s, float most, int64_t count) {
    for (int64_t j = 0; j < count; ++j) s[j] = exp_falling(s[j] - most);
}

// The softmax of a row that comes in runs: the largest score so far, and the sum of exp(score - most).
struct RunningSoftmax {
    float most = -INFINITY, sum = 0.0f;

    // Turns a run of scores into exp(score - most); returns the factor for all that was added up before it.
    KX_BODY float absorb(float* s, int64_t count) {
        const float before = most, here = row_max(s, count);
        most = here > most ? here : most;
        const float base = most == -INFINITY ? 0.0f : most;  // a later run may have a finite score
        const float factor = sum == 0.0f ? 0.0f : exp_falling(before - most);
        sum = sum * factor + row_sum(count, [=](int64_t j) { return s[j] = exp_falling(s[j] - base); });
        return factor;
    }
    KX_BODY bool saw_nothing() const { return most == unseen; }
    // log(sum(exp(score))); infinite for a row that saw nothing, whose weights are then 0.
    KX_BODY float log_sum() const { return saw_nothing() ? INFINITY : most + std::log(sum); }
};

// p = p times kept / (1 - rate)
KX_BODY void drop_row(float* __restrict p, const uint8_t* __restrict kept, float scale, int64_t count) {
    for (int64_t j = 0; j < count; ++j) p[j] *= scale * static_cast<float>(kept[j]);
}

KX_BODY void scale_row(float* x, float factor, int64_t count) {
    for (int64_t j = 0; j < count; ++j) x[j] *= factor;
}

// into += factor * x
KX_BODY void add_scaled_row(float* __restrict into, const float* __restrict x, float factor, int64_t count) {
    for (int64_t j = 0; j < count; ++j) into[j] += factor * x[j];
}

// ds = p (dp - mean): the gradient of the scores from that of the weights p
KX_BODY void score_gradient_row(const float* __restrict p, float* __restrict dp, float mean, int64_t count) {
    for (int64_t j = 0; j < count; ++j) dp[j] = p[j] * (dp[j] - mean);
}

KX_BODY float dot_row(const float* __restrict x, const float* __restrict y, int64_t count) {
    return row_sum(count, [=](int64_t j) { return x[j] * y[j]; });
}

}  // namespace kx
