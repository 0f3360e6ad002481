#!/bin/sh
# What recording allocations costs: a program that does little else under each contestant in turns, medians of wall time
# and of processor time, in proportion to plain; and the bytes of an event on disk. The processor time is the program's;
# heaptrack's has what it leaves to its own second process in it, ours does not: that one outlives the program.
#
# With WORK, where tests/bench/run.sh has fetched them (lua/, sqlite/), the same for the Lua interpreter and for SQLite,
# compiled by clang with and without hooks after inlining, linked statically: hooks that are off, lazy, all calls
# without memory and, full, with it; and preloaded, events on the plain program and fp on one with frame pointers. The
# least wall time is there beside the median: a busy machine changes it less.
#
# A real-time priority (chrt -f 10 tests/bench/memory.sh ...) keeps others off. Two threads on two processors are run
# without: the process that writes the trace would have the same priority, and never its turn.
#
# usage: tests/bench/memory.sh PREFIX [ROUNDS [PAIRS [WORK]]]    PREFIX: where the project is installed
set -eu

here=$(CDPATH='' cd "$(dirname "$0")" && pwd)
[ $# -ge 1 ] || { sed -n 's/^# *usage:/usage:/p' "$0" >&2; exit 1; }
library=$(find "$1" -name 'libtracert_memory.so' | head -n 1)
tracean=$1/bin/tracean
rounds=${2:-9}
pairs=${3:-3000000}
sources=${4:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ -n "$library" ] || { echo "memory.sh: no libtracert_memory in $1" >&2; exit 1; }
cc -O2 -fno-omit-frame-pointer -pthread "$here/programs/heap.c" -o "$work/heap"

contestants="plain off events fp"
if command -v heaptrack >/dev/null; then
    contestants="$contestants heaptrack"
fi

# run CONTESTANT THREADS: "wall user system" in seconds, appended to its file.
run()
{
    case $1 in
    plain) set -- "$1" "$2" env ;;
    off) set -- "$1" "$2" env TRACERT_START=off LD_PRELOAD="$library" ;;
    events)
        set -- "$1" "$2" env TRACERT_MEMORY=events TRACERT_OUTPUT="$work/trace.zst" LD_PRELOAD="$library"
        ;;
    fp) set -- "$1" "$2" env TRACERT_MEMORY=fp TRACERT_OUTPUT="$work/fp.zst" LD_PRELOAD="$library" ;;
    heaptrack) set -- "$1" "$2" heaptrack -o "$work/heaptrack" ;;
    esac
    contestant=$1
    threads=$2
    shift 2
    if [ "$threads" -gt 1 ] && command -v chrt >/dev/null; then
        set -- chrt -o 0 "$@"
    fi
    /usr/bin/time -a -o "$work/$contestant.$threads" -f '%e %U %S' "$@" "$work/heap" "$pairs" "$threads" >/dev/null 2>&1
}

median()
{
    sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

for threads in 1 2; do
    round=0
    while [ "$round" -lt "$rounds" ]; do
        for contestant in $contestants; do
            run "$contestant" "$threads"
        done
        round=$((round + 1))
    done
    echo "$threads thread(s), $pairs pairs of malloc and free, medians of $rounds"
    for contestant in $contestants; do
        wall=$(cut -d' ' -f1 "$work/$contestant.$threads" | median)
        processor=$(awk '{ print $2 + $3 }' "$work/$contestant.$threads" | median)
        plain_wall=${plain_wall:-$wall}
        plain_processor=${plain_processor:-$processor}
        echo "$contestant $wall $processor $plain_wall $plain_processor" |
            awk -v pairs="$pairs" '{ printf "  %-10s wall %6.3f s  x %5.2f   program %6.3f s  x %5.2f  %+7.1f ns a pair\n",
                $1, $2, $2 / $4, $3, $3 / $5, ($3 - $5) / pairs * 1e9 }'
    done
    unset plain_wall plain_processor
done
"$tracean" report --memory --format json "$work/trace.zst" |
    sed 's/,"functions".*//; s/.*"memory":{"allocated":{[^}]*"blocks":\([0-9]*\)}.*"released":{[^}]*"blocks":\([0-9]*\)}.*/\1 \2/;q' >"$work/events"
awk -v bytes="$(wc -c <"$work/trace.zst")" '{ printf "on disk: %.2f bytes an event\n", bytes / ($1 + $2) }' "$work/events"

ways="plain events fp off lazy calls full"
case $contestants in
*heaptrack*) ways="$ways heaptrack" ;;
esac

# ---- programs: build NAME FILE…, race NAME LABEL, with $arguments ----

build()
{
    name=$1
    shift
    archives=$(dirname "$library")
    clang -O2 -w $flags "$@" -o "$work/$name.plain" -lm
    clang -O2 -w -fno-omit-frame-pointer $flags "$@" -o "$work/$name.fp" -lm
    clang -O2 -w $flags -finstrument-functions-after-inlining "$@" -o "$work/$name.hooks" \
        -Wl,-u,__cyg_profile_func_enter "$archives/libtracert_memory.a" "$archives/libtracert.a" -lzstd -lm -lpthread
}

race()
{
    name=$1
    label=$2
    round=0
    rm -f "$work/$name".*.times
    while [ "$round" -lt "$rounds" ]; do
        for way in $ways; do
            case $way in
            plain) set -- env "$work/$name.plain" ;;
            events) set -- env TRACERT_MEMORY=events LD_PRELOAD="$library" "$work/$name.plain" ;;
            fp) set -- env TRACERT_MEMORY=fp LD_PRELOAD="$library" "$work/$name.fp" ;;
            off) set -- env TRACERT_START=off "$work/$name.hooks" ;;
            calls) set -- env TRACERT_MEMORY=off "$work/$name.hooks" ;;
            heaptrack) set -- heaptrack -o "$work/heaptrack" "$work/$name.plain" ;;
            *) set -- env TRACERT_MEMORY="$way" "$work/$name.hooks" ;;
            esac
            # shellcheck disable=SC2086 # arguments are words
            TRACERT_OUTPUT="$work/$way.zst" /usr/bin/time -a -o "$work/$name.$way.times" -f '%e %U %S' "$@" $arguments >/dev/null 2>&1
        done
        round=$((round + 1))
    done
    echo "$label, medians of $rounds"
    for way in $ways; do
        bytes=$([ ! -f "$work/$way.zst" ] || wc -c <"$work/$way.zst")
        cut -d' ' -f1 "$work/$name.$way.times" >"$work/walls"
        echo "$way $(median <"$work/walls") $(sort -n "$work/walls" | head -n 1) ${bytes:-0}"
        rm -f "$work/$way.zst"
    done | awk 'NR == 1 { plain = $2; least = $3 }
        { printf "  %-10s wall %6.3f s  x %5.2f   least %6.3f s  x %5.2f   trace %9d bytes\n",
            $1, $2, $2 / plain, $3, $3 / least, $4; wall[$1] = $3 }
        END { printf "  memory adds %+.0f %% to a trace of all calls\n", (wall["full"] / wall["calls"] - 1) * 100 }'
}

if [ -f "$sources/lua/src/lua.c" ] && command -v clang >/dev/null; then
    flags=-DLUA_USE_POSIX
    # shellcheck disable=SC2046 # files are words
    build lua $(find "$sources/lua/src" -name '*.c' ! -name luac.c)
    arguments="$here/programs/heap.lua 12"
    race lua "lua, allocating"
    arguments="$here/programs/heap.lua 1"
    race lua "lua, allocating, once"
    arguments="$here/programs/repeat.lua $here/../../examples/quickstart.lua 8"
    race lua "lua, quickstart.lua eight times"
fi
if [ -f "$sources/sqlite/sqlite3.c" ] && command -v clang >/dev/null; then
    flags="-DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_DEFAULT_LOOKASIDE=0,0 -I$sources/sqlite"
    build sqlite "$sources/sqlite/sqlite3.c" "$here/programs/orders.c"
    arguments=160
    race sqlite "sqlite, orders"
    build statements "$sources/sqlite/sqlite3.c" "$here/programs/statements.c"
    arguments=100000
    race statements "sqlite, statements of text"
fi
