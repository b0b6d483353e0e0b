// The body of relu.
#pragma once

#include "bodies/body.hpp"

namespace kx {

// max(v, 0), where a NaN stays a NaN: every comparison with it is false.
template <typename T>
KX_BODY T relu(T v) {
    return v < T(0) ? T(0) : v;
}

}  // namespace kx
