// Loops and bindings of group normalization. A sample is seen as (outer, channels, inner), and its channels as groups.
#include "cpu/channels.hpp"
#include "families.hpp"

namespace kx {
namespace {

// The sizes of x (samples, ..., channels, ...) and of one group.
struct Groups {
    int64_t samples, count, members;  // groups of a sample, channels of a group
    ChannelView view;                 // of one sample
    WideRows wide;

    template <typename T>
    Groups(const Array<T>& x, int64_t groups, int axis, const char* what)
        : samples(x.ndim() ? x.shape(0) : 0), count(groups), members(0), view(x, axis, what), wide(view.channels) {
        const int at = axis < 0 ? axis + x.ndim() : axis;
        if (at == 0 || groups < 1 || view.channels % groups) {
            throw nb::value_error((std::string(what) + ": groups must divide the channels, not on axis 0").c_str());
        }
        if (x.size() == 0) throw nb::value_error((std::string(what) + ": x is empty").c_str());
        view.outer /= samples;
        members = view.channels / groups;
    }
    double cost() const { return static_cast<double>(view.size()); }
    int64_t elements() const { return view.outer * view.inner * members; }  // of a group

    // The sum of a(c) over the channels c of group k, in double.
    template <typename Term>
    double sum(int64_t k, const Term& term) const {
        double total = 0;
        for (int64_t c = k * members; c < (k + 1) * members; ++c) total += term(c);
        return total;
    }
};

// The moments of the channels of one sample, each over view.outer * view.inner elements.
template <typename T>
void sample_moments(const T* x, const Groups& groups, T* mean, T* squares) {
    const ChannelView& view = groups.view;
    if (view.inner == 1) {
        row_moments(x, groups.wide, 0, view.outer, mean, squares);
        return;
    }
    const Workspace<T> parts(2 * view.outer * view.channels);
    const Workspace<double> exact(2 * view.channels);
    T *part_means = parts.data(), *part_squares = part_means + view.outer * view.channels;
    for (int64_t i = 0; i < view.outer * view.channels; ++i) {
        plane_moments(x + i * view.inner, view.inner, part_means[i], part_squares[i]);
    }
    combine_moments(part_means, part_squares, view.outer, view.channels, [&](int64_t) { return view.inner; },
                    exact.data(), exact.data() + view.channels);
    for (int64_t c = 0; c < view.channels; ++c) {
        mean[c] = static_cast<T>(exact[c]);
        squares[c] = static_cast<T>(exact[view.channels + c] * static_cast<double>(view.outer * view.inner));
    }
}

// Calls rows(offset, length) with vectors repeated as WideRows has them, or plane(channel, offset).
template <typename Rows, typename Plane>
void over_sample(const Groups& groups, const Rows& rows, const Plane& plane) {
    const ChannelView& view = groups.view;
    if (view.inner == 1) {
        groups.wide.run(0, view.outer, rows);
        return;
    }
    for (int64_t i = 0; i < view.outer * view.channels; ++i) plane(i % view.channels, i * view.inner);
}

template <typename T>
nb::object forward(nb::handle x_given, nb::handle gamma_given, nb::handle beta_given, int64_t count, int axis,
                   double epsilon) {
    const Array<T> x(x_given, "x");
    const Groups groups(x, count, axis, "group_norm");
    const int64_t channels = groups.view.channels, width = groups.wide.width();
    const OptionalVector<T> gamma(gamma_given, "gamma", channels), beta(beta_given, "beta", channels);
    T *out, *mean, *inverse;
    const nb::object outs = new_array<T>(x.ndim(), x.dims(), out),
                     means = new_array<T>({groups.samples, count}, mean),
                     inverses = new_array<T>({groups.samples, count}, inverse);
    const T* xs = x.data();
    {
        const Unlocked unlocked(pays(groups.samples, groups.cost()));
        parallel_for(groups.samples, groups.cost(), [&](int64_t n) {
            const T* sample = xs + n * groups.view.size();
            T* into = out + n * groups.view.size();
            const Workspace<T> room(5 * channels + 3 * width);
            T *part_mean = room.data(), *squares = part_mean + channels, *vectors = squares + channels;
            T* wide = vectors + 3 * channels;  // mean, factor, offset, repeated
            sample_moments(sample, groups, part_mean, squares);
            const double size = static_cast<double>(groups.elements());
            const double share = size / static_cast<double>(groups.members);
            for (int64_t k = 0; k < count; ++k) {
                const double m = groups.sum(k, [&](int64_t c) { return static_cast<double>(part_mean[c]); }) /
                                 static_cast<double>(groups.members);
                const double variance = groups.sum(k, [&](int64_t c) {
                    const double off = part_mean[c] - m;
                    return squares[c] + share * off * off;
                }) / size;
                mean[n * count + k] = static_cast<T>(m);
                inverse[n * count + k] = static_cast<T>(1.0 / std::sqrt(variance + epsilon));
            }
            for (int64_t c = 0; c < channels; ++c) {
                vectors[c] = mean[n * count + c / groups.members];
                vectors[channels + c] = inverse[n * count + c / groups.members] * gamma(c, T(1));
                vectors[2 * channels + c] = beta(c, T(0));
            }
            for (int i = 0; i < 3; ++i) groups.wide.repeat(vectors + i * channels, wide + i * width);
            over_sample(
                groups,
                [=](int64_t at, int64_t length) {
                    affine_row(sample + at, wide, wide + width, wide + 2 * width, into + at, length);
                },
                [&](int64_t c, int64_t at) {
                    affine_plane(sample + at, vectors[c], vectors[channels + c], vectors[2 * channels + c], into + at,
                                 groups.view.inner);
                });
        });
    }
    return nb::steal(PyTuple_Pack(3, outs.ptr(), means.ptr(), inverses.ptr()));
}

template <typename T>
nb::object backward(nb::handle g_given, nb::handle x_given, nb::handle gamma_given, nb::handle mean_given,
                    nb::handle inverse_given, int64_t count, int axis) {
    const Array<T> g(g_given, "g"), x(x_given, "x"), mean(mean_given, "mean"), inverse(inverse_given, "inverse");
    const Groups groups(x, count, axis, "group_norm_grad");
    const int64_t channels = groups.view.channels, width = groups.wide.width(), inner = groups.view.inner;
    const OptionalVector<T> gamma(gamma_given, "gamma", channels);
    expect_size("group_norm_grad: elements of g", x.size(), g.size());
    expect_size("group_norm_grad: elements of mean", groups.samples * count, mean.size());
    expect_size("group_norm_grad: elements of inverse", groups.samples * count, inverse.size());
    T *gx, *ggamma, *gbeta;
    const nb::object gxs = new_array<T>(x.ndim(), x.dims(), gx), ggammas = new_array<T>({channels}, ggamma),
                     gbetas = new_array<T>({channels}, gbeta);
    const T *gs = g.data(), *xs = x.data(), *means = mean.data(), *inverses = inverse.data();
    {
        const Unlocked unlocked(pays(groups.samples, groups.cost()));
        const Workspace<T> partial(2 * groups.samples * channels);  // per sample: sums of g * (x - mean), of g
        parallel_for(groups.samples, groups.cost(), [&](int64_t n) {
            const int64_t start = n * groups.view.size();
            const T *gn = gs + start, *xn = xs + start;
            T *products = partial.data() + 2 * n * channels, *sums = products + channels;
            const Workspace<T> room(4 * channels + 6 * width);
            T *vectors = room.data(), *wide = vectors + 4 * channels;  // mean, factor, slope, curve
            T *sum = wide + 4 * width, *product = sum + width;
            for (int64_t c = 0; c < channels; ++c) vectors[c] = means[n * count + c / groups.members];
            groups.wide.repeat(vectors, wide);
            std::fill_n(sum, 2 * width, T(0));
            std::fill_n(products, 2 * channels, T(0));
            over_sample(
                groups,
                [=](int64_t at, int64_t length) { gradient_sums_row(gn + at, xn + at, wide, sum, product, length); },
                [&](int64_t c, int64_t at) {
                    T s, p;
                    gradient_sums(gn + at, xn + at, inner, vectors[c], s, p);
                    sums[c] += s;
                    products[c] += p;
                });
            if (inner == 1) {
                groups.wide.fold(sum, sums);
                groups.wide.fold(product, products);
            }
            const double size = static_cast<double>(groups.elements());
            for (int64_t k = 0; k < count; ++k) {
                const double inv = inverses[n * count + k];
                const double s = groups.sum(k, [&](int64_t c) { return double(gamma(c, T(1))) * sums[c]; });
                const double p = groups.sum(k, [&](int64_t c) { return double(gamma(c, T(1))) * products[c]; });
                for (int64_t c = k * groups.members; c < (k + 1) * groups.members; ++c) {
                    vectors[channels + c] = static_cast<T>(inv * gamma(c, T(1)));
                    vectors[2 * channels + c] = static_cast<T>(-inv * s / size);
                    vectors[3 * channels + c] = static_cast<T>(-inv * inv * inv * p / size);
                    products[c] = static_cast<T>(products[c] * inv);
                }
            }
            for (int i = 1; i < 4; ++i) groups.wide.repeat(vectors + i * channels, wide + i * width);
            over_sample(
                groups,
                [=](int64_t at, int64_t length) {
                    gradient_row(gn + at, xn + at, wide, wide + width, wide + 2 * width, wide + 3 * width,
                                 gx + start + at, length);
                },
                [&](int64_t c, int64_t at) {
                    gradient_plane(gn + at, xn + at, vectors[c], vectors[channels + c], vectors[2 * channels + c],
                                   vectors[3 * channels + c], gx + start + at, inner);
                });
        });
        std::fill_n(ggamma, channels, T(0));
        std::fill_n(gbeta, channels, T(0));
        for (int64_t n = 0; n < groups.samples; ++n) {
            const T *products = partial.data() + 2 * n * channels, *sums = products + channels;
            for (int64_t c = 0; c < channels; ++c) ggamma[c] += products[c];
            for (int64_t c = 0; c < channels; ++c) gbeta[c] += sums[c];
        }
    }
    return nb::steal(PyTuple_Pack(3, gxs.ptr(), ggammas.ptr(), gbetas.ptr()));
}

nb::object group_norm(nb::handle x, nb::handle gamma, nb::handle beta, int64_t groups, int axis, double epsilon) {
    return is_array_of<double>(x) ? forward<double>(x, gamma, beta, groups, axis, epsilon)
                                  : forward<float>(x, gamma, beta, groups, axis, epsilon);
}

nb::object group_norm_grad(nb::handle g, nb::handle x, nb::handle gamma, nb::handle mean, nb::handle inverse,
                           int64_t groups, int axis) {
    return is_array_of<double>(x) ? backward<double>(g, x, gamma, mean, inverse, groups, axis)
                                  : backward<float>(g, x, gamma, mean, inverse, groups, axis);
}

constexpr const char* group_norm_text = R"(Return `(x - mean) * inverse * gamma + beta`, the mean and `inverse`.

`inverse` is 1 / sqrt(variance + epsilon); the moments are those of each sample's `groups` groups of channels, which lie
on `axis`.

Shapes: x (n, ..., c, ...), not empty; gamma and beta (c,) or None -> that of x, (n, groups), (n, groups). float32 or
float64, the same for all; raises `TypeError` for another dtype, `ValueError` where sizes differ.

>>> group_norm(np.array([[1.0, 3.0, 5.0, 9.0]]), None, None, 2, -1, 0.0)
(array([[-1.,  1., -1.,  1.]]), array([[2., 7.]]), array([[1. , 0.5]])))";

constexpr const char* group_norm_grad_text = R"(Return the gradients (gx, ggamma, gbeta) of `group_norm`.

They follow from `g`, that of its first result, and from the mean and inverse it returned. The bits do not depend on the
number of threads. Errors as for `group_norm`.

>>> x, g = np.array([[1.0, 3.0, 5.0]]), np.array([[1.0, 0.0, 0.0]])
>>> _, mean, inverse = group_norm(x, None, None, 1, -1, 0.0)
>>> [array.round(3).tolist() for array in group_norm_grad(g, x, None, mean, inverse, 1, -1)]
[[[0.102, -0.204, 0.102]], [-1.225, 0.0, 0.0], [1.0, 0.0, 0.0]])";

}  // namespace

void define_group_norm(nb::module_& m) {
    m.def("group_norm", &group_norm, nb::arg("x"), nb::arg("gamma").none(), nb::arg("beta").none(), nb::arg("groups"),
          nb::arg("axis"), nb::arg("epsilon"), group_norm_text);
    m.def("group_norm_grad", &group_norm_grad, nb::arg("g"), nb::arg("x"), nb::arg("gamma").none(), nb::arg("mean"),
          nb::arg("inverse"), nb::arg("groups"), nb::arg("axis"), group_norm_grad_text);
}

}  // namespace kx
