#!/bin/sh
# Measures what tracing costs, side by side with other tracers and with the limit (two clock reads and two stores a call).
# Builds all that it compares in build/bench/, counts each program's calls with an independent counter, races the
# contestants in turns, and prints a table for each program. Close everything else; it takes some 20 minutes, or one
# with --quick. Contestants that are not installed are left out, which is said.
#
# usage: tests/bench/run.sh [--quick] [--smoke] [--rounds N] [--json FILE] [PROGRAM…]
#        PROGRAM: leaf fib threads lua sqlite json life many pinned analysis encoding instructions truth; all unless some are named;
#        billion, only if it is named: a billion events of Lua, read back (104 MB on disk, a minute)
#        --smoke: tiny programs, one round: that all of it runs
set -eu

here=$(CDPATH='' cd "$(dirname "$0")" && pwd)
source=$(dirname "$(dirname "$here")")
work=${BENCH_WORK:-$source/build/bench}
prefix=${BENCH_PREFIX:-$work/install}
objects=$work/objects
bin=$work/bin
out=$work/out
plan=$work/plan
tab=$(printf '\t')
size=full
rounds=5
json=
wanted=

while [ $# -gt 0 ]; do
    case $1 in
    --quick) size=quick ;;
    --smoke) size=smoke rounds=1 ;;
    --rounds) rounds=$2 && shift ;;
    --json) json=$2 && shift ;;
    -*)
        sed -n 's/^# *usage:/usage:/p' "$0" >&2
        exit 1
        ;;
    *) wanted="$wanted $1" ;;
    esac
    shift
done

step()
{
    echo "== $*" >&2
}

quietly()
{
    if ! "$@" >"$work/log" 2>&1; then
        tail -n 40 "$work/log" >&2
        echo "bench: failed: $*" >&2
        exit 1
    fi
}

have()
{
    command -v "$1" >/dev/null
}

is_wanted()
{
    case " $wanted " in
    "  " | *" $1 "*) return 0 ;;
    *) return 1 ;;
    esac
}

scale() # FULL QUICK SMOKE
{
    case $size in
    full) echo "$1" ;;
    quick) echo "$2" ;;
    smoke) echo "$3" ;;
    esac
}

# ---- building ----

build_tracert()
{
    [ -z "${BENCH_PREFIX:-}" ] || return 0
    step "building tracert"
    quietly cmake -S "$source" -B "$work/tracert" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DTRACERT_TESTS=OFF \
        -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib
    quietly cmake --build "$work/tracert"
    quietly cmake --install "$work/tracert"
}

build_tools()
{
    # shellcheck disable=SC2046 # flags are words
    quietly cc -O2 "$here"/race/*.c $(pkg-config --cflags --libs jansson) -o "$work/race"
    for hook in empty limit count; do
        quietly cc -O2 -c "$here/hooks/$hook.c" -o "$objects/$hook.o"
    done
}

# build NAME COMPILER FLAGS LIBS SOURCE…: the program's objects three ways, linked with each contestant's hooks.
build()
{
    name=$1 compiler=$2 flags="-O2 -g $3" libs=$4
    shift 4
    step "building $name"
    for kind in plain hooks pg; do
        folder=$objects/$name.$kind
        mkdir -p "$folder"
        case $kind in
        plain) option= ;;
        hooks) option=-finstrument-functions ;;
        pg) option=-pg ;;
        esac
        for file; do
            object=$folder/$(basename "$file").o
            # shellcheck disable=SC2086 # flags are words
            [ -n "$(find "$object" -newer "$file" 2>/dev/null)" ] || quietly "$compiler" $flags $option -c "$file" -o "$object"
        done
    done
    link plain plain
    link pg pg -pg
    link hooks nothing
    for hook in empty limit count; do
        link hooks "$hook" "$objects/$hook.o"
    done
    link hooks static "$lib/libtracert.a" -lzstd
    link hooks shared -L"$lib" -Wl,-rpath,"$lib" -Wl,--no-as-needed -ltracert
}

# link KIND CONTESTANT LINKER-ARGUMENT…: what `build` has set up
link()
{
    kind=$1 contestant=$2
    shift 2
    # shellcheck disable=SC2086 # libs are words
    quietly "$compiler" "$objects/$name.$kind"/*.o "$@" $libs -o "$bin/$name.$contestant"
}

fetch_lua()
{
    [ -d "$work/lua/src" ] || "$source/cmake/fetch-source.sh" lua5.4 "$work/lua"
}

build_lua()
{
    fetch_lua || return 1
    set --
    for file in "$work"/lua/src/*.c; do
        [ "$(basename "$file")" = luac.c ] || set -- "$@" "$file"
    done
    build lua cc "" -lm "$@"
}

fetch_sqlite()
{
    [ ! -f "$work/sqlite/sqlite3.c" ] || return 0
    have tclsh || { echo "bench: no tclsh, which SQLite's build needs" >&2 && return 1; }
    "$source/cmake/fetch-source.sh" sqlite3 "$work/sqlite" || return 1
    (cd "$work/sqlite" && quietly ./configure && quietly make sqlite3.c)
}

build_sqlite()
{
    fetch_sqlite || return 1
    build sqlite cc "-DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_LOAD_EXTENSION -I$work/sqlite" -lm "$work/sqlite/sqlite3.c" \
        "$here/programs/orders.c"
}

build_json()
{
    echo '#include <nlohmann/json.hpp>' | c++ -E -xc++ - >/dev/null 2>&1 ||
        { echo "bench: no nlohmann/json.hpp" >&2 && return 1; }
    build json c++ "" "" "$here/programs/json.cpp"
}

# ---- the plan ----

try() # NAME TRACE RECORDED BEFORE COMMAND AFTER
{
    (IFS=$tab && printf 'try\t%s\n' "$*") >>"$plan"
}

# The contestants of one program. cast NAME ARGUMENTS
cast()
{
    name=$1 arguments=$2
    trace=$out/$name.zst
    pick='1s/.*"calls":\([0-9]*\),.*"stalled_ns":\([0-9]*\),.*/\1 \2/p' # the first of each
    calls="$prefix/bin/tracean info --format json $trace | sed -n '$pick'"
    for hook in plain empty nothing limit; do
        label=$hook
        [ $hook != nothing ] || label="empty, shared"
        try "$label" - - - "exec $bin/$name.$hook $arguments" -
    done
    try "tracert static" "$trace" "$calls" - "TRACERT_OUTPUT=$trace exec $bin/$name.static $arguments" -
    try "tracert shared" "$trace" "$calls" - "TRACERT_OUTPUT=$trace exec $bin/$name.shared $arguments" -
    try "tracert static, off" - - - "TRACERT_START=off exec $bin/$name.static $arguments" -
    try "tracert shared, off" - - - "TRACERT_START=off exec $bin/$name.shared $arguments" -
}

# Other people's tracers, on the same program.
cast_peers()
{
    try "gprof" - - - "cd $out && exec $bin/$name.pg $arguments" -
    if have uftrace; then
        data=$out/$name.uftrace
        calls="uftrace report --no-pager -f call -d $data | awk 'NR > 2 { n += \$1 } END { print n }'"
        try "uftrace" "$data" "$calls" "rm -rf $data" \
            "exec uftrace record --no-libcall -d $data $bin/$name.nothing $arguments" -
        try "uftrace, best" "$data" "$calls" "rm -rf $data" \
            "exec uftrace record --no-libcall --no-event -b 4m -d $data $bin/$name.nothing $arguments" -
    else
        echo "bench: no uftrace" >&2
    fi
    preload=$(find /usr/lib /usr/lib64 -name 'liblttng-ust-cyg-profile-fast.so' 2>/dev/null | head -n 1)
    if have lttng && have babeltrace2 && [ -n "$preload" ]; then
        data=$out/$name.lttng
        try "lttng-ust cyg-profile" "$data" "$here/peers/lttng.sh calls $data" "$here/peers/lttng.sh start $data" \
            "LTTNG_UST_ALLOW_BLOCKING=1 LD_PRELOAD=$preload exec $bin/$name.nothing $arguments" "$here/peers/lttng.sh stop $data"
    else
        echo "bench: no lttng-tools, liblttng-ust-dev and babeltrace2" >&2
    fi
}

# Reading what was recorded: the fastest that a file can be decompressed, our reader, the others'.
cast_analysis() # NAME ARGUMENTS
{
    name=$1
    trace=$out/$name.analysis.zst
    TRACERT_OUTPUT=$trace quietly sh -c "$bin/$name.static $2"
    try "zstd -d" - - - "exec zstd -q -d -c $trace" -
    for verb in verify report; do
        try "tracean $verb" - - - "exec $prefix/bin/tracean $verb -q $trace" -
    done
    try "tracean flamegraph" - - - "exec $prefix/bin/tracean flamegraph -q -o $out/flame.svg $trace" -
    if have uftrace; then
        data=$out/$name.analysis.uftrace
        rm -rf "$data"
        # shellcheck disable=SC2086 # arguments are words
        quietly uftrace record --no-libcall -b 4m -d "$data" "$bin/$name.nothing" $2
        try "uftrace report" - - - "exec uftrace report --no-pager -d $data" -
    fi
    if have lttng && have babeltrace2 && [ -n "$preload" ]; then
        data=$out/$name.analysis.lttng
        quietly "$here/peers/lttng.sh" start "$data"
        LTTNG_UST_ALLOW_BLOCKING=1 quietly env LD_PRELOAD="$preload" sh -c "$bin/$name.nothing $2"
        quietly "$here/peers/lttng.sh" stop "$data"
        try "babeltrace2, counting" - - - "exec babeltrace2 -c sink.utils.counter $data" -
    fi
}

# Lua, twenty-one times over: a billion events, read back by one processor and by all.
cast_billion()
{
    trace=$out/lua.billion.zst arguments="$lua_script $(scale 21 21 1)"
    step "tracing a billion events"
    TRACERT_OUTPUT=$trace quietly sh -c "$bin/lua.static $arguments"
    CALLS=$out/calls quietly sh -c "$bin/lua.count $arguments"
    echo "program${tab}a billion events${tab}free$tab$(cat "$out/calls")$tab-${tab}zstd -d" >>"$plan"
    try "zstd -d" - - - "exec zstd -q -d -c $trace" -
    try "tracean report, one CPU" - - - "exec taskset -c 0 $prefix/bin/tracean report -q $trace" -
    try "tracean report" - - - "exec $prefix/bin/tracean report -q $trace" -
}

# plan_program LABEL NAME CPUS ARGUMENTS
plan_program()
{
    CALLS=$out/calls quietly sh -c "$bin/$2.count $4"
    echo "program$tab$1$tab$3$tab$(cat "$out/calls")${tab}empty${tab}limit" >>"$plan"
    cast "$2" "$4"
}

# The program's instructions of one pair, which no noise can touch: the difference of two runs of different length. The
# drain's would depend on how far apart the events are, which valgrind changes; and it does not say that the counter is
# steady.
instructions() # CONTESTANT
{
    for pairs in 200000 600000; do
        TRACERT_CLOCK=counter TRACERT_OUTPUT=$out/callgrind.zst valgrind --tool=callgrind --callgrind-out-file=/dev/null \
            "$bin/leaf.$1" "$pairs" 2>&1 |
            awk '/ Command:/ { program = $1 } / Collected/ && $1 == program { print $NF }'
    done | awk 'NR == 1 { first = $1 } NR == 2 { print ($1 - first) / 400000 }'
}

mkdir -p "$objects" "$bin" "$out"
: >"$plan"
"$source/cmake/setup.sh" test >/dev/null
build_tracert
build_tools
lib=$(dirname "$(find "$prefix" -name libtracert.a)")
preload=

programs=
lua_script="$here/programs/repeat.lua $source/examples/quickstart.lua"
sizes_of() # PROGRAM: its arguments
{
    case $1 in
    leaf) scale 20000000 5000000 100000 ;;
    fib) scale 34 31 20 ;;
    threads) echo "$(scale 33 30 18) 2" ;;
    lua) scale "$lua_script 1" "$source/examples/quickstart.lua" "-v" ;;
    sqlite) scale 20 5 1 ;;
    json) scale 120 40 2 ;;
    esac
}

for program in leaf fib threads lua sqlite json; do
    is_wanted $program || case $program in
    leaf) is_wanted pinned || is_wanted instructions ;;
    fib) is_wanted life ;;
    threads) is_wanted many ;;
    lua) is_wanted pinned || is_wanted analysis || is_wanted billion || is_wanted encoding ;;
    *) false ;;
    esac || continue
    case $program in
    leaf) build leaf cc "" "" "$here/programs/leaf.c" ;;
    fib) build fib cc "" -lpthread "$here/programs/fib.c" ;;
    threads) build threads cc "" -lpthread "$here/programs/fib.c" ;;
    lua) build_lua ;;
    sqlite) build_sqlite ;;
    json) build_json ;;
    esac && programs="$programs $program" || echo "bench: $program is left out" >&2
done

for program in $programs; do
    is_wanted "$program" || continue
    plan_program "$program" "$program" free "$(sizes_of "$program")"
    cast_peers
done
for program in $programs; do
    case $program in
    leaf | lua) ! is_wanted pinned || plan_program "$program" "$program" pinned "$(sizes_of "$program")" ;;
    threads)
        is_wanted many || continue
        for nr in 1 2 4 16 256; do
            n=$(($(scale 35 31 20) - $(echo $nr | awk '{ printf "%.0f", log($1) / log(1.618) }')))
            plan_program "$nr threads" threads free "$n $nr"
        done
        ;;
    esac
done
# Start and end: what a program that does nothing takes, in ns a run.
if is_wanted life; then
    echo "program${tab}life${tab}free${tab}20${tab}empty$tab-" >>"$plan"
    for hook in plain empty static shared; do
        try $hook - - - "cd $out && for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do $bin/fib.$hook 0; done" -
    done
fi
case $programs in
*lua*) if is_wanted analysis; then
    CALLS=$out/calls quietly sh -c "$bin/lua.count $(sizes_of lua)"
    echo "program${tab}analysis of lua${tab}free$tab$(cat "$out/calls")$tab-${tab}zstd -d" >>"$plan"
    cast_analysis lua "$(sizes_of lua)"
fi ;;
esac
case "$programs $wanted " in
*lua*" billion "*) cast_billion ;;
esac
if is_wanted instructions && have valgrind; then
    step "counting instructions"
    for contestant in empty limit static shared; do
        echo "count${tab}leaf, $contestant$tab$(instructions $contestant)" >>"$plan"
    done
fi

if [ -s "$plan" ]; then
    step "racing, $rounds rounds"
    "$work/race" --rounds "$rounds" ${json:+--json "$json"} "$plan"
fi
case $programs in
*lua*) if is_wanted encoding && [ -f "$work/tracert/runtime/libtracert.a" ]; then
    step "encoding and decoding"
    # shellcheck disable=SC2046 # flags are words
    quietly cc -O2 -I"$source/include" -I"$source/runtime" -I"$source/analyzer" "$here/encoding/main.c" \
        "$work/tracert/runtime/libtracert.a" "$work/tracert/analyzer/libtracean_core.a" \
        $(pkg-config --libs libzstd libelf libdw) -liberty -lpthread -lm -o "$work/encoding"
    TRACERT_OUTPUT=$out/lua.encoding.zst quietly sh -c "$bin/lua.static $(sizes_of lua)"
    echo && echo "lua: its trace, encoded and decoded by one processor"
    "$work/encoding" "$out/lua.encoding.zst" 1 -1 3
fi ;;
esac
if is_wanted truth; then
    step "comparing times with those of untraced runs"
    [ $size = smoke ] || fetch_lua || echo "bench: no Lua" >&2
    [ $size = smoke ] || fetch_sqlite || echo "bench: no SQLite" >&2
    "$here/truth/truth.sh" "$source" "$work" "$prefix" "$size"
fi
