/*
 * The page: nothing in a name becomes markup, nothing is loaded, no script runs but those that its policy names. What
 * the scripts do is tested in tests/browser.
 */
#include "profile_fixture.h"
#include "suite.h"
#include "view/page_files.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static unsigned count_of(const char *text, const char *what)
{
    unsigned nr = 0;
    for (const char *p = text; (p = strstr(p, what)); p++)
        nr++;
    return nr;
}

START_TEST(hostile_names_are_harmless)
{
    struct profile *profile = profile_fixture();
    profile->facts.command = HOSTILE_NAME;
    char *page = profile_fixture_view(profile, "html", "html", 0);
    ck_assert_uint_eq(count_of(page, "<script"), nr_page_scripts + 2);
    ck_assert_uint_eq(count_of(page, "</script"), nr_page_scripts + 2);
    ck_assert_uint_eq(count_of(page, "<title"), 1);
    ck_assert_uint_eq(count_of(page, "</title"), 1);
    ck_assert_ptr_null(strchr(page, '\033'));
    ck_assert_ptr_null(strstr(page, "\xff"));
    free(page);
    profile_free(profile);
}

END_TEST

START_TEST(nothing_is_loaded)
{
    static const char *const forbidden[] = {
        "innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(",   "new Function(", "fetch(", "XMLHttp",
        "import(",   "src=",      "href=",          "url(",           "@import", "</script",      "<!--"};
    struct profile *profile = profile_fixture();
    char *page = profile_fixture_view(profile, "html", "html", 0);
    const char *policy = strstr(page, "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';");
    ck_assert_ptr_nonnull(policy);
    ck_assert_ptr_null(strstr(page, "unsafe"));
    for (size_t i = 0; i < nr_page_scripts; i++) {
        ck_assert_uint_eq(strlen(page_scripts[i].sha256), 44);
        ck_assert_ptr_nonnull(strstr(policy, page_scripts[i].sha256));
        ck_assert_ptr_nonnull(strstr(page, page_scripts[i].text));
        ck_assert_uint_eq(strlen(page_scripts[i].text), *page_scripts[i].bytes);
        for (size_t j = 0; j < sizeof(forbidden) / sizeof(forbidden[0]); j++)
            ck_assert_msg(!strstr(page_scripts[i].text, forbidden[j]), "script %zu: %s", i, forbidden[j]);
    }
    for (size_t i = 0; i < nr_page_styles; i++) {
        ck_assert_ptr_nonnull(strstr(policy, page_styles[i].sha256));
        ck_assert_ptr_nonnull(strstr(page, page_styles[i].text));
    }
    for (const char *p = page; (p = strstr(p, "://")); p++)
        ck_assert_int_eq(strncmp(p, "://www.w3.org/", 14), 0);
    free(page);
    profile_free(profile);
}

END_TEST

/* As many functions in words as without scripts anybody reads, and all of the report's JSON. */
START_TEST(readers_without_scripts_get_a_table)
{
    struct profile *profile = profile_fixture();
    char *page = profile_fixture_view(profile, "html", "html", 0);
    char *report = profile_fixture_view(profile, "report", "json", 0);
    const char *table = strstr(page, "<noscript>");
    ck_assert_ptr_nonnull(table);
    ck_assert_uint_eq(count_of(table, "<tr><td>"), profile->nr_functions);
    ck_assert_ptr_nonnull(strstr(page, report));
    free(report);
    free(page);
    profile_free(profile);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("page");
    TCase *tests = tcase_create("page");
    tcase_add_test(tests, hostile_names_are_harmless);
    tcase_add_test(tests, nothing_is_loaded);
    tcase_add_test(tests, readers_without_scripts_get_a_table);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
