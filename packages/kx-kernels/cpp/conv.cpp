// Bindings of the convolutions.
#include "cpu/conv.hpp"

#include <algorithm>

#include "cpu/arrays.hpp"
#include "families.hpp"

namespace kx {
namespace {

// The sizes of a convolution in three axes of positions, whatever its rank: a sequence lies along the rows, an image
// along rows and columns. It goes from `in` to `out` positions and from `channels` to `filters`.
struct Sizes {
    int rank;
    bool channels_first;
    int64_t batch = 0, channels = 0, filters, groups = 1;
    Box in = {{1, 1, 1}}, out = in, window = in, stride = in, dilation = in, low = {{0, 0, 0}}, result = in;
    Array<float> kernel;

    // `geometry`: strides, dilations, the zeros before the first element, the sizes of the result, each per axis.
    Sizes(nb::handle kernel_given, nb::tuple geometry, bool channels_first)
        : channels_first(channels_first), kernel(kernel_given, "kernel") {
        rank = kernel.ndim() - 2;
        if (rank < 1 || rank > 3) throw nb::value_error("conv: expected a kernel with 3, 4 or 5 axes");
        expect_size("conv: length of geometry", 4 * rank, static_cast<int64_t>(nb::len(geometry)));
        Box* parts[] = {&stride, &dilation, &low, &result};
        for (int i = 0; i < 4 * rank; ++i) {
            const int64_t value = nb::cast<int64_t>(geometry[i]);
            const int64_t least = i < 2 * rank ? 1 : 0;
            if (value < least || value >= int64_t(1) << 31) throw nb::value_error("conv: geometry is out of range");
            (*parts[i / rank])[axis(i % rank)] = value;
        }
        for (int i = 0; i < rank; ++i) window[axis(i)] = kernel.shape(i);
        filters = kernel.shape(-1);
    }
    int axis(int i) const { return rank == 3 ? i : i + 1; }

    // Reads the sizes of an array: its positions, its number of channels; and checks that its batch is that of others.
    void read(const Array<float>& x, const char* name, Box& positions, int64_t& count) {
        expect_size(name, rank + 2, x.ndim());
        for (int i = 0; i < rank; ++i) positions[axis(i)] = x.shape(i + (channels_first ? 2 : 1));
        count = x.shape(channels_first ? 1 : -1);
        batch = x.shape(0);
    }
    void set_groups() {
        const int64_t own = kernel.shape(-2);
        if (own == 0 || channels % own || channels / own == 0 || filters % (channels / own)) {
            throw nb::value_error("conv: the channels and the filters must be multiples of the number of groups");
        }
        groups = channels / own;
    }
    nb::object make(const Box& positions, int64_t count, float*& data) const {
        npy_intp dims[5];
        dims[0] = batch;
        dims[channels_first ? 1 : rank + 1] = count;
        for (int i = 0; i < rank; ++i) dims[i + (channels_first ? 2 : 1)] = positions[axis(i)];
        return new_array<float>(rank + 2, dims, data);
    }
    Images wide(const float* x, const float* gate) const { return {x, gate, channels, in, channels_first}; }
    Images narrow(const float* x, const float* gate) const { return {x, gate, filters, out, channels_first}; }
};

// What a convolution computes.
Correlation forward(const Sizes& s, const Images& x, float* result, const float* bias, bool relu) {
    const int64_t own = s.channels / s.groups, made = s.filters / s.groups;
    Part part = {s.out, {}, result};
    Box k;
    for (k[0] = 0; k[0] < s.window[0]; ++k[0]) {
        for (k[1] = 0; k[1] < s.window[1]; ++k[1]) {
            for (k[2] = 0; k[2] < s.window[2]; ++k[2]) {
                Tap tap = {{}, static_cast<int64_t>(part.taps.size())};
                for (int axis = 0; axis < 3; ++axis) tap.at[axis] = k[axis] * s.dilation[axis] - s.low[axis];
                part.taps.push_back(tap);
            }
        }
    }
    const Kernel kernel = {s.kernel.data(), own * s.filters, made, s.filters, 1};
    return {x, kernel, s.batch, s.groups, own, made, s.stride, {part}, Layout(s.filters, s.out, s.channels_first), bias,
            relu};
}

// The places of one axis that lie `phase` beyond a multiple of the stride: their number, and which elements of the
// kernel reach them from which places of the output, in the order of those.
struct Phase {
    int64_t count;
    std::vector<std::pair<int64_t, int64_t>> taps;  // place, element
    Phase(const Sizes& s, int axis, int64_t phase) {
        const int64_t stride = s.stride[axis];
        count = (s.in[axis] - phase + stride - 1) / stride;
        for (int64_t k = s.window[axis] - 1; k >= 0; --k) {
            const int64_t reach = phase + s.low[axis] - k * s.dilation[axis];
            if (reach % stride == 0) taps.push_back({reach / stride, k});
        }
    }
};

// What goes back through a convolution to its input, with a part for each phase of the strides.
Correlation transposed(const Sizes& s, const Images& g, float* result, const float* bias, bool relu) {
    const int64_t own = s.channels / s.groups, made = s.filters / s.groups;
    const Kernel kernel = {s.kernel.data(), own * s.filters, made, 1, s.filters};
    const Layout layout(s.channels, s.in, s.channels_first);
    Correlation c = {g, kernel, s.batch, s.groups, made, own, {{1, 1, 1}}, {}, layout, bias, relu};
    for (int axis = 0; axis < 3; ++axis) c.layout.step[axis] *= s.stride[axis];
    Box phase;
    for (phase[0] = 0; phase[0] < std::min(s.stride[0], s.in[0]); ++phase[0]) {
        for (phase[1] = 0; phase[1] < std::min(s.stride[1], s.in[1]); ++phase[1]) {
            for (phase[2] = 0; phase[2] < std::min(s.stride[2], s.in[2]); ++phase[2]) {
                const Phase axes[] = {Phase(s, 0, phase[0]), Phase(s, 1, phase[1]), Phase(s, 2, phase[2])};
                Part part = {{{axes[0].count, axes[1].count, axes[2].count}}, {}, result + layout.offset(phase)};
                for (const auto& [p0, k0] : axes[0].taps) {
                    for (const auto& [p1, k1] : axes[1].taps) {
                        for (const auto& [p2, k2] : axes[2].taps) {
                            part.taps.push_back({{{p0, p1, p2}}, (k0 * s.window[1] + k1) * s.window[2] + k2});
                        }
                    }
                }
                c.parts.push_back(part);
            }
        }
    }
    return c;
}

// Computes what goes back: a gradient is spread over what was read, which is nothing beyond the input.
void correlate_back(const Sizes& s, const Correlation& c) {
    must_stay_inside(c, s.kernel.size()) ? correlate_inside(c) : correlate(c);
}

// The bias, if there is one, after a check of its length.
struct Bias {
    std::optional<Array<float>> array;
    Bias(nb::handle given, int64_t channels) {
        if (given.is_none()) return;
        array.emplace(given, "bias");
        expect_size("conv: length of bias", channels, array->size());
    }
    const float* data() const { return array ? array->data() : nullptr; }
};

nb::object conv(nb::handle x_given, nb::handle kernel, nb::handle bias_given, nb::tuple geometry, bool channels_first,
                bool relu) {
    Sizes s(kernel, geometry, channels_first);
    const Array<float> x(x_given, "x");
    s.read(x, "conv: axes of x", s.in, s.channels);
    s.set_groups();
    s.out = s.result;
    const Bias bias(bias_given, s.filters);
    float* out;
    const nb::object made = s.make(s.out, s.filters, out);
    const Unlocked unlocked(true);
    if (s.batch * s.out.volume() * s.filters > 0) {
        correlate(forward(s, s.wide(x.data(), nullptr), out, bias.data(), relu));
    }
    return made;
}

nb::object conv_transpose(nb::handle x_given, nb::handle kernel, nb::handle bias_given, nb::tuple geometry,
                          bool channels_first, bool relu) {
    Sizes s(kernel, geometry, channels_first);
    const Array<float> x(x_given, "x");
    int64_t filters;
    s.read(x, "conv_transpose: axes of x", s.out, filters);
    expect_size("conv_transpose: channels of x", s.filters, filters);
    s.in = s.result;
    s.channels = s.kernel.shape(-2);
    const Bias bias(bias_given, s.channels);
    float* out;
    const nb::object made = s.make(s.in, s.channels, out);
    const Unlocked unlocked(true);
    if (s.batch * s.in.volume() * s.channels > 0) {
        correlate_back(s, transposed(s, s.narrow(x.data(), nullptr), out, bias.data(), relu));
    }
    return made;
}

nb::object conv_grad(nb::handle g_given, nb::handle x_given, nb::handle kernel, nb::handle out_given, nb::tuple geometry,
                     bool channels_first, bool need_x, bool need_kernel, bool need_bias) {
    Sizes s(kernel, geometry, channels_first);
    const Array<float> g(g_given, "g"), x(x_given, "x");
    int64_t filters;
    s.read(g, "conv_grad: axes of g", s.out, filters);
    const int64_t batch = s.batch;
    s.read(x, "conv_grad: axes of x", s.in, s.channels);
    s.set_groups();
    expect_size("conv_grad: channels of g", s.filters, filters);
    expect_size("conv_grad: batch of g", s.batch, batch);
    std::optional<Array<float>> out;
    if (!out_given.is_none()) {
        out.emplace(out_given, "out");
        expect_size("conv_grad: elements of out", g.size(), out->size());
    }
    const Images gradient = s.narrow(g.data(), out ? out->data() : nullptr);
    nb::object gx = nb::none(), gkernel = nb::none(), gbias = nb::none();
    float *to_x = nullptr, *to_kernel = nullptr, *to_bias = nullptr;
    if (need_x) gx = s.make(s.in, s.channels, to_x);
    if (need_kernel || need_bias) gkernel = new_array<float>(s.kernel.ndim(), s.kernel.dims(), to_kernel);
    if (need_bias) gbias = new_array<float>({s.filters}, to_bias);
    {
        const Unlocked unlocked(true);
        if (to_x && x.size() > 0) correlate_back(s, transposed(s, gradient, to_x, nullptr, false));
        if (to_kernel) {
            const Correlation c = forward(s, s.wide(x.data(), nullptr), nullptr, nullptr, false);
            correlate_kernel_gradient(c, gradient, to_kernel, to_bias);
        }
    }
    return nb::steal(PyTuple_Pack(3, gx.ptr(), gkernel.ptr(), gbias.ptr()));
}

constexpr const char* conv_text = R"(Return `conv(x, kernel) + bias`, through a relu if `relu`, in one pass.

Shapes: x (batch, *sizes, channels), kernel (*window, channels / groups, filters), bias (filters,) or None -> (batch,
*out, filters), float32, with one to three axes of positions; with `channels_first` the channels of x and of the result
come second. `geometry`: strides, dilations, the number of zeros before the first position, and the sizes `out`, one of
each per axis: the result at i reads the positions i * stride - zeros + k * dilation, and zeros outside of x.

A kernel of 3x3 that moves by one is computed by Winograd's method, to about 1e-6 of the largest result nearby. Raises
`TypeError` for another dtype, `ValueError` where sizes differ.

>>> x, kernel = np.float32([[[1], [2], [4]]]), np.float32([[[1]], [[-1]]])
>>> conv(x, kernel, np.float32([1.5]), (1, 1, 0, 2), relu=True)
array([[[0.5],
        [0. ]]], dtype=float32))";

constexpr const char* conv_transpose_text = R"(Return what goes from results of `conv` back to its input, plus a bias.

Shapes: x (batch, *sizes, filters), kernel (*window, channels / groups, filters), bias (channels,) or None -> (batch,
*out, channels). `geometry` as for `conv`, with `out` the sizes of the result: that of the input of the convolution.
Errors as for `conv`.

>>> x, kernel = np.float32([[[1], [2]]]), np.float32([[[1]], [[10]]])
>>> conv_transpose(x, kernel, None, (1, 1, 0, 3)).ravel()
array([ 1., 12., 20.], dtype=float32))";

constexpr const char* conv_grad_text = R"(Return the gradients (gx, gkernel, gbias) of `conv` from `g`, that of its result.

`out` is the result if it went through a relu, else None. None stands for gradients not needed. Shapes and `geometry` as
for `conv`. The bits of the sums do not depend on the number of threads.

>>> g, x, kernel = np.float32([[[1], [2]]]), np.float32([[[1], [2], [4]]]), np.float32([[[1]], [[-1]]])
>>> gx, gkernel, gbias = conv_grad(g, x, kernel, None, (1, 1, 0, 2))
>>> gx.ravel(), gkernel.ravel(), gbias
(array([ 1.,  1., -2.], dtype=float32), array([ 5., 10.], dtype=float32), array([3.], dtype=float32)))";

}  // namespace

void define_conv(nb::module_& m) {
    m.def("conv", &conv, nb::arg("x"), nb::arg("kernel"), nb::arg("bias").none(), nb::arg("geometry"),
          nb::arg("channels_first") = false, nb::arg("relu") = false, conv_text);
    m.def("conv_transpose", &conv_transpose, nb::arg("x"), nb::arg("kernel"), nb::arg("bias").none(),
          nb::arg("geometry"), nb::arg("channels_first") = false, nb::arg("relu") = false, conv_transpose_text);
    m.def("conv_grad", &conv_grad, nb::arg("g"), nb::arg("x"), nb::arg("kernel"), nb::arg("out").none(),
          nb::arg("geometry"), nb::arg("channels_first") = false, nb::arg("need_x") = true,
          nb::arg("need_kernel") = true, nb::arg("need_bias") = true, conv_grad_text);
}

}  // namespace kx
