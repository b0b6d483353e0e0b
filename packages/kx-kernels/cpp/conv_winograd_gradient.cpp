// The gradient of a 3x3 kernel by Winograd's F(4x4, 3x3).
#include "cpu/conv_winograd.hpp"

#include <atomic>

#include "cpu/parallel.hpp"
#include "cpu/workspace.hpp"

namespace kx {
namespace {

constexpr int64_t sum_floats = 1 << 20;  // of all partial sums
constexpr int64_t most_shares = 32;

// Partial sums: the blocks of tiles in `shares` parts, each with sums of its own, (panel, point, from, panel), and the
// sums of the bias. What the sums add up depends on the shapes only.
struct Shares {
    int64_t count, blocks, rows, panel_floats, floats;  // blocks per share, rows: `from` in whole tiles

    Shares(const Correlation& c, const Tiles& tiles) {
        rows = (c.from + tile_rows - 1) / tile_rows * tile_rows;
        panel_floats = points * rows * panel + panel;
        floats = panels(c.to) * panel_floats;
        count = std::min(tiles.blocks, std::clamp<int64_t>(sum_floats / floats, 1, most_shares));
        blocks = (tiles.blocks + count - 1) / count;
        count = (tiles.blocks + blocks - 1) / blocks;
    }
};

constexpr int64_t point_floats = block_tiles * panel;  // of the transformed gradients: (panel, point, tile, panel)

// The transformed gradients of the tiles [first, last), added up for the bias too.
void transform_gradients(const Images& g, const Tiles& tiles, const Shares& shares, int64_t first, int64_t last,
                         const PatchRoom& room, float* out, float* sums) {
    for (int64_t tile = first; tile < last; ++tile) {
        if (tile + 1 < last) prefetch_patch(g, tiles.image(tile + 1), tiles.place(tile + 1), side);
        const Patch patch(g, tiles.image(tile), tiles.place(tile), side, room.copy.data(), room.zeros.data());
        for (int64_t k = 0; k < g.channels; k += lanes) {
            float* into = out + k / panel * points * point_floats + (tile - first) * panel + k % panel;
            float* bias = sums + k / panel * shares.panel_floats + points * shares.rows * panel + k % panel;
            store(bias, loaded(bias) + transform_patch<WinogradGradient>(patch, k, {into, point_floats}));
        }
    }
}

// One panel's products of the transformed source and gradients, summed over the tiles of a block.
KX_APART void add_products(const Correlation& c, const Tiles& tiles, const Shares& shares, int64_t count,
                           const float* source, const float* gradients, float* sums) {
    const Grid grid = {1, count, c.from, 0};
    for (int p = 0; p < points; ++p) {
        for (int64_t row = 0; row < shares.rows; row += tile_rows) {
            const float* x[tile_rows];
            for (int r = 0; r < tile_rows; ++r) x[r] = source + p * tiles.point + std::min(row + r, c.from - 1);
            gradient_tile(x, grid, gradients + p * point_floats, sums + (p * shares.rows + row) * panel);
        }
    }
}

// Adds up the shares in order and transforms the sums to the gradient of the kernel; returns whether it can be
// trusted.
bool gather(const Correlation& c, const Shares& shares, const float* sums, float* into, float* bias) {
    std::atomic<bool> whole = true;
    parallel_for(panels(c.to), static_cast<double>(shares.panel_floats * (shares.count + 1)), [&](int64_t p) {
        const Workspace<float> total(shares.panel_floats);
        std::copy_n(sums + p * shares.panel_floats, shares.panel_floats, total.data());
        for (int64_t share = 1; share < shares.count; ++share) {
            const float* __restrict part = sums + share * shares.floats + p * shares.panel_floats;
            float* __restrict sum = total.data();
            for (int64_t i = 0; i < shares.panel_floats; ++i) sum[i] += part[i];
        }
        const int64_t valid = std::min<int64_t>(panel, c.to - p * panel);
        V all{};
        for (int64_t from = 0; from < c.from; ++from) {
            for (int64_t k = 0; k < valid; k += lanes) {
                const float* s = total.data() + from * panel + k;
                float* out = into + from * c.to + p * panel + k;
                winograd<WinogradKernelGradient, V>(
                    [&](int i, int j) { return loaded(s + (6 * i + j) * shares.rows * panel); },
                    [&](int i, int j, V v) {
                        all += v * v;
                        store(out + c.parts[0].taps[3 * i + j].index * c.from * c.to, v);
                    });
            }
        }
        if (!trusted(all)) whole = false;
        if (bias) std::copy_n(total.data() + points * shares.rows * panel, valid, bias + p * panel);
    });
    return whole;
}

}  // namespace

bool winograd_kernel_gradient(const Correlation& c, const Images& g, float* into, float* bias) {
    const Tiles tiles(c);
    const Shares shares(c, tiles);
    const int64_t count = panels(c.to);
    const Workspace<float> sums(shares.count * shares.floats);
    const double cost = static_cast<double>(shares.blocks * block_tiles * points) *
                        static_cast<double>((c.from + 64) * c.to / 4);
    parallel_for(shares.count, cost, [&](int64_t share) {
        float* own = sums.data() + share * shares.floats;
        std::fill_n(own, shares.floats, 0.0f);
        const PatchRoom room(std::max(c.from, c.to));
        const Workspace<float> source(points * tiles.point);
        const Workspace<float> gradients(count * points * point_floats);
        std::fill_n(gradients.data() + (count - 1) * points * point_floats, points * point_floats, 0.0f);
        const int64_t end = std::min((share + 1) * shares.blocks * block_tiles, tiles.count);
        for (int64_t first = share * shares.blocks * block_tiles; first < end; first += block_tiles) {
            const int64_t last = std::min(first + block_tiles, end);
            transform_source(c, tiles, first, last, room, source.data());
            transform_gradients(g, tiles, shares, first, last, room, gradients.data(), own);
            for (int64_t p = 0; p < count; ++p) {
                add_products(c, tiles, shares, last - first, source.data(), gradients.data() + p * points * point_floats,
                             own + p * shares.panel_floats);
            }
        }
    });
    return gather(c, shares, sums.data(), into, bias);
}

}  // namespace kx
