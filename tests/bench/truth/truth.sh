#!/bin/sh
# How true the times in a report are: programs of tiny, of long and of real functions, traced, beside the same programs
# when nobody traces them. What is compared is compiled alike, without inlining and without jumps in place of calls, so
# that a sample belongs to the function that a trace shows. Called by run.sh; more in NOTES.md.
#
# usage: truth.sh SOURCE WORK PREFIX full|quick|smoke
set -eu

source=$1 work=$2/truth prefix=$3 size=$4
here=$source/tests/bench/truth
flags="-O2 -g -no-pie -fno-inline -fno-optimize-sibling-calls"
lib=$(dirname "$(find "$prefix" -name libtracert.a)")

case $size in
full) rounds=5 runs=30 scale=1 ;;
quick) rounds=3 runs=10 scale=1 ;;
smoke) rounds=1 runs=2 scale=100 ;;
esac

# build NAME FLAGS LIBS SOURCE…: NAME.plain and NAME.traced
build()
{
    name=$1 more=$2 libs=$3
    shift 3
    for kind in plain traced; do
        option=
        hooks=
        if [ $kind = traced ]; then
            option=-finstrument-functions
            hooks="$lib/libtracert.a -lzstd"
        fi
        [ -z "$(find "$work/$name.$kind" -newer "$lib/libtracert.a" 2>/dev/null)" ] || continue
        # shellcheck disable=SC2086 # flags are words
        if ! cc $flags $more $option "$@" $hooks $libs -o "$work/$name.$kind" 2>"$work/log"; then
            cat "$work/log" >&2
            exit 1
        fi
    done
    nm -n "$work/$name.plain" >"$work/$name.symbols"
}

# The middle one of the numbers in each column of standard input.
medians()
{
    awk '{ for (i = 1; i <= NF; i++) v[i, NR] = $i; nf = NF }
        END {
            for (i = 1; i <= nf; i++) {
                for (j = 1; j <= NR; j++)
                    for (k = j; k > 1 && v[i, k - 1] > v[i, k]; k--) {
                        t = v[i, k]; v[i, k] = v[i, k - 1]; v[i, k - 1] = t
                    }
                printf "%s ", v[i, int((NR + 1) / 2)]
            }
        }'
}

# measure NAME ARGUMENTS
measure()
{
    name=$1
    shift
    rm -f "$work/$name.samples" "$work/$name.ns" "$work/$name.lines"
    for _ in $(seq "$runs"); do
        SAMPLES=$work/$name.samples LD_PRELOAD=$work/sampler.so "$work/$name.plain" "$@" >/dev/null
        SAMPLES_OFF=1 SAMPLES=$work/$name.ns LD_PRELOAD=$work/sampler.so "$work/$name.plain" "$@" >/dev/null
    done
    ns=$(cut -d' ' -f2 "$work/$name.ns" | medians)
    for _ in $(seq "$rounds"); do
        TRACERT_OUTPUT=$work/$name.zst "$work/$name.traced" "$@" >/dev/null
        "$prefix/bin/tracean" report -q --format json -o "$work/$name.json" "$work/$name.zst"
        "$work/compare" "$work/$name.symbols" "$work/$name.samples" "${ns% }" "$work/$name.json" >>"$work/$name.lines"
    done
    # shellcheck disable=SC2046,SC2183 # numbers are words
    printf '%-10s %9.1f %7.2f | %7.2f %9.2f | %7.3f %9.3f %6.3f | %4.0f of %2.0f\n' "$name" \
        $(medians <"$work/$name.lines" | awk -v ns="$ns" '{ print $8 / 1e6, ns / $8, $1, $2, $3, $4, $5, $6, $7 }')
}

mkdir -p "$work"
# shellcheck disable=SC2046 # flags are words
cc -O2 "$here/compare.c" $(pkg-config --cflags --libs jansson) -lm -o "$work/compare"
cc -O2 -shared -fPIC "$here/sampler.c" -o "$work/sampler.so"

cat <<'END'

TRUTH: times of a report beside the same program when nobody traces it (medians; totals as ratio to the untraced;
distance of the functions' shares of time from 10,000 samples a second: 0 all alike, 1 nothing alike; noise: of samples)

               calls, ns each |   TOTAL: 1 is true |         DISTANCE, noise    | within the
program            M  in all  |     raw  corrected |     raw corrected          | bounds, >1 %
END
build small "" "" "$here/small.c"
measure small $((2000000 / scale))
build large "" "" "$here/large.c"
measure large $((1000 / scale))
lua=$2/lua
if [ "$size" != smoke ] && [ -d "$lua/src" ]; then
    # shellcheck disable=SC2046 # file names without spaces
    build lua "-Dluai_makeseed(L)=42" "-lm" $(find "$lua/src" -name '*.c' ! -name luac.c)
    measure lua "$source/examples/quickstart.lua"
fi
sqlite=$2/sqlite
if [ "$size" != smoke ] && [ -f "$sqlite/sqlite3.c" ]; then
    build sqlite "-DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_LOAD_EXTENSION -I$sqlite" "-lm" "$sqlite/sqlite3.c" \
        "$source/tests/bench/programs/orders.c"
    measure sqlite 20
fi
