#!/bin/sh
# Does a sparse clock tell the truth? Records a program with the least hooks there can be, which read the clock at one
# event in N, estimates from that where the time goes, and compares the shares of exclusive time with a sampling profile
# of the same program without hooks. NOTES.md says what came of it. Needs perf, tclsh for sqlite, a GB of /dev/shm.
#
# usage: tests/bench/sparse/run.sh [lua|sqlite]…
set -eu

here=$(CDPATH='' cd "$(dirname "$0")" && pwd)
bench=$(dirname "$here")
source=$(dirname "$(dirname "$bench")")
work=${BENCH_WORK:-$source/build/bench}
out=$work/sparse
tab=$(printf '\t')
# Inlined and merged functions and tail calls would be told apart by one side only.
flags="-O2 -g -fno-inline -fno-ipa-icf"
perf=${PERF:-perf}
runs=60
# Others on the machine change where a program spends its time, so keep them out: `alone="chrt -f 10"`, as root.
alone=${alone:-}

# build NAME FLAGS SOURCE…: plain, and with each kind of hooks
build()
{
    name=$1 options=$2
    shift 2
    mkdir -p "$out/$name.plain" "$out/$name.hooks"
    for file; do
        object=$(basename "$file").o
        # shellcheck disable=SC2086 # flags are words
        {
            cc $flags $options -fno-optimize-sibling-calls -c "$file" -o "$out/$name.plain/$object"
            cc $flags $options -finstrument-functions -c "$file" -o "$out/$name.hooks/$object"
        }
    done
    cc "$out/$name.plain"/*.o -lm -o "$out/bin/$name.plain" 2>/dev/null
    for hooks in "$bench/hooks/empty.c" "$bench/hooks/limit.c" "$bench/hooks/count.c" "$here/hooks.c"; do
        contestant=$(basename "$hooks" .c)
        cc -O2 -c "$hooks" -o "$out/$contestant.o"
        cc "$out/$name.hooks"/*.o "$out/$contestant.o" -lm -o "$out/bin/$name.$contestant" 2>/dev/null
    done
    nm "$out/bin/$name.hooks" | sed -E 's/\.(part|constprop|isra|cold)[.0-9]*$//' >"$out/$name.symbols"
}

build_lua()
{
    [ -d "$work/lua/src" ] || "$source/cmake/fetch-source.sh" lua5.4 "$work/lua"
    set --
    for file in "$work"/lua/src/*.c; do
        [ "$(basename "$file")" = luac.c ] || set -- "$@" "$file"
    done
    build lua "" "$@"
}

build_sqlite()
{
    if [ ! -f "$work/sqlite/sqlite3.c" ]; then
        "$source/cmake/fetch-source.sh" sqlite3 "$work/sqlite"
        (cd "$work/sqlite" && ./configure && make sqlite3.c) >"$out/log" 2>&1
    fi
    build sqlite "-DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_LOAD_EXTENSION -I$work/sqlite" "$work/sqlite/sqlite3.c" \
        "$bench/programs/orders.c"
}

# sample BINARY HOOKS >SAMPLES: where the time of many runs goes; libc's goes to the function that called it
sample()
{
    yes "$out/bin/$1 $arguments" | head -n $runs >"$out/runs" || true
    # shellcheck disable=SC2086 # a command is words
    "$perf" record -q -e cpu-clock -F 5000 --call-graph dwarf,2048 -o "$out/perf.data" \
        $alone sh "$out/runs" >/dev/null 2>"$out/log"
    "$perf" script --no-inline -i "$out/perf.data" -F ip,sym,dso --max-stack 16 2>/dev/null |
        awk -v PROGRAM="/bin/$1" -v HOOKS="$2" -f "$here/samples.awk"
    rm -f "$out/perf.data"
}

# Against the same samples: those of the code of the program with hooks, the hooks' own left out. No estimate can be
# expected to do better.
print_ceiling()
{
    sample "$name.hooks" '^(__cyg_profile|event_put|calibrate|events_)' | awk '{ print $1, "XX", $2, 1 }' >"$out/gaps"
    printf '%-28s' "sampled, without its hooks"
    awk -f "$here/distance.awk" "$out/$name.samples" "$out/gaps" | cut -c 1-8
}

print_estimates()
{
    for every in 1 8 16 32; do
        # shellcheck disable=SC2086 # arguments are words
        EVERY=$every EVENTS=$events $alone "$out/bin/$name.hooks" $arguments >/dev/null
        for model in 1:1 2:1 2:4; do
            kinds=${model%:*} reads=${model#*:}
            [ "$every" != 1 ] || [ "$model" = 2:1 ] || continue
            "$out/estimate" "$events" "$out/$name.symbols" "$kinds" "$reads" >"$out/gaps" 2>"$out/log" ||
                { cat "$out/log" >&2 && exit 1; }
            printf '%-28s' "one in $every, kinds $kinds, reads $reads"
            awk -f "$here/distance.awk" "$out/$name.samples" "$out/gaps"
        done
    done
}

race()
{
    CALLS=$out/calls sh -c "$out/bin/$name.count $arguments" >/dev/null
    {
        echo "program$tab$name${tab}free$tab$(cat "$out/calls")${tab}empty${tab}limit"
        for contestant in plain empty limit; do
            echo "try$tab$contestant$tab-$tab-$tab-${tab}exec $out/bin/$name.$contestant $arguments$tab-"
        done
        for every in 1 8 16 32 1024; do
            echo "try${tab}one in $every$tab-$tab-$tab-${tab}EVERY=$every exec $out/bin/$name.hooks $arguments$tab-"
        done
    } >"$out/plan"
    # shellcheck disable=SC2086 # a command and its arguments are words
    $alone "$out/race" --rounds 7 "$out/plan"
}

mkdir -p "$out/bin"
events=$(mktemp /dev/shm/tracert-sparse.XXXXXX)
trap 'rm -f "$events"' EXIT
trap 'exit 1' HUP INT TERM
cc -O3 -march=native -ffast-math "$here/estimate.c" -lm -o "$out/estimate"
# shellcheck disable=SC2046 # flags are words
cc -O2 "$bench"/race/*.c $(pkg-config --cflags --libs jansson) -o "$out/race"
[ $# -gt 0 ] || set -- lua sqlite
for name; do
    case $name in
    lua) arguments=$source/examples/quickstart.lua && build_lua ;;
    sqlite) arguments=20 && build_sqlite ;;
    *) sed -n 's/^# usage:/usage:/p' "$0" >&2 && exit 1 ;;
    esac
    race
    sample "$name.plain" "" >"$out/$name.samples"
    echo "$name: total variation from $(awk '{ n += $2 } END { print n }' "$out/$name.samples") samples of the plain build"
    printf '%-28s%7s %7s %7s %5s\n' "" raw 'half a pair' best at
    print_ceiling
    print_estimates
done
