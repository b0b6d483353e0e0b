// Bodies of pooling: one place of the windows against a run of results that lie next to each other. What they pool lies
// Step elements apart; Step 0 stands for the argument `step`.
#pragma once

#include <cstdint>

#include "bodies/body.hpp"

namespace kx {

// best[i] = max(best[i], x[i * step]), NaN above all
template <int Step, typename T>
KX_BODY void raise_row(const T* __restrict x, int64_t step, T* __restrict best, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
        const T v = x[i * (Step ? Step : step)];
        best[i] = (v > best[i]) | (v != v) ? v : best[i];
    }
}

// The same, and winner[i] = place where the new value is the larger one.
template <int Step, typename T>
KX_BODY void raise_row(const T* __restrict x, int64_t step, T* __restrict best, int32_t* __restrict winner,
                       int32_t place, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
        const T v = x[i * (Step ? Step : step)];
        const bool larger = (v > best[i]) | (v != v);
        best[i] = larger ? v : best[i];
        winner[i] = larger ? place : winner[i];
    }
}

// A whole window of four places at once.
template <typename T>
KX_BODY void largest_of_four_row(const T* __restrict a, const T* __restrict b, const T* __restrict c,
                                 const T* __restrict d, T* __restrict best, int32_t* __restrict winner, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
        T most = a[i];
        int32_t place = 0;
        const bool second = (b[i] > most) | (b[i] != b[i]);
        most = second ? b[i] : most;
        place = second ? 1 : place;
        const bool third = (c[i] > most) | (c[i] != c[i]);
        most = third ? c[i] : most;
        place = third ? 2 : place;
        const bool fourth = (d[i] > most) | (d[i] != d[i]);
        most = fourth ? d[i] : most;
        place = fourth ? 3 : place;
        best[i] = most;
        winner[i] = place;
    }
}

// gx[i * step] = g[i] where place won, else 0; with Add it is added to what is there.
template <int Step, bool Add, typename T>
KX_BODY void to_winner_row(const T* __restrict g, const int32_t* __restrict winner, int32_t place, T* __restrict gx,
                           int64_t step, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
        const int64_t at = i * (Step ? Step : step);
        const T v = winner[i] == place ? g[i] : T(0);
        gx[at] = Add ? gx[at] + v : v;
    }
}

// sum[i] += x[i * step]
template <int Step, typename T>
KX_BODY void add_row(const T* __restrict x, int64_t step, T* __restrict sum, int64_t count) {
    for (int64_t i = 0; i < count; ++i) sum[i] += x[i * (Step ? Step : step)];
}

// gx[i * step] = share[i]; with Add it is added to what is there.
template <int Step, bool Add, typename T>
KX_BODY void give_back_row(const T* __restrict share, T* __restrict gx, int64_t step, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
        const int64_t at = i * (Step ? Step : step);
        gx[at] = Add ? gx[at] + share[i] : share[i];
    }
}

}  // namespace kx
