// The extension module kx_kernels.native.
#include <nanobind/nanobind.h>

#include "families.hpp"

NB_MODULE(native, m) {
    m.doc() = "The compiled half of kx_kernels.";
    kx::define_activation(m);
    kx::define_dense(m);
#if defined(_OPENMP)
    m.attr("openmp") = true;
#else
    m.attr("openmp") = false;
#endif
}
