// How the work of a correlation is cut into blocks that fit a cache.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "cpu/conv.hpp"
#include "cpu/conv_tiles.hpp"

namespace kx {

// Whether each place reads just itself, so that all places of all images are the rows of one matrix.
inline bool reads_rows(const Correlation& c) {
    if (c.taps.size() != 1 || !c.source.channels_last()) return false;
    for (int axis = 0; axis < 3; ++axis) {
        if (c.step[axis] != 1 || c.taps[0].at[axis] != 0 || c.count[axis] != c.source.sizes[axis]) return false;
    }
    return true;
}

// Takes them as one image with one row.
inline void make_one_row(Correlation& c) {
    c.count = {{1, 1, c.batch * c.count.volume()}};
    c.source = Images(c.source.data, c.source.gate, c.source.channels, c.count, false);
    c.batch = 1;
}

// The work cut into blocks of places, and what a block needs to know.
struct Plan {
    Box low, span;     // the lowest tap, and from there to beyond the highest
    Box block, blocks; // places of a block, and blocks per image
    Box window;        // what a block reads
    bool copied;       // whether it reads from a copy of its window
    Box pitch;         // the elements of the memory it reads from one place of the source to the next
    std::vector<Run> runs;
    int64_t depth;     // floats of a row of a tile

    // `floats`: about how many of the source a block may read.
    Plan(const Correlation& c, int64_t floats) {
        measure_taps(c);
        cut_blocks(c, floats);
        place_taps(c);
    }

    // Block number `index` of all images.
    struct Piece {
        int64_t image;
        Box at, low;         // its first place, and where its window starts
        int64_t rows, cols;  // of places
    };
    Piece piece(const Correlation& c, int64_t index) const {
        Piece found;
        for (int axis = 2; axis >= 0; --axis) {
            found.at[axis] = index % blocks[axis] * block[axis];
            found.low[axis] = found.at[axis] * c.step[axis] + low[axis];
            index /= blocks[axis];
        }
        found.image = index;
        found.rows = std::min(block[1], c.count[1] - found.at[1]);
        found.cols = std::min(block[2], c.count[2] - found.at[2]);
        return found;
    }

    // What the blocks of all images need room for, and where a piece's window lies: in that room, or in the source.
    int64_t room(const Correlation& c) const { return copied ? window.volume() * c.source.channels : 0; }
    const float* read(const Correlation& c, const Piece& piece, float* into) const {
        if (!copied) return c.source.data + piece.image * c.source.layout.image + c.source.layout.offset(piece.low);
        copy_box(c.source, piece.image, piece.low, window, into);
        return into;
    }

   private:
    void measure_taps(const Correlation& c) {
        low = c.taps.empty() ? Box{{0, 0, 0}} : c.taps[0].at;
        Box high = low;
        for (const Tap& tap : c.taps) {
            for (int axis = 0; axis < 3; ++axis) {
                low[axis] = std::min(low[axis], tap.at[axis]);
                high[axis] = std::max(high[axis], tap.at[axis]);
            }
        }
        for (int axis = 0; axis < 3; ++axis) span[axis] = high[axis] - low[axis] + 1;
    }

    // Whole rows of places if they fit, of one plane, so that a block is a rectangle.
    void cut_blocks(const Correlation& c, int64_t floats) {
        const int64_t deep = span[0] * c.source.channels;
        block = {{1, 1, 1}};
        block[2] = std::min(c.count[2], std::max<int64_t>(16, floats / (deep * span[1] * c.step[2])));
        const int64_t row = deep * ((block[2] - 1) * c.step[2] + span[2]);
        block[1] = std::min(c.count[1], std::max<int64_t>(1, (floats / row - span[1]) / c.step[1] + 1));
        Box all;
        for (int axis = 0; axis < 3; ++axis) {
            blocks[axis] = (c.count[axis] + block[axis] - 1) / block[axis];
            window[axis] = (block[axis] - 1) * c.step[axis] + span[axis];
            all[axis] = (c.count[axis] - 1) * c.step[axis] + span[axis];
        }
        copied = c.source.gate || !c.source.channels_last() || !within(low, all, c.source.sizes);
    }

    void place_taps(const Correlation& c) {
        pitch = copied ? Layout(c.source.channels, window, false).step : c.source.layout.step;
        depth = c.from * static_cast<int64_t>(c.taps.size());
        for (const Tap& tap : c.taps) {
            const int64_t offset = (tap.at[0] - low[0]) * pitch[0] + (tap.at[1] - low[1]) * pitch[1] +
                                   (tap.at[2] - low[2]) * pitch[2];
            if (!runs.empty() && runs.back().offset + runs.back().length == offset) {
                runs.back().length += c.from;
            } else {
                runs.push_back({offset, c.from});
            }
        }
    }
};

}  // namespace kx
