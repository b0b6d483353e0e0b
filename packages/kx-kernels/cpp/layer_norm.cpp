// Loops and bindings of layer and root-mean-square normalization over the last axes: one row is one sample.
#include "cpu/channels.hpp"
#include "families.hpp"

namespace kx {
namespace {

template <typename T>
void row_statistics(const T* x, int64_t cols, bool centre, double epsilon, T& mean, T& inverse) {
    T squares;
    if (centre) {
        plane_moments(x, cols, mean, squares);
    } else {
        T sum;
        mean = T(0);
        shifted_moments(x, cols, mean, sum, squares);
    }
    inverse = static_cast<T>(1.0 / std::sqrt(static_cast<double>(squares) / static_cast<double>(cols) + epsilon));
}

// The vectors of a layer as arrays that are there in any case: 1 for a missing gamma, 0 for a missing beta.
template <typename T>
void fill(const OptionalVector<T>& vector, T otherwise, int64_t cols, T* into) {
    for (int64_t j = 0; j < cols; ++j) into[j] = vector(j, otherwise);
}

// The number of elements of the last `axes` axes.
template <typename T>
int64_t columns_of(const Array<T>& x, int axes) {
    if (axes < 1 || axes > x.ndim()) throw nb::value_error("layer_norm: axes must be 1 or more, at most those of x");
    int64_t cols = 1;
    for (int i = x.ndim() - axes; i < x.ndim(); ++i) cols *= x.shape(i);
    return cols;
}

template <typename T>
nb::object forward(nb::handle x_given, nb::handle gamma_given, nb::handle beta_given, int axes, double epsilon,
                   bool centre) {
    const Array<T> x(x_given, "x");
    const int64_t cols = columns_of(x, axes);
    const OptionalVector<T> gamma(gamma_given, "gamma", cols), beta(beta_given, "beta", cols);
    if (x.size() == 0) throw nb::value_error("layer_norm: x is empty");
    const int64_t rows = x.size() / cols;
    T *out, *mean, *inverse;
    const nb::object outs = new_array<T>(x.ndim(), x.dims(), out), means = new_array<T>({rows}, mean),
                     inverses = new_array<T>({rows}, inverse);
    const T* xs = x.data();
    const RowBlocks blocks(rows, cols);
    {
        const Unlocked unlocked(blocks.large());
        const Workspace<T> room(2 * cols);
        T *factor = room.data(), *offset = factor + cols;
        fill(gamma, T(1), cols, factor);
        fill(beta, T(0), cols, offset);
        blocks.run([=](int64_t, int64_t first, int64_t last) {
            for (int64_t i = first; i < last; ++i) {
                row_statistics(xs + i * cols, cols, centre, epsilon, mean[i], inverse[i]);
                layer_row(xs + i * cols, mean[i], inverse[i], factor, offset, out + i * cols, cols);
            }
        });
    }
    return nb::steal(PyTuple_Pack(3, outs.ptr(), means.ptr(), inverses.ptr()));
}

template <typename T>
nb::object backward(nb::handle g_given, nb::handle x_given, nb::handle gamma_given, nb::handle mean_given,
                    nb::handle inverse_given, int axes, bool centre, bool need_vectors) {
    const Array<T> g(g_given, "g"), x(x_given, "x"), mean(mean_given, "mean"), inverse(inverse_given, "inverse");
    const int64_t cols = columns_of(x, axes);
    const OptionalVector<T> gamma(gamma_given, "gamma", cols);
    if (x.size() == 0) throw nb::value_error("layer_norm_grad: x is empty");
    const int64_t rows = x.size() / cols;
    expect_size("layer_norm_grad: elements of g", x.size(), g.size());
    expect_size("layer_norm_grad: length of mean", rows, mean.size());
    expect_size("layer_norm_grad: length of inverse", rows, inverse.size());
    T *gx, *ggamma = nullptr, *gbeta = nullptr;
    const nb::object gxs = new_array<T>(x.ndim(), x.dims(), gx);
    nb::object ggammas = nb::none(), gbetas = nb::none();
    if (need_vectors) {
        ggammas = new_array<T>(axes, x.dims() + x.ndim() - axes, ggamma);
        gbetas = new_array<T>(axes, x.dims() + x.ndim() - axes, gbeta);
    }
    const T *gs = g.data(), *xs = x.data(), *means = mean.data(), *inverses = inverse.data();
    const RowBlocks blocks(rows, cols);
    {
        const Unlocked unlocked(blocks.large());
        const Workspace<T> room(cols), partial(need_vectors ? 2 * blocks.count * cols : 0);
        T* factor = room.data();
        fill(gamma, T(1), cols, factor);
        blocks.run([=, &partial](int64_t block, int64_t first, int64_t last) {
            T* vectors = partial.data() + 2 * block * cols;
            if (need_vectors) std::fill_n(vectors, 2 * cols, T(0));
            for (int64_t i = first; i < last; ++i) {
                const T *grow = gs + i * cols, *xrow = xs + i * cols;
                const T m = means[i], inv = inverses[i];
                T sum, product;
                weighted_gradient_sums(grow, xrow, factor, cols, m, sum, product);
                const T slope = centre ? sum / T(cols) : T(0), curve = product / T(cols) * inv * inv;
                layer_gradient_row(grow, xrow, factor, m, inv, slope, curve, gx + i * cols, cols);
                if (need_vectors) layer_vectors_row(grow, xrow, m, inv, vectors, vectors + cols, cols);
            }
        });
        if (need_vectors) {
            std::fill_n(ggamma, cols, T(0));
            std::fill_n(gbeta, cols, T(0));
            for (int64_t block = 0; block < blocks.count; ++block) {
                const T* vectors = partial.data() + 2 * block * cols;
                for (int64_t j = 0; j < cols; ++j) ggamma[j] += vectors[j];
                for (int64_t j = 0; j < cols; ++j) gbeta[j] += vectors[cols + j];
            }
        }
    }
    return nb::steal(PyTuple_Pack(3, gxs.ptr(), ggammas.ptr(), gbetas.ptr()));
}

nb::object layer_norm(nb::handle x, nb::handle gamma, nb::handle beta, int axes, double epsilon, bool centre) {
    return is_array_of<double>(x) ? forward<double>(x, gamma, beta, axes, epsilon, centre)
                                  : forward<float>(x, gamma, beta, axes, epsilon, centre);
}

nb::object layer_norm_grad(nb::handle g, nb::handle x, nb::handle gamma, nb::handle mean, nb::handle inverse, int axes,
                           bool centre, bool need_vectors) {
    return is_array_of<double>(x) ? backward<double>(g, x, gamma, mean, inverse, axes, centre, need_vectors)
                                  : backward<float>(g, x, gamma, mean, inverse, axes, centre, need_vectors);
}

constexpr const char* layer_norm_text = R"(Return `(x - mean) * inverse * gamma + beta`, the mean and `inverse`.

`inverse` is 1 / sqrt(variance + epsilon); both moments are those over the last `axes` axes. Without `centre` the mean
is 0 and the variance the mean square.

Shapes: x (rows..., d...), not empty; gamma and beta (d...) or None -> that of x, (rows), (rows). float32 or float64,
the same for all; raises `TypeError` for another dtype, `ValueError` where sizes differ.

>>> layer_norm(np.array([[1.0, 3.0]]), None, np.array([1.0, 2.0]), 1, 0.0, True)
(array([[0., 3.]]), array([2.]), array([1.])))";

constexpr const char* layer_norm_grad_text = R"(Return the gradients (gx, ggamma, gbeta) of `layer_norm`.

They follow from `g`, that of its first result, and from the mean and inverse it returned; the last two are None
unless `need_vectors`. g and x are read once. The bits do not depend on the number of threads. Errors as for
`layer_norm`.

>>> x, g = np.array([[1.0, 3.0, 5.0]]), np.array([[1.0, 0.0, 0.0]])
>>> _, mean, inverse = layer_norm(x, None, None, 1, 0.0, True)
>>> [array.round(3).tolist() for array in layer_norm_grad(g, x, None, mean, inverse, 1, True)]
[[[0.102, -0.204, 0.102]], [-1.225, 0.0, 0.0], [1.0, 0.0, 0.0]])";

}  // namespace

void define_layer_norm(nb::module_& m) {
    m.def("layer_norm", &layer_norm, nb::arg("x"), nb::arg("gamma").none(), nb::arg("beta").none(), nb::arg("axes"),
          nb::arg("epsilon"), nb::arg("centre"), layer_norm_text);
    m.def("layer_norm_grad", &layer_norm_grad, nb::arg("g"), nb::arg("x"), nb::arg("gamma").none(), nb::arg("mean"),
          nb::arg("inverse"), nb::arg("axes"), nb::arg("centre"), nb::arg("need_vectors") = true,
          layer_norm_grad_text);
}

}  // namespace kx
