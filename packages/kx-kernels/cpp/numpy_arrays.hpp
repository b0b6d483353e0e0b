// NumPy arrays through NumPy's own C interface, for calls so small that their cost is that of the call: reading an
// array takes a few nanoseconds, where nanobind's ndarray takes 150. Included by one source file only, which calls
// `import_numpy` first.
#pragma once

#include <nanobind/nanobind.h>

#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_2_0_API_VERSION
#include <numpy/arrayobject.h>

#include <string>

namespace kx {

namespace nb = nanobind;

inline void import_numpy() {
    if (_import_array() < 0) nb::raise_python_error();
}

// A float32 array in C order. Another layout is copied, another dtype refused.
class FloatArray {
   public:
    FloatArray(nb::handle value, const char* name) {
        if (!PyArray_Check(value.ptr()) || PyArray_TYPE(view(value)) != NPY_FLOAT32) {
            const nb::object came = nb::getattr(PyArray_Check(value.ptr()) ? value : value.type(),
                                                PyArray_Check(value.ptr()) ? "dtype" : "__name__");
            const std::string text = std::string(name) + ": expected a float32 ndarray, got " + nb::str(came).c_str();
            throw nb::type_error(text.c_str());
        }
        if (PyArray_ISCARRAY_RO(view(value))) {
            array = nb::borrow(value);
        } else {
            const int wanted = NPY_ARRAY_CARRAY_RO | NPY_ARRAY_NOTSWAPPED;
            PyArray_Descr* float32 = PyArray_DescrFromType(NPY_FLOAT32);
            array = nb::steal(PyArray_FromAny(value.ptr(), float32, 0, 0, wanted, nullptr));
            if (!array.is_valid()) nb::raise_python_error();
        }
    }
    const float* data() const { return static_cast<const float*>(PyArray_DATA(view(array))); }
    int ndim() const { return PyArray_NDIM(view(array)); }
    const npy_intp* shape() const { return PyArray_DIMS(view(array)); }
    npy_intp size() const { return PyArray_SIZE(view(array)); }

   private:
    static PyArrayObject* view(nb::handle value) { return reinterpret_cast<PyArrayObject*>(value.ptr()); }
    nb::object array;
};

// A new float32 array with nothing in it; `data` receives its place.
inline nb::object new_array(int ndim, const npy_intp* shape, float*& data) {
    PyObject* array = PyArray_SimpleNew(ndim, shape, NPY_FLOAT32);
    if (!array) nb::raise_python_error();
    data = static_cast<float*>(PyArray_DATA(reinterpret_cast<PyArrayObject*>(array)));
    return nb::steal(array);
}

}  // namespace kx
