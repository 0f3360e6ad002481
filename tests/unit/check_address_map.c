/* address_map.c: what was mapped then, and there. */
#include "trace_writer.h"

#include "profile/address_map.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Maps of a trace with these processes and modules:
 *   1: app at 0x10000 from 1000; a at 0x50000 from 2000 to 3000, b there from 4000 to 5000, a again from 6000
 *   2: forked from 1 at 2500; a goes at 2600, c comes to 0x50000 at 2700
 *   3: forked from 1 at 4500, changes nothing
 *   4: forked from 3 at 7000, changes nothing
 *   5: executed by 1 at 5000: nothing is inherited
 *   6: forked from 2 at 2650, changes nothing */
static struct trace *trace_make(struct address_map *map)
{
    struct writer writer;
    struct err err = {0};
    writer_init(&writer);
    writer_session(&writer, 0);
    writer_process(&writer, 1, 10, 0, 1000, 0);
    writer_module(&writer, 1, 0x10000, 1000, "app", 0x1000, 0x1000);
    writer_module(&writer, 1, 0x50000, 2000, "a", 0, 0x1000);
    writer_process(&writer, 2, 20, 1, 2500, 1);
    writer_module_unload(&writer, 2, 0x50000, 2600);
    writer_module(&writer, 2, 0x50000, 2700, "c", 0, 0x1000);
    writer_module_unload(&writer, 1, 0x50000, 3000);
    writer_module(&writer, 1, 0x50000, 4000, "b", 0x0, 0x1000);
    writer_process(&writer, 3, 30, 1, 4500, 1);
    writer_module_unload(&writer, 1, 0x50000, 5000);
    writer_module(&writer, 1, 0x50000, 6000, "a", 0, 0x1000);
    writer_process(&writer, 4, 40, 3, 7000, 1);
    writer_process(&writer, 5, 50, 1, 5000, 2);
    writer_process(&writer, 6, 60, 2, 2650, 1);
    writer_end(&writer, 0);
    char *path = writer_save(&writer);
    struct trace *trace = trace_open(path, &err);
    ck_assert_msg(trace != NULL, "%s", err.text);
    ck_assert_int_eq(address_map_init(map, trace, &err), 0);
    unlink(path);
    free(path);
    writer_free(&writer);
    return trace;
}

static const struct {
    uint32_t process;
    uint64_t address, ticks;
    const char *path; /* NULL: nothing is known */
    uint64_t file_address;
} lookups[] = {
    {1, 0x11000, 1500, "app", 0x1000},
    {1, 0x11fff, 1500, "app", 0x1fff},
    {1, 0x12000, 1500, NULL, 0x12000},
    {1, 0x10fff, 1500, NULL, 0x10fff},
    {1, 0x11000, 500, "app", 0x1000}, /* the notice came late */
    {1, 0x50010, 1500, "a", 0x10},    /* likewise */
    {1, 0x50010, 2000, "a", 0x10},
    {1, 0x50010, 2999, "a", 0x10},
    {1, 0x50010, 3000, "b", 0x10}, /* nothing is there; b comes next */
    {1, 0x50010, 4500, "b", 0x10},
    {1, 0x50010, 5000, "a", 0x10},
    {1, 0x50010, 9999, "a", 0x10},
    {2, 0x11000, 2500, "app", 0x1000},
    {2, 0x50010, 2500, "a", 0x10},
    {2, 0x50010, 2599, "a", 0x10},
    {2, 0x50010, 2600, "c", 0x10},
    {2, 0x50010, 9999, "c", 0x10},
    {3, 0x11000, 4600, "app", 0x1000},
    {3, 0x50010, 4600, "b", 0x10},
    {3, 0x50010, 9999, "b", 0x10}, /* what the parent does later does not matter */
    {4, 0x50010, 9999, "b", 0x10},
    {5, 0x11000, 6000, NULL, 0x11000},
    {6, 0x11000, 2650, "app", 0x1000},
    {6, 0x50010, 2650, "c", 0x10}, /* unloaded at the fork, and c is what comes next */
    {9, 0x11000, 2650, NULL, 0x11000},
};

START_TEST(what_was_there_is_found)
{
    struct address_map map;
    struct trace *trace = trace_make(&map);
    struct address found = address_map_find(&map, lookups[_i].process, lookups[_i].address, lookups[_i].ticks);
    ck_assert_uint_eq(found.address, lookups[_i].file_address);
    ck_assert_int_eq(found.object == TRACE_NONE, lookups[_i].path == NULL);
    if (lookups[_i].path != NULL)
        ck_assert_str_eq(trace->objects[found.object].path, lookups[_i].path);
    address_map_release(&map);
    trace_close(trace);
}

END_TEST

START_TEST(the_same_file_is_one_object)
{
    struct address_map map;
    struct trace *trace = trace_make(&map);
    ck_assert_uint_eq(trace->nr_objects, 4);
    ck_assert_uint_eq(address_map_find(&map, 1, 0x50010, 2500).object, address_map_find(&map, 1, 0x50010, 7000).object);
    address_map_release(&map);
    trace_close(trace);
}

END_TEST

START_TEST(changes_are_announced)
{
    struct address_map map;
    struct trace *trace = trace_make(&map);
    ck_assert_uint_eq(address_map_next_change(&map, 1, 0), 3000);
    ck_assert_uint_eq(address_map_next_change(&map, 1, 2999), 3000);
    ck_assert_uint_eq(address_map_next_change(&map, 1, 3000), 5000);
    ck_assert_uint_eq(address_map_next_change(&map, 1, 5000), UINT64_MAX);
    ck_assert_uint_eq(address_map_next_change(&map, 2, 0), 2600);
    ck_assert_uint_eq(address_map_next_change(&map, 3, 0), UINT64_MAX);
    address_map_release(&map);
    trace_close(trace);
}

END_TEST

START_TEST(a_thousand_reloads_cost_no_more_than_one)
{
    struct writer writer;
    struct address_map map;
    struct err err = {0};
    writer_init(&writer);
    writer_session(&writer, 0);
    writer_process(&writer, 1, 10, 0, 0, 0);
    for (uint64_t i = 1; i <= 1000; i++) {
        writer_module(&writer, 1, 0x50000, 100 * i, i % 2 == 0 ? "even" : "odd", 0, 0x1000);
        writer_module_unload(&writer, 1, 0x50000, 100 * i + 50);
    }
    writer_end(&writer, 0);
    char *path = writer_save(&writer);
    struct trace *trace = trace_open(path, &err);
    ck_assert_ptr_nonnull(trace);
    ck_assert_int_eq(address_map_init(&map, trace, &err), 0);
    for (uint64_t i = 1; i <= 1000; i++) {
        struct address found = address_map_find(&map, 1, 0x50000, 100 * i + 49);
        ck_assert_str_eq(trace->objects[found.object].path, i % 2 == 0 ? "even" : "odd");
        found = address_map_find(&map, 1, 0x50000, 100 * i + 50);
        if (i < 1000)
            ck_assert_str_eq(trace->objects[found.object].path, i % 2 == 0 ? "odd" : "even");
        else
            ck_assert_uint_eq(found.object, TRACE_NONE);
    }
    address_map_release(&map);
    trace_close(trace);
    unlink(path);
    free(path);
    writer_free(&writer);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("address_map");
    TCase *tcase = tcase_create("address_map");
    tcase_add_loop_test(tcase, what_was_there_is_found, 0, (int)(sizeof(lookups) / sizeof(lookups[0])));
    tcase_add_test(tcase, the_same_file_is_one_object);
    tcase_add_test(tcase, changes_are_announced);
    tcase_add_test(tcase, a_thousand_reloads_cost_no_more_than_one);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
