#!/bin/sh
# Run a fuzz target: tests/fuzz/run.sh TARGET EXECUTIONS [SECONDS]. What it finds worth keeping is in build/fuzz/found/TARGET,
# and what failed beside it. Begin with: cmake --preset fuzz && cmake --build --preset fuzz
#
# The options are for speed: small inputs, and an address sanitizer that does not give memory back. Leaks are looked for
# in the end, in one run over all that was found.
set -eu
cd "$(dirname "$0")/../.."
target=$1 executions=$2 seconds=${3:-0}
program=build/fuzz/tests/fuzz/fuzz_$target found=build/fuzz/found
mkdir -p "$found/$target"
ASAN_OPTIONS=quarantine_size_mb=1:malloc_context_size=3:max_malloc_fill_size=0:allocator_release_to_os_interval_ms=-1
export ASAN_OPTIONS
"$program" -close_fd_mask=1 -entropic=0 -max_len=1024 -reload=0 -detect_leaks=0 -print_final_stats=1 \
    -runs="$executions" -max_total_time="$seconds" -artifact_prefix="$found/$target-" \
    "$found/$target" "tests/fuzz/corpus/$target" 2>"$found/$target.log" ||
    { tail -n 60 "$found/$target.log" >&2; exit 1; }
"$program" -close_fd_mask=1 -runs=0 "$found/$target" 2>>"$found/$target.log" || { tail -n 60 "$found/$target.log" >&2; exit 1; }
grep -E '^Done|average_exec' "$found/$target.log"
