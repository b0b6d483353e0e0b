// One function per family of kernels; each adds its own to the module.
#pragma once

#include <nanobind/nanobind.h>

namespace kx {

void define_activation(nanobind::module_& m);
void define_dense(nanobind::module_& m);
void define_unary(nanobind::module_& m);

}  // namespace kx
