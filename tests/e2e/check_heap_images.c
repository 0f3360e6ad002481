/*
 * Snapshots of the heap: what is lost is what memcheck and LeakSanitizer say, what is retained is what the programs
 * know by construction; the program does not notice; images that are damaged are never believed.
 */
#include "heap.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#define PRELOAD "LD_PRELOAD=\"$LIB/libtracert_memory.so\" "

/* What `tracean heap` says, after a look at what must hold for it. */
static json_t *heap_load(const char *folder, const char *image, int status)
{
    static const char *const states[] = {"reachable", "possibly_lost", "lost", "indirectly_lost"};
    static const char *const units[] = {"bytes", "blocks"};
    struct run run = run_shell(folder, "\"$TRACEAN\" heap --top 0 --format json %s", image);
    ck_assert_msg(run.status == status, "tracean heap %s: %d: %s", image, run.status, run.err);
    json_t *heap = json_loads(run.out, 0, NULL);
    ck_assert_msg(heap != NULL, "no JSON: %s", run.out);
    const json_t *paths = json_object_get(heap, "paths"), *blocks = json_object_get(heap, "lost_blocks");
    uint64_t lost_bytes = 0, lost_blocks = json_array_size(blocks);
    for (int u = 0; u < 2; u++) {
        uint64_t sum = 0;
        for (int s = 0; s < 4; s++) {
            uint64_t of_paths = 0;
            for (size_t i = 0; i < json_array_size(paths); i++)
                of_paths += amount_of(json_array_get(paths, i), states[s], units[u]);
            ck_assert_uint_eq(of_paths, amount_of(heap, states[s], units[u]));
            sum += of_paths;
        }
        ck_assert_uint_eq(sum, amount_of(heap, "live", units[u]));
    }
    for (size_t i = 0; i < lost_blocks; i++)
        lost_bytes += number_of(json_array_get(blocks, i), "bytes");
    ck_assert_uint_eq(lost_bytes + amount_of(heap, "reachable", "bytes"), amount_of(heap, "live", "bytes"));
    ck_assert_uint_eq(lost_blocks + amount_of(heap, "reachable", "blocks"), amount_of(heap, "live", "blocks"));
    return heap;
}

/* ---- Lost ----------------------------------------------------------------------------------------- */

static const struct toolchain *leaks_build(const char *folder, int number, const char *flags, const char *program)
{
    const struct toolchain *toolchain = &toolchains[number];
    /* A call site a block: none is to be merged with another. */
    run_ok(folder, "%s -g %s -fno-builtin %s %s \"$PROGRAMS\"/leaks.c -o %s", toolchain->cc, toolchain->level,
           toolchain->is_clang ? "" : "-fno-crossjumping -fno-tree-tail-merge -fno-optimize-sibling-calls", flags,
           program);
    return toolchain;
}

/* A line "STATE BYTES BLOCKS" for each state, and one for each block that is lost: from ours, into the file `ours`. */
static void ours_write(const char *folder, const char *argument, const char *file, bool without_possible)
{
    run_ok(folder, "rm -f *.heap; " PRELOAD "TRACERT_MEMORY=events TRACERT_SNAPSHOT=exit ./leaks %s", argument);
    json_t *heap = heap_load(folder, "trace.1-exit.heap", 0);
    char path[600];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    FILE *out = fopen(path, "w");
    const json_t *blocks = json_object_get(heap, "lost_blocks");
    ck_assert_ptr_nonnull(out);
    for (size_t i = 0; i < json_array_size(blocks); i++) {
        const json_t *block = json_array_get(blocks, i);
        const char *state = json_string_value(json_object_get(block, "state"));
        if (without_possible && strcmp(state, "possibly_lost") != 0)
            fprintf(out, "%lu\n", (unsigned long)number_of(block, "bytes"));
        else if (!without_possible)
            fprintf(out, "%s %lu\n", state, (unsigned long)number_of(block, "bytes"));
    }
    if (!without_possible)
        fprintf(out, "reachable %lu %lu\n", (unsigned long)amount_of(heap, "reachable", "bytes"),
                (unsigned long)amount_of(heap, "reachable", "blocks"));
    fclose(out);
    json_decref(heap);
    run_ok(folder, "sort -o %s %s", file, file);
}

/*
 * One call site a block, so that each of memcheck's records is one block. With addresses as high as they may be: by
 * itself valgrind puts blocks at 80 million or so, and the loader has a number of that size, the processor's cycles
 * that relocation took, which often enough was taken for a pointer to the middle of the largest block.
 */
START_TEST(lost_is_what_memcheck_says)
{
    const char *folder = scratch_folder("heap_images/memcheck-%d", _i);
    const struct toolchain *toolchain = leaks_build(folder, _i, "", "leaks");
    if (run_shell(folder, "command -v valgrind").status != 0) {
        printf("left out, for want of valgrind\n");
        return;
    }
    ours_write(folder, "", "ours", false);
    run_ok(folder,
           "valgrind --aspace-minaddr=0x200000000 --leak-check=full --show-leak-kinds=all --leak-resolution=high "
           "--run-libc-freeres=no "
           "--leak-check-heuristics=none ./leaks 2> log; tr -d , < log | sed -nE "
           "-e 's/.*still reachable: ([0-9]+) bytes in ([0-9]+) blocks/reachable \\1 \\2/p' "
           "-e 's/([0-9]+) \\(([0-9]+) direct.*\\) bytes/\\2 bytes/' "
           "-e 's/^==[0-9]+== ([0-9]+) bytes in 1 blocks are definitely lost.*/lost \\1/p' "
           "-e 's/^==[0-9]+== ([0-9]+) bytes in 1 blocks are indirectly lost.*/indirectly_lost \\1/p' "
           "-e 's/^==[0-9]+== ([0-9]+) bytes in 1 blocks are possibly lost.*/possibly_lost \\1/p' | sort > memchecks");
    ck_assert_uint_ge(count_lines(file_read(folder, "memchecks")), 20);
    struct run run = run_shell(folder, "diff ours memchecks");
    ck_assert_msg(run.status == 0, "%s: < ours, > memcheck's: diff %d\n%s%s", toolchain->name, run.status, run.out,
                  run.err);
}

END_TEST

START_TEST(lost_is_what_leak_sanitizer_says)
{
    const char *folder = scratch_folder("heap_images/lsan-%d", _i);
    const struct toolchain *toolchain = leaks_build(folder, _i, "", "leaks");
    leaks_build(folder, _i, "-fsanitize=leak", "leaks_checked");
    ours_write(folder, "no-mappings", "ours", true);
    run_ok(folder, "./leaks_checked no-mappings 2> log; "
                   "sed -nE 's/.*leak of ([0-9]+) byte.* in 1 object.*/\\1/p' log | sort > sanitizers");
    if (strstr(file_read(folder, "log"), "LeakSanitizer has encountered a fatal error") != NULL) {
        printf("left out: LeakSanitizer cannot run here\n");
        return;
    }
    ck_assert_uint_ge(count_lines(file_read(folder, "sanitizers")), 20);
    struct run run = run_shell(folder, "diff ours sanitizers");
    ck_assert_msg(run.status == 0, "%s: < ours, > LeakSanitizer's: diff %d\n%s%s", toolchain->name, run.status, run.out,
                  run.err);
}

END_TEST

/* ---- Retained ------------------------------------------------------------------------------------- */

/* The program printed "ROOT BYTES BLOCKS": the same must be retained by the root whose name begins like this. */
static void retained_check(const json_t *heap, const char *lines)
{
    char name[64];
    unsigned long bytes, blocks;
    int length = 0;
    for (; sscanf(lines, "%63s %lu %lu%n", name, &bytes, &blocks, &length) == 3; lines += length) {
        const json_t *roots = json_object_get(heap, "roots");
        uint64_t found_bytes = 0, found_blocks = 0;
        for (size_t i = 0; i < json_array_size(roots); i++) {
            const json_t *root = json_array_get(roots, i);
            const char *root_name = json_string_value(json_object_get(root, "name"));
            /* Of the threads it is the one that holds most. */
            if (strncmp(root_name, name, strlen(name)) == 0 && number_of(root, "retained_bytes") > found_bytes) {
                found_bytes = number_of(root, "retained_bytes");
                found_blocks = number_of(root, "retained_blocks");
            }
        }
        /* A thread also has what the C library allocated for it. */
        bool is_thread = strcmp(name, "thread") == 0;
        ck_assert_msg(is_thread ? found_bytes >= bytes && found_blocks >= blocks
                                : found_bytes == bytes && found_blocks == blocks,
                      "%s retains %lu bytes in %lu blocks, and not %lu in %lu", name, (unsigned long)found_bytes,
                      (unsigned long)found_blocks, bytes, blocks);
    }
    ck_assert_msg(length > 0, "nothing is said: %s", lines);
}

/* However paths are found: a snapshot has them. */
static const char *const modes[] = {"full", "lazy", "fp"};

enum { NR_MODES = (int)(sizeof modes / sizeof *modes) };

/* The blocks that can be reached of the path that begins like this, the innermost function first. */
static uint64_t path_blocks(const json_t *heap, const char *wanted)
{
    const json_t *paths = json_object_get(heap, "paths");
    uint64_t blocks = 0;
    for (size_t i = 0; i < json_array_size(paths); i++) {
        const json_t *frames = json_object_get(json_array_get(paths, i), "frames");
        char path[1024] = "";
        for (size_t j = 0; j < json_array_size(frames); j++) {
            size_t used = strlen(path);
            snprintf(path + used, sizeof path - used, "%s;", json_string_value(json_array_get(frames, j)));
        }
        if (strncmp(path, wanted, strlen(wanted)) == 0)
            blocks += amount_of(json_array_get(paths, i), "reachable", "blocks");
    }
    return blocks;
}

START_TEST(retained_is_what_the_program_knows)
{
    const struct toolchain *toolchain = &toolchains[_i / NR_MODES];
    const char *mode = modes[_i % NR_MODES];
    const char *folder = scratch_folder("heap_images/retains-%s-%s", toolchain->name, mode);
    build_program(toolchain, folder, "retains", "\"$PROGRAMS\"/retains.c", "-g -pthread -fno-omit-frame-pointer");
    struct run run = run_ok(folder, PRELOAD "TRACERT_MEMORY=%s ./retains", mode);
    ck_assert_str_eq(run.err, "");
    trace_check_file(folder, "trace.zst");
    run_ok(folder, "zstd -tq trace.1-all_of_it.heap && test \"$(stat -c %%a trace.1-all_of_it.heap)\" = 600");
    json_t *heap = heap_load(folder, "trace.1-all_of_it.heap", 0);
    retained_check(heap, run.out);
    ck_assert_uint_eq(amount_of(heap, "lost", "blocks"), 0);
    ck_assert_uint_eq(path_blocks(heap, "item_make;list_make;all_make;main;"), 1000);
    ck_assert_uint_eq(path_blocks(heap, "item_make;thread_run;"), 60);
    json_decref(heap);
    run = run_ok(folder, "\"$TRACEAN\" heap trace.1-all_of_it.heap");
    ck_assert_msg(strstr(run.out, "list_make") != NULL && strstr(run.out, "thread_run") != NULL, "%s", run.out);
}

END_TEST

START_TEST(objects_of_cpp_are_retained)
{
    const struct toolchain *toolchain = &toolchains[_i];
    const char *folder = scratch_folder("heap_images/cpp-%s", toolchain->name);
    build_program(toolchain, folder, "retains", "\"$PROGRAMS\"/retains.cpp", "-g -std=c++17");
    struct run run = run_ok(folder, PRELOAD "TRACERT_MEMORY=full ./retains");
    json_t *heap = heap_load(folder, "trace.1-C__.heap", 0);
    retained_check(heap, run.out);
    json_decref(heap);
}

END_TEST

/* Two images of one run: what came in between is what has grown; and Chrome's file has the exact total. */
START_TEST(what_has_grown_is_told)
{
    const char *folder = scratch_folder("heap_images/grown");
    build_program(&toolchains[1], folder, "grows", "\"$PROGRAMS\"/grows.c", "-g");
    run_ok(folder, PRELOAD "TRACERT_MEMORY=full ./grows");
    struct run run = run_ok(folder, "\"$TRACEAN\" heap --diff --format json trace.1-before.heap trace.2-after.heap");
    struct run same = run_ok(folder, "\"$TRACEAN\" diff --format json trace.1-before.heap trace.2-after.heap");
    ck_assert_str_eq(same.out, run.out);
    json_t *diff = json_loads(run.out, 0, NULL);
    const json_t *paths = json_object_get(diff, "paths"), *first = json_array_get(paths, 0);
    const json_t *last = json_array_get(paths, json_array_size(paths) - 1);
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(first, "frames"), 0)), "grow");
    ck_assert_uint_eq(amount_of(first, "after", "bytes") - amount_of(first, "before", "bytes"), 20 * 100);
    ck_assert_uint_eq(amount_of(first, "after", "blocks") - amount_of(first, "before", "blocks"), 20);
    ck_assert_uint_eq(amount_of(first, "lost_after", "blocks"), 1);
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(last, "frames"), 0)), "shrink");
    ck_assert_uint_eq(amount_of(last, "after", "blocks"), 0);
    json_decref(diff);
    json_t *heap = heap_load(folder, "trace.2-after.heap", 0);
    uint64_t live = amount_of(heap, "live", "bytes"), sum = 0;
    json_decref(heap);
    run = run_ok(folder, "\"$TRACEAN\" heap -o after.heapsnapshot trace.2-after.heap && cat after.heapsnapshot");
    json_t *file = json_loads(run.out, 0, NULL);
    const json_t *nodes = json_object_get(file, "nodes"), *facts = json_object_get(file, "snapshot");
    ck_assert_uint_eq(json_array_size(nodes), 7 * number_of(facts, "node_count"));
    ck_assert_uint_eq(json_array_size(json_object_get(file, "edges")), 3 * number_of(facts, "edge_count"));
    for (size_t i = 3; i < json_array_size(nodes); i += 7)
        sum += (uint64_t)json_integer_value(json_array_get(nodes, i));
    ck_assert_uint_eq(sum, live);
    json_decref(file);
    run = run_ok(folder, "\"$TRACEAN\" heap --format heapprofile trace.2-after.heap");
    file = json_loads(run.out, 0, NULL);
    const json_t *samples = json_object_get(file, "samples");
    sum = 0;
    for (size_t i = 0; i < json_array_size(samples); i++)
        sum += number_of(json_array_get(samples, i), "size");
    ck_assert_uint_eq(sum, live);
    json_decref(file);
}

END_TEST

/* ---- The program does not notice ------------------------------------------------------------------ */

START_TEST(nothing_is_done_where_memory_is_not_recorded)
{
    const char *folder = scratch_folder("heap_images/off");
    build_program(&toolchains[0], folder, "retains", "\"$PROGRAMS\"/retains.c", "-pthread");
    struct run run = run_shell(folder, PRELOAD "./retains");
    ck_assert_msg(run.status == 1 && run.err[0] == '\0', "%d %s", run.status, run.err);
    run_ok(folder, "test -z \"$(ls | grep heap)\"");
    run = run_shell(folder, PRELOAD "TRACERT_START=off TRACERT_MEMORY=full ./retains");
    ck_assert_msg(run.status == 1 && run.err[0] == '\0', "%d %s", run.status, run.err);
    run_ok(folder, "test -z \"$(ls | grep heap)\"");
}

END_TEST

/* A link where the image would be is not followed, a file that is none is left alone, one of an earlier run is
 * replaced. */
START_TEST(nobodys_file_is_overwritten)
{
    const char *folder = scratch_folder("heap_images/files");
    leaks_build(folder, 0, "", "leaks");
    run_ok(folder,
           "echo precious > precious; ln -s precious trace.1-exit.heap; " PRELOAD
           "TRACERT_MEMORY=events TRACERT_SNAPSHOT=exit ./leaks; grep -q precious precious; "
           "test -L trace.1-exit.heap; test \"$(ls trace.1-exit.*.heap | wc -l)\" = 1; rm *.heap; "
           "echo precious > trace.1-exit.heap; " PRELOAD
           "TRACERT_MEMORY=events TRACERT_SNAPSHOT=exit ./leaks; grep -q precious trace.1-exit.heap; rm *.heap; "
           "for i in 1 2; do " PRELOAD "TRACERT_MEMORY=events TRACERT_SNAPSHOT=exit ./leaks; done; "
           "test \"$(ls *.heap)\" = trace.1-exit.heap && \"$TRACEAN\" heap trace.1-exit.heap > report");
    struct run run = run_ok(folder, "mkdir full; chmod 500 full; cd full; " PRELOAD
                                    "TRACERT_OUTPUT=../other.zst TRACERT_MEMORY=events TRACERT_SNAPSHOT=exit ../leaks; "
                                    "test -f ../other.1-exit.heap");
    ck_assert_str_eq(run.err, "");
}

END_TEST

/* ---- At the peak ---------------------------------------------------------------------------------- */

/* One file, of the highest of all peaks, and of the first one that was as high. */
START_TEST(the_peak_has_an_image)
{
    const char *folder = scratch_folder("heap_images/peak");
    build_program(&toolchains[1], folder, "peaks", "\"$PROGRAMS\"/peaks.c", "");
    for (int again = 0; again < 2; again++) {
        run_ok(folder,
               "rm -f *.heap; " PRELOAD "TRACERT_MEMORY=full TRACERT_SNAPSHOT=peak ./peaks %s; ls *.heap > files",
               again ? "again" : "");
        ck_assert_str_eq(file_read(folder, "files"), "trace.1-peak.heap\n");
        json_t *heap = heap_load(folder, "trace.1-peak.heap", 0);
        ck_assert_uint_eq(amount_of(heap, "live", "bytes"), 5070000);
        ck_assert_uint_eq(amount_of(heap, "live", "blocks"), 42);
        ck_assert_uint_eq(amount_of(heap, "reachable", "blocks"), 42);
        json_decref(heap);
        struct run run = run_ok(folder, "stat -c %%a trace.1-peak.heap; \"$TRACEAN\" heap trace.1-peak.heap");
        ck_assert_msg(strncmp(run.out, "600\n", 4) == 0 && strstr(run.out, "climb") != NULL &&
                          strstr(run.out, "climb_again") == NULL,
                      "%s", run.out);
    }
}

END_TEST

/* Where somebody's file has the name there is one image beside it, and not one for each peak. */
START_TEST(the_peaks_image_is_one_under_another_name)
{
    const char *folder = scratch_folder("heap_images/peak-variant");
    run_ok(folder, "cc -O1 \"$PROGRAMS\"/peaks_noise.c -o peaks; echo precious > trace.1-peak.heap; " PRELOAD
                   "TRACERT_MEMORY=events TRACERT_SNAPSHOT=peak ./peaks; grep -q precious trace.1-peak.heap; "
                   "ls | grep -v ^trace.1-peak.heap$ | grep heap > files");
    ck_assert_uint_eq(count_lines(file_read(folder, "files")), 1);
    json_t *heap = heap_load(folder, "$(cat files)", 0);
    ck_assert_uint_eq(amount_of(heap, "live", "bytes"), 170000 + 4000000);
    json_decref(heap);
    ck_assert_str_eq(run_ok(folder, "\"$TRACEAN\" info").err, "");
}

END_TEST

/* No room for the image of a higher peak: the one of the lower peak stays, whole, and one line says so. */
START_TEST(a_full_disk_leaves_the_image_before)
{
    const char *folder = scratch_folder("heap_images/full");
    run_ok(folder, "cc -O1 \"$PROGRAMS\"/peaks_noise.c -o peaks");
    if (!may_mount(folder))
        return;
    struct run run = run_ok(folder, "unshare -rm sh -c 'mount -t tmpfs -o size=1m none small && cd small && " PRELOAD
                                    "TRACERT_MEMORY=events TRACERT_SNAPSHOT=peak ../peaks; ls; cp * ..'");
    ck_assert_str_eq(run.err, "tracert: an image of the heap could not be written whole: No space left on device\n");
    ck_assert_str_eq(run.out, "trace.1-peak.heap\ntrace.zst\n");
    json_t *heap = heap_load(folder, "trace.1-peak.heap", 0);
    ck_assert_uint_eq(amount_of(heap, "live", "bytes"), 170000);
    json_decref(heap);
    ck_assert_ptr_nonnull(
        strstr(run_shell(folder, "\"$TRACEAN\" info").err, "one at least could not be written whole"));
    run = run_ok(folder, PRELOAD "TRACERT_MEMORY=events TRACERT_SNAPSHOT=peak ./peaks; ls *.heap*");
    ck_assert_str_eq(run.out, "trace.1-peak.heap\n");
    heap = heap_load(folder, "trace.1-peak.heap", 0);
    ck_assert_uint_eq(amount_of(heap, "live", "bytes"), 170000 + 4000000);
    json_decref(heap);
}

END_TEST

/* What is at its highest at the end; a process that was forked has its own; a heap of next to nothing has none. */
START_TEST(processes_have_peaks_of_their_own)
{
    const char *folder = scratch_folder("heap_images/peaks");
    run_ok(folder,
           "printf '%%s\\n' '#include <stdlib.h>' '#include <sys/wait.h>' '#include <unistd.h>' 'char *volatile p;' "
           "'int main(void) { p = malloc(100000); int child = fork(); if (child == 0) p = malloc(500000);' "
           "'else wait(NULL); return 0; }' > forks.c; cc forks.c -o forks; " PRELOAD
           "TRACERT_MEMORY=events TRACERT_SNAPSHOT=peak ./forks");
    uint64_t sum = 0;
    for (int i = 1; i <= 2; i++) {
        char image[40];
        snprintf(image, sizeof image, "$(ls *-peak.heap | sed -n %dp)", i);
        json_t *heap = heap_load(folder, image, 0);
        sum += amount_of(heap, "live", "bytes");
        json_decref(heap);
    }
    ck_assert_uint_eq(sum, 100000 + 500000); /* what a child inherits counts for its parent */
    run_ok(folder, "rm *.heap; printf 'int main(void) { return 0; }' > empty.c; cc empty.c -o empty; " PRELOAD
                   "TRACERT_MEMORY=events TRACERT_SNAPSHOT=peak ./empty; test -z \"$(ls | grep heap)\"");
}

END_TEST

/* A system call fails, in the process that writes the image or in the program: the first time, the second … Or the
 * process is killed in it. */
static const struct {
    const char *name;
    long number;
    int error; /* -SIGKILL */
    const char *snapshot, *program;
} faults[] = {
    {"openat", SYS_openat, EMFILE, "exit", "leaks"},      {"pread64", SYS_pread64, EIO, "exit", "leaks"},
    {"pwrite64", SYS_pwrite64, ENOSPC, "exit", "leaks"},  {"read", SYS_read, EIO, "exit", "leaks"},
    {"mmap", SYS_mmap, ENOMEM, "exit", "leaks"},          {"linkat", SYS_linkat, EPERM, "peak", "peaks"},
    {"renameat2", SYS_renameat2, EPERM, "peak", "peaks"}, {"pwrite64", SYS_pwrite64, ENOSPC, "peak", "peaks"},
    {"pread64", SYS_pread64, -SIGKILL, "peak", "peaks"},  {"openat", SYS_openat, EOPNOTSUPP, "peak", "peaks"},
};

enum { NTH_MAX = 10 };

static bool fault_run(const char *folder, int fault, char who, int nth)
{
    struct run run = run_shell(folder,
                               "rm -f *.heap* *.zst; printf '\\0\\0\\0\\0\\0\\0\\0\\0' > log; truncate -s 4096 log; "
                               "timeout 60 env FAULT_PLAN=%c:%ld:%d:%d:1 FAULT_LOG=\"$PWD\"/log TRACERT_MEMORY=events "
                               "TRACERT_SNAPSHOT=%s LD_LIBRARY_PATH=lib " PRELOAD "./program",
                               who, faults[fault].number, nth, faults[fault].error, faults[fault].snapshot);
    ck_assert_msg(run.status == 0 && run.out[0] == '\0', "%s %c %d: %d: %s", faults[fault].name, who, nth, run.status,
                  run.out);
    ck_assert_msg(count_lines(run.err) <= 2, "%s %c %d: %s", faults[fault].name, who, nth, run.err);
    run = run_shell(folder, "flock -w 20 trace.zst true; ls | grep 'heap\\.new'");
    ck_assert_msg(run.out[0] == '\0', "%s %c %d leaves %s", faults[fault].name, who, nth, run.out);
    run = run_shell(folder, "for i in *.heap; do [ ! -e $i ] || \"$TRACEAN\" heap -q $i >/dev/null || exit; done");
    ck_assert_msg(run.status == 0 || run.status == 3 || (run.status == 2 && count_lines(run.err) == 1),
                  "%s %c %d: tracean heap: %d: %s", faults[fault].name, who, nth, run.status, run.err);
    return run_shell(folder, "od -An -tu8 -N8 log | grep -q '[1-9]'").status == 0;
}

START_TEST(system_calls_of_images_fail)
{
    const char *folder = scratch_folder("heap_images/fault-%d", _i);
    unsigned nr_struck = 0;
    run_ok(folder, "cc -O1 -fno-builtin \"$PROGRAMS\"/%s.c -o program; mkdir lib; ln -s %s lib/libtracert.so.0",
           faults[_i].program, E2E_FAULTY);
    for (int who = 0; who < (faults[_i].error < 0 ? 1 : 2); who++) {
        for (int nth = 1; nth <= NTH_MAX && fault_run(folder, _i, who == 0 ? 'd' : 'p', nth); nth++)
            nr_struck++;
    }
    ck_assert_uint_ge(nr_struck, 1);
}

END_TEST

/* Who asks for images and can have none is told so, once. */
static const struct {
    const char *environment, *says;
} impossible[] = {
    {"LD_PRELOAD=\"$LIB/libtracert_memory.so\" TRACERT_SNAPSHOT=exit",
     "tracert: TRACERT_SNAPSHOT without TRACERT_MEMORY: no image of the heap will be made\n"},
    {"LD_PRELOAD=\"$LIB/libtracert_memory.so ./other_malloc.so\" TRACERT_MEMORY=events TRACERT_SNAPSHOT=peak",
     "tracert: TRACERT_SNAPSHOT=peak: this malloc does not tell what it has given out: no image of its peak will be "
     "made\n"},
    {"LD_PRELOAD=\"$LIB/libtracert_memory.so ./other_malloc.so\" TRACERT_MEMORY=events TRACERT_SNAPSHOT=exit", ""},
    {"LD_PRELOAD=\"$LIB/libtracert_memory.so\" TRACERT_MEMORY=events TRACERT_SNAPSHOT=peak", ""},
};

START_TEST(images_that_cannot_be_are_told)
{
    const char *folder = scratch_folder("heap_images/impossible-%d", _i);
    build_program(&toolchains[1], folder, "program", "\"$PROGRAMS\"/peaks.c", "");
    run_ok(folder, "\"$GCC\" -O2 -fPIC -shared -fno-builtin \"$PROGRAMS\"/other_malloc.c -o other_malloc.so");
    struct run run = run_ok(folder, "%s ./program >out; ls", impossible[_i].environment);
    ck_assert_str_eq(run.err, impossible[_i].says);
    ck_assert_int_eq(strstr(run.out, ".heap") != NULL, impossible[_i].says[0] == '\0');
    run = run_ok(folder, "\"$TRACEAN\" info"); /* … and so is who gets the trace alone */
    ck_assert_msg((strstr(run.err, "image of the heap was asked for and is missing") != NULL) ==
                      (impossible[_i].says[0] != '\0'),
                  "%s", run.err);
}

END_TEST

/* ---- From outside --------------------------------------------------------------------------------- */

START_TEST(running_programs_are_asked)
{
    const char *folder = scratch_folder("heap_images/asked");
    build_program(&toolchains[1], folder, "allocates", "\"$PROGRAMS\"/allocates_on.c", "");
    struct run run = run_shell(folder, PRELOAD "TRACERT_MEMORY=full ./allocates & sleep 0.5; \"$TRACEAN\" snapshot $!; "
                                               "status=$?; kill $!; wait; exit $status");
    ck_assert_msg(run.status == 0, "%d: %s", run.status, run.err);
    run = run_ok(folder, "for i in $(seq 100); do zstd -tq trace.1-asked.heap 2>/dev/null && break; sleep 0.1; done; "
                         "\"$TRACEAN\" heap trace.1-asked.heap");
    ck_assert_msg(strstr(run.out, "kept") != NULL && strstr(run.out, "1,234") != NULL, "%s", run.out);
    run = run_shell(folder, "sleep 5 & \"$TRACEAN\" snapshot $!; status=$?; kill $!; exit $status");
    ck_assert_msg(run.status == 2 && strstr(run.err, "its programs have ended") != NULL, "%d: %s", run.status, run.err);
}

END_TEST

/* ---- Damage --------------------------------------------------------------------------------------- */

START_TEST(damaged_images_are_not_believed)
{
    const char *folder = scratch_folder("heap_images/damage");
    leaks_build(folder, 0, "", "leaks");
    run_ok(folder, PRELOAD "TRACERT_MEMORY=events TRACERT_SNAPSHOT=exit ./leaks; mv trace.1-exit.heap whole");
    long bytes = atol(run_ok(folder, "stat -c %%s whole").out);
    for (int i = 0; i < 12; i++) {
        if (i % 2 == 0) /* cut */
            run_ok(folder, "head -c %ld whole > image.heap", bytes * i / 12);
        else /* flip a bit */
            run_ok(folder,
                   "cp whole image.heap; printf \"$(printf '\\%%o' $((0x$(xxd -p -s %ld -l 1 whole) ^ 4)))\" | "
                   "dd of=image.heap bs=1 seek=%ld conv=notrunc status=none; "
                   "test \"$(cmp -l whole image.heap | wc -l)\" = 1",
                   bytes * i / 12, bytes * i / 12);
        struct run run = run_shell(folder, "\"$TRACEAN\" heap image.heap");
        bool refused = run.status == 2 && run.out[0] == '\0' && count_lines(run.err) == 1;
        bool told = run.status == 3 && strstr(run.out, "INCOMPLETE") != NULL;
        ck_assert_msg(refused || told, "%d: %d: %s%s", i, run.status, run.out, run.err);
    }
}

END_TEST

static const struct misuse {
    const char *line, *says;
    int status;
} misuses[] = {
    {"heap", "name an image", 1},
    {"heap trace.zst", "is not an image of a heap, but a trace", 2},
    {"heap /dev/null", "is not a regular file", 2},
    {"heap nothing.heap", "No such file", 2},
    {"heap leaks", "is not an image of a heap", 2},
    {"heap trace.1-exit.heap other.zst", "does not belong to", 2},
    {"heap moved/trace.1-exit.heap", "moved/trace.zst: No such file", 2},
    {"heap --format svg trace.1-exit.heap", "cannot write the format", 1},
    {"report trace.1-exit.heap", "is an image of a heap", 2},
};

START_TEST(misuse_is_one_line)
{
    const char *folder = scratch_folder("heap_images/misuse");
    leaks_build(folder, 0, "", "leaks");
    run_ok(folder, PRELOAD "TRACERT_MEMORY=events ./leaks && mv trace.zst other.zst; " PRELOAD
                           "TRACERT_MEMORY=events TRACERT_SNAPSHOT=exit ./leaks; mkdir moved; cp *.heap moved");
    for (size_t i = 0; i < sizeof misuses / sizeof *misuses; i++) {
        struct run run = run_shell(folder, "\"$TRACEAN\" %s", misuses[i].line);
        ck_assert_msg(run.status == misuses[i].status && count_lines(run.err) == 1 && run.out[0] == '\0' &&
                          strstr(run.err, misuses[i].says) != NULL,
                      "tracean %s: %d: %s", misuses[i].line, run.status, run.err);
    }
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("heap_images");
    TCase *lost = tcase_create("lost"), *retained = tcase_create("retained"), *files = tcase_create("files");
    tcase_set_timeout(lost, E2E_TIMEOUT_S);
    tcase_set_timeout(retained, E2E_TIMEOUT_S);
    tcase_set_timeout(files, E2E_TIMEOUT_S);
    tcase_add_loop_test(lost, lost_is_what_memcheck_says, 0, nr_toolchains);
    tcase_add_loop_test(lost, lost_is_what_leak_sanitizer_says, 0, nr_toolchains);
    tcase_add_loop_test(retained, retained_is_what_the_program_knows, 0, nr_toolchains * NR_MODES);
    tcase_add_loop_test(retained, objects_of_cpp_are_retained, 1, 3); /* gcc -O2, clang -O0 */
    tcase_add_test(retained, what_has_grown_is_told);
    tcase_add_test(files, nothing_is_done_where_memory_is_not_recorded);
    tcase_add_test(files, nobodys_file_is_overwritten);
    tcase_add_test(files, the_peak_has_an_image);
    tcase_add_test(files, the_peaks_image_is_one_under_another_name);
    tcase_add_test(files, a_full_disk_leaves_the_image_before);
    tcase_add_test(files, processes_have_peaks_of_their_own);
    tcase_add_loop_test(files, system_calls_of_images_fail, 0, (int)(sizeof faults / sizeof *faults));
    tcase_add_loop_test(files, images_that_cannot_be_are_told, 0, (int)(sizeof impossible / sizeof *impossible));
    tcase_add_test(files, running_programs_are_asked);
    tcase_add_test(files, damaged_images_are_not_believed);
    tcase_add_test(files, misuse_is_one_line);
    suite_add_tcase(suite, lost);
    suite_add_tcase(suite, retained);
    suite_add_tcase(suite, files);
    return harness_main(suite);
}
