#!/bin/sh
# How fast a heap is read back, and in how much memory: a program that allocates and releases (programs/heap.c) is
# recorded with few pairs and with many, and `tracean report --memory` reads both. Pairs a second of processor time, the
# largest resident memory, which must not grow with the pairs, and instructions an event by callgrind, which no other
# work on the machine can change: of the difference of two traces.
#
# usage: tests/bench/heap.sh PREFIX [PAIRS]    PREFIX: where the project is installed; PAIRS: default 10000000
set -eu

here=$(CDPATH='' cd "$(dirname "$0")" && pwd)
[ $# -ge 1 ] || { sed -n 's/^# *usage:/usage:/p' "$0" >&2; exit 1; }
library=$(find "$1" -name 'libtracert_memory.so' | head -n 1)
tracean=$1/bin/tracean
pairs=${2:-10000000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ -n "$library" ] || { echo "heap.sh: no libtracert_memory in $1" >&2; exit 1; }
cc -O2 -pthread "$here/programs/heap.c" -o "$work/heap"

# record PAIRS THREADS
record()
{
    TRACERT_MEMORY=events TRACERT_OUTPUT="$work/$1.$2.zst" LD_PRELOAD="$library" "$work/heap" "$1" "$2"
}

# instructions PAIRS: of a report
instructions()
{
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$tracean" report -q --memory --format json \
        "$work/$1.1.zst" 2>&1 >/dev/null | sed -n 's/.*Collected : *\([0-9]*\).*/\1/p'
}

for threads in 1 4; do
    for number in $((pairs / 10)) "$pairs"; do
        record "$number" "$threads"
        /usr/bin/time -o "$work/time" -f '%U %S %M' "$tracean" report -q --memory --format json \
            "$work/$number.$threads.zst" >/dev/null
        awk -v pairs="$number" -v threads="$threads" -v bytes="$(wc -c <"$work/$number.$threads.zst")" '{
            printf "%d thread(s), %11d pairs, %7.1f MB: %6.2f s of processor time, %5.2f million pairs a second, %6.1f MB\n",
                threads, pairs, bytes / 1e6, $1 + $2, pairs / ($1 + $2) / 1e6, $3 / 1024 }' "$work/time"
    done
done
if command -v valgrind >/dev/null; then
    record 100000 1
    record 300000 1
    few=$(instructions 100000)
    many=$(instructions 300000)
    echo "instructions an event: $(((many - few) / 400000))"
fi
