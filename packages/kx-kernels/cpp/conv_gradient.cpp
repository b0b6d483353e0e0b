// The gradient of a kernel: for each of its elements the product of what it read and the gradient of what it wrote,
// summed over all places.
#include <algorithm>

#include "cpu/conv.hpp"
#include "cpu/conv_plan.hpp"
#include "cpu/conv_tiles.hpp"
#include "cpu/parallel.hpp"
#include "cpu/workspace.hpp"

namespace kx {
namespace {

constexpr int64_t window_floats = 16 << 10;  // a block of places and its gradients stay near the core
constexpr int64_t sum_floats = 1 << 21;     // of all partial sums
constexpr int64_t most_shares = 32;

// Partial sums: the pieces in `shares` parts, each with sums of its own, and the panels of channels in `chunks`. What
// the sums add up depends on the shapes only.
struct Split {
    int64_t pieces, panel_count, rows;  // rows of the kernel (tap, from), rounded up to whole tiles
    int64_t shares, pieces_per_share, chunks, panels_per_chunk;
    int64_t panel_floats;  // rows, and one for the bias

    int64_t depth;         // rows that there are

    Split(const Correlation& c, int64_t pieces) : pieces(pieces) {
        depth = static_cast<int64_t>(c.parts[0].taps.size()) * c.from;
        panel_count = c.groups * panels(c.to);
        rows = (depth + tile_rows - 1) / tile_rows * tile_rows;
        panel_floats = (rows + 1) * panel;
        shares = std::min(pieces, std::clamp<int64_t>(sum_floats / (panel_count * panel_floats), 1, most_shares));
        pieces_per_share = (pieces + shares - 1) / shares;
        shares = (pieces + pieces_per_share - 1) / pieces_per_share;
        panels_per_chunk = std::max<int64_t>(1, panel_count * shares / most_shares);
        chunks = (panel_count + panels_per_chunk - 1) / panels_per_chunk;
    }
};

// `count` places of a panel, `step` floats from one to the next, behind each other; `sum` gets their sum on top.
void pack_panel(const float* g, const float* gate, int64_t count, int64_t step, float* into, float* sum) {
    Lanes<lanes> total[tile_registers], v, y;
    for (int j = 0; j < tile_registers; ++j) load(total[j], sum + j * lanes);
    for (int64_t i = 0; i < count; ++i, g += step, into += panel) {
        for (int j = 0; j < tile_registers; ++j) {
            load(v, g + j * lanes);
            if (gate) {
                load(y, gate + i * step + j * lanes);
                v = through_relu_lanes(v, y);
            }
            store(into + j * lanes, v);
            total[j] += v;
        }
    }
    for (int j = 0; j < tile_registers; ++j) store(sum + j * lanes, total[j]);
}

// The gradients of a piece's places in panels (panel, place, panel) for the panels [first, last), and their sums.
void pack_gradients(const Correlation& c, const Images& g, const Plan::Piece& piece, int64_t rows, int64_t cols,
                    int64_t first, int64_t last, float* row, float* into, float* sums, int64_t sums_step) {
    const int64_t places = rows * cols, per_group = panels(c.to);
    const bool straight = g.channels_last() && c.to % panel == 0;
    for (int64_t i = 0; i < rows; ++i) {
        const int64_t start = piece.image * g.layout.image + g.layout.offset({{piece.at[0], piece.at[1] + i, piece.at[2]}});
        if (!straight) copy_columns(g, start, cols, row);
        for (int64_t p = first; p < last; ++p) {
            const int64_t channel = p % per_group * panel, valid = std::min<int64_t>(panel, c.to - channel);
            float* to = into + ((p - first) * places + i * cols) * panel;
            float* sum = sums + (p - first) * sums_step;
            if (straight) {
                const int64_t from = start + p * panel;
                pack_panel(g.data + from, g.gate ? g.gate + from : nullptr, cols, g.channels, to, sum);
                continue;
            }
            const float* from = row + p / per_group * c.to + channel;
            for (int64_t col = 0; col < cols; ++col, from += g.channels, to += panel) {
                for (int64_t j = 0; j < panel; ++j) {
                    to[j] = j < valid ? from[j] : 0.0f;
                    sum[j] += to[j];
                }
            }
        }
    }
}

// The sums of one piece for one panel, tile after tile of the kernel's rows.
void add_piece(const Correlation& c, const Plan& plan, const Split& split, int64_t rows, int64_t cols,
               const float* window, const float* g, float* sums) {
    const Grid grid = grid_of(c, plan, rows, cols);
    const Run* run = plan.runs[0].data();
    int64_t in_run = 0;
    for (int64_t row = 0; row < split.rows; row += tile_rows) {
        const float* x[tile_rows];
        for (int r = 0; r < tile_rows; ++r) {
            x[r] = window + run->offset + in_run;
            if (row + r + 1 < split.depth && ++in_run == run->length) {  // rows beyond the last repeat it, unused
                in_run = 0;
                ++run;
            }
        }
        gradient_tile(x, grid, g, sums + row * panel);
    }
}

// Adds up the shares in order and puts the sums where they belong.
void gather(const Correlation& c, const Split& split, const float* sums, float* into, float* bias) {
    const int64_t all = split.panel_count * split.panel_floats, channels = c.groups * c.to, per_group = panels(c.to);
    parallel_for(split.panel_count, static_cast<double>(split.panel_floats * split.shares), [&](int64_t p) {
        const int64_t start = p % per_group * panel, valid = std::min<int64_t>(panel, c.to - start);
        const int64_t place = p / per_group * c.to + start;
        const Workspace<float> total(split.panel_floats);
        std::copy_n(sums + p * split.panel_floats, split.panel_floats, total.data());
        for (int64_t share = 1; share < split.shares; ++share) {
            const float* __restrict part = sums + share * all + p * split.panel_floats;
            float* __restrict sum = total.data();
            for (int64_t i = 0; i < split.panel_floats; ++i) sum[i] += part[i];
        }
        for (int64_t i = 0; i < split.depth; ++i) {
            const int64_t row = c.parts[0].taps[i / c.from].index * c.from + i % c.from;
            std::copy_n(total.data() + i * panel, valid, into + row * channels + place);
        }
        if (bias) std::copy_n(total.data() + split.rows * panel, valid, bias + place);
    });
}

}  // namespace

void correlate_kernel_gradient(Correlation c, Images g, float* into, float* bias) {
    if (reads_rows(c) && g.channels_last()) {
        make_one_row(c);
        g = Images(g.data, g.gate, g.channels, c.parts[0].count, false);
    }
    const Part& part = c.parts[0];
    if (c.batch * part.count.volume() == 0) {
        std::fill_n(into, static_cast<int64_t>(part.taps.size()) * c.from * g.channels, 0.0f);
        if (bias) std::fill_n(bias, g.channels, 0.0f);
        return;
    }
    if (is_depthwise(c)) return depthwise_kernel_gradient(c, g, into, bias);
    if (winograd_fits(c) && winograd_kernel_gradient(c, g, into, bias)) return;
    const Plan plan(c, window_floats);
    const Split split(c, c.batch * plan.blocks.volume());
    const int64_t places = plan.block.volume();
    const Workspace<float> sums(split.shares * split.panel_count * split.panel_floats);
    const double cost = static_cast<double>(split.pieces_per_share * places) *
                        static_cast<double>(split.panels_per_chunk * split.rows * panel / 4);
    parallel_for(split.shares * split.chunks, cost, [&](int64_t task) {
        const int64_t share = task / split.chunks, first = task % split.chunks * split.panels_per_chunk;
        const int64_t last = std::min(first + split.panels_per_chunk, split.panel_count);
        float* own = sums.data() + (share * split.panel_count + first) * split.panel_floats;
        std::fill_n(own, (last - first) * split.panel_floats, 0.0f);
        const Workspace<float> window(plan.room(c)), row(plan.block[2] * g.channels);
        const Workspace<float> packed((last - first) * places * panel);
        const int64_t end = std::min((share + 1) * split.pieces_per_share, split.pieces);
        for (int64_t index = share * split.pieces_per_share; index < end; ++index) {
            const Plan::Piece piece = plan.piece(c, index);
            const int64_t rows = plan.places(part, piece, 1), cols = plan.places(part, piece, 2);
            pack_gradients(c, g, piece, rows, cols, first, last, row.data(), packed.data(), own + split.rows * panel,
                           split.panel_floats);
            const float* base = plan.read(c, piece, window.data());
            for (int64_t p = first; p < last; ++p) {
                add_piece(c, plan, split, rows, cols, base + p / panels(c.to) * c.from,
                          packed.data() + (p - first) * rows * cols * panel, own + (p - first) * split.panel_floats);
            }
        }
    });
    gather(c, split, sums.data(), into, bias);
}

}  // namespace kx
