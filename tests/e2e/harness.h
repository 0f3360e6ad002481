/*
 * What the end-to-end tests share: run commands, build programs against the installed project, read reports.
 *
 * Everything here fails the running test (ck_abort_msg) instead of returning errors. Commands are shell lines; they see
 * these variables: SOURCE and PROGRAMS (tests/programs), PREFIX and LIB (the installed project and its libraries),
 * TRACEAN, GCC, GXX, CLANG, CLANGXX.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include <check.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The outcome of a command. Texts are NUL-terminated and malloc'ed; they live as long as the test. */
struct run {
    int status; /* exit status, or 128 + signal */
    char *out;
    char *err;
};

/* A compiler and a level of optimisation; every claim about counts is tested with all of them. */
struct toolchain {
    const char *name; /* for messages and folder names: "gcc-O2" */
    const char *cc;   /* "$GCC" */
    const char *cxx;
    const char *level;
    bool is_clang;
};

extern const struct toolchain toolchains[];
extern const int nr_toolchains;

/* Of another architecture, with a library of its own: FOREIGN_CC, FOREIGN_CXX and FOREIGN_LIB (foreign/run.sh). */
extern const struct toolchain foreign_toolchain;

/* An empty folder for the running test; made anew. Stays when the test has ended, to look at. */
const char *scratch_folder(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Run a shell line in `folder`, without input, with an environment that has no TRACERT_ variables but the line's own.
 */
struct run run_shell(const char *folder, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* True, with an empty folder `small` in `folder`, when this user may mount a file system there by `unshare -rm`. */
bool may_mount(const char *folder);

/* As run_shell, and fail the test with the command's output unless it exits 0. */
struct run run_ok(const char *folder, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The whole of a file, NUL-terminated; fails the test when it cannot be read. */
char *file_read(const char *folder, const char *name);
bool file_exists(const char *folder, const char *name);

/* The folder of a Debian package's sources, fetched once for all tests; NULL, and a line says so: they cannot be had.
 */
const char *source_fetch(const char *package);

unsigned count_lines(const char *text);

/*
 * Compile `sources` (shell words) to `program` in `folder`, with the hooks, linked with the shared library by plain
 * `-ltracert`. C++ when a source ends in .cpp.
 */
void build_program(const struct toolchain *toolchain, const char *folder, const char *program, const char *sources,
                   const char *more_flags);

/* ---- Reports ------------------------------------------------------------------------------------ */

/* `tracean report --format json` of the traces (shell words) in `folder`; must exit with `status`, or, if that is
 * REPORT_ANY, with the trace read: 0 or 3. */
#define REPORT_ANY (-1)
json_t *report_load(const char *folder, const char *traces, int status);

/* A number of the report's "trace" object. */
uint64_t report_fact(const json_t *report, const char *name);
bool report_complete(const json_t *report);

/* Calls of all functions with this name; 0 when there is none. */
uint64_t report_calls(const json_t *report, const char *function);

/* Calls of the functions with one name by those with another. */
uint64_t report_calls_between(const json_t *report, const char *caller, const char *callee);

/* A number of the one function with this name; fails the test when there is none. */
uint64_t report_number(const json_t *report, const char *function, const char *key);

/*
 * What holds for every report: events = 2 * calls - open - unwound frames; min <= mean <= max of each function;
 * inclusive time is exclusive time and the callees' (but for recursion, whose time is counted once); exclusive times
 * add up to the inclusive times of the first functions of all threads.
 */
void report_check_laws(const json_t *report);

/* Wait until nobody writes to the trace any more: the drain outlives a program that was killed. */
void trace_await(const char *folder, const char *trace);

/* What holds for every finished trace: `zstd -t` and `tracean verify` accept it. */
void trace_check_file(const char *folder, const char *trace);

/* Run one suite and return main's status. Tests get `timeout_s` seconds each. */
int harness_main(Suite *suite);

#define E2E_TIMEOUT_S 120

#endif
