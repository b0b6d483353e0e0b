// Arrays seen as (outer, channels, inner), and vectors of one number per channel beside them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "bodies/norm.hpp"
#include "cpu/arrays.hpp"
#include "cpu/parallel.hpp"
#include "cpu/sums.hpp"
#include "cpu/workspace.hpp"

namespace kx {

struct ChannelView {
    int64_t outer = 1, channels = 1, inner = 1;

    template <typename T>
    ChannelView(const ArrayView<T>& x, int axis, const char* what) {
        const int at = axis < 0 ? axis + x.ndim() : axis;
        if (at < 0 || at >= x.ndim()) throw nb::value_error((std::string(what) + ": no such axis").c_str());
        for (int i = 0; i < at; ++i) outer *= x.shape(i);
        channels = x.shape(at);
        for (int i = at + 1; i < x.ndim(); ++i) inner *= x.shape(i);
    }
    ChannelView(int64_t outer, int64_t channels, int64_t inner) : outer(outer), channels(channels), inner(inner) {}
    int64_t size() const { return outer * channels * inner; }
};

// Rows of few channels are handled several at a time, against vectors repeated as often, so that whole registers are
// filled and sums in neighbouring lanes don't wait for each other.
struct WideRows {
    int64_t channels, times;

    explicit WideRows(int64_t channels)
        : channels(channels), times(channels >= 128 ? 1 : (127 + channels) / std::max<int64_t>(1, channels)) {}
    int64_t width() const { return channels * times; }

    template <typename T>
    void repeat(const T* vector, T* wide) const {
        for (int64_t t = 0; t < times; ++t) std::copy_n(vector, channels, wide + t * channels);
    }
    // into[c] = the sum over the repetitions of channel c
    template <typename T>
    void fold(const T* wide, T* into) const {
        std::copy_n(wide, channels, into);
        for (int64_t t = 1; t < times; ++t) {
            for (int64_t c = 0; c < channels; ++c) into[c] += wide[t * channels + c];
        }
    }
    // Calls body(offset of the rows, length) for the rows [first, last) of an array, `times` of them at once.
    template <typename Body>
    void run(int64_t first, int64_t last, const Body& body) const {
        int64_t row = first;
        for (; row + times <= last; row += times) body(row * channels, width());
        if (row < last) body(row * channels, (last - row) * channels);
    }
};

// The mean of each channel over the rows [first, last) of a (rows, channels) array, and the sum of squared differences
// from it. They are summed in one pass, shifted by the mean of the first few rows, so that next to nothing cancels.
template <typename T>
void row_moments(const T* x, const WideRows& wide, int64_t first, int64_t last, T* mean, T* squares) {
    const int64_t channels = wide.channels, width = wide.width();
    const Workspace<T> room(3 * width);
    T *shift = room.data(), *sum = shift + width, *square = sum + width;
    const int64_t few = std::min<int64_t>(32, last - first);
    std::fill_n(mean, channels, T(0));
    for (const T* row = x + first * channels; row < x + (first + few) * channels; row += channels) {
        for (int64_t c = 0; c < channels; ++c) mean[c] += row[c];
    }
    for (int64_t c = 0; c < channels; ++c) mean[c] /= static_cast<T>(few);
    wide.repeat(mean, shift);
    std::fill_n(sum, 2 * width, T(0));
    wide.run(first, last, [=](int64_t at, int64_t length) {
        shifted_moments_row(x + at, shift, sum, square, length);
    });
    wide.fold(sum, mean);
    wide.fold(square, squares);
    const T count = T(last - first);
    for (int64_t c = 0; c < channels; ++c) {
        const T moved = mean[c] / count;
        squares[c] -= moved * mean[c];
        mean[c] = shift[c] + moved;
    }
}

// The same of `count` elements that lie together, in two passes.
template <typename T>
void plane_moments(const T* plane, int64_t count, T& mean, T& squares) {
    const T shift = plain_sum(plane, count) / static_cast<T>(count);
    T sum, square;
    shifted_moments(plane, count, shift, sum, square);
    const T moved = sum / static_cast<T>(count);
    mean = shift + moved;
    squares = square - moved * sum;
}

// The moments of a whole from those of its parts: `means` and `squares` (parts, channels), part p of count(p) elements.
template <typename T, typename Count>
void combine_moments(const T* means, const T* squares, int64_t parts, int64_t channels, const Count& count,
                     double* mean, double* variance) {
    std::fill_n(mean, channels, 0.0);
    std::fill_n(variance, channels, 0.0);
    double total = 0;
    for (int64_t p = 0; p < parts; ++p) {
        const double n = static_cast<double>(count(p));
        total += n;
        for (int64_t c = 0; c < channels; ++c) mean[c] += n * means[p * channels + c];
    }
    for (int64_t c = 0; c < channels; ++c) mean[c] /= total;
    for (int64_t p = 0; p < parts; ++p) {
        const double n = static_cast<double>(count(p));
        for (int64_t c = 0; c < channels; ++c) {
            const double off = means[p * channels + c] - mean[c];
            variance[c] += squares[p * channels + c] + n * off * off;
        }
    }
    for (int64_t c = 0; c < channels; ++c) variance[c] /= total;
}

// A vector of one number per channel that may be None.
template <typename T>
class OptionalVector {
   public:
    OptionalVector(nb::handle value, const char* name, int64_t size) {
        if (value.is_none()) return;
        array.emplace(value, name);
        expect_size(name, size, array->size());
    }
    const T* data() const { return array ? array->data() : nullptr; }
    T operator()(int64_t i, T otherwise) const { return array ? array->data()[i] : otherwise; }

   private:
    std::optional<Array<T>> array;
};

}  // namespace kx
