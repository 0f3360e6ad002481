#!/bin/sh
# Installs what the tests need, builds with gcc and clang, and runs them: the unit tests under the address and undefined
# behaviour sanitizers, then everything on an optimised build of gcc. Some fifteen minutes on two cores.
#
# usage: tests/run.sh [--full]      --full: also on clang's build, the thread sanitizer and the long sweeps
set -eu

source=$(CDPATH='' cd "$(dirname "$0")/.." && pwd)
full=no
case ${1:-} in
--full) full=yes ;;
"") ;;
*)
    echo "usage: $0 [--full]" >&2
    exit 1
    ;;
esac
jobs=$(nproc 2>/dev/null || echo 2)

# build NAME CMAKE-OPTION...: configure and build in build/tests/NAME.
build()
{
    name=$1
    shift
    folder=$source/build/tests/$name
    mkdir -p "$folder"
    echo "== building: $name"
    if ! { cmake -S "$source" -B "$folder" -G Ninja -DTRACERT_WERROR=ON "$@" &&
        cmake --build "$folder" -j "$jobs"; } >"$folder/build.log" 2>&1; then
        tail -n 40 "$folder/build.log" >&2
        exit 1
    fi
}

# check NAME CTEST-OPTION...
check()
{
    name=$1
    shift
    echo "== testing: $name"
    ctest --test-dir "$source/build/tests/$name" --output-on-failure --no-tests=error -j "$jobs" "$@"
}

"$source/cmake/setup.sh" test

build asan-ubsan -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG="-O1 -g" -DTRACERT_SANITIZE=address,undefined
check asan-ubsan -L unit
# valgrind, which runs programs with the library, does not read all that clang says in DWARF 5.
build clang -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_C_COMPILER=clang -DCMAKE_C_FLAGS=-gdwarf-4
if [ $full = yes ]; then
    check clang
    build tsan -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG="-O1 -g" -DTRACERT_SANITIZE=thread
    check tsan -L unit
fi
build release -DCMAKE_BUILD_TYPE=RelWithDebInfo
if [ $full = yes ]; then
    check release
else
    check release -LE slow
fi
