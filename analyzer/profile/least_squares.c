#include "profile/least_squares.h"

void least_squares_add(struct least_squares *sums, const double x[UNKNOWNS], double y, double weight)
{
    for (int i = 0; i < UNKNOWNS; i++) {
        for (int j = 0; j < UNKNOWNS; j++)
            sums->a[i][j] += weight * x[i] * x[j];
        sums->a[i][UNKNOWNS] += weight * x[i] * y;
    }
}

/* A pivot that is so much smaller than what it was at first is made of rounding errors. */
#define SINGULAR 1e-9

/* Gauss and Jordan's elimination; the matrix is symmetric and not negative, so that no rows need to be swapped. */
bool least_squares_solve(const struct least_squares *sums, double unknowns[UNKNOWNS])
{
    struct least_squares m = *sums;
    for (int i = 0; i < UNKNOWNS; i++) {
        double pivot = m.a[i][i];
        if (!(pivot > SINGULAR * sums->a[i][i]))
            return false;
        for (int j = i; j <= UNKNOWNS; j++)
            m.a[i][j] /= pivot;
        for (int k = 0; k < UNKNOWNS; k++) {
            double factor = m.a[k][i];
            for (int j = i; j <= UNKNOWNS && k != i; j++)
                m.a[k][j] -= factor * m.a[i][j];
        }
    }
    for (int i = 0; i < UNKNOWNS; i++)
        unknowns[i] = m.a[i][UNKNOWNS];
    return true;
}
