/*
 * A sawtooth in a row of values: they rise steadily and drop, again and again; or they jump and fall steadily.
 *
 * It is one when there are four whole cycles or more, of eight values or more each, over half of the row or more; the
 * steady way is three times as long as the other one, in three of four cycles at least twice; seven of ten steps on it
 * go its direction; and its end is twice its beginning.
 */
#ifndef SAWTOOTH_H
#define SAWTOOTH_H

#include <stdbool.h>
#include <stdint.h>

#define SAWTOOTH_VALUES 256u /* most in a row */

struct sawtooth {
    uint32_t cycles; /* 0: it is none */
    bool falls;      /* the steady way is down */
    bool is_regular; /* no cycle is far from the mean */
    double period;   /* mean, in values */
    double low, high, mean;
    double middle; /* the value in the middle of all, by size; also where there is no sawtooth */
};

/* `nr` is at most SAWTOOTH_VALUES. */
struct sawtooth sawtooth_find(const float *values, uint32_t nr);

#endif
