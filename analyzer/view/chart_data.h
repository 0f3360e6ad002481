/*
 * The calls in time, and how long calls took, for the scripts of the page.
 */
#ifndef CHART_DATA_H
#define CHART_DATA_H

#include "base/out.h"
#include "profile/chart.h"
#include "profile/profile.h"

/* The member "chart" of a JSON object (page/chart.js reads it); `chart` NULL: null. */
void chart_data_write(struct out *out, const struct chart *chart);

/* The member "durations": the histogram of each function (page/histogram.js). */
void durations_write(struct out *out, const struct profile *profile);

#endif
