// The gradients of the variables in a flat buffer, read where they are, and the pieces in which loops go through them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "cpu/arrays.hpp"
#include "cpu/parallel.hpp"
#include "cpu/row_order.hpp"
#include "cpu/workspace.hpp"

namespace kx {

// Part of one variable: its elements [first, last), or, where only the rows that have a gradient matter (`lone_rows`),
// those numbered [first, last) in the gradient's RowOrder.
struct Piece {
    int64_t variable, first, last;
    bool lone_rows;
};

// The gradient of one variable: an array, an object with `ids` and `rows` (row ids[i] of the variable gets rows[i]), or
// None. Arrays of another dtype or layout are converted.
template <typename T>
class Gradient {
   public:
    explicit Gradient(nb::handle given) {
        if (given.is_none()) return;
        if (PyArray_Check(given.ptr())) {
            keep(given);
            size = PyArray_SIZE(as_array(held));
            return;
        }
        if (!nb::hasattr(given, "rows")) throw nb::type_error("gradient: expected an ndarray, None, or ids and rows");
        sparse = true;
        keep(nb::getattr(given, "rows"));
        ids = nb::getattr(given, "ids");
        if (!is_array_of<int32_t>(ids) && !is_array_of<int64_t>(ids)) refuse_dtype<int64_t>(ids, "ids of a gradient");
        expect_size("ids of a gradient: axes", 1, PyArray_NDIM(as_array(ids)));
        const int64_t count = PyArray_SIZE(as_array(ids));
        const bool by_rows = PyArray_NDIM(as_array(held)) > 0;
        expect_size("rows of a gradient", count, by_rows ? PyArray_DIMS(as_array(held))[0] : 0);
        for (int axis = 1; axis < PyArray_NDIM(as_array(held)); ++axis) width *= PyArray_DIMS(as_array(held))[axis];
    }

    bool missing() const { return data == nullptr; }

    // Checks the gradient against the size of its variable.
    void fit(int64_t variable_size) {
        if (missing()) return;
        if (!sparse) {
            expect_size("elements of a gradient", variable_size, size);
            return;
        }
        size = variable_size;
        const int64_t table_rows = width ? size / width : 0;
        expect_size("elements of a variable whose gradient is rows", table_rows * width, size);
        is_array_of<int32_t>(ids) ? order_ids<int32_t>(table_rows) : order_ids<int64_t>(table_rows);
    }

    // Calls body(first element, its gradient and those after it, how many) so that a piece is covered once.
    template <typename Body>
    void visit(const Piece& piece, const Body& body) const {
        if (!sparse) {
            body(piece.first, data + piece.first, piece.last - piece.first);
        } else if (piece.lone_rows) {
            const Workspace<T> sum(width);
            for (int64_t k = piece.first; k < piece.last; ++k) {
                body(order.row_ids[k] * width, order.sum(k, data, width, sum.data()), width);
            }
        } else {
            const Workspace<T> full(piece.last - piece.first);
            std::fill_n(full.data(), piece.last - piece.first, T(0));
            for (int64_t k = order.from(piece.first / width); k < order.count(); ++k) {
                const int64_t at = order.row_ids[k] * width;
                if (at >= piece.last) break;
                order.add(k, data, width, full.data() + (at - piece.first));
            }
            body(piece.first, full.data(), piece.last - piece.first);
        }
    }

    bool sparse = false;
    int64_t width = 1;  // elements of a row, if sparse
    int64_t size = 0;   // elements of the variable
    RowOrder order;

   private:
    void keep(nb::handle array) {
        if (is_array_of<T>(array) && PyArray_ISCARRAY_RO(as_array(array))) {
            held = nb::borrow(array);
        } else {
            const int wanted = NPY_ARRAY_CARRAY_RO | NPY_ARRAY_NOTSWAPPED | NPY_ARRAY_FORCECAST;
            PyArray_Descr* dtype = PyArray_DescrFromType(DType<T>::code);
            held = nb::steal(PyArray_FromAny(array.ptr(), dtype, 0, 0, wanted, nullptr));
            if (!held.is_valid()) nb::raise_python_error();
        }
        data = static_cast<const T*>(PyArray_DATA(as_array(held)));
    }

    template <typename Id>
    void order_ids(int64_t table_rows) {
        const Array<Id> all(ids, "ids of a gradient");
        order.sort(all.data(), all.size(), table_rows);
    }

    const T* data = nullptr;
    nb::object held, ids;
};

// All gradients in pieces of a size that does not depend on the number of threads.
class Pieces {
   public:
    // `lone_rows(i)`: whether of a sparse gradient number i only the rows matter that it has.
    template <typename T, typename LoneRows>
    Pieces(const std::vector<Gradient<T>>& gradients, const LoneRows& lone_rows) {
        list.reserve(gradients.size());
        for (int64_t i = 0; i < static_cast<int64_t>(gradients.size()); ++i) {
            const Gradient<T>& g = gradients[i];
            if (g.missing() || g.size == 0) continue;
            const bool lone = g.sparse && lone_rows(i);
            const int64_t end = lone ? g.order.count() : g.size;
            int64_t length = piece_size;
            if (g.sparse) length = std::max<int64_t>(1, piece_size / g.width) * (lone ? 1 : g.width);
            for (int64_t at = 0; at < end; at += length) list.push_back({i, at, std::min(at + length, end), lone});
            total += lone ? end * g.width : end;
        }
    }

    int64_t count() const { return static_cast<int64_t>(list.size()); }
    const Piece& operator[](int64_t k) const { return list[k]; }

    // Whether `run` uses several threads, for this many operations per element.
    bool large(double operations) const { return pays(count(), cost(operations)); }

    // Calls body(number of the piece, piece) for each.
    template <typename Body>
    void run(double operations, const Body& body) const {
        parallel_for(count(), cost(operations), [&](int64_t k) { body(k, list[k]); });
    }

   private:
    static constexpr int64_t piece_size = 8192;
    double cost(double operations) const { return list.empty() ? 0 : operations * total / list.size(); }

    std::vector<Piece> list;
    int64_t total = 0;
};

}  // namespace kx
