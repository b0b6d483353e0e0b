// Correlations straight from the definition: windows of the source times weights in panels, no matrix in between.
#include <algorithm>

#include "bodies/activation.hpp"
#include "cpu/conv.hpp"
#include "cpu/conv_plan.hpp"
#include "cpu/conv_tiles.hpp"
#include "cpu/parallel.hpp"
#include "cpu/workspace.hpp"

namespace kx {
namespace {

constexpr int64_t window_floats = 1 << 15;  // of the source that one block of places reads: a quarter of an L2 cache

// Weights as the tiles read them: (group, panel, tap and channel, panel); and the bias in panels.
void pack(const Correlation& c, int64_t depth, float* weights, float* bias) {
    const int64_t count = panels(c.to);
    parallel_for(c.groups * count, static_cast<double>(depth) * panel, [&](int64_t i) {
        const int64_t group = i / count, first = i % count * panel;
        const int64_t valid = std::min<int64_t>(panel, c.to - first);
        float* into = weights + i * depth * panel;
        for (const Tap& tap : c.taps) {
            const float* from = c.kernel.data + tap.index * c.kernel.tap + group * c.kernel.group + first * c.kernel.to;
            for (int64_t k = 0; k < c.from; ++k, into += panel) {
                for (int64_t j = 0; j < panel; ++j) {
                    into[j] = j < valid ? from[k * c.kernel.from + j * c.kernel.to] : 0.0f;
                }
            }
        }
        for (int64_t j = 0; j < panel; ++j) {
            bias[i * panel + j] = c.bias && j < valid ? c.bias[group * c.to + first + j] : 0.0f;
        }
    });
}

// The places of a block and where they read and write.
struct Block {
    const float* base;
    float* result;
    int64_t rows, cols;
};

// One panel of channels of a block's places, tile after tile. The last tile starts where it fits and computes some
// places again; a block smaller than a tile repeats its first place.
void run_panel(const Correlation& c, const Plan& plan, const Block& block, int64_t group, int64_t first,
               const float* weights, const float* bias) {
    const int64_t places = block.rows * block.cols;
    const int64_t valid = std::min<int64_t>(panel, c.to - first);
    const bool straight = valid == panel && c.layout.channel == 1;
    float room[tile_rows][panel];
    for (int64_t next = 0; next < places; next += tile_rows) {
        const int64_t start = std::max<int64_t>(0, std::min(next, places - tile_rows));
        const float* rows[tile_rows];
        float *into[tile_rows], *out[tile_rows];
        int64_t row = start / block.cols, col = start % block.cols;
        for (int r = 0; r < tile_rows; ++r) {
            rows[r] = block.base + row * c.step[1] * plan.pitch[1] + col * c.step[2] * plan.pitch[2] + group * c.from;
            out[r] = block.result + row * c.layout.step[1] + col * c.layout.step[2] +
                     (group * c.to + first) * c.layout.channel;
            into[r] = straight ? out[r] : room[r];
            if (start + r + 1 < places && ++col == block.cols) {
                col = 0;
                ++row;
            }
        }
        correlate_tile(rows, plan.runs.data(), static_cast<int64_t>(plan.runs.size()), weights, bias, into);
        for (int r = 0; r < tile_rows; ++r) {
            if (c.relu) {
                for (int j = 0; j < panel; ++j) into[r][j] = relu(into[r][j]);
            }
            if (!straight) {
                for (int64_t j = 0; j < valid; ++j) out[r][j * c.layout.channel] = room[r][j];
            }
        }
    }
}

}  // namespace

void correlate(Correlation c) {
    if (c.batch * c.groups * c.to * c.count.volume() == 0) return;
    if (winograd_fits(c)) return correlate_winograd(c);
    if (reads_rows(c) && c.layout == Layout(c.groups * c.to, c.count, false)) {
        make_one_row(c);
        c.layout = Layout(c.groups * c.to, c.count, false);
    }
    const Plan plan(c, window_floats);
    const int64_t count = c.groups * panels(c.to), size = plan.depth * panel;
    const Workspace<float> weights(count * size), bias(count * panel);
    pack(c, plan.depth, weights.data(), bias.data());
    const double cost = static_cast<double>(plan.block.volume()) * static_cast<double>(count * (size / 4 + panel));
    parallel_for(c.batch * plan.blocks.volume(), cost, [&](int64_t task) {
        const Plan::Piece piece = plan.piece(c, task);
        const Workspace<float> window(plan.room(c));
        const Block block = {plan.read(c, piece, window.data()),
                             c.result + piece.image * c.layout.image + c.layout.offset(piece.at), piece.rows, piece.cols};
        for (int64_t i = 0; i < count; ++i) {
            run_panel(c, plan, block, i / panels(c.to), i % panels(c.to) * panel, weights.data() + i * size,
                      bias.data() + i * panel);
        }
    });
}

}  // namespace kx
