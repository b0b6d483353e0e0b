// Bodies of the optimizers' steps: what happens to one parameter. A rule is made from the constants of a step and maps
// a parameter, its gradient and its slots to the new parameter; it writes the slots itself. Operations come in the order
// in which NumPy does them in kx_optimizers, and without fused multiply-adds, so that both give the same bits.
#pragma once

#include <cmath>
#include <cstdint>

#include "bodies/body.hpp"

namespace kx {

// What is done to a gradient as it is read, and to a parameter before the step (weight decay).
template <typename T>
struct Reading {
    T scale, limit, shrink;

    KX_BODY T gradient(T g) const {  // a NaN stays a NaN: every comparison with it is false
        g *= scale;
        g = g > limit ? limit : g;
        return g < -limit ? -limit : g;
    }
    KX_BODY T parameter(T p) const { return p * shrink; }
};

// The larger one, or NaN where there is one.
template <typename T>
KX_BODY T larger(T x, T y) {
    return x > y || x != x ? x : y;
}

template <typename T>
KX_BODY T square_root(T x) {
    return std::sqrt(x);
}

// m = kept * m + rest * g
template <typename T>
KX_BODY void moving_average(T& m, T g, T kept, T rest) {
    m = m * kept + g * rest;
}

template <typename T>
struct Sgd {
    static constexpr int constants = 2, slots = 0;
    static constexpr bool rests = true;  // whether a gradient of 0 changes nothing
    T rate;
    explicit Sgd(const double* c) : rate(T(c[0])) {}
    KX_BODY T operator()(T p, T g) const { return p - g * rate; }
};

template <typename T>
struct Momentum {
    static constexpr int constants = 2, slots = 1;
    static constexpr bool rests = false;
    T rate, momentum;
    explicit Momentum(const double* c) : rate(T(c[0])), momentum(T(c[1])) {}
    KX_BODY T operator()(T p, T g, T& m) const {
        m = m * momentum - g * rate;
        return p + m;
    }
};

template <typename T>
struct Nesterov {
    static constexpr int constants = 2, slots = 1;
    static constexpr bool rests = false;
    T rate, momentum;
    explicit Nesterov(const double* c) : rate(T(c[0])), momentum(T(c[1])) {}
    KX_BODY T operator()(T p, T g, T& m) const {
        const T delta = g * rate;
        m = m * momentum - delta;
        return (p - delta) + m * momentum;
    }
};

template <typename T>
struct Adam {
    static constexpr int constants = 6, slots = 2;
    static constexpr bool rests = false;
    T alpha, beta_1, rest_1, beta_2, rest_2, epsilon;
    explicit Adam(const double* c)
        : alpha(T(c[0])), beta_1(T(c[1])), rest_1(T(c[2])), beta_2(T(c[3])), rest_2(T(c[4])), epsilon(T(c[5])) {}
    KX_BODY T operator()(T p, T g, T& m, T& v) const {
        moving_average(m, g, beta_1, rest_1);
        moving_average(v, g * g, beta_2, rest_2);
        return p - m / (square_root(v) + epsilon) * alpha;
    }
};

template <typename T>
struct Amsgrad : Adam<T> {
    static constexpr int slots = 3;
    explicit Amsgrad(const double* c) : Adam<T>(c) {}
    KX_BODY T operator()(T p, T g, T& m, T& v, T& largest) const {
        moving_average(m, g, this->beta_1, this->rest_1);
        moving_average(v, g * g, this->beta_2, this->rest_2);
        largest = larger(largest, v);
        return p - m / (square_root(largest) + this->epsilon) * this->alpha;
    }
};

template <typename T>
struct Adamax {
    static constexpr int constants = 5, slots = 2;
    static constexpr bool rests = false;
    T alpha, beta_1, rest_1, beta_2, epsilon;
    explicit Adamax(const double* c)
        : alpha(T(c[0])), beta_1(T(c[1])), rest_1(T(c[2])), beta_2(T(c[3])), epsilon(T(c[4])) {}
    KX_BODY T operator()(T p, T g, T& m, T& u) const {
        moving_average(m, g, beta_1, rest_1);
        u = larger(u * beta_2, std::fabs(g));
        return p - m / (u + epsilon) * alpha;
    }
};

template <typename T>
struct Nadam {
    static constexpr int constants = 8, slots = 2;
    static constexpr bool rests = false;
    T of_momentum, of_gradient, beta_1, rest_1, beta_2, rest_2, correction, epsilon;
    explicit Nadam(const double* c)
        : of_momentum(T(c[0])), of_gradient(T(c[1])), beta_1(T(c[2])), rest_1(T(c[3])), beta_2(T(c[4])),
          rest_2(T(c[5])), correction(T(c[6])), epsilon(T(c[7])) {}
    KX_BODY T operator()(T p, T g, T& m, T& v) const {
        moving_average(m, g, beta_1, rest_1);
        moving_average(v, g * g, beta_2, rest_2);
        const T root = square_root(v * correction) + epsilon;
        return (p - m * of_momentum / root) - g * of_gradient / root;
    }
};

template <typename T>
struct Adagrad {
    static constexpr int constants = 2, slots = 1;
    static constexpr bool rests = true;
    T rate, epsilon;
    explicit Adagrad(const double* c) : rate(T(c[0])), epsilon(T(c[1])) {}
    KX_BODY T operator()(T p, T g, T& a) const {
        a = a + g * g;
        return p - g * rate / square_root(a + epsilon);
    }
};

template <typename T>
struct Adadelta {
    static constexpr int constants = 4, slots = 2;
    static constexpr bool rests = false;
    T rate, rho, rest, epsilon;
    explicit Adadelta(const double* c) : rate(T(c[0])), rho(T(c[1])), rest(T(c[2])), epsilon(T(c[3])) {}
    KX_BODY T operator()(T p, T g, T& a, T& b) const {
        moving_average(a, g * g, rho, rest);
        const T delta = square_root((b + epsilon) / (a + epsilon)) * g;
        moving_average(b, delta * delta, rho, rest);
        return p - delta * rate;
    }
};

// The slots are velocity, then momentum if `Moves`, then the average gradient if `Centered`.
template <typename T, bool Moves, bool Centered>
struct RmsProp {
    static constexpr int constants = 5, slots = 1 + Moves + Centered;
    static constexpr bool rests = false;
    T rate, rho, rest, momentum, epsilon;
    explicit RmsProp(const double* c)
        : rate(T(c[0])), rho(T(c[1])), rest(T(c[2])), momentum(T(c[3])), epsilon(T(c[4])) {}

    KX_BODY T operator()(T p, T g, T& v) const { return p - delta(g, v, v); }
    KX_BODY T operator()(T p, T g, T& v, T& second) const {
        if (Centered) return p - delta(g, v, second);
        return p - moved(delta(g, v, v), second);
    }
    KX_BODY T operator()(T p, T g, T& v, T& m, T& mean) const { return p - moved(delta(g, v, mean), m); }

   private:
    KX_BODY T delta(T g, T& v, T& mean) const {
        moving_average(v, g * g, rho, rest);
        T spread = v;
        if (Centered) {
            moving_average(mean, g, rho, rest);
            spread = v - mean * mean;
        }
        return g * rate / square_root(spread + epsilon);
    }
    KX_BODY T moved(T delta, T& m) const {
        m = m * momentum + delta;
        return m;
    }
};

template <typename T>
using PlainRmsProp = RmsProp<T, false, false>;
template <typename T>
using MovingRmsProp = RmsProp<T, true, false>;
template <typename T>
using CenteredRmsProp = RmsProp<T, false, true>;
template <typename T>
using MovingCenteredRmsProp = RmsProp<T, true, true>;

// With `Root` the power is 1/2, the default.
template <typename T, bool Root>
struct Ftrl {
    static constexpr int constants = 5, slots = 2;
    static constexpr bool rests = false;
    T inverse_rate, power, l1, curvature, shrinkage;
    explicit Ftrl(const double* c)
        : inverse_rate(T(c[0])), power(T(c[1])), l1(T(c[2])), curvature(T(c[3])), shrinkage(T(c[4])) {}
    KX_BODY T raised(T a) const { return Root ? square_root(a) : std::pow(a, power); }
    KX_BODY T operator()(T p, T g, T& a, T& z) const {
        z = z + g;
        z = z + p * shrinkage;
        const T old = raised(a);
        a = a + g * g;
        const T now = raised(a);
        z = z - (now - old) * inverse_rate * p;
        T near = z > l1 ? l1 : z;
        near = near < -l1 ? -l1 : near;
        return (near - z) / (now * inverse_rate + curvature);
    }
};

template <typename T>
using RootFtrl = Ftrl<T, true>;
template <typename T>
using PowerFtrl = Ftrl<T, false>;

template <typename T>
struct Lion {
    static constexpr int constants = 5, slots = 1;
    static constexpr bool rests = false;
    T rate, beta_1, rest_1, beta_2, rest_2;
    explicit Lion(const double* c)
        : rate(T(c[0])), beta_1(T(c[1])), rest_1(T(c[2])), beta_2(T(c[3])), rest_2(T(c[4])) {}
    KX_BODY T operator()(T p, T g, T& m) const {
        const T blend = m * beta_1 + g * rest_1;
        const T sign = blend > T(0) ? T(1) : blend < T(0) ? T(-1) : blend;  // 0 and NaN are their own
        moving_average(m, g, beta_2, rest_2);
        return p - sign * rate;
    }
};

template <typename T>
struct ScheduleFreeAdamW {
    static constexpr int constants = 8, slots = 2;
    static constexpr bool rests = false;
    T rate, beta_1, rest_1, beta_2, rest_2, of_root, epsilon, share;
    explicit ScheduleFreeAdamW(const double* c)
        : rate(T(c[0])), beta_1(T(c[1])), rest_1(T(c[2])), beta_2(T(c[3])), rest_2(T(c[4])), of_root(T(c[5])),
          epsilon(T(c[6])), share(T(c[7])) {}
    KX_BODY T operator()(T p, T g, T& z, T& v) const {
        moving_average(v, g * g, beta_2, rest_2);
        T x = (p - z * rest_1) / beta_1;
        z = z - g / (square_root(v) * of_root + epsilon) * rate;
        x = x + (z - x) * share;
        return x * beta_1 + z * rest_1;
    }
};

// Lamb takes the norms of each variable and of its step between the two halves of an update.
template <typename T>
struct Lamb {
    static constexpr int constants = 8, slots = 2;
    T rate, beta_1, rest_1, beta_2, rest_2, of_m, of_root, epsilon;
    explicit Lamb(const double* c)
        : rate(T(c[0])), beta_1(T(c[1])), rest_1(T(c[2])), beta_2(T(c[3])), rest_2(T(c[4])), of_m(T(c[5])),
          of_root(T(c[6])), epsilon(T(c[7])) {}
    KX_BODY void average(T g, T& m, T& v) const {
        moving_average(m, g, beta_1, rest_1);
        moving_average(v, g * g, beta_2, rest_2);
    }
    KX_BODY T direction(T m, T v) const { return m * of_m / (square_root(v) * of_root + epsilon); }
};

// ---- pieces of flat buffers --------------------------------------------------------------------------------------

template <typename T, typename Rule>
KX_BODY void step_piece(const Rule& rule, const Reading<T>& read, T* __restrict p, const T* __restrict g,
                        int64_t count) {
    for (int64_t i = 0; i < count; ++i) p[i] = rule(read.parameter(p[i]), read.gradient(g[i]));
}

template <typename T, typename Rule>
KX_BODY void step_piece(const Rule& rule, const Reading<T>& read, T* __restrict p, const T* __restrict g,
                        T* __restrict a, int64_t count) {
    for (int64_t i = 0; i < count; ++i) p[i] = rule(read.parameter(p[i]), read.gradient(g[i]), a[i]);
}

template <typename T, typename Rule>
KX_BODY void step_piece(const Rule& rule, const Reading<T>& read, T* __restrict p, const T* __restrict g,
                        T* __restrict a, T* __restrict b, int64_t count) {
    for (int64_t i = 0; i < count; ++i) p[i] = rule(read.parameter(p[i]), read.gradient(g[i]), a[i], b[i]);
}

template <typename T, typename Rule>
KX_BODY void step_piece(const Rule& rule, const Reading<T>& read, T* __restrict p, const T* __restrict g,
                        T* __restrict a, T* __restrict b, T* __restrict c, int64_t count) {
    for (int64_t i = 0; i < count; ++i) p[i] = rule(read.parameter(p[i]), read.gradient(g[i]), a[i], b[i], c[i]);
}

// The sum of term(i) for i in [0, count), in several lanes that are added at the end.
template <typename T, typename Term>
KX_BODY T sum_in_lanes(int64_t count, const Term& term) {
    constexpr int lanes = 32;
    T sums[lanes] = {};
    int64_t i = 0;
    for (; i + lanes <= count; i += lanes) {
        for (int k = 0; k < lanes; ++k) sums[k] += term(i + k);
    }
    for (; i < count; ++i) sums[0] += term(i);
    for (int k = 1; k < lanes; ++k) sums[0] += sums[k];
    return sums[0];
}

template <typename T>
KX_BODY T sum_of_squares(const T* __restrict g, int64_t count) {
    return sum_in_lanes<T>(count, [=](int64_t i) { return g[i] * g[i]; });
}

// The first half of Lamb: new averages, and the squared norms of the parameters and of the direction of their step.
template <typename T>
KX_BODY void lamb_averages_piece(const Lamb<T>& rule, const Reading<T>& read, const T* __restrict p,
                                 const T* __restrict g, T* __restrict m, T* __restrict v, int64_t count, T& of_params,
                                 T& of_direction) {
    for (int64_t i = 0; i < count; ++i) rule.average(read.gradient(g[i]), m[i], v[i]);
    of_params = sum_in_lanes<T>(count, [=, &read](int64_t i) {
        const T x = read.parameter(p[i]);
        return x * x;
    });
    of_direction = sum_in_lanes<T>(count, [=, &rule](int64_t i) {
        const T r = rule.direction(m[i], v[i]);
        return r * r;
    });
}

// The second half: `rate` is the learning rate times the ratio of the norms.
template <typename T>
KX_BODY void lamb_step_piece(const Lamb<T>& rule, const Reading<T>& read, T rate, T* __restrict p,
                             const T* __restrict m, const T* __restrict v, int64_t count) {
    for (int64_t i = 0; i < count; ++i) p[i] = read.parameter(p[i]) - rule.direction(m[i], v[i]) * rate;
}

}  // namespace kx
