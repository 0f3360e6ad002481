/*
 * The profile.proto, read by a decoder that shares nothing with what writes it: its paths and values are those of the
 * folded stacks, every id leads somewhere, and hostile names are text.
 */
#include "cmd/view_table.h"
#include "export/export.h"
#include "profile/folded.h"
#include "profile/heap_profile.h"
#include "profile_fixture.h"
#include "suite.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 64 };

struct slice {
    const uint8_t *at, *end;
};

struct field {
    unsigned number;
    uint64_t value;      /* of a varint */
    struct slice inside; /* of all else */
};

static uint64_t varint_take(struct slice *slice)
{
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        ck_assert(slice->at < slice->end && shift < 64);
        uint8_t byte = *slice->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return value;
    }
}

static bool field_take(struct slice *slice, struct field *field)
{
    if (slice->at == slice->end)
        return false;
    uint64_t tag = varint_take(slice);
    *field = (struct field){.number = (unsigned)(tag >> 3)};
    if ((tag & 7) == 0) {
        field->value = varint_take(slice);
        return true;
    }
    ck_assert_uint_eq(tag & 7, 2); /* nothing else is in there */
    uint64_t bytes = varint_take(slice);
    ck_assert_uint_le(bytes, (uint64_t)(slice->end - slice->at));
    field->inside = (struct slice){slice->at, slice->at + bytes};
    slice->at += bytes;
    return true;
}

struct decoded {
    char *texts[MOST];
    uint64_t type_name[8], type_unit[8], function_name[MOST], function_of[MOST], mapping_of[MOST], mapping_name[MOST];
    unsigned nr_texts, nr_types, nr_samples;
    uint64_t time_ns, duration_ns, shown;

    struct sample {
        uint64_t locations[MOST], values[8];
        unsigned nr_locations, nr_values;
    } samples[MOST];
};

static void numbers_take(struct slice slice, uint64_t *numbers, unsigned *nr)
{
    while (slice.at < slice.end)
        numbers[(*nr)++] = varint_take(&slice);
}

static void sample_take(struct decoded *decoded, struct slice slice)
{
    struct sample *sample = &decoded->samples[decoded->nr_samples++];
    for (struct field field; field_take(&slice, &field);)
        numbers_take(field.inside, field.number == 1 ? sample->locations : sample->values,
                     field.number == 1 ? &sample->nr_locations : &sample->nr_values);
    ck_assert_uint_eq(sample->nr_values, decoded->nr_types);
}

/* Fields 1 to 7 of a message, where it has them. */
static void message_take(struct slice slice, uint64_t values[8], struct slice *inside)
{
    memset(values, 0, 8 * sizeof(*values));
    for (struct field field; field_take(&slice, &field);) {
        ck_assert_uint_lt(field.number, 8);
        values[field.number] = field.value;
        if (field.inside.at != NULL && inside != NULL)
            *inside = field.inside;
    }
}

static void part_take(struct decoded *decoded, const struct field *field)
{
    uint64_t values[8], line[8];
    struct slice inside = {0};
    switch (field->number) {
    case 1:
        message_take(field->inside, values, NULL);
        decoded->type_name[decoded->nr_types] = values[1];
        decoded->type_unit[decoded->nr_types++] = values[2];
        break;
    case 2:
        sample_take(decoded, field->inside);
        break;
    case 3:
        message_take(field->inside, values, NULL);
        decoded->mapping_name[values[1]] = values[5];
        break;
    case 4:
        message_take(field->inside, values, &inside);
        message_take(inside, line, NULL);
        decoded->function_of[values[1]] = line[1];
        decoded->mapping_of[values[1]] = values[2];
        break;
    case 5:
        message_take(field->inside, values, NULL);
        decoded->function_name[values[1]] = values[2];
        break;
    case 6:
        decoded->texts[decoded->nr_texts++] =
            strndup((const char *)field->inside.at, (size_t)(field->inside.end - field->inside.at));
        break;
    case 9:
        decoded->time_ns = field->value;
        break;
    case 10:
        decoded->duration_ns = field->value;
        break;
    case 14:
        decoded->shown = field->value;
        break;
    default:
        ck_abort_msg("field %u", field->number);
    }
}

/* Takes the bytes. */
static struct decoded *bytes_decode(char *bytes, size_t nr)
{
    struct decoded *decoded = calloc(1, sizeof(*decoded));
    struct slice slice = {(const uint8_t *)bytes, (const uint8_t *)bytes + nr};
    for (struct field field; field_take(&slice, &field);)
        part_take(decoded, &field);
    free(bytes);
    ck_assert_str_eq(decoded->texts[0], "");
    for (unsigned i = 0; i < decoded->nr_samples; i++) {
        for (unsigned l = 0; l < decoded->samples[i].nr_locations; l++) {
            uint64_t location = decoded->samples[i].locations[l], function = decoded->function_of[location];
            ck_assert(location > 0 && function > 0 && decoded->function_name[function] > 0);
            ck_assert(decoded->mapping_of[location] == 0 || decoded->mapping_name[decoded->mapping_of[location]] > 0);
        }
    }
    return decoded;
}

static struct decoded *profile_decode(const struct profile *profile)
{
    struct err err = {0};
    struct view_options options = {0};
    char *bytes;
    size_t nr;
    struct out *out = out_open_memory(&bytes, &nr);
    ck_assert_int_eq(view_find("export", "pprof")->write(profile, &options, out, &err), 0);
    ck_assert_int_eq(out_close(out, &err), 0);
    return bytes_decode(bytes, nr);
}

static void decoded_free(struct decoded *decoded)
{
    for (unsigned i = 0; i < decoded->nr_texts; i++)
        free(decoded->texts[i]);
    free(decoded);
}

START_TEST(paths_and_values_are_those_of_the_profile)
{
    static const char lines[] = "main 7\nmain;a 2\nmain;a;b 3\nmain;a;b;a 4\nother;b 5\n";
    struct err err = {0};
    FILE *file = fmemopen((void *)(uintptr_t)lines, sizeof(lines) - 1, "r");
    struct profile *profile = folded_read(file, &(struct folded_request){.name = "test", .unit = "samples"}, &err);
    fclose(file);
    struct decoded *decoded = profile_decode(profile);
    ck_assert_uint_eq(decoded->nr_types, 1);
    ck_assert_str_eq(decoded->texts[decoded->type_name[0]], "samples");
    ck_assert_uint_eq(decoded->nr_samples, 5);
    for (unsigned i = 0; i < decoded->nr_samples; i++) {
        const struct sample *sample = &decoded->samples[i];
        char line[256] = "";
        for (unsigned l = sample->nr_locations; l-- > 0;)
            snprintf(line + strlen(line), sizeof(line) - strlen(line), "%s%s", line[0] != '\0' ? ";" : "",
                     decoded->texts[decoded->function_name[decoded->function_of[sample->locations[l]]]]);
        snprintf(line + strlen(line), sizeof(line) - strlen(line), " %" PRIu64 "\n", sample->values[0]);
        ck_assert_msg(strstr(lines, line) != NULL, "%s", line);
    }
    decoded_free(decoded);
    profile_free(profile);
}

END_TEST

START_TEST(calls_and_times_add_up_and_names_are_text)
{
    struct profile *profile = profile_fixture();
    struct decoded *decoded = profile_decode(profile);
    uint64_t calls = 0, time = 0, calls_there = 0;
    ck_assert_uint_eq(decoded->nr_types, 2);
    ck_assert_str_eq(decoded->texts[decoded->type_name[0]], "calls");
    ck_assert_str_eq(decoded->texts[decoded->type_unit[0]], "count");
    ck_assert_str_eq(decoded->texts[decoded->type_unit[1]], "nanoseconds");
    ck_assert_uint_eq(decoded->shown, decoded->type_name[1]);
    ck_assert_uint_eq(decoded->time_ns, profile->facts.realtime_ns);
    ck_assert_uint_eq(decoded->duration_ns, profile->facts.wall_ns);
    for (unsigned i = 0; i < decoded->nr_samples; i++) {
        calls += decoded->samples[i].values[0];
        time += decoded->samples[i].values[1];
    }
    for (uint32_t i = 1; i < profile->nr_nodes; i++)
        calls_there += profile->nodes[i].calls;
    ck_assert_uint_eq(calls, calls_there);
    ck_assert_uint_eq(time, profile->nodes[0].inclusive_ns);
    for (unsigned i = 0; i < decoded->nr_texts; i++)
        for (const char *c = decoded->texts[i]; *c != '\0'; c++)
            ck_assert_msg((unsigned char)*c >= 0x20 && (unsigned char)*c != 0xff, "%s", decoded->texts[i]);
    decoded_free(decoded);
    profile_free(profile);
}

END_TEST

/* A heap made by hand: main asks for 100 bytes, work below it for 7 blocks of which 2 are left. */
START_TEST(heap_has_its_amounts)
{
    struct profile run = {.facts = {.realtime_ns = 5, .wall_ns = 6, .unit = "ns"}};
    struct heap_function functions[] = {{.label = "work", .module = "/bin/a", .file = "/src/w.c", .line = 12},
                                        {.label = "main", .module = "/bin/a", .file = ""}};
    struct heap_node nodes[] = {
        {0},
        {.parent = 0, .function = 1, .self = {.allocated = {1, 100}, .peak = {1, 100}}},
        {.parent = 1, .function = 0, .self = {.allocated = {7, 70}, .peak = {5, 50}, .live = {2, 20}}}};
    const struct heap_profile heap = {
        .run = &run, .functions = functions, .nr_functions = 2, .nodes = nodes, .nr_nodes = 3};
    const struct view_options options = {0};
    struct err err = {0};
    char *bytes;
    size_t nr;
    struct out *out = out_open_memory(&bytes, &nr);
    ck_assert_int_eq(export_heap_pprof(&heap, &options, out, &err), 0);
    ck_assert_int_eq(out_close(out, &err), 0);
    struct decoded *decoded = bytes_decode(bytes, nr);
    static const char *const types[] = {"alloc_objects", "alloc_space",   "peak_objects",
                                        "peak_space",    "inuse_objects", "inuse_space"};
    static const uint64_t values[2][6] = {{1, 100, 1, 100, 0, 0}, {7, 70, 5, 50, 2, 20}};
    ck_assert_uint_eq(decoded->nr_types, 6);
    ck_assert_uint_eq(decoded->nr_samples, 2);
    for (unsigned i = 0; i < 6; i++) {
        ck_assert_str_eq(decoded->texts[decoded->type_name[i]], types[i]);
        ck_assert_str_eq(decoded->texts[decoded->type_unit[i]], i % 2 == 0 ? "count" : "bytes");
        ck_assert_uint_eq(decoded->samples[0].values[i], values[0][i]);
        ck_assert_uint_eq(decoded->samples[1].values[i], values[1][i]);
    }
    ck_assert_uint_eq(decoded->samples[1].nr_locations, 2);
    uint64_t leaf = decoded->samples[1].locations[0];
    ck_assert_str_eq(decoded->texts[decoded->function_name[decoded->function_of[leaf]]], "work");
    ck_assert_str_eq(decoded->texts[decoded->mapping_name[decoded->mapping_of[leaf]]], "/bin/a");
    decoded_free(decoded);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("pprof");
    TCase *tcase = tcase_create("pprof");
    tcase_add_test(tcase, paths_and_values_are_those_of_the_profile);
    tcase_add_test(tcase, calls_and_times_add_up_and_names_are_text);
    tcase_add_test(tcase, heap_has_its_amounts);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
