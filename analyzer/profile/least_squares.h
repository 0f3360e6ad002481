/*
 * Three unknowns, and more equations than that: what comes nearest to all of them. Pure; any thread.
 *
 * Each equation is y = u[0] * x[0] + u[1] * x[1] + u[2] * x[2], and counts by its weight; the sum of the weighted
 * squares of what is left between its sides is the least there is (the normal equations of linear regression).
 */
#ifndef LEAST_SQUARES_H
#define LEAST_SQUARES_H

#include <stdbool.h>

#define UNKNOWNS 3

/* All zero: no equation yet. */
struct least_squares {
    double a[UNKNOWNS][UNKNOWNS + 1];
};

void least_squares_add(struct least_squares *sums, const double x[UNKNOWNS], double y, double weight);

/* False: the equations do not tell. */
bool least_squares_solve(const struct least_squares *sums, double unknowns[UNKNOWNS]);

#endif
