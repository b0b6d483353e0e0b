// Loops and bindings of the rows of a table: looking them up, and adding up their gradients.
#include <algorithm>
#include <atomic>
#include <cstring>

#include "cpu/arrays.hpp"
#include "cpu/parallel.hpp"
#include "cpu/row_order.hpp"
#include "families.hpp"

namespace kx {
namespace {

// The dimensions (any, ...) of the rows (..., ) of a table for ids (any).
struct RowsShape {
    npy_intp dims[NPY_MAXDIMS];
    int ndim;

    RowsShape(const npy_intp* of_ids, int ids_ndim, const npy_intp* of_row, int row_ndim) : ndim(ids_ndim + row_ndim) {
        if (ndim > NPY_MAXDIMS) throw nb::value_error("embedding: too many axes");
        std::copy_n(of_row, row_ndim, std::copy_n(of_ids, ids_ndim, dims));
    }
};

int64_t product(const npy_intp* dims, int count) {
    int64_t size = 1;
    for (int axis = 0; axis < count; ++axis) size *= dims[axis];
    return size;
}

template <typename T, typename Id>
nb::object look_up(nb::handle table_given, nb::handle ids_given) {
    const Array<T> table(table_given, "table");
    const Array<Id> ids(ids_given, "ids");
    if (table.ndim() < 1) throw nb::value_error("embedding: expected a table with 1 or more axes, got 0");
    const int64_t rows = table.shape(0), width = product(table.dims() + 1, table.ndim() - 1);
    const RowsShape shape(ids.dims(), ids.ndim(), table.dims() + 1, table.ndim() - 1);
    T* into;
    nb::object out = new_array<T>(shape.ndim, shape.dims, into);
    const T* from = table.data();
    const Id* id = ids.data();
    const RowBlocks blocks(ids.size(), width);
    std::atomic<bool> outside{false};
    {
        const Unlocked unlocked(blocks.large());
        blocks.run([&](int64_t, int64_t first, int64_t last) {
            for (int64_t i = first; i < last; ++i) {
                if (id[i] < 0 || id[i] >= rows) {
                    outside = true;
                    return;
                }
                std::memcpy(into + i * width, from + id[i] * width, width * sizeof(T));
            }
        });
    }
    if (outside) {
        refuse_row(*std::find_if(id, id + ids.size(), [=](Id i) { return i < 0 || i >= rows; }), rows);
    }
    return out;
}

template <typename T, typename Id>
nb::object add_up(nb::handle g_given, nb::handle ids_given, int64_t rows) {
    const Array<T> g(g_given, "g");
    const Array<Id> ids(ids_given, "ids");
    if (g.ndim() < ids.ndim() || !std::equal(ids.dims(), ids.dims() + ids.ndim(), g.dims())) {
        throw nb::value_error("scatter_rows: expected a row of g for each id");
    }
    const npy_intp count = rows;
    const RowsShape shape(&count, 1, g.dims() + ids.ndim(), g.ndim() - ids.ndim());
    const nb::object out = nb::steal(PyArray_ZEROS(shape.ndim, const_cast<npy_intp*>(shape.dims), DType<T>::code, 0));
    if (!out.is_valid()) nb::raise_python_error();
    T* const table = static_cast<T*>(PyArray_DATA(as_array(out)));
    const int64_t width = product(g.dims() + ids.ndim(), g.ndim() - ids.ndim());
    RowOrder order;
    order.sort(ids.data(), ids.size(), rows);
    const RowBlocks blocks(order.count(), width);
    const Unlocked unlocked(blocks.large());
    blocks.run([&](int64_t, int64_t first, int64_t last) {
        for (int64_t k = first; k < last; ++k) order.add(k, g.data(), width, table + order.row_ids[k] * width);
    });
    return out;
}

nb::object embedding(nb::handle table, nb::handle ids) {
    const bool wide = is_array_of<int64_t>(ids);
    if (is_array_of<double>(table)) return (wide ? look_up<double, int64_t> : look_up<double, int32_t>)(table, ids);
    return (wide ? look_up<float, int64_t> : look_up<float, int32_t>)(table, ids);
}

nb::object scatter_rows(nb::handle g, nb::handle ids, int64_t rows) {
    const bool wide = is_array_of<int64_t>(ids);
    if (is_array_of<double>(g)) return (wide ? add_up<double, int64_t> : add_up<double, int32_t>)(g, ids, rows);
    return (wide ? add_up<float, int64_t> : add_up<float, int32_t>)(g, ids, rows);
}

constexpr const char* embedding_text = R"(Return the rows `table[ids]`, checked and copied in one pass.

Shapes: table (rows, ...), float32 or float64; ids (any), int32 or int64 -> (any, ...). Raises `ValueError` for an id
outside [0, rows), `TypeError` for another dtype.

>>> embedding(np.float32([[1, 2], [3, 4]]), np.array([1, 1]))
array([[3., 4.],
       [3., 4.]], dtype=float32))";

constexpr const char* scatter_rows_text = R"(Return a table of `rows` rows, each the sum of the rows of g of its number.

Sums are taken in the order of ids. Shapes: g (any, ...), ids (any) -> (rows, ...). Dtypes and errors are those of
`embedding`.

>>> scatter_rows(np.float32([[1], [2], [4]]), np.array([1, 0, 1]), 3)
array([[2.],
       [5.],
       [0.]], dtype=float32))";

}  // namespace

void define_embedding(nb::module_& m) {
    m.def("embedding", &embedding, nb::arg("table"), nb::arg("ids"), embedding_text);
    m.def("scatter_rows", &scatter_rows, nb::arg("g"), nb::arg("ids"), nb::arg("rows"), scatter_rows_text);
}

}  // namespace kx
