// Loops on several threads. Whoever adds up over a loop does so in blocks whose size depends on the shapes only, and
// adds the blocks' sums in order: the bits of a result then don't depend on how many threads ran.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cpu/threads.hpp"

namespace kx {

// From this many scalar operations on (about 50 us on one core), a second thread pays for being woken.
constexpr double parallel_operations = double(1 << 18);

inline bool pays(int64_t count, double cost) { return count > 1 && count * cost >= parallel_operations; }

// body(i) for i in [0, count). `cost`: roughly the number of scalar operations of one. Dynamic, so that a core which
// another process keeps busy takes fewer of them instead of delaying all. Bodies must not throw or touch Python.
template <typename Body>
void parallel_for(int64_t count, double cost, const Body& body) {
    if (!pays(count, cost)) {
        for (int64_t i = 0; i < count; ++i) body(i);
        return;
    }
    run_on_threads(count, [](const void* context, int64_t i) { (*static_cast<const Body*>(context))(i); }, &body);
}

// The rows of a matrix in blocks of about 16k elements, which stay in the L2 cache of one core.
struct RowBlocks {
    int64_t rows, rows_per_block, count;
    double cost;  // operations per block

    // `operations`: roughly the number of scalar operations per element.
    RowBlocks(int64_t rows, int64_t cols, double operations = 1.0)
        : rows(rows),
          rows_per_block(std::max<int64_t>(32, 16384 / std::max<int64_t>(1, cols))),
          count((rows + rows_per_block - 1) / rows_per_block),
          cost(operations * static_cast<double>(std::min(rows_per_block, rows)) * static_cast<double>(cols)) {}

    bool large() const { return pays(count, cost); }

    // Calls body(block, first row, one past the last row) for each block.
    template <typename Body>
    void run(const Body& body) const {
        parallel_for(count, cost, [&](int64_t block) {
            const int64_t first = block * rows_per_block;
            body(block, first, std::min(first + rows_per_block, rows));
        });
    }
};

}  // namespace kx
