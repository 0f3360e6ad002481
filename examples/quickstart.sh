#!/bin/sh
# Builds tracert and traces a program that nobody here wrote: the Lua interpreter, unmodified, from your system's own
# source package. Prints where its time went and draws the flame graph. Everything goes to build/quickstart/.
#
# usage: examples/quickstart.sh
set -eu

here=$(CDPATH='' cd "$(dirname "$0")" && pwd)
source=$(dirname "$here")
work=$source/build/quickstart
prefix=$work/install
trace=$work/trace.zst
flame=$work/flame.svg

step()
{
    printf '\n== %s\n' "$*"
}

# Run a command whose output matters only when it fails.
quietly()
{
    if ! "$@" >"$work/log" 2>&1; then
        tail -n 40 "$work/log" >&2
        echo "quickstart: failed: $*" >&2
        exit 1
    fi
}

# Show a command, then run it.
show()
{
    printf '$'
    printf ' %s' "$@" | sed "s|$source/||g"
    echo
    "$@"
}

build_tracert()
{
    quietly cmake -S "$source" -B "$work/tracert" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DTRACERT_TESTS=OFF \
        -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib
    quietly cmake --build "$work/tracert"
    quietly cmake --install "$work/tracert"
}

# The interpreter: all of Lua's sources but luac.c, which is another program.
build_lua()
{
    echo "\$ cc -O2 -g -finstrument-functions lua/src/*.c -Lbuild/quickstart/install/lib -ltracert -lm -o traced"
    set --
    for file in "$work"/lua/src/*.c; do
        [ "$(basename "$file")" = luac.c ] || set -- "$@" "$file"
    done
    quietly cc -O2 -g -finstrument-functions "$@" -L"$prefix/lib" -Wl,-rpath,"$prefix/lib" -ltracert -lm \
        -o "$work/traced"
}

# Where no source package can be had: tracean itself.
build_tracean()
{
    quietly cmake -S "$source" -B "$work/itself" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DTRACERT_TESTS=OFF \
        -DCMAKE_C_FLAGS=-finstrument-functions -DCMAKE_PREFIX_PATH="$prefix" \
        -DCMAKE_EXE_LINKER_FLAGS="-Wl,-rpath,$prefix/lib -L$prefix/lib -Wl,--no-as-needed -ltracert -Wl,--as-needed"
    quietly cmake --build "$work/itself" --target tracean
    cp "$work/itself/analyzer/tracean" "$work/traced"
}

run_traced()
{
    rm -f "$trace"
    if [ "$program" = lua ]; then
        TRACERT_OUTPUT="$trace" show "$work/traced" "$here/quickstart.lua"
    else
        # It dumps a trace of itself dumping a trace of itself: each is some forty times as long as the one before.
        TRACERT_OUTPUT="$work/1.zst" quietly "$work/traced" --help
        TRACERT_OUTPUT="$work/2.zst" quietly "$work/traced" dump "$work/1.zst"
        TRACERT_OUTPUT="$work/3.zst" quietly "$work/traced" dump "$work/2.zst"
        TRACERT_OUTPUT="$trace" show "$work/traced" dump "$work/3.zst" -o "$work/dump.txt"
        rm -f "$work"/[123].zst "$work/dump.txt"
    fi
}

step "1. What is needed to build"
"$source/cmake/setup.sh" build
mkdir -p "$work"
echo "all there"

step "2. Building tracert"
build_tracert
echo "installed in build/quickstart/install"

step "3. A program to trace: Lua 5.4, from your system's source package"
program=lua
[ -d "$work/lua/src" ] || "$source/cmake/fetch-source.sh" lua5.4 "$work/lua" || program=tracean
if [ "$program" = lua ]; then
    build_lua
else
    echo "So the program to trace is the analyzer itself."
    build_tracean
fi

step "4. Running it"
run_traced
echo "trace.zst: $(($(wc -c <"$trace") / 1024)) KiB"

step "5. Where its time went"
show "$prefix/bin/tracean" report --top 15 "$trace"
"$prefix/bin/tracean" flamegraph "$trace" -o "$flame"

printf '\nFlame graph: %s (open it in a browser), trace: %s\n' "$flame" "$trace"
echo "Try next: $prefix/bin/tracean calls $trace | less, and the small programs in $here/"
