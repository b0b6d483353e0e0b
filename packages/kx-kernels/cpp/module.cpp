// The extension module of one level, kx_kernels.native_v3 and the like.
#define KX_IMPORTS_NUMPY
#include <nanobind/nanobind.h>

#include "cpu/arrays.hpp"
#include "cpu/blas.hpp"
#include "cpu/parallel.hpp"
#include "families.hpp"

namespace {

void import_numpy() {
    if (_import_array() < 0) nanobind::raise_python_error();
}

void set_thread_count(int count) {
    if (count < 1) throw nanobind::value_error("set_thread_count: expected 1 or more");
    kx::set_thread_count(count);
}

constexpr const char* thread_count_text = R"(Return how many threads the kernels use.

>>> thread_count() >= 1
True)";

constexpr const char* set_thread_count_text = R"(Let the kernels use `count` threads, 1 or more; `OMP_NUM_THREADS` sets it before the start.

>>> set_thread_count(thread_count()))";

}  // namespace

#define KX_DEFINE_MODULE(name) NB_MODULE(name, m)  // expands KX_MODULE first

KX_DEFINE_MODULE(KX_MODULE) {
    import_numpy();
    m.doc() = "The compiled half of kx_kernels, for one level of instruction sets.";
    m.def("set_blas_path", &kx::set_blas_path);
    m.def("thread_count", &kx::thread_count, thread_count_text);
    m.def("set_thread_count", &set_thread_count, nanobind::arg("count"), set_thread_count_text);
    kx::define_attention(m);
    kx::define_batch_norm(m);
    kx::define_conv(m);
    kx::define_crossentropy(m);
    kx::define_dense(m);
    kx::define_dropout(m);
    kx::define_embedding(m);
    kx::define_errors(m);
    kx::define_group_norm(m);
    kx::define_layer_norm(m);
    kx::define_memory_pool(m);
    kx::define_optimizers(m);
    kx::define_pooling(m);
    kx::define_reduce(m);
    kx::define_rnn(m);
    kx::define_softmax(m);
    kx::define_unary(m);
}
