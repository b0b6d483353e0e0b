// The results of correlations by Winograd's F(4x4, 3x3).
#include "cpu/conv_winograd.hpp"

#include "cpu/parallel.hpp"
#include "cpu/workspace.hpp"

namespace kx {
namespace {

// The transformed kernel: (panel, point, from, panel).
void transform_kernel(const Correlation& c, float* out) {
    parallel_for(panels(c.to), static_cast<double>(c.from * panel) * points, [&](int64_t p) {
        const int64_t valid = std::min<int64_t>(panel, c.to - p * panel);
        float* into = out + p * points * c.from * panel;
        for (int64_t k = 0; k < c.from; ++k) {
            const float* from = c.kernel.data + k * c.kernel.from + p * panel * c.kernel.to;
            float w[9][panel] = {};
            for (int i = 0; i < 9; ++i) {
                const float* element = from + c.parts[0].taps[i].index * c.kernel.tap;
                for (int64_t j = 0; j < valid; ++j) w[i][j] = element[j * c.kernel.to];
            }
            for (int j = 0; j < panel; j += lanes) {
                winograd<WinogradKernel, V>(
                    [&](int row, int col) { return loaded(w[3 * row + col] + j); },
                    [&](int row, int col, V v) { store(into + ((6 * row + col) * c.from + k) * panel + j, v); });
            }
        }
    });
}

// The products of one panel: (point, tile, panel).
KX_APART void multiply_points(const Tiles& tiles, int64_t count, const float* source, const float* kernel,
                              float* out) {
    const Run run = {0, tiles.depth};
    for (int p = 0; p < points; ++p) {
        for (int64_t next = 0; next < count; next += tile_rows) {
            const int64_t start = std::max<int64_t>(0, std::min(next, count - tile_rows));
            const float* rows[tile_rows];
            float* into[tile_rows];
            for (int r = 0; r < tile_rows; ++r) {
                const int64_t tile = std::min(start + r, count - 1);
                rows[r] = source + p * tiles.point + tile * tiles.depth;
                into[r] = out + (p * block_tiles + tile) * panel;
            }
            correlate_tile(rows, &run, 1, kernel + p * tiles.depth * panel, nullptr, false, into);
        }
    }
}

// Where the results of a tile go in one panel of channels: in place, or into `room` first if the tile is cut off or its
// channels lie apart.
struct Target {
    int64_t rows, cols, valid;
    bool straight;
    float *out, *into, room[side * side * panel];
    int64_t row, col;  // from one result to the next in `into`
    const Correlation& c;

    Target(const Correlation& c, const Tiles& tiles, int64_t tile, int64_t start) : c(c) {
        const Box place = tiles.place(tile);
        rows = std::min<int64_t>(side, c.parts[0].count[1] - place[1]);
        cols = std::min<int64_t>(side, c.parts[0].count[2] - place[2]);
        valid = std::min<int64_t>(panel, c.to - start);
        out = c.parts[0].result + tiles.image(tile) * c.layout.image + c.layout.offset(place) + start * c.layout.channel;
        straight = rows == side && cols == side && valid == panel && c.layout.channel == 1;
        into = straight ? out : room;
        row = straight ? c.layout.step[1] : side * panel;
        col = straight ? c.layout.step[2] : panel;
    }
    void finish() const {
        for (int64_t i = 0; i < rows && !straight; ++i) {
            for (int64_t j = 0; j < cols; ++j) {
                float* to = out + i * c.layout.step[1] + j * c.layout.step[2];
                for (int64_t k = 0; k < valid; ++k) to[k * c.layout.channel] = room[(side * i + j) * panel + k];
            }
        }
    }
};

// One panel of the results of the tiles [first, last) from their products, and what `trusted` takes of each
// tile, (tile, lanes). Returns whether all can be trusted.
KX_APART bool write_results(const Correlation& c, const Tiles& tiles, int64_t first, int64_t last, const float* products,
                   int64_t start, const float* bias, float* squares) {
    V total{};
    for (int64_t tile = first; tile < last; ++tile) {
        Target target(c, tiles, tile, start);
        float* into = target.into;
        const int64_t row = target.row, col = target.col;
        V sum{};
        for (int64_t k = 0; k < panel; k += lanes) {
            const float* m = products + (tile - first) * panel + k;
            const V b = loaded(bias + start + k);
            winograd<WinogradResult, V>([&](int i, int j) { return loaded(m + (6 * i + j) * block_tiles * panel); },
                                        [&](int i, int j, V v) {
                                            sum += v;
                                            const V out = v + b;
                                            store(into + i * row + j * col + k, c.relu ? relu_lanes(out) : out);
                                        });
        }
        target.finish();
        const V square = sum * sum;
        store(squares + (tile - first) * lanes, square);
        total += square;
    }
    return trusted(total);
}

// The same from the definition for tiles that can't be trusted.
KX_APART void mend_results(const Correlation& c, const Tiles& tiles, int64_t first, int64_t last, const float* squares,
                           int64_t start, const float* bias) {
    const std::vector<Tap>& taps = c.parts[0].taps;
    const int64_t valid = std::min<int64_t>(panel, c.to - start);
    const Workspace<float> weights(9 * c.from * panel), patch(points * c.from);
    float* into = weights.data();
    for (const Tap& tap : taps) {
        const float* from = c.kernel.data + tap.index * c.kernel.tap + start * c.kernel.to;
        for (int64_t k = 0; k < c.from; ++k, into += panel, from += c.kernel.from) {
            for (int64_t j = 0; j < panel; ++j) into[j] = j < valid ? from[j * c.kernel.to] : 0.0f;
        }
    }
    const int64_t pitch = 6 * c.from;
    const Run runs[] = {{0, 3 * c.from}, {pitch, 3 * c.from}, {2 * pitch, 3 * c.from}};
    for (int64_t tile = first; tile < last; ++tile) {
        if (trusted(loaded(squares + (tile - first) * lanes))) continue;
        copy_box(c.source, tiles.image(tile), tiles.window(c, tile), {{1, 6, 6}}, patch.data());
        Target target(c, tiles, tile, start);
        for (int place = 0; place < side * side; place += tile_rows) {
            const float* rows[tile_rows];
            float* out[tile_rows];
            for (int r = 0; r < tile_rows; ++r) {
                const int at = std::min(place + r, side * side - 1), i = at / side, j = at % side;
                rows[r] = patch.data() + i * pitch + j * c.from;
                out[r] = target.into + i * target.row + j * target.col;
            }
            correlate_tile(rows, runs, 3, weights.data(), bias + start, c.relu, out);
        }
        target.finish();
    }
}

}  // namespace

bool winograd_fits(const Correlation& c) {
    if (c.groups != 1 || c.parts.size() != 1 || c.parts[0].taps.size() != 9 || c.from % lanes || c.to % lanes || c.from < 16 || c.to < 16) return false;
    for (int i = 0; i < 9; ++i) {
        const Box& at = c.parts[0].taps[i].at;
        if (at[0] != 0 || at[1] != c.parts[0].taps[0].at[1] + i / 3 || at[2] != c.parts[0].taps[0].at[2] + i % 3) return false;
    }
    if (c.step[1] != 1 || c.step[2] != 1 || c.parts[0].count[0] != 1 || c.source.sizes[0] != 1) return false;
    const Tiles tiles(c);
    return tiles.count >= 2 * tile_rows && tiles.rows * tiles.cols * points * 3 / 2 <= c.parts[0].count.volume() * 9;
}

void correlate_winograd(const Correlation& c) {
    const Tiles tiles(c);
    const int64_t count = panels(c.to), size = points * c.from * panel;
    const Workspace<float> kernel(count * size), bias(count * panel);
    transform_kernel(c, kernel.data());
    std::fill_n(bias.data(), count * panel, 0.0f);
    if (c.bias) std::copy_n(c.bias, c.to, bias.data());
    const double cost = static_cast<double>(block_tiles * points) * static_cast<double>((c.from + 64) * c.to / 4);
    parallel_for(tiles.blocks, cost, [&](int64_t block) {
        const int64_t first = block * block_tiles, last = std::min(first + block_tiles, tiles.count);
        const PatchRoom room(c.from);
        const Workspace<float> source(points * tiles.point);
        const Workspace<float> products(points * block_tiles * panel);
        float squares[block_tiles * lanes];
        transform_source(c, tiles, first, last, room, source.data());
        for (int64_t p = 0; p < count; ++p) {
            multiply_points(tiles, last - first, source.data(), kernel.data() + p * size, products.data());
            if (!write_results(c, tiles, first, last, products.data(), p * panel, bias.data(), squares)) {
                mend_results(c, tiles, first, last, squares, p * panel, bias.data());
            }
        }
    });
}

}  // namespace kx
