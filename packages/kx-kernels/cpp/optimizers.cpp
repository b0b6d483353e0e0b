// Loops and bindings of the optimizers' steps over flat buffers.
#include "bodies/optimizers.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "cpu/arrays.hpp"
#include "cpu/gradients.hpp"
#include "cpu/parallel.hpp"
#include "families.hpp"

namespace kx {
namespace {

constexpr int max_slots = 3, max_constants = 8;
constexpr double operations = 4;  // per element of a step, roughly: what counts is the memory it goes through

// All that a step works on. Variable i is at [bounds[i], bounds[i + 1]) of each buffer.
template <typename T>
struct Group {
    T* params;
    T* slots[max_slots] = {};
    const int64_t* bounds;
    std::vector<Gradient<T>> gradients;  // one per variable, and so are the readings
    std::vector<Reading<T>> readings;
};

template <typename T, typename Rule>
void step_piece_at(const Rule& rule, const Group<T>& group, int64_t variable, int64_t at, const T* g, int64_t count) {
    const Reading<T>& read = group.readings[variable];
    at += group.bounds[variable];
    T *p = group.params + at, *a = group.slots[0] + at, *b = group.slots[1] + at, *c = group.slots[2] + at;
    if constexpr (Rule::slots == 0) step_piece(rule, read, p, g, count);
    if constexpr (Rule::slots == 1) step_piece(rule, read, p, g, a, count);
    if constexpr (Rule::slots == 2) step_piece(rule, read, p, g, a, b, count);
    if constexpr (Rule::slots == 3) step_piece(rule, read, p, g, a, b, c, count);
}

template <template <typename> class Rule, typename T>
void step(const Group<T>& group, const double* constants) {
    const Rule<T> rule(constants);
    const auto decays = [&](int64_t i) { return group.readings[i].shrink != T(1); };
    const Pieces pieces(group.gradients, [&](int64_t i) { return Rule<T>::rests && !decays(i); });
    const Unlocked unlocked(pieces.large(operations));
    pieces.run(operations, [&](int64_t, const Piece& piece) {
        group.gradients[piece.variable].visit(piece, [&](int64_t at, const T* g, int64_t count) {
            step_piece_at(rule, group, piece.variable, at, g, count);
        });
    });
}

template <typename T>
void step_ftrl(const Group<T>& group, const double* constants) {
    constants[1] == 0.5 ? step<RootFtrl>(group, constants) : step<PowerFtrl>(group, constants);
}

// Lamb in two passes: the averages and the norms of each variable, then the step.
template <typename T>
void step_lamb(const Group<T>& group, const double* constants) {
    const Lamb<T> rule(constants);
    const Pieces pieces(group.gradients, [](int64_t) { return false; });
    struct Squares {
        T params = 0, direction = 0;
    };
    std::vector<Squares> of_piece(pieces.count()), of_variable(group.gradients.size());
    const Unlocked unlocked(pieces.large(operations));
    pieces.run(operations, [&](int64_t k, const Piece& piece) {
        group.gradients[piece.variable].visit(piece, [&](int64_t at, const T* g, int64_t count) {
            at += group.bounds[piece.variable];
            lamb_averages_piece(rule, group.readings[piece.variable], group.params + at, g, group.slots[0] + at,
                                group.slots[1] + at, count, of_piece[k].params, of_piece[k].direction);
        });
    });
    for (int64_t k = 0; k < pieces.count(); ++k) {
        of_variable[pieces[k].variable].params += of_piece[k].params;
        of_variable[pieces[k].variable].direction += of_piece[k].direction;
    }
    pieces.run(operations, [&](int64_t, const Piece& piece) {
        const T size = std::sqrt(of_variable[piece.variable].params);
        const T reach = std::sqrt(of_variable[piece.variable].direction);
        const T ratio = size > 0 && reach > 0 ? size / reach : T(1);
        const int64_t at = group.bounds[piece.variable] + piece.first;
        lamb_step_piece(rule, group.readings[piece.variable], rule.rate * ratio, group.params + at, group.slots[0] + at,
                        group.slots[1] + at, piece.last - piece.first);
    });
}

struct Rule {
    const char* name;
    int constants, slots;
    void (*float32)(const Group<float>&, const double*);
    void (*float64)(const Group<double>&, const double*);
};

template <template <typename> class R>
constexpr Rule rule(const char* name) {
    return {name, R<float>::constants, R<float>::slots, step<R, float>, step<R, double>};
}

constexpr Rule rules[] = {
    rule<Sgd>("sgd"),
    rule<Sgd>("sgd_nesterov"),  // without momentum there is nothing to look ahead along
    rule<Momentum>("sgd_momentum"),
    rule<Nesterov>("sgd_momentum_nesterov"),
    rule<Adam>("adam"),
    rule<Amsgrad>("adam_amsgrad"),
    rule<Adamax>("adamax"),
    rule<Nadam>("nadam"),
    rule<Adagrad>("adagrad"),
    rule<Adadelta>("adadelta"),
    rule<PlainRmsProp>("rmsprop"),
    rule<MovingRmsProp>("rmsprop_momentum"),
    rule<CenteredRmsProp>("rmsprop_centered"),
    rule<MovingCenteredRmsProp>("rmsprop_momentum_centered"),
    {"ftrl", RootFtrl<float>::constants, RootFtrl<float>::slots, step_ftrl<float>, step_ftrl<double>},
    rule<Lion>("lion"),
    rule<ScheduleFreeAdamW>("schedule_free_adamw"),
    {"lamb", Lamb<float>::constants, Lamb<float>::slots, step_lamb<float>, step_lamb<double>},
};

const Rule& rule_called(const char* name) {
    for (const Rule& r : rules) {
        if (std::string_view(r.name) == name) return r;
    }
    throw nb::value_error((std::string("optimizer_step: unknown rule '") + name + "'").c_str());
}

// A list or tuple of Python objects.
class Items {
   public:
    Items(nb::handle given, const char* name) : list(nb::steal(PySequence_Fast(given.ptr(), name))) {
        if (!list.is_valid()) nb::raise_python_error();
    }
    int64_t size() const { return PySequence_Fast_GET_SIZE(list.ptr()); }
    nb::handle operator[](int64_t i) const { return PySequence_Fast_GET_ITEM(list.ptr(), i); }

   private:
    nb::object list;
};

double number(nb::handle given) {
    const double value = PyFloat_AsDouble(given.ptr());
    if (value == -1.0 && PyErr_Occurred()) nb::raise_python_error();
    return value;
}

// The gradients of variables that end at `bounds`, in a buffer of `size` elements.
template <typename T>
std::vector<Gradient<T>> read_gradients(const Items& given, const Array<int64_t>& bounds, int64_t size) {
    expect_size("length of bounds", given.size() + 1, bounds.size());
    std::vector<Gradient<T>> gradients;
    gradients.reserve(given.size());
    for (int64_t i = 0; i < given.size(); ++i) {
        const int64_t first = bounds.data()[i], last = bounds.data()[i + 1];
        if (first < 0 || last < first || last > size) {
            throw nb::value_error("bounds: expected rising numbers up to the number of parameters");
        }
        gradients.emplace_back(given[i]);
        gradients.back().fit(last - first);
    }
    return gradients;
}

template <typename T>
std::vector<Reading<T>> read_scales(nb::handle scale, int64_t count, double limit, double shrink) {
    std::vector<Reading<T>> readings(count, {T(1), T(limit), T(shrink)});
    if (PyArray_Check(scale.ptr())) {
        const Array<double> scales(scale, "scale");
        expect_size("optimizer_step: scales", count, scales.size());
        for (int64_t i = 0; i < count; ++i) readings[i].scale = T(scales.data()[i]);
    } else {
        const T one = T(number(scale));
        for (Reading<T>& reading : readings) reading.scale = one;
    }
    return readings;
}

template <typename T>
void run(void (*step)(const Group<T>&, const double*), nb::handle params_given, const Items& slots,
         const Items& gradients, const Array<int64_t>& bounds, const double* constants, double shrink, nb::handle scale,
         double limit) {
    Group<T> group;
    const OutArray<T> params(params_given, "params");
    group.params = params.data();
    group.bounds = bounds.data();
    for (int64_t i = 0; i < slots.size(); ++i) {
        const OutArray<T> slot(slots[i], "slot");
        expect_size("optimizer_step: elements of a slot", params.size(), slot.size());
        group.slots[i] = slot.data();
    }
    group.gradients = read_gradients<T>(gradients, bounds, params.size());
    group.readings = read_scales<T>(scale, gradients.size(), limit, shrink);
    step(group, constants);
}

void optimizer_step(const char* name, nb::handle params, nb::handle slots_given, nb::handle gradients_given,
                    nb::handle bounds_given, nb::handle constants_given, double shrink, nb::handle scale,
                    double limit) {
    const Rule& rule = rule_called(name);
    const Items slots(slots_given, "slots"), gradients(gradients_given, "gradients");
    const Items given(constants_given, "constants");
    const Array<int64_t> bounds(bounds_given, "bounds");
    expect_size("optimizer_step: slots", rule.slots, slots.size());
    expect_size("optimizer_step: constants", rule.constants, given.size());
    double constants[max_constants];
    for (int64_t i = 0; i < given.size(); ++i) constants[i] = number(given[i]);
    if (is_array_of<double>(params)) {
        run<double>(rule.float64, params, slots, gradients, bounds, constants, shrink, scale, limit);
    } else {
        run<float>(rule.float32, params, slots, gradients, bounds, constants, shrink, scale, limit);
    }
}

template <typename T>
void add_squares(const Items& given, const Array<int64_t>& bounds, double* sums) {
    const std::vector<Gradient<T>> gradients =
        read_gradients<T>(given, bounds, std::numeric_limits<int64_t>::max());
    const Pieces pieces(gradients, [](int64_t) { return true; });
    std::vector<double> of_piece(pieces.count());
    const Unlocked unlocked(pieces.large(1));
    pieces.run(1, [&](int64_t k, const Piece& piece) {
        gradients[piece.variable].visit(piece, [&](int64_t, const T* g, int64_t count) {
            of_piece[k] += sum_of_squares(g, count);
        });
    });
    for (int64_t k = 0; k < pieces.count(); ++k) sums[pieces[k].variable] += of_piece[k];
}

nb::object sum_squares(nb::handle gradients_given, nb::handle bounds_given) {
    const Items gradients(gradients_given, "gradients");
    const Array<int64_t> bounds(bounds_given, "bounds");
    double* sums;
    const nb::object out = new_array<double>({gradients.size()}, sums);
    std::fill_n(sums, gradients.size(), 0.0);
    bool wide = false;
    for (int64_t i = 0; i < gradients.size(); ++i) wide = wide || is_array_of<double>(gradients[i]);
    wide ? add_squares<double>(gradients, bounds, sums) : add_squares<float>(gradients, bounds, sums);
    return out;
}

constexpr const char* optimizer_step_text = R"(Make a step of the optimizer `rule` over the flat buffer `params`, in place.

Variable i is `params[bounds[i]:bounds[i + 1]]`, its gradient `gradients[i]`: an array of its size, None if it has
none and stays as it is, or an object with `ids` (n,) and `rows` (n, ...), of which row i is added to row ids[i] of a
gradient that is 0 elsewhere. Before the step, gradients are multiplied by `scale` (a number, or a float64 array with
one for each variable) and clipped to [-limit, limit], and parameters multiplied by `shrink`.

`rule` is "sgd", "sgd_momentum", "adam", ...: what it computes, and its `slots` and `constants`, is told by the class in
kx_optimizers. All buffers are float32, or all are float64; another dtype raises `TypeError`, a size that does not
fit `ValueError`.

>>> params = np.float32([1, 2, 3])
>>> optimizer_step("sgd", params, [], [np.float32([1, 1]), None], np.array([0, 2, 3]), [0.5, 0.0])
>>> params
array([0.5, 1.5, 3. ], dtype=float32))";

constexpr const char* sum_squares_text = R"(Return the sum of the squares of each gradient as a float64 array.

Gradients and `bounds` are those of `optimizer_step`; None counts 0. The bits do not depend on the number of threads.

>>> sum_squares([np.float32([3, 4]), None], np.array([0, 2, 3]))
array([25.,  0.]))";

}  // namespace

void define_optimizers(nb::module_& m) {
    m.def("optimizer_step", &optimizer_step, nb::arg("rule"), nb::arg("params"), nb::arg("slots"), nb::arg("gradients"),
          nb::arg("bounds"), nb::arg("constants"), nb::arg("shrink") = 1.0, nb::arg("scale") = 1.0,
          nb::arg("limit") = std::numeric_limits<double>::infinity(), optimizer_step_text);
    m.def("sum_squares", &sum_squares, nb::arg("gradients"), nb::arg("bounds"), sum_squares_text);
}

}  // namespace kx
