/*
 * compare SYMBOLS SAMPLES NS REPORT: a report of a traced run beside samples of untraced ones.
 *
 * SYMBOLS is what `nm -n` says of the untraced program, SAMPLES what sampler.c wrote, NS how long it runs when nobody
 * looks. Functions are the same when their names are, without what a compiler puts behind a dot. One line of numbers:
 *
 *     ratio of totals, raw and corrected; distance of the shares (total variation), raw and corrected; the same
 *     between every other sample and the rest; of how many functions above 1 % the truth lies within the bounds; of
 *     how many; calls
 *
 * With VERBOSE set, the largest functions on stderr, in ms.
 */
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 256, FUNCTIONS_MAX = 16384, SYMBOLS_MAX = 65536, SHOWN = 15 };

struct function {
    char name[NAME_BYTES];
    double samples[2]; /* the even ones, the odd ones */
    double raw, corrected, low, high;
};

static struct function functions[FUNCTIONS_MAX];
static size_t nr_functions;

static struct symbol {
    unsigned long address;
    struct function *function;
} symbols[SYMBOLS_MAX];

static size_t nr_symbols;

static void fail(const char *what)
{
    fprintf(stderr, "compare: %s\n", what);
    exit(1);
}

static struct function *function_named(const char *name)
{
    char key[NAME_BYTES];
    snprintf(key, sizeof key, "%s", name);
    key[strcspn(key, ". (")] = '\0';
    for (size_t i = 0; i < nr_functions; i++)
        if (strcmp(functions[i].name, key) == 0)
            return &functions[i];
    if (nr_functions == FUNCTIONS_MAX)
        fail("too many functions");
    strcpy(functions[nr_functions].name, key);
    return &functions[nr_functions++];
}

static FILE *file_open(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        fail(path);
    return file;
}

static void symbols_read(const char *path)
{
    FILE *file = file_open(path);
    char line[4096], name[NAME_BYTES], kind;
    unsigned long address;
    while (fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "%lx %c %255s", &address, &kind, name) == 3 && strchr("tTwW", kind) != NULL &&
            nr_symbols < SYMBOLS_MAX)
            symbols[nr_symbols++] = (struct symbol){address, function_named(name)};
    fclose(file);
}

static struct function *function_at(unsigned long address)
{
    size_t low = 0, high = nr_symbols;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (symbols[middle].address <= address)
            low = middle;
        else
            high = middle;
    }
    return nr_symbols > 0 && symbols[low].address <= address ? symbols[low].function : NULL;
}

static void samples_read(const char *path)
{
    FILE *file = file_open(path);
    char line[64];
    for (size_t i = 0; fgets(line, sizeof line, file) != NULL;) {
        struct function *function = line[0] == 'n' ? NULL : function_at(strtoul(line, NULL, 16));
        if (function != NULL)
            function->samples[i++ % 2]++;
    }
    fclose(file);
}

static double number_of(const json_t *object, const char *key)
{
    return (double)json_integer_value(json_object_get(object, key));
}

/* The calls of all functions. */
static double report_read(const char *path)
{
    json_error_t error;
    json_t *report = json_load_file(path, 0, &error);
    if (report == NULL)
        fail(error.text);
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(report, "functions"), i, entry)
    {
        struct function *function = function_named(json_string_value(json_object_get(entry, "name")));
        function->raw += number_of(entry, "raw_exclusive_ns");
        function->corrected += number_of(entry, "exclusive_ns");
        function->low += number_of(entry, "exclusive_low_ns");
        function->high += number_of(entry, "exclusive_high_ns");
    }
    double calls = number_of(json_object_get(report, "trace"), "calls");
    json_decref(report);
    return calls;
}

static double truth(const struct function *function)
{
    return function->samples[0] + function->samples[1];
}

/* Half of the difference between two distributions of time over the functions. */
static double distance(double (*a)(const struct function *), double (*b)(const struct function *))
{
    double sum_a = 0, sum_b = 0, distance = 0;
    for (size_t i = 0; i < nr_functions; i++) {
        sum_a += a(&functions[i]);
        sum_b += b(&functions[i]);
    }
    for (size_t i = 0; i < nr_functions; i++)
        distance += fabs(a(&functions[i]) / sum_a - b(&functions[i]) / sum_b);
    return distance / 2;
}

static double sum(double (*what)(const struct function *))
{
    double sum = 0;
    for (size_t i = 0; i < nr_functions; i++)
        sum += what(&functions[i]);
    return sum;
}

static double raw(const struct function *function)
{
    return function->raw;
}

static double corrected(const struct function *function)
{
    return function->corrected;
}

static double even(const struct function *function)
{
    return function->samples[0];
}

static double odd(const struct function *function)
{
    return function->samples[1];
}

static int function_compare(const void *a, const void *b)
{
    double x = truth(a), y = truth(b);
    return (x < y) - (x > y);
}

int main(int argc, char **argv)
{
    if (argc != 5)
        fail("usage: compare SYMBOLS SAMPLES NS REPORT");
    symbols_read(argv[1]);
    samples_read(argv[2]);
    double ns = strtod(argv[3], NULL), calls = report_read(argv[4]), all = sum(truth);
    qsort(functions, nr_functions, sizeof *functions, function_compare);
    int large = 0, within = 0;
    for (size_t i = 0; i < nr_functions; i++) {
        const struct function *f = &functions[i];
        double true_ns = truth(f) / all * ns;
        bool is_within = f->low <= true_ns && true_ns <= f->high;
        large += true_ns > ns / 100;
        within += true_ns > ns / 100 && is_within;
        if (getenv("VERBOSE") != NULL && i < SHOWN)
            fprintf(stderr, "%-24s true %8.2f raw %8.2f corrected %8.2f in %8.2f .. %8.2f %s\n", f->name, true_ns / 1e6,
                    f->raw / 1e6, f->corrected / 1e6, f->low / 1e6, f->high / 1e6, is_within ? "" : "OUTSIDE");
    }
    printf("%.3f %.3f %.3f %.3f %.3f %d %d %.0f\n", sum(raw) / ns, sum(corrected) / ns, distance(raw, truth),
           distance(corrected, truth), distance(even, odd) / 2, within, large, calls);
    return 0;
}
