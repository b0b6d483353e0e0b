// Recurrent layers over whole sequences. Rows of the batch don't depend on each other: each chunk of them runs through
// all steps on one thread, so that threads wait for each other once, at the end.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "bodies/recurrent.hpp"
#include "cpu/dense.hpp"
#include "cpu/panels.hpp"
#include "cpu/parallel.hpp"
#include "cpu/workspace.hpp"

namespace kx {

// ---- the cells -----------------------------------------------------------------------------------------------------

// A cell says how many gates it has, and which part of its gradient `gz` is that of each gate's input product, and of its
// recurrent one. Gates and parts are u values each. The first `state_gates` of the recurrent products are with the state;
// a last one is with what `reset` makes of it.
struct LstmCell {
    static constexpr int gates = 4, parts = 4, state_gates = 4;
    static constexpr int input_part[] = {0, 1, 2, 3}, back_part[] = {0, 1, 2, 3};
    static constexpr bool has_cell = true, keeps_back = false;
    float hard;  // the steepness of the hard sigmoid that the gates are, or 0 for sigmoids
    void forward(float* z, const float* back, float* h, float* c, int64_t u) const {
        hard > 0.0f ? lstm_row(HardSigmoid{hard}, z, back, h, c, u) : lstm_row(Sigmoid(), z, back, h, c, u);
    }
    void backward(const float* gates, const float*, const float*, const float* c, float* gh, float* gc, float* gz,
                  int64_t u) const {
        hard > 0.0f ? lstm_grad_row(HardSigmoid{hard}, gates, c, gh, gc, gz, u) : lstm_grad_row(Sigmoid(), gates, c, gh, gc, gz, u);
        std::fill_n(gh, u, 0.0f);
    }
};

struct GruCell {
    static constexpr int gates = 3, parts = 4, state_gates = 3;
    static constexpr int input_part[] = {0, 1, 2}, back_part[] = {0, 1, 3};
    static constexpr bool has_cell = false, keeps_back = true;
    float hard;
    void forward(float* z, const float* back, float* h, float*, int64_t u) const {
        hard > 0.0f ? gru_row(HardSigmoid{hard}, z, back, h, u) : gru_row(Sigmoid(), z, back, h, u);
    }
    void backward(const float* gates, const float* back, const float* h, const float*, float* gh, float*, float* gz,
                  int64_t u) const {
        hard > 0.0f ? gru_grad_row(HardSigmoid{hard}, gates, back, h, gh, gz, u) : gru_grad_row(Sigmoid(), gates, back, h, gh, gz, u);
    }
};

struct GruResetBeforeCell {
    static constexpr int gates = 3, parts = 3, state_gates = 2;
    static constexpr int input_part[] = {0, 1, 2}, back_part[] = {0, 1, 2};
    static constexpr bool has_cell = false, keeps_back = true;
    float hard;
    void reset(float* z, const float* back, const float* h, float* reset, int64_t u) const {
        hard > 0.0f ? gru_reset_row(HardSigmoid{hard}, z, back, h, reset, u) : gru_reset_row(Sigmoid(), z, back, h, reset, u);
    }
    void forward(float* z, const float* back, float* h, float*, int64_t u) const { gru_new_row(z, back, h, u); }
    void backward(const float* gates, const float*, const float* h, const float*, float* gh, float*, float* gz,
                  int64_t u) const {
        hard > 0.0f ? gru_new_grad_row(HardSigmoid{hard}, gates, h, gh, gz, u) : gru_new_grad_row(Sigmoid(), gates, h, gh, gz, u);
    }
    void reset_backward(const float* gates, const float* h, const float* through, float* gh, float* gz, int64_t u) const {
        hard > 0.0f ? gru_reset_grad_row(HardSigmoid{hard}, gates, h, through, gh, gz, u)
             : gru_reset_grad_row(Sigmoid(), gates, h, through, gh, gz, u);
    }
};

struct SimpleCell {
    static constexpr int gates = 1, parts = 1, state_gates = 1;
    static constexpr int input_part[] = {0}, back_part[] = {0};
    static constexpr bool has_cell = false, keeps_back = false;
    Activation activation;
    void forward(float* z, const float* back, float* h, float*, int64_t u) const {
        for (int64_t j = 0; j < u; ++j) z[j] += back[j];
        activate(z, u, activation);
        std::copy_n(z, u, h);
    }
    void backward(const float* gates, const float*, const float*, const float*, float* gh, float*, float* gz,
                  int64_t u) const {
        if (activation == Activation::none) {
            std::copy_n(gh, u, gz);
        } else {
            through_activation(gh, gates, gz, u, activation);
        }
        std::fill_n(gh, u, 0.0f);
    }
};

// ---- what goes in and out ------------------------------------------------------------------------------------------

// Pointers that may be null say so. Steps are counted in the order of the recurrence.
struct Sequence {
    int64_t batch, steps, features, units;
    const float *x, *kernel, *recurrent;  // (batch, steps, features), (features, gates u), (u, gates u)
    const bool* mask;                     // (batch, steps) or null
    const float *drop, *back_drop;        // (drops, batch, features) and (back_drops, batch, u) or null
    int64_t drops, back_drops;            // 0, 1 or gates
    bool sequences, reverse, zero_output;
    // What the forward pass saves, step by step, so that a step of a chunk lies together: gates (steps, batch, gates u)
    // and, of (steps, batch, u), the states before each step and the last part of the recurrent product, or what it is
    // the product of.
    float *gates, *hidden, *cells, *backs;

    int64_t input(int64_t row, int64_t step) const { return row * steps + (reverse ? steps - 1 - step : step); }
    bool active(int64_t row, int64_t step) const { return !mask || mask[input(row, step)]; }
};

struct ForwardPass : Sequence {
    const float *bias, *back_bias, *first_h, *first_c;  // each or null
    float *out, *h, *c;
};

struct BackwardPass : Sequence {
    const float *g_out, *g_h, *g_c;  // each or null
    float *gx, *gkernel, *grecurrent, *gfirst_h, *gfirst_c;  // gx may be null
    float* gsums;                                            // (parts u), the sums of gz over all rows
};

constexpr int64_t most_rows = 16;   // of a chunk
constexpr int64_t block_rows = 96;  // of a product over many rows: they stay in the second cache

// Matrices of one size, packed: the parts of the weights that have a dropout mask, or a gate, of their own.
class PackedParts {
   public:
    // Element (k, j) of part p is at data[p * part + k * row + j * step].
    PackedParts(const float* data, int64_t part, int64_t row, int64_t step, int64_t count, int64_t depth, int64_t width)
        : count(count), depth(depth), width(width), room(count * packed_size(depth, width)) {
        for (int64_t p = 0; p < count; ++p) {
            pack_panels(data + p * part, row, step, depth, width, room.data() + p * packed_size(depth, width));
        }
    }
    // From column j on, a multiple of the width of a panel.
    const float* part(int64_t p, int64_t j = 0) const {
        return room.data() + p * packed_size(depth, width) + j * depth;
    }
    const int64_t count, depth, width;

   private:
    const Workspace<float> room;
};

// into = x, or x times a mask.
inline void masked_row(const float* x, const float* drop, float* into, int64_t count) {
    if (!drop) {
        std::copy_n(x, count, into);
        return;
    }
    for (int64_t j = 0; j < count; ++j) into[j] = x[j] * drop[j];
}

// ---- forward -------------------------------------------------------------------------------------------------------

// z = x @ kernel + bias for the rows of a chunk; z of a step is `stride` elements after that of the step before.
inline void project_chunk(const ForwardPass& f, const PackedParts& kernel, int64_t first, int64_t rows, float* z,
                          int64_t stride) {
    const int64_t d = f.features, width = kernel.count * kernel.width, block = std::max<int64_t>(1, block_rows / rows);
    const Workspace<float> gathered(block * rows * d);
    for (int64_t start = 0; start < f.steps; start += block) {
        const int64_t count = std::min(block, f.steps - start);
        for (int64_t p = 0; p < kernel.count; ++p) {
            for (int64_t i = 0; i < count * rows; ++i) {
                const int64_t row = first + i % rows;
                const float* drop = f.drops ? f.drop + (p * f.batch + row) * d : nullptr;
                masked_row(f.x + f.input(row, start + i / rows) * d, drop, gathered.data() + i * d, d);
            }
            for (int64_t j = 0; j < kernel.width; j += panel_width) {  // each panel for all steps of the block
                const int64_t column = p * kernel.width + j;
                for (int64_t i = 0; i < count; ++i) {
                    panel_product(gathered.data() + i * rows * d, d, rows, kernel.part(p, j), d,
                                  std::min(panel_width, kernel.width - j), {f.bias ? f.bias + column : nullptr, 0},
                                  z + (start + i) * stride + column, width);
                }
            }
        }
    }
}

// back = h @ recurrent + bias for the parts [begin, end), h times its masks.
inline void recur_chunk(const ForwardPass& f, const PackedParts& recurrent, int64_t begin, int64_t end, int64_t first,
                        int64_t rows, const float* h, float* masked, float* back) {
    const int64_t u = f.units, width = recurrent.count * recurrent.width;
    for (int64_t p = begin; p < end; ++p) {
        const int64_t mask = f.back_drops > 1 ? p : 0;
        if (f.back_drops) masked_row(h, f.back_drop + (mask * f.batch + first) * u, masked, rows * u);
        const int64_t column = p * recurrent.width;
        panel_product(f.back_drops ? masked : h, u, rows, recurrent.part(p), u, recurrent.width,
                      {f.back_bias ? f.back_bias + column : nullptr, 0}, back + column, width);
    }
}

inline void start_state(const float* given, int64_t first, int64_t count, float* state) {
    given ? (void)std::copy_n(given + first, count, state) : (void)std::fill_n(state, count, 0.0f);
}

// The recurrent products of a step for cells that reset the state before the last one: `reset` (rows, u) is that state, 0
// in rows that are masked.
template <class Cell>
void recur_reset_chunk(const ForwardPass& f, const Cell& cell, const PackedParts& recurrent, int64_t step, int64_t first,
                       int64_t rows, float* z, const float* h, float* masked, float* reset, float* back) {
    const int64_t u = f.units, width = Cell::gates * u;
    recur_chunk(f, recurrent, 0, Cell::state_gates, first, rows, h, masked, back);
    for (int64_t r = 0; r < rows; ++r) {
        if (f.active(first + r, step)) {
            cell.reset(z + r * width, back + r * width, h + r * u, reset + r * u, u);
        } else {
            std::fill_n(reset + r * u, u, 0.0f);
        }
    }
    recur_chunk(f, recurrent, Cell::state_gates, Cell::gates, first, rows, reset, masked, back);
}

template <class Cell>
void forward_chunk(const ForwardPass& f, const Cell& cell, const PackedParts& kernel, const PackedParts& recurrent,
                   int64_t first, int64_t rows) {
    constexpr bool resets = Cell::state_gates < Cell::gates;
    const int64_t u = f.units, steps = f.steps, width = Cell::gates * u;
    const bool keep = f.gates != nullptr;
    const Workspace<float> room(rows * (4 * u + width) + (keep ? 0 : steps * rows * width));
    float *h = room.data(), *c = h + rows * u, *masked = c + rows * u, *reset = masked + rows * u;
    float* back = reset + rows * u;
    float* z = keep ? f.gates + first * width : back + rows * width;
    const int64_t stride = (keep ? f.batch : rows) * width;
    project_chunk(f, kernel, first, rows, z, stride);
    start_state(f.first_h, first * u, rows * u, h);
    if (Cell::has_cell) start_state(f.first_c, first * u, rows * u, c);
    bool shown[most_rows] = {};
    for (int64_t step = 0; step < steps; ++step) {
        if constexpr (resets) {
            recur_reset_chunk(f, cell, recurrent, step, first, rows, z + step * stride, h, masked, reset, back);
        } else {
            recur_chunk(f, recurrent, 0, recurrent.count, first, rows, h, masked, back);
        }
        const int64_t saved = (step * f.batch + first) * u;
        if (keep) {
            std::copy_n(h, rows * u, f.hidden + saved);
            if (Cell::has_cell) std::copy_n(c, rows * u, f.cells + saved);
        }
        for (int64_t r = 0; r < rows; ++r) {
            const float* product = back + r * width;
            if (keep && Cell::keeps_back) std::copy_n(resets ? reset + r * u : product + width - u, u, f.backs + saved + r * u);
            const bool active = f.active(first + r, step);
            if (active) cell.forward(z + step * stride + r * width, product, h + r * u, c + r * u, u);
            shown[r] = active || (shown[r] && !f.zero_output);
            if (!f.sequences && step + 1 < steps) continue;
            float* out = f.out + (f.sequences ? (first + r) * steps + step : first + r) * u;
            shown[r] ? (void)std::copy_n(h + r * u, u, out) : (void)std::fill_n(out, u, 0.0f);
        }
    }
    std::copy_n(h, rows * u, f.h + first * u);
    if (Cell::has_cell) std::copy_n(c, rows * u, f.c + first * u);
}

template <class Cell>
void run_forward(const ForwardPass& f, const Cell& cell) {
    const int64_t d = f.features, u = f.units, width = Cell::gates * u;
    const int64_t parts = std::max<int64_t>(1, f.drops);
    const int64_t back_parts = Cell::state_gates < Cell::gates ? Cell::gates : std::max<int64_t>(1, f.back_drops);
    const PackedParts kernel(f.kernel, width / parts, width, 1, parts, d, width / parts);
    const PackedParts recurrent(f.recurrent, width / back_parts, width, 1, back_parts, u, width / back_parts);
    // Small chunks where there would not be one for each thread; what a row gives does not depend on them.
    const int64_t size = f.batch < most_rows * thread_count() ? most_rows / 2 : most_rows;
    const int64_t chunks = (f.batch + size - 1) / size;
    const double cost = double(std::min(size, f.batch) * f.steps) * double((d + u) * width);
    parallel_for(chunks, cost, [&](int64_t chunk) {
        const int64_t first = chunk * size;
        forward_chunk(f, cell, kernel, recurrent, first, std::min(size, f.batch - first));
    });
}

}  // namespace kx
