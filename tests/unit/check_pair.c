/*
 * Two profiles as one: every path of either is there once, with what each has of it, and nothing else.
 */
#include "profile/folded.h"
#include "profile/pair.h"
#include "profile_fixture.h"
#include "suite.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

static struct profile *read_text(const char *text, const char *unit)
{
    struct err err = {0};
    FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    struct profile *profile = folded_read(file, &(struct folded_request){.name = "test", .unit = unit}, &err);
    ck_assert_ptr_nonnull(profile);
    fclose(file);
    return profile;
}

/* The node of a path like "main;parse"; 0: there is none. */
static uint32_t node_find(const struct profile *profile, const char *path)
{
    uint32_t node = 0;
    for (const char *name = path; *name != '\0';) {
        size_t bytes = strcspn(name, ";");
        uint32_t child = profile->nodes[node].first_child;
        for (; child != 0; child = profile->nodes[child].next_sibling) {
            const char *known = profile->functions[profile->nodes[child].function].name;
            if (strlen(known) == bytes && strncmp(known, name, bytes) == 0)
                break;
        }
        if (child == 0)
            return 0;
        node = child;
        name += bytes + (name[bytes] == ';');
    }
    return node;
}

/* The functions of the test below, whatever their order: lex has two places. */
static void functions_check(const struct pair *pair)
{
    static const struct {
        const char *name;
        uint64_t base_inclusive, base_exclusive, now_inclusive, now_exclusive;
    } wanted[] = {
        {"main", 640, 50, 710, 0}, {"parse", 500, 100, 630, 30}, {"lex", 400, 400, 680, 680},
        {"old", 90, 90, 0, 0},     {"fresh", 0, 0, 80, 0},
    };

    for (uint32_t i = 0; i < pair->both->nr_functions; i++) {
        size_t w = 0;
        while (strcmp(wanted[w].name, pair->both->functions[i].name) != 0)
            ck_assert_uint_lt(++w, sizeof(wanted) / sizeof(wanted[0]));
        const struct pair_function *base = &pair->base_functions[i], *now = &pair->now_functions[i];
        ck_assert_uint_eq(base->inclusive_ns, wanted[w].base_inclusive);
        ck_assert_uint_eq(base->exclusive_ns, wanted[w].base_exclusive);
        ck_assert_uint_eq(now->inclusive_ns, wanted[w].now_inclusive);
        ck_assert_uint_eq(now->exclusive_ns, wanted[w].now_exclusive);
        ck_assert(base->exists == (wanted[w].base_inclusive > 0) && now->exists == (wanted[w].now_inclusive > 0));
    }
    ck_assert_uint_eq(pair->base_run.exclusive_ns, 640);
    ck_assert_uint_eq(pair->now_run.exclusive_ns, 710);
}

START_TEST(paths_of_both_are_there)
{
    struct profile *base = read_text("main;parse;lex 400\nmain;parse 100\nmain;old 90\nmain 50\n", "samples");
    struct profile *now = read_text("main;parse;lex 600\nmain;parse 30\nmain;fresh;lex 80\n", "samples");

    static const struct {
        const char *path;
        uint64_t base_inclusive, base_exclusive, now_inclusive, now_exclusive;
    } wanted[] = {{"main", 640, 50, 710, 0},  {"main;parse", 500, 100, 630, 30}, {"main;parse;lex", 400, 400, 600, 600},
                  {"main;old", 90, 90, 0, 0}, {"main;fresh", 0, 0, 80, 0},       {"main;fresh;lex", 0, 0, 80, 80}};

    struct pair pair;
    struct err err = {0};
    ck_assert_int_eq(pair_make(&pair, base, now, &err), 0);
    ck_assert_uint_eq(pair.both->nr_nodes, 1 + sizeof(wanted) / sizeof(wanted[0]));
    ck_assert_uint_eq(pair.both->nr_functions, 5);
    functions_check(&pair);
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        uint32_t node = node_find(pair.both, wanted[i].path);
        ck_assert_msg(node != 0, "%s", wanted[i].path);
        ck_assert_uint_eq(pair.base[node].inclusive_ns, wanted[i].base_inclusive);
        ck_assert_uint_eq(pair.base[node].exclusive_ns, wanted[i].base_exclusive);
        ck_assert_uint_eq(pair.now[node].inclusive_ns, wanted[i].now_inclusive);
        ck_assert_uint_eq(pair.now[node].exclusive_ns, wanted[i].now_exclusive);
        ck_assert_int_eq(pair.base[node].exists, wanted[i].base_inclusive > 0);
        ck_assert_int_eq(pair.now[node].exists, wanted[i].now_inclusive > 0);
        ck_assert_uint_eq(pair.both->nodes[node].inclusive_ns, wanted[i].base_inclusive + wanted[i].now_inclusive);
    }
    ck_assert_uint_eq(pair.base[0].inclusive_ns, 640);
    ck_assert_uint_eq(pair.now[0].inclusive_ns, 710);
    pair_release(&pair);
    profile_free(base);
    profile_free(now);
}

END_TEST

/* The same profile twice: nothing is new, nothing is gone, all is as it was. */
START_TEST(twice_the_same)
{
    struct profile *profile = profile_fixture();
    struct pair pair;
    struct err err = {0};
    ck_assert_int_eq(pair_make(&pair, profile, profile, &err), 0);
    ck_assert_uint_eq(pair.both->nr_nodes, profile->nr_nodes);
    for (uint32_t i = 0; i < pair.both->nr_nodes; i++) {
        ck_assert_uint_eq(pair.base[i].calls, pair.now[i].calls);
        ck_assert_uint_eq(pair.base[i].exclusive_ns, pair.now[i].exclusive_ns);
        ck_assert_uint_eq(pair.both->nodes[i].inclusive_ns, 2 * pair.now[i].inclusive_ns);
        ck_assert(pair.base[i].exists && pair.now[i].exists);
    }
    pair_release(&pair);
    profile_free(profile);
}

END_TEST

START_TEST(units_must_agree)
{
    struct profile *base = read_text("a 1\n", "samples"), *now = read_text("a 1\n", "ns");
    struct pair pair;
    struct err err = {0};
    ck_assert_int_eq(pair_make(&pair, base, now, &err), -1);
    ck_assert_int_eq(err.code, ERR_USAGE);
    pair_release(&pair);
    profile_free(base);
    profile_free(now);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("pair");
    TCase *tests = tcase_create("pair");
    tcase_add_test(tests, paths_of_both_are_there);
    tcase_add_test(tests, twice_the_same);
    tcase_add_test(tests, units_must_agree);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
