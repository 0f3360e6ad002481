/*
 * The values of options: each from its text; 0, or -1 with ERR_USAGE set and a text that says what would be right.
 */
#ifndef OPTION_VALUES_H
#define OPTION_VALUES_H

#include "cmd/command.h"

/* `name`: of the option, for the message. */
int value_number(const char *name, const char *text, uint32_t least, uint32_t *number, struct err *err);
int value_duration(const char *name, const char *text, uint64_t *time_ns, struct err *err);
int value_range(struct options *options, const char *text, struct err *err);
int value_instants(const char *text, uint64_t at_ns[2], struct err *err);
int value_call(struct options *options, const char *text, struct err *err);
int value_percent(const char *text, double *percent, struct err *err);
int value_positive(const char *name, const char *text, double *number, struct err *err);
int value_pixels(const char *text, double *percent, struct err *err);
int value_regex(const char *name, const char *text, struct err *err);
int value_color(struct options *options, const char *text, struct err *err);
int value_colors(struct options *options, const char *text, struct err *err);
/* "500k", "8M", "1.5G", with powers of 1000, or bytes. */
int value_size(const char *text, uint64_t *bytes, struct err *err);
int value_unit(struct options *options, const char *text, struct err *err);
int value_demangle(struct options *options, const char *text, struct err *err);
int value_wrappers(struct options *options, const char *text, struct err *err);
int value_weight(struct options *options, const char *text, struct err *err);

#endif
