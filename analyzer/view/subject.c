#include "view/subject.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

static uint32_t names_match(const struct profile_function *functions, uint32_t nr, const char *word, bool *matches)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < nr; i++) {
        const struct profile_function *f = &functions[i];
        matches[i] = strcmp(f->name, word) == 0 || (f->label && strcmp(f->label, word) == 0);
        found += matches[i];
    }
    return found;
}

static int regex_match(const struct profile_function *functions, uint32_t nr, const char *word, bool *matches,
                       struct err *err)
{
    regex_t regex;
    uint32_t found = 0;
    int result = regcomp(&regex, word, REG_EXTENDED | REG_NOSUB);
    if (result != 0) {
        char why[128];
        regerror(result, &regex, why, sizeof(why));
        return err_set(err, ERR_USAGE, "no function is called \"%s\", and it is no regular expression: %s", word, why);
    }
    for (uint32_t i = 0; i < nr; i++) {
        matches[i] = regexec(&regex, functions[i].name, 0, NULL, 0) == 0;
        found += matches[i];
    }
    regfree(&regex);
    return found > 0 ? 0 : err_set(err, ERR_USAGE, "no function is called \"%s\", and no name matches it", word);
}

bool *subject_match(const struct profile_function *functions, uint32_t nr, const char *word, struct err *err)
{
    bool *matches = calloc((size_t)nr + 1, sizeof(*matches));
    if (!matches) {
        err_set(err, ERR_INPUT, "out of memory");
        return NULL;
    }
    if (names_match(functions, nr, word, matches) > 0 || regex_match(functions, nr, word, matches, err) == 0)
        return matches;
    free(matches);
    return NULL;
}

int subject_find(struct subject *subject, const struct profile *profile, const char *word, struct err *err)
{
    *subject = (struct subject){0};
    bool *matches = subject_match(profile->functions, profile->nr_functions, word, err);
    if (!matches)
        return -1;
    subject->functions = calloc((size_t)profile->nr_functions + 1, sizeof(*subject->functions));
    for (uint32_t i = 0; subject->functions && i < profile->nr_functions; i++)
        if (matches[i])
            subject->functions[subject->nr++] = i;
    free(matches);
    return subject->functions ? 0 : err_set(err, ERR_INPUT, "out of memory");
}

uint32_t subject_shown(const struct subject *subject, const struct view_options *options, uint32_t usual)
{
    bool for_programs = options->format == VIEW_JSON || options->format == VIEW_CSV;
    uint32_t most = options->top != UINT32_MAX ? options->top : for_programs ? 0 : usual;
    return most == 0 || most > subject->nr ? subject->nr : most;
}

void subject_rest(const struct subject *subject, uint32_t nr_shown, struct sheet *sheet)
{
    if (nr_shown == subject->nr)
        return;
    sheet_gap(sheet);
    sheet_format(sheet, "… and %u more functions (--top 0 shows all)", subject->nr - nr_shown);
    sheet_break(sheet);
}

void subject_release(struct subject *subject)
{
    free(subject->functions);
    *subject = (struct subject){0};
}
