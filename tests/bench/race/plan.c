#include "plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PARTS = 7 };

static char *file_read(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t size = 0;
    if (file == NULL || getdelim(&text, &size, '\0', file) < 0)
        perror(path);
    if (file != NULL)
        fclose(file);
    return text;
}

/* One more element at the end of an array. */
static void *array_grow(void *array, size_t *nr, size_t size)
{
    void *grown = realloc(array, (*nr + 1) * size);
    if (grown == NULL)
        abort();
    memset((char *)grown + *nr * size, 0, size);
    ++*nr;
    return grown;
}

static char *part_or_null(char *part)
{
    return strcmp(part, "-") == 0 ? NULL : part;
}

static void plan_add_program(struct plan *plan, char **parts)
{
    plan->programs = array_grow(plan->programs, &plan->nr_programs, sizeof *plan->programs);
    struct program *program = &plan->programs[plan->nr_programs - 1];
    program->name = parts[1];
    program->pinned = strcmp(parts[2], "pinned") == 0;
    program->pairs = strtod(parts[3], NULL);
    program->base = part_or_null(parts[4]);
    program->unit = part_or_null(parts[5]);
}

static void program_add(struct program *program, char **parts)
{
    program->contestants = array_grow(program->contestants, &program->nr_contestants, sizeof *program->contestants);
    program->contestants[program->nr_contestants - 1] = (struct contestant){
        .name = parts[1],
        .trace = part_or_null(parts[2]),
        .recorded = part_or_null(parts[3]),
        .before = part_or_null(parts[4]),
        .command = parts[5],
        .after = part_or_null(parts[6]),
    };
}

static int plan_line(struct plan *plan, char *line)
{
    char *parts[MAX_PARTS];
    int nr = 0;
    for (char *part; nr < MAX_PARTS && (part = strsep(&line, "\t")) != NULL;)
        parts[nr++] = part;
    if (nr == 0 || parts[0][0] == '#' || parts[0][0] == '\0')
        return 0;
    if (nr == 6 && strcmp(parts[0], "program") == 0 && strtod(parts[3], NULL) > 0) {
        plan_add_program(plan, parts);
    } else if (nr == 7 && strcmp(parts[0], "try") == 0 && plan->nr_programs > 0) {
        program_add(&plan->programs[plan->nr_programs - 1], parts);
    } else if (nr == 3 && strcmp(parts[0], "count") == 0) {
        plan->counts = array_grow(plan->counts, &plan->nr_counts, sizeof *plan->counts);
        plan->counts[plan->nr_counts - 1] = (struct count){parts[1], strtod(parts[2], NULL)};
    } else {
        return -1;
    }
    return 0;
}

int plan_read(struct plan *plan, const char *path)
{
    *plan = (struct plan){.text = file_read(path)};
    if (plan->text == NULL)
        return -1;
    int number = 0;
    char *rest = plan->text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        number++;
        if (plan_line(plan, line) != 0) {
            fprintf(stderr, "%s:%d: cannot make sense of this line\n", path, number);
            return -1;
        }
    }
    return 0;
}

void plan_free(struct plan *plan)
{
    for (size_t i = 0; i < plan->nr_programs; i++)
        free(plan->programs[i].contestants);
    free(plan->programs);
    free(plan->counts);
    free(plan->text);
}

int program_find(const struct program *program, const char *name)
{
    for (size_t i = 0; name != NULL && i < program->nr_contestants; i++)
        if (strcmp(program->contestants[i].name, name) == 0)
            return (int)i;
    return -1;
}
