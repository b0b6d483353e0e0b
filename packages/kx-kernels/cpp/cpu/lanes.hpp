// A few floats that the CPU handles as one register: `Lanes<N>`, N a power of two. GCC and Clang have such a type; for
// other compilers it is spelled out.
#pragma once

#include <cstring>

#include "bodies/body.hpp"

namespace kx {

// How many floats a register holds at the level that is being compiled.
#if defined(__AVX512F__)
constexpr int lanes = 16;
#elif defined(__AVX__)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif

#if defined(__GNUC__) && !defined(KX_PLAIN_LANES)

template <int N>
struct LanesOf {
    typedef float type __attribute__((vector_size(N * sizeof(float))));
};

#else

template <int N>
struct LanesOf {
    struct type {
        float at[N];
        KX_BODY float operator[](int i) const { return at[i]; }
        KX_BODY type& operator+=(const type& other) {
            for (int i = 0; i < N; ++i) at[i] += other.at[i];
            return *this;
        }
        friend KX_BODY type operator+(const type& x, const type& y) {
            type sum;
            for (int i = 0; i < N; ++i) sum.at[i] = x.at[i] + y.at[i];
            return sum;
        }
        friend KX_BODY type operator-(const type& x, const type& y) {
            type difference;
            for (int i = 0; i < N; ++i) difference.at[i] = x.at[i] - y.at[i];
            return difference;
        }
        friend KX_BODY type operator*(const type& x, const type& y) {
            type product;
            for (int i = 0; i < N; ++i) product.at[i] = x.at[i] * y.at[i];
            return product;
        }
        friend KX_BODY type operator*(float x, const type& y) {
            type product;
            for (int i = 0; i < N; ++i) product.at[i] = x * y.at[i];
            return product;
        }
    };
};

#endif

template <>
struct LanesOf<1> {
    typedef float type;
};

template <int N>
using Lanes = typename LanesOf<N>::type;

template <typename T>
KX_BODY void load(T& lanes, const float* from) {
    std::memcpy(&lanes, from, sizeof lanes);
}

template <typename T>
KX_BODY void store(float* to, const T& lanes) {
    std::memcpy(to, &lanes, sizeof lanes);
}

// relu of each, as in bodies/activation.hpp: a NaN stays a NaN.
template <typename T>
KX_BODY T relu_lanes(const T& v) {
#if defined(__GNUC__) && !defined(KX_PLAIN_LANES)
    return v < 0.0f ? T{} : v;
#else
    float at[sizeof(T) / sizeof(float)];
    store(at, v);
    for (float& one : at) one = one < 0.0f ? 0.0f : one;
    T out;
    load(out, at);
    return out;
#endif
}

// g * (y > 0), as in bodies/activation.hpp.
template <typename T>
KX_BODY T through_relu_lanes(const T& g, const T& y) {
#if defined(__GNUC__) && !defined(KX_PLAIN_LANES)
    return g * (y > 0.0f ? T{} + 1.0f : T{});
#else
    float slope[sizeof(T) / sizeof(float)];
    store(slope, y);
    for (float& one : slope) one = one > 0.0f ? 1.0f : 0.0f;
    T out;
    load(out, slope);
    return g * out;
#endif
}

}  // namespace kx
