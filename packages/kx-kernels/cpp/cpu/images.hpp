// Batches of images (or volumes, or sequences: up to three axes of positions), and boxes cut out of them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace kx {

// The sizes of, or a place in, the three axes (planes, rows, columns).
struct Box {
    int64_t at[3];
    int64_t operator[](int axis) const { return at[axis]; }
    int64_t& operator[](int axis) { return at[axis]; }
    int64_t volume() const { return at[0] * at[1] * at[2]; }
};

// How images lie in memory: the elements from one image, plane, row, column and channel to the next.
struct Layout {
    int64_t image;
    Box step;
    int64_t channel;

    Layout(int64_t channels, const Box& sizes, bool channels_first) {
        channel = channels_first ? sizes.volume() : 1;
        const int64_t column = channels_first ? 1 : channels;
        step = {{sizes[1] * sizes[2] * column, sizes[2] * column, column}};
        image = channels * sizes.volume();
    }
    bool operator==(const Layout& other) const {
        return image == other.image && channel == other.channel && std::equal(step.at, step.at + 3, other.step.at);
    }
    int64_t offset(const Box& place) const {
        return place[0] * step[0] + place[1] * step[1] + place[2] * step[2];
    }
};

// Images to read from. Where `gate` is given, an array of the same layout, their values count as they would after going
// back through a relu that gave `gate`: times 1 where it is positive and times 0 elsewhere.
struct Images {
    const float *data, *gate;
    int64_t channels;
    Box sizes;
    Layout layout;

    Images(const float* data, const float* gate, int64_t channels, const Box& sizes, bool channels_first)
        : data(data), gate(gate), channels(channels), sizes(sizes), layout(channels, sizes, channels_first) {}
    bool channels_last() const { return layout.channel == 1; }
};

inline float gated(float v, float gate) { return v * (gate > 0.0f ? 1.0f : 0.0f); }

// `count` columns of one row, dense by (column, channel). `from`: elements from the start of the data.
inline void copy_columns(const Images& x, int64_t from, int64_t count, float* __restrict into) {
    const float* __restrict data = x.data + from;
    const float* __restrict gate = x.gate + (x.gate ? from : 0);
    const int64_t channels = x.channels, channel = x.layout.channel;
    if (channel == 1) {
        if (!x.gate) {
            std::memcpy(into, data, count * channels * sizeof(float));
        } else {
            for (int64_t i = 0; i < count * channels; ++i) into[i] = gated(data[i], gate[i]);
        }
        return;
    }
    for (int64_t c = 0; c < channels; ++c) {
        for (int64_t i = 0; i < count; ++i) {
            const int64_t place = c * channel + i;
            into[i * channels + c] = x.gate ? gated(data[place], gate[place]) : data[place];
        }
    }
}

// Copies the box of `sizes` that starts at `low` of one image, dense by (plane, row, column, channel), with zeros where
// it reaches beyond the image.
inline void copy_box(const Images& x, int64_t image, const Box& low, const Box& sizes, float* into) {
    const int64_t channels = x.channels, row = sizes[2] * channels;
    const int64_t first = std::clamp<int64_t>(-low[2], 0, sizes[2]);
    const int64_t last = std::clamp<int64_t>(x.sizes[2] - low[2], first, sizes[2]);
    for (int64_t i = 0; i < sizes[0]; ++i) {
        for (int64_t j = 0; j < sizes[1]; ++j, into += row) {
            const Box place = {{low[0] + i, low[1] + j, low[2] + first}};
            if (place[0] < 0 || place[0] >= x.sizes[0] || place[1] < 0 || place[1] >= x.sizes[1]) {
                std::fill_n(into, row, 0.0f);
                continue;
            }
            std::fill_n(into, first * channels, 0.0f);
            copy_columns(x, image * x.layout.image + x.layout.offset(place), last - first, into + first * channels);
            std::fill_n(into + last * channels, (sizes[2] - last) * channels, 0.0f);
        }
    }
}

// Whether the box lies within the image.
inline bool within(const Box& low, const Box& sizes, const Box& image) {
    for (int axis = 0; axis < 3; ++axis) {
        if (low[axis] < 0 || low[axis] + sizes[axis] > image[axis]) return false;
    }
    return true;
}

}  // namespace kx
