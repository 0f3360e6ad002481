/*
 * Programs that nobody wrote for us, with their own tests where their packages have some: built with and without hooks,
 * they say the same and exit the same, and the trace is whole. What cannot be fetched is left out.
 *
 * usage: e2e_real [NAME]
 *
 * row: R40
 */
#include "harness.h"

#include <stdio.h>
#include <string.h>

enum { TIMEOUT_S = 1800 };

/*
 * Shell lines, in a folder of the build's own. They see SRC (the package's source), HOOKS (the flag, or nothing) and,
 * the second one, RUN, which goes before the program that is traced. What varies between two runs is filtered out.
 */
static const struct real {
    const char *name, *package, *build, *test;
} reals[] = {
    {"lua", "lua5.4",
     "$GCC -O2 -w $HOOKS -DLUA_USE_LINUX $(ls $SRC/src/*.c | grep -v luac.c) -lm -ldl -Wl,-E -o program",
     "$RUN ./program $PROGRAMS/real/suite.lua"},
    /* its own regression test: some thousand scripts and databases that once broke it */
    {"sqlite", "sqlite3",
     "$SRC/configure --disable-tcl --disable-readline >log 2>&1 && make sqlite3.c sqlite3.h >>log 2>&1 && "
     "$GCC -O1 -w $HOOKS -DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_ENABLE_MEMSYS5 "
     "-DSQLITE_MAX_MEMORY=50000000 -DSQLITE_PRINTF_PRECISION_LIMIT=1000 -DSQLITE_ENABLE_FTS4 -DSQLITE_ENABLE_RTREE "
     "-DSQLITE_ENABLE_DBSTAT_VTAB -DSQLITE_ENABLE_BYTECODE_VTAB -DSQLITE_OSS_FUZZ -I. -I$SRC/test -I$SRC/ext/recover "
     "$SRC/test/fuzzcheck.c $SRC/test/ossfuzz.c $SRC/test/vt02.c $SRC/test/fuzzinvariants.c "
     "$SRC/ext/recover/dbdata.c $SRC/ext/recover/sqlite3recover.c sqlite3.c -lm -lpthread -o program",
     "{ $RUN ./program $SRC/test/fuzzdata6.db; echo $?; } | sed 's/ in [0-9.]* seconds//'"},
    /* its own test of threads that share a database */
    {"sqlite-threads", "sqlite3",
     "$SRC/configure --disable-tcl --disable-readline >log 2>&1 && make sqlite3.c sqlite3.h >>log 2>&1 && "
     "$GCC -O1 -w $HOOKS -DSQLITE_THREADSAFE=1 -I. -I$SRC/src -I$SRC/test $SRC/test/threadtest3.c "
     "$SRC/src/test_multiplex.c sqlite3.c -lpthread -ldl -lm -o program",
     "{ $RUN ./program create_drop_index_1; echo $?; } 2>&1 | sed 's/Thread [0-9]/Thread/' | sort"},
    {"jsoncpp", "libjsoncpp",
     "$GXX -O1 -w $HOOKS -I$SRC/include $SRC/src/lib_json/*.cpp $SRC/src/test_lib_json/*.cpp -o program",
     "$RUN ./program"},
    {"dash", "dash",
     "CC=$GCC CFLAGS=\"-O1 -w $HOOKS\" $SRC/configure >log 2>&1 && make -s >>log 2>&1 && cp src/dash program",
     "$RUN ./program $PROGRAMS/real/forks.dash"},
};

/* What the test prints, and its status, as a part of it. */
static struct run real_run(const struct real *real, const char *source, const char *folder, bool traced)
{
    const char *hooks = traced ? "-finstrument-functions" : "";
    run_ok(folder, "export SRC='%s' HOOKS='%s'; %s", source, hooks, real->build);
    return run_shell(folder, "export SRC='%s'; RUN='%s'; %s", source,
                     traced ? "env LD_PRELOAD=" E2E_LIB "/libtracert.so" : "", real->test);
}

START_TEST(real_program_does_not_notice)
{
    const struct real *real = &reals[_i];
    const char *source = source_fetch(real->package);
    if (source == NULL)
        return;
    const char *plain_folder = scratch_folder("real/%s-plain", real->name);
    const char *traced_folder = scratch_folder("real/%s-traced", real->name);
    struct run plain = real_run(real, source, plain_folder, false);
    struct run traced = real_run(real, source, traced_folder, true);
    ck_assert_int_eq(traced.status, plain.status);
    ck_assert_msg(strcmp(traced.out, plain.out) == 0, "prints %.500s", traced.out);
    ck_assert_msg(strcmp(traced.err, plain.err) == 0, "says %.500s", traced.err);
    ck_assert_uint_gt(strlen(plain.out), 0);
    trace_check_file(traced_folder, "trace.zst");
    struct run info = run_ok(traced_folder, "\"$TRACEAN\" info trace.zst | grep -E '^(calls|PROCESSES|THREADS)'");
    printf("%s:\n%s", real->name, info.out);
}

END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("real");
    TCase *tcase = tcase_create("real");
    tcase_set_timeout(tcase, TIMEOUT_S);
    for (int i = 0; i < (int)(sizeof reals / sizeof *reals); i++) {
        if (argc < 2 || strcmp(argv[1], reals[i].name) == 0)
            tcase_add_loop_test(tcase, real_program_does_not_notice, i, i + 1);
    }
    suite_add_tcase(suite, tcase);
    return harness_main(suite);
}
