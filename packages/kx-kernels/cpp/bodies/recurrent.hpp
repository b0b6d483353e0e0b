// One row of one step of a recurrence, forward and backward. `u` is the number of units, `gate` the recurrent activation:
// `Sigmoid` or `HardSigmoid`.
#pragma once

#include <cstdint>

#include "bodies/elementary.hpp"
#include "bodies/unary.hpp"

namespace kx {

// ---- LSTM: gates i, f, g, o, each of u values ----------------------------------------------------------------------

// z: in, x W + b; out, the gates. back: h U. Loops of their own for what waits for other functions: the CPU then works on
// more values at a time.
template <class Gate>
KX_BODY void lstm_row(const Gate gate, float* __restrict z, const float* __restrict back, float* __restrict h,
                      float* __restrict c, int64_t u) {
    for (int64_t j = 0; j < 2 * u; ++j) z[j] = gate.value(z[j] + back[j]);
    for (int64_t j = 3 * u; j < 4 * u; ++j) z[j] = gate.value(z[j] + back[j]);
    for (int64_t j = 0; j < u; ++j) {
        const float g = tanh(z[2 * u + j] + back[2 * u + j]);
        z[2 * u + j] = g;
        c[j] = z[u + j] * c[j] + z[j] * g;
    }
    for (int64_t j = 0; j < u; ++j) h[j] = z[3 * u + j] * tanh(c[j]);
}

// gates and c, the cell before the step, give gz, the gradient of what the gates were computed from. gc: in, that of the
// cell after the step; out, before it.
template <class Gate>
KX_BODY void lstm_grad_row(const Gate gate, const float* __restrict gates, const float* __restrict c,
                           const float* __restrict gh, float* __restrict gc, float* __restrict gz, int64_t u) {
    for (int64_t j = 0; j < u; ++j) {
        const float i = gates[j], f = gates[u + j], g = gates[2 * u + j], o = gates[3 * u + j];
        const float t = tanh(f * c[j] + i * g);
        const float inner = gc[j] + gh[j] * o * (1.0f - t * t);
        gz[j] = inner * g * gate.slope(i);
        gz[u + j] = inner * c[j] * gate.slope(f);
        gz[2 * u + j] = inner * i * (1.0f - g * g);
        gz[3 * u + j] = gh[j] * t * gate.slope(o);
        gc[j] = inner * f;
    }
}

// ---- GRU with the reset gate after the product: gates z, r, n ------------------------------------------------------

// z: in, x W + b; out, the gates. back: h U + b', whose last part the backward pass needs.
template <class Gate>
KX_BODY void gru_row(const Gate gate, float* __restrict z, const float* __restrict back, float* __restrict h, int64_t u) {
    for (int64_t j = 0; j < 2 * u; ++j) z[j] = gate.value(z[j] + back[j]);
    for (int64_t j = 0; j < u; ++j) {
        const float n = tanh(z[2 * u + j] + z[u + j] * back[2 * u + j]);
        z[2 * u + j] = n;
        h[j] = n + z[j] * (h[j] - n);
    }
}

// gz: the gradients of what z, r and n were computed from, and, last, that of the product that r multiplied. gh: in, that
// of the state after the step; out, the part of that before it which does not go through products.
template <class Gate>
KX_BODY void gru_grad_row(const Gate gate, const float* __restrict gates, const float* __restrict back,
                          const float* __restrict h, float* __restrict gh, float* __restrict gz, int64_t u) {
    for (int64_t j = 0; j < u; ++j) {
        const float update = gates[j], reset = gates[u + j], n = gates[2 * u + j];
        const float inner = gh[j] * (1.0f - update) * (1.0f - n * n);
        gz[j] = gh[j] * (h[j] - n) * gate.slope(update);
        gz[u + j] = inner * back[j] * gate.slope(reset);
        gz[2 * u + j] = inner;
        gz[3 * u + j] = inner * reset;
        gh[j] *= update;
    }
}

// ---- GRU with the reset gate before the product --------------------------------------------------------------------

// The gates z and r from x W + b and h U, and r h.
template <class Gate>
KX_BODY void gru_reset_row(const Gate gate, float* __restrict z, const float* __restrict back, const float* __restrict h,
                           float* __restrict reset, int64_t u) {
    for (int64_t j = 0; j < 2 * u; ++j) z[j] = gate.value(z[j] + back[j]);
    for (int64_t j = 0; j < u; ++j) reset[j] = z[u + j] * h[j];
}

// n and the new state; the last part of back: (r h) U.
KX_BODY void gru_new_row(float* __restrict z, const float* __restrict back, float* __restrict h, int64_t u) {
    for (int64_t j = 0; j < u; ++j) {
        const float n = tanh(z[2 * u + j] + back[2 * u + j]);
        z[2 * u + j] = n;
        h[j] = n + z[j] * (h[j] - n);
    }
}

// The gradients of what z and n were computed from. gh: in, that of the state after the step; out, times z.
template <class Gate>
KX_BODY void gru_new_grad_row(const Gate gate, const float* __restrict gates, const float* __restrict h,
                              float* __restrict gh, float* __restrict gz, int64_t u) {
    for (int64_t j = 0; j < u; ++j) {
        const float update = gates[j], n = gates[2 * u + j];
        gz[j] = gh[j] * (h[j] - n) * gate.slope(update);
        gz[2 * u + j] = gh[j] * (1.0f - update) * (1.0f - n * n);
        gh[j] *= update;
    }
}

// The gradient of what r was computed from, by `through`, that of r h; what goes on to h is added to gh.
template <class Gate>
KX_BODY void gru_reset_grad_row(const Gate gate, const float* __restrict gates, const float* __restrict h,
                                const float* __restrict through, float* __restrict gh, float* __restrict gz, int64_t u) {
    for (int64_t j = 0; j < u; ++j) {
        const float reset = gates[u + j];
        gz[u + j] = through[j] * h[j] * gate.slope(reset);
        gh[j] += through[j] * reset;
    }
}

}  // namespace kx
