// The matrix product of arrays that fit the cache: tiles of the result are summed in registers, nothing is packed.
#pragma once

#include <cstdint>

#include "cpu/lanes.hpp"

namespace kx {

// A matrix of which element (i, p) is at data[i * row + p * step].
struct Strided {
    const float* data;
    int64_t row, step;
};

// One tile of `multiply`: Rows x (Vectors * N) elements from `out` on. `b` and `start` are at the tile's first column.
template <int Rows, int Vectors, int N>
KX_BODY void product_tile(Strided a, const float* b, const float* start, float* out, int64_t depth, int64_t cols) {
    Lanes<N> sum[Rows][Vectors], factor[Vectors];
    for (int j = 0; j < Vectors; ++j) {
        Lanes<N> first{};
        if (start) load(first, start + j * N);
        for (int r = 0; r < Rows; ++r) sum[r][j] = first;
    }
    for (int64_t p = 0; p < depth; ++p) {
        for (int j = 0; j < Vectors; ++j) load(factor[j], b + p * cols + j * N);
        for (int r = 0; r < Rows; ++r) {
            const float v = a.data[r * a.row + p * a.step];
            for (int j = 0; j < Vectors; ++j) sum[r][j] += v * factor[j];
        }
    }
    for (int r = 0; r < Rows; ++r) {
        for (int j = 0; j < Vectors; ++j) store(out + r * cols + j * N, sum[r][j]);
    }
}

constexpr int64_t tall = 4;  // rows of a tile

// The columns of one tile, over all rows, at least `tall`. The last tile starts where it fits and may write some rows
// again.
template <int Vectors, int N>
KX_BODY void product_columns(Strided a, const float* b, const float* start, float* out, int64_t rows, int64_t depth,
                             int64_t cols) {
    for (int64_t next = 0; next < rows; next += tall) {
        const int64_t i = next + tall <= rows ? next : rows - tall;
        product_tile<tall, Vectors, N>({a.data + i * a.row, a.row, a.step}, b, start, out + i * cols, depth, cols);
    }
}

// out = start + v @ b for one row v, of which element p is at v[p * step]: reads b once and in order.
KX_BODY void product_row(const float* v, int64_t step, const float* __restrict b, const float* __restrict start,
                         float* __restrict out, int64_t depth, int64_t cols) {
    for (int64_t j = 0; j < cols; ++j) out[j] = start ? start[j] : 0.0f;
    int64_t p = 0;
    for (; p + 4 <= depth; p += 4, b += 4 * cols) {
        const float v0 = v[p * step], v1 = v[(p + 1) * step], v2 = v[(p + 2) * step], v3 = v[(p + 3) * step];
        for (int64_t j = 0; j < cols; ++j) {
            out[j] += (v0 * b[j] + v1 * b[cols + j]) + (v2 * b[2 * cols + j] + v3 * b[3 * cols + j]);
        }
    }
    for (; p < depth; ++p, b += cols) {
        for (int64_t j = 0; j < cols; ++j) out[j] += v[p * step] * b[j];
    }
}

template <int N>
KX_BODY float dot(const float* x, const float* y, int64_t count) {
    Lanes<N> sums{}, xs, ys;
    int64_t i = 0;
    for (; i + N <= count; i += N) {
        load(xs, x + i);
        load(ys, y + i);
        sums += xs * ys;
    }
    float sum = 0;
    for (; i < count; ++i) sum += x[i] * y[i];
    for (int lane = 0; lane < N; ++lane) sum += sums[lane];
    return sum;
}

// out = start + a @ b. a (rows, depth); b (depth, cols) and out (rows, cols) dense by rows; start (cols), or null for
// zeros. N is the number of floats in a register of the machine.
template <int N>
KX_BODY void multiply(Strided a, const float* b, const float* start, float* out, int64_t rows, int64_t depth,
                      int64_t cols) {
    if (cols == 1 && a.step == 1) {
        for (int64_t i = 0; i < rows; ++i) out[i] = (start ? *start : 0.0f) + dot<N>(a.data + i * a.row, b, depth);
        return;
    }
    if (rows < tall) {
        for (int64_t i = 0; i < rows; ++i) {
            product_row(a.data + i * a.row, a.step, b, start, out + i * cols, depth, cols);
        }
        return;
    }
    for (int64_t next = 0; next < cols;) {
        const int64_t left = cols - next;
        int64_t width = 1;  // of the tile; one wider than what is left starts earlier
        if (cols >= 2 * N && left > N) {
            width = 2 * N;
        } else if (cols >= N && left > N / 2) {
            width = N;
        } else if (cols >= 4 && left > 1) {
            width = 4;
        }
        const int64_t j = left < width ? cols - width : next;
        const float* first = start ? start + j : nullptr;
        if (width == 2 * N) {
            product_columns<2, N>(a, b + j, first, out + j, rows, depth, cols);
        } else if (width == N) {
            product_columns<1, N>(a, b + j, first, out + j, rows, depth, cols);
        } else if (width == 4) {
            product_columns<1, 4>(a, b + j, first, out + j, rows, depth, cols);
        } else {
            product_columns<1, 1>(a, b + j, first, out + j, rows, depth, cols);
        }
        next = j + width;
    }
}

// out (cols, rows) = the transpose of a (rows, cols). Four rows at a time, as loads cost less than stores.
KX_BODY void transpose(const float* a, float* out, int64_t rows, int64_t cols) {
    int64_t i = 0;
    for (; i + 4 <= rows; i += 4) {
        const float* row = a + i * cols;
        for (int64_t j = 0; j < cols; ++j) {
            const float four[4] = {row[j], row[cols + j], row[2 * cols + j], row[3 * cols + j]};
            std::memcpy(out + j * rows + i, four, sizeof four);
        }
    }
    for (; i < rows; ++i) {
        for (int64_t j = 0; j < cols; ++j) out[j * rows + i] = a[i * cols + j];
    }
}

}  // namespace kx
