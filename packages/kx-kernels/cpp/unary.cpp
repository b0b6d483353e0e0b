// Loops and bindings of the activations of single elements.
#include "bodies/unary.hpp"

#include <string>

#include "cpu/arrays.hpp"
#include "cpu/parallel.hpp"
#include "families.hpp"

namespace kx {
namespace {

constexpr double operations = 8.0;  // scalar operations for one element, roughly, of the cheaper half of the functions

template <class F>
nb::object map(nb::handle x_given, const F& f) {
    const Array<float> x(x_given, "x");
    float* out;
    const nb::object y = new_array<float>(x.ndim(), x.dims(), out);
    const float* in = x.data();
    const RowBlocks blocks(x.size(), 1, operations);
    const Unlocked unlocked(blocks.large());
    blocks.run([=](int64_t, int64_t first, int64_t last) { map_row(f, in + first, out + first, last - first); });
    return y;
}

template <class F>
nb::object map_grad(nb::handle g_given, nb::handle v_given, const F& f) {
    const Array<float> g(g_given, "g"), v(v_given, F::by_value ? "out" : "x");
    expect_size("elements of g", v.size(), g.size());
    float* out;
    const nb::object gx = new_array<float>(v.ndim(), v.dims(), out);
    const float *gs = g.data(), *vs = v.data();
    const RowBlocks blocks(v.size(), 1, operations);
    const Unlocked unlocked(blocks.large());
    blocks.run([=](int64_t, int64_t first, int64_t last) {
        map_grad_row(f, gs + first, vs + first, out + first, last - first);
    });
    return gx;
}

// The texts of `name` and `name_grad`.
struct Texts {
    std::string forward, backward;
    Texts(const char* name, const char* formula, const char* kept, const char* example, const char* grad_example)
        : forward(std::string("Return ") + formula + ", element by element; a NaN stays a NaN.\n\nx is a float32 array; "
                  "another dtype raises `TypeError`.\n\n" + example),
          backward(std::string("Return the gradient of `") + name + "` from `g`, that of its result, and `" + kept +
                   (*kept == 'o' ? "`, the result" : "`, its argument") +
                   ".\n\nBoth are float32 arrays of equal size.\n\n" + grad_example) {}
};

// Adds `name` and `name_grad` of a function without parameters.
template <class F>
void define(nb::module_& m, const char* name, const char* formula, const char* example, const char* grad_example) {
    const char* kept = F::by_value ? "out" : "x";
    const Texts texts(name, formula, kept, example, grad_example);
    m.def(name, [](nb::handle x) { return map(x, F{}); }, nb::arg("x"), texts.forward.c_str());
    m.def((std::string(name) + "_grad").c_str(), [](nb::handle g, nb::handle v) { return map_grad(g, v, F{}); },
          nb::arg("g"), nb::arg(kept), texts.backward.c_str());
}

// The same of a function with one number as its parameter.
template <class F>
void define_with(nb::module_& m, const char* name, const char* parameter, const char* formula, const char* example,
                 const char* grad_example) {
    const Texts texts(name, formula, "x", example, grad_example);
    m.def(name, [](nb::handle x, float p) { return map(x, F{p}); }, nb::arg("x"), nb::arg(parameter),
          texts.forward.c_str());
    m.def((std::string(name) + "_grad").c_str(),
          [](nb::handle g, nb::handle x, float p) { return map_grad(g, x, F{p}); }, nb::arg("g"), nb::arg("x"),
          nb::arg(parameter), texts.backward.c_str());
}

nb::object gelu(nb::handle x, bool approximate) { return approximate ? map(x, GeluByTanh{}) : map(x, Gelu{}); }

nb::object gelu_grad(nb::handle g, nb::handle x, bool approximate) {
    return approximate ? map_grad(g, x, GeluByTanh{}) : map_grad(g, x, Gelu{});
}

}  // namespace

void define_unary(nb::module_& m) {
    define<Relu>(m, "relu", "max(x, 0)", ">>> relu(np.float32([-1, 2]))\narray([0., 2.], dtype=float32)",
                 ">>> relu_grad(np.float32([3, 3]), np.float32([0, 2]))\narray([0., 3.], dtype=float32)");
    define<Sigmoid>(m, "sigmoid", "1 / (1 + exp(-x))", ">>> sigmoid(np.float32([0]))\narray([0.5], dtype=float32)",
                    ">>> sigmoid_grad(np.float32([1]), np.float32([0.5]))\narray([0.25], dtype=float32)");
    define<Tanh>(m, "tanh", "tanh(x)", ">>> tanh(np.float32([0, 99]))\narray([0., 1.], dtype=float32)",
                 ">>> tanh_grad(np.float32([1]), np.float32([0.5]))\narray([0.75], dtype=float32)");
    define<Softplus>(m, "softplus", "log(1 + exp(x))",
                     ">>> softplus(np.float32([-99, 99]))\narray([ 0., 99.], dtype=float32)",
                     ">>> softplus_grad(np.float32([1]), np.float32([0]))\narray([0.5], dtype=float32)");
    define<Silu>(m, "silu", "x sigmoid(x)", ">>> silu(np.float32([0, 99]))\narray([ 0., 99.], dtype=float32)",
                 ">>> silu_grad(np.float32([1]), np.float32([0]))\narray([0.5], dtype=float32)");
    define_with<Elu>(m, "elu", "alpha", "x where x > 0 and alpha (exp(x) - 1) elsewhere",
                     ">>> elu(np.float32([-99, 2]), 0.5)\narray([-0.5,  2. ], dtype=float32)",
                     ">>> elu_grad(np.float32([1, 1]), np.float32([0, 2]), 0.5)\narray([0.5, 1. ], dtype=float32)");
    define_with<LeakyRelu>(
        m, "leaky_relu", "negative_slope", "x where x > 0 and negative_slope x elsewhere",
        ">>> leaky_relu(np.float32([-2, 2]), 0.5)\narray([-1.,  2.], dtype=float32)",
        ">>> leaky_relu_grad(np.float32([1, 1]), np.float32([-2, 2]), 0.5)\narray([0.5, 1. ], dtype=float32)");
    const Texts texts("gelu", "x (1 + erf(x / sqrt(2))) / 2, or its approximation by a tanh", "x",
                      ">>> gelu(np.float32([0, 99]), True)\narray([ 0., 99.], dtype=float32)",
                      ">>> gelu_grad(np.float32([1]), np.float32([0]), False)\narray([0.5], dtype=float32)");
    m.def("gelu", &gelu, nb::arg("x"), nb::arg("approximate"), texts.forward.c_str());
    m.def("gelu_grad", &gelu_grad, nb::arg("g"), nb::arg("x"), nb::arg("approximate"), texts.backward.c_str());
}

}  // namespace kx
