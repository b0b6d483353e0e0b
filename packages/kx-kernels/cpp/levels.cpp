// The extension module kx_kernels.levels: which of the compiled levels this CPU can run. Built for the baseline alone.
#include <nanobind/nanobind.h>

namespace {

// The names of https://gitlab.com/x86-psABIs/x86-64-ABI: v3 has AVX2 and FMA, v4 AVX-512.
const char* best() {
#if defined(__x86_64__) && defined(__GNUC__)
    __builtin_cpu_init();
    const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
                    __builtin_cpu_supports("bmi2");
    const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                    __builtin_cpu_supports("avx512vl");
    return v4 ? "v4" : v3 ? "v3" : "v2";
#else
    return "baseline";
#endif
}

}  // namespace

NB_MODULE(levels, m) {
    m.doc() = "What the CPU can run.";
    m.def("best", &best, "Return the highest level this CPU runs: \"v2\", \"v3\", \"v4\", or \"baseline\" where there is one.");
}
