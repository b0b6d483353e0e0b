// Loops and bindings of max and average pooling. x is seen as (outer, n0, n1, n2, inner): the channels are the inner
// axis. Where they come before the spatial axes, so many of them as are computed side by side are brought there, in the
// cache, and what comes of them back; a few channels are part of the outer axis.
#include "bodies/pooling.hpp"

#include <algorithm>
#include <limits>
#include <type_traits>

#include "cpu/arrays.hpp"
#include "cpu/parallel.hpp"
#include "cpu/workspace.hpp"
#include "families.hpp"

namespace kx {
namespace {

constexpr int most_axes = 3;

// One spatial axis: sizes of x and of the results, size and stride of the windows, padding in front.
struct Axis {
    int64_t n = 1, m = 1, size = 1, stride = 1, low = 0;

    // The results [first, last) whose windows have `place` inside x, and where it lies for the first of them.
    struct Range {
        int64_t first, last, start;
    };
    Range reached(int64_t place) const {
        const int64_t behind = low - place, ahead = n - 1 + behind;
        const int64_t first = behind > 0 ? (behind + stride - 1) / stride : 0;
        const int64_t last = ahead < 0 ? 0 : std::min(ahead / stride + 1, m);
        return {first, std::max(first, last), first * stride - behind};
    }
    // The places [first, end) of window i that lie inside x.
    int64_t first_inside(int64_t i) const { return std::max<int64_t>(low - i * stride, 0); }
    int64_t end_inside(int64_t i) const { return std::min(size, n + low - i * stride); }
    int64_t inside(int64_t i) const { return end_inside(i) - first_inside(i); }
};

// A tuple of at most five whole numbers, none below `least`.
struct Numbers {
    npy_intp at[most_axes + 2];
    int count;

    Numbers(nb::handle given, npy_intp least) {
        const size_t length = nb::len(given);
        count = static_cast<int>(length);
        if (length > most_axes + 2) throw nb::value_error("pooling: expected x with 3, 4 or 5 axes");
        for (int i = 0; i < count; ++i) {
            at[i] = nb::cast<npy_intp>(given[i]);
            if (at[i] < least) throw nb::value_error("pooling: a size, stride, padding or count is too small");
        }
    }
};

struct Pooling {
    Axis axes[most_axes];
    int64_t outer = 1, inner = 1;
    bool flipped;  // whether x lies as (outer, inner, n0, n1, n2)
    int ndim;
    npy_intp in_dims[most_axes + 2], out_dims[most_axes + 2];

    // `counts` are the numbers of windows along the spatial axes.
    Pooling(int ndim, const npy_intp* dims, nb::handle size_given, nb::handle strides_given, nb::handle low_given,
            const npy_intp* counts, bool channels_last)
        : ndim(ndim) {
        const int rank = ndim - 2;
        if (rank < 1 || rank > most_axes) throw nb::value_error("pooling: expected x with 3, 4 or 5 axes");
        const Numbers size(size_given, 1), strides(strides_given, 1), low(low_given, 0);
        for (const Numbers* numbers : {&size, &strides, &low}) {
            expect_size("pooling: numbers for the spatial axes", rank, numbers->count);
        }
        std::copy_n(dims, ndim, in_dims);
        std::copy_n(dims, ndim, out_dims);
        inner = channels_last ? dims[ndim - 1] : side_by_side(dims[1]);
        outer = channels_last ? dims[0] : dims[0] * dims[1] / inner;
        flipped = !channels_last && inner > 1;
        for (int i = 0; i < rank; ++i) {
            const int at = i + (channels_last ? 1 : 2);
            out_dims[at] = counts[i];
            axes[most_axes - rank + i] = {dims[at], counts[i], size.at[i], strides.at[i], low.at[i]};
        }
    }
    static int64_t side_by_side(int64_t channels) {
        for (int64_t count = std::min<int64_t>(channels, 32); count >= 8; --count) {
            if (channels % count == 0) return count;
        }
        return channels >= 8 && channels <= 256 ? channels : 1;
    }
    int64_t x_size() const { return axes[0].n * axes[1].n * axes[2].n * inner; }  // of one outer index
    int64_t out_size() const { return axes[0].m * axes[1].m * axes[2].m * inner; }
    int64_t row_size() const { return axes[2].m * inner; }
    int64_t places() const { return axes[0].size * axes[1].size * axes[2].size; }
    bool two_by_two() const {
        const Axis &d = axes[0], &h = axes[1], &w = axes[2];
        return d.size == 1 && h.size == 2 && w.size == 2 && d.low == 0 && h.low == 0 && w.low == 0 &&
               (d.m - 1) * d.stride < d.n && (h.m - 1) * h.stride + 1 < h.n && (w.m - 1) * w.stride + 1 < w.n;
    }

    // Calls body(o) for each outer index; several small ones make up one task.
    template <typename Body>
    void over_outer(const Body& body) const {
        const int64_t work = std::max<int64_t>(1, std::max(x_size(), out_size()));
        const int64_t together = std::max<int64_t>(1, 16384 / work), tasks = (outer + together - 1) / together;
        const Unlocked unlocked(pays(tasks, static_cast<double>(together * work)));
        parallel_for(tasks, static_cast<double>(together * work), [&](int64_t task) {
            const int64_t last = std::min((task + 1) * together, outer);
            for (int64_t o = task * together; o < last; ++o) body(o);
        });
    }

    // Whether every element of x lies in exactly one window.
    bool tiles() const {
        return std::all_of(axes, axes + most_axes, [](const Axis& a) {
            return a.stride == a.size && a.m * a.stride - a.low >= a.n;
        });
    }

    // Calls body(i0, i1, offset) for each row of results along the last spatial axis. Offsets are from the start of an
    // outer index.
    template <typename Body>
    KX_BODY void over_rows(const Body& body) const {
        int64_t at = 0;
        for (int64_t i0 = 0; i0 < axes[0].m; ++i0) {
            for (int64_t i1 = 0; i1 < axes[1].m; ++i1, at += row_size()) body(i0, i1, at);
        }
    }

    // Calls body(place, offset in x, step, offset in the row, count) so that every place inside x of each window of a
    // row comes up, the places of one window in order. Step: see bodies/pooling.hpp.
    template <typename Body>
    KX_BODY void over_places(int64_t i0, int64_t i1, const Body& body) const {
        const Axis &d = axes[0], &h = axes[1], &w = axes[2];
        for (int64_t p0 = d.first_inside(i0); p0 < d.end_inside(i0); ++p0) {
            for (int64_t p1 = h.first_inside(i1); p1 < h.end_inside(i1); ++p1) {
                const int64_t row = ((i0 * d.stride - d.low + p0) * h.n + i1 * h.stride - h.low + p1) * w.n;
                for (int64_t p2 = 0; p2 < w.size; ++p2) {
                    const auto [first, last, start] = w.reached(p2);
                    const int32_t place = static_cast<int32_t>((p0 * h.size + p1) * w.size + p2);
                    const int64_t at = (row + start) * inner, count = last - first;
                    if (w.stride == 1) {
                        body(place, at, std::integral_constant<int, 1>(), 1, first * inner, count * inner);
                    } else if (inner != 1) {
                        for (int64_t i = 0; i < count; ++i) {
                            body(place, at + i * w.stride * inner, std::integral_constant<int, 1>(), 1,
                                 (first + i) * inner, inner);
                        }
                    } else if (w.stride == 2) {
                        body(place, at, std::integral_constant<int, 2>(), 2, first, count);
                    } else {
                        body(place, at, std::integral_constant<int, 0>(), w.stride, first, count);
                    }
                }
            }
        }
    }
};

// The numbers of windows, one per spatial axis of x.
struct Counts : Numbers {
    Counts(nb::handle given, int ndim) : Numbers(given, 0) {
        expect_size("pooling: numbers for the spatial axes", ndim - 2, count);
    }
};

// The pooling that made an array of the shape of `g` from one of `shape`.
template <typename T>
Pooling transposed(const Array<T>& g, nb::handle shape_given, nb::handle size, nb::handle strides, nb::handle low,
                   bool channels_last) {
    const Numbers shape(shape_given, 0);
    expect_size("pooling: axes of g", shape.count, g.ndim());
    const Pooling p(shape.count, shape.at, size, strides, low, g.dims() + (channels_last ? 1 : 2), channels_last);
    expect_size("pooling: elements of g", p.outer * p.out_size(), g.size());
    return p;
}

// to (cols, rows) = the transpose of `from` (rows, cols). Four rows at a time, as loads cost less than stores.
template <typename T>
void flip(const T* __restrict from, T* __restrict to, int64_t rows, int64_t cols) {
    int64_t i = 0;
    for (; i + 4 <= rows; i += 4) {
        const T* row = from + i * cols;
        for (int64_t j = 0; j < cols; ++j) {
            const T four[4] = {row[j], row[cols + j], row[2 * cols + j], row[3 * cols + j]};
            std::copy_n(four, 4, to + j * rows + i);
        }
    }
    for (; i < rows; ++i) {
        for (int64_t j = 0; j < cols; ++j) to[j * rows + i] = from[i * cols + j];
    }
}

// What is read of one outer index, of so many elements, with the channels last.
template <typename T>
class Source {
   public:
    Source(const Pooling& p, const T* all, int64_t o, int64_t size) : room(p.flipped ? size : 0) {
        data = p.flipped ? room.data() : all + o * size;
        if (p.flipped) flip(all + o * size, room.data(), p.inner, size / p.inner);
    }
    const T* data;

   private:
    const Workspace<T> room;
};

// What is written of it; in its place when this goes.
template <typename T>
class Target {
   public:
    Target(const Pooling& p, T* all, int64_t o, int64_t size)
        : pooling(p), place(all + o * size), size(size), room(p.flipped ? size : 0) {
        data = p.flipped ? room.data() : place;
    }
    ~Target() {
        if (pooling.flipped) flip(room.data(), place, size / pooling.inner, pooling.inner);
    }
    T* data;

   private:
    const Pooling& pooling;
    T* const place;
    const int64_t size;
    const Workspace<T> room;
};

// The winners of a row, as they are computed and as they are kept.
using Winners = Workspace<int32_t>;

// A row of results where each window has two by two places, all of them inside x.
template <typename T>
void row_of_fours(const Pooling& p, const T* x, int64_t i0, int64_t i1, T* best, int32_t* winner) {
    const Axis &h = p.axes[1], &w = p.axes[2];
    const int64_t line = w.n * p.inner;
    const T* a = x + (i0 * p.axes[0].stride * h.n + i1 * h.stride) * line;
    for (int64_t at = 0; at < p.row_size(); at += p.inner, a += w.stride * p.inner) {
        largest_of_four_row(a, a + p.inner, a + line, a + line + p.inner, best + at, winner + at, p.inner);
    }
}

template <typename T, typename Place>
nb::object largest(const Pooling& p, const T* x, T* out) {
    Place* winner;
    const nb::object winners = new_array<Place>(p.ndim, p.out_dims, winner);
    const bool fours = p.two_by_two() && p.inner > 1;
    p.over_outer([&](int64_t o) {
        const Source<T> source(p, x, o, p.x_size());
        const Target<T> target(p, out, o, p.out_size());
        const Target<Place> places(p, winner, o, p.out_size());
        const T* xo = source.data;
        const Winners won(p.row_size());
        int32_t* row = won.data();
        p.over_rows([&](int64_t i0, int64_t i1, int64_t at) {
            T* best = target.data + at;
            if (fours) {
                row_of_fours(p, xo, i0, i1, best, row);
            } else {
                const Axis &d = p.axes[0], &h = p.axes[1], &w = p.axes[2];
                const int64_t before = (d.first_inside(i0) * h.size + h.first_inside(i1)) * w.size;
                for (int64_t i = 0; i < w.m; ++i) {
                    std::fill_n(row + i * p.inner, p.inner, static_cast<int32_t>(before + w.first_inside(i)));
                }
                std::fill_n(best, p.row_size(), -std::numeric_limits<T>::infinity());
                p.over_places(i0, i1, [=](int32_t place, int64_t from, auto step, int64_t by, int64_t to, int64_t n) {
                    raise_row<step()>(xo + from, by, best + to, row + to, place, n);
                });
            }
            std::copy_n(row, p.row_size(), places.data + at);
        });
    });
    return winners;
}

template <typename T>
nb::object max_forward(nb::handle x_given, nb::handle size, nb::handle strides, nb::handle low, nb::handle counts,
                       bool channels_last, bool want_winners) {
    const Array<T> x(x_given, "x");
    const Pooling p(x.ndim(), x.dims(), size, strides, low, Counts(counts, x.ndim()).at, channels_last);
    T* out;
    const nb::object outs = new_array<T>(p.ndim, p.out_dims, out);
    const T* xs = x.data();
    nb::object winners = nb::none();
    if (want_winners) {
        winners = p.places() <= 256 ? largest<T, uint8_t>(p, xs, out) : largest<T, int32_t>(p, xs, out);
        return nb::steal(PyTuple_Pack(2, outs.ptr(), winners.ptr()));
    }
    p.over_outer([&](int64_t o) {
        const Source<T> source(p, xs, o, p.x_size());
        const Target<T> target(p, out, o, p.out_size());
        const T* xo = source.data;
        p.over_rows([&](int64_t i0, int64_t i1, int64_t at) {
            T* best = target.data + at;
            std::fill_n(best, p.row_size(), -std::numeric_limits<T>::infinity());
            p.over_places(i0, i1, [=](int32_t, int64_t from, auto step, int64_t by, int64_t to, int64_t n) {
                raise_row<step()>(xo + from, by, best + to, n);
            });
        });
    });
    return nb::steal(PyTuple_Pack(2, outs.ptr(), winners.ptr()));
}

// gx = 0 where results are added to it; where each element gets exactly one of them it is written as it is.
template <bool Add, typename T, typename Place>
void to_winners(const Pooling& p, const T* g, const Place* winner, T* gx) {
    p.over_outer([&](int64_t o) {
        const Source<T> gradients(p, g, o, p.out_size());
        const Source<Place> winners(p, winner, o, p.out_size());
        const Target<T> target(p, gx, o, p.x_size());
        T* into = target.data;
        const Winners won(p.row_size());
        int32_t* row = won.data();
        if (Add) std::fill_n(into, p.x_size(), T(0));
        p.over_rows([&](int64_t i0, int64_t i1, int64_t at) {
            const T* grow = gradients.data + at;
            std::copy_n(winners.data + at, p.row_size(), row);
            p.over_places(i0, i1, [=](int32_t place, int64_t from, auto step, int64_t by, int64_t to, int64_t n) {
                to_winner_row<step(), Add>(grow + to, row + to, place, into + from, by, n);
            });
        });
    });
}

template <typename T, typename Place>
void to_winners(const Pooling& p, const T* g, nb::handle winners_given, T* gx) {
    const Array<Place> winners(winners_given, "winners");
    expect_size("max_pool_grad: elements of winners", p.outer * p.out_size(), winners.size());
    p.tiles() ? to_winners<false>(p, g, winners.data(), gx) : to_winners<true>(p, g, winners.data(), gx);
}

template <typename T>
nb::object max_backward(nb::handle g_given, nb::handle winners, nb::handle shape_given, nb::handle size,
                        nb::handle strides, nb::handle low, bool channels_last) {
    const Array<T> g(g_given, "g");
    const Pooling p = transposed(g, shape_given, size, strides, low, channels_last);
    T* gx;
    const nb::object gxs = new_array<T>(p.ndim, p.in_dims, gx);
    if (is_array_of<uint8_t>(winners)) {
        to_winners<T, uint8_t>(p, g.data(), winners, gx);
    } else {
        to_winners<T, int32_t>(p, g.data(), winners, gx);
    }
    return gxs;
}

// into[j] = from[j] / the number of elements of x in the window, for a row of results.
template <typename T>
KX_BODY void shares_row(const Pooling& p, int64_t i0, int64_t i1, const T* from, T* into) {
    const int64_t beside = p.axes[0].inside(i0) * p.axes[1].inside(i1);
    for (int64_t i = 0; i < p.axes[2].m; ++i) {
        const T share = T(1) / static_cast<T>(beside * p.axes[2].inside(i));
        for (int64_t j = i * p.inner; j < (i + 1) * p.inner; ++j) into[j] = from[j] * share;
    }
}

template <typename T>
nb::object average_forward(nb::handle x_given, nb::handle size, nb::handle strides, nb::handle low, nb::handle counts,
                           bool channels_last) {
    const Array<T> x(x_given, "x");
    const Pooling p(x.ndim(), x.dims(), size, strides, low, Counts(counts, x.ndim()).at, channels_last);
    T* out;
    const nb::object outs = new_array<T>(p.ndim, p.out_dims, out);
    const T* xs = x.data();
    p.over_outer([&](int64_t o) {
        const Source<T> source(p, xs, o, p.x_size());
        const Target<T> target(p, out, o, p.out_size());
        const T* xo = source.data;
        p.over_rows([&](int64_t i0, int64_t i1, int64_t at) {
            T* sum = target.data + at;
            std::fill_n(sum, p.row_size(), T(0));
            p.over_places(i0, i1, [=](int32_t, int64_t from, auto step, int64_t by, int64_t to, int64_t n) {
                add_row<step()>(xo + from, by, sum + to, n);
            });
            shares_row(p, i0, i1, sum, sum);
        });
    });
    return outs;
}

template <bool Add, typename T>
void give_back(const Pooling& p, const T* g, T* gx) {
    p.over_outer([&](int64_t o) {
        const Source<T> gradients(p, g, o, p.out_size());
        const Target<T> target(p, gx, o, p.x_size());
        T* into = target.data;
        const Workspace<T> shared(p.row_size());
        T* share = shared.data();
        if (Add) std::fill_n(into, p.x_size(), T(0));
        p.over_rows([&](int64_t i0, int64_t i1, int64_t at) {
            shares_row(p, i0, i1, gradients.data + at, share);
            p.over_places(i0, i1, [=](int32_t, int64_t from, auto step, int64_t by, int64_t to, int64_t n) {
                give_back_row<step(), Add>(share + to, into + from, by, n);
            });
        });
    });
}

template <typename T>
nb::object average_backward(nb::handle g_given, nb::handle shape_given, nb::handle size, nb::handle strides,
                            nb::handle low, bool channels_last) {
    const Array<T> g(g_given, "g");
    const Pooling p = transposed(g, shape_given, size, strides, low, channels_last);
    T* gx;
    const nb::object gxs = new_array<T>(p.ndim, p.in_dims, gx);
    p.tiles() ? give_back<false>(p, g.data(), gx) : give_back<true>(p, g.data(), gx);
    return gxs;
}

nb::object max_pool(nb::handle x, nb::handle size, nb::handle strides, nb::handle low, nb::handle counts,
                    bool channels_last, bool want_winners) {
    return is_array_of<double>(x) ? max_forward<double>(x, size, strides, low, counts, channels_last, want_winners)
                                  : max_forward<float>(x, size, strides, low, counts, channels_last, want_winners);
}

nb::object max_pool_grad(nb::handle g, nb::handle winners, nb::handle shape, nb::handle size, nb::handle strides,
                         nb::handle low, bool channels_last) {
    return is_array_of<double>(g) ? max_backward<double>(g, winners, shape, size, strides, low, channels_last)
                                  : max_backward<float>(g, winners, shape, size, strides, low, channels_last);
}

nb::object average_pool(nb::handle x, nb::handle size, nb::handle strides, nb::handle low, nb::handle counts,
                        bool channels_last) {
    return is_array_of<double>(x) ? average_forward<double>(x, size, strides, low, counts, channels_last)
                                  : average_forward<float>(x, size, strides, low, counts, channels_last);
}

nb::object average_pool_grad(nb::handle g, nb::handle shape, nb::handle size, nb::handle strides, nb::handle low,
                             bool channels_last) {
    return is_array_of<double>(g) ? average_backward<double>(g, shape, size, strides, low, channels_last)
                                  : average_backward<float>(g, shape, size, strides, low, channels_last);
}

constexpr const char* max_pool_text = R"(Return the largest element of each window, and its place in the window.

The windows have `size`, and begin every `strides` at `low` elements before x; there are `counts` of them. Places
are numbered in C order, as uint8 or, for more than 256 of them, int32; None unless `want_winners`. The first of
equal elements wins, a NaN wins over all others; what lies outside of x does not count.

Shapes: x (n, spatial..., c) if `channels_last`, else (n, c, spatial...), with up to 3 spatial axes, float32 or float64;
a tuple of numbers per spatial axis. Raises `TypeError` for another dtype, `ValueError` where sizes don't fit.

>>> x = np.array([1.0, 3.0, 2.0, 4.0, 5.0]).reshape(1, 5, 1)
>>> [array.ravel().tolist() for array in max_pool(x, (2,), (2,), (0,), (2,), True)]
[[3.0, 4.0], [1, 1]])";

constexpr const char* max_pool_grad_text = R"(Return the gradient of x (of `shape`), from that of its `max_pool`.

`winners` are what `max_pool` returned beside it. Errors as for `max_pool`.

>>> g, winners = np.array([1.0, 2.0]).reshape(1, 2, 1), np.array([1, 0], "uint8").reshape(1, 2, 1)
>>> max_pool_grad(g, winners, (1, 5, 1), (2,), (2,), (0,), True).ravel()
array([0., 1., 2., 0., 0.]))";

constexpr const char* average_pool_text = R"(Return the mean of each window, of its elements in x.

Windows, shapes and errors as for `max_pool`.

>>> average_pool(np.array([1.0, 3.0, 2.0]).reshape(1, 3, 1), (2,), (2,), (0,), (2,), True).ravel()
array([2., 2.]))";

constexpr const char* average_pool_grad_text = R"(Return the gradient of x (of `shape`), from that of its `average_pool`.

Errors as for `max_pool`.

>>> average_pool_grad(np.array([1.0, 2.0]).reshape(1, 2, 1), (1, 3, 1), (2,), (2,), (0,), True).ravel()
array([0.5, 0.5, 2. ]))";

}  // namespace

void define_pooling(nb::module_& m) {
    m.def("max_pool", &max_pool, nb::arg("x"), nb::arg("size"), nb::arg("strides"), nb::arg("low"), nb::arg("counts"),
          nb::arg("channels_last"), nb::arg("want_winners") = true, max_pool_text);
    m.def("max_pool_grad", &max_pool_grad, nb::arg("g"), nb::arg("winners"), nb::arg("shape"), nb::arg("size"),
          nb::arg("strides"), nb::arg("low"), nb::arg("channels_last"), max_pool_grad_text);
    m.def("average_pool", &average_pool, nb::arg("x"), nb::arg("size"), nb::arg("strides"), nb::arg("low"),
          nb::arg("counts"), nb::arg("channels_last"), average_pool_text);
    m.def("average_pool_grad", &average_pool_grad, nb::arg("g"), nb::arg("shape"), nb::arg("size"), nb::arg("strides"),
          nb::arg("low"), nb::arg("channels_last"), average_pool_grad_text);
}

}  // namespace kx
