// The loop over the rows of a matrix: in blocks, on one thread or several.
#pragma once

#include <algorithm>
#include <cstdint>

namespace kx {

// Below this many elements one thread does it all: rows like these are bound by memory, so a second core saves a fraction
// of a millisecond at best, and waiting for one that another process keeps busy costs several.
constexpr int64_t parallel_elements = int64_t(1) << 21;

// Blocks depend on the shape only, never on the number of threads: sums taken per block and then added in order are
// the same bits however many threads ran. A block of 16k floats stays in the L2 cache of one core.
struct RowBlocks {
    int64_t rows, rows_per_block, count;
    bool parallel;

    RowBlocks(int64_t rows, int64_t cols)
        : rows(rows),
          rows_per_block(std::max<int64_t>(32, 16384 / std::max<int64_t>(1, cols))),
          count((rows + rows_per_block - 1) / rows_per_block),
          parallel(count > 1 && rows * cols >= parallel_elements) {}

    // Calls body(block, first row, one past the last row) for each block.
    template <typename Body>
    void run(const Body& body) const {
        const auto one = [&](int64_t block) {
            const int64_t first = block * rows_per_block;
            body(block, first, std::min(first + rows_per_block, rows));
        };
        if (!parallel) {
            for (int64_t block = 0; block < count; ++block) one(block);
            return;
        }
// Dynamic: a core that another process keeps busy then takes fewer blocks instead of delaying all.
#pragma omp parallel for schedule(dynamic)
        for (int64_t block = 0; block < count; ++block) one(block);
    }
};

}  // namespace kx
