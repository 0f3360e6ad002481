/*
 * Output: whole or not at all, and every failure is reported once, in the end.
 */
#include "base/out.h"
#include "suite.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/check_out-XXXXXX";

static void setup(void)
{
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    signal(SIGPIPE, SIG_IGN);
}

/* Entries of the folder besides . and .. */
static int nr_entries(void)
{
    int nr = -2;
    DIR *directory = opendir(".");
    while (readdir(directory))
        nr++;
    closedir(directory);
    return nr;
}

static void teardown(void)
{
    char command[sizeof(folder) + 16];
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static void content_is(const char *path, const char *wanted)
{
    char text[256] = "";
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_lt(fread(text, 1, sizeof(text) - 1, file), sizeof(text));
    fclose(file);
    ck_assert_str_eq(text, wanted);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

/* A file that is replaced keeps its permissions; a new one gets what umask says. */
START_TEST(file_appears_whole)
{
    struct err err = {0};
    struct stat st;
    const unsigned modes[] = {0604, 0640};
    if (_i == 0) {
        write_file("x", "old");
        ck_assert_int_eq(chmod("x", modes[0]), 0);
    }
    umask(027);
    struct out *out = out_open("x", &err);
    ck_assert_ptr_nonnull(out);
    out_text(out, "new ");
    out_format(out, "%d", 42);
    out_char(out, '\n');
    out_repeat(out, "ab", 2);
    ck_assert_uint_eq(out_count(out), 11);
    if (_i == 0)
        content_is("x", "old");
    ck_assert_int_eq(out_close(out, &err), 0);
    content_is("x", "new 42\nabab");
    ck_assert_int_eq(stat("x", &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, modes[_i]);
    ck_assert_int_eq(nr_entries(), 1);
}

END_TEST

START_TEST(discard_leaves_nothing)
{
    struct err err = {0};
    struct out *out = out_open("x", &err);
    ck_assert_ptr_nonnull(out);
    out_text(out, "text");
    ck_assert_int_eq(nr_entries(), 1);
    out_discard(out);
    ck_assert_int_eq(nr_entries(), 0);
}

END_TEST

/* A child that is interrupted while it writes dies of that and leaves nothing; one that ignores it goes on. */
static const struct {
    int number, ignored;
} interruptions[] = {{SIGINT, 0}, {SIGTERM, 0}, {SIGHUP, 0}, {SIGHUP, 1}};

START_TEST(interruption_leaves_nothing)
{
    int number = interruptions[_i].number, ignored = interruptions[_i].ignored, status;
    pid_t pid = fork();
    if (pid == 0) {
        struct err err = {0};
        signal(number, ignored ? SIG_IGN : SIG_DFL);
        struct out *whole = out_open("whole", &err), *part = out_open("part", &err);
        if (!whole || !part || out_close(whole, &err) != 0)
            _exit(1);
        out_repeat(part, "0123456789", 100000);
        if (nr_entries() != 2)
            _exit(2);
        raise(number);
        unlink("whole");
        _exit(out_close(part, &err) == 0 ? 0 : 3);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(ignored ? status : WTERMSIG(status), ignored ? 0 : number);
    ck_assert_int_eq(access("part", F_OK) == 0, ignored != 0);
    ck_assert_int_eq(nr_entries(), 1); /* what was finished before, or now */
}

END_TEST

START_TEST(link_stays_a_link)
{
    struct err err = {0};
    struct stat st;
    ck_assert_int_eq(mkdir("d", 0777), 0);
    write_file("d/real", "old");
    ck_assert_int_eq(symlink("d/real", "link"), 0);
    struct out *out = out_open("link", &err);
    ck_assert_ptr_nonnull(out);
    out_text(out, "new");
    ck_assert_int_eq(out_close(out, &err), 0);
    ck_assert_int_eq(lstat("link", &st), 0);
    ck_assert(S_ISLNK(st.st_mode));
    content_is("d/real", "new");
}

END_TEST

/* The temporary's name is free for anybody to guess: it must not be followed or overwritten. */
START_TEST(planted_link_is_not_followed)
{
    struct err err = {0};
    char name[64];
    write_file("victim", "safe");
    snprintf(name, sizeof(name), ".tracean-%ld-0.tmp", (long)getpid());
    ck_assert_int_eq(symlink("victim", name), 0);
    struct out *out = out_open("x", &err);
    ck_assert_ptr_nonnull(out);
    out_text(out, "text");
    ck_assert_int_eq(out_close(out, &err), 0);
    content_is("victim", "safe");
    content_is("x", "text");
}

END_TEST

static const char *const unwritable[] = {".", "no/such/folder/x", "/proc/x", ""};

START_TEST(open_fails)
{
    struct err err = {0};
    ck_assert_ptr_null(out_open(unwritable[_i], &err));
    ck_assert_int_eq(err.code, ERR_OUTPUT);
    ck_assert_int_eq(nr_entries(), 0);
}

END_TEST

START_TEST(full_device_is_an_error)
{
    struct err err = {0};
    struct out *out = out_open("/dev/full", &err);
    ck_assert_ptr_nonnull(out);
    for (int i = 0; i < 100000; i++)
        out_text(out, "0123456789");
    ck_assert_int_eq(out_close(out, &err), -1);
    ck_assert_int_eq(err.code, ERR_OUTPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "No space left"));
    struct stat st;
    ck_assert_int_eq(stat("/dev/full", &st), 0);
    ck_assert(S_ISCHR(st.st_mode));
}

END_TEST

START_TEST(devices_are_written_in_place)
{
    struct err err = {0};
    struct stat st;
    struct out *out = out_open("/dev/null", &err);
    ck_assert_ptr_nonnull(out);
    out_text(out, "text");
    ck_assert_int_eq(out_close(out, &err), 0);
    ck_assert_int_eq(stat("/dev/null", &st), 0);
    ck_assert(S_ISCHR(st.st_mode));

    ck_assert_int_eq(mkfifo("fifo", 0666), 0);
    int reader = open("fifo", O_RDONLY | O_NONBLOCK);
    out = out_open("fifo", &err);
    ck_assert_ptr_nonnull(out);
    out_text(out, "text");
    ck_assert_int_eq(out_close(out, &err), 0);
    char text[8] = "";
    ck_assert_int_eq(read(reader, text, sizeof(text)), 4);
    ck_assert_str_eq(text, "text");
    close(reader);
}

END_TEST

START_TEST(reader_that_leaves_is_no_error)
{
    struct err err = {0};
    ck_assert_int_eq(mkfifo("fifo", 0666), 0);
    int reader = open("fifo", O_RDONLY | O_NONBLOCK);
    struct out *out = out_open("fifo", &err);
    ck_assert_ptr_nonnull(out);
    close(reader);
    for (int i = 0; i < 100000; i++)
        out_text(out, "0123456789");
    ck_assert_int_eq(out_close(out, &err), 0);
    ck_assert_int_eq(err.code, ERR_NONE);
}

END_TEST

/* "-o /dev/stdout > file" must write through the descriptor, not replace the file. */
START_TEST(standard_output_by_path)
{
    struct err err = {0};
    int file = open("x", O_RDWR | O_CREAT | O_TRUNC, 0666), saved = dup(STDOUT_FILENO);
    ck_assert_int_eq(write(file, "before ", 7), 7);
    fflush(stdout);
    dup2(file, STDOUT_FILENO);
    struct out *out = out_open("/dev/stdout", &err);
    bool opened = out != NULL;
    int result = -1;
    if (opened) {
        out_text(out, "after");
        result = out_close(out, &err);
    }
    dup2(saved, STDOUT_FILENO);
    ck_assert(opened);
    ck_assert_int_eq(result, 0);
    content_is("x", "before after");
}

END_TEST

START_TEST(memory_takes_anything)
{
    static const size_t sizes[] = {0, 1, 65535, 65536, 65537, 1000000};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char *text, *piece = malloc(sizes[i] + 1);
        size_t bytes;
        struct err err = {0};
        memset(piece, 'a' + (int)i, sizes[i]);
        struct out *out = out_open_memory(&text, &bytes);
        out_bytes(out, piece, sizes[i]);
        out_bytes(out, "\0x", 2);
        ck_assert_int_eq(out_close(out, &err), 0);
        ck_assert_uint_eq(bytes, sizes[i] + 2);
        ck_assert_int_eq(memcmp(text, piece, sizes[i]), 0);
        ck_assert_int_eq(memcmp(text + sizes[i], "\0x", 3), 0);
        free(text);
        free(piece);
    }
}

END_TEST

START_TEST(long_formats)
{
    char *text, wanted[2001];
    size_t bytes;
    struct err err = {0};
    memset(wanted, 'x', 2000);
    wanted[2000] = '\0';
    struct out *out = out_open_memory(&text, &bytes);
    out_format(out, "%s", wanted);
    ck_assert_int_eq(out_close(out, &err), 0);
    ck_assert_str_eq(text, wanted);
    free(text);
}

END_TEST

START_TEST(columns_of_the_environment)
{
    struct err err = {0};
    struct out *out = out_open("x", &err);
    ck_assert(!out_is_terminal(out));
    setenv("COLUMNS", "123", 1);
    ck_assert_uint_eq(out_columns(out), 123);
    setenv("COLUMNS", "12x", 1);
    ck_assert_uint_eq(out_columns(out), 80);
    unsetenv("COLUMNS");
    ck_assert_uint_eq(out_columns(out), 80);
    out_discard(out);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("out");
    TCase *tests = tcase_create("out");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, file_appears_whole, 0, 2);
    tcase_add_test(tests, discard_leaves_nothing);
    tcase_add_loop_test(tests, interruption_leaves_nothing, 0, (int)(sizeof(interruptions) / sizeof(interruptions[0])));
    tcase_add_test(tests, link_stays_a_link);
    tcase_add_test(tests, planted_link_is_not_followed);
    tcase_add_loop_test(tests, open_fails, 0, (int)(sizeof(unwritable) / sizeof(unwritable[0])));
    tcase_add_test(tests, full_device_is_an_error);
    tcase_add_test(tests, devices_are_written_in_place);
    tcase_add_test(tests, reader_that_leaves_is_no_error);
    tcase_add_test(tests, standard_output_by_path);
    tcase_add_test(tests, memory_takes_anything);
    tcase_add_test(tests, long_formats);
    tcase_add_test(tests, columns_of_the_environment);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
