// Squared and absolute errors of predictions, averaged over everything or over the last axis, with their gradients.
#include "bodies/errors.hpp"

#include "cpu/arrays.hpp"
#include "cpu/parallel.hpp"
#include "cpu/workspace.hpp"
#include "families.hpp"

namespace kx {
namespace {

constexpr int64_t block = 16384;  // elements summed at once where all are averaged

template <typename T>
void expect_alike(const Array<T>& target, const Array<T>& prediction) {
    expect_size("errors: axes of y_true", prediction.ndim(), target.ndim());
    for (int axis = 0; axis < prediction.ndim(); ++axis) {
        expect_size("errors: size of y_true", prediction.shape(axis), target.shape(axis));
    }
    if (prediction.ndim() < 1) throw nb::value_error("errors: expected arrays with 1 or more axes, got 0");
}

template <typename Error, typename T>
nb::object mean_error(nb::handle target_given, nb::handle prediction_given, bool average) {
    const Array<T> target(target_given, "y_true"), prediction(prediction_given, "y_pred");
    expect_alike(target, prediction);
    const T *t = target.data(), *p = prediction.data();
    const int64_t size = prediction.size(), cols = prediction.shape(-1);
    T* out;
    if (average) {
        const nb::object result = new_array<T>(0, nullptr, out);
        const int64_t blocks = (size + block - 1) / block;
        const Workspace<double> sums(blocks);
        const Unlocked unlocked(pays(blocks, block));
        parallel_for(blocks, block, [=, &sums](int64_t k) {
            sums[k] = error_sum<Error>(t + k * block, p + k * block, std::min(block, size - k * block));
        });
        double sum = 0;
        for (int64_t k = 0; k < blocks; ++k) sum += sums[k];
        *out = static_cast<T>(sum / static_cast<double>(size ? size : 1));
        return result;
    }
    const nb::object result = new_array<T>(prediction.ndim() - 1, prediction.dims(), out);
    const int64_t rows = cols ? size / cols : 0;
    const RowBlocks blocks(rows, cols);
    const Unlocked unlocked(blocks.large());
    blocks.run([=](int64_t, int64_t first, int64_t last) {
        for (int64_t i = first; i < last; ++i) {
            out[i] = static_cast<T>(error_sum<Error>(t + i * cols, p + i * cols, cols) / static_cast<double>(cols));
        }
    });
    return result;
}

// `g` is the gradient of the mean over everything (0-d) or of those over the last axis.
template <typename Error, typename T>
nb::object mean_error_grad(nb::handle g_given, nb::handle target_given, nb::handle prediction_given, bool average) {
    const Array<T> g(g_given, "g"), target(target_given, "y_true"), prediction(prediction_given, "y_pred");
    expect_alike(target, prediction);
    const T *gs = g.data(), *t = target.data(), *p = prediction.data();
    const int64_t size = prediction.size(), cols = prediction.shape(-1), rows = cols ? size / cols : 0;
    expect_size("errors: elements of g", average ? 1 : rows, g.size());
    T* out;
    const nb::object result = new_array<T>(prediction.ndim(), prediction.dims(), out);
    const T share = static_cast<T>(1.0 / static_cast<double>(average ? (size ? size : 1) : (cols ? cols : 1)));
    const RowBlocks blocks(rows, cols);
    const Unlocked unlocked(blocks.large());
    blocks.run([=](int64_t, int64_t first, int64_t last) {
        for (int64_t i = first; i < last; ++i) {
            const int64_t at = i * cols;
            error_slopes<Error>(t + at, p + at, gs[average ? 0 : i] * share, out + at, cols);
        }
    });
    return result;
}

template <typename Error>
nb::object mean_error_of(nb::handle target, nb::handle prediction, bool average) {
    return is_array_of<double>(prediction) ? mean_error<Error, double>(target, prediction, average)
                                           : mean_error<Error, float>(target, prediction, average);
}

template <typename Error>
nb::object mean_error_grad_of(nb::handle g, nb::handle target, nb::handle prediction, bool average) {
    return is_array_of<double>(prediction) ? mean_error_grad<Error, double>(g, target, prediction, average)
                                           : mean_error_grad<Error, float>(g, target, prediction, average);
}

constexpr const char* squared_text = R"(Return the mean of `(y_pred - y_true)^2` over the last axis, or over all.

Shapes: y_true, y_pred (..., d), float32 or float64 -> (...), or () with `average`. Raises `TypeError` for another
dtype, `ValueError` where shapes differ.

>>> squared_error(np.array([[0.0, 0.0]]), np.array([[1.0, 3.0]]), False)
array([5.]))";

constexpr const char* squared_grad_text = R"(Return the gradient of `squared_error` with respect to `y_pred`.

`g` is that of the result. Errors as for `squared_error`.

>>> squared_error_grad(np.array([1.0]), np.array([[0.0, 0.0]]), np.array([[1.0, 3.0]]), False)
array([[1., 3.]]))";

constexpr const char* absolute_text = R"(Return the mean of `abs(y_pred - y_true)` over the last axis, or over all.

Shapes and errors as for `squared_error`.

>>> absolute_error(np.array([[0.0, 0.0]]), np.array([[-1.0, 3.0]]), False)
array([2.]))";

constexpr const char* absolute_grad_text = R"(Return the gradient of `absolute_error` with respect to `y_pred`.

>>> absolute_error_grad(np.array([1.0]), np.array([[0.0, 0.0]]), np.array([[-1.0, 3.0]]), False)
array([[-0.5,  0.5]]))";

}  // namespace

void define_errors(nb::module_& m) {
    const nb::arg t("y_true"), p("y_pred"), average("average"), g("g");
    m.def("squared_error", &mean_error_of<Squared>, t, p, average, squared_text);
    m.def("squared_error_grad", &mean_error_grad_of<Squared>, g, t, p, average, squared_grad_text);
    m.def("absolute_error", &mean_error_of<Absolute>, t, p, average, absolute_text);
    m.def("absolute_error_grad", &mean_error_grad_of<Absolute>, g, t, p, average, absolute_grad_text);
}

}  // namespace kx
