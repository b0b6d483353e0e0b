// The product of a matrix of few rows, again and again, with one that is packed once for all of them. Weights of a
// recurrence are such: BLAS would pack them anew at each step, which costs as much as the product of 16 rows.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cpu/lanes.hpp"

namespace kx {

// A matrix of `cols` columns is packed in panels of this many; a tile of the result is this wide and up to so many rows
// high, so that it stays in registers: 12 of the 16 of AVX2.
constexpr int64_t panel_width = 2 * lanes;
constexpr int64_t tile_rows = 6;

inline int64_t panels_of(int64_t cols) { return (cols + panel_width - 1) / panel_width; }

// Elements of a packed (depth, cols) matrix.
inline int64_t packed_size(int64_t depth, int64_t cols) { return depth * panels_of(cols) * panel_width; }

// Element (k, j) of the matrix is at b[k * row + j * step]. Columns that the last panel has too many are zeros.
inline void pack_panels(const float* b, int64_t row, int64_t step, int64_t depth, int64_t cols, float* packed) {
    for (int64_t first = 0; first < cols; first += panel_width, packed += depth * panel_width) {
        const int64_t width = std::min(panel_width, cols - first);
        const float* from = b + first * step;
        if (step == 1 && width == panel_width) {
            for (int64_t k = 0; k < depth; ++k) std::memcpy(packed + k * panel_width, from + k * row, panel_width * 4);
            continue;
        }
        std::fill_n(packed, width < panel_width ? depth * panel_width : 0, 0.0f);
        for (int64_t j = 0; j < width; ++j) {
            for (int64_t k = 0; k < depth; ++k) packed[k * panel_width + j] = from[k * row + j * step];
        }
    }
}

// The columns of a (depth, cols) matrix in groups of `tile_rows`, as the left factor of a product with its transpose:
// element (k, i) of group q is at packed[(q * depth + k) * tile_rows + i]. Columns too many are zeros.
inline int64_t grouped_size(int64_t depth, int64_t cols) { return (cols + tile_rows - 1) / tile_rows * tile_rows * depth; }

// One row of the above.
KX_BODY void pack_group_row(const float* row, int64_t cols, int64_t depth, float* packed) {
    int64_t j = 0;
    for (; j + tile_rows <= cols; j += tile_rows, packed += depth * tile_rows) {
        std::memcpy(packed, row + j, tile_rows * sizeof(float));
    }
    if (j == cols) return;
    for (int64_t i = 0; i < tile_rows; ++i) packed[i] = j + i < cols ? row[j + i] : 0.0f;
}

// A matrix whose rows lie `row` elements apart; 0: all are the same. Null stands for zeros.
struct Rows {
    const float* data = nullptr;
    int64_t row = 0;
    const float* at(int64_t i, int64_t j) const { return data ? data + i * row + j : nullptr; }
};

// out = start + a @ panel for one tile. Element (i, k) of a is at a[i * row + k * step].
template <int Count>
KX_BODY void panel_tile(const float* a, int64_t row, int64_t step, const float* panel, int64_t depth, Rows start,
                        float* out, int64_t out_row) {
    Lanes<lanes> sum[Count][2] = {}, left, right;
    for (int64_t k = 0; k < depth; ++k) {
        load(left, panel + k * panel_width);
        load(right, panel + k * panel_width + lanes);
        for (int i = 0; i < Count; ++i) {
            const float v = a[i * row + k * step];
            sum[i][0] += v * left;
            sum[i][1] += v * right;
        }
    }
    for (int i = 0; i < Count; ++i) {
        for (int half = 0; half < 2; ++half) {
            if (start.data) {
                Lanes<lanes> first;
                load(first, start.at(i, half * lanes));
                sum[i][half] += first;
            }
            store(out + i * out_row + half * lanes, sum[i][half]);
        }
    }
}

// The last tile of a row of tiles, of `width` columns: through a full one beside it.
template <int Count>
KX_BODY void panel_edge(const float* a, int64_t row, int64_t step, const float* panel, int64_t depth, Rows start,
                        float* out, int64_t out_row, int64_t width) {
    float full[Count * panel_width];
    panel_tile<Count>(a, row, step, panel, depth, {}, full, panel_width);
    for (int i = 0; i < Count; ++i) {
        for (int64_t j = 0; j < width; ++j) {
            out[i * out_row + j] = full[i * panel_width + j] + (start.data ? *start.at(i, j) : 0.0f);
        }
    }
}

template <int Count>
inline void panel_rows(const float* a, int64_t row, int64_t step, const float* panel, int64_t depth, Rows start,
                       float* out, int64_t out_row, int64_t width) {
    if (width == panel_width) {
        panel_tile<Count>(a, row, step, panel, depth, start, out, out_row);
    } else {
        panel_edge<Count>(a, row, step, panel, depth, start, out, out_row, width);
    }
}

// A tile of `count` rows, 1 to 6.
inline void panel_any(int64_t count, const float* a, int64_t row, int64_t step, const float* panel, int64_t depth,
                      Rows start, float* out, int64_t out_row, int64_t width) {
    switch (count) {
        case 6: return panel_rows<6>(a, row, step, panel, depth, start, out, out_row, width);
        case 5: return panel_rows<5>(a, row, step, panel, depth, start, out, out_row, width);
        case 4: return panel_rows<4>(a, row, step, panel, depth, start, out, out_row, width);
        case 3: return panel_rows<3>(a, row, step, panel, depth, start, out, out_row, width);
        case 2: return panel_rows<2>(a, row, step, panel, depth, start, out, out_row, width);
        default: return panel_rows<1>(a, row, step, panel, depth, start, out, out_row, width);
    }
}

// out = start + a @ b, b packed by `pack_panels`; `start` may be out itself. a (rows, depth), its rows `row`
// apart. Panel by panel, so that each is read from the first cache by all rows.
inline void panel_product(const float* a, int64_t row, int64_t rows, const float* packed, int64_t depth, int64_t cols,
                          Rows start, float* out, int64_t out_row) {
    const int64_t tiles = (rows + tile_rows - 1) / tile_rows;
    for (int64_t j = 0; j < cols; j += panel_width, packed += depth * panel_width) {
        for (int64_t tile = 0, i = 0; tile < tiles; ++tile) {
            const int64_t count = (rows - i + tiles - tile - 1) / (tiles - tile);  // heights differ by 1 at most
            panel_any(count, a + i * row, row, 1, packed, depth, {start.at(i, j), start.row}, out + i * out_row + j, out_row,
                      std::min(panel_width, cols - j));
            i += count;
        }
    }
}

// out = start + a.T @ b, a packed by `pack_group_row` and b by `pack_panels`, both of `depth` rows.
inline void panel_outer_product(const float* a, int64_t rows, const float* packed, int64_t depth, int64_t cols,
                                Rows start, float* out, int64_t out_row) {
    for (int64_t j = 0; j < cols; j += panel_width, packed += depth * panel_width) {
        for (int64_t i = 0; i < rows; i += tile_rows) {
            panel_any(std::min(tile_rows, rows - i), a + i * depth, 1, tile_rows, packed, depth,
                      {start.at(i, j), start.row}, out + i * out_row + j, out_row, std::min(panel_width, cols - j));
        }
    }
}

}  // namespace kx
