// What the bindings of every family share: the array types they accept, the check of a size, and the Python lock.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstdint>
#include <optional>
#include <string>

namespace kx {

namespace nb = nanobind;

// C-contiguous NumPy arrays of exactly this dtype. `const T` accepts read-only arrays, `T` refuses them. Bind the
// arguments with `.noconvert()`: a converted copy would swallow what is written in place.
template <typename T>
using Matrix = nb::ndarray<T, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
template <typename T>
using Row = nb::ndarray<T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

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
