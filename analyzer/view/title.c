#include "view/title.h"

#include "base/escape.h"
#include "base/number.h"

#include <string.h>
#include <time.h>

const char *title_of(const struct profile *profile, const struct view_options *options)
{
    const struct profile_facts *facts = &profile->facts;
    if (options->title)
        return options->title;
    return facts->command[0] != '\0' ? facts->command : facts->source;
}

void subtitle_write(struct out *out, const struct profile *profile)
{
    const struct profile_facts *facts = &profile->facts;
    char text[NUMBER_BYTES], when_text[64];
    time_t seconds = (time_t)(facts->realtime_ns / 1000000000);
    struct tm when;
    amount_write(out, profile, profile->nodes[0].inclusive_ns);
    if (facts->has_calls) {
        out_format(out, " in %u thread%s", facts->nr_threads, facts->nr_threads == 1 ? "" : "s");
        out_format(out, ", %s calls", number_grouped(text, facts->nr_calls));
    }
    if (facts->realtime_ns > 0 && localtime_r(&seconds, &when) &&
        strftime(when_text, sizeof(when_text), "%Y-%m-%d %H:%M:%S", &when) > 0)
        out_format(out, ", %s", when_text);
    if (!facts->complete)
        out_format(out, ", INCOMPLETE: %s events lost", number_grouped(text, facts->dropped_events));
}

void pair_subtitle_write(struct out *out, const struct pair *pair)
{
    amount_write(out, pair->both, pair->base[0].inclusive_ns);
    out_text(out, " → ");
    amount_write(out, pair->both, pair->now[0].inclusive_ns);
    out_text(out, "; orange took more, blue less, yellow is new, dark grey is gone");
    if (!pair->both->facts.complete)
        out_text(out, "; INCOMPLETE");
}

void amount_write(struct out *out, const struct profile *profile, uint64_t value)
{
    const char *unit = profile->facts.unit;
    char text[NUMBER_BYTES];
    if (strcmp(unit, "ns") == 0) {
        out_text(out, number_time(text, value));
        return;
    }
    out_format(out, "%s ", number_grouped(text, value));
    escape_xml(out, unit, strlen(unit));
}
