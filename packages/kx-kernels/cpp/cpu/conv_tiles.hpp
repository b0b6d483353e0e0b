// The innermost loops of convolutions: tiles of a result, summed in registers.
#pragma once

#include <cstdint>

#include "cpu/lanes.hpp"

// Put before a function whose loops need all registers: inlined into another, they would get what that one leaves.
#if defined(__GNUC__)
#define KX_APART __attribute__((noinline))
#else
#define KX_APART
#endif

namespace kx {

// Results are computed in panels of so many channels, and weights are packed accordingly.
constexpr int panel = 16;
// Rows of a tile: with the registers for a row of weights and one factor, all that the machine has.
constexpr int tile_rows = lanes == 16 ? 8 : lanes == 8 ? 6 : 3;
constexpr int tile_registers = panel / lanes;

inline int64_t panels(int64_t channels) { return (channels + panel - 1) / panel; }

// `length` floats at `offset` from where a row of a tile starts.
struct Run {
    int64_t offset, length;
};

// out[r][j] = start[j] + the sum of rows[r][i] * weights[i][j] over all i of the runs, through a relu if asked for;
// weights (total length, panel), start (panel) or null for zeros.
KX_BODY void correlate_tile(const float* const* rows, const Run* runs, int64_t run_count, const float* weights,
                           const float* start, bool relu, float* const* out) {
    Lanes<lanes> sum[tile_rows][tile_registers], factor[tile_registers];
    for (int j = 0; j < tile_registers; ++j) {
        Lanes<lanes> first{};
        if (start) load(first, start + j * lanes);
        for (int r = 0; r < tile_rows; ++r) sum[r][j] = first;
    }
    for (const Run* run = runs; run < runs + run_count; ++run) {
        const float* row[tile_rows];
        for (int r = 0; r < tile_rows; ++r) row[r] = rows[r] + run->offset;
        const int64_t length = run->length;
        for (int64_t i = 0; i < length; ++i, weights += panel) {
            for (int j = 0; j < tile_registers; ++j) load(factor[j], weights + j * lanes);
            for (int r = 0; r < tile_rows; ++r) {
                const float v = row[r][i];
                for (int j = 0; j < tile_registers; ++j) sum[r][j] += v * factor[j];
            }
        }
    }
    for (int r = 0; r < tile_rows; ++r) {
        for (int j = 0; j < tile_registers; ++j) store(out[r] + j * lanes, relu ? relu_lanes(sum[r][j]) : sum[r][j]);
    }
}

// Positions in rows and columns, and the elements from one column to the next and from one row to the next.
struct Grid {
    int64_t rows, cols, col_step, row_step;
};

// sums[r][j] += the sum of x[r][position] * g[position][j] over a grid of positions; g (rows * cols, panel), sums
// (tile_rows, panel).
inline void gradient_tile(const float* const* x, const Grid& grid, const float* g, float* sums) {
    Lanes<lanes> sum[tile_rows][tile_registers], factor[tile_registers];
    for (int r = 0; r < tile_rows; ++r) {
        for (int j = 0; j < tile_registers; ++j) load(sum[r][j], sums + r * panel + j * lanes);
    }
    for (int64_t i = 0; i < grid.rows; ++i) {
        int64_t at = i * grid.row_step;
        for (int64_t p = 0; p < grid.cols; ++p, at += grid.col_step, g += panel) {
            for (int j = 0; j < tile_registers; ++j) load(factor[j], g + j * lanes);
            for (int r = 0; r < tile_rows; ++r) {
                const float v = x[r][at];
                for (int j = 0; j < tile_registers; ++j) sum[r][j] += v * factor[j];
            }
        }
    }
    for (int r = 0; r < tile_rows; ++r) {
        for (int j = 0; j < tile_registers; ++j) store(sums + r * panel + j * lanes, sum[r][j]);
    }
}

}  // namespace kx
