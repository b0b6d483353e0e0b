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
    const Part& part = c.parts[0];
    if (c.parts.size() != 1 || part.taps.size() != 1 || !c.source.channels_last()) return false;
    for (int axis = 0; axis < 3; ++axis) {
        if (c.step[axis] != 1 || part.taps[0].at[axis] != 0 || part.count[axis] != c.source.sizes[axis]) return false;
    }
    return true;
}

// Takes them as one image with one row.
inline void make_one_row(Correlation& c) {
    const Box row = {{1, 1, c.batch * c.source.sizes.volume()}};
    c.source = Images(c.source.data, c.source.gate, c.source.channels, row, false);
    c.parts[0].count = row;
    c.batch = 1;
}

// The work cut into blocks of places, the same for all parts, and what a block needs to know.
struct Plan {
    Box count;          // of the places, the most that a part has
    Box low, span;      // the lowest tap, and from there to beyond the highest
    Box block, blocks;  // places of a block, and blocks per image
    Box window;         // what a block reads
    bool copied;        // whether it reads from a copy of its window
    Box pitch;          // the elements of the memory it reads from one place of the source to the next
    std::vector<std::vector<Run>> runs;  // per part

    // `floats`: about how many of the source a block may read.
    Plan(const Correlation& c, int64_t floats) {
        measure_taps(c);
        cut_blocks(c, floats);
        pitch = copied ? Layout(c.source.channels, window, false).step : c.source.layout.step;
        for (const Part& part : c.parts) runs.push_back(place_taps(c, part));
    }

    // Block number `index` of all images.
    struct Piece {
        int64_t image;
        Box at, low;  // its first place, and where its window starts
    };
    Piece piece(const Correlation& c, int64_t index) const {
        Piece found;
        for (int axis = 2; axis >= 0; --axis) {
            found.at[axis] = index % blocks[axis] * block[axis];
            found.low[axis] = found.at[axis] * c.step[axis] + low[axis];
            index /= blocks[axis];
        }
        found.image = index;
        return found;
    }
    // How many places of a part lie in a piece, along an axis.
    int64_t places(const Part& part, const Piece& piece, int axis) const {
        return std::clamp<int64_t>(part.count[axis] - piece.at[axis], 0, block[axis]);
    }

    // The room that a window takes, and where a piece's lies: in that room, or in the source.
    int64_t room(const Correlation& c) const { return copied ? window.volume() * c.source.channels : 0; }
    const float* read(const Correlation& c, const Piece& piece, float* into) const {
        if (!copied) return c.source.data + piece.image * c.source.layout.image + c.source.layout.offset(piece.low);
        copy_box(c.source, piece.image, piece.low, window, into);
        return into;
    }

   private:
    void measure_taps(const Correlation& c) {
        Box high;
        bool first = true;
        count = low = high = {{0, 0, 0}};
        for (const Part& part : c.parts) {
            for (int axis = 0; axis < 3; ++axis) count[axis] = std::max(count[axis], part.count[axis]);
            for (const Tap& tap : part.taps) {
                for (int axis = 0; axis < 3; ++axis) {
                    low[axis] = first ? tap.at[axis] : std::min(low[axis], tap.at[axis]);
                    high[axis] = first ? tap.at[axis] : std::max(high[axis], tap.at[axis]);
                }
                first = false;
            }
        }
        for (int axis = 0; axis < 3; ++axis) span[axis] = high[axis] - low[axis] + 1;
    }

    // Whole rows of places if they fit, of one plane, so that a block is a rectangle.
    void cut_blocks(const Correlation& c, int64_t floats) {
        const int64_t deep = span[0] * c.source.channels;
        block = {{1, 1, 1}};
        block[2] = std::min(count[2], std::max<int64_t>(16, floats / (deep * span[1] * c.step[2])));
        const int64_t row = deep * ((block[2] - 1) * c.step[2] + span[2]);
        block[1] = std::min(count[1], std::max<int64_t>(1, (floats / row - span[1]) / c.step[1] + 1));
        Box all;
        for (int axis = 0; axis < 3; ++axis) {
            blocks[axis] = (count[axis] + block[axis] - 1) / block[axis];
            window[axis] = (block[axis] - 1) * c.step[axis] + span[axis];
            all[axis] = (count[axis] - 1) * c.step[axis] + span[axis];
        }
        copied = c.source.gate || !c.source.channels_last() || !within(low, all, c.source.sizes);
    }

    // What a place reads, with taps that lie side by side as one run.
    std::vector<Run> place_taps(const Correlation& c, const Part& part) const {
        std::vector<Run> found;
        for (const Tap& tap : part.taps) {
            int64_t offset = 0;
            for (int axis = 0; axis < 3; ++axis) offset += (tap.at[axis] - low[axis]) * pitch[axis];
            if (!found.empty() && found.back().offset + found.back().length == offset) {
                found.back().length += c.from;
            } else {
                found.push_back({offset, c.from});
            }
        }
        return found;
    }
};

// The places of one part in a piece, up to a whole number of tiles, and how far from the first of them they read and
// write. A place beyond the last is the last once more.
struct Places {
    const float* source;
    float* result;
    int64_t count;
    int64_t *read, *write;

    // `listed`: room for 2 * (places of a block + tile).
    Places(const Correlation& c, const Plan& plan, const Part& part, const Plan::Piece& piece, const float* source,
           int64_t tile, int64_t* listed)
        : source(source),
          result(part.result + piece.image * c.layout.image + c.layout.offset(piece.at)),
          count(plan.places(part, piece, 0) * plan.places(part, piece, 1) * plan.places(part, piece, 2)),
          read(listed),
          write(listed + plan.block.volume() + tile) {
        const int64_t cols = plan.places(part, piece, 2);
        for (int64_t place = 0, row = 0, col = 0; place < count; ++place) {
            read[place] = row * c.step[1] * plan.pitch[1] + col * c.step[2] * plan.pitch[2];
            write[place] = row * c.layout.step[1] + col * c.layout.step[2];
            if (++col == cols) {
                col = 0;
                ++row;
            }
        }
        for (int64_t place = count; place % tile; ++place) {
            read[place] = read[count - 1];
            write[place] = write[count - 1];
        }
    }
};

// What a piece of the source is like to a gradient, place by place.
inline Grid grid_of(const Correlation& c, const Plan& plan, int64_t rows, int64_t cols) {
    const int64_t row_step = c.step[1] * plan.pitch[1], col_step = c.step[2] * plan.pitch[2];
    return cols == 1 ? Grid{1, rows, row_step, 0} : Grid{rows, cols, col_step, row_step};
}

}  // namespace kx
