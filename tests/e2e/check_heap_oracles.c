/*
 * The heap beside valgrind: the same program under memcheck, under DHAT and under the library, built by gcc and by
 * clang, with calls and without. Allocations, bytes, what was live when most was, and what is left: all the same, to
 * the byte. Programs of others; what cannot be fetched is left out.
 *
 * usage: e2e_heap_oracles [NAME]
 */
#include "heap.h"

#include <stdio.h>
#include <string.h>

enum { TIMEOUT_S = 1800 };

#define PRELOAD "LD_PRELOAD=\"$LIB/libtracert.so $LIB/libtracert_memory.so\" "

/* Shell lines that see SRC, the package's source, and CC, the compiler; the program is run as `run` says. */
static const struct subject {
    const char *name, *package, *build, *run;
} subjects[] = {
    {"lua", "lua5.4",
     "$CC -O1 -w -finstrument-functions -DLUA_USE_LINUX $(ls $SRC/src/*.c | grep -v luac.c) -lm -ldl -Wl,-E -o program "
     "&& cp $PROGRAMS/allocates.lua .",
     "./program allocates.lua"},
    {"sqlite", "sqlite3",
     "$SRC/configure --disable-tcl --disable-readline >log 2>&1 && make sqlite3.c sqlite3.h >>log 2>&1 && "
     "$CC -O0 -w -finstrument-functions -DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_LOAD_EXTENSION -I. "
     "$PROGRAMS/real/sqlite_rows.c sqlite3.c -lm -o program",
     "./program 300"},
};

static const struct {
    const char *name, *command;
} compilers[] = {{"gcc", "$GCC"}, {"clang", "$CLANG"}};

enum { NR_COMPILERS = sizeof compilers / sizeof *compilers };

static const char *const modes[] = {"events", "full"};

/* What the library saw, beside what both tools of valgrind say. */
static void heap_compare(const char *folder, const struct run *memcheck, const struct run *dhat)
{
    struct run run = run_ok(folder, "\"$TRACEAN\" report -q --memory --format json trace.zst");
    json_t *report = json_loads(run.out, 0, NULL);
    const json_t *memory = json_object_get(report, "memory");
    ck_assert_ptr_nonnull(memory);
    ck_assert_uint_eq(amount_of(memory, "allocated", "blocks"), witness_number(memcheck->out, "total heap", " allocs"));
    ck_assert_uint_eq(amount_of(memory, "released", "blocks"), witness_number(memcheck->out, "total heap", " frees"));
    ck_assert_uint_eq(amount_of(memory, "allocated", "bytes"),
                      witness_number(memcheck->out, "total heap", " bytes allocated"));
    ck_assert_uint_eq(amount_of(memory, "live", "bytes"), witness_number(memcheck->out, "in use at exit", " bytes"));
    ck_assert_uint_eq(amount_of(memory, "live", "blocks"), witness_number(memcheck->out, "in use at exit", " blocks"));
    ck_assert_uint_eq(amount_of(memory, "allocated", "bytes"), witness_number(dhat->out, "Total:", " bytes"));
    ck_assert_uint_eq(amount_of(memory, "allocated", "blocks"), witness_number(dhat->out, "Total:", " blocks"));
    ck_assert_uint_eq(amount_of(memory, "peak", "bytes"), witness_number(dhat->out, "At t-gmax:", " bytes"));
    ck_assert_uint_eq(amount_of(memory, "peak", "blocks"), witness_number(dhat->out, "At t-gmax:", " blocks"));
    ck_assert_uint_eq(amount_of(memory, "live", "bytes"), witness_number(dhat->out, "At t-end:", " bytes"));
    json_decref(report);
}

START_TEST(heap_is_what_valgrind_says)
{
    const struct subject *subject = &subjects[_i / NR_COMPILERS];
    const char *source = source_fetch(subject->package);
    if (source == NULL)
        return;
    if (run_shell("/", "command -v valgrind").status != 0) {
        printf("left out, for want of valgrind\n");
        return;
    }
    const char *folder = scratch_folder("heap-oracles/%s-%s", subject->name, compilers[_i % NR_COMPILERS].name);
    run_ok(folder, "export SRC='%s' CC=\"%s\"; %s", source, compilers[_i % NR_COMPILERS].command, subject->build);
    struct run memcheck = run_ok(folder, "valgrind --run-libc-freeres=no %s 2>&1", subject->run);
    struct run dhat =
        run_ok(folder, "valgrind --tool=dhat --run-libc-freeres=no --dhat-out-file=/dev/null %s 2>&1", subject->run);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        run_ok(folder, "rm -f trace.zst; " PRELOAD "TRACERT_MEMORY=%s %s", modes[i], subject->run);
        trace_check_file(folder, "trace.zst");
        heap_compare(folder, &memcheck, &dhat);
    }
}

END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("heap_oracles");
    TCase *tcase = tcase_create("heap_oracles");
    tcase_set_timeout(tcase, TIMEOUT_S);
    for (int i = 0; i < (int)(sizeof subjects / sizeof *subjects); i++) {
        if (argc < 2 || strcmp(argv[1], subjects[i].name) == 0)
            tcase_add_loop_test(tcase, heap_is_what_valgrind_says, i * NR_COMPILERS, (i + 1) * NR_COMPILERS);
    }
    suite_add_tcase(suite, tcase);
    return harness_main(suite);
}
