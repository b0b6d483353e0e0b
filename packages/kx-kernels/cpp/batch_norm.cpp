// Loops and bindings of batch normalization. x is seen as (outer, channels, inner): with inner 1 the channels lie side
// by side in rows, else each has planes of its own.
#include "cpu/channels.hpp"
#include "families.hpp"

namespace kx {
namespace {

// How an array is cut: blocks of rows, or the planes of one outer index. Depends on the shape only.
struct Cut {
    ChannelView view;
    bool rows;
    RowBlocks blocks;
    WideRows wide;

    explicit Cut(const ChannelView& view)
        : view(view),
          rows(view.inner == 1),
          blocks(rows ? view.outer : 0, view.channels),
          wide(view.channels) {}
    int64_t parts() const { return rows ? blocks.count : view.outer; }
    int64_t part_size(int64_t part) const {
        if (!rows) return view.inner;
        return std::min(blocks.rows_per_block, view.outer - part * blocks.rows_per_block);
    }
    bool large() const { return rows ? blocks.large() : pays(view.outer, cost()); }
    double cost() const { return static_cast<double>(view.channels) * static_cast<double>(view.inner); }

    // Calls on_rows(part, first row, last row), or on_plane(part, channel, offset) for each plane.
    template <typename OnRows, typename OnPlane>
    void run(const OnRows& on_rows, const OnPlane& on_plane) const {
        if (rows) {
            blocks.run(on_rows);
            return;
        }
        parallel_for(view.outer, cost(), [&](int64_t n) {
            for (int64_t c = 0; c < view.channels; ++c) on_plane(n, c, (n * view.channels + c) * view.inner);
        });
    }
};

// Vectors of channels: as they are, and repeated for WideRows.
template <typename T, int Count>
struct Vectors {
    Workspace<T> room;
    T *plain[Count], *wide[Count];

    explicit Vectors(const WideRows& rows) : room(Count * (rows.channels + rows.width())) {
        for (int i = 0; i < Count; ++i) {
            plain[i] = room.data() + i * rows.channels;
            wide[i] = room.data() + Count * rows.channels + i * rows.width();
        }
    }
    void repeat(const WideRows& rows) {
        for (int i = 0; i < Count; ++i) rows.repeat(plain[i], wide[i]);
    }
};

template <typename T>
void write_affine(const Cut& cut, Vectors<T, 3>& vectors, const T* x, T* out) {
    vectors.repeat(cut.wide);
    const T *mean = vectors.wide[0], *factor = vectors.wide[1], *offset = vectors.wide[2];
    T* const* plain = vectors.plain;
    cut.run(
        [&](int64_t, int64_t first, int64_t last) {
            cut.wide.run(first, last, [=](int64_t at, int64_t length) {
                affine_row(x + at, mean, factor, offset, out + at, length);
            });
        },
        [&](int64_t, int64_t c, int64_t at) {
            affine_plane(x + at, plain[0][c], plain[1][c], plain[2][c], out + at, cut.view.inner);
        });
}

template <typename T>
nb::object forward(nb::handle x_given, nb::handle scale_given, nb::handle offset_given, int axis, double epsilon) {
    const Array<T> x(x_given, "x");
    const Cut cut(ChannelView(x, axis, "batch_norm"));
    const int64_t channels = cut.view.channels;
    const OptionalVector<T> scale(scale_given, "scale", channels), offset(offset_given, "offset", channels);
    if (x.size() == 0) throw nb::value_error("batch_norm: x is empty");
    T *out, *mean, *variance, *inverse;
    const nb::object outs = new_array<T>(x.ndim(), x.dims(), out), means = new_array<T>({channels}, mean),
                     variances = new_array<T>({channels}, variance), inverses = new_array<T>({channels}, inverse);
    const T* xs = x.data();
    {
        const Unlocked unlocked(cut.large());
        const int64_t parts = cut.parts();
        const Workspace<T> partial(2 * parts * channels);
        T *part_means = partial.data(), *part_squares = part_means + parts * channels;
        cut.run(
            [&](int64_t part, int64_t first, int64_t last) {
                row_moments(xs, cut.wide, first, last, part_means + part * channels, part_squares + part * channels);
            },
            [&](int64_t n, int64_t c, int64_t at) {
                plane_moments(xs + at, cut.view.inner, part_means[n * channels + c], part_squares[n * channels + c]);
            });
        const Workspace<double> exact(2 * channels);
        combine_moments(part_means, part_squares, parts, channels, [&](int64_t p) { return cut.part_size(p); },
                        exact.data(), exact.data() + channels);
        Vectors<T, 3> vectors(cut.wide);
        for (int64_t c = 0; c < channels; ++c) {
            mean[c] = vectors.plain[0][c] = static_cast<T>(exact[c]);
            variance[c] = static_cast<T>(exact[channels + c]);
            inverse[c] = static_cast<T>(1.0 / std::sqrt(exact[channels + c] + epsilon));
            vectors.plain[1][c] = inverse[c] * scale(c, T(1));
            vectors.plain[2][c] = offset(c, T(0));
        }
        write_affine(cut, vectors, xs, out);
    }
    return nb::steal(PyTuple_Pack(4, outs.ptr(), means.ptr(), variances.ptr(), inverses.ptr()));
}

template <typename T>
nb::object backward(nb::handle g_given, nb::handle x_given, nb::handle scale_given, nb::handle mean_given,
                    nb::handle inverse_given, int axis, bool need_x) {
    const Array<T> g(g_given, "g"), x(x_given, "x");
    const Cut cut(ChannelView(x, axis, "batch_norm_grad"));
    const int64_t channels = cut.view.channels, inner = cut.view.inner;
    const Array<T> mean(mean_given, "mean"), inverse(inverse_given, "inverse");
    const OptionalVector<T> scale(scale_given, "scale", channels);
    expect_size("batch_norm_grad: elements of g", x.size(), g.size());
    expect_size("batch_norm_grad: length of mean", channels, mean.size());
    expect_size("batch_norm_grad: length of inverse", channels, inverse.size());
    if (x.size() == 0) throw nb::value_error("batch_norm_grad: x is empty");
    T *gx = nullptr, *gscale, *goffset;
    nb::object gxs = nb::none();
    if (need_x) gxs = new_array<T>(x.ndim(), x.dims(), gx);
    const nb::object gscales = new_array<T>({channels}, gscale), goffsets = new_array<T>({channels}, goffset);
    const T *gs = g.data(), *xs = x.data();
    {
        const Unlocked unlocked(cut.large());
        Vectors<T, 4> vectors(cut.wide);  // mean, factor, slope, curve
        std::copy_n(mean.data(), channels, vectors.plain[0]);
        cut.wide.repeat(vectors.plain[0], vectors.wide[0]);
        const int64_t parts = cut.parts();
        const Workspace<T> partial(2 * parts * channels);
        T *sums = partial.data(), *products = sums + parts * channels;
        cut.run(
            [&](int64_t part, int64_t first, int64_t last) {
                const int64_t width = cut.wide.width();
                const Workspace<T> room(2 * width);
                T *sum = room.data(), *product = sum + width;
                std::fill_n(sum, 2 * width, T(0));
                cut.wide.run(first, last, [&, sum, product](int64_t at, int64_t length) {
                    gradient_sums_row(gs + at, xs + at, vectors.wide[0], sum, product, length);
                });
                cut.wide.fold(sum, sums + part * channels);
                cut.wide.fold(product, products + part * channels);
            },
            [&](int64_t n, int64_t c, int64_t at) {
                gradient_sums(gs + at, xs + at, inner, mean.data()[c], sums[n * channels + c],
                              products[n * channels + c]);
            });
        const double count = static_cast<double>(cut.view.outer) * static_cast<double>(inner);
        for (int64_t c = 0; c < channels; ++c) {
            double sum = 0, product = 0;
            for (int64_t p = 0; p < parts; ++p) {
                sum += sums[p * channels + c];
                product += products[p * channels + c];
            }
            const double inv = inverse.data()[c], factor = inv * scale(c, T(1));
            goffset[c] = static_cast<T>(sum);
            gscale[c] = static_cast<T>(product * inv);
            vectors.plain[1][c] = static_cast<T>(factor);
            vectors.plain[2][c] = static_cast<T>(-factor * sum / count);
            vectors.plain[3][c] = static_cast<T>(-factor * inv * inv * product / count);
        }
        if (need_x) {
            vectors.repeat(cut.wide);
            T *const *plain = vectors.plain, *const *wide = vectors.wide;
            cut.run(
                [&](int64_t, int64_t first, int64_t last) {
                    cut.wide.run(first, last, [=](int64_t at, int64_t length) {
                        gradient_row(gs + at, xs + at, wide[0], wide[1], wide[2], wide[3], gx + at, length);
                    });
                },
                [&](int64_t, int64_t c, int64_t at) {
                    gradient_plane(gs + at, xs + at, plain[0][c], plain[1][c], plain[2][c], plain[3][c], gx + at,
                                   inner);
                });
        }
    }
    return nb::steal(PyTuple_Pack(3, gxs.ptr(), gscales.ptr(), goffsets.ptr()));
}

template <typename T>
nb::object affine(nb::handle x_given, nb::handle mean_given, nb::handle factor_given, nb::handle offset_given,
                  int axis) {
    const Array<T> x(x_given, "x");
    const Cut cut(ChannelView(x, axis, "channel_affine"));
    const int64_t channels = cut.view.channels;
    const OptionalVector<T> mean(mean_given, "mean", channels), factor(factor_given, "factor", channels),
        offset(offset_given, "offset", channels);
    T* out;
    const nb::object outs = new_array<T>(x.ndim(), x.dims(), out);
    const T* xs = x.data();
    {
        const Unlocked unlocked(cut.large());
        Vectors<T, 3> vectors(cut.wide);
        for (int64_t c = 0; c < channels; ++c) {
            vectors.plain[0][c] = mean(c, T(0));
            vectors.plain[1][c] = factor(c, T(1));
            vectors.plain[2][c] = offset(c, T(0));
        }
        write_affine(cut, vectors, xs, out);
    }
    return outs;
}

nb::object batch_norm(nb::handle x, nb::handle scale, nb::handle offset, int axis, double epsilon) {
    return is_array_of<double>(x) ? forward<double>(x, scale, offset, axis, epsilon)
                                  : forward<float>(x, scale, offset, axis, epsilon);
}

nb::object batch_norm_grad(nb::handle g, nb::handle x, nb::handle scale, nb::handle mean, nb::handle inverse, int axis,
                           bool need_x) {
    return is_array_of<double>(x) ? backward<double>(g, x, scale, mean, inverse, axis, need_x)
                                  : backward<float>(g, x, scale, mean, inverse, axis, need_x);
}

nb::object channel_affine(nb::handle x, nb::handle mean, nb::handle factor, nb::handle offset, int axis) {
    return is_array_of<double>(x) ? affine<double>(x, mean, factor, offset, axis)
                                  : affine<float>(x, mean, factor, offset, axis);
}

constexpr const char* batch_norm_text = R"(Return `(x - mean) / sqrt(variance + epsilon) * scale + offset`.

The moments are those of x over all axes but `axis`: the result is (out, mean, variance, 1 / sqrt(variance + epsilon)), x being
read twice and `out` written once.

Shapes: x (..., c, ...), not empty; scale and offset (c,) or None; float32 or float64, the same for all. The bits do not
depend on the number of threads. Raises `TypeError` for another dtype, `ValueError` where sizes differ.

>>> batch_norm(np.array([[1.0], [3.0]]), None, None, -1, 0.0)
(array([[-1.],
       [ 1.]]), array([2.]), array([1.]), array([1.])))";

constexpr const char* batch_norm_grad_text = R"(Return the gradients (gx, gscale, goffset) of `batch_norm`.

They follow from `g`, that of its first result, and from the mean and 1 / sqrt(variance + epsilon) it returned;
gx is None unless `need_x`. g and x are read twice, gx is written once. Shapes and errors as for `batch_norm`.

>>> g, x = np.array([[1.0], [2.0], [6.0]]), np.array([[1.0], [1.0], [4.0]])
>>> _, mean, _, inverse = batch_norm(x, None, None, -1, 0.0)
>>> [array.round(3).tolist() for array in batch_norm_grad(g, x, None, mean, inverse, -1)]
[[[-0.354], [0.354], [0.0]], [6.364], [9.0]])";

constexpr const char* channel_affine_text = R"(Return `(x - mean) * factor + offset`, with vectors that go along `axis`.

Shapes: x (..., c, ...), the vectors (c,) or None for 0, 1 and 0. dtypes and errors as for `batch_norm`.

>>> channel_affine(np.array([[1.0], [3.0]]), np.array([1.0]), np.array([0.5]), None, -1).tolist()
[[0.0], [1.0]])";

}  // namespace

void define_batch_norm(nb::module_& m) {
    m.def("batch_norm", &batch_norm, nb::arg("x"), nb::arg("scale").none(), nb::arg("offset").none(), nb::arg("axis"),
          nb::arg("epsilon"), batch_norm_text);
    m.def("batch_norm_grad", &batch_norm_grad, nb::arg("g"), nb::arg("x"), nb::arg("scale").none(), nb::arg("mean"),
          nb::arg("inverse"), nb::arg("axis"), nb::arg("need_x") = true, batch_norm_grad_text);
    m.def("channel_affine", &channel_affine, nb::arg("x"), nb::arg("mean").none(), nb::arg("factor").none(),
          nb::arg("offset").none(), nb::arg("axis"), channel_affine_text);
}

}  // namespace kx
