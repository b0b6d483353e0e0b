// Bindings of the recurrent layers.
#include <optional>
#include <string>
#include <vector>

#include "cpu/arrays.hpp"
#include "cpu/recurrence.hpp"
#include "cpu/recurrence_grad.hpp"
#include "families.hpp"

namespace kx {
namespace {

// The arrays that both passes read, checked and kept alive.
class Inputs {
   public:
    Inputs(int gates, nb::handle x_given, nb::handle kernel_given, nb::handle recurrent_given, nb::handle mask_given,
           nb::handle drop_given, nb::handle back_drop_given)
        : x(x_given, "x"),
          kernel(kernel_given, "kernel"),
          recurrent(recurrent_given, "recurrent_kernel"),
          gates(gates) {
        expect_size("axes of x", 3, x.ndim());
        expect_size("axes of kernel", 2, kernel.ndim());
        expect_size("axes of recurrent_kernel", 2, recurrent.ndim());
        batch = x.shape(0), steps = x.shape(1), features = x.shape(2), units = recurrent.shape(0);
        if (steps < 1) throw nb::value_error("expected 1 or more steps, got 0");
        expect_size("rows of kernel", features, kernel.shape(0));
        expect_size("columns of kernel", gates * units, kernel.shape(1));
        expect_size("columns of recurrent_kernel", gates * units, recurrent.shape(1));
        if (!mask_given.is_none()) {
            mask.emplace(mask_given, "mask");
            expect_shape(*mask, "mask", {batch, steps});
        }
        drops = read_drop(drop, drop_given, "dropout_mask", features);
        back_drops = read_drop(back_drop, back_drop_given, "recurrent_dropout_mask", units);
    }

    void fill(Sequence& s, bool sequences, bool reverse, bool zero_output) const {
        s.batch = batch, s.steps = steps, s.features = features, s.units = units;
        s.x = x.data(), s.kernel = kernel.data(), s.recurrent = recurrent.data();
        s.mask = mask ? mask->data() : nullptr;
        s.drop = drop ? drop->data() : nullptr;
        s.back_drop = back_drop ? back_drop->data() : nullptr;
        s.drops = drops, s.back_drops = back_drops;
        s.sequences = sequences, s.reverse = reverse, s.zero_output = zero_output;
        s.gates = s.hidden = s.cells = s.backs = nullptr;
    }

    template <typename T>
    static void expect_shape(const ArrayView<T>& array, const char* name, std::initializer_list<int64_t> shape) {
        expect_size((std::string("axes of ") + name).c_str(), shape.size(), array.ndim());
        int axis = 0;
        for (const int64_t size : shape) {
            expect_size((std::string(name) + ", axis " + std::to_string(axis)).c_str(), size, array.shape(axis));
            ++axis;
        }
    }

    // The data of an array of this shape, which is kept alive; null for None.
    const float* read(nb::handle given, const char* name, std::initializer_list<int64_t> shape) {
        if (given.is_none()) return nullptr;
        others.emplace_back(given, name);
        expect_shape(others.back(), name, shape);
        return others.back().data();
    }

    const Array<float> x, kernel, recurrent;
    const int gates;
    int64_t batch, steps, features, units, drops, back_drops;

   private:
    int64_t read_drop(std::optional<Array<float>>& into, nb::handle given, const char* name, int64_t size) const {
        if (given.is_none()) return 0;
        into.emplace(given, name);
        const int64_t count = into->ndim() ? into->shape(0) : 0;
        if (count != 1) expect_size(name, gates, count);
        expect_shape(*into, name, {count, batch, size});
        return count;
    }

    std::optional<Array<bool>> mask;
    std::optional<Array<float>> drop, back_drop;
    std::vector<Array<float>> others;
};

// Runs the forward pass and returns ((out, h[, c]), saved); saved is (gates, hidden[, cells][, backs]), or None.
template <class Cell>
nb::object forward(const Cell& cell, Inputs& in, ForwardPass& f, bool keep) {
    const int64_t b = in.batch, t = in.steps, u = in.units;
    const nb::object out = f.sequences ? new_array<float>({b, t, u}, f.out) : new_array<float>({b, u}, f.out);
    const nb::object h = new_array<float>({b, u}, f.h);
    nb::list results, saved;
    results.append(out);
    results.append(h);
    if (Cell::has_cell) results.append(new_array<float>({b, u}, f.c));
    if (keep) {
        saved.append(new_array<float>({t, b, Cell::gates * u}, f.gates));
        saved.append(new_array<float>({t, b, u}, f.hidden));
        if (Cell::has_cell) saved.append(new_array<float>({t, b, u}, f.cells));
        if (Cell::keeps_back) saved.append(new_array<float>({t, b, u}, f.backs));
    }
    {
        const Unlocked unlocked(b * t * u > 4096);
        run_forward(f, cell);
    }
    const nb::tuple outputs(results);
    return nb::make_tuple(outputs, keep ? nb::object(nb::tuple(saved)) : nb::none());
}

// Runs the backward pass and returns (gx or None, gkernel, grecurrent, sums of gz, gradient of h[, of c]).
template <class Cell>
nb::tuple backward(const Cell& cell, Inputs& in, BackwardPass& b, nb::handle saved, nb::handle g_out, nb::handle g_h,
                   nb::handle g_c, bool need_x) {
    const int64_t n = in.batch, t = in.steps, u = in.units, d = in.features;
    expect_size("arrays saved", 2 + Cell::has_cell + Cell::keeps_back, nb::len(saved));
    // The backward pass only reads these.
    b.gates = const_cast<float*>(in.read(saved[0], "gates", {t, n, Cell::gates * u}));
    b.hidden = const_cast<float*>(in.read(saved[1], "hidden", {t, n, u}));
    if (Cell::has_cell) b.cells = const_cast<float*>(in.read(saved[2], "cells", {t, n, u}));
    if (Cell::keeps_back) b.backs = const_cast<float*>(in.read(saved[2], "backs", {t, n, u}));
    b.g_out = b.sequences ? in.read(g_out, "g_out", {n, t, u}) : in.read(g_out, "g_out", {n, u});
    b.g_h = in.read(g_h, "g_h", {n, u});
    b.g_c = in.read(g_c, "g_c", {n, u});
    b.gx = b.gfirst_c = nullptr;
    const nb::object gx = need_x ? new_array<float>({n, t, d}, b.gx) : nb::none();
    const nb::object gkernel = new_array<float>({d, Cell::gates * u}, b.gkernel);
    const nb::object grecurrent = new_array<float>({u, Cell::gates * u}, b.grecurrent);
    const nb::object gsums = new_array<float>({Cell::parts * u}, b.gsums);
    const nb::object gh = new_array<float>({n, u}, b.gfirst_h);
    const nb::object gc = Cell::has_cell ? new_array<float>({n, u}, b.gfirst_c) : nb::none();
    {
        const Unlocked unlocked(n * t * u > 4096);
        run_backward(b, cell);
    }
    return nb::make_tuple(gx, gkernel, grecurrent, gsums, gh, gc);
}

// How steep the hard sigmoids of the gates are; 0 where they are sigmoids.
float steepness_of(nb::handle recurrent_activation) {
    const std::string name = nb::str(recurrent_activation).c_str();
    if (name == "sigmoid") return 0.0f;
    if (name == "hard_sigmoid") return 1.0f / 6;
    if (name == "keras2_hard_sigmoid") return 0.2f;
    const std::string text =
        "recurrent_activation: expected 'sigmoid', 'hard_sigmoid' or 'keras2_hard_sigmoid', got '" + name + "'";
    throw nb::value_error(text.c_str());
}

// ---- LSTM ----------------------------------------------------------------------------------------------------------

nb::object lstm(nb::handle x, nb::handle kernel, nb::handle recurrent, nb::handle bias, nb::handle initial_h,
                nb::handle initial_c, nb::handle mask, nb::handle drop, nb::handle back_drop, nb::handle gates,
                bool sequences, bool reverse, bool zero_output, bool keep) {
    Inputs in(LstmCell::gates, x, kernel, recurrent, mask, drop, back_drop);
    ForwardPass f;
    in.fill(f, sequences, reverse, zero_output);
    f.bias = in.read(bias, "bias", {4 * in.units});
    f.back_bias = nullptr;
    f.first_h = in.read(initial_h, "initial_h", {in.batch, in.units});
    f.first_c = in.read(initial_c, "initial_c", {in.batch, in.units});
    return forward(LstmCell{steepness_of(gates)}, in, f, keep);
}

nb::object lstm_grad(nb::handle g_out, nb::handle g_h, nb::handle g_c, nb::handle x, nb::handle kernel,
                     nb::handle recurrent, nb::handle mask, nb::handle drop, nb::handle back_drop, nb::handle saved,
                     nb::handle gates, bool sequences, bool reverse, bool zero_output, bool need_x) {
    Inputs in(LstmCell::gates, x, kernel, recurrent, mask, drop, back_drop);
    BackwardPass b;
    in.fill(b, sequences, reverse, zero_output);
    return backward(LstmCell{steepness_of(gates)}, in, b, saved, g_out, g_h, g_c, need_x);
}

// ---- GRU -----------------------------------------------------------------------------------------------------------

nb::object gru(nb::handle x, nb::handle kernel, nb::handle recurrent, nb::handle bias, nb::handle initial_h,
               nb::handle mask, nb::handle drop, nb::handle back_drop, nb::handle gates, bool reset_after, bool sequences,
               bool reverse, bool zero_output, bool keep) {
    Inputs in(GruCell::gates, x, kernel, recurrent, mask, drop, back_drop);
    ForwardPass f;
    in.fill(f, sequences, reverse, zero_output);
    f.bias = reset_after ? in.read(bias, "bias", {2, 3 * in.units}) : in.read(bias, "bias", {3 * in.units});
    f.back_bias = f.bias && reset_after ? f.bias + 3 * in.units : nullptr;
    f.first_h = in.read(initial_h, "initial_h", {in.batch, in.units});
    f.first_c = nullptr;
    const float hard = steepness_of(gates);
    return reset_after ? forward(GruCell{hard}, in, f, keep) : forward(GruResetBeforeCell{hard}, in, f, keep);
}

nb::object gru_grad(nb::handle g_out, nb::handle g_h, nb::handle x, nb::handle kernel, nb::handle recurrent,
                    nb::handle mask, nb::handle drop, nb::handle back_drop, nb::handle saved, nb::handle gates,
                    bool reset_after, bool sequences, bool reverse, bool zero_output, bool need_x) {
    Inputs in(GruCell::gates, x, kernel, recurrent, mask, drop, back_drop);
    BackwardPass b;
    in.fill(b, sequences, reverse, zero_output);
    const float hard = steepness_of(gates);
    if (!reset_after) {
        const nb::tuple found = backward(GruResetBeforeCell{hard}, in, b, saved, g_out, g_h, nb::none(), need_x);
        return nb::make_tuple(found[0], found[1], found[2], found[3], found[4]);
    }
    const nb::tuple found = backward(GruCell{hard}, in, b, saved, g_out, g_h, nb::none(), need_x);
    // The sums are those of z, r, n and of the product that r multiplied.
    float* both;
    const nb::object gbias = new_array<float>({2, 3 * in.units}, both);
    std::copy_n(b.gsums, 3 * in.units, both);
    std::copy_n(b.gsums, 2 * in.units, both + 3 * in.units);
    std::copy_n(b.gsums + 3 * in.units, in.units, both + 5 * in.units);
    return nb::make_tuple(found[0], found[1], found[2], gbias, found[4]);
}

// ---- the simple recurrence -----------------------------------------------------------------------------------------

nb::object simple_rnn(nb::handle x, nb::handle kernel, nb::handle recurrent, nb::handle bias, nb::handle initial_h,
                      nb::handle mask, nb::handle drop, nb::handle back_drop, nb::handle activation, bool sequences,
                      bool reverse, bool zero_output, bool keep) {
    Inputs in(SimpleCell::gates, x, kernel, recurrent, mask, drop, back_drop);
    ForwardPass f;
    in.fill(f, sequences, reverse, zero_output);
    f.bias = in.read(bias, "bias", {in.units});
    f.back_bias = nullptr;
    f.first_h = in.read(initial_h, "initial_h", {in.batch, in.units});
    f.first_c = nullptr;
    return forward(SimpleCell{activation_of(activation)}, in, f, keep);
}

nb::object simple_rnn_grad(nb::handle g_out, nb::handle g_h, nb::handle x, nb::handle kernel, nb::handle recurrent,
                           nb::handle mask, nb::handle drop, nb::handle back_drop, nb::handle activation,
                           nb::handle saved, bool sequences, bool reverse, bool zero_output, bool need_x) {
    Inputs in(SimpleCell::gates, x, kernel, recurrent, mask, drop, back_drop);
    BackwardPass b;
    in.fill(b, sequences, reverse, zero_output);
    const SimpleCell cell{activation_of(activation)};
    const nb::tuple found = backward(cell, in, b, saved, g_out, g_h, nb::none(), need_x);
    return nb::make_tuple(found[0], found[1], found[2], found[3], found[4]);
}

constexpr const char* lstm_text = R"(Return `((out, h, c), saved)` of a long short-term memory over whole sequences.

The gates i, f, o = sigmoid and g = tanh of `x W + h U + bias`, in the order i, f, g, o; `c = f c + i g`,
`h = o tanh(c)`. `recurrent_activation` "hard_sigmoid" takes `x / 6 + 1 / 2` between 0 and 1 for the sigmoid,
"keras2_hard_sigmoid" `x / 5 + 1 / 2`. `out` is the last h, or with `return_sequences` that of each step. Masked steps carry the states on
and show the last output, or zeros: before the first output, and always with `zero_output_for_mask`. `saved`, with
`keep` only, is for `lstm_grad`.

Shapes: x (batch, steps, d), kernel (d, 4 units), recurrent_kernel (units, 4 units), bias (4 units), initial_h and
initial_c (batch, units), mask (batch, steps) bool, dropout_mask (1 or 4, batch, d), recurrent_dropout_mask (1 or 4,
batch, units); from bias on None is allowed. float32 of any layout. Raises `TypeError` for another dtype, `ValueError`
where sizes differ. Rows run on several threads; the bits do not depend on how many.

>>> x = np.ones((1, 2, 1), "float32")
>>> (out, h, c), saved = lstm(x, np.zeros((1, 4), "float32"), np.zeros((1, 4), "float32"))
>>> c, saved
(array([[0.]], dtype=float32), None))";

constexpr const char* lstm_grad_text = R"(Return (gx, gkernel, grecurrent_kernel, gbias, ginitial_h, ginitial_c) of `lstm`.

`g_out`, `g_h`, `g_c`, the gradients of its results, may be None for zeros. `saved` is what it returned with
`keep=True`. gx is None without `need_x`. Shapes and errors as for `lstm`.

>>> x, w = np.ones((1, 2, 1), "float32"), np.zeros((1, 4), "float32")
>>> _, saved = lstm(x, w, w, keep=True)
>>> lstm_grad(np.float32([[1]]), None, None, x, w, w, saved=saved)[3]
array([0.   , 0.   , 0.375, 0.   ], dtype=float32))";

constexpr const char* gru_text = R"(Return `((out, h), saved)` of a gated recurrent unit over whole sequences.

`z, r = sigmoid(x W + bias[0] + h U + bias[1])`, `n = tanh(x W + bias[0] + r (h U + bias[1]))`, each with its part of
the columns, in the order z, r, n; `h = z h + (1 - z) n`. Without `reset_after`, `n = tanh(x W + bias + (r h) U)`, and
the bias is one. Options and errors as for `lstm`.

Shapes: x (batch, steps, d), kernel (d, 3 units), recurrent_kernel (units, 3 units), bias (2, 3 units) or
(3 units), initial_h (batch, units), mask (batch, steps) bool, dropout_mask (1 or 3, batch, d), recurrent_dropout_mask
(1 or 3, batch, units).

>>> x, w = np.ones((1, 2, 1), "float32"), np.zeros((1, 3), "float32")
>>> gru(x, w, w, initial_h=np.float32([[4]]))[0][1]
array([[1.]], dtype=float32))";

constexpr const char* gru_grad_text = R"(Return (gx, gkernel, grecurrent_kernel, gbias, ginitial_h) of `gru`, as `lstm_grad` does.

>>> x, w = np.ones((1, 2, 1), "float32"), np.zeros((1, 3), "float32")
>>> _, saved = gru(x, w, w, keep=True)
>>> gru_grad(np.float32([[1]]), None, x, w, w, saved=saved)[3]
array([[0.   , 0.   , 0.75 ],
       [0.   , 0.   , 0.375]], dtype=float32))";

constexpr const char* simple_text = R"(Return `((out, h), saved)` of `h = activation(x W + h U + bias)` over whole sequences.

`activation` is None, "relu", "sigmoid" or "tanh". Options and errors as for `lstm`.

Shapes: x (batch, steps, d), kernel (d, units), recurrent_kernel (units, units), bias (units), initial_h (batch, units),
mask (batch, steps) bool, dropout_mask (1, batch, d), recurrent_dropout_mask (1, batch, units).

>>> x, w = np.ones((1, 3, 1), "float32"), np.ones((1, 1), "float32")
>>> simple_rnn(x, w, w, activation=None)[0][0]
array([[3.]], dtype=float32))";

constexpr const char* simple_grad_text = R"(Return (gx, gkernel, grecurrent_kernel, gbias, ginitial_h) of `simple_rnn`.

>>> x, w = np.ones((1, 3, 1), "float32"), np.ones((1, 1), "float32")
>>> _, saved = simple_rnn(x, w, w, activation=None, keep=True)
>>> simple_rnn_grad(np.float32([[1]]), None, x, w, w, activation=None, saved=saved)[3]
array([3.], dtype=float32))";

}  // namespace

void define_rnn(nb::module_& m) {
    using nb::arg;
    m.def("lstm", &lstm, arg("x"), arg("kernel"), arg("recurrent_kernel"), arg("bias").none() = nb::none(),
          arg("initial_h").none() = nb::none(), arg("initial_c").none() = nb::none(), arg("mask").none() = nb::none(),
          arg("dropout_mask").none() = nb::none(), arg("recurrent_dropout_mask").none() = nb::none(), nb::kw_only(),
          arg("recurrent_activation") = "sigmoid", arg("return_sequences") = false, arg("go_backwards") = false,
          arg("zero_output_for_mask") = false, arg("keep") = false, lstm_text);
    m.def("lstm_grad", &lstm_grad, arg("g_out").none(), arg("g_h").none(), arg("g_c").none(), arg("x"), arg("kernel"),
          arg("recurrent_kernel"), arg("mask").none() = nb::none(), arg("dropout_mask").none() = nb::none(),
          arg("recurrent_dropout_mask").none() = nb::none(), nb::kw_only(), arg("saved"),
          arg("recurrent_activation") = "sigmoid", arg("return_sequences") = false, arg("go_backwards") = false,
          arg("zero_output_for_mask") = false, arg("need_x") = true, lstm_grad_text);
    m.def("gru", &gru, arg("x"), arg("kernel"), arg("recurrent_kernel"), arg("bias").none() = nb::none(),
          arg("initial_h").none() = nb::none(), arg("mask").none() = nb::none(), arg("dropout_mask").none() = nb::none(),
          arg("recurrent_dropout_mask").none() = nb::none(), nb::kw_only(), arg("recurrent_activation") = "sigmoid",
          arg("reset_after") = true, arg("return_sequences") = false, arg("go_backwards") = false,
          arg("zero_output_for_mask") = false, arg("keep") = false, gru_text);
    m.def("gru_grad", &gru_grad, arg("g_out").none(), arg("g_h").none(), arg("x"), arg("kernel"),
          arg("recurrent_kernel"), arg("mask").none() = nb::none(), arg("dropout_mask").none() = nb::none(),
          arg("recurrent_dropout_mask").none() = nb::none(), nb::kw_only(), arg("saved"),
          arg("recurrent_activation") = "sigmoid", arg("reset_after") = true, arg("return_sequences") = false,
          arg("go_backwards") = false, arg("zero_output_for_mask") = false, arg("need_x") = true, gru_grad_text);
    m.def("simple_rnn", &simple_rnn, arg("x"), arg("kernel"), arg("recurrent_kernel"), arg("bias").none() = nb::none(),
          arg("initial_h").none() = nb::none(), arg("mask").none() = nb::none(), arg("dropout_mask").none() = nb::none(),
          arg("recurrent_dropout_mask").none() = nb::none(), nb::kw_only(), arg("activation").none() = "tanh",
          arg("return_sequences") = false, arg("go_backwards") = false, arg("zero_output_for_mask") = false,
          arg("keep") = false, simple_text);
    m.def("simple_rnn_grad", &simple_rnn_grad, arg("g_out").none(), arg("g_h").none(), arg("x"), arg("kernel"),
          arg("recurrent_kernel"), arg("mask").none() = nb::none(), arg("dropout_mask").none() = nb::none(),
          arg("recurrent_dropout_mask").none() = nb::none(), nb::kw_only(), arg("activation").none() = "tanh",
          arg("saved"), arg("return_sequences") = false, arg("go_backwards") = false,
          arg("zero_output_for_mask") = false, arg("need_x") = true, simple_grad_text);
}

}  // namespace kx
