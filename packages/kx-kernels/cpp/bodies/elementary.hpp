// Bodies of float32 functions, without branches or calls, so that a compiler can vectorize loops over them. Where the
// result is far from the smallest numbers they are right to a few units in the last place; a NaN stays a NaN.
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

// exp(x) for x <= 0: 0 below -87, where the result would no longer be a normal number.
KX_BODY float exp_falling(float x) {
    float scale, rest;
    split_exp(x < -87.0f ? -87.0f : x, scale, rest);
    const float e = scale * rest + scale;
    return x < -87.0f ? 0.0f : e;
}

// exp(x) - 1 for x <= 0.
KX_BODY float expm1_falling(float x) {
    float scale, rest;
    split_exp(x < -87.0f ? -87.0f : x, scale, rest);
    return scale * rest + (scale - 1.0f);
}

// 2 atanh(s) = log((1 + s) / (1 - s)) for |s| <= 1/3, by its Taylor series: the first term left out is 7e-9 of it.
KX_BODY float log_of_ratio(float s) {
    const float t = s * s;
    float series = 1.0f / 15;
    series = series * t + 1.0f / 13;
    series = series * t + 1.0f / 11;
    series = series * t + 1.0f / 9;
    series = series * t + 1.0f / 7;
    series = series * t + 1.0f / 5;
    series = series * t + 1.0f / 3;
    return 2.0f * s * (t * series + 1.0f);
}

// log(1 + e) for e in [0, 1].
KX_BODY float log1p_of_unit(float e) { return log_of_ratio(e / (2.0f + e)); }

// log(x) for positive normal numbers: x = m 2^n with m between 0.7 and 1.42, and ln(2) in two parts. NaN for a NaN.
KX_BODY float log_of_normal(float x) {
    int32_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    const int32_t n = (bits - 0x3f3504f3) >> 23;  // 0x3f3504f3 is sqrt(1/2)
    const int32_t mantissa = bits - n * (1 << 23);
    float m;
    std::memcpy(&m, &mantissa, sizeof m);
    const float power = static_cast<float>(n);
    const float log = power * 0.693359375f + (power * -2.12194440e-4f + log_of_ratio((m - 1.0f) / (m + 1.0f)));
    return x == x ? log : x;
}

// log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|))
KX_BODY float softplus(float x) {
    const float size = x < 0.0f ? -x : x;
    return (x < 0.0f ? 0.0f : x) + log1p_of_unit(exp_falling(-size));
}

// erf(x) = x P(x^2) / Q(x^2), fitted on Chebyshev nodes up to 3.92, from where on it is 1; the error is 4e-7.
KX_BODY float erf(float x) {
    float v = x < -3.92f ? -3.92f : x;
    v = v > 3.92f ? 3.92f : v;  // without this the polynomials would overflow
    const float u = v * v;
    float p = 2.0501638e-6f;
    p = p * u + 2.8487832e-4f;
    p = p * u + 3.7653306e-3f;
    p = p * u + 5.2747841e-2f;
    p = p * u + 1.9039946e-1f;
    p = p * u + 1.1283791f;
    float q = 3.8092290e-5f;
    q = q * u + 1.1624701e-3f;
    q = q * u + 1.4968640e-2f;
    q = q * u + 1.1410625e-1f;
    q = q * u + 5.0206987e-1f;
    q = q * u + 1.0f;
    const float e = v * p / q;
    return x >= 3.92f ? 1.0f : x <= -3.92f ? -1.0f : e;
}

}  // namespace kx
