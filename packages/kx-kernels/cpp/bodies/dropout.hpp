// Bodies of dropout: which elements stay, from random bits. From a rate of 1/256 on an element takes 16 bits, below it 32.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "bodies/body.hpp"
#include "bodies/philox.hpp"

namespace kx {

struct Dropout {
    PhiloxKey key;
    uint32_t threshold;  // an element stays where its bits, as a number, are not below
    bool coarse;
    float scale;  // of the elements that stay

    Dropout(double rate, uint64_t k0, uint64_t k1)
        : key{k0, k1}, coarse(rate >= 1.0 / 256), scale(static_cast<float>(1.0 / (1.0 - rate))) {
        const double steps = std::nearbyint(rate * (coarse ? 65536.0 : 4294967296.0));  // halves to even, as in Python
        threshold = static_cast<uint32_t>(coarse && steps > 65535.0 ? 65535.0 : steps);
    }
    KX_BODY int elements_per_block() const { return coarse ? 16 : 8; }
};

constexpr int dropout_chunk = 64;  // blocks of bits made at once

// kept[i] = whether element first + i stays, as 1 or 0, for i in [0, count).
KX_BODY void dropout_decisions(const Dropout& d, int64_t first, int64_t count, uint8_t* __restrict kept) {
    const int64_t per = d.elements_per_block();
    uint64_t words[4 * dropout_chunk];
    int64_t block = first / per, skip = first % per;  // skip: elements of the first block before `first`
    while (count > 0) {
        const int64_t needed = (skip + count + per - 1) / per;
        const int64_t blocks = needed < dropout_chunk ? needed : dropout_chunk;
        philox_run(d.key, block, blocks, words);
        const int64_t made = blocks * per - skip, taken = made < count ? made : count;
        if (d.coarse) {
            uint16_t lanes[16 * dropout_chunk];
            std::memcpy(lanes, words, static_cast<size_t>(blocks) * 32);
            const uint16_t threshold = static_cast<uint16_t>(d.threshold);
            for (int64_t i = 0; i < taken; ++i) kept[i] = lanes[skip + i] >= threshold ? 1 : 0;
        } else {
            uint32_t lanes[8 * dropout_chunk];
            std::memcpy(lanes, words, static_cast<size_t>(blocks) * 32);
            for (int64_t i = 0; i < taken; ++i) kept[i] = lanes[skip + i] >= d.threshold ? 1 : 0;
        }
        kept += taken;
        count -= taken;
        block += blocks;
        skip = 0;
    }
}

// y = x times `scale` where kept, times 0 elsewhere
KX_BODY void dropout_row(const float* __restrict x, const uint8_t* __restrict kept, float scale, float* __restrict y,
                         int64_t count) {
    for (int64_t i = 0; i < count; ++i) y[i] = x[i] * (scale * static_cast<float>(kept[i]));
}

}  // namespace kx
