// Loops and bindings of the cross-entropies, over the last axis.
#include "bodies/crossentropy.hpp"

#include <string>

#include "cpu/arrays.hpp"
#include "cpu/parallel.hpp"
#include "families.hpp"

namespace kx {
namespace {

// Calls row(i, first element) for each distribution of `x`.
template <class Row>
void over_rows(const Array<float>& x, const Row& row) {
    const int64_t cols = x.shape(-1);
    const RowBlocks blocks(cols ? x.size() / cols : 0, cols, 8.0);
    const Unlocked unlocked(blocks.large());
    blocks.run([=](int64_t, int64_t first, int64_t last) {
        for (int64_t i = first; i < last; ++i) row(i, i * cols);
    });
}

// Raises ValueError unless all labels are in [0, classes).
template <typename L>
void check_labels(const Array<L>& labels, int64_t classes) {
    const L* at = labels.data();
    for (int64_t i = 0; i < labels.size(); ++i) {
        if (at[i] >= 0 && at[i] < classes) continue;
        const std::string text = "sparse_categorical_crossentropy: label " + std::to_string(at[i]) +
                                 " is out of range: the output has " + std::to_string(classes) +
                                 " classes, so labels go from 0 to " + std::to_string(classes - 1) + ".";
        throw nb::value_error(text.c_str());
    }
}

template <typename L>
nb::object label_losses(nb::handle target_given, nb::handle x_given, bool from_logits, float eps) {
    const Array<L> target(target_given, "target");
    const Array<float> x(x_given, "output");
    if (x.ndim() < 1) throw nb::value_error("output: expected 1 or more axes, got 0");
    const int64_t cols = x.shape(-1);
    expect_size("elements of target", cols ? x.size() / cols : 0, target.size());
    check_labels(target, cols);
    float* out;
    const nb::object loss = new_array<float>(x.ndim() - 1, x.dims(), out);
    const float* xs = x.data();
    const L* labels = target.data();
    over_rows(x, [=](int64_t i, int64_t at) {
        out[i] = from_logits ? label_loss_of_logits(xs + at, labels[i], cols) : label_loss(xs + at, labels[i], eps, cols);
    });
    return loss;
}

template <typename L>
nb::object label_grads(nb::handle g_given, nb::handle target_given, nb::handle x_given, bool from_logits, float eps) {
    const Array<L> target(target_given, "target");
    const Array<float> g(g_given, "g"), x(x_given, "output");
    if (x.ndim() < 1) throw nb::value_error("output: expected 1 or more axes, got 0");
    const int64_t cols = x.shape(-1);
    expect_size("elements of target", cols ? x.size() / cols : 0, target.size());
    expect_size("elements of g", target.size(), g.size());
    check_labels(target, cols);
    float* gx;
    const nb::object result = new_array<float>(x.ndim(), x.dims(), gx);
    const float *gs = g.data(), *xs = x.data();
    const L* labels = target.data();
    over_rows(x, [=](int64_t i, int64_t at) {
        if (from_logits) {
            label_grad_of_logits(gs[i], xs + at, labels[i], gx + at, cols);
        } else {
            label_grad(gs[i], xs + at, labels[i], eps, gx + at, cols);
        }
    });
    return result;
}

nb::object sparse_categorical_crossentropy(nb::handle target, nb::handle x, bool from_logits, float eps) {
    return is_array_of<int32_t>(target) ? label_losses<int32_t>(target, x, from_logits, eps)
                                        : label_losses<int64_t>(target, x, from_logits, eps);
}

nb::object sparse_categorical_crossentropy_grad(nb::handle g, nb::handle target, nb::handle x, bool from_logits,
                                                float eps) {
    return is_array_of<int32_t>(target) ? label_grads<int32_t>(g, target, x, from_logits, eps)
                                        : label_grads<int64_t>(g, target, x, from_logits, eps);
}

nb::object categorical_crossentropy(nb::handle target_given, nb::handle x_given, bool from_logits, float eps) {
    const Array<float> target(target_given, "target"), x(x_given, "output");
    if (x.ndim() < 1) throw nb::value_error("output: expected 1 or more axes, got 0");
    expect_size("elements of target", x.size(), target.size());
    float* out;
    const nb::object loss = new_array<float>(x.ndim() - 1, x.dims(), out);
    const float *ts = target.data(), *xs = x.data();
    const int64_t cols = x.shape(-1);
    over_rows(x, [=](int64_t i, int64_t at) {
        out[i] = from_logits ? distribution_loss_of_logits(ts + at, xs + at, cols)
                             : distribution_loss(ts + at, xs + at, eps, cols);
    });
    return loss;
}

nb::object categorical_crossentropy_grad(nb::handle g_given, nb::handle target_given, nb::handle x_given,
                                         bool from_logits, float eps) {
    const Array<float> g(g_given, "g"), target(target_given, "target"), x(x_given, "output");
    if (x.ndim() < 1) throw nb::value_error("output: expected 1 or more axes, got 0");
    const int64_t cols = x.shape(-1);
    expect_size("elements of target", x.size(), target.size());
    expect_size("elements of g", cols ? x.size() / cols : 0, g.size());
    float* gx;
    const nb::object result = new_array<float>(x.ndim(), x.dims(), gx);
    const float *gs = g.data(), *ts = target.data(), *xs = x.data();
    over_rows(x, [=](int64_t i, int64_t at) {
        if (from_logits) {
            distribution_grad_of_logits(gs[i], ts + at, xs + at, gx + at, cols);
        } else {
            distribution_grad(gs[i], ts + at, xs + at, eps, gx + at, cols);
        }
    });
    return result;
}

nb::object binary_crossentropy(nb::handle target_given, nb::handle x_given, bool from_logits, float eps) {
    const Array<float> target(target_given, "target"), x(x_given, "output");
    expect_size("elements of target", x.size(), target.size());
    float* out;
    const nb::object loss = new_array<float>(x.ndim(), x.dims(), out);
    const float *ts = target.data(), *xs = x.data();
    const RowBlocks blocks(x.size(), 1, 16.0);
    const Unlocked unlocked(blocks.large());
    blocks.run([=](int64_t, int64_t first, int64_t last) {
        if (from_logits) {
            binary_row(BinaryOfLogits{}, ts + first, xs + first, out + first, last - first);
        } else {
            binary_row(Binary{eps}, ts + first, xs + first, out + first, last - first);
        }
    });
    return loss;
}

nb::object binary_crossentropy_grad(nb::handle g_given, nb::handle target_given, nb::handle x_given, bool from_logits,
                                    float eps) {
    const Array<float> g(g_given, "g"), target(target_given, "target"), x(x_given, "output");
    expect_size("elements of target", x.size(), target.size());
    expect_size("elements of g", x.size(), g.size());
    float* gx;
    const nb::object result = new_array<float>(x.ndim(), x.dims(), gx);
    const float *gs = g.data(), *ts = target.data(), *xs = x.data();
    const RowBlocks blocks(x.size(), 1, 16.0);
    const Unlocked unlocked(blocks.large());
    blocks.run([=](int64_t, int64_t first, int64_t last) {
        if (from_logits) {
            binary_grad_row(BinaryOfLogits{}, gs + first, ts + first, xs + first, gx + first, last - first);
        } else {
            binary_grad_row(Binary{eps}, gs + first, ts + first, xs + first, gx + first, last - first);
        }
    });
    return result;
}

constexpr const char* sparse_text = R"(Return -log(p[target]) for each distribution over the last axis.

p is softmax(output) with `from_logits`, else output divided by its sum and kept within [eps, 1 - eps].

Shapes: target of any shape with as many elements as there are distributions, int32 or int64; output (..., classes),
float32 -> (...). A label that is no class raises `ValueError`.

>>> sparse_categorical_crossentropy(np.int32([0]), np.float32([[1, 1]]), False, 1e-7).round(4)
array([0.6931], dtype=float32))";

constexpr const char* sparse_grad_text = R"(Return the gradient of `sparse_categorical_crossentropy` for `output`.

>>> sparse_categorical_crossentropy_grad(np.float32([1]), np.int32([0]), np.float32([[3, 3]]), True, 1e-7)
array([[-0.5,  0.5]], dtype=float32))";

constexpr const char* categorical_text = R"(Return -sum(target * log(p)) for each distribution over the last axis.

p as in `sparse_categorical_crossentropy`. Shapes: target, output (..., classes), float32 -> (...).

>>> categorical_crossentropy(np.float32([[0, 1]]), np.float32([[1, 1]]), False, 1e-7).round(4)
array([0.6931], dtype=float32))";

constexpr const char* categorical_grad_text = R"(Return the gradient of `categorical_crossentropy` for `output`.

>>> categorical_crossentropy_grad(np.float32([1]), np.float32([[0, 1]]), np.float32([[3, 3]]), True, 1e-7)
array([[ 0.5, -0.5]], dtype=float32))";

constexpr const char* binary_text = R"(Return -target log(p) - (1 - target) log(1 - p), element by element.

p is sigmoid(output) with `from_logits`, else output kept within [eps, 1 - eps]. Both arrays are float32, of one shape.

>>> binary_crossentropy(np.float32([1, 0]), np.float32([0, 0]), True, 1e-7).round(4)
array([0.6931, 0.6931], dtype=float32))";

constexpr const char* binary_grad_text = R"(Return the gradient of `binary_crossentropy` for `output`.

>>> binary_crossentropy_grad(np.float32([1, 1]), np.float32([1, 0]), np.float32([0, 0]), True, 1e-7)
array([-0.5,  0.5], dtype=float32))";

}  // namespace

void define_crossentropy(nb::module_& m) {
    const auto loss = [&m](const char* name, auto function, const char* text) {
        m.def(name, function, nb::arg("target"), nb::arg("output"), nb::arg("from_logits"), nb::arg("eps"), text);
    };
    const auto grad = [&m](const char* name, auto function, const char* text) {
        m.def(name, function, nb::arg("g"), nb::arg("target"), nb::arg("output"), nb::arg("from_logits"), nb::arg("eps"),
              text);
    };
    loss("sparse_categorical_crossentropy", &sparse_categorical_crossentropy, sparse_text);
    grad("sparse_categorical_crossentropy_grad", &sparse_categorical_crossentropy_grad, sparse_grad_text);
    loss("categorical_crossentropy", &categorical_crossentropy, categorical_text);
    grad("categorical_crossentropy_grad", &categorical_crossentropy_grad, categorical_grad_text);
    loss("binary_crossentropy", &binary_crossentropy, binary_text);
    grad("binary_crossentropy_grad", &binary_crossentropy_grad, binary_grad_text);
}

}  // namespace kx
