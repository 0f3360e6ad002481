#include "profile/redact.h"

#include "base/path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct path {
    const char *whole, *redacted;
};

struct redaction {
    struct profile *profile;
    struct path *paths; /* of modules and files, each once, ordered by `whole` */
    size_t nr;
    struct err *err;
};

static int no_memory(struct redaction *redaction)
{
    return err_set(redaction->err, ERR_INPUT, "out of memory");
}

static int whole_compare(const void *a, const void *b)
{
    const struct path *x = a, *y = b;
    return strcmp(x->whole, y->whole);
}

static int last_compare(const void *a, const void *b)
{
    const struct path *const *x = a, *const *y = b;
    int order = strcmp(path_last((*x)->whole), path_last((*y)->whole));
    return order != 0 ? order : strcmp((*x)->whole, (*y)->whole);
}

static int paths_collect(struct redaction *redaction)
{
    const struct profile *profile = redaction->profile;
    redaction->paths = calloc(2 * (size_t)profile->nr_functions + 1, sizeof(*redaction->paths));
    if (redaction->paths == NULL)
        return no_memory(redaction);
    for (uint32_t i = 0; i < profile->nr_functions; i++) {
        redaction->paths[2 * (size_t)i].whole = profile->functions[i].module;
        redaction->paths[2 * (size_t)i + 1].whole = profile->functions[i].file;
    }
    size_t all = 2 * (size_t)profile->nr_functions;
    qsort(redaction->paths, all, sizeof(*redaction->paths), whole_compare);
    for (size_t i = 0; i < all; i++) {
        if (i == 0 || whole_compare(&redaction->paths[i], &redaction->paths[i - 1]) != 0)
            redaction->paths[redaction->nr++] = redaction->paths[i];
    }
    return 0;
}

/* The name of the `number`-th path that ends like this. */
static const char *name_make(struct redaction *redaction, const char *last, size_t number)
{
    char *text = NULL;
    if (number == 1)
        return last;
    int bytes = asprintf(&text, "%s~%zu", last, number);
    const char *name = bytes < 0 ? NULL : arena_copy(&redaction->profile->arena, text, (size_t)bytes);
    if (bytes >= 0)
        free(text);
    return name;
}

static int paths_name(struct redaction *redaction)
{
    struct path **order = calloc(redaction->nr + 1, sizeof(*order));
    size_t number = 0;
    if (order == NULL)
        return no_memory(redaction);
    for (size_t i = 0; i < redaction->nr; i++)
        order[i] = &redaction->paths[i];
    qsort(order, redaction->nr, sizeof(struct path *), last_compare);
    int result = 0;
    for (size_t i = 0; i < redaction->nr && result == 0; i++) {
        const char *last = path_last(order[i]->whole);
        number = i > 0 && strcmp(path_last(order[i - 1]->whole), last) == 0 ? number + 1 : 1;
        order[i]->redacted = name_make(redaction, last, number);
        result = order[i]->redacted == NULL ? no_memory(redaction) : 0;
    }
    free(order);
    return result;
}

static const char *path_redacted(const struct redaction *redaction, const char *whole)
{
    const struct path wanted = {.whole = whole};
    const struct path *path =
        bsearch(&wanted, redaction->paths, redaction->nr, sizeof(*redaction->paths), whole_compare);
    return path != NULL ? path->redacted : ""; /* they are all there */
}

/* A text without the folders in it: of each word what follows its last slash. */
static int text_redact(struct redaction *redaction, const char **text)
{
    char *copy = arena_copy(&redaction->profile->arena, *text, strlen(*text)), *to = copy, *word = copy;
    if (copy == NULL)
        return no_memory(redaction);
    for (const char *from = copy; *from != '\0'; from++) {
        if (*from == '/') {
            to = word;
            continue;
        }
        *to++ = *from;
        if (strchr(" \t\n\"'(", *from) != NULL)
            word = to;
    }
    *to = '\0';
    *text = copy;
    return 0;
}

static int facts_redact(struct redaction *redaction, struct profile_facts *facts)
{
    size_t program = strcspn(facts->command, " ");
    facts->host = "";
    facts->command = arena_copy(&redaction->profile->arena, facts->command, program);
    if (facts->command == NULL)
        return no_memory(redaction);
    facts->command = path_last(facts->command);
    return text_redact(redaction, &facts->source);
}

static int texts_redact(struct redaction *redaction)
{
    struct profile *profile = redaction->profile;
    int result = facts_redact(redaction, &profile->facts);
    for (uint32_t i = 0; i < profile->nr_runs && result == 0; i++)
        result = facts_redact(redaction, &profile->runs[i]);
    for (uint32_t i = 0; i < profile->nr_notices && result == 0; i++)
        result = text_redact(redaction, &profile->notices[i]);
    return result;
}

int profile_redact(struct profile *profile, struct err *err)
{
    struct redaction redaction = {.profile = profile, .err = err};
    int result = paths_collect(&redaction);
    if (result == 0)
        result = paths_name(&redaction);
    for (uint32_t i = 0; i < profile->nr_functions && result == 0; i++) {
        profile->functions[i].module = path_redacted(&redaction, profile->functions[i].module);
        profile->functions[i].file = path_redacted(&redaction, profile->functions[i].file);
    }
    if (result == 0)
        result = texts_redact(&redaction);
    free(redaction.paths);
    return result;
}
