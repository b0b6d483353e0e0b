// Loops and bindings of the activation kernels.
#include "bodies/activation.hpp"

#include <algorithm>

#include "cpu/arrays.hpp"
#include "cpu/parallel.hpp"
#include "cpu/workspace.hpp"
#include "families.hpp"

namespace kx {
namespace {

template <typename T>
void add_bias_relu(nb::handle y_given, nb::handle bias_given) {
    const OutArray<T> y(y_given, "y");
    const Array<T> bias(bias_given, "bias");
    expect_size("bias_relu: axes of y", 2, y.ndim());
    const int64_t rows = y.shape(0), cols = y.shape(1);
    expect_size("bias_relu: length of bias", cols, bias.size());
    T* out = y.data();
    const T* b = bias.data();
    const RowBlocks blocks(rows, cols);
    const Unlocked unlocked(blocks.large());
    blocks.run([=](int64_t, int64_t first, int64_t last) {
        for (int64_t i = first; i < last; ++i) bias_relu_row(out + i * cols, b, cols);
    });
}

template <typename T>
nb::object through_bias_relu(nb::handle g_given, nb::handle y_given) {
    const Array<T> g(g_given, "g"), y(y_given, "y");
    expect_size("bias_relu_grad: axes of g", 2, g.ndim());
    expect_size("bias_relu_grad: axes of y", 2, y.ndim());
    const int64_t rows = g.shape(0), cols = g.shape(1);
    expect_size("bias_relu_grad: rows of y", rows, y.shape(0));
    expect_size("bias_relu_grad: columns of y", cols, y.shape(1));
    T *gxs, *sum;
    const nb::object gx = new_array<T>(2, g.dims(), gxs), gbias = new_array<T>({cols}, sum);
    const T *gs = g.data(), *ys = y.data();
    const RowBlocks blocks(rows, cols);
    const Workspace<T> partial(blocks.count * cols);  // one row of sums per block
    {
        const Unlocked unlocked(blocks.large());
        std::fill_n(partial.data(), blocks.count * cols, T(0));
        blocks.run([=, &partial](int64_t block, int64_t first, int64_t last) {
            T* into = partial.data() + block * cols;
            for (int64_t i = first; i < last; ++i) {
                bias_relu_grad_row(gs + i * cols, ys + i * cols, gxs + i * cols, into, cols);
            }
        });
        std::fill_n(sum, cols, T(0));
        for (int64_t block = 0; block < blocks.count; ++block) {
            for (int64_t j = 0; j < cols; ++j) sum[j] += partial[block * cols + j];
        }
    }
    return nb::steal(PyTuple_Pack(2, gx.ptr(), gbias.ptr()));
}

void bias_relu(nb::handle y, nb::handle bias) {
    is_array_of<double>(y) ? add_bias_relu<double>(y, bias) : add_bias_relu<float>(y, bias);
}

nb::object bias_relu_grad(nb::handle g, nb::handle y) {
    return is_array_of<double>(g) ? through_bias_relu<double>(g, y) : through_bias_relu<float>(g, y);
}

constexpr const char* bias_relu_text = R"(Replace `y` by `max(y + bias, 0)`, in place and in one pass; a NaN stays a NaN.

Shapes: y (n, d), C-contiguous and writable; bias (d,). Raises `TypeError` for any other layout or dtype
than float32 or float64 (the same for both), `ValueError` where the sizes differ.

>>> y = np.array([[1.0, -2.0], [3.0, 4.0]])
>>> bias_relu(y, np.array([0.5, 1.0]))
>>> y
array([[1.5, 0. ],
       [3.5, 5. ]]))";

constexpr const char* bias_relu_grad_text = R"(Return `gx = g * (y > 0)` and `gbias`, its sum over rows, in one pass.

`y` came out of `bias_relu`. Shapes: g, y (n, d) -> (n, d), (d,). Errors as for `bias_relu`. The bits of the sums do
not depend on the number of threads.

>>> bias_relu_grad(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.5, 0.0], [3.5, 5.0]]))
(array([[1., 0.],
       [3., 4.]]), array([4., 4.])))";

}  // namespace

void define_activation(nb::module_& m) {
    m.def("bias_relu", &bias_relu, nb::arg("y"), nb::arg("bias"), bias_relu_text);
    m.def("bias_relu_grad", &bias_relu_grad, nb::arg("g"), nb::arg("y"), bias_relu_grad_text);
}

}  // namespace kx
