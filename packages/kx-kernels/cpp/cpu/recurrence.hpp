// Recurrent layers over whole sequences. Rows of the batch don't depend on each other: each chunk of them runs through all
// steps on one thread, so that threads wait for each other once, at the end.
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

// A cell says how many gates it has, and of which parts of its gradient `gz` the gates' input and recurrent products need
// each one: parts are u values each.
struct LstmCell {
    static constexpr int gates = 4, parts = 4;
    static constexpr int input_part[] = {0, 1, 2, 3}, back_part[] = {0, 1, 2, 3};
    static constexpr bool has_cell = true, keeps_back = false;
    void forward(float* z, const float* back, float* h, float* c, int64_t u) const { lstm_row(z, back, h, c, u); }
    void backward(const float* gates, const float*, const float*, const float* c, float* gh, float* gc, float* gz,
                  int64_t u) const {
        lstm_grad_row(gates, c, gh, gc, gz, u);
        std::fill_n(gh, u, 0.0f);
    }
};

struct GruCell {
    static constexpr int gates = 3, parts = 4;
    static constexpr int input_part[] = {0, 1, 2}, back_part[] = {0, 1, 3};
    static constexpr bool has_cell = false, keeps_back = true;
    void forward(float* z, const float* back, float* h, float*, int64_t u) const { gru_row(z, back, h, u); }
    void backward(const float* gates, const float* back, const float* h, const float*, float* gh, float*, float* gz,
                  int64_t u) const {
        gru_grad_row(gates, back, h, gh, gz, u);
    }
};

struct SimpleCell {
    static constexpr int gates = 1, parts = 1;
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

// Pointers that may be null say so. Arrays over steps are in the order of the inputs, `out` and its gradient in that of
// the recurrence.
struct Sequence {
    int64_t batch, steps, features, units;
    const float *x, *kernel, *recurrent;  // (batch, steps, features), (features, gates u), (u, gates u)
    const bool* mask;                     // (batch, steps) or null
    const float *drop, *back_drop;        // (drops, batch, features) and (back_drops, batch, u) or null
    int64_t drops, back_drops;            // 0, 1 or gates
    bool sequences, reverse, zero_output;
    // What the forward pass saves: gates (batch, steps, gates u) and, of (batch, steps, u), the states before each step and
    // the last part of the recurrent product.
    float *gates, *hidden, *cells, *backs;

    int64_t place(int64_t step) const { return reverse ? steps - 1 - step : step; }
    bool active(int64_t row, int64_t place) const { return !mask || mask[row * steps + place]; }
};

struct ForwardPass : Sequence {
    const float *bias, *back_bias, *first_h, *first_c;  // each or null
    float *out, *h, *c;
};

struct BackwardPass : Sequence {
    const float *g_out, *g_h, *g_c;                              // each or null
    float *gx, *gkernel, *grecurrent, *gsums, *gfirst_h, *gfirst_c;  // gx may be null; gsums (parts u): of gz over all rows
};

constexpr int64_t chunk_rows = 16;    // of the batch
constexpr int64_t block_rows = 96;    // of a product over many rows: they stay in the second cache

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
    const float* part(int64_t p) const { return room.data() + p * packed_size(depth, width); }
    const int64_t count, depth, width;

   private:
    const Workspace<float> room;
};

// Calls body(first, count) for blocks of the rows * steps rows of a chunk; with `apart` no block has rows of two batch rows.
template <typename Body>
void over_blocks(int64_t rows, int64_t steps, bool apart, const Body& body) {
    const int64_t segment = apart ? steps : rows * steps;
    for (int64_t start = 0; start < rows * steps; start += segment) {
        for (int64_t i = 0; i < segment; i += block_rows) body(start + i, std::min(block_rows, segment - i));
    }
}

// Asks for `count` floats to come into the second cache.
inline void prefetch(const float* from, int64_t count) {
#if defined(__GNUC__)
    for (int64_t i = 0; i < count; i += 16) __builtin_prefetch(from + i, 0, 2);
#else
    (void)from, (void)count;
#endif
}

// ---- forward -------------------------------------------------------------------------------------------------------

// z = x @ kernel + bias for the rows of a chunk.
inline void project_chunk(const ForwardPass& f, const PackedParts& kernel, int64_t first, int64_t rows, float* z) {
    const int64_t d = f.features, width = kernel.count * kernel.width;
    const float* x = f.x + first * f.steps * d;
    const Workspace<float> masked(f.drops ? block_rows * d : 0);
    over_blocks(rows, f.steps, f.drops > 0, [&](int64_t i, int64_t count) {
        for (int64_t p = 0; p < kernel.count; ++p) {
            const float* from = x + i * d;
            if (f.drops) {
                const float* drop = f.drop + (p * f.batch + first + i / f.steps) * d;
                for (int64_t k = 0; k < count; ++k) {
                    for (int64_t j = 0; j < d; ++j) masked[k * d + j] = from[k * d + j] * drop[j];
                }
                from = masked.data();
            }
            const int64_t column = p * kernel.width;
            panel_product(from, d, count, kernel.part(p), d, kernel.width, {f.bias ? f.bias + column : nullptr, 0}, {},
                          z + i * width + column, width);
        }
    });
}

// back = h @ recurrent + bias, h times its masks.
inline void recur_chunk(const ForwardPass& f, const PackedParts& recurrent, int64_t first, int64_t rows, const float* h,
                        float* masked, float* back) {
    const int64_t u = f.units, width = recurrent.count * recurrent.width;
    for (int64_t p = 0; p < recurrent.count; ++p) {
        const float* from = h;
        if (f.back_drops) {
            const float* drop = f.back_drop + (p * f.batch + first) * u;
            for (int64_t j = 0; j < rows * u; ++j) masked[j] = h[j] * drop[j];
            from = masked;
        }
        const int64_t column = p * recurrent.width;
        panel_product(from, u, rows, recurrent.part(p), u, recurrent.width,
                      {f.back_bias ? f.back_bias + column : nullptr, 0}, {}, back + column, width);
    }
}

inline void start_state(const float* given, int64_t first, int64_t count, float* state) {
    given ? (void)std::copy_n(given + first, count, state) : (void)std::fill_n(state, count, 0.0f);
}

template <class Cell>
void forward_chunk(const ForwardPass& f, const Cell& cell, const PackedParts& kernel, const PackedParts& recurrent,
                   int64_t first, int64_t rows) {
    const int64_t u = f.units, steps = f.steps, width = Cell::gates * u;
    const bool keep = f.gates != nullptr;
    const Workspace<float> room(rows * (3 * u + width) + (keep ? 0 : rows * steps * width));
    float *h = room.data(), *c = h + rows * u, *masked = c + rows * u, *back = masked + rows * u;
    float* z = keep ? f.gates + first * steps * width : back + rows * width;
    project_chunk(f, kernel, first, rows, z);
    start_state(f.first_h, first * u, rows * u, h);
    if (Cell::has_cell) start_state(f.first_c, first * u, rows * u, c);
    bool shown[chunk_rows] = {};
    for (int64_t step = 0; step < steps; ++step) {
        const int64_t t = f.place(step);
        for (int64_t r = 0; r < rows; ++r) prefetch(z + (r * steps + t) * width, width);
        recur_chunk(f, recurrent, first, rows, h, masked, back);
        for (int64_t r = 0; r < rows; ++r) {
            const int64_t row = first + r, saved = (row * steps + t) * u;
            float *state = h + r * u, *inner = c + r * u;
            if (keep) {
                std::copy_n(state, u, f.hidden + saved);
                if (Cell::has_cell) std::copy_n(inner, u, f.cells + saved);
                if (Cell::keeps_back) std::copy_n(back + r * width + width - u, u, f.backs + saved);
            }
            const bool active = f.active(row, t);
            if (active) cell.forward(z + (r * steps + t) * width, back + r * width, state, inner, u);
            shown[r] = active || (shown[r] && !f.zero_output);
            if (!f.sequences && step + 1 < steps) continue;
            float* out = f.out + (f.sequences ? row * steps + step : row) * u;
            shown[r] ? (void)std::copy_n(state, u, out) : (void)std::fill_n(out, u, 0.0f);
        }
    }
    std::copy_n(h, rows * u, f.h + first * u);
    if (Cell::has_cell) std::copy_n(c, rows * u, f.c + first * u);
}

template <class Cell>
void run_forward(const ForwardPass& f, const Cell& cell) {
    const int64_t d = f.features, u = f.units, width = Cell::gates * u;
    const int64_t parts = std::max<int64_t>(1, f.drops), back_parts = std::max<int64_t>(1, f.back_drops);
    const PackedParts kernel(f.kernel, width / parts, width, 1, parts, d, width / parts);
    const PackedParts recurrent(f.recurrent, width / back_parts, width, 1, back_parts, u, width / back_parts);
    const int64_t chunks = (f.batch + chunk_rows - 1) / chunk_rows;
    const double cost = double(std::min(chunk_rows, f.batch) * f.steps) * double((d + u) * width);
    parallel_for(chunks, cost, [&](int64_t chunk) {
        const int64_t first = chunk * chunk_rows;
        forward_chunk(f, cell, kernel, recurrent, first, std::min(chunk_rows, f.batch - first));
    });
}

}  // namespace kx
