// Correlations with 3x3 kernels by Winograd's F(4x4, 3x3), see bodies/winograd.hpp: what the results and the gradient of
// the kernel share, the tiles and their transformed source. A block of tiles is transformed, multiplied and dealt with
// before the next one, so that what lies in between never leaves the cache.
//
// The transforms mix all that a tile reads: a value that is not finite would take all results of the tile with it, and a
// huge one their digits. What comes of either is not finite or huge too; it is computed again from the definition.
#pragma once

#include <algorithm>
#include <cstdint>

#include "bodies/winograd.hpp"
#include "cpu/conv.hpp"
#include "cpu/conv_tiles.hpp"
#include "cpu/workspace.hpp"

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
    // Where the 6x6 that a tile reads start.
    Box window(const Correlation& c, int64_t tile) const {
        Box low = place(tile);
        for (int axis = 1; axis < 3; ++axis) low[axis] += c.parts[0].taps[0].at[axis];
        return low;
    }
};

// A square of an image to be transformed, from where it lies; where channels lie apart, from a copy.
struct Patch {
    const float *data, *gate;  // gate: null unless it has yet to be applied
    int64_t row, col;
    bool whole;                                     // whether all of it lies in the image; else each element is
    const float *data_at[points], *gate_at[points];  // at a place of its own, `zeros` if it lies outside

    // `room`: for size * size * channels floats; `zeros`: as many as there are channels.
    Patch(const Images& x, int64_t image, const Box& low, int size, float* room, const float* zeros) {
        col = x.channels;
        if (!x.channels_last()) {
            copy_box(x, image, low, {{1, size, size}}, room);
            data = room;
            gate = nullptr;
            row = size * x.channels;
            whole = true;
            return;
        }
        const int64_t start = image * x.layout.image + x.layout.offset(low);
        data = x.data + start;
        gate = x.gate ? x.gate + start : nullptr;
        row = x.layout.step[1];
        whole = within(low, {{1, size, size}}, x.sizes);
        for (int i = 0; i < size && !whole; ++i) {
            const bool row_there = low[1] + i >= 0 && low[1] + i < x.sizes[1];
            for (int j = 0; j < size; ++j) {
                const bool there = row_there && low[2] + j >= 0 && low[2] + j < x.sizes[2];
                data_at[size * i + j] = there ? data + i * row + j * col : zeros;
                gate_at[size * i + j] = there ? gate + i * row + j * col : zeros;
            }
        }
    }
};

// Asks for the memory of a patch ahead of its use: its rows lie too far apart for the CPU to guess.
inline void prefetch_patch(const Images& x, int64_t image, const Box& low, int64_t size) {
#if defined(__GNUC__)
    if (!x.channels_last()) return;
    const int64_t first = std::max<int64_t>(0, low[2]), last = std::min(low[2] + size, x.sizes[2]);
    for (int64_t i = std::max<int64_t>(0, low[1]); i < std::min(low[1] + size, x.sizes[1]); ++i) {
        const int64_t start = image * x.layout.image + x.layout.offset({{0, i, first}});
        for (int64_t k = 0; k < (last - first) * x.channels; k += 16) {
            __builtin_prefetch(x.data + start + k);
            if (x.gate) __builtin_prefetch(x.gate + start + k);
        }
    }
#endif
}

// How a patch is read, and where its transform is written: structs, so that they are certain to be inlined.
struct Straight {
    const float* data;
    int64_t row, col;
    KX_BODY V operator()(int i, int j) const { return loaded(data + i * row + j * col); }
};

struct Gated {
    Straight data, gate;
    KX_BODY V operator()(int i, int j) const { return through_relu_lanes(data(i, j), gate(i, j)); }
};

template <int Size>
struct Scattered {
    const float* const* at;
    int64_t channel;
    KX_BODY V operator()(int i, int j) const { return loaded(at[Size * i + j] + channel); }
};

template <int Size>
struct ScatteredGated {
    Scattered<Size> data, gate;
    KX_BODY V operator()(int i, int j) const { return through_relu_lanes(data(i, j), gate(i, j)); }
};

struct ToPoints {
    float* out;
    int64_t point;  // from one point to the next
    KX_BODY void operator()(int i, int j, V v) const { store(out + (6 * i + j) * point, v); }
};

template <typename Read>
struct Summed {
    Read read;
    V* sum;  // of all that is read
    KX_BODY V operator()(int i, int j) const {
        const V v = read(i, j);
        *sum += v;
        return v;
    }
};

// The channels from `k` on of a patch through a transform; returns the sum of the patch.
template <typename Transform>
V transform_patch(const Patch& patch, int64_t k, const ToPoints& write) {
    constexpr int size = Transform::from;
    const Straight data = {patch.data + k, patch.row, patch.col};
    const Scattered<size> data_at = {patch.data_at, k};
    V sum{};
    if (patch.whole && !patch.gate) {
        winograd<Transform, V>(Summed<Straight>{data, &sum}, write);
    } else if (patch.whole) {
        winograd<Transform, V>(Summed<Gated>{{data, {patch.gate + k, patch.row, patch.col}}, &sum}, write);
    } else if (!patch.gate) {
        winograd<Transform, V>(Summed<Scattered<size>>{data_at, &sum}, write);
    } else {
        winograd<Transform, V>(Summed<ScatteredGated<size>>{{data_at, {patch.gate_at, k}}, &sum}, write);
    }
    return sum;
}

// Whether results can be trusted, by sums of their squares: not if one of these is infinite or a NaN, which it is from
// results of 2e19 on.
inline bool trusted(const V& squares) {
    float at[lanes], sum = 0.0f;
    store(at, squares);
    for (const float one : at) sum += one * 0.0f;  // either gives a NaN
    return sum == 0.0f;
}

// Room for the patches of one thread: for a copy, and zeros.
struct PatchRoom {
    Workspace<float> copy, zeros;

    explicit PatchRoom(int64_t channels) : copy(points * channels), zeros(channels) {
        std::fill_n(zeros.data(), channels, 0.0f);
    }
};

// The transformed windows of the tiles [first, last).
inline void transform_source(const Correlation& c, const Tiles& tiles, int64_t first, int64_t last,
                             const PatchRoom& room, float* out) {
    for (int64_t tile = first; tile < last; ++tile) {
        if (tile + 1 < last) prefetch_patch(c.source, tiles.image(tile + 1), tiles.window(c, tile + 1), 6);
        const Patch patch(c.source, tiles.image(tile), tiles.window(c, tile), 6, room.copy.data(), room.zeros.data());
        for (int64_t k = 0; k < c.from; k += lanes) {
            transform_patch<WinogradSource>(patch, k, {out + (tile - first) * c.from + k, tiles.point});
        }
    }
}

}  // namespace kx
