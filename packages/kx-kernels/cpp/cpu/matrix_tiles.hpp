// Products of large matrices: the result in tiles, each one call of OpenBLAS on the thread that takes it.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cpu/blas.hpp"
#include "cpu/parallel.hpp"
#include "cpu/workspace.hpp"

namespace kx {

// A matrix stored dense by rows, `stride` elements from one stored row to the next; read as its transpose on request.
template <typename T>
struct Matrix {
    const T* data;
    int64_t stride;
    bool transposed;

    // From row `i` and column `j` of the matrix as it is read.
    const T* at(int64_t i, int64_t j) const { return data + (transposed ? j * stride + i : i * stride + j); }
};

// c (m, n) = a (m, k) b (k, n), in tiles that depend on the sizes only. Each operand is packed again for each tile that it
// is in, so tiles are large; four or more let a core that has other work do less. Where k is the longest by far, it is k
// that is cut, with `cut_depth`: no operand is then packed twice, and the parts are added up after.
template <typename T>
struct Product {
    Matrix<T> a, b;
    T* c;
    int64_t m, n, k;
    int64_t rows, cols, depth;  // of a tile
    T* parts = nullptr;         // where the second to the last part go

    Product(Matrix<T> a, Matrix<T> b, T* c, int64_t m, int64_t n, int64_t k, bool cut_depth = false)
        : a(a), b(b), c(c), m(m), n(n), k(k), rows(m), cols(n), depth(k) {
        constexpr double most = 1e8, least = 4.5e6;  // operations of a tile: about 1 ms, and 50 us
        if (cut_depth && k >= 2 * std::max(m, n) && operations() >= 4 * least) {
            depth = (k / 4 + 15) / 16 * 16;
            return;
        }
        const double wanted = std::min(most, std::max(least, operations() / 4));
        while (2.0 * rows * cols * k > wanted) {
            int64_t& longer = cols >= rows ? cols : rows;
            const int64_t half = (longer / 2 + 15) / 16 * 16;
            if (half < 32 || half >= longer) break;
            longer = half;
        }
    }
    double operations() const { return 2.0 * m * n * k; }
    int64_t tiles_across() const { return cols ? (n + cols - 1) / cols : 0; }
    int64_t tiles_deep() const { return depth ? (k + depth - 1) / depth : 1; }
    int64_t count() const { return rows ? (m + rows - 1) / rows * tiles_across() * tiles_deep() : 0; }
    int64_t room() const { return count() ? (tiles_deep() - 1) * m * n : 0; }  // elements of `parts`

    // Computes tile number t and calls after(first row, rows, first column, columns).
    template <typename After>
    void run(int64_t t, const After& after) const {
        if (tiles_deep() > 1) {
            const int64_t p = t * depth;
            gemm(a.transposed, b.transposed, m, n, std::min(depth, k - p), T(1), a.at(0, p), a.stride, b.at(p, 0),
                 b.stride, T(0), t ? parts + (t - 1) * m * n : c, n);
            return;
        }
        const int64_t i = t / tiles_across() * rows, j = t % tiles_across() * cols;
        const int64_t height = std::min(rows, m - i), width = std::min(cols, n - j);
        gemm(a.transposed, b.transposed, height, width, k, T(1), a.at(i, 0), a.stride, b.at(0, j), b.stride, T(0),
             c + i * n + j, n);
        after(i, height, j, width);
    }

    // Adds up the parts.
    void finish() const {
        if (!room()) return;
        RowBlocks(m, n, static_cast<double>(tiles_deep())).run([&](int64_t, int64_t first, int64_t last) {
            for (const T* part = parts; part < parts + room(); part += m * n) {
                for (int64_t i = first * n; i < last * n; ++i) c[i] += part[i];
            }
        });
    }
};

// How the operations of products count for `parallel_for`: registers of them run at once.
template <typename T>
double product_cost(const Product<T>& p) {
    return p.count() ? p.operations() / 16 / static_cast<double>(p.count()) : 0;
}

// A product with something done to each tile while it is in the cache.
template <typename T, typename After>
void run_product(const Product<T>& p, const After& after) {
    parallel_for(p.count(), product_cost(p), [&](int64_t t) { p.run(t, after); });
}

// Two products side by side.
template <typename T>
void run_products(Product<T> p, Product<T> q) {
    const Workspace<T> room(p.room() + q.room());
    p.parts = room.data();
    q.parts = room.data() + p.room();
    const auto nothing = [](int64_t, int64_t, int64_t, int64_t) {};
    const int64_t first = p.count(), count = first + q.count();
    const double cost = count ? (p.operations() + q.operations()) / 16 / static_cast<double>(count) : 0;
    parallel_for(count, cost, [&](int64_t t) { t < first ? p.run(t, nothing) : q.run(t - first, nothing); });
    p.finish();
    q.finish();
}

}  // namespace kx
