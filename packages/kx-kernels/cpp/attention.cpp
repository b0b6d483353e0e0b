// Bindings of attention, and the loops over its heads.
#include "cpu/attention.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include "cpu/arrays.hpp"
#include "cpu/parallel.hpp"
#include "families.hpp"

namespace kx {
namespace {

// The arguments of a call, checked; they must outlive the Attention that is made of them.
struct Arguments {
    Array<float> q, k, v;
    std::optional<Array<float>> bias;
    std::optional<Array<bool>> mask;
    std::optional<Dropout> dropout;
    Attention a;

    Arguments(nb::handle q_given, nb::handle k_given, nb::handle v_given, nb::handle bias_given, nb::handle mask_given,
              float scale, bool causal, bool spread, double rate, uint64_t k0, uint64_t k1)
        : q(q_given, "query"), k(k_given, "key"), v(v_given, "value") {
        for (const auto* x : {&q, &k, &v}) {
            if (x->ndim() != 4) throw nb::value_error("attention: expected query, key and value with 4 axes");
        }
        expect_size("attention: batch of key", q.shape(0), k.shape(0));
        expect_size("attention: batch of value", q.shape(0), v.shape(0));
        expect_size("attention: steps of value", k.shape(1), v.shape(1));
        expect_size("attention: heads of value", k.shape(2), v.shape(2));
        expect_size("attention: last size of key", q.shape(3), k.shape(3));
        if (k.shape(2) == 0 || q.shape(2) % k.shape(2)) {
            throw nb::value_error("attention: expected a multiple of the key heads as the number of query heads");
        }
        if (!(rate >= 0.0 && rate < 1.0)) throw nb::value_error("attention: expected a rate of at least 0 and below 1");
        a = {q.shape(0), q.shape(1), k.shape(1), q.shape(2), k.shape(2), q.shape(3), v.shape(3), q.data(), k.data(),
             v.data(), {}, {}, scale, causal, spread, nullptr};
        if (!bias_given.is_none()) {
            bias.emplace(bias_given, "bias");
            a.bias = extra<float>("bias", *bias, bias->data());
        }
        if (!mask_given.is_none()) {
            mask.emplace(mask_given, "mask");
            a.mask = extra<uint8_t>("mask", *mask, reinterpret_cast<const uint8_t*>(mask->data()));
        }
        if (rate > 0.0) {
            dropout.emplace(rate, k0, k1);
            a.dropout = &*dropout;
        }
    }

    template <typename T, typename A>
    Extra<T> extra(const char* name, const A& array, const T* data) const {
        const int64_t wanted[4] = {a.batch, a.heads, a.queries, a.keys};
        if (array.ndim() > 4) throw nb::value_error((std::string(name) + ": expected at most 4 axes").c_str());
        int64_t steps[4] = {0, 0, 0, 0}, step = 1;
        for (int axis = 3; axis >= 4 - array.ndim(); --axis) {
            const int64_t size = array.shape(axis - 4 + array.ndim());
            if (size != 1) expect_size(name, wanted[axis], size);
            steps[axis] = size == 1 ? 0 : step;
            step *= size;
        }
        return {data, steps[0], steps[1], steps[2], steps[3]};
    }

    double operations(int64_t queries) const {  // of so many queries of one head
        return static_cast<double>(queries) * static_cast<double>(a.keys) * static_cast<double>(a.size + a.features + 8);
    }
};

nb::object attention(nb::handle q, nb::handle k, nb::handle v, nb::handle bias, nb::handle mask, float scale,
                     bool causal, bool spread, double rate, uint64_t k0, uint64_t k1, bool keep) {
    const Arguments arguments(q, k, v, bias, mask, scale, causal, spread, rate, k0, k1);
    const Attention& a = arguments.a;
    float *out, *log_sums = nullptr;
    const nb::object result = new_array<float>({a.batch, a.queries, a.heads, a.features}, out);
    const nb::object sums = keep ? new_array<float>({a.batch, a.heads, a.queries}, log_sums) : nb::none();
    const int64_t rows = a.batch * a.heads * a.queries;
    if (a.keys == 0) {  // sums over nothing
        std::fill_n(out, rows * a.features, 0.0f);
        if (log_sums) std::fill_n(log_sums, rows, INFINITY);
    } else if (rows > 0) {
        need_blas();
        const AttentionTiles tiles(a);
        const int64_t runs = (a.queries + tiles.queries - 1) / tiles.queries;
        const double cost = arguments.operations(tiles.queries);
        const Unlocked unlocked(pays(a.batch * a.heads * runs, cost));
        parallel_for(a.batch * a.heads * runs, cost, [&](int64_t task) {
            const int64_t i = task % runs * tiles.queries, head = task / runs;
            attention_forward(a, tiles, head / a.heads, head % a.heads, i, std::min(tiles.queries, a.queries - i), out,
                              log_sums);
        });
    }
    return nb::steal(PyTuple_Pack(2, result.ptr(), sums.ptr()));
}

nb::object attention_grad(nb::handle g_given, nb::handle q, nb::handle k, nb::handle v, nb::handle bias, nb::handle mask,
                          nb::handle out_given, nb::handle log_sums_given, float scale, bool causal, bool spread,
                          double rate, uint64_t k0, uint64_t k1, bool need_bias) {
    const Arguments arguments(q, k, v, bias, mask, scale, causal, spread, rate, k0, k1);
    const Array<float> g(g_given, "g"), out(out_given, "out"), log_sums(log_sums_given, "log_sums");
    const Attention& a = arguments.a;
    expect_size("attention_grad: elements of g", a.batch * a.queries * a.heads * a.features, g.size());
    expect_size("attention_grad: elements of out", g.size(), out.size());
    expect_size("attention_grad: elements of log_sums", a.batch * a.queries * a.heads, log_sums.size());
    AttentionGradient d = {g.data(), out.data(), log_sums.data(), nullptr, nullptr, nullptr, nullptr};
    const nb::object gq = new_array<float>(4, arguments.q.dims(), d.q), gk = new_array<float>(4, arguments.k.dims(), d.k),
                     gv = new_array<float>(4, arguments.v.dims(), d.v);
    const nb::object gbias =
        need_bias ? new_array<float>({a.batch, a.heads, a.queries, a.keys}, d.scores) : nb::none();
    if (a.keys == 0) std::fill_n(d.q, arguments.q.size(), 0.0f);
    if (a.batch > 0 && a.keys > 0) {
        need_blas();
        const AttentionTiles tiles(a);
        const double cost = 2.5 * arguments.operations(a.queries) * static_cast<double>(a.group());
        const Unlocked unlocked(pays(a.batch * a.kv_heads, cost));
        parallel_for(a.batch * a.kv_heads, cost, [&](int64_t task) {
            attention_backward(a, tiles, d, task / a.kv_heads, task % a.kv_heads);
        });
    }
    return nb::steal(PyTuple_Pack(4, gq.ptr(), gk.ptr(), gv.ptr(), gbias.ptr()));
}

constexpr const char* attention_text = R"(Return (softmax(scale * query key^T + bias) value, log of the sums of exp).

For each head, over the keys where `mask` is True and, with `causal`, up to the query's own place. A query without a key
takes all values alike (`spread`) or gives 0. With `rate` the weights go through `dropout` with key (k0, k1), numbered
in the order (batch, heads, queries, keys). The second result is None without `keep`.

Shapes: query (batch, queries, heads, size), key (batch, keys, key heads, size), value (batch, keys, key heads, n), all
float32; bias (float32) and mask (bool) broadcast to (batch, heads, queries, keys), or None -> (batch, queries, heads, n),
(batch, heads, queries). The scores of a few queries at a time are in memory, never all of them.

>>> x = np.float32([1, 2]).reshape(1, 2, 1, 1)
>>> attention(x, x, x, None, None, 1.0, True, True, 0.0, 0, 0, False)[0].ravel().round(4)
array([1.    , 1.8808], dtype=float32))";

constexpr const char* attention_grad_text = R"(Return the gradients of `attention` for query, key, value and scores.

`g` is that of its first result `out`. The last is the gradient of the bias before it is summed over the axes along which
it broadcasts, (batch, heads, queries, keys), or None without `need_bias`.

>>> x = np.float32([1, 2]).reshape(1, 2, 1, 1)
>>> how = (1.0, True, True, 0.0, 0, 0)
>>> out, log_sums = attention(x, x, x, None, None, *how, True)
>>> attention_grad(np.ones_like(x), x, x, x, None, None, out, log_sums, *how, False)[2].ravel().round(4)
array([1.1192, 0.8808], dtype=float32))";

}  // namespace

void define_attention(nb::module_& m) {
    m.def("attention", &attention, nb::arg("query"), nb::arg("key"), nb::arg("value"), nb::arg("bias").none(),
          nb::arg("mask").none(), nb::arg("scale"), nb::arg("causal"), nb::arg("spread"), nb::arg("rate"), nb::arg("k0"),
          nb::arg("k1"), nb::arg("keep"), attention_text);
    m.def("attention_grad", &attention_grad, nb::arg("g"), nb::arg("query"), nb::arg("key"), nb::arg("value"),
          nb::arg("bias").none(), nb::arg("mask").none(), nb::arg("out"), nb::arg("log_sums"), nb::arg("scale"),
          nb::arg("causal"), nb::arg("spread"), nb::arg("rate"), nb::arg("k0"), nb::arg("k1"), nb::arg("need_bias"),
          attention_grad_text);
}

}  // namespace kx
