// Activations of one float32 number: `value` is the function, `slope` its derivative, of the function's value where
// `by_value` says so, else of its argument. And their loops over a row.
#pragma once

#include <cstdint>

#include "bodies/body.hpp"
#include "bodies/elementary.hpp"

namespace kx {

struct Relu {
    static constexpr bool by_value = true;
    KX_BODY float value(float x) const { return x < 0.0f ? 0.0f : x; }
    KX_BODY float slope(float y) const { return y > 0.0f ? 1.0f : 0.0f; }
};

struct Sigmoid {
    static constexpr bool by_value = true;
    KX_BODY float value(float x) const { return sigmoid(x); }
    KX_BODY float slope(float y) const { return y * (1.0f - y); }
};

// steepness x + 1 / 2 between 0 and 1
struct HardSigmoid {
    float steepness;
    static constexpr bool by_value = true;
    KX_BODY float value(float x) const {
        const float line = steepness * x + 0.5f;
        const float low = line < 0.0f ? 0.0f : line;
        return low > 1.0f ? 1.0f : low;
    }
    KX_BODY float slope(float y) const { return y > 0.0f && y < 1.0f ? steepness : 0.0f; }
};

struct Tanh {
    static constexpr bool by_value = true;
    KX_BODY float value(float x) const { return tanh(x); }
    KX_BODY float slope(float y) const { return 1.0f - y * y; }
};

struct Softplus {
    static constexpr bool by_value = false;
    KX_BODY float value(float x) const { return softplus(x); }
    KX_BODY float slope(float x) const { return sigmoid(x); }
};

// x where x > 0 and alpha (exp(x) - 1) elsewhere
struct Elu {
    float alpha;
    static constexpr bool by_value = false;
    KX_BODY float value(float x) const {
        const float e = alpha * expm1_falling(x > 0.0f ? 0.0f : x);
        return x > 0.0f ? x : e;
    }
    KX_BODY float slope(float x) const {
        const float e = alpha * exp_falling(x > 0.0f ? 0.0f : x);
        return x > 0.0f ? 1.0f : e;
    }
};

struct LeakyRelu {
    float negative_slope;
    static constexpr bool by_value = false;
    KX_BODY float value(float x) const { return x > 0.0f ? x : negative_slope * x; }
    KX_BODY float slope(float x) const { return x > 0.0f ? 1.0f : negative_slope; }
};

// x sigmoid(x)
struct Silu {
    static constexpr bool by_value = false;
    KX_BODY float value(float x) const { return x * sigmoid(x); }
    KX_BODY float slope(float x) const {
        const float s = sigmoid(x);
        return s * (1.0f + x * (1.0f - s));
    }
};

// x (1 + erf(x / sqrt(2))) / 2
struct Gelu {
    static constexpr bool by_value = false;
    KX_BODY float value(float x) const { return 0.5f * x * (1.0f + erf(x * 0.70710678f)); }
    KX_BODY float slope(float x) const {
        const float density = 0.39894228f * exp_falling(-0.5f * x * x);
        return 0.5f * (1.0f + erf(x * 0.70710678f)) + x * density;
    }
};

// Its approximation x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2
struct GeluByTanh {
    static constexpr float linear = 0.79788456f, cubic = 0.79788456f * 0.044715f;
    static constexpr bool by_value = false;
    KX_BODY float value(float x) const { return 0.5f * x * (1.0f + tanh(x * (x * x * cubic + linear))); }
    KX_BODY float slope(float x) const {
        const float square = x * x, t = tanh(x * (square * cubic + linear));
        return 0.5f * (1.0f + t) + 0.5f * x * (1.0f - t * t) * (square * (3.0f * cubic) + linear);
    }
};

// y[i] = f(x[i])
template <class F>
KX_BODY void map_row(const F f, const float* __restrict x, float* __restrict y, int64_t count) {
    for (int64_t i = 0; i < count; ++i) y[i] = f.value(x[i]);
}

// gx[i] = g[i] f'(x[i]), from `v`, what the slope is computed of
template <class F>
KX_BODY void map_grad_row(const F f, const float* __restrict g, const float* __restrict v, float* __restrict gx,
                          int64_t count) {
    for (int64_t i = 0; i < count; ++i) gx[i] = g[i] * f.slope(v[i]);
}

}  // namespace kx
