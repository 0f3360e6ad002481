#!/bin/sh
# The flame graph and the page in headless Chromium, and snapshots of heaps in its developer tools. Chromium, Node and npm are installed when they are not there; where
# that cannot be, or the npm packages cannot be had, nothing is tested: exit 77.
#
# usage: tests/browser/run.sh PREFIX LIB WORK     PREFIX: the installed project; LIB: its libraries;
#                                                 WORK: a folder for packages, traces and screenshots
set -eu

source=$(CDPATH='' cd "$(dirname "$0")/../.." && pwd)
prefix=$1
lib=$2
work=$3
mkdir -p "$work/traces" "$work/packages"

skip()
{
    echo "skipped: $1"
    exit 77
}

# Build and run a program with the hooks: trace NAME OBJECT-OR-SOURCE. Leaves traces/NAME.zst.
trace()
{
    "${CC:-cc}" -O1 -g -finstrument-functions "$2" -o "$work/traces/$1" -L"$lib" -Wl,-rpath,"$lib" -ltracert -lpthread
    (cd "$work/traces" && TRACERT_OUTPUT="$1.zst" "./$1" >/dev/null)
}

"$source/cmake/setup.sh" browser || skip "no Chromium, Node or npm"
if ! cmp -s "$source/tests/browser/package.json" "$work/packages/installed.json"; then
    cp "$source/tests/browser/package.json" "$work/packages/"
    npm install --prefix "$work/packages" --ignore-scripts --no-audit --no-fund >"$work/npm.log" 2>&1 ||
        skip "npm cannot install the packages (see $work/npm.log)"
    cp "$source/tests/browser/package.json" "$work/packages/installed.json"
fi

trace threads "$source/tests/programs/workers.c"
(cd "$work/traces" && TRACERT_OUTPUT=again.zst ./threads >/dev/null)
trace recursion "$source/examples/recursion/recursion.c"
trace tiny "$source/tests/programs/pattern_tiny.c"
for _ in 1 2 3 4 5; do # what else the machine does can hide a pattern, but not again and again
    "$prefix/bin/tracean" report -q "$work/traces/tiny.zst" | grep -q '^tiny calls' && break
    (cd "$work/traces" && TRACERT_OUTPUT=tiny.zst ./tiny >/dev/null)
done
trace longjmp "$source/examples/longjmp/longjmp.c"
"${CC:-cc}" -O1 -g -finstrument-functions -c "$source/tests/programs/hostile/hostile.c" -o "$work/traces/hostile.o"
sh "$source/tests/programs/hostile/rename.sh" "$work/traces/hostile.o"
trace hostile "$work/traces/hostile.o"

"${CC:-cc}" -O1 -g -finstrument-functions "$source/tests/programs/allocates.c" -o "$work/traces/memory"
(cd "$work/traces" && LD_PRELOAD="$lib/libtracert.so $lib/libtracert_memory.so" TRACERT_MEMORY=full \
    TRACERT_OUTPUT=memory.zst ./memory >/dev/null)

# An image of a heap: heap NAME SOURCE NUMBER-IMAGE. Leaves traces/NAME.heap beside its trace.
heap()
{
    "${CC:-cc}" -O1 -g -finstrument-functions -fno-builtin "$2" -o "$work/traces/$1" -L"$lib" -Wl,-rpath,"$lib" \
        -I"$prefix/include" -ltracert -lpthread
    (cd "$work/traces" && LD_PRELOAD="$lib/libtracert_memory.so" TRACERT_MEMORY=full TRACERT_SNAPSHOT=exit \
        TRACERT_OUTPUT="$1.zst" "./$1" >/dev/null && mv "$1.$3.heap" "$1.heap")
}

heap retains "$source/tests/programs/retains.c" 1-all_of_it
heap leaks "$source/tests/programs/leaks.c" 1-exit
heap grows "$source/tests/programs/grows.c" 2-after

export TRACEAN="$prefix/bin/tracean" TRACES="$work/traces" PACKAGES="$work/packages/" SCREENSHOTS="$work/screenshots"
exec node --test --test-concurrency=1 "$source/tests/browser/"
