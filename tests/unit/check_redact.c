/* redact.c: nothing of a path but its end is left, and what were different files still are. */
#include "profile/redact.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { NR = 6 };

static struct profile *profile_make(void)
{
    static const char *const paths[NR][2] = {{"/home/me/bin/app", "/home/me/src/util.c"},
                                             {"/home/me/bin/app", "/home/me/lib/util.c"},
                                             {"/usr/lib/app", "/home/me/src/util.c"},
                                             {"[vdso]", ""},
                                             {"", "plain.c"},
                                             {"/usr/lib/app", "dir/../a b.c"}};
    struct profile *profile = calloc(1, sizeof(*profile));
    arena_init(&profile->arena, 0);
    profile->functions = arena_array(&profile->arena, NR, sizeof(*profile->functions));
    profile->nr_functions = NR;
    for (int i = 0; i < NR; i++) {
        profile->functions[i].module = paths[i][0];
        profile->functions[i].file = paths[i][1];
    }
    profile->facts = (struct profile_facts){
        .source = "/data/a.zst, /data/b.zst", .command = "/home/me/bin/app --password x /etc/y", .host = "secret"};
    profile->runs = arena_array(&profile->arena, 1, sizeof(*profile->runs));
    profile->runs[0] = (struct profile_facts){.source = "a.zst", .command = "", .host = "secret"};
    profile->nr_runs = 1;
    profile->notices = arena_array(&profile->arena, 2, sizeof(*profile->notices));
    profile->notices[0] = "/home/me/bin/app: was rebuilt (\"/home/me/x y/z.debug\" has another id)";
    profile->notices[1] = "nothing / of note";
    profile->nr_notices = 2;
    return profile;
}

START_TEST(paths_keep_their_ends_and_differ)
{
    static const char *const wanted[NR][2] = {{"app", "util.c~2"}, {"app", "util.c"}, {"app~2", "util.c~2"},
                                              {"[vdso]", ""},      {"", "plain.c"},   {"app~2", "a b.c"}};
    struct profile *profile = profile_make();
    struct err err = {0};
    ck_assert_int_eq(profile_redact(profile, &err), 0);
    for (int i = 0; i < NR; i++) {
        ck_assert_str_eq(profile->functions[i].module, wanted[i][0]);
        ck_assert_str_eq(profile->functions[i].file, wanted[i][1]);
    }
    profile_free(profile);
}

END_TEST

START_TEST(commands_hosts_and_notices_tell_no_place)
{
    struct profile *profile = profile_make();
    struct err err = {0};
    ck_assert_int_eq(profile_redact(profile, &err), 0);
    ck_assert_str_eq(profile->facts.command, "app");
    ck_assert_str_eq(profile->facts.source, "a.zst, b.zst");
    ck_assert_str_eq(profile->facts.host, "");
    ck_assert_str_eq(profile->runs[0].host, "");
    ck_assert_str_eq(profile->notices[0], "app: was rebuilt (\"x z.debug\" has another id)");
    ck_assert_str_eq(profile->notices[1], "nothing  of note");
    profile_free(profile);
}

END_TEST

START_TEST(profile_without_functions)
{
    struct profile *profile = profile_make();
    struct err err = {0};
    profile->nr_functions = 0;
    ck_assert_int_eq(profile_redact(profile, &err), 0);
    profile_free(profile);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("redact");
    TCase *tcase = tcase_create("redact");
    tcase_add_test(tcase, paths_keep_their_ends_and_differ);
    tcase_add_test(tcase, commands_hosts_and_notices_tell_no_place);
    tcase_add_test(tcase, profile_without_functions);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
