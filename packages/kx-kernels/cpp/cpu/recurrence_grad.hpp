// Back-propagation through time. Chunks of rows as in the forward pass; groups of chunks add up gradients of the weights
// of their own, which are summed in order at the end.
#pragma once

#include "cpu/recurrence.hpp"

namespace kx {

constexpr int64_t block_depth = 256;  // rows that a product of weight gradients sums over at a time
constexpr int64_t most_groups = 16;

// The gradients that a group of chunks adds up.
struct WeightSums {
    float *kernel, *recurrent, *sums;
    bool fresh = true;  // nothing has been added yet, and there are no zeros either
};

// Which rows have shown an output by each step, as first steps; `steps` for none.
inline void first_active_steps(const Sequence& b, int64_t first, int64_t rows, int64_t* starts) {
    for (int64_t r = 0; r < rows; ++r) {
        starts[r] = 0;
        while (starts[r] < b.steps && !b.active(first + r, b.place(starts[r]))) ++starts[r];
    }
}

// The gradients gz (rows, steps, parts u) of a chunk, and those of its initial state; adds gz to `sums`.
template <class Cell>
void backward_steps(const BackwardPass& b, const Cell& cell, const PackedParts& recurrent, int64_t first, int64_t rows,
                    float* gz, float* sums) {
    const int64_t u = b.units, steps = b.steps, width = Cell::parts * u;
    const Workspace<float> room(2 * rows * u);
    float *gh = room.data(), *gc = gh + rows * u;
    start_state(b.g_h, first * u, rows * u, gh);
    if (Cell::has_cell) start_state(b.g_c, first * u, rows * u, gc);
    int64_t starts[chunk_rows];
    first_active_steps(b, first, rows, starts);
    for (int64_t step = steps - 1; step >= 0; --step) {
        const int64_t t = b.place(step);
        for (int64_t r = 0; r < rows; ++r) {
            const int64_t row = first + r, saved = row * steps + t;
            const bool active = b.active(row, t);
            float *h = gh + r * u, *into = gz + (r * steps + t) * width;
            if (b.g_out && (b.sequences || step == steps - 1) && (b.zero_output ? active : step >= starts[r])) {
                const float* g = b.g_out + (b.sequences ? row * steps + step : row) * u;
                for (int64_t j = 0; j < u; ++j) h[j] += g[j];
            }
            if (!active) {
                std::fill_n(into, width, 0.0f);
                continue;
            }
            cell.backward(b.gates + saved * Cell::gates * u, Cell::keeps_back ? b.backs + saved * u : nullptr,
                          b.hidden + saved * u, Cell::has_cell ? b.cells + saved * u : nullptr, h, gc + r * u, into, u);
            for (int64_t j = 0; j < width; ++j) sums[j] += into[j];
        }
        if (step > 0) {  // what the rows of the next step will read, while the products run
            const int64_t next = b.place(step - 1);
            for (int64_t row = first; row < first + rows; ++row) {
                const int64_t saved = row * steps + next;
                prefetch(b.gates + saved * Cell::gates * u, Cell::gates * u);
                if (Cell::has_cell) prefetch(b.cells + saved * u, u);
                if (Cell::keeps_back) prefetch(b.backs + saved * u, u), prefetch(b.hidden + saved * u, u);
            }
        }
        for (int gate = 0; gate < Cell::gates; ++gate) {
            const float* from = gz + t * width + Cell::back_part[gate] * u;
            Rows scale;
            if (b.back_drops) scale = {b.back_drop + ((b.back_drops > 1 ? gate : 0) * b.batch + first) * u, u};
            panel_product(from, steps * width, rows, recurrent.part(gate), u, u, {gh, u}, scale, gh, u);
        }
    }
    if (b.gfirst_h) std::copy_n(gh, rows * u, b.gfirst_h + first * u);
    if (b.gfirst_c) std::copy_n(gc, rows * u, b.gfirst_c + first * u);
}

// gx = gz @ kernel.T, times the masks.
template <class Cell>
void input_gradients(const BackwardPass& b, const PackedParts& kernel, int64_t first, int64_t rows, const float* gz) {
    const int64_t d = b.features, u = b.units, width = Cell::parts * u;
    float* gx = b.gx + first * b.steps * d;
    over_blocks(rows, b.steps, b.drops > 0, [&](int64_t i, int64_t count) {
        for (int gate = 0; gate < Cell::gates; ++gate) {
            Rows scale, start{gate ? gx + i * d : nullptr, d};
            if (b.drops) scale = {b.drop + ((b.drops > 1 ? gate : 0) * b.batch + first + i / b.steps) * d, 0};
            panel_product(gz + i * width + Cell::input_part[gate] * u, width, count, kernel.part(gate), u, d, start, scale,
                          gx + i * d, d);
        }
    });
}

// The rows [i, i + count) of (rows, steps, size) values, times the masks of a gate, packed to be summed over.
inline void pack_left(const float* values, int64_t i, int64_t count, int64_t steps, int64_t size, const float* drop,
                      float* packed) {
    const Workspace<float> masked(drop ? size : 0);
    for (int64_t k = 0; k < count; ++k) {
        const float* row = values + (i + k) * size;
        if (drop) {
            const float* scale = drop + (i + k) / steps * size;
            for (int64_t j = 0; j < size; ++j) masked[j] = row[j] * scale[j];
            row = masked.data();
        }
        pack_group_row(row, size, count, packed + k * tile_rows);
    }
}

// Adds x.T @ gz and hidden.T @ gz of a chunk to the gradients of the weights.
template <class Cell>
void weight_gradients(const BackwardPass& b, int64_t first, int64_t rows, const float* gz, WeightSums& into) {
    const int64_t d = b.features, u = b.units, width = Cell::parts * u, columns = Cell::gates * u;
    const int64_t largest = std::min(block_depth, rows * b.steps);
    const Workspace<float> left_x(grouped_size(largest, d)), left_h(grouped_size(largest, u));
    const Workspace<float> right(packed_size(largest, u));
    const float *x = b.x + first * b.steps * d, *hidden = b.hidden + first * b.steps * u;
    for (int64_t i = 0; i < rows * b.steps; i += block_depth) {
        const int64_t count = std::min(block_depth, rows * b.steps - i);
        for (int part = 0; part < Cell::parts; ++part) {
            pack_panels(gz + i * width + part * u, width, 1, count, u, right.data());
            for (int gate = 0; gate < Cell::gates; ++gate) {
                if (Cell::input_part[gate] == part) {
                    if (gate == 0 || b.drops > 1) {
                        const float* drop = b.drops ? b.drop + (gate * b.batch + first) * d : nullptr;
                        pack_left(x, i, count, b.steps, d, drop, left_x.data());
                    }
                    float* out = into.kernel + gate * u;
                    panel_outer_product(left_x.data(), d, right.data(), count, u, {into.fresh ? nullptr : out, columns},
                                        out, columns);
                }
                if (Cell::back_part[gate] == part) {
                    if (gate == 0 || b.back_drops > 1) {
                        const float* drop = b.back_drops ? b.back_drop + (gate * b.batch + first) * u : nullptr;
                        pack_left(hidden, i, count, b.steps, u, drop, left_h.data());
                    }
                    float* out = into.recurrent + gate * u;
                    panel_outer_product(left_h.data(), u, right.data(), count, u, {into.fresh ? nullptr : out, columns},
                                        out, columns);
                }
            }
        }
        into.fresh = false;
    }
}

template <class Cell>
void run_backward(const BackwardPass& b, const Cell& cell) {
    const int64_t d = b.features, u = b.units, columns = Cell::gates * u, width = Cell::parts * u;
    const PackedParts kernel(b.kernel, u, 1, columns, b.gx ? Cell::gates : 0, u, d);
    const PackedParts recurrent(b.recurrent, u, 1, columns, Cell::gates, u, u);
    const int64_t chunks = (b.batch + chunk_rows - 1) / chunk_rows;
    const int64_t groups = std::max<int64_t>(1, std::min(most_groups, chunks)), total = (d + u) * columns + width;
    const Workspace<float> sums(groups * total);
    const double cost = double(b.steps) * double(b.batch) / double(groups) * double(2 * (d + u) * columns);
    parallel_for(groups, cost, [&](int64_t group) {
        float* own = sums.data() + group * total;
        WeightSums weights{own, own + d * columns, own + (d + u) * columns};
        std::fill_n(weights.sums, width, 0.0f);
        for (int64_t chunk = group; chunk < chunks; chunk += groups) {
            const int64_t first = chunk * chunk_rows, rows = std::min(chunk_rows, b.batch - first);
            const Workspace<float> gz(rows * b.steps * width);
            backward_steps(b, cell, recurrent, first, rows, gz.data(), weights.sums);
            weight_gradients<Cell>(b, first, rows, gz.data(), weights);
            if (b.gx) input_gradients<Cell>(b, kernel, first, rows, gz.data());
        }
        if (weights.fresh) std::fill_n(own, (d + u) * columns, 0.0f);
    });
    const struct { float* out; int64_t start, count; } results[] = {
        {b.gkernel, 0, d * columns}, {b.grecurrent, d * columns, u * columns}, {b.gsums, (d + u) * columns, width}};
    for (const auto& result : results) {
        const int64_t block = 4096, blocks = (result.count + block - 1) / block;
        parallel_for(blocks, double(block * groups), [&](int64_t i) {
            const int64_t begin = i * block, end = std::min(begin + block, result.count);
            const float* own = sums.data() + result.start;
            std::copy(own + begin, own + end, result.out + begin);
            for (int64_t group = 1; group < groups; ++group) {
                for (int64_t j = begin; j < end; ++j) result.out[j] += own[group * total + j];
            }
        });
    }
}

}  // namespace kx
