/*
 * What calls do over time, as findings: weighed, told once, in words.
 */
#include "profile/findings.h"

#include "base/number.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEAST_PERCENT 1

static int no_memory(struct err *err)
{
    return err_set(err, ERR_INPUT, "out of memory");
}

static bool is_plain(const char *name)
{
    for (; *name != '\0'; name++)
        if (!isalnum((unsigned char)*name) && *name != '_')
            return false;
    return true;
}

/* ---- Which --------------------------------------------------------------------------------------- */

/* Inner functions before those around them. */
static int time_compare(const void *a, const void *b, void *context)
{
    const struct profile *profile = context;
    const struct profile_rhythm *x = &profile->rhythms[*(const uint32_t *)a],
                                *y = &profile->rhythms[*(const uint32_t *)b];
    uint64_t x_ns = profile->functions[x->function].raw_inclusive_ns,
             y_ns = profile->functions[y->function].raw_inclusive_ns;
    return x_ns != y_ns ? (x_ns > y_ns) - (x_ns < y_ns) : (x->function < y->function) - (x->function > y->function);
}

/* The same in a function and in its caller: as many times, and half of the caller's excess or more. */
static bool is_explained(const struct profile_rhythm *outer, const struct profile_rhythm *inner)
{
    uint64_t more = outer->number > inner->number ? outer->number : inner->number;
    uint64_t less = outer->number > inner->number ? inner->number : outer->number;
    return outer->kind == inner->kind && (more - less) * 8 <= more && inner->excess_ns * 2 >= outer->excess_ns;
}

/* ---- In words ------------------------------------------------------------------------------------ */

static void sawtooth_tell(struct finding *finding, const struct profile_rhythm *rhythm, uint64_t whole_ns)
{
    char low[NUMBER_BYTES], high[NUMBER_BYTES], cycles[NUMBER_BYTES], period[NUMBER_BYTES], share[NUMBER_BYTES];
    char first[48] = "", number[NUMBER_BYTES];
    if (rhythm->first_calls > 0)
        snprintf(first, sizeof(first), ", in its first %s calls", number_grouped(number, rhythm->first_calls));
    snprintf(finding->text, sizeof(finding->text),
             "its calls %s from %s to %s%s, %s times%s, %s %s calls: %s %% of the run", rhythm->falls ? "fall" : "rise",
             number_time(low, rhythm->falls ? rhythm->high_ns : rhythm->low_ns),
             number_time(high, rhythm->falls ? rhythm->low_ns : rhythm->high_ns),
             rhythm->falls ? " and jump back" : " and drop back", number_grouped(cycles, rhythm->number), first,
             rhythm->is_regular ? "every" : "once in about", number_grouped(period, rhythm->period_calls),
             number_percent(share, rhythm->excess_ns, whole_ns));
}

static void beat_write(char *text, size_t bytes, const struct profile_rhythm *rhythm)
{
    char number[NUMBER_BYTES];
    if (rhythm->period_calls > 0)
        snprintf(text, bytes, ", one in every %s calls", number_grouped(number, rhythm->period_calls));
    else if (rhythm->period_ns > 0)
        snprintf(text, bytes, ", one every %s", number_time(number, rhythm->period_ns));
}

static void lockstep_tell(struct finding *finding, const struct profile_rhythm *rhythm, uint64_t whole_ns)
{
    char calls[NUMBER_BYTES], slow[NUMBER_BYTES], typical[NUMBER_BYTES], share[NUMBER_BYTES];
    char beat[64] = "", together[64] = "";
    beat_write(beat, sizeof(beat), rhythm);
    if (rhythm->together_permille > 0)
        snprintf(together, sizeof(together), ", in %u threads at the same time", rhythm->nr_threads);
    snprintf(finding->text, sizeof(finding->text), "%s calls take %s where others take %s%s%s: %s %% of the run",
             number_grouped(calls, rhythm->number), number_time(slow, rhythm->high_ns),
             number_time(typical, rhythm->low_ns), beat, together, number_percent(share, rhythm->excess_ns, whole_ns));
}

/* A command that goes on from here, where the name needs no quotes. */
static int advice_set(struct finding *finding, const char *name)
{
    if (!is_plain(name))
        return 0;
    int bytes = finding->kind == FINDING_SAWTOOTH ? asprintf(&finding->advice, "tracean hist %s", name)
                                                  : asprintf(&finding->advice, "tracean outliers %s", name);
    if (bytes < 0)
        finding->advice = NULL;
    return bytes < 0 ? -1 : 0;
}

static int rhythm_tell(struct findings *findings, const struct profile *profile, const struct profile_rhythm *rhythm)
{
    const struct profile_function *function = &profile->functions[rhythm->function];
    bool is_sawtooth = rhythm->kind == RHYTHM_SAWTOOTH;
    struct finding *finding =
        finding_add(findings, is_sawtooth ? FINDING_SAWTOOTH : FINDING_LOCKSTEP, rhythm->function);
    if (finding == NULL)
        return -1;
    finding->time_ns = rhythm->excess_ns;
    finding->calls = function->calls;
    finding->number = rhythm->number;
    (is_sawtooth ? sawtooth_tell : lockstep_tell)(finding, rhythm, profile->nodes[0].raw_inclusive_ns);
    return advice_set(finding, function->name);
}

int findings_of_rhythms(struct findings *findings, const struct profile *profile, struct err *err)
{
    uint32_t nr = 0, *told = calloc((size_t)profile->nr_rhythms + 1, sizeof(*told));
    double least_ns = (double)profile->nodes[0].raw_inclusive_ns * LEAST_PERCENT / 100;
    int result = told == NULL ? -1 : 0;
    for (uint32_t i = 0; told != NULL && i < profile->nr_rhythms; i++)
        if ((double)profile->rhythms[i].excess_ns >= least_ns)
            told[nr++] = i;
    if (nr > 0)
        qsort_r(told, nr, sizeof(*told), time_compare, (void *)(uintptr_t)profile);
    uint32_t nr_told = 0;
    for (uint32_t i = 0; i < nr && result == 0; i++) {
        const struct profile_rhythm *rhythm = &profile->rhythms[told[i]];
        bool explained = false;
        for (uint32_t j = 0; j < nr_told && !explained; j++)
            explained = is_explained(rhythm, &profile->rhythms[told[j]]);
        if (explained)
            continue;
        told[nr_told++] = told[i];
        result = rhythm_tell(findings, profile, rhythm);
    }
    free(told);
    return result == 0 ? 0 : no_memory(err);
}
