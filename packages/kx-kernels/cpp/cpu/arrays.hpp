// NumPy arrays through NumPy's own C interface: reading one takes a few nanoseconds, where nanobind's ndarray takes 150.
// One source file (module.cpp) defines KX_IMPORTS_NUMPY before it includes this, and calls `import_numpy` first.
#pragma once

#include <nanobind/nanobind.h>

#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_2_0_API_VERSION
#define PY_ARRAY_UNIQUE_SYMBOL kx_numpy_interface
#if !defined(KX_IMPORTS_NUMPY)
#define NO_IMPORT_ARRAY
#endif
#include <numpy/arrayobject.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>

namespace kx {

namespace nb = nanobind;

template <typename T>
struct DType;
// clang-format off
template <> struct DType<float> { static constexpr int code = NPY_FLOAT32; static constexpr const char* name = "float32"; };
template <> struct DType<double> { static constexpr int code = NPY_FLOAT64; static constexpr const char* name = "float64"; };
template <> struct DType<bool> { static constexpr int code = NPY_BOOL; static constexpr const char* name = "bool"; };
template <> struct DType<uint8_t> { static constexpr int code = NPY_UINT8; static constexpr const char* name = "uint8"; };
template <> struct DType<int32_t> { static constexpr int code = NPY_INT32; static constexpr const char* name = "int32"; };
template <> struct DType<int64_t> { static constexpr int code = NPY_INT64; static constexpr const char* name = "int64"; };
template <> struct DType<uint64_t> { static constexpr int code = NPY_UINT64; static constexpr const char* name = "uint64"; };
// clang-format on

inline PyArrayObject* as_array(nb::handle value) { return reinterpret_cast<PyArrayObject*>(value.ptr()); }

// Whether `value` is an ndarray of dtype T, in the byte order of the machine. For choosing between float and double.
template <typename T>
bool is_array_of(nb::handle value) {
    if (!PyArray_Check(value.ptr())) return false;
    const int code = PyArray_TYPE(as_array(value));
    return code == DType<T>::code || PyArray_EquivTypenums(code, DType<T>::code);
}

// Raises TypeError: `name` should have been an ndarray of dtype T.
template <typename T>
[[noreturn]] void refuse_dtype(nb::handle value, const char* name) {
    const bool array = PyArray_Check(value.ptr());
    const nb::object came = array ? nb::getattr(value, "dtype") : nb::getattr(value.type(), "__name__");
    const std::string text =
        std::string(name) + ": expected a " + DType<T>::name + " ndarray, got " + nb::str(came).c_str();
    throw nb::type_error(text.c_str());
}

// What arrays for reading and for writing share.
template <typename T>
class ArrayView {
   public:
    int ndim() const { return PyArray_NDIM(as_array(array)); }
    const npy_intp* dims() const { return PyArray_DIMS(as_array(array)); }
    int64_t shape(int axis) const { return dims()[axis < 0 ? axis + ndim() : axis]; }
    int64_t size() const { return PyArray_SIZE(as_array(array)); }

   protected:
    void* place() const { return PyArray_DATA(as_array(array)); }
    nb::object array;
};

// An array of dtype T in C order, to read from. Another layout is copied, another dtype refused.
template <typename T>
class Array : public ArrayView<T> {
   public:
    Array(nb::handle value, const char* name) {
        if (!is_array_of<T>(value)) refuse_dtype<T>(value, name);
        if (PyArray_ISCARRAY_RO(as_array(value))) {
            this->array = nb::borrow(value);
            return;
        }
        const int wanted = NPY_ARRAY_CARRAY_RO | NPY_ARRAY_NOTSWAPPED;
        PyArray_Descr* dtype = PyArray_DescrFromType(DType<T>::code);
        this->array = nb::steal(PyArray_FromAny(value.ptr(), dtype, 0, 0, wanted, nullptr));
        if (!this->array.is_valid()) nb::raise_python_error();
    }
    const T* data() const { return static_cast<const T*>(this->place()); }
};

// An array of dtype T in C order, to write into. It is never copied: another layout or dtype raises TypeError.
template <typename T>
class OutArray : public ArrayView<T> {
   public:
    OutArray(nb::handle value, const char* name) {
        if (!is_array_of<T>(value)) refuse_dtype<T>(value, name);
        if (!PyArray_ISCARRAY(as_array(value))) {
            throw nb::type_error((std::string(name) + ": expected a writable ndarray in C order").c_str());
        }
        this->array = nb::borrow(value);
    }
    T* data() const { return static_cast<T*>(this->place()); }
};

// A new array with nothing in it; `data` receives its place.
template <typename T>
nb::object new_array(int ndim, const npy_intp* dims, T*& data) {
    PyObject* array = PyArray_SimpleNew(ndim, dims, DType<T>::code);
    if (!array) nb::raise_python_error();
    data = static_cast<T*>(PyArray_DATA(reinterpret_cast<PyArrayObject*>(array)));
    return nb::steal(array);
}

template <typename T>
nb::object new_array(std::initializer_list<npy_intp> dims, T*& data) {
    return new_array<T>(static_cast<int>(dims.size()), dims.begin(), data);
}

// Raises ValueError unless the size that came is the one wanted.
inline void expect_size(const char* what, int64_t wanted, int64_t got) {
    if (wanted == got) return;
    const std::string text = std::string(what) + ": expected " + std::to_string(wanted) + ", got " + std::to_string(got);
    throw nb::value_error(text.c_str());
}

// Lets other Python threads run during large work; for small work handing the lock over costs more than it gives.
struct Unlocked {
    std::optional<nb::gil_scoped_release> release;
    explicit Unlocked(bool large) {
        if (large) release.emplace();
    }
};

}  // namespace kx
