/*
 * Tables: aligned to the column, cut where they may be, the same content in every format, no name that breaks out.
 */
#include "base/table.h"
#include "json_reader.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct table_column columns[] = {
    {"N", "n", TABLE_COUNT, TABLE_FOR_PROGRAMS},
    {"TIME", "time_ns", TABLE_TIME, 1},
    {"SHARE%", "percent", TABLE_SHARE, 2},
    {"ID", "id", TABLE_ID, 0},
    {"NAME", "name", TABLE_TEXT, 0},
};

static void row_add(struct table *table, uint64_t n, const char *prefix, const char *name)
{
    table_number(table, n);
    table_number(table, 1000 * n);
    table_share(table, n, 3, TABLE_YELLOW);
    if (n == 0)
        table_empty(table);
    else
        table_number(table, 12345);
    table_text_within(table, prefix, name, "", TABLE_BOLD);
}

enum format { TEXT, MARKDOWN, HTML, CSV, JSON };

static char *written(const struct table *table, enum format format, const struct table_look *look)
{
    struct err err = {0};
    char *text;
    size_t bytes;
    struct out *out = out_open_memory(&text, &bytes);
    int result = format == TEXT       ? table_write_text(table, look, out, &err)
                 : format == MARKDOWN ? table_write_markdown(table, look, out, &err)
                 : format == HTML     ? table_write_html(table, look, out, &err)
                 : format == CSV      ? table_write_csv(table, out, &err)
                                      : table_write_json(table, out, &err);
    ck_assert_int_eq(result, 0);
    ck_assert_int_eq(out_close(out, &err), 0);
    ck_assert_uint_eq(strlen(text), bytes);
    return text;
}

static const struct {
    enum format format;
    struct table_look look;
    const char *text;
} cases[] = {
    {TEXT,
     {0},
     "   TIME  SHARE%     ID  NAME\n"
     "   0 ns     0.0         main\n"
     "1.00 us    33.3  12345  └ a|b`\\\n"
     "2.00 us    66.7  12345\n"},
    {TEXT,
     {.columns = 18},
     "   ID  NAME\n"
     "       main\n"
     "12345  └ a|b`\\\n"
     "12345\n"},
    {TEXT,
     {.columns = 23, .times_are_counts = true},
     " TIME     ID  NAME\n"
     "    0         main\n"
     "1,000  12345  └ a|b`\\\n"
     "2,000  12345\n"},
    {TEXT,
     {.color = true},
     "   \033[1mTIME\033[0m  \033[1mSHARE%\033[0m     \033[1mID\033[0m  \033[1mNAME\033[0m\n"
     "   0 ns     \033[33m0.0\033[0m         \033[1mmain\033[0m\n"
     "1.00 us    \033[33m33.3\033[0m  12345  └ \033[1ma|b`\\\033[0m\n"
     "2.00 us    \033[33m66.7\033[0m  12345\n"},
    {MARKDOWN,
     {0},
     "| TIME | SHARE% | ID | NAME |\n"
     "| ---: | ---: | ---: | --- |\n"
     "| 0 ns | 0.0 |  | `main` |\n"
     "| 1.00 us | 33.3 | 12345 | └&nbsp;``a\\|b`\\`` |\n"
     "| 2.00 us | 66.7 | 12345 |  |\n"},
    {CSV,
     {0},
     "n,time_ns,percent,id,name\r\n"
     "0,0,0.000,,main\r\n"
     "1,1000,33.333,12345,a|b`\\\r\n"
     "2,2000,66.667,12345,\r\n"},
    {JSON,
     {0},
     "[\n{\"n\":0,\"time_ns\":0,\"percent\":0.000,\"id\":null,\"name\":\"main\"},\n"
     "{\"n\":1,\"time_ns\":1000,\"percent\":33.333,\"id\":12345,\"name\":\"a|b`\\\\\"},\n"
     "{\"n\":2,\"time_ns\":2000,\"percent\":66.667,\"id\":12345,\"name\":\"\"}]"},
};

START_TEST(formats)
{
    struct table table;
    table_init(&table, columns, 5);
    row_add(&table, 0, "", "main");
    row_add(&table, 1, "└ ", "a|b`\\");
    row_add(&table, 2, "", "");
    ck_assert_uint_eq(table_rows(&table), 3);
    char *text = written(&table, cases[_i].format, &cases[_i].look);
    ck_assert_str_eq(text, cases[_i].text);
    free(text);
    table_release(&table);
}

END_TEST

START_TEST(the_last_column_is_cut)
{
    struct table table;
    struct table_look look = {.columns = 44};
    table_init(&table, columns, 5);
    row_add(&table, 1, "└ ", "a_name_that_is_longer_than_any_terminal_is_wide");
    char *text = written(&table, TEXT, &look);
    ck_assert_str_eq(text, "   TIME     ID  NAME\n1.00 us  12345  └ …than_any_terminal_is_wide\n");
    free(text);
    table_release(&table);
}

END_TEST

/* In Markdown nothing of a name is interpreted: it cannot end its cell, its code span, or its line. */
START_TEST(markdown_holds_hostile_names)
{
    static const struct {
        const char *name, *text;
    } names[] = {
        {"`", "`` ` ``"},           {"``x", "``` ``x ```"}, {"a\\|b", "`a\\\\x7Cb`"},  {"x\n| y", "`x\\x0A\\| y`"},
        {"<script>", "`<script>`"}, {"@all", "`@all`"},     {"\x1b[1m", "`\\x1B[1m`"}, {"\xff", "`\\xFF`"},
    };

    static const struct table_column one[] = {{"NAME", "name", TABLE_TEXT, 0}};
    struct table_look look = {0};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct table table;
        table_init(&table, one, 1);
        table_text(&table, names[i].name, TABLE_PLAIN);
        char *text = written(&table, MARKDOWN, &look);
        size_t bytes = strlen(names[i].text);
        const char *cell = text + strlen("| NAME |\n| --- |\n| ");
        ck_assert_msg(strncmp(cell, names[i].text, bytes) == 0 && strcmp(cell + bytes, " |\n") == 0, "%s", text);
        free(text);
        table_release(&table);
    }
}

END_TEST

START_TEST(html_holds_hostile_names)
{
    struct table table;
    struct table_look look = {0};
    table_init(&table, columns, 5);
    row_add(&table, 1, "", "</td><script>&\"'\xff");
    char *text = written(&table, HTML, &look);
    ck_assert_ptr_nonnull(strstr(text, ">&lt;/td&gt;&lt;script&gt;&amp;&quot;&#39;\xEF\xBF\xBD</td></tr>"));
    ck_assert_ptr_null(strstr(text, "<script"));
    ck_assert_ptr_null(strstr(text, "12,345"));
    free(text);
    table_release(&table);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("table");
    TCase *tests = tcase_create("table");
    tcase_add_loop_test(tests, formats, 0, (int)(sizeof(cases) / sizeof(cases[0])));
    tcase_add_test(tests, the_last_column_is_cut);
    tcase_add_test(tests, markdown_holds_hostile_names);
    tcase_add_test(tests, html_holds_hostile_names);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}
