// Convolutions in terms of correlations: every result is a sum over taps, each a place relative to that of the result.
#pragma once

#include <cstdint>
#include <vector>

#include "cpu/images.hpp"

namespace kx {

// One element of a kernel's window: where it reads, relative to `place * step`, and its number in the kernel.
struct Tap {
    Box at;
    int64_t index;
};

// A kernel array of which the weight (tap, group, from channel, to channel) is at the sum of these steps times those.
struct Kernel {
    const float* data;
    int64_t tap, group, from, to;
};

// A grid of results and what they read: taps in the order of what they read.
struct Part {
    Box count;
    std::vector<Tap> taps;
    float* result;
};

// result[place][to] = bias[to] + the sum over taps and from of source[place * step + tap][from] * kernel[tap][from][to],
// in each of the groups of channels, through a relu if asked for. The source counts as 0 beyond its sizes.
struct Correlation {
    Images source;
    Kernel kernel;
    int64_t batch, groups, from, to;  // channels per group that are read and written
    Box step;                         // how far the source moves from one place to the next
    std::vector<Part> parts;          // one, or one per phase of the strides that a gradient goes back through
    Layout layout;                    // of the results
    const float* bias;                // or null
    bool relu;
};

void correlate(Correlation c);

// The same, but what lies beyond the source is left out, and whether that makes a difference: it does where a weight, of
// so many that the kernel has, is not finite.
bool must_stay_inside(const Correlation& c, int64_t weights);
void correlate_inside(const Correlation& c);

// The gradient of the kernel of `c`, which has one part (its result and bias are not used), from `g`, that of the result:
// into[(tap * c.from + from) * g.channels + group * c.to + to], and the sums of g over all places into `bias` unless null.
void correlate_kernel_gradient(Correlation c, Images g, float* into, float* bias);

// The same where each channel is a group of its own.
bool is_depthwise(const Correlation& c);
void correlate_depthwise(const Correlation& c);
void depthwise_kernel_gradient(const Correlation& c, const Images& g, float* into, float* bias);

// The same by Winograd's F(4x4, 3x3), and whether that can be done and pays. Results that are huge or not finite may be
// wrong: the gradient says false then.
bool winograd_fits(const Correlation& c);
void correlate_winograd(const Correlation& c);
bool winograd_kernel_gradient(const Correlation& c, const Images& g, float* into, float* bias);

}  // namespace kx
