/*
 * The shared memory of a session can be written to by the programs that are traced, also by a stray pointer. Whoever
 * finishes the trace from it, after program and drain were killed, neither crashes nor hangs, and what had been written
 * stays readable.
 *
 * usage: e2e_scribbles [full]      3,000 times; without it some
 */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    HEAD_BYTES = 9000,   /* the control words, and the first processes */
    SLOTS_AT = 80 << 10, /* about where the slots begin */
    SCRIBBLE_BYTES = 64,
    EXTENTS_MAX = 256,
};

static bool is_full;

static uint64_t random_below(uint64_t *state, uint64_t below)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (*state >> 33) % below;
}

/* Where the region has pages at all. */
struct pages {
    off_t begin[EXTENTS_MAX], end[EXTENTS_MAX];
    unsigned nr;
};

static void pages_find(struct pages *pages, int fd)
{
    off_t at = 0;
    pages->nr = 0;
    while (pages->nr < EXTENTS_MAX && (at = lseek(fd, at, SEEK_DATA)) >= 0) {
        pages->begin[pages->nr] = at;
        at = pages->end[pages->nr] = lseek(fd, at, SEEK_HOLE);
        pages->nr++;
    }
    ck_assert_uint_gt(pages->nr, 0);
}

/* What a stray pointer leaves: a flipped bit, ones, zeros, anything, a number that is off by one or by much. */
static void bytes_scribble(uint8_t *bytes, size_t nr, uint64_t *state)
{
    uint64_t number;
    switch (random_below(state, 5)) {
    case 0:
        bytes[random_below(state, nr)] ^= (uint8_t)(1u << random_below(state, 8));
        break;
    case 1:
        memset(bytes, 0xff, nr);
        break;
    case 2:
        memset(bytes, 0, nr);
        break;
    case 3:
        for (size_t i = 0; i < nr; i++)
            bytes[i] = (uint8_t)random_below(state, 256);
        break;
    default:
        memcpy(&number, bytes, sizeof number);
        number += random_below(state, 2) == 0 ? 1 : UINT64_MAX << random_below(state, 40);
        memcpy(bytes, &number, sizeof number);
    }
}

static void region_scribble(const char *path, uint64_t *state)
{
    uint8_t bytes[SCRIBBLE_BYTES];
    struct pages pages;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    pages_find(&pages, fd);
    for (uint64_t nr = 1u << random_below(state, 7); nr > 0; nr--) {
        unsigned any = (unsigned)random_below(state, pages.nr);
        const off_t begins[] = {0, 0, SLOTS_AT, pages.begin[any]};
        const off_t ends[] = {512, HEAD_BYTES, SLOTS_AT + HEAD_BYTES, pages.end[any]};
        uint64_t where = random_below(state, 4);
        off_t at = begins[where] + (off_t)random_below(state, (uint64_t)(ends[where] - begins[where]));
        at &= ~(off_t)(random_below(state, 2) * 7); /* mostly numbers are hit */
        size_t bytes_nr = random_below(state, 4) == 0 ? SCRIBBLE_BYTES : sizeof(uint64_t);
        ck_assert_int_eq(pread(fd, bytes, sizeof bytes, at), sizeof bytes);
        bytes_scribble(bytes, bytes_nr, state);
        ck_assert_int_eq(pwrite(fd, bytes, bytes_nr, at), (ssize_t)bytes_nr);
    }
    close(fd);
}

/* Program and drain are killed at the same time: shm/region and killed.zst are what they leave. */
static const char *session_make(void)
{
    const char *folder = scratch_folder("scribbles");
    build_program(&toolchains[1], folder, "program", "\"$PROGRAMS\"/logged.c", "");
    run_ok(folder, "truncate -s 4096 log && mkdir shm");
    run_shell(folder, "TRACERT_SHM=shm TRACERT_BUFFER=128K ./program log 3 20000 both >killed.out 2>&1");
    run_ok(folder, "mv shm/* region && mv trace.zst killed.zst");
    return folder;
}

START_TEST(scribbles_do_no_harm)
{
    const char *folder = session_make();
    char region[4096];
    unsigned nr_finished = 0, nr = is_full ? 3000 : 120;
    snprintf(region, sizeof region, "%s/scribbled", folder);
    for (uint64_t seed = 1; seed <= nr; seed++) {
        uint64_t state = seed;
        run_ok(folder, "cp --sparse=always region scribbled && cp killed.zst scribbled.zst");
        region_scribble(region, &state);
        struct run run =
            run_shell(folder, "timeout 30 \"" E2E_LIBEXEC "/tracert/tracert-drain\" scribbled scribbled.zst");
        ck_assert_msg(run.status == 0 || run.status == 1, "seed %u: %d, %.200s", (unsigned)seed, run.status, run.err);
        ck_assert_uint_le(count_lines(run.err), 1);
        nr_finished += run.status == 0;
        run = run_shell(folder, "timeout 30 \"$TRACEAN\" verify -q scribbled.zst");
        ck_assert_msg(run.status == 0 || run.status == 2 || run.status == 3, "seed %u: verify %d", (unsigned)seed,
                      run.status);
    }
    ck_assert_uint_gt(nr_finished, nr / 2); /* most scribbles hit nothing that decides whether it is the session */
}

END_TEST

int main(int argc, char **argv)
{
    is_full = argc > 1 && strcmp(argv[1], "full") == 0;
    Suite *suite = suite_create("scribbles");
    TCase *tcase = tcase_create("scribbles");
    tcase_set_timeout(tcase, is_full ? 3600 : E2E_TIMEOUT_S);
    tcase_add_test(tcase, scribbles_do_no_harm);
    suite_add_tcase(suite, tcase);
    return harness_main(suite);
}
