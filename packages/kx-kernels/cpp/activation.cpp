// Loops and bindings of the activation kernels.
#include "activation.hpp"

#include <algorithm>
#include <vector>

#include "arrays.hpp"
#include "families.hpp"
#include "row_blocks.hpp"

namespace kx {

template <typename T>
void bias_relu(Matrix<T> y, Row<const T> bias) {
    const int64_t rows = y.shape(0), cols = y.shape(1);
    expect_size("bias_relu: length of bias", cols, bias.shape(0));
    T* out = y.data();
    const T* b = bias.data();
    const RowBlocks blocks(rows, cols);
    const Unlocked unlocked(blocks.parallel);
    blocks.run([=](int64_t, int64_t first, int64_t last) {
        for (int64_t i = first; i < last; ++i) bias_relu_row(out + i * cols, b, cols);
    });
}

template <typename T>
void bias_relu_grad(Matrix<const T> g, Matrix<const T> y, Matrix<T> gx, Row<T> gbias) {
    const int64_t rows = g.shape(0), cols = g.shape(1);
    expect_size("bias_relu_grad: rows of y", rows, y.shape(0));
    expect_size("bias_relu_grad: columns of y", cols, y.shape(1));
    expect_size("bias_relu_grad: rows of gx", rows, gx.shape(0));
    expect_size("bias_relu_grad: columns of gx", cols, gx.shape(1));
    expect_size("bias_relu_grad: length of gbias", cols, gbias.shape(0));
    const T *gs = g.data(), *ys = y.data();
    T *gxs = gx.data(), *sum = gbias.data();
    const RowBlocks blocks(rows, cols);
    const Unlocked unlocked(blocks.parallel);
    std::fill_n(sum, cols, T(0));
    std::vector<T> partial(blocks.count > 1 ? blocks.count * cols : 0);  // one row of sums per block
    blocks.run([=, &partial](int64_t block, int64_t first, int64_t last) {
        T* into = partial.empty() ? sum : partial.data() + block * cols;
        for (int64_t i = first; i < last; ++i) {
            bias_relu_grad_row(gs + i * cols, ys + i * cols, gxs + i * cols, into, cols);
        }
    });
    for (size_t k = 0; k < partial.size(); ++k) sum[k % cols] += partial[k];
}

template <typename T>
void define(nb::module_& m) {
    m.def("bias_relu", &bias_relu<T>, nb::arg("y").noconvert(), nb::arg("bias").noconvert());
    m.def("bias_relu_grad", &bias_relu_grad<T>, nb::arg("g").noconvert(), nb::arg("y").noconvert(),
          nb::arg("gx").noconvert(), nb::arg("gbias").noconvert());
}

void define_activation(nb::module_& m) {
    define<float>(m);
    define<double>(m);
}

}  // namespace kx
