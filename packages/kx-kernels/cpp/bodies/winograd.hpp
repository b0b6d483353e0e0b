// The transforms of Winograd's F(4x4, 3x3): a tile of 4x4 results of a 3x3 correlation from 36 products instead of 144.
//
//     results = A' [ (G w G') * (B' x B) ] A      x (6, 6), w (3, 3), * element by element
//
// and the gradient of w is G' [ (B' x B) * (A g A') ] G. The interpolation points are 0, a, -a, b, -b and infinity with
// a = 1 / sqrt(2), b = sqrt(2): the error is then about three times that of the plain sum, where the customary points 1
// and 2 give ten times. Lavin & Gray 2015, https://arxiv.org/abs/1509.09308
//
// V is a float, or several that are computed with at once. `read(i, j)` gives an element, `write(i, j, v)` takes one.
#pragma once

#include "bodies/body.hpp"

namespace kx {

constexpr float winograd_a = 0.70710678118654752f, winograd_b = 1.41421356237309505f;

// One axis of each transform.
struct WinogradSource {  // B'
    static constexpr int from = 6, to = 6;
    template <typename V>
    static KX_BODY void apply(const V* x, V* out) {
        const V even1 = x[4] - 2.0f * x[2], odd1 = winograd_a * (x[3] - 2.0f * x[1]);
        const V even2 = x[4] - 0.5f * x[2], odd2 = winograd_b * (x[3] - 0.5f * x[1]);
        out[0] = x[0] + x[4] - 2.5f * x[2];
        out[1] = even1 + odd1;
        out[2] = even1 - odd1;
        out[3] = even2 + odd2;
        out[4] = even2 - odd2;
        out[5] = x[1] + x[5] - 2.5f * x[3];
    }
};

struct WinogradKernel {  // G
    static constexpr int from = 3, to = 6;
    template <typename V>
    static KX_BODY void apply(const V* w, V* out) {
        const V even1 = (-2.0f / 3) * w[0] - (1.0f / 3) * w[2], odd1 = (-2.0f / 3 * winograd_a) * w[1];
        const V even2 = (1.0f / 6) * w[0] + (1.0f / 3) * w[2], odd2 = (1.0f / 6 * winograd_b) * w[1];
        out[0] = w[0];
        out[1] = even1 + odd1;
        out[2] = even1 - odd1;
        out[3] = even2 + odd2;
        out[4] = even2 - odd2;
        out[5] = w[2];
    }
};

struct WinogradResult {  // A'
    static constexpr int from = 6, to = 4;
    template <typename V>
    static KX_BODY void apply(const V* m, V* out) {
        const V sum1 = m[1] + m[2], difference1 = winograd_a * (m[1] - m[2]);
        const V sum2 = m[3] + m[4], difference2 = winograd_b * (m[3] - m[4]);
        out[0] = m[0] + sum1 + sum2;
        out[1] = difference1 + difference2;
        out[2] = 0.5f * sum1 + 2.0f * sum2;
        out[3] = 0.5f * difference1 + 2.0f * difference2 + m[5];
    }
};

struct WinogradGradient {  // A
    static constexpr int from = 4, to = 6;
    template <typename V>
    static KX_BODY void apply(const V* g, V* out) {
        const V even1 = g[0] + 0.5f * g[2], odd1 = winograd_a * (g[1] + 0.5f * g[3]);
        const V even2 = g[0] + 2.0f * g[2], odd2 = winograd_b * (g[1] + 2.0f * g[3]);
        out[0] = g[0];
        out[1] = even1 + odd1;
        out[2] = even1 - odd1;
        out[3] = even2 + odd2;
        out[4] = even2 - odd2;
        out[5] = g[3];
    }
};

struct WinogradKernelGradient {  // G'
    static constexpr int from = 6, to = 3;
    template <typename V>
    static KX_BODY void apply(const V* s, V* out) {
        const V sum1 = (-2.0f / 3) * (s[1] + s[2]), sum2 = (1.0f / 6) * (s[3] + s[4]);
        out[0] = s[0] + sum1 + sum2;
        out[1] = (-2.0f / 3 * winograd_a) * (s[1] - s[2]) + (1.0f / 6 * winograd_b) * (s[3] - s[4]);
        out[2] = 0.5f * sum1 + 2.0f * sum2 + s[5];
    }
};

// Both axes: T m T' for the matrix T of a transform.
template <typename Transform, typename V, typename Read, typename Write>
KX_BODY void winograd(const Read& read, const Write& write) {
    constexpr int from = Transform::from, to = Transform::to;
    V half[to][from];
    for (int j = 0; j < from; ++j) {
        V m[from], t[to];
        for (int i = 0; i < from; ++i) m[i] = read(i, j);
        Transform::apply(m, t);
        for (int i = 0; i < to; ++i) half[i][j] = t[i];
    }
    for (int i = 0; i < to; ++i) {
        V t[to];
        Transform::apply(half[i], t);
        for (int j = 0; j < to; ++j) write(i, j, t[j]);
    }
}

}  // namespace kx
