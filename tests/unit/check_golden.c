/*
 * Traces of each version of the format, as programs once recorded them, are read for ever: they verify, and their
 * functions are called as often as on the day they were kept. Cut anywhere, or with any bit flipped, they never tell
 * anything else without saying so.
 */
#include "cmd/load.h"
#include "trace/verify.h"

#include "replay_text.h"
#include "suite.h"
#include "trace_writer.h"

#include <check.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Every byte and every bit of the smallest one; of the others some, as all would take too long. */
enum { ALL_BYTES_MAX = 2300, CUT_STEP = 9, FLIP_STEP = 41 };

static glob_t golden;

START_TEST(golden_traces_are_there)
{
    ck_assert_uint_ge(golden.gl_pathc, 12);
}

END_TEST

static void golden_find(void)
{
    if (glob(SOURCE_DIR "/tests/golden/*/*.zst", 0, NULL, &golden) != 0)
        golden.gl_pathc = 0;
}

static uint64_t calls_of(const struct profile *profile, const char *name)
{
    uint64_t calls = 0;
    for (uint32_t i = 0; i < profile->nr_functions; i++)
        if (strcmp(profile->functions[i].name, name) == 0)
            calls += profile->functions[i].calls;
    return calls;
}

START_TEST(old_traces_are_read)
{
    char *path = golden.gl_pathv[_i], line[256];
    struct err err = {0};
    struct verify verify = {0};
    struct options options = {.to_ns = UINT64_MAX, .top = UINT32_MAX, .inputs = &path, .nr_inputs = 1};
    struct trace *trace = trace_open(path, &err);
    ck_assert_msg(trace != NULL && verify_trace(&verify, trace, &err) == 0, "%s", err.text);
    ck_assert_msg(trace_is_complete(trace) && verify.nr_problems == 0, "%s", path);
    verify_release(&verify);
    trace_close(trace);

    struct profile *profile = load_profile(&options, &err);
    ck_assert_msg(profile != NULL, "%s", err.text);
    char *expected = NULL;
    ck_assert_int_gt(asprintf(&expected, "%.*s.calls", (int)(strrchr(path, '.') - path), path), 0);
    FILE *file = fopen(expected, "r");
    ck_assert_ptr_nonnull(file);
    uint32_t nr = 0;
    for (; fgets(line, sizeof(line), file); nr++) {
        char *name;
        uint64_t calls = strtoull(line, &name, 10);
        name[strcspn(name, "\n")] = '\0';
        ck_assert_msg(calls_of(profile, name + 1) == calls, "%s: %s", path, line);
    }
    ck_assert_uint_eq(nr, profile->nr_functions);
    fclose(file);
    free(expected);
    profile_free(profile);
}

END_TEST

/* The bytes of a golden trace, in memory, to be changed. */
static int golden_copy(const char *path, struct writer *copy, char memory[64])
{
    uint8_t bytes[1 << 16];
    int fd = open(path, O_RDONLY);
    *copy = (struct writer){0};
    ssize_t nr = read(fd, bytes, sizeof(bytes));
    ck_assert(nr > 0 && (size_t)nr < sizeof(bytes));
    close(fd);
    raw_put(&copy->file, bytes, (size_t)nr);
    return writer_memory(copy, memory);
}

START_TEST(cut_at_every_byte)
{
    struct writer copy;
    char path[64];
    bool complete;
    int fd = golden_copy(golden.gl_pathv[_i], &copy, path);
    size_t step = copy.file.nr <= ALL_BYTES_MAX ? 1 : CUT_STEP;
    for (size_t length = copy.file.nr - 1; length > step; length -= step) {
        struct err err = {0};
        ck_assert_int_eq(ftruncate(fd, (off_t)length), 0);
        char *text = trace_text(path, &complete, &err);
        ck_assert_msg(!complete && (text != NULL || err.code == ERR_INPUT), "cut at %zu", length);
        free(text);
    }
    close(fd);
    raw_free(&copy.file);
}

END_TEST

START_TEST(every_bit_flipped)
{
    struct writer copy;
    char path[64];
    bool complete;
    struct err err = {0};
    int fd = golden_copy(golden.gl_pathv[_i], &copy, path);
    char *whole = trace_text(path, &complete, &err);
    ck_assert_msg(whole != NULL && complete, "%s", err.text);
    size_t step = copy.file.nr <= ALL_BYTES_MAX ? 1 : FLIP_STEP;
    for (size_t bit = 0; bit < 8 * copy.file.nr; bit += step) {
        uint8_t byte = copy.file.bytes[bit / 8], flipped = byte ^ (uint8_t)(1 << bit % 8);
        err = (struct err){0};
        ck_assert_int_eq(pwrite(fd, &flipped, 1, (off_t)(bit / 8)), 1);
        char *text = trace_text(path, &complete, &err);
        ck_assert_msg(text != NULL ? !complete || strcmp(text, whole) == 0 : err.code != ERR_NONE, "bit %zu", bit);
        ck_assert_int_eq(pwrite(fd, &byte, 1, (off_t)(bit / 8)), 1);
        free(text);
    }
    free(whole);
    close(fd);
    raw_free(&copy.file);
}

END_TEST

int main(void)
{
    golden_find();
    Suite *suite = suite_create("golden");
    TCase *tcase = tcase_create("golden");
    tcase_set_timeout(tcase, 110);
    tcase_add_test(tcase, golden_traces_are_there);
    tcase_add_loop_test(tcase, old_traces_are_read, 0, (int)golden.gl_pathc);
    tcase_add_loop_test(tcase, cut_at_every_byte, 0, (int)golden.gl_pathc);
    tcase_add_loop_test(tcase, every_bit_flipped, 0, (int)golden.gl_pathc);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
