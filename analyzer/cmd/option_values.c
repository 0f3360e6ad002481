#include "cmd/option_values.h"

#include "view/palette.h"

#include <ctype.h>
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int value_number(const char *name, const char *text, uint32_t least, uint32_t *number, struct err *err)
{
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (errno != 0 || *end != '\0' || !isdigit((unsigned char)text[0]) || value < least || value >= UINT32_MAX)
        return err_set(err, ERR_USAGE, "--%s: \"%s\" is not a number from %u to %u", name, text, least, UINT32_MAX - 1);
    *number = (uint32_t)value;
    return 0;
}

/* "1.5s", "20us", "0"; the end of the text must be at `stop`. */
static int value_time(const char *text, const char *stop, uint64_t *time_ns)
{
    static const struct {
        const char *name;
        double ns;
    } units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"", 0}};

    if (!isdigit((unsigned char)text[0]))
        return -1;
    /* Digits and one point only: strtod alone would take "0x10" and "1e5", and the first point of "1..2s". */
    const char *end = text + strspn(text, "0123456789");
    if (end < stop && *end == '.' && end + 1 < stop)
        end += 1 + strspn(end + 1, "0123456789");
    char digits[64];
    if (end > stop || (size_t)(end - text) >= sizeof(digits))
        return -1;
    memcpy(digits, text, (size_t)(end - text));
    digits[end - text] = '\0';
    double value = strtod(digits, NULL);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        size_t bytes = strlen(units[i].name);
        if ((size_t)(stop - end) != bytes || memcmp(end, units[i].name, bytes) != 0)
            continue;
        if ((units[i].ns <= 0 && value > 0) || value * units[i].ns >= 1.8e19)
            return -1;
        *time_ns = (uint64_t)(value * units[i].ns + 0.5);
        return 0;
    }
    return -1;
}

int value_duration(const char *name, const char *text, uint64_t *time_ns, struct err *err)
{
    if (value_time(text, text + strlen(text), time_ns) == 0)
        return 0;
    return err_set(err, ERR_USAGE, "--%s: \"%s\" is not a time like 10us", name, text);
}

int value_range(struct options *options, const char *text, struct err *err)
{
    const char *dots = strstr(text, "..");
    const char *end = text + strlen(text);
    bool good = dots && end - text > 2;
    if (good && dots > text)
        good = value_time(text, dots, &options->from_ns) == 0;
    if (good && dots + 2 < end)
        good = value_time(dots + 2, end, &options->to_ns) == 0;
    if (!good || options->from_ns >= options->to_ns)
        return err_set(err, ERR_USAGE, "--time: \"%s\" is not a range like 1.5s..2s, 20us.. or ..300ms", text);
    return 0;
}

/* "1.5s", or two of them: "1s..2s". */
int value_instants(const char *text, uint64_t at_ns[2], struct err *err)
{
    const char *dots = strstr(text, ".."), *end = text + strlen(text);
    at_ns[1] = UINT64_MAX;
    if (value_time(text, dots != NULL ? dots : end, &at_ns[0]) != 0 ||
        (dots != NULL && (value_time(dots + 2, end, &at_ns[1]) != 0 || at_ns[0] >= at_ns[1])))
        return err_set(err, ERR_USAGE, "--at: \"%s\" is not a time like 1.5s, 20us or 300ms, nor two like 1s..2s",
                       text);
    return 0;
}

/* "4711@1234567890/3": thread, start in ns, frames around it. */
int value_call(struct options *options, const char *text, struct err *err)
{
    struct call_id *call = &options->call;
    char rest;
    unsigned long long start_ns;
    if (strspn(text, "0123456789@/") != strlen(text) ||
        sscanf(text, "%u@%llu/%u%c", &call->thread, &start_ns, &call->depth, &rest) != 3 || call->thread == 0)
        return err_set(err, ERR_USAGE, "--call: \"%s\" is not a call like 4711@1234567890/3", text);
    call->start_ns = start_ns;
    return 0;
}

int value_percent(const char *text, double *percent, struct err *err)
{
    char *end;
    *percent = strtod(text, &end);
    if (end == text || *end != '\0' || !(*percent >= 0 && *percent <= 100))
        return err_set(err, ERR_USAGE, "--min-width: \"%s\" is not a percentage from 0 to 100", text);
    return 0;
}

/* "1.5", "1000" */
int value_positive(const char *name, const char *text, double *number, struct err *err)
{
    char *end;
    *number = strtod(text, &end);
    if (!isdigit((unsigned char)text[0]) || *end != '\0' || !(*number > 0 && *number <= 1e15))
        return err_set(err, ERR_USAGE, "--%s: \"%s\" is not a number above 0", name, text);
    return 0;
}

/* "0.1" pixels of a picture of 1200, or "0.5%". */
int value_pixels(const char *text, double *percent, struct err *err)
{
    char *end;
    double value = strtod(text, &end);
    bool is_percent = end != text && strcmp(end, "%") == 0;
    *percent = is_percent ? value : 100 * value / 1200;
    if (end == text || (*end != '\0' && !is_percent) || !(*percent >= 0 && *percent <= 100))
        return err_set(err, ERR_USAGE, "--minwidth: \"%s\" is no number of pixels up to 1200, and no percentage", text);
    return 0;
}

int value_regex(const char *name, const char *text, struct err *err)
{
    regex_t regex;
    int error = regcomp(&regex, text, REG_EXTENDED | REG_NOSUB);
    if (error == 0) {
        regfree(&regex);
        return 0;
    }
    if (error == REG_ESPACE)
        return err_set(err, ERR_INPUT, "--function: out of memory");
    char why[128];
    regerror(error, &regex, why, sizeof(why));
    return err_set(err, ERR_USAGE, "--%s: \"%s\" is not a regular expression: %s", name, text, why);
}

static int value_word(const char *name, const char *text, const char *const *words, int *choice, struct err *err)
{
    for (int i = 0; words[i]; i++) {
        if (strcmp(text, words[i]) == 0) {
            *choice = i;
            return 0;
        }
    }
    return err_set(err, ERR_USAGE, "--%s: \"%s\" is not one of the words for it (see --help)", name, text);
}

int value_color(struct options *options, const char *text, struct err *err)
{
    static const char *const words[] = {"auto", "always", "never", NULL};
    int choice = 0;
    if (value_word("color", text, words, &choice, err) != 0)
        return -1;
    options->color = choice == 0 ? COLOR_AUTO : choice == 1 ? COLOR_ALWAYS : COLOR_NEVER;
    return 0;
}

int value_colors(struct options *options, const char *text, struct err *err)
{
    static const char *const words[] = {"name", "module", "file", "self"}; /* as enum view_colors */
    options->colors = COLORS_NAME;
    options->palette = palette_find(text) ? text : NULL;
    if (options->palette || strcmp(text, "hot") == 0)
        return 0;
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        options->colors = (enum view_colors)i;
        if (strcmp(text, words[i]) == 0)
            return 0;
    }
    return err_set(err, ERR_USAGE, "--colors: \"%s\" is not one of the words for it (see tracean(1))", text);
}

int value_size(const char *text, uint64_t *bytes, struct err *err)
{
    static const struct {
        const char *name;
        double scale;
    } units[] = {{"", 1}, {"B", 1}, {"k", 1e3}, {"kB", 1e3}, {"M", 1e6}, {"MB", 1e6}, {"G", 1e9}, {"GB", 1e9}};

    char *end = NULL;
    double number = isdigit((unsigned char)text[0]) ? strtod(text, &end) : -1;
    for (size_t i = 0; number > 0 && i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(end, units[i].name) != 0 || number * units[i].scale < 1 || number * units[i].scale > 1e15)
            continue;
        *bytes = (uint64_t)(number * units[i].scale);
        return 0;
    }
    return err_set(err, ERR_USAGE, "--max-size: \"%s\" is not a size like 8M or 500k", text);
}

int value_unit(struct options *options, const char *text, struct err *err)
{
    static const char *const words[] = {"auto", "ns", "us", "ms", "s", NULL}; /* as enum number_unit */
    int choice = 0;
    if (value_word("unit", text, words, &choice, err) != 0)
        return -1;
    options->time_unit = (enum number_unit)choice;
    return 0;
}

int value_demangle(struct options *options, const char *text, struct err *err)
{
    static const char *const words[] = {"yes", "short", "no", NULL};

    static const enum symbol_names names[] = {SYMBOL_NAMES_FULL, SYMBOL_NAMES_SHORT, SYMBOL_NAMES_MANGLED};

    int choice = 0;
    if (value_word("demangle", text, words, &choice, err) != 0)
        return -1;
    options->names = names[choice];
    return 0;
}

int value_wrappers(struct options *options, const char *text, struct err *err)
{
    static const char *const words[] = {
        [WRAPPERS_AUTO] = "auto", [WRAPPERS_NAMES] = "names", [WRAPPERS_NONE] = "none", NULL};
    int choice = 0;
    if (value_word("wrappers", text, words, &choice, err) != 0)
        return -1;
    options->wrappers = (enum option_wrappers)choice;
    return 0;
}

int value_weight(struct options *options, const char *text, struct err *err)
{
    static const char *const words[] = {"time", "bytes", "allocs", "peak", "leaked", "live", "grown", NULL};
    int choice = 0;
    if (value_word("weight", text, words, &choice, err) != 0)
        return -1;
    options->weight = (enum option_weight)choice;
    return 0;
}
