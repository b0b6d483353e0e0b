#!/usr/bin/env bash
# Builds the kernels in place, for this CPU's level alone, for work on them without an install: `tools/build_kernels.sh`.
# Needs cmake, ninja, nanobind and NumPy in the environment. CMake options are passed on.
set -euo pipefail
package=$(cd "$(dirname "$0")/../packages/kx-kernels" && pwd)
case "$(uname -m)" in
    x86_64) levels=v3 ;;
    *) levels=baseline ;;
esac
cmake -S "$package" -B "$package/build/inplace" -G Ninja -DKX_LEVELS="$levels" \
    -DPython_EXECUTABLE="$(command -v python)" "$@" >/dev/null
cmake --build "$package/build/inplace" --parallel "${JOBS:-2}"
cp "$package"/build/inplace/*.so "$package/src/kx_kernels/"
