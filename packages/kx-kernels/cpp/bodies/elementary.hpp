// Bodies of the float32 sigmoid and tanh, without branches or calls, so that a compiler can vectorize loops over them.
#pragma once

#include <cstdint>
#include <cstring>

#include "bodies/body.hpp"

namespace kx {

// exp(x) = scale * (1 + rest), scale a power of two and rest = exp(r) - 1 for |r| <= ln(2) / 2, by its Taylor series:
// the first term left out is 5e-9. Right for |x| <= 87; for a NaN rest is NaN.
KX_BODY void split_exp(float x, float& scale, float& rest) {
    constexpr float round = 12582912.0f;  // 1.5 * 2^23: adding it leaves the nearest integer in the low bits
    const float shifted = x * 1.44269504f + round;
    const float n = shifted - round;
    const float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;  // ln(2) in two parts, n times the first is exact
    uint32_t bits;
    std::memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 127u) << 23;  // the exponent field of 2^n
    std::memcpy(&scale, &bits, sizeof scale);
    // In pairs of terms: the multiplications of Horner's rule would wait for each other.
    const float square = r * r;
    float series = (r * (1.0f / 5040) + 1.0f / 720) * square + (r * (1.0f / 120) + 1.0f / 24);
    series = series * square + (r * (1.0f / 6) + 0.5f);
    rest = series * square + r;
}

// The smaller of x and limit, or the larger; a NaN stays one. In this order of operands it is one instruction.
KX_BODY float at_most(float limit, float x) { return limit < x ? limit : x; }
KX_BODY float at_least(float limit, float x) { return limit > x ? limit : x; }

// 1 / (1 + exp(-x)); beyond 87 the exponential no longer grows, as in the NumPy formula.
KX_BODY float sigmoid(float x) {
    float scale, rest;
    split_exp(at_least(-87.0f, at_most(87.0f, -x)), scale, rest);
    return 1.0f / (1.0f + (scale * rest + scale));
}

// tanh(x) = e / (e + 2) with e = exp(2 |x|) - 1, which loses nothing near 0; from 10 on it is 1. The sign is a bit.
KX_BODY float tanh(float x) {
    constexpr uint32_t sign = 0x80000000u;
    uint32_t bits, magnitude;
    std::memcpy(&bits, &x, sizeof bits);
    magnitude = bits & ~sign;
    float size;
    std::memcpy(&size, &magnitude, sizeof size);
    float scale, rest;
    split_exp(at_most(20.0f, 2.0f * size), scale, rest);
    const float e = scale * rest + (scale - 1.0f);
    float t = e / (e + 2.0f);
    std::memcpy(&magnitude, &t, sizeof magnitude);
    magnitude |= bits & sign;
    std::memcpy(&t, &magnitude, sizeof t);
    return t;
}

}  // namespace kx
