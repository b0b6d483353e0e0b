// Loops and bindings of means and maxima over neighbouring axes. x is seen as (outer, n, inner), and n goes.
#include "bodies/reduce.hpp"

#include <algorithm>

#include "cpu/arrays.hpp"
#include "cpu/parallel.hpp"
#include "cpu/workspace.hpp"
#include "families.hpp"

namespace kx {
namespace {

struct Span {
    int64_t outer = 1, n = 1, inner = 1;
    npy_intp dims[NPY_MAXDIMS];  // of the result
    int ndim = 0;

    Span(const Array<float>& x, int first, int count, bool keepdims) {
        if (first < 0 || count < 0 || first + count > x.ndim()) throw nb::value_error("reduction: no such axes");
        for (int i = 0; i < x.ndim(); ++i) {
            const bool goes = i >= first && i < first + count;
            (goes ? n : i < first ? outer : inner) *= x.shape(i);
            if (!goes || keepdims) dims[ndim++] = goes ? 1 : x.shape(i);
        }
        if (n == 0) throw nb::value_error("reduction: there is nothing along the axes");
    }

    // Calls body(o) for each outer index, as (n, inner) and small ones together.
    template <typename Body>
    void over_outer(int64_t count, int64_t size, const Body& body) const {
        const int64_t together = std::max<int64_t>(1, 16384 / std::max<int64_t>(1, size));
        parallel_for((count + together - 1) / together, static_cast<double>(together * size), [&](int64_t task) {
            for (int64_t i = task * together; i < std::min((task + 1) * together, count); ++i) body(i);
        });
    }
    bool large() const { return static_cast<double>(outer * n * inner) >= parallel_operations; }
};

// Blocks of rows each on its own, then the blocks in order: sums stay precise, and a long one is shared by threads.
template <class Op>
void reduce(const Op op, const Span& s, const float* x, float* out) {
    const int64_t rows = s.inner == 1 ? 4096 : std::max<int64_t>(64, 8192 / std::max<int64_t>(1, s.inner));
    const int64_t blocks = (s.n + rows - 1) / rows;
    const Workspace<float> parts(blocks > 1 ? s.outer * blocks * s.inner : 0);
    float* into = blocks > 1 ? parts.data() : out;
    s.over_outer(s.outer * blocks, std::min(rows, s.n) * s.inner, [&](int64_t i) {
        const int64_t first = i % blocks * rows, count = std::min(rows, s.n - first);
        const float* from = x + (i / blocks * s.n + first) * s.inner;
        if (s.inner == 1) {
            into[i] = reduce_row(op, from, count);
        } else {
            reduce_rows(op, from, count, s.inner, into + i * s.inner);
        }
    });
    if (blocks == 1) return;
    s.over_outer(s.outer, blocks * s.inner, [&](int64_t o) {
        reduce_rows(op, into + o * blocks * s.inner, blocks, s.inner, out + o * s.inner);
    });
}

nb::object mean_axes(nb::handle x_given, int first, int count, bool keepdims) {
    const Array<float> x(x_given, "x");
    const Span s(x, first, count, keepdims);
    float* out;
    const nb::object made = new_array<float>(s.ndim, s.dims, out);
    const Unlocked unlocked(s.large());
    reduce(Plus(), s, x.data(), out);
    const float size = static_cast<float>(s.n);
    RowBlocks(s.outer * s.inner, 1).run([&](int64_t, int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) out[i] /= size;
    });
    return made;
}

nb::object max_axes(nb::handle x_given, int first, int count, bool keepdims) {
    const Array<float> x(x_given, "x");
    const Span s(x, first, count, keepdims);
    float* out;
    const nb::object made = new_array<float>(s.ndim, s.dims, out);
    const Unlocked unlocked(s.large());
    reduce(Larger(), s, x.data(), out);
    return made;
}

nb::object max_axes_grad(nb::handle g_given, nb::handle x_given, nb::handle out_given, int first, int count) {
    const Array<float> g(g_given, "g"), x(x_given, "x"), out(out_given, "out");
    const Span s(x, first, count, false);
    expect_size("max_axes_grad: elements of g", s.outer * s.inner, g.size());
    expect_size("max_axes_grad: elements of out", s.outer * s.inner, out.size());
    float* gx;
    const nb::object made = new_array<float>(x.ndim(), x.dims(), gx);
    const float *gs = g.data(), *xs = x.data(), *largest = out.data();
    const Unlocked unlocked(s.large());
    s.over_outer(s.outer, s.n * s.inner, [&](int64_t o) {
        const int64_t start = o * s.n * s.inner;
        if (s.inner == 1) {
            largest_grad_row(gs[o], largest[o], xs + start, gx + start, s.n);
        } else {
            const Workspace<float> share(s.inner);
            largest_grad_rows(gs + o * s.inner, largest + o * s.inner, xs + start, gx + start, share.data(), s.n, s.inner);
        }
    });
    return made;
}

constexpr const char* mean_text = R"(Return the mean over `count` axes of x from the axis `first` on.

x is a float32 array of any shape, with something along those axes; else `TypeError` or `ValueError`. They stay with
size 1 if `keepdims`. The bits do not depend on the number of threads.

>>> mean_axes(np.float32([[[1, 2], [3, 6]]]), 1, 1)
array([[2., 4.]], dtype=float32))";

constexpr const char* max_text = R"(Return the largest element over `count` axes of x from the axis `first` on, NaN above all; see `mean_axes`.

>>> max_axes(np.float32([[[1, 2], [3, 0]]]), 1, 1)
array([[3., 2.]], dtype=float32))";

constexpr const char* max_grad_text = R"(Return the gradient of `max_axes` from `g`, that of its result `out`.

Elements that share the maximum share its gradient equally.

>>> x = np.float32([[1, 3, 3]])
>>> max_axes_grad(np.float32([1]), x, max_axes(x, 1, 1), 1, 1)
array([[0. , 0.5, 0.5]], dtype=float32))";

}  // namespace

void define_reduce(nb::module_& m) {
    using nb::arg;
    m.def("mean_axes", &mean_axes, arg("x"), arg("first"), arg("count"), arg("keepdims") = false, mean_text);
    m.def("max_axes", &max_axes, arg("x"), arg("first"), arg("count"), arg("keepdims") = false, max_text);
    m.def("max_axes_grad", &max_axes_grad, arg("g"), arg("x"), arg("out"), arg("first"), arg("count"), max_grad_text);
}

}  // namespace kx
