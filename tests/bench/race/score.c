#include "score.h"

#include <stdlib.h>
#include <string.h>

struct rounds {
    const struct program *program;
    const struct trial *trials;
    size_t nr;
};

enum figure { WALL, ABOVE, RATIO, CPU };

static int double_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double figure_of_round(const struct rounds *rounds, size_t round, int contestant, enum figure figure)
{
    const struct program *program = rounds->program;
    const struct trial *row = &rounds->trials[round * program->nr_contestants];
    int base = program_find(program, program->base), unit = program_find(program, program->unit);
    double base_wall = base >= 0 ? row[base].wall_s : 0, base_cpu = base >= 0 ? row[base].cpu_s : 0;
    switch (figure) {
    case WALL:
        return row[contestant].wall_s;
    case ABOVE:
        return (row[contestant].wall_s - base_wall) / program->pairs * 1e9;
    case RATIO:
        return unit < 0 ? 0 : (row[contestant].wall_s - base_wall) / (row[unit].wall_s - base_wall);
    case CPU:
        return (row[contestant].cpu_s - base_cpu) / program->pairs * 1e9;
    }
    return 0;
}

static double median(const struct rounds *rounds, int contestant, enum figure figure, double *spread)
{
    double *values = malloc(rounds->nr * sizeof *values);
    if (values == NULL)
        abort();
    for (size_t round = 0; round < rounds->nr; round++)
        values[round] = figure_of_round(rounds, round, contestant, figure);
    qsort(values, rounds->nr, sizeof *values, double_compare);
    double middle = (values[(rounds->nr - 1) / 2] + values[rounds->nr / 2]) / 2;
    if (spread != NULL)
        *spread = (values[rounds->nr - 1] - values[0]) / middle;
    free(values);
    return middle;
}

void scores_compute(const struct program *program, const struct trial *trials, size_t rounds,
                    const struct recorded *recorded, struct score *scores)
{
    const struct rounds all = {program, trials, rounds};
    for (size_t i = 0; i < program->nr_contestants; i++) {
        struct score *score = &scores[i];
        *score = (struct score){.lost = -1};
        score->wall_s = median(&all, (int)i, WALL, &score->spread);
        score->ns_per_pair = median(&all, (int)i, ABOVE, NULL);
        score->ratio = median(&all, (int)i, RATIO, NULL);
        score->cpu_ns_per_pair = median(&all, (int)i, CPU, NULL);
        for (size_t round = 0; round < rounds; round++) {
            const struct trial *trial = &trials[round * program->nr_contestants + i];
            score->program_mb = trial->program_mb > score->program_mb ? trial->program_mb : score->program_mb;
            score->helper_mb = trial->helper_mb > score->helper_mb ? trial->helper_mb : score->helper_mb;
            score->bytes_per_event = trial->trace_bytes / program->pairs / 2;
        }
        if (recorded[i].calls >= 0)
            score->lost = 1 - recorded[i].calls / program->pairs;
        score->waited_ms = recorded[i].waited_ns >= 0 ? recorded[i].waited_ns / 1e6 : -1;
    }
}
