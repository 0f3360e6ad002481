/* What the trials of one program come to: medians, and costs in proportion to the base's and the unit's. */
#ifndef RACE_SCORE_H
#define RACE_SCORE_H

#include "trial.h"

struct score {
    double wall_s;          /* median */
    double ns_per_pair;     /* wall, above the base in the same round; median */
    double ratio;           /* the same in proportion to the unit's in the same round; median; 0: there is no unit */
    double cpu_ns_per_pair; /* of program and helpers, above the base's; median */
    double bytes_per_event;
    double program_mb; /* the largest seen */
    double helper_mb;
    double waited_ms; /* by all threads, for the tracer, in the last round; -1: unknown */
    double lost;      /* share of the calls that is not in the trace; -1: no trace */
    double spread;    /* (largest - smallest) / median of wall_s */
};

/* `trials`: rounds * nr_contestants, round by round. `recorded`: of each contestant. */
void scores_compute(const struct program *program, const struct trial *trials, size_t rounds,
                    const struct recorded *recorded, struct score *scores);

#endif
