// Bindings of the dense layer on small matrices.
#include "cpu/dense.hpp"

#include <algorithm>
#include <string>

#include "cpu/arrays.hpp"
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

// Reads the sizes from x (..., features) and kernel (features, units) into a DenseForward or DenseBackward.
template <typename D>
void set_sizes(D& d, const Array<float>& x, const Array<float>& kernel) {
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

nb::object dense(nb::handle x_given, nb::handle kernel_given, nb::handle bias_given, nb::handle activation) {
    const Array<float> x(x_given, "x"), kernel(kernel_given, "kernel");
    DenseForward d;
    set_sizes(d, x, kernel);
    d.activation = activation_of(activation);
    npy_intp shape[NPY_MAXDIMS];
    std::copy_n(x.dims(), x.ndim(), shape);
    shape[x.ndim() - 1] = d.units;
    const nb::object out = new_array(x.ndim(), shape, d.out);
    if (bias_given.is_none()) {
        d.bias = nullptr;
        dense_forward<lanes>(d);
        return out;
    }
    const Array<float> bias(bias_given, "bias");
    expect_size("dense: axes of bias", 1, bias.ndim());
    expect_size("dense: length of bias", d.units, bias.size());
    d.bias = bias.data();
    dense_forward<lanes>(d);
    return out;
}

nb::object dense_grad(nb::handle g_given, nb::handle x_given, nb::handle kernel_given, nb::handle out_given,
                      nb::handle activation, bool need_x, bool need_kernel, bool need_bias) {
    const Array<float> g(g_given, "g"), x(x_given, "x"), kernel(kernel_given, "kernel"), out(out_given, "out");
    DenseBackward d;
    set_sizes(d, x, kernel);
    d.activation = activation_of(activation);
    const int64_t outputs = d.rows * d.units;
    expect_size("dense_grad: elements of g", outputs, g.size());
    expect_size("dense_grad: elements of out", outputs, out.size());
    d.g = g.data();
    d.out = out.data();

    const int64_t slopes = d.activation == Activation::none ? 0 : outputs;
    const Workspace<float> room(slopes + (need_x ? d.features * d.units : 0));
    d.slope = room.data();
    d.transposed = room.data() + slopes;

    nb::object gx = nb::none(), gkernel = nb::none(), gbias = nb::none();
    d.gx = d.gkernel = d.gbias = nullptr;
    if (need_x) gx = new_array(x.ndim(), x.dims(), d.gx);
    if (need_kernel) gkernel = new_array(2, kernel.dims(), d.gkernel);
    if (need_bias) gbias = new_array(1, kernel.dims() + 1, d.gbias);
    dense_backward<lanes>(d);
    return nb::steal(PyTuple_Pack(3, gx.ptr(), gkernel.ptr(), gbias.ptr()));
}

constexpr const char* dense_text = R"(Return `activation(x @ kernel + bias)`, in one call.

For matrices so small that calls are what costs.

Shapes: x (..., d), kernel (d, units), bias (units,) or None -> (..., units), float32 of any layout; activation None,
"relu", "sigmoid" or "tanh". One thread. Raises `TypeError` for another dtype, `ValueError` where sizes differ.

>>> dense(np.float32([[1, 2]]), np.float32([[1], [1]]), np.float32([-4]), "relu")
array([[0.]], dtype=float32))";

constexpr const char* dense_grad_text = R"(Return the gradients (gx, gkernel, gbias) of `dense`, in one call.

They follow from `g`, the gradient of its result `out`; None stands for those not needed.

Shapes: g, out (..., units), x (..., d), kernel (d, units). Errors as for `dense`.

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
