// Correlations that leave out what lies beyond the source, instead of counting it as 0: the two differ where weights are
// not finite. Nobody needs these fast.
#include <cstring>

#include "bodies/activation.hpp"
#include "cpu/conv.hpp"
#include "cpu/parallel.hpp"
#include "cpu/workspace.hpp"

namespace kx {
namespace {

bool reads_outside(const Correlation& c) {
    for (const Part& part : c.parts) {
        Box span;
        for (int axis = 0; axis < 3; ++axis) span[axis] = (part.count[axis] - 1) * c.step[axis] + 1;
        for (const Tap& tap : part.taps) {
            if (!within(tap.at, span, c.source.sizes)) return true;
        }
    }
    return false;
}

bool all_finite(const float* values, int64_t count) {
    constexpr uint32_t exponent = 0x7f800000u;
    uint32_t found = 0;
    for (int64_t i = 0; i < count; ++i) {
        uint32_t bits;
        std::memcpy(&bits, values + i, sizeof bits);
        found |= (bits & exponent) == exponent;
    }
    return !found;
}

// The weights of a part, dense: (tap, group, from, to).
void pack_weights(const Correlation& c, const Part& part, float* into) {
    for (const Tap& tap : part.taps) {
        for (int64_t group = 0; group < c.groups; ++group) {
            for (int64_t k = 0; k < c.from; ++k) {
                const float* from = c.kernel.data + tap.index * c.kernel.tap + group * c.kernel.group + k * c.kernel.from;
                for (int64_t j = 0; j < c.to; ++j) *into++ = from[j * c.kernel.to];
            }
        }
    }
}

// The sums of one place over the taps that lie inside: (group, to).
void sum_place(const Correlation& c, const Part& part, int64_t image, const Box& place, const float* weights, float* row,
               float* sums) {
    for (const Tap& tap : part.taps) {
        Box at;
        for (int axis = 0; axis < 3; ++axis) at[axis] = place[axis] * c.step[axis] + tap.at[axis];
        if (!within(at, {{1, 1, 1}}, c.source.sizes)) {
            weights += c.groups * c.from * c.to;
            continue;
        }
        copy_columns(c.source, image * c.source.layout.image + c.source.layout.offset(at), 1, row);
        for (int64_t k = 0; k < c.groups * c.from; ++k, weights += c.to) {
            float* __restrict sum = sums + k / c.from * c.to;
            const float v = row[k];
            for (int64_t j = 0; j < c.to; ++j) sum[j] += v * weights[j];
        }
    }
}

}  // namespace

bool must_stay_inside(const Correlation& c, int64_t weights) {
    return reads_outside(c) && !all_finite(c.kernel.data, weights);
}

void correlate_inside(const Correlation& c) {
    const int64_t channels = c.groups * c.to, depth = c.groups * c.from * c.to;
    for (const Part& part : c.parts) {
        const Workspace<float> weights(static_cast<int64_t>(part.taps.size()) * depth);
        pack_weights(c, part, weights.data());
        const double cost = static_cast<double>(part.taps.size()) * static_cast<double>(depth);
        parallel_for(c.batch * part.count.volume(), cost, [&](int64_t index) {
            Box place;
            for (int axis = 2; axis >= 0; --axis) {
                place[axis] = index % part.count[axis];
                index /= part.count[axis];
            }
            const Workspace<float> row(c.source.channels), sums(channels);
            for (int64_t j = 0; j < channels; ++j) sums[j] = c.bias ? c.bias[j] : 0.0f;
            sum_place(c, part, index, place, weights.data(), row.data(), sums.data());
            float* out = part.result + index * c.layout.image + c.layout.offset(place);
            for (int64_t j = 0; j < channels; ++j) out[j * c.layout.channel] = c.relu ? relu(sums[j]) : sums[j];
        });
    }
}

}  // namespace kx
