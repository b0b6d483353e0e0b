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

}  // namespace kx
