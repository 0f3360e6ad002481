/*
 * What to race: a text file, one thing a line, its parts separated by tabs; '#' begins a comment line.
 *
 *     program  NAME CPUS PAIRS BASE UNIT
 *         The contestants that follow run this program. CPUS: "free", or "pinned" to one CPU with all of their helpers.
 *         PAIRS: its calls, as an independent counter saw them. BASE: the contestant whose time the others' cost lies
 *         above, "-" for none. UNIT: the contestant whose cost is 1, "-" for none.
 *     try      NAME TRACE RECORDED BEFORE COMMAND AFTER
 *         A contestant. TRACE: the file or folder that it leaves; RECORDED: a command that prints how many calls are
 *         in it, and maybe how many ns its threads waited for the tracer; BEFORE and AFTER: commands around each run,
 * not timed, but what they leave running is paid for by the contestant until it ends; each "-" for none. Commands are
 * the shell's. count    NAME VALUE A figure for the table's foot: instructions per pair.
 */
#ifndef RACE_PLAN_H
#define RACE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct contestant {
    char *name;
    char *trace;
    char *recorded;
    char *before;
    char *command;
    char *after;
};

struct program {
    char *name;
    bool pinned;
    double pairs;
    char *base;
    char *unit;
    struct contestant *contestants;
    size_t nr_contestants;
};

struct count {
    char *name;
    double value;
};

struct plan {
    char *text; /* all strings point into it */
    struct program *programs;
    size_t nr_programs;
    struct count *counts;
    size_t nr_counts;
};

/* Read a plan. 0, or -1 with a line on stderr. Free it with plan_free() in both cases. */
int plan_read(struct plan *plan, const char *path);
void plan_free(struct plan *plan);

/* The contestant of that name; -1: none, or "-". */
int program_find(const struct program *program, const char *name);

#endif
