/* fenced.c: what fenced chunks show of each call path. That all ways of replaying agree on it: check_replay.c, too. */
#include "replay_text.h"
#include "suite.h"
#include "trace_writer.h"

#include <stdlib.h>
#include <unistd.h>

/* Without modules a function is called by its address. */
static void enter(struct writer_thread *thread, uint64_t ticks, uint64_t fn)
{
    thread_enter(thread, ticks, fn, fn + 0x1000, false);
}

static struct writer_thread *trace_begin(struct writer *writer)
{
    writer_init(writer);
    writer_session(writer, 0);
    writer_process(writer, 1, 10, 0, 1000, 0);
    return writer_thread_new(writer, 1, 1, 7, 1000);
}

/* What the trace says (replay_text.h), in whatever way it is replayed; the caller frees it. */
static char *trace_end(struct writer *writer, struct writer_thread *thread)
{
    struct err err = {0};
    bool complete;
    thread_flush(thread);
    writer_thread_free(thread);
    writer_end(writer, 0);
    char *path = writer_save(writer), *text = trace_text(path, &complete, &err);
    ck_assert_msg(text != NULL, "%s", err.text);
    free(watch_text(path, 0, UINT64_MAX));
    unlink(path);
    free(path);
    writer_free(writer);
    return text;
}

/*
 * Gaps between hooks, each with the frame it lies in and whose hooks it begins and ends with. None of a region's ends,
 * of frames that are left, of long gaps; and none of the chunk that is not fenced.
 */
START_TEST(gaps_are_whose_hooks_they_lie_between)
{
    struct writer writer;
    struct writer_thread *thread = trace_begin(&writer);
    enter(thread, 2000, 0xa);
    enter(thread, 2010, 0xb);
    thread_exit(thread, 2030);
    thread_flush(thread);
    thread->flags = TF_CHUNK_FENCED;
    enter(thread, 2100, 0xb); /* what lies before it belongs to two chunks */
    thread_exit(thread, 2107);
    enter(thread, 2120, 0xb);
    enter(thread, 2125, 0xc);
    thread_exit(thread, 2128);
    thread_exit(thread, 2139);
    thread_region(thread, 2150, "phase");
    enter(thread, 2160, 0xb);
    thread_exit(thread, 2161);
    thread_exit(thread, 2170);
    enter(thread, 2180, 0xd);
    thread_unwind(thread, 2181);
    enter(thread, 2190, 0xb);
    thread_exit(thread, 2190 + 1000);
    thread_exit(thread, 3200);
    char *text = trace_end(&writer, thread);
    ck_assert_str_eq(text, "!thread 7 calls 8 exits 7 open 0 unwound 1 inherited 0 orphans 0 lost 0 stalled 0\n"
                           "a 1 1200 1200..1200 inlined 0 fenced 23 own 1 callees 3\n"
                           "a;b 4 1046 7..1000 inlined 0 fenced 23 own 4 callees 2\n"
                           "a;b;c 1 3 3..3 inlined 0 fenced 3 own 2 callees 0\n"
                           "a;d 1 1 1..1 inlined 0\n"
                           "a;phase 1 20 20..20 inlined 0\n"
                           "a;phase;b 1 1 1..1 inlined 0 fenced 1 own 2 callees 0\n");
    free(text);
}

END_TEST

/* A chunk that may be fenced begins with frames that nobody has told of, and leaves them. */
START_TEST(unknown_frames_end_the_walk)
{
    struct writer writer;
    struct writer_thread *thread = trace_begin(&writer);
    thread->list_max = 1;
    for (; thread->depth < 3; thread->depth++)
        thread->stack[thread->depth] = thread->frames[thread->depth] =
            (struct writer_frame){.fn = 0xa + thread->depth, .site = 0x1000, .ticks = 1000};
    thread->stack_depth = 3;
    thread->flags = TF_CHUNK_FENCED | TF_CHUNK_GAP;
    enter(thread, 3000, 0xd);
    for (uint64_t i = 0; i < 4; i++)
        thread_exit(thread, 3004 + i);
    enter(thread, 3010, 0xe);
    thread_exit(thread, 3020);
    char *text = trace_end(&writer, thread);
    ck_assert_msg(strstr(text, "d 1 4 4..4 inlined 0 fenced 4 own 2 callees 0\n") != NULL, "%s", text);
    ck_assert_msg(strstr(text, "e 1 10 10..10 inlined 0\n") != NULL, "%s", text);
    free(text);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("fenced");
    TCase *tcase = tcase_create("fenced");
    tcase_add_test(tcase, gaps_are_whose_hooks_they_lie_between);
    tcase_add_test(tcase, unknown_frames_end_the_walk);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
