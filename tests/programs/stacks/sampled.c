/*
 * What the recorded stacks beside this file are of: two callers of one callee, and a recursion.
 *
 *     gcc -O1 -g -fno-omit-frame-pointer -fno-optimize-sibling-calls sampled.c -o sums
 *
 * perf.folded, its lines turned into stacks by awk:
 *     perf record -e cpu-clock -F 499 -g ./sums 400000
 *     perf report --stdio --no-children -n -g folded,0,caller,count -s comm |
 *         awk '/^ / {comm = $3} /^[0-9]/ {n = $1; sub(/^[0-9]+ /, ""); print comm ";" $0 " " n}'
 *
 * bpftrace.folded, as it is printed, leaf first, and with an address in the function that differs from sample to
 * sample:
 *     ./sums 400000000 & BPFTRACE_CACHE_USER_SYMBOLS=1 bpftrace -p $! \
 *         -e 'profile:hz:499 /pid == $1/ { @[comm, ustack] = count(); } interval:ms:1500 { exit(); }' $! |
 *         awk '/^@\[/ {sub(/^@\[/, ""); sub(/, *$/, ""); comm = $0; path = ""; next}
 *              /^\]: / {print comm path " " $2; next}
 *              /^ +[^ ]/ {sub(/^ +/, ""); sub(/\+[0-9]+$/, ""); path = ";" $0 path}'
 *
 * py-spy.folded was written by hand after py-spy's `record --format raw --subprocesses --threads`, not recorded.
 */
#include <stdio.h>
#include <stdlib.h>

static volatile unsigned long sink;

__attribute__((noinline)) void spin(unsigned long turns)
{
    for (unsigned long i = 0; i < turns; i++)
        sink += i;
}

__attribute__((noinline)) void parse(unsigned long turns)
{
    spin(turns * 3);
    sink++;
}

__attribute__((noinline)) void visit(int depth, unsigned long turns)
{
    spin(turns / 4);
    if (depth > 0)
        visit(depth - 1, turns);
    sink++;
}

int main(int argc, char **argv)
{
    unsigned long turns = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
    for (int i = 0; i < 100; i++) {
        parse(turns);
        visit(5, turns);
    }
    printf("%lu\n", sink);
    return 0;
}
