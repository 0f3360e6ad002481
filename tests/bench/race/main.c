/*
 * Races the contestants of a plan (plan.h): in each round all of a program's contestants run once, one after the other,
 * so that what slows the machine down for a while slows all of them down; medians over the rounds are printed.
 */
#define _GNU_SOURCE
#include "plan.h"
#include "score.h"

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct race {
    size_t rounds;
    json_t *json; /* NULL: not wanted */
};

static const char usage[] = "usage: race [--rounds N] [--json FILE] PLAN\n";

static void print_number(int width, int decimals, double value, bool there)
{
    if (there)
        printf(" %*.*f", width, decimals, value);
    else
        printf(" %*s", width, "");
}

static void print_scores(const struct program *program, const struct score *scores)
{
    printf("\n%s: %.1f M calls, %s\n", program->name, program->pairs / 1e6,
           program->pinned ? "pinned to one CPU with all helpers" : "all CPUs free");
    printf("%-22s %8s %8s %7s %8s %8s %7s %7s %8s %7s\n", "", "wall s", "ns/pair", "x limit", "cpu/pair", "B/event",
           "MB", "helper", "waited", "lost %");
    for (size_t i = 0; i < program->nr_contestants; i++) {
        const struct score *score = &scores[i];
        printf("%-22s", program->contestants[i].name);
        print_number(8, 3, score->wall_s, true);
        print_number(8, score->ns_per_pair < 1e4 ? 2 : 0, score->ns_per_pair, true);
        print_number(7, 2, score->ratio, score->ratio != 0);
        print_number(8, score->cpu_ns_per_pair < 1e4 ? 2 : 0, score->cpu_ns_per_pair, true);
        print_number(8, 4, score->bytes_per_event, score->bytes_per_event > 0);
        print_number(7, 1, score->program_mb, true);
        print_number(7, 1, score->helper_mb, score->helper_mb > 0);
        print_number(8, 1, score->waited_ms, score->waited_ms >= 0);
        print_number(7, 3, score->lost * 100, score->lost != -1);
        putchar('\n');
    }
    fflush(stdout);
}

static json_t *scores_json(const struct program *program, const struct score *scores)
{
    json_t *list = json_array();
    for (size_t i = 0; i < program->nr_contestants; i++) {
        const struct score *score = &scores[i];
        json_array_append_new(
            list, json_pack("{ss sf sf sf sf sf sf sf sf sf sf}", "name", program->contestants[i].name, "wall_s",
                            score->wall_s, "ns_per_pair", score->ns_per_pair, "ratio_to_limit", score->ratio,
                            "cpu_ns_per_pair", score->cpu_ns_per_pair, "bytes_per_event", score->bytes_per_event,
                            "program_mb", score->program_mb, "helper_mb", score->helper_mb, "waited_ms",
                            score->waited_ms, "lost_share", score->lost, "spread", score->spread));
    }
    return json_pack("{ss sb sf so}", "program", program->name, "pinned", program->pinned, "pairs", program->pairs,
                     "contestants", list);
}

static int program_race(const struct race *race, const struct program *program)
{
    size_t nr = program->nr_contestants;
    int cpu = program->pinned ? (int)sysconf(_SC_NPROCESSORS_ONLN) - 1 : -1;
    struct trial *trials = calloc(race->rounds * nr + 1, sizeof *trials);
    struct score *scores = calloc(nr + 1, sizeof *scores);
    struct recorded *recorded = calloc(nr + 1, sizeof *recorded);
    int result = trials != NULL && scores != NULL && recorded != NULL ? 0 : -1;
    for (size_t i = 0; result == 0 && i < race->rounds * nr; i++)
        result = trial_run(&program->contestants[i % nr], cpu, &trials[i]);
    for (size_t i = 0; result == 0 && i < nr; i++)
        recorded[i] = trial_recorded(&program->contestants[i]);
    if (result == 0) {
        scores_compute(program, trials, race->rounds, recorded, scores);
        print_scores(program, scores);
        if (race->json != NULL)
            json_array_append_new(json_object_get(race->json, "programs"), scores_json(program, scores));
    }
    free(trials);
    free(scores);
    free(recorded);
    return result;
}

static void counts_print(const struct race *race, const struct plan *plan)
{
    if (plan->nr_counts > 0)
        printf("\ninstructions per enter and exit\n");
    for (size_t i = 0; i < plan->nr_counts; i++) {
        printf("%-30s %8.1f\n", plan->counts[i].name, plan->counts[i].value);
        if (race->json != NULL)
            json_object_set_new(json_object_get(race->json, "instructions"), plan->counts[i].name,
                                json_real(plan->counts[i].value));
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"rounds", required_argument, NULL, 'r'}, {"json", required_argument, NULL, 'j'}, {NULL, 0, NULL, 0}};
    struct race race = {.rounds = 5};
    const char *json_path = NULL;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'r')
            race.rounds = strtoul(optarg, NULL, 10);
        else if (option == 'j')
            json_path = optarg;
        else
            return fputs(usage, stderr), 1;
    }
    if (optind + 1 != argc || race.rounds == 0)
        return fputs(usage, stderr), 1;

    struct plan plan;
    int result = plan_read(&plan, argv[optind]);
    if (json_path != NULL)
        race.json = json_pack("{si s[] s{}}", "rounds", (int)race.rounds, "programs", "instructions");
    trials_prepare();
    for (size_t i = 0; result == 0 && i < plan.nr_programs; i++)
        result = program_race(&race, &plan.programs[i]);
    if (result == 0)
        counts_print(&race, &plan);
    if (result == 0 && race.json != NULL && json_dump_file(race.json, json_path, JSON_INDENT(1)) != 0) {
        fprintf(stderr, "race: cannot write %s\n", json_path);
        result = -1;
    }
    json_decref(race.json);
    plan_free(&plan);
    return result == 0 ? 0 : 1;
}
