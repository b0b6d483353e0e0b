// One function per family of kernels; each adds its own to the module.
#pragma once

#include <nanobind/nanobind.h>

namespace kx {

void define_attention(nanobind::module_& m);
void define_batch_norm(nanobind::module_& m);
void define_conv(nanobind::module_& m);
void define_crossentropy(nanobind::module_& m);
void define_dense(nanobind::module_& m);
void define_dropout(nanobind::module_& m);
void define_embedding(nanobind::module_& m);
void define_errors(nanobind::module_& m);
void define_group_norm(nanobind::module_& m);
void define_layer_norm(nanobind::module_& m);
void define_memory_pool(nanobind::module_& m);
void define_optimizers(nanobind::module_& m);
void define_pooling(nanobind::module_& m);
void define_reduce(nanobind::module_& m);
void define_rnn(nanobind::module_& m);
void define_softmax(nanobind::module_& m);
void define_unary(nanobind::module_& m);

// None, "relu", "sigmoid" or "tanh"; raises ValueError for anything else.
enum class Activation;
Activation activation_of(nanobind::handle name);

}  // namespace kx
