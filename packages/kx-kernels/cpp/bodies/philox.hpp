// Random bits: Philox4x64-10, the stream of numpy.random.Philox. Salmon et al. 2011, "Parallel random numbers: as easy as
// 1, 2, 3". The blocks of a stream are numbered, so any part of it can be made alone.
#pragma once

#include <cstdint>

#include "bodies/body.hpp"

namespace kx {

// The low 64 bits of a * b; the high ones into `high`.
KX_BODY uint64_t multiply_wide(uint64_t a, uint64_t b, uint64_t& high) {
#if defined(__CUDA_ARCH__)
    high = __umul64hi(a, b);
#elif defined(__SIZEOF_INT128__)
    __extension__ typedef unsigned __int128 wide;
    high = static_cast<uint64_t>(static_cast<wide>(a) * b >> 64);
#else
    const uint64_t a1 = a >> 32, a0 = a & 0xffffffffu, b1 = b >> 32, b0 = b & 0xffffffffu;
    const uint64_t cross = b1 * a0, middle = (b0 * a0 >> 32) + (cross & 0xffffffffu) + b0 * a1;
    high = b1 * a1 + (cross >> 32) + (middle >> 32);
#endif
    return a * b;
}

struct PhiloxKey {
    uint64_t k0, k1;
};

// Blocks first to first + N - 1 of a stream, four words each. N at a time: one alone waits for its products.
template <int N>
KX_BODY void philox_blocks(PhiloxKey key, uint64_t first, uint64_t* __restrict words) {
    uint64_t c0[N], c1[N], c2[N], c3[N];
    for (int i = 0; i < N; ++i) {
        c0[i] = first + i + 1;  // NumPy counts up before it makes a block
        c1[i] = c2[i] = c3[i] = 0;
    }
    for (int round = 0; round < 10; ++round) {
        for (int i = 0; i < N; ++i) {
            uint64_t high0, high1;
            const uint64_t low0 = multiply_wide(0xD2E7470EE14C6C93u, c0[i], high0);
            const uint64_t low1 = multiply_wide(0xCA5A826395121157u, c2[i], high1);
            c0[i] = high1 ^ c1[i] ^ key.k0;
            c2[i] = high0 ^ c3[i] ^ key.k1;
            c1[i] = low1;
            c3[i] = low0;
        }
        key.k0 += 0x9E3779B97F4A7C15u;
        key.k1 += 0xBB67AE8584CAA73Bu;
    }
    for (int i = 0; i < N; ++i) {
        words[4 * i] = c0[i];
        words[4 * i + 1] = c1[i];
        words[4 * i + 2] = c2[i];
        words[4 * i + 3] = c3[i];
    }
}

// `count` blocks from `first` on.
KX_BODY void philox_run(PhiloxKey key, uint64_t first, int64_t count, uint64_t* __restrict words) {
    int64_t i = 0;
    for (; i + 2 <= count; i += 2) philox_blocks<2>(key, first + i, words + 4 * i);
    for (; i < count; ++i) philox_blocks<1>(key, first + i, words + 4 * i);
}

}  // namespace kx
