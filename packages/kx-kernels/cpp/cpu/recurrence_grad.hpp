// Back-propagation through time. Chunks of rows as in the forward pass; each group of chunks adds up gradients of the
// weights of its own, and these are summed in order at the end.
#pragma once

#include "cpu/recurrence.hpp"

namespace kx {

// These depend on the shapes only, and so do the bits of the sums over chunks.
constexpr int64_t grad_rows = 8;  // of a chunk
constexpr int64_t most_groups = 16;
constexpr int64_t block_depth = 256;  // rows that a product of weight gradients sums over at a time

// The gradients that a group of chunks adds up.
struct WeightSums {
    float *kernel, *recurrent, *sums;
    bool fresh = true;  // nothing has been added yet, and there are no zeros either
};

// A chunk of rows and the gradients gz (steps, rows, parts u) of what its gates were computed from.
struct ChunkGradients {
    int64_t first, rows;
    float* gz;
};

// The way back through the product with a state that was reset: completes gz, and adds to gh.
template <class Cell>
void backward_reset(const BackwardPass& b, const Cell& cell, const PackedParts& recurrent, const ChunkGradients& chunk,
                    int64_t step, float* gz, float* through, float* gh) {
    const int64_t u = b.units, width = Cell::parts * u, gate = Cell::state_gates;
    panel_product(gz + Cell::back_part[gate] * u, width, chunk.rows, recurrent.part(gate), u, u, {nullptr, 0}, through, u);
    for (int64_t r = 0; r < chunk.rows; ++r) {
        const int64_t row = chunk.first + r, saved = step * b.batch + row;
        if (!b.active(row, step)) continue;
        float* into = through + r * u;
        const float* drop = b.back_drops ? b.back_drop + ((b.back_drops > 1 ? gate : 0) * b.batch + row) * u : nullptr;
        for (int64_t j = 0; drop && j < u; ++j) into[j] *= drop[j];
        cell.reset_backward(b.gates + saved * Cell::gates * u, b.hidden + saved * u, into, gh + r * u, gz + r * width, u);
    }
}

// Computes gz and the gradients of the initial state, and adds gz to `sums`.
template <class Cell>
void backward_steps(const BackwardPass& b, const Cell& cell, const PackedParts& recurrent, const ChunkGradients& chunk,
                    float* sums) {
    const int64_t u = b.units, rows = chunk.rows, first = chunk.first, width = Cell::parts * u;
    const Workspace<float> room(3 * rows * u);
    float *gh = room.data(), *gc = gh + rows * u, *through = gc + rows * u;
    start_state(b.g_h, first * u, rows * u, gh);
    if (Cell::has_cell) start_state(b.g_c, first * u, rows * u, gc);
    int64_t starts[grad_rows] = {};  // the first active step of each row, from which on it shows an output
    for (int64_t r = 0; r < rows; ++r) {
        while (starts[r] < b.steps && !b.active(first + r, starts[r])) ++starts[r];
    }
    for (int64_t step = b.steps - 1; step >= 0; --step) {
        float* gz = chunk.gz + step * rows * width;
        for (int64_t r = 0; r < rows; ++r) {
            const int64_t row = first + r, saved = step * b.batch + row;
            const bool active = b.active(row, step);
            float *h = gh + r * u, *into = gz + r * width;
            if (b.g_out && (b.sequences || step == b.steps - 1) && (b.zero_output ? active : step >= starts[r])) {
                const float* g = b.g_out + (b.sequences ? row * b.steps + step : row) * u;
                for (int64_t j = 0; j < u; ++j) h[j] += g[j];
            }
            if (!active) {
                std::fill_n(into, width, 0.0f);
                continue;
            }
            cell.backward(b.gates + saved * Cell::gates * u, Cell::keeps_back ? b.backs + saved * u : nullptr,
                          b.hidden + saved * u, Cell::has_cell ? b.cells + saved * u : nullptr, h, gc + r * u, into, u);
        }
        if constexpr (Cell::state_gates < Cell::gates) backward_reset(b, cell, recurrent, chunk, step, gz, through, gh);
        for (int64_t r = 0; r < rows; ++r) {
            for (int64_t j = 0; j < width; ++j) sums[j] += gz[r * width + j];
        }
        for (int gate = 0; gate < Cell::state_gates; ++gate) {
            const bool alone = b.back_drops > 1;  // with a mask of its own
            panel_product(gz + Cell::back_part[gate] * u, width, rows, recurrent.part(gate), u, u,
                          {alone || gate == 0 ? nullptr : through, u}, through, u);
            if (!alone && gate + 1 < Cell::state_gates) continue;
            if (b.back_drops) {
                const float* drop = b.back_drop + ((alone ? gate : 0) * b.batch + first) * u;
                for (int64_t j = 0; j < rows * u; ++j) gh[j] += through[j] * drop[j];
            } else {
                for (int64_t j = 0; j < rows * u; ++j) gh[j] += through[j];
            }
        }
    }
    if (b.gfirst_h) std::copy_n(gh, rows * u, b.gfirst_h + first * u);
    if (b.gfirst_c) std::copy_n(gc, rows * u, b.gfirst_c + first * u);
}

// gx = gz @ kernel.T, times the masks.
template <class Cell>
void input_gradients(const BackwardPass& b, const PackedParts& kernel, const ChunkGradients& chunk) {
    const int64_t d = b.features, u = b.units, width = Cell::parts * u, total = b.steps * chunk.rows;
    const Workspace<float> through(std::min(block_rows, total) * d);
    for (int64_t start = 0; start < total; start += block_rows) {
        const int64_t count = std::min(block_rows, total - start);
        for (int gate = 0; gate < Cell::gates; ++gate) {
            const bool alone = b.drops > 1;  // with a mask of its own
            panel_product(chunk.gz + start * width + Cell::input_part[gate] * u, width, count, kernel.part(gate), u, d,
                          {alone || gate == 0 ? nullptr : through.data(), d}, through.data(), d);
            if (!alone && gate + 1 < Cell::gates) continue;
            for (int64_t i = 0; i < count; ++i) {
                const int64_t row = chunk.first + (start + i) % chunk.rows, step = (start + i) / chunk.rows;
                const float* drop = b.drops ? b.drop + ((alone ? gate : 0) * b.batch + row) * d : nullptr;
                const float* g = through.data() + i * d;
                float* gx = b.gx + b.input(row, step) * d;
                if (alone && gate > 0) {
                    for (int64_t j = 0; j < d; ++j) gx[j] += g[j] * drop[j];
                } else {
                    masked_row(g, drop, gx, d);
                }
            }
        }
    }
}

// Adds x.T @ gz and hidden.T @ gz of a chunk to the gradients of the weights.
template <class Cell>
class WeightGradients {
   public:
    WeightGradients(const BackwardPass& b, const ChunkGradients& chunk)
        : b(b), chunk(chunk), largest(std::min(block_depth, b.steps * chunk.rows)),
          left_x(grouped_size(largest, b.features)), left_h(grouped_size(largest, b.units)),
          right(packed_size(largest, b.units)), masked(std::max(b.features, b.units)) {}

    void add_to(WeightSums& into) const {
        const int64_t u = b.units, width = Cell::parts * u, total = b.steps * chunk.rows;
        for (int64_t start = 0; start < total; start += block_depth) {
            const int64_t count = std::min(block_depth, total - start);
            for (int part = 0; part < Cell::parts; ++part) {
                pack_panels(chunk.gz + start * width + part * u, width, 1, count, u, right.data());
                for (int gate = 0; gate < Cell::gates; ++gate) {
                    if (Cell::input_part[gate] == part) add_input(gate, start, count, into);
                    if (Cell::back_part[gate] == part) add_state(gate, start, count, into);
                }
            }
            into.fresh = false;
        }
    }

   private:
    void add_input(int gate, int64_t start, int64_t count, const WeightSums& into) const {
        const int64_t d = b.features;
        if (gate == 0 || b.drops > 1) {
            for (int64_t i = 0; i < count; ++i) {
                const int64_t row = chunk.first + (start + i) % chunk.rows, step = (start + i) / chunk.rows;
                const float* drop = b.drops ? b.drop + (gate * b.batch + row) * d : nullptr;
                pack(b.x + b.input(row, step) * d, drop, d, count, left_x.data() + i * tile_rows);
            }
        }
        add(left_x.data(), d, count, into.kernel + gate * b.units, into.fresh);
    }

    void add_state(int gate, int64_t start, int64_t count, const WeightSums& into) const {
        const int64_t u = b.units;
        const bool reset = gate >= Cell::state_gates;  // of a state that was reset
        if (gate == 0 || b.back_drops > 1 || reset) {
            const float* states = reset ? b.backs : b.hidden;
            for (int64_t i = 0; i < count; ++i) {
                const int64_t row = chunk.first + (start + i) % chunk.rows, step = (start + i) / chunk.rows;
                const int64_t mask = b.back_drops > 1 ? gate : 0;
                const float* drop = b.back_drops ? b.back_drop + (mask * b.batch + row) * u : nullptr;
                pack(states + (step * b.batch + row) * u, drop, u, count, left_h.data() + i * tile_rows);
            }
        }
        add(left_h.data(), u, count, into.recurrent + gate * u, into.fresh);
    }

    void pack(const float* values, const float* drop, int64_t size, int64_t count, float* packed) const {
        if (drop) masked_row(values, drop, masked.data(), size);
        pack_group_row(drop ? masked.data() : values, size, count, packed);
    }

    void add(const float* left, int64_t rows, int64_t count, float* out, bool fresh) const {
        const int64_t columns = Cell::gates * b.units;
        panel_outer_product(left, rows, right.data(), count, b.units, {fresh ? nullptr : out, columns}, out, columns);
    }

    const BackwardPass& b;
    const ChunkGradients& chunk;
    const int64_t largest;
    const Workspace<float> left_x, left_h, right, masked;
};

template <class Cell>
void run_backward(const BackwardPass& b, const Cell& cell) {
    const int64_t d = b.features, u = b.units, columns = Cell::gates * u, width = Cell::parts * u;
    const PackedParts kernel(b.kernel, u, 1, columns, b.gx ? Cell::gates : 0, u, d);
    const PackedParts recurrent(b.recurrent, u, 1, columns, Cell::gates, u, u);
    const int64_t chunks = (b.batch + grad_rows - 1) / grad_rows;
    const int64_t groups = std::max<int64_t>(1, std::min(most_groups, chunks)), total = (d + u) * columns + width;
    const Workspace<float> sums(groups * total);
    const double cost = double(b.steps) * double(b.batch) / double(groups) * double(2 * (d + u) * columns);
    parallel_for(groups, cost, [&](int64_t group) {
        float* own = sums.data() + group * total;
        WeightSums weights{own, own + d * columns, own + (d + u) * columns};
        std::fill_n(weights.sums, width, 0.0f);
        for (int64_t i = group; i < chunks; i += groups) {
            const int64_t first = i * grad_rows, rows = std::min(grad_rows, b.batch - first);
            const Workspace<float> gz(rows * b.steps * width);
            const ChunkGradients chunk{first, rows, gz.data()};
            backward_steps(b, cell, recurrent, chunk, weights.sums);
            WeightGradients<Cell>(b, chunk).add_to(weights);
            if (b.gx) input_gradients<Cell>(b, kernel, chunk);
        }
        if (weights.fresh) std::fill_n(own, (d + u) * columns, 0.0f);
    });
    const struct {
        float* out;
        int64_t start, count;
    } results[] = {
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
