// Correlations with 3x3 kernels by Winograd's F(4x4, 3x3), see bodies/winograd.hpp: what the results and the gradient of
// the kernel share, the tiles and their transformed source. A block of tiles is transformed, multiplied and dealt with
// before the next one, so that what lies in between never leaves the cache.
#pragma once

#include <algorithm>
#include <cstdint>

#include "bodies/winograd.hpp"
#include "cpu/conv.hpp"
#include "cpu/conv_tiles.hpp"

namespace kx {

using V = Lanes<lanes>;

inline V loaded(const float* from) {
    V v;
    load(v, from);
    return v;
}

constexpr int points = 36;
constexpr int side = 4;          // of a tile of results
constexpr int block_tiles = 24;  // a multiple of every tile_rows

// Where the tiles lie, and how the transformed source of a block is laid out: (point, tile, channel).
struct Tiles {
    int64_t rows, cols, count, blocks, depth, point;

    explicit Tiles(const Correlation& c)
        : rows((c.parts[0].count[1] + side - 1) / side),
          cols((c.parts[0].count[2] + side - 1) / side),
          count(c.batch * rows * cols),
          blocks((count + block_tiles - 1) / block_tiles),
          depth(c.from),
          point(block_tiles * depth + 16) {}  // a cache line more, lest all points fall on the same places of the cache

    int64_t image(int64_t tile) const { return tile / (rows * cols); }
    Box place(int64_t tile) const { return {{0, tile / cols % rows * side, tile % cols * side}}; }
};

// A square of an image to be transformed: in the image if it lies within, else in `room`.
struct Patch {
    const float *data, *gate;  // gate: null unless it has yet to be applied
    int64_t row, col;

    Patch(const Images& x, int64_t image, const Box& low, int64_t size, float* room) {
        const Box sizes = {{1, size, size}};
        col = x.channels;
        if (x.channels_last() && within(low, sizes, x.sizes)) {
            const int64_t start = image * x.layout.image + x.layout.offset(low);
            data = x.data + start;
            gate = x.gate ? x.gate + start : nullptr;
            row = x.layout.step[1];
        } else {
            copy_box(x, image, low, sizes, room);
            data = room;
            gate = nullptr;
            row = size * x.channels;
        }
    }
    V read(int64_t i, int64_t j, int64_t channel) const {
        const int64_t at = i * row + j * col + channel;
        return gate ? through_relu_lanes(loaded(data + at), loaded(gate + at)) : loaded(data + at);
    }
};

// The transformed windows of the tiles [first, last).
inline void transform_source(const Correlation& c, const Tiles& tiles, int64_t first, int64_t last, float* room,
                             float* out) {
    for (int64_t tile = first; tile < last; ++tile) {
        Box place = tiles.place(tile);
        for (int axis = 1; axis < 3; ++axis) place[axis] += c.parts[0].taps[0].at[axis];
        const Patch patch(c.source, tiles.image(tile), place, 6, room);
        for (int64_t k = 0; k < c.from; k += lanes) {
            float* into = out + (tile - first) * c.from + k;
            winograd<WinogradSource, V>([&](int i, int j) { return patch.read(i, j, k); },
                                        [&](int i, int j, V v) { store(into + (6 * i + j) * tiles.point, v); });
        }
    }
}

}  // namespace kx
