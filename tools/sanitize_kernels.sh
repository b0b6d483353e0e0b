#!/usr/bin/env bash
# Builds the kernels with AddressSanitizer and UndefinedBehaviorSanitizer into a temporary folder and runs their tests:
# `tools/sanitize_kernels.sh`. Needs GCC and what tools/build_kernels.sh needs; arguments go to pytest. The first error
# ends the run.
set -euo pipefail
package=$(cd "$(dirname "$0")/../packages/kx-kernels" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
case "$(uname -m)" in
    x86_64) levels=v3 ;;
    *) levels=baseline ;;
esac
cmake -S "$package" -B "$folder/build" -G Ninja -DKX_LEVELS="$levels" -DKX_SANITIZE=ON -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    -DPython_EXECUTABLE="$(command -v python)" >/dev/null
cmake --build "$folder/build" --parallel "${JOBS:-2}"
mkdir "$folder/kx_kernels"
cp "$package"/src/kx_kernels/*.py "$folder"/build/*.so "$folder/kx_kernels/"

# Python itself is not built with them: their library comes first, and what Python never frees is no leak. libstdc++ is
# beside it, as exceptions are otherwise thrown past the sanitizer. `-S` leaves out an installed kx-kernels.
preload="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libstdc++.so)"
cd "$package"
LD_PRELOAD="$preload" ASAN_OPTIONS=detect_leaks=0:halt_on_error=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
    PYTHONPATH="$folder:$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" PYTHONMALLOC=malloc \
    python -S -m pytest -p no:cacheprovider -q --capture=sys tests "$@"
