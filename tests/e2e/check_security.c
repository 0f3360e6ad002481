/*
 * Nobody else reads what is recorded, or steers where it goes: modes, links, raised privileges, forged sessions; and
 * what happens to the files meanwhile does the program no harm.
 *
 * row: R24 R27 R28 R34 R35
 */
#include "harness.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct toolchain *gcc_o2 = &toolchains[1];

static void program_build(const char *folder, const char *name)
{
    char source[256];
    snprintf(source, sizeof source, "\"$PROGRAMS\"/%s", name);
    build_program(gcc_o2, folder, "program", source, "");
}

START_TEST(files_are_private)
{
    const char *folder = scratch_folder("security/private");
    program_build(folder, "until_eof.c");
    struct run run = run_ok(folder, "umask 0; mkdir shm; { sleep 2 | TRACERT_SHM=shm ./program; } & sleep 1; "
                                    "stat -c %%a shm/* trace.zst; wait; stat -c %%a trace.zst; ls shm");
    ck_assert_str_eq(run.out, "600\n600\n600\n");
    if (geteuid() == 0) {
        run = run_shell(folder, "setpriv --reuid=65534 --clear-groups cat trace.zst >/dev/null");
        ck_assert_int_ne(run.status, 0);
    }
}

END_TEST

/* What is planted where the trace is to be, and the shell line that must hold afterwards. */
static const struct plant {
    const char *plant, *holds;
} plants[] = {
    {"ln -s nowhere trace.zst", "[ -L trace.zst ] && [ ! -e nowhere ]"},
    {"echo precious >file && ln file trace.zst", "[ \"$(cat file)\" = precious ]"},
    {"mkdir other && ln -s other/trace.zst trace.zst", "[ -z \"$(ls other)\" ]"},
    {"mkfifo trace.zst", "[ -p trace.zst ]"},
    {"ln -s /dev/null trace.zst", "[ -L trace.zst ] && [ -c /dev/null ]"},
};

START_TEST(nothing_is_written_through_what_is_planted)
{
    const char *folder = scratch_folder("security/planted-%d", _i);
    program_build(folder, "polite.c");
    run_ok(folder, "%s", plants[_i].plant);
    struct run run = run_shell(folder, "timeout 20 ./program one");
    ck_assert_int_eq(run.status, 7);
    ck_assert_msg(count_lines(run.err) == 2, "said %s", run.err);
    run_ok(folder, "%s", plants[_i].holds);
}

END_TEST

/* A program with raised privileges takes no orders from its environment, and is not traced. */
START_TEST(raised_privileges_turn_it_off)
{
    const char *folder = scratch_folder("security/raised");
    run_ok(folder, "\"$GCC\" -O2 -finstrument-functions -static \"$PROGRAMS\"/polite.c "
                   "-Wl,-u,__cyg_profile_func_enter \"$LIB\"/libtracert.a -lzstd -o program");
    if (geteuid() != 0)
        return; /* only root can make one that has other privileges than its caller */
    run_ok(folder, "chown 65534 program && chmod 4755 program && mkdir out && chmod 777 out");
    struct run run = run_shell(folder, "TRACERT_OUTPUT=out/trace.zst TRACERT_SHM=out TRACERT_LEVEL=nonsense ./program");
    ck_assert_int_eq(run.status, 7);
    ck_assert_str_eq(run.err, "to stderr\n");
    run = run_ok(folder, "ls out");
    ck_assert_str_eq(run.out, "");
}

END_TEST

/* What TRACERT_SESSION may name: no session, so the program begins one of its own. */
static const char *const forged[] = {
    "echo nothing >session",
    "truncate -s 1M session && chmod 600 session",
    "head -c 1000000 /dev/urandom >session && chmod 600 session",
    "mkfifo session",
    "mkdir session",
    "ln -s /etc/passwd session",
    "true",
    /* its layout, but not its size */
    "printf 'xcrt\\0\\0\\2\\0' >session && chmod 600 session",
};

START_TEST(forged_session_is_not_joined)
{
    const char *folder = scratch_folder("security/forged-%d", _i);
    program_build(folder, "polite.c");
    run_ok(folder, "%s", forged[_i]);
    struct run run = run_shell(folder, "TRACERT_SESSION=\"$PWD\"/session timeout 20 ./program one");
    ck_assert_int_eq(run.status, 7);
    ck_assert_str_eq(run.err, "to stderr\n");
    trace_check_file(folder, "trace.zst");
}

END_TEST

/* Somebody else's session, offered by name, is not joined, even where its file could be opened. */
START_TEST(foreign_session_is_not_joined)
{
    const char *folder = scratch_folder("security/foreign");
    if (geteuid() != 0)
        return;
    program_build(folder, "until_eof.c");
    run_ok(folder, "mkdir shm; { sleep 2 | TRACERT_SHM=shm ./program; } & sleep 1; chown 65534 shm/*; "
                   "TRACERT_SESSION=$(echo \"$PWD\"/shm/*) TRACERT_OUTPUT=own.zst ./program </dev/null; "
                   "chown 0 shm/*; wait");
    json_t *report = report_load(folder, "own.zst", 0);
    ck_assert_uint_eq(report_calls(report, "work"), 5000);
    json_decref(report);
    report = report_load(folder, "trace.zst", 0);
    ck_assert_uint_eq(report_calls(report, "work"), 5000);
    json_decref(report);
}

END_TEST

START_TEST(removed_files_do_no_harm)
{
    const char *folder = scratch_folder("security/removed");
    program_build(folder, "until_eof.c");
    struct run run = run_ok(folder, "mkdir shm; { sleep 2 | TRACERT_SHM=shm ./program; echo $? >status; } & sleep 1; "
                                    "rm shm/* trace.zst; wait; cat status");
    ck_assert_str_eq(run.out, "0\n");
    ck_assert_str_eq(run.err, "");
}

END_TEST

/* The disk is full: the program does not notice, and the trace is whole as far as it goes. */
START_TEST(full_disk_is_survived)
{
    const char *folder = scratch_folder("security/full");
    program_build(folder, "thread_storm.c");
    if (!may_mount(folder))
        return;
    struct run run = run_shell(folder, "unshare -rm sh -c 'mount -t tmpfs -o size=64k none small && cd small && "
                                       "../program; status=$?; cp trace.zst ..; exit $status'");
    ck_assert_int_eq(run.status, 0);
    ck_assert_uint_eq(count_lines(run.err), 1);
    ck_assert_ptr_nonnull(strstr(run.err, "ends early: No space left on device"));
    json_t *report = report_load(folder, "trace.zst", 3);
    report_check_laws(report);
    json_decref(report);
    run_ok(folder, "zstd -q -t trace.zst");
}

END_TEST

/* No room for shared memory: first there, then anywhere. */
START_TEST(full_shared_memory_is_survived)
{
    const char *folder = scratch_folder("security/full-shm");
    program_build(folder, "polite.c");
    if (!may_mount(folder))
        return;
    struct run run = run_shell(folder, "unshare -rm sh -c 'mount -t tmpfs -o size=64k none small && "
                                       "TRACERT_SHM=small ./program'");
    ck_assert_int_eq(run.status, 7);
    ck_assert_str_eq(run.err, "to stderr\n"); /* it lies beside the trace now */
    trace_check_file(folder, "trace.zst");
    run = run_shell(folder, "unshare -rm sh -c 'mount -t tmpfs -o size=64k none small && cd small && "
                            "TRACERT_SHM=. ../program'");
    ck_assert_int_eq(run.status, 7);
    ck_assert_uint_eq(count_lines(run.err), 2);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("security");
    TCase *tcase = tcase_create("security");
    tcase_set_timeout(tcase, E2E_TIMEOUT_S);
    tcase_add_test(tcase, files_are_private);
    tcase_add_loop_test(tcase, nothing_is_written_through_what_is_planted, 0, (int)(sizeof plants / sizeof *plants));
    tcase_add_test(tcase, raised_privileges_turn_it_off);
    tcase_add_loop_test(tcase, forged_session_is_not_joined, 0, (int)(sizeof forged / sizeof *forged));
    tcase_add_test(tcase, foreign_session_is_not_joined);
    tcase_add_test(tcase, removed_files_do_no_harm);
    tcase_add_test(tcase, full_disk_is_survived);
    tcase_add_test(tcase, full_shared_memory_is_survived);
    suite_add_tcase(suite, tcase);
    return harness_main(suite);
}
