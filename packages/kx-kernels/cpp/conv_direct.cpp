// Correlations straight from the definition: windows of the source times weights in panels, no matrix in between.
#include <algorithm>

#include "cpu/conv.hpp"
#include "cpu/conv_plan.hpp"
#include "cpu/conv_tiles.hpp"
#include "cpu/parallel.hpp"
#include "cpu/workspace.hpp"

namespace kx {
namespace {

constexpr int64_t window_floats = 1 << 15;  // of the source that one block of places reads: a quarter of an L2 cache

// The weights of a part as the tiles read them: (group, panel, tap and channel, panel).
void pack_weights(const Correlation& c, const Part& part, float* weights) {
    const int64_t count = panels(c.to), depth = static_cast<int64_t>(part.taps.size()) * c.from;
    parallel_for(c.groups * count, static_cast<double>(depth) * panel, [&](int64_t i) {
        const int64_t group = i / count, first = i % count * panel;
        const int64_t valid = std::min<int64_t>(panel, c.to - first);
        float* __restrict into = weights + i * depth * panel;
        for (const Tap& tap : part.taps) {
            const float* from = c.kernel.data + tap.index * c.kernel.tap + group * c.kernel.group + first * c.kernel.to;
            for (int64_t k = 0; k < c.from; ++k, into += panel, from += c.kernel.from) {
                for (int64_t j = 0; j < valid; ++j) into[j] = from[j * c.kernel.to];
                for (int64_t j = valid; j < panel; ++j) into[j] = 0.0f;
            }
        }
    });
}

// The bias in panels, (group, panel, panel), or zeros.
void pack_bias(const Correlation& c, float* bias) {
    const int64_t count = panels(c.to);
    std::fill_n(bias, c.groups * count * panel, 0.0f);
    for (int64_t group = 0; group < c.groups && c.bias; ++group) {
        std::copy_n(c.bias + group * c.to, c.to, bias + group * count * panel);
    }
}

// One panel of channels of all places, tile after tile.
void run_panel(const Correlation& c, const Places& places, const std::vector<Run>& runs, int64_t group, int64_t first,
               const float* weights, const float* bias) {
    const int64_t valid = std::min<int64_t>(panel, c.to - first), channel = c.layout.channel;
    const bool straight = valid == panel && channel == 1;
    const float* source = places.source + group * c.from;
    float* result = places.result + (group * c.to + first) * channel;
    float room[tile_rows][panel];
    for (int64_t place = 0; place < places.count; place += tile_rows) {
        const float* rows[tile_rows];
        float* into[tile_rows];
        for (int r = 0; r < tile_rows; ++r) {
            rows[r] = source + places.read[place + r];
            into[r] = straight ? result + places.write[place + r] : room[r];
        }
        correlate_tile(rows, runs.data(), static_cast<int64_t>(runs.size()), weights, bias, c.relu, into);
        for (int r = 0; r < tile_rows && !straight; ++r) {
            float* out = result + places.write[place + r];
            for (int64_t j = 0; j < valid; ++j) out[j * channel] = room[r][j];
        }
    }
}

}  // namespace

void correlate(Correlation c) {
    if (is_depthwise(c)) return correlate_depthwise(c);
    if (winograd_fits(c)) return correlate_winograd(c);
    if (reads_rows(c) && c.layout == Layout(c.groups * c.to, c.parts[0].count, false)) {
        make_one_row(c);
        c.layout = Layout(c.groups * c.to, c.parts[0].count, false);
    }
    const Plan plan(c, window_floats);
    const int64_t count = c.groups * panels(c.to);
    std::vector<int64_t> depth, start = {0};  // of each part's weights
    for (const Part& part : c.parts) {
        depth.push_back(static_cast<int64_t>(part.taps.size()) * c.from);
        start.push_back(start.back() + count * depth.back() * panel);
    }
    const Workspace<float> weights(start.back()), bias(count * panel);
    for (size_t i = 0; i < c.parts.size(); ++i) pack_weights(c, c.parts[i], weights.data() + start[i]);
    pack_bias(c, bias.data());
    const int64_t places = plan.block.volume();
    const double cost = static_cast<double>(places) * static_cast<double>(start.back() / 4 + count * panel);
    parallel_for(c.batch * plan.blocks.volume(), cost, [&](int64_t task) {
        const Plan::Piece piece = plan.piece(c, task);
        const Workspace<float> window(plan.room(c));
        const Workspace<int64_t> listed(2 * (places + tile_rows));
        const float* source = plan.read(c, piece, window.data());
        for (size_t part = 0; part < c.parts.size(); ++part) {
            const Places some(c, plan, c.parts[part], piece, source, tile_rows, listed.data());
            for (int64_t i = 0; i < count; ++i) {
                run_panel(c, some, plan.runs[part], i / panels(c.to), i % panels(c.to) * panel,
                          weights.data() + start[part] + i * depth[part] * panel, bias.data() + i * panel);
            }
        }
    });
}

}  // namespace kx
