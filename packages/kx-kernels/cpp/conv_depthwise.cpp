// Correlations in which each channel is a group of its own: nothing is summed over channels, so they go through the
// registers side by side.
#include <algorithm>

#include "cpu/conv.hpp"
#include "cpu/conv_plan.hpp"
#include "cpu/lanes.hpp"
#include "cpu/parallel.hpp"
#include "cpu/workspace.hpp"

namespace kx {
namespace {

constexpr int64_t window_floats = 1 << 14;  // of the source that one block of places reads
constexpr int64_t most_shares = 32;
constexpr int tile_places = 4, tile_taps = 9;

// ---- results ----------------------------------------------------------------------------------------------------

// The weights of a part by (tap, channel).
void pack_weights(const Correlation& c, const Part& part, float* into) {
    for (const Tap& tap : part.taps) {
        const float* from = c.kernel.data + tap.index * c.kernel.tap;
        for (int64_t k = 0; k < c.groups; ++k) *into++ = from[k * c.kernel.group];
    }
}

// N channels, from `k` on, of some places.
template <int N>
void run_channels(const Correlation& c, const std::vector<Run>& taps, const float* const* source, const float* weights,
                  int64_t k, float* const* out) {
    Lanes<N> sum[tile_places], weight, x, first{};
    if (c.bias) load(first, c.bias + k);
    for (int r = 0; r < tile_places; ++r) sum[r] = first;
    for (const Run& tap : taps) {
        load(weight, weights + k);
        weights += c.groups;
        for (int r = 0; r < tile_places; ++r) {
            load(x, source[r] + tap.offset + k);
            sum[r] += x * weight;
        }
    }
    for (int r = 0; r < tile_places; ++r) store(out[r] + k, c.relu ? relu_lanes(sum[r]) : sum[r]);
}

// All channels of all places, tile after tile; `room`: for the channels of a tile.
void run_places(const Correlation& c, const Places& places, const std::vector<Run>& taps, const float* weights,
                float* room) {
    const int64_t channel = c.layout.channel;
    for (int64_t place = 0; place < places.count; place += tile_places) {
        const float* from[tile_places];
        float *to[tile_places], *into[tile_places];
        for (int r = 0; r < tile_places; ++r) {
            from[r] = places.source + places.read[place + r];
            to[r] = places.result + places.write[place + r];
            into[r] = channel == 1 ? to[r] : room + r * c.groups;
        }
        int64_t k = 0;
        for (; k + lanes <= c.groups; k += lanes) run_channels<lanes>(c, taps, from, weights, k, into);
        for (; k < c.groups; ++k) run_channels<1>(c, taps, from, weights, k, into);
        for (int r = 0; r < tile_places && channel != 1; ++r) {
            for (k = 0; k < c.groups; ++k) to[r][k * channel] = into[r][k];
        }
    }
}

// ---- the gradient of the kernel ---------------------------------------------------------------------------------

// sums[tap][k ...] += the sum over a piece's places of source[place + tap][k ...] * g[place][k ...] for N channels and up
// to tile_taps taps; with no taps at all the sum of g.
template <int N>
void add_taps(const Run* taps, int count, const float* source, const Grid& grid, const float* g, int64_t channels,
              int64_t k, float* sums) {
    Lanes<N> sum[tile_taps] = {}, x, factor;
    const float* from[tile_taps];
    for (int t = 0; t < tile_taps; ++t) from[t] = source + k + taps[std::min(t, count - 1)].offset;
    g += k;
    for (int64_t i = 0; i < grid.rows; ++i) {
        int64_t at = i * grid.row_step;
        for (int64_t col = 0; col < grid.cols; ++col, at += grid.col_step, g += channels) {
            load(factor, g);
            for (int t = 0; t < tile_taps; ++t) {
                load(x, from[t] + at);
                sum[t] += x * factor;
            }
        }
    }
    for (int t = 0; t < count; ++t) {
        load(x, sums + t * channels + k);
        store(sums + t * channels + k, x + sum[t]);
    }
}

template <int N>
void add_gradients(const float* g, int64_t places, int64_t channels, int64_t k, float* sums) {
    Lanes<N> sum, v;
    load(sum, sums + k);
    for (int64_t i = 0; i < places; ++i) {
        load(v, g + i * channels + k);
        sum += v;
    }
    store(sums + k, sum);
}

void add_piece(const std::vector<Run>& taps, const float* source, const Grid& grid, const float* g, int64_t channels,
               float* sums) {
    const int64_t all = static_cast<int64_t>(taps.size()), places = grid.rows * grid.cols;
    for (int64_t first = 0; first < all; first += tile_taps) {
        const int count = static_cast<int>(std::min<int64_t>(tile_taps, all - first));
        float* own = sums + first * channels;
        int64_t k = 0;
        for (; k + lanes <= channels; k += lanes) {
            add_taps<lanes>(taps.data() + first, count, source, grid, g, channels, k, own);
        }
        for (; k < channels; ++k) add_taps<1>(taps.data() + first, count, source, grid, g, channels, k, own);
    }
    int64_t k = 0;
    for (; k + lanes <= channels; k += lanes) add_gradients<lanes>(g, places, channels, k, sums + all * channels);
    for (; k < channels; ++k) add_gradients<1>(g, places, channels, k, sums + all * channels);
}

}  // namespace

bool is_depthwise(const Correlation& c) { return c.groups > 1 && c.from == 1 && c.to == 1; }

void correlate_depthwise(const Correlation& c) {
    const Plan plan(c, window_floats);
    std::vector<int64_t> start = {0};  // of each part's weights
    for (const Part& part : c.parts) start.push_back(start.back() + static_cast<int64_t>(part.taps.size()) * c.groups);
    const Workspace<float> weights(start.back());
    for (size_t i = 0; i < c.parts.size(); ++i) pack_weights(c, c.parts[i], weights.data() + start[i]);
    const double cost = static_cast<double>(plan.block.volume()) * static_cast<double>(start.back() / 4 + c.groups);
    parallel_for(c.batch * plan.blocks.volume(), cost, [&](int64_t task) {
        const Plan::Piece piece = plan.piece(c, task);
        const Workspace<float> window(plan.room(c)), room(tile_places * c.groups);
        const Workspace<int64_t> listed(2 * (plan.block.volume() + tile_places));
        const float* source = plan.read(c, piece, window.data());
        for (size_t i = 0; i < c.parts.size(); ++i) {
            const Places places(c, plan, c.parts[i], piece, source, tile_places, listed.data());
            run_places(c, places, plan.runs[i], weights.data() + start[i], room.data());
        }
    });
}

void depthwise_kernel_gradient(const Correlation& c, const Images& g, float* into, float* bias) {
    const Plan plan(c, window_floats);
    const Part& part = c.parts[0];
    const int64_t channels = c.groups, taps = static_cast<int64_t>(part.taps.size());
    const int64_t pieces = c.batch * plan.blocks.volume(), floats = (taps + 1) * channels;
    const int64_t per_share = (pieces + most_shares - 1) / most_shares, shares = (pieces + per_share - 1) / per_share;
    const Workspace<float> sums(shares * floats);  // of each share: (tap, channel), and for the bias
    const double cost = static_cast<double>(per_share * plan.block.volume()) * static_cast<double>(floats / 4);
    parallel_for(shares, cost, [&](int64_t share) {
        float* own = sums.data() + share * floats;
        std::fill_n(own, floats, 0.0f);
        const Workspace<float> window(plan.room(c)), packed(plan.block.volume() * channels);
        const int64_t end = std::min((share + 1) * per_share, pieces);
        for (int64_t index = share * per_share; index < end; ++index) {
            const Plan::Piece piece = plan.piece(c, index);
            const Box sizes = {{1, plan.places(part, piece, 1), plan.places(part, piece, 2)}};
            copy_box(g, piece.image, piece.at, sizes, packed.data());
            const float* source = plan.read(c, piece, window.data());
            const Grid grid = grid_of(c, plan, sizes[1], sizes[2]);
            add_piece(plan.runs[0], source, grid, packed.data(), channels, own);
        }
    });
    for (int64_t share = 1; share < shares; ++share) {
        for (int64_t i = 0; i < floats; ++i) sums[i] += sums[share * floats + i];
    }
    for (int64_t i = 0; i < taps; ++i) {
        std::copy_n(sums.data() + i * channels, channels, into + part.taps[i].index * channels);
    }
    if (bias) std::copy_n(sums.data() + taps * channels, channels, bias);
}

}  // namespace kx
