#include "trace/anchors.h"

#define JUDGED_NS (10 * 1000 * 1000) /* a shorter stretch knows its rate too badly to say what it should have been */
#define JUMP_NS   (1000 * 1000)      /* reading both clocks may take as long on a busy machine */
#define JUMP_PART 1e-3               /* the system's clock is slewed by half of that at most */
#define NOISE_NS  (500 * 1000)       /* and so much may each end of the stretch be wrong, by which its rate is known */
#define JUMP_MOST 9e18               /* fits an int64_t */

static void stretch_begin(struct anchors *anchors, uint64_t ticks, uint64_t ns)
{
    anchors->start_ticks = anchors->last_ticks = ticks;
    anchors->start_ns = anchors->last_ns = ns;
}

/* How much farther the trace's clock has gone than its stretch lets expect, in ns; 0 when that cannot be said. */
static double jump_of(const struct anchors *anchors, uint64_t ticks, uint64_t ns)
{
    double so_far = (double)(anchors->last_ns - anchors->start_ns);
    if (so_far < JUDGED_NS || anchors->last_ticks == anchors->start_ticks)
        return 0;
    double rate = so_far / (double)(anchors->last_ticks - anchors->start_ticks);
    double passed = (double)(ns - anchors->last_ns), jump = (double)(ticks - anchors->last_ticks) * rate - passed;
    double slack = JUMP_NS + passed * (JUMP_PART + NOISE_NS / so_far);
    return jump > slack || -jump > slack ? jump : 0;
}

static void break_note(struct anchors *anchors, double jump_ns, uint64_t ns)
{
    if (anchors->nr_breaks++ > 0)
        return;
    anchors->break_ns = ns > anchors->first_ns ? ns - anchors->first_ns : 0;
    anchors->jump_ns = (int64_t)(jump_ns > JUMP_MOST ? JUMP_MOST : jump_ns < -JUMP_MOST ? -JUMP_MOST : jump_ns);
}

/* The break is where the trace's clock went on alone. */
static void gap_note(struct anchors *anchors, double jump_ns, uint64_t ticks, uint64_t ns)
{
    uint32_t nr = anchors->nr_gaps;
    uint64_t from = anchors->last_ticks, passed_ns = ns - anchors->last_ns, between = ticks - from;
    if (jump_ns <= 0 || nr == ANCHORS_GAPS || (nr > 0 && from < anchors->gaps[nr - 1].to_ticks))
        return;
    double rate = (double)(from - anchors->start_ticks) / (double)(anchors->last_ns - anchors->start_ns);
    double went = (double)passed_ns * rate;
    uint64_t kept = went < (double)between ? (uint64_t)went : between;
    anchors->gaps[nr] = (struct anchors_gap){.from_ticks = from, .to_ticks = ticks, .ticks = between - kept};
    anchors->nr_gaps++;
    anchors->gap_ns = passed_ns > anchors->gap_ns ? passed_ns : anchors->gap_ns;
}

uint64_t anchors_close(const struct anchors *anchors, uint64_t ticks)
{
    uint64_t before = 0;
    for (uint32_t i = 0; i < anchors->nr_gaps; i++) {
        const struct anchors_gap *gap = &anchors->gaps[i];
        if (ticks < gap->to_ticks) {
            uint64_t last = gap->to_ticks - gap->ticks;
            return (ticks < last ? ticks : last) - before;
        }
        before += gap->ticks;
    }
    return ticks - before;
}

uint64_t anchors_close_duration(const struct anchors *anchors, uint64_t end_ticks, uint64_t duration_ticks)
{
    for (uint32_t i = anchors->nr_gaps; i-- > 0;) {
        uint64_t at = anchors_close(anchors, anchors->gaps[i].to_ticks), since = end_ticks - at;
        if (end_ticks < at)
            continue;
        if (duration_ticks <= since)
            return duration_ticks;
        uint64_t more = duration_ticks - since;
        duration_ticks = since + (more > anchors->gaps[i].ticks ? more - anchors->gaps[i].ticks : 0);
    }
    return duration_ticks;
}

static void stretch_end(struct anchors *anchors)
{
    uint64_t ticks, ns;
    if (__builtin_add_overflow(anchors->sum_ticks, anchors->last_ticks - anchors->start_ticks, &ticks) ||
        __builtin_add_overflow(anchors->sum_ns, anchors->last_ns - anchors->start_ns, &ns))
        return;
    anchors->sum_ticks = ticks;
    anchors->sum_ns = ns;
}

void anchors_add(struct anchors *anchors, uint64_t ticks, uint64_t ns)
{
    if (!anchors->any) {
        anchors->any = true;
        anchors->first_ticks = ticks;
        anchors->first_ns = ns;
        stretch_begin(anchors, ticks, ns);
        return;
    }
    bool one_is_back = (ticks < anchors->last_ticks) != (ns < anchors->last_ns);
    bool both_are_back = ticks < anchors->last_ticks && ns < anchors->last_ns; /* a block that was put in later */
    double jump_ns = one_is_back || both_are_back ? 0 : jump_of(anchors, ticks, ns);
    if (one_is_back || jump_ns != 0)
        break_note(anchors, jump_ns, ns);
    if (jump_ns > 0)
        gap_note(anchors, jump_ns, ticks, ns);
    if (one_is_back || both_are_back || jump_ns != 0) {
        stretch_end(anchors);
        stretch_begin(anchors, ticks, ns);
        return;
    }
    anchors->last_ticks = ticks;
    anchors->last_ns = ns;
}

bool anchors_rate(const struct anchors *anchors, uint64_t *ticks, uint64_t *ns)
{
    struct anchors all = *anchors;
    stretch_end(&all);
    *ticks = all.sum_ticks;
    *ns = all.sum_ns;
    return *ticks > 0;
}
