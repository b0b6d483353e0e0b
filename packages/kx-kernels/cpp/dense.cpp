// Bindings of the dense layer: small matrices on one thread in registers, larger ones in tiles by OpenBLAS.
#include "cpu/dense.hpp"

#include <algorithm>
#include <string>

#include "cpu/arrays.hpp"
#include "cpu/matrix_tiles.hpp"
#include "cpu/workspace.hpp"
#include "families.hpp"

namespace kx {

Activation activation_of(nb::handle name) {
    if (name.is_none()) return Activation::none;
    if (PyUnicode_Check(name.ptr())) {
        if (PyUnicode_CompareWithASCIIString(name.ptr(), "relu") == 0) return Activation::relu;
        if (PyUnicode_CompareWithASCIIString(name.ptr(), "sigmoid") == 0) return Activation::sigmoid;
        if (PyUnicode_CompareWithASCIIString(name.ptr(), "tanh") == 0) return Activation::tanh;
    }
    const std::string text = nb::repr(name).c_str();
    throw nb::value_error(("activation: expected None, 'relu', 'sigmoid' or 'tanh', got " + text).c_str());
}

namespace {

// Up to this many multiply-adds a product in registers, without packing, beats OpenBLAS.
constexpr int64_t small_product = int64_t(1) << 18;

// Reads the sizes from x (..., features) and kernel (features, units) into a DenseForward or DenseBackward.
template <typename D, typename T>
void set_sizes(D& d, const Array<T>& x, const Array<T>& kernel) {
    if (x.ndim() < 1) throw nb::value_error("dense: expected x with 1 or more axes, got 0");
    expect_size("dense: axes of kernel", 2, kernel.ndim());
    d.features = kernel.shape(0);
    d.units = kernel.shape(1);
    expect_size("dense: last size of x", d.features, x.shape(-1));
    d.rows = 1;
    for (int axis = 0; axis + 1 < x.ndim(); ++axis) d.rows *= x.shape(axis);
    d.x = x.data();
    d.kernel = kernel.data();
}

template <typename D>
bool is_small(const D& d) {
    return d.rows * d.features * d.units <= small_product;
}

// Whether products of so many operations take long enough, some 50 us, to let other Python threads run.
bool is_long(double operations) { return operations > 4e6; }

template <typename T>
void forward(const DenseForward<T>& d) {
    need_blas();
    const Product<T> product({d.x, d.features, false}, {d.kernel, d.units, false}, d.out, d.rows, d.units, d.features);
    const Unlocked unlocked(is_long(product.operations()));
    run_product(product, [&](int64_t i, int64_t rows, int64_t j, int64_t cols) {
        for (T* y = d.out + i * d.units + j; rows-- > 0; y += d.units) {
            if (d.bias) add_row(y, d.bias + j, cols);
            activate(y, cols, d.activation);
        }
    });
}

void forward_small(const DenseForward<float>& d) { dense_forward<lanes>(d); }
void forward_small(const DenseForward<double>& d) { forward(d); }

// slope = the gradient of the pre-activation, and gbias its sum down the rows; either may be null.
template <typename T>
void slopes_and_sums(const DenseBackward<T>& d, const RowBlocks& blocks) {
    const Workspace<T> partial(d.gbias ? blocks.count * d.units : 0);  // one row of sums per block
    blocks.run([&](int64_t block, int64_t first, int64_t last) {
        T* sums = partial.data() + block * d.units;
        if (d.gbias) std::fill_n(sums, d.units, T(0));
        for (int64_t at = first * d.units; at < last * d.units; at += d.units) {
            if (d.slope) through_activation(d.g + at, d.out + at, d.slope + at, d.units, d.activation);
            if (d.gbias) add_row(sums, (d.slope ? d.slope : d.g) + at, d.units);
        }
    });
    if (!d.gbias) return;
    std::fill_n(d.gbias, d.units, T(0));
    for (int64_t block = 0; block < blocks.count; ++block) add_row(d.gbias, partial.data() + block * d.units, d.units);
}

template <typename T>
void backward(DenseBackward<T> d) {
    need_blas();
    const Unlocked unlocked(is_long(4.0 * d.rows * d.features * d.units));
    if (d.activation == Activation::none) d.slope = nullptr;
    if (d.slope || d.gbias) slopes_and_sums(d, RowBlocks(d.rows, d.units));
    const T* g = d.slope ? d.slope : d.g;
    const int64_t rows = d.gx ? d.rows : 0, features = d.gkernel ? d.features : 0;  // of what is wanted
    run_products(
        Product<T>({g, d.units, false}, {d.kernel, d.units, true}, d.gx, rows, d.features, d.units),
        Product<T>({d.x, d.features, true}, {g, d.units, false}, d.gkernel, features, d.units, d.rows, true));
}

void backward_small(const DenseBackward<float>& d) { dense_backward<lanes>(d); }
void backward_small(const DenseBackward<double>& d) { backward(d); }

template <typename T>
nb::object dense_of(nb::handle x_given, nb::handle kernel_given, nb::handle bias_given, nb::handle activation) {
    const Array<T> x(x_given, "x"), kernel(kernel_given, "kernel");
    DenseForward<T> d;
    set_sizes(d, x, kernel);
    d.activation = activation_of(activation);
    npy_intp shape[NPY_MAXDIMS];
    std::copy_n(x.dims(), x.ndim(), shape);
    shape[x.ndim() - 1] = d.units;
    const nb::object out = new_array(x.ndim(), shape, d.out);
    const auto run = [&] { is_small(d) ? forward_small(d) : forward(d); };
    if (bias_given.is_none()) {
        d.bias = nullptr;
        run();
        return out;
    }
    const Array<T> bias(bias_given, "bias");
    expect_size("dense: axes of bias", 1, bias.ndim());
    expect_size("dense: length of bias", d.units, bias.size());
    d.bias = bias.data();
    run();
    return out;
}

template <typename T>
nb::object dense_grad_of(nb::handle g_given, nb::handle x_given, nb::handle kernel_given, nb::handle out_given,
                         nb::handle activation, bool need_x, bool need_kernel, bool need_bias) {
    const Array<T> g(g_given, "g"), x(x_given, "x"), kernel(kernel_given, "kernel"), out(out_given, "out");
    DenseBackward<T> d;
    set_sizes(d, x, kernel);
    d.activation = activation_of(activation);
    const int64_t outputs = d.rows * d.units;
    expect_size("dense_grad: elements of g", outputs, g.size());
    expect_size("dense_grad: elements of out", outputs, out.size());
    d.g = g.data();
    d.out = out.data();

    const bool small = is_small(d);
    const int64_t slopes = d.activation == Activation::none ? 0 : outputs;
    const Workspace<T> room(slopes + (small && need_x ? d.features * d.units : 0));
    d.slope = room.data();
    d.transposed = room.data() + slopes;

    nb::object gx = nb::none(), gkernel = nb::none(), gbias = nb::none();
    d.gx = d.gkernel = d.gbias = nullptr;
    if (need_x) gx = new_array(x.ndim(), x.dims(), d.gx);
    if (need_kernel) gkernel = new_array(2, kernel.dims(), d.gkernel);
    if (need_bias) gbias = new_array(1, kernel.dims() + 1, d.gbias);
    small ? backward_small(d) : backward(d);
    return nb::steal(PyTuple_Pack(3, gx.ptr(), gkernel.ptr(), gbias.ptr()));
}

nb::object dense(nb::handle x, nb::handle kernel, nb::handle bias, nb::handle activation) {
    return is_array_of<double>(kernel) ? dense_of<double>(x, kernel, bias, activation)
                                       : dense_of<float>(x, kernel, bias, activation);
}

nb::object dense_grad(nb::handle g, nb::handle x, nb::handle kernel, nb::handle out, nb::handle activation, bool need_x,
                      bool need_kernel, bool need_bias) {
    const auto run = is_array_of<double>(kernel) ? dense_grad_of<double> : dense_grad_of<float>;
    return run(g, x, kernel, out, activation, need_x, need_kernel, need_bias);
}

constexpr const char* dense_text = R"(Return `activation(x @ kernel + bias)`, in one call.

Shapes: x (..., d), kernel (d, units), bias (units,) or None -> (..., units), all float32 or all float64, of any
layout; activation None, "relu", "sigmoid" or "tanh". Raises `TypeError` for another dtype, `ValueError` where sizes
differ.

>>> dense(np.float32([[1, 2]]), np.float32([[1], [1]]), np.float32([-4]), "relu")
array([[0.]], dtype=float32))";

constexpr const char* dense_grad_text = R"(Return the gradients (gx, gkernel, gbias) of `dense`, in one call.

They follow from `g`, the gradient of its result `out`; None stands for those not needed.

Shapes: g, out (..., units), x (..., d), kernel (d, units). Errors as for `dense`. The bits of the sums do not depend
on the number of threads.

>>> x, kernel = np.float32([[1, 2]]), np.float32([[1], [1]])
>>> dense_grad(np.float32([[2]]), x, kernel, dense(x, kernel), None, False, True, True)
(None, array([[2.],
       [4.]], dtype=float32), array([2.], dtype=float32)))";

}  // namespace

void define_dense(nb::module_& m) {
    m.def("dense", &dense, nb::arg("x"), nb::arg("kernel"), nb::arg("bias").none() = nb::none(),
          nb::arg("activation").none() = nb::none(), dense_text);
    m.def("dense_grad", &dense_grad, nb::arg("g"), nb::arg("x"), nb::arg("kernel"), nb::arg("out"),
          nb::arg("activation").none() = nb::none(), nb::arg("need_x") = true, nb::arg("need_kernel") = true,
          nb::arg("need_bias") = true, dense_grad_text);
}

}  // namespace kx
