// Attention on the CPU: the scores of a few queries and a run of keys at a time, by matrix products on one thread.
// Dao et al. 2022, https://arxiv.org/abs/2205.14135
#pragma once

#include <algorithm>
#include <cstdint>

#include "bodies/attention.hpp"
#include "bodies/dropout.hpp"
#include "cpu/blas.hpp"
#include "cpu/workspace.hpp"

namespace kx {

// An array that broadcasts to (batch, heads, queries, keys): the steps along each of these, 0 where its size is 1.
template <typename T>
struct Extra {
    const T* data = nullptr;
    int64_t batch = 0, head = 0, query = 0, key = 0;

    const T* row(int64_t b, int64_t n, int64_t i, int64_t j) const {
        return data + b * batch + n * head + i * query + j * key;
    }
};

// q (batch, queries, heads, size), k (batch, keys, kv_heads, size), v (batch, keys, kv_heads, features), out (batch,
// queries, heads, features), dense; log_sums (batch, heads, queries).
struct Attention {
    int64_t batch, queries, keys, heads, kv_heads, size, features;
    const float *q, *k, *v;
    Extra<float> bias;
    Extra<uint8_t> mask;
    float scale;
    bool causal, spread;  // spread: a query that sees no key takes all alike
    const Dropout* dropout;  // null: none

    int64_t group() const { return heads / kv_heads; }
    // From one query to the next, and from one key or value to the next.
    int64_t query_step() const { return heads * size; }
    int64_t key_step() const { return kv_heads * size; }
    int64_t value_step() const { return kv_heads * features; }
    int64_t out_step() const { return heads * features; }
    const float* query(int64_t b, int64_t i, int64_t n) const { return q + ((b * queries + i) * heads + n) * size; }
    const float* key(int64_t b, int64_t j, int64_t m) const { return k + ((b * keys + j) * kv_heads + m) * size; }
    const float* value(int64_t b, int64_t j, int64_t m) const { return v + ((b * keys + j) * kv_heads + m) * features; }
    int64_t out_place(int64_t b, int64_t i, int64_t n) const { return ((b * queries + i) * heads + n) * features; }
    int64_t row_number(int64_t b, int64_t n, int64_t i) const { return (b * heads + n) * queries + i; }
    // How many of the keys j to j + count - 1 query i comes after.
    int64_t visible(int64_t i, int64_t j, int64_t count) const {
        return causal ? std::clamp<int64_t>(i - j + 1, 0, count) : count;
    }
};

// How many queries and keys are taken at once: tiles of scores that stay in the L2 cache, of a shape that depends on the
// sizes alone.
struct AttentionTiles {
    int64_t queries, keys;
    explicit AttentionTiles(const Attention& a)
        : keys(std::min<int64_t>(std::max<int64_t>(a.keys, 1), 512)) {
        const int64_t rows = std::clamp<int64_t>(32768 / keys, 64, 128);
        queries = std::min(std::max<int64_t>(a.queries, 1), rows);
    }
};

// s = the scores of queries i to i + rows - 1 and keys j to j + cols - 1 of head n, those not to be seen hidden.
inline void attention_scores(const Attention& a, int64_t b, int64_t n, int64_t i, int64_t rows, int64_t j, int64_t cols,
                             float* s) {
    gemm(false, true, rows, cols, a.size, a.scale, a.query(b, i, n), a.query_step(), a.key(b, j, n / a.group()),
         a.key_step(), 0.0f, s, cols);
    for (int64_t r = 0; r < rows; ++r) {
        const int64_t count = a.visible(i + r, j, cols);
        if (a.bias.data) add_bias_row(s + r * cols, a.bias.row(b, n, i + r, j), a.bias.key, count);
        if (a.mask.data) mask_row(s + r * cols, a.mask.row(b, n, i + r, j), a.mask.key, count);
        std::fill_n(s + r * cols + count, cols - count, 0.0f);
    }
}

// The decisions of dropout on `count` weights of query i from key j on.
inline void attention_decisions(const Attention& a, int64_t b, int64_t n, int64_t i, int64_t j, int64_t count,
                                uint8_t* kept) {
    dropout_decisions(*a.dropout, a.row_number(b, n, i) * a.keys + j, count, kept);
}

// Queries i to i + rows - 1 of head n: their outputs, and their log_sums unless that is null.
inline void attention_forward(const Attention& a, const AttentionTiles& tiles, int64_t b, int64_t n, int64_t i,
                              int64_t rows, float* out, float* log_sums) {
    const Workspace<float> scores(rows * tiles.keys);
    const Workspace<RunningSoftmax> running(rows);
    const Workspace<uint8_t> kept(tiles.keys);
    std::fill_n(running.data(), rows, RunningSoftmax());
    const int64_t end = a.causal ? std::min(a.keys, i + rows) : a.keys;  // no query sees a key from here on
    float* o = out + a.out_place(b, i, n);
    for (int64_t j = 0; j < end; j += tiles.keys) {
        const int64_t cols = std::min(tiles.keys, end - j);
        float* s = scores.data();
        attention_scores(a, b, n, i, rows, j, cols, s);
        for (int64_t r = 0; r < rows; ++r) {
            const int64_t count = a.visible(i + r, j, cols);
            if (!count) continue;
            const float factor = running[r].absorb(s + r * cols, count);
            if (j && factor != 1.0f) scale_row(o + r * a.out_step(), factor, a.features);
            if (!a.dropout) continue;
            attention_decisions(a, b, n, i + r, j, count, kept.data());
            drop_row(s + r * cols, kept.data(), a.dropout->scale, count);
        }
        gemm(false, false, rows, a.features, cols, 1.0f, s, cols, a.value(b, j, n / a.group()), a.value_step(),
             j ? 1.0f : 0.0f, o, a.out_step());
    }
    for (int64_t r = 0; r < rows; ++r) {
        float* row = o + r * a.out_step();
        if (log_sums) log_sums[a.row_number(b, n, i + r)] = running[r].log_sum();
        if (!running[r].saw_nothing()) {
            scale_row(row, 1.0f / running[r].sum, a.features);
            continue;
        }
        std::fill_n(row, a.features, 0.0f);
        if (!a.spread) continue;
        for (int64_t j = 0; j < a.keys; ++j) {
            add_scaled_row(row, a.value(b, j, n / a.group()), 1.0f / static_cast<float>(a.keys), a.features);
        }
    }
}

// What the backward pass is given and what it writes: gradients dense, as the arrays themselves, and `scores` (batch,
// heads, queries, keys), the gradient of the bias before it is summed, or null.
struct AttentionGradient {
    const float *g, *out, *log_sums;
    float *q, *k, *v, *scores;
};

// The gradients of all heads that share key head m of a sample.
inline void attention_backward(const Attention& a, const AttentionTiles& tiles, const AttentionGradient& d, int64_t b,
                               int64_t m) {
    const int64_t area = tiles.queries * tiles.keys;
    const Workspace<float> weights(area), gradient(area), dropped(a.dropout ? area : 0), means(tiles.queries);
    const Workspace<uint8_t> kept(tiles.keys);
    float *gk = d.k + (a.key(b, 0, m) - a.k), *gv = d.v + (a.value(b, 0, m) - a.v);
    for (int64_t j = 0; j < a.keys; ++j) {
        std::fill_n(gk + j * a.key_step(), a.size, 0.0f);
        std::fill_n(gv + j * a.value_step(), a.features, 0.0f);
    }
    for (int64_t n = m * a.group(); n < (m + 1) * a.group(); ++n) {
        for (int64_t i = 0; i < a.queries; i += tiles.queries) {
            const int64_t rows = std::min(tiles.queries, a.queries - i);
            const float* g = d.g + a.out_place(b, i, n);
            float* gq = d.q + (a.query(b, i, n) - a.q);
            for (int64_t r = 0; r < rows; ++r) {
                const int64_t at = r * a.out_step();
                means[r] = dot_row(g + at, d.out + a.out_place(b, i, n) + at, a.features);
            }
            const int64_t end = a.causal ? std::min(a.keys, i + rows) : a.keys;
            for (int64_t j = 0; j < end; j += tiles.keys) {
                const int64_t cols = std::min(tiles.keys, end - j);
                float *p = weights.data(), *dp = gradient.data(), *used = a.dropout ? dropped.data() : p;
                attention_scores(a, b, n, i, rows, j, cols, p);
                gemm(false, true, rows, cols, a.features, 1.0f, g, a.out_step(), a.value(b, j, m), a.value_step(), 0.0f,
                     dp, cols);
                for (int64_t r = 0; r < rows; ++r) {
                    const int64_t count = a.visible(i + r, j, cols), at = r * cols;
                    exp_in_place(p + at, d.log_sums[a.row_number(b, n, i + r)], count);
                    if (a.dropout) {
                        attention_decisions(a, b, n, i + r, j, count, kept.data());
                        drop_row(dp + at, kept.data(), a.dropout->scale, count);
                        std::copy_n(p + at, cols, used + at);
                        drop_row(used + at, kept.data(), a.dropout->scale, count);
                    }
                    score_gradient_row(p + at, dp + at, means[r], cols);
                    if (d.scores) std::copy_n(dp + at, cols, d.scores + a.row_number(b, n, i + r) * a.keys + j);
                }
                gemm(true, false, cols, a.features, rows, 1.0f, used, cols, g, a.out_step(), 1.0f,
                     gv + j * a.value_step(), a.value_step());
                gemm(false, false, rows, a.size, cols, a.scale, dp, cols, a.key(b, j, m), a.key_step(),
                     j ? 1.0f : 0.0f, gq, a.query_step());
                gemm(true, false, cols, a.size, rows, a.scale, dp, cols, a.query(b, i, n), a.query_step(), 1.0f,
                     gk + j * a.key_step(), a.key_step());
            }
            for (int64_t r = 0; r < rows; ++r) {
                if (d.scores) {
                    std::fill_n(d.scores + a.row_number(b, n, i + r) * a.keys + end, a.keys - end, 0.0f);
                }
                if (!a.spread || d.log_sums[a.row_number(b, n, i + r)] != INFINITY) continue;
                for (int64_t j = 0; j < a.keys; ++j) {  // it took all values alike
                    add_scaled_row(gv + j * a.value_step(), g + r * a.out_step(), 1.0f / static_cast<float>(a.keys),
                                   a.features);
                }
            }
        }
    }
}

}  // namespace kx
