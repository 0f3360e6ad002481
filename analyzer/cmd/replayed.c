#include "cmd/replayed.h"

#include "cmd/progress.h"
#include "profile/function_names.h"

struct profile_function *replayed_names(const struct replayed *replayed, struct err *err)
{
    struct symbol_options symbols = input_symbols(replayed->options);
    struct function_names_request request = {.trace = replayed->trace,
                                             .functions = &replayed->replay->functions,
                                             .options = &symbols,
                                             .notice = notices_add,
                                             .context = replayed->notices};
    return function_names(&request, replayed->arena, err);
}

int replayed_show(const struct options *options, const struct replay_filter *filter,
                  int (*show)(const struct replayed *replayed, struct err *err))
{
    struct err err = {0};
    struct replay replay = {0};
    struct notices notices = {0};
    struct arena arena;
    uint64_t nr_dropped = 0;
    struct trace *trace = input_open_single(options, &err);
    if (!trace)
        return command_fail(&err);
    struct replayed replayed = {options, trace, &replay, &notices, &arena};
    arena_init(&arena, 0);
    struct progress progress = progress_begin(options, trace->path);
    int result = replay_init(&replay, trace, filter, &err);
    replay.progress = progress_show;
    replay.progress_context = &progress;
    result = result == 0 ? replay_run(&replay, &err) : result;
    progress_end(&progress);
    replay.progress = NULL;
    if (result == 0) {
        nr_dropped = replay_dropped(&replay); /* now: whoever shows it may replay again */
        result = show(&replayed, &err);
    }
    for (size_t i = 0; i < notices.nr; i++)
        command_notice(options, notices.texts[i]);
    int status = result != 0 ? command_fail(&err) : input_status(options, trace, nr_dropped);
    replay_release(&replay);
    notices_release(&notices);
    arena_release(&arena);
    trace_close(trace);
    return status;
}
