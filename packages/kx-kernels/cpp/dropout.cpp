// Loops and bindings of dropout.
#include "bodies/dropout.hpp"

#include <algorithm>

#include "cpu/arrays.hpp"
#include "cpu/parallel.hpp"
#include "families.hpp"

namespace kx {
namespace {

Dropout dropout_of(double rate, uint64_t k0, uint64_t k1) {
    if (!(rate >= 0.0 && rate < 1.0)) throw nb::value_error("dropout: expected a rate of at least 0 and below 1");
    return Dropout(rate, k0, k1);
}

nb::object dropout(nb::handle x_given, double rate, uint64_t k0, uint64_t k1) {
    const Array<float> x(x_given, "x");
    const Dropout d = dropout_of(rate, k0, k1);
    float* y;
    bool* kept;
    const nb::object out = new_array<float>(x.ndim(), x.dims(), y), mask = new_array<bool>(x.ndim(), x.dims(), kept);
    const float* xs = x.data();
    uint8_t* bytes = reinterpret_cast<uint8_t*>(kept);
    {
        const RowBlocks blocks(x.size(), 1, 4.0);
        const Unlocked unlocked(blocks.large());
        blocks.run([=](int64_t, int64_t first, int64_t last) {
            for (int64_t i = first; i < last; i += 1024) {  // as much as stays in the L1 cache between the two
                const int64_t count = std::min<int64_t>(1024, last - i);
                dropout_decisions(d, i, count, bytes + i);
                dropout_row(xs + i, bytes + i, d.scale, y + i, count);
            }
        });
    }
    return nb::steal(PyTuple_Pack(2, out.ptr(), mask.ptr()));
}

nb::object dropout_grad(nb::handle g_given, nb::handle mask_given, double rate) {
    const Array<float> g(g_given, "g");
    const Array<bool> mask(mask_given, "mask");
    const float scale = dropout_of(rate, 0, 0).scale;
    expect_size("dropout_grad: elements of mask", g.size(), mask.size());
    float* gx;
    const nb::object result = new_array<float>(g.ndim(), g.dims(), gx);
    const float* gs = g.data();
    const uint8_t* kept = reinterpret_cast<const uint8_t*>(mask.data());
    const RowBlocks blocks(g.size(), 1);
    const Unlocked unlocked(blocks.large());
    blocks.run([=](int64_t, int64_t first, int64_t last) {
        dropout_row(gs + first, kept + first, scale, gx + first, last - first);
    });
    return result;
}

constexpr const char* dropout_text = R"(Return (y, mask): x / (1 - rate) where the mask is True, 0 elsewhere.

An element is dropped with probability `rate`, by the random bits of `numpy.random.Philox(key=[k0, k1])`: 16 each, or 32
where the rate is below 1/256. x is float32, the rate at least 0 and below 1.

>>> dropout(np.float32([1, 2, 3, 4]), 0.5, 7, 0)
(array([2., 0., 0., 8.], dtype=float32), array([ True, False, False,  True])))";

constexpr const char* dropout_grad_text = R"(Return the gradient of `dropout` from `g`, that of its first result.

>>> dropout_grad(np.float32([1, 1]), np.array([True, False]), 0.5)
array([2., 0.], dtype=float32))";

}  // namespace

void define_dropout(nb::module_& m) {
    m.def("dropout", &dropout, nb::arg("x"), nb::arg("rate"), nb::arg("k0"), nb::arg("k1"), dropout_text);
    m.def("dropout_grad", &dropout_grad, nb::arg("g"), nb::arg("mask"), nb::arg("rate"), dropout_grad_text);
}

}  // namespace kx
