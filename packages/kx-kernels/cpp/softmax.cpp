// Loops and bindings of softmax and log_softmax over the last axis.
#include "bodies/softmax.hpp"

#include "cpu/arrays.hpp"
#include "cpu/parallel.hpp"
#include "families.hpp"

namespace kx {
namespace {

// Calls row(i) for the rows of the last axis of `x`, and returns how long they are.
template <class Row>
void over_rows(const Array<float>& x, const Row& row) {
    const int64_t cols = x.ndim() ? x.shape(-1) : 1;
    const RowBlocks blocks(cols ? x.size() / cols : 0, cols, 8.0);
    const Unlocked unlocked(blocks.large());
    blocks.run([=](int64_t, int64_t first, int64_t last) {
        for (int64_t i = first; i < last; ++i) row(i * cols, cols);
    });
}

nb::object softmax(nb::handle x_given) {
    const Array<float> x(x_given, "x");
    float* y;
    const nb::object out = new_array<float>(x.ndim(), x.dims(), y);
    const float* xs = x.data();
    over_rows(x, [=](int64_t at, int64_t cols) { softmax_row(xs + at, y + at, cols); });
    return out;
}

nb::object log_softmax(nb::handle x_given) {
    const Array<float> x(x_given, "x");
    float* y;
    const nb::object out = new_array<float>(x.ndim(), x.dims(), y);
    const float* xs = x.data();
    over_rows(x, [=](int64_t at, int64_t cols) { log_softmax_row(xs + at, y + at, cols); });
    return out;
}

nb::object softmax_grad(nb::handle g_given, nb::handle out_given) {
    const Array<float> g(g_given, "g"), out(out_given, "out");
    expect_size("softmax_grad: elements of g", out.size(), g.size());
    float* gx;
    const nb::object result = new_array<float>(out.ndim(), out.dims(), gx);
    const float *gs = g.data(), *y = out.data();
    over_rows(out, [=](int64_t at, int64_t cols) { softmax_grad_row(gs + at, y + at, gx + at, cols); });
    return result;
}

nb::object log_softmax_grad(nb::handle g_given, nb::handle out_given) {
    const Array<float> g(g_given, "g"), out(out_given, "out");
    expect_size("log_softmax_grad: elements of g", out.size(), g.size());
    float* gx;
    const nb::object result = new_array<float>(out.ndim(), out.dims(), gx);
    const float *gs = g.data(), *y = out.data();
    over_rows(out, [=](int64_t at, int64_t cols) { log_softmax_grad_row(gs + at, y + at, gx + at, cols); });
    return result;
}

constexpr const char* softmax_text = R"(Return exp(x) / sum(exp(x)), the sum over the last axis; float32.

A row with a NaN, or with an infinity that is not the least, is NaN.

>>> softmax(np.float32([[1, 1], [1000, 0]]))
array([[0.5, 0.5],
       [1. , 0. ]], dtype=float32))";

constexpr const char* softmax_grad_text = R"(Return the gradient of `softmax` from `g`, that of its result `out`.

>>> softmax_grad(np.float32([1, 0]), np.float32([0.5, 0.5]))
array([ 0.25, -0.25], dtype=float32))";

constexpr const char* log_softmax_text = R"(Return x - log(sum(exp(x))), the sum over the last axis; float32.

>>> log_softmax(np.float32([0, 1000]))
array([-1000.,     0.], dtype=float32))";

constexpr const char* log_softmax_grad_text = R"(Return the gradient of `log_softmax` from `g`, that of its result `out`.

>>> log_softmax_grad(np.float32([1, 0]), np.float32([0, -1000]))
array([0., 0.], dtype=float32))";

}  // namespace

void define_softmax(nb::module_& m) {
    m.def("softmax", &softmax, nb::arg("x"), softmax_text);
    m.def("softmax_grad", &softmax_grad, nb::arg("g"), nb::arg("out"), softmax_grad_text);
    m.def("log_softmax", &log_softmax, nb::arg("x"), log_softmax_text);
    m.def("log_softmax_grad", &log_softmax_grad, nb::arg("g"), nb::arg("out"), log_softmax_grad_text);
}

}  // namespace kx
