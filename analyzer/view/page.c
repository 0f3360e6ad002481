/*
 * The page: one HTML file with everything that is known of a profile, and nothing outside of it. Its policy lets no
 * script run but those that are listed here, by their hashes, and nothing be loaded from anywhere.
 */
#include "view/views.h"

#include "base/escape.h"
#include "base/number.h"
#include "profile/by_thread.h"
#include "profile/pair.h"
#include "profile/sources.h"
#include "view/chart_data.h"
#include "view/heap_page.h"
#include "view/page_files.h"
#include "view/title.h"
#include "view/tree_data.h"

#include <stdlib.h>
#include <string.h>

#define NODES_MAX        200000u /* of the call tree */
#define THREAD_NODES_MAX 25000u  /* of that of a single thread */
#define FUNCTIONS_MAX    50u     /* in the table for readers without scripts */

static void policy_write(struct out *out)
{
    out_text(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; "
                  "form-action 'none'; style-src");
    for (size_t i = 0; i < nr_page_styles; i++)
        out_format(out, " 'sha256-%s'", page_styles[i].sha256);
    out_text(out, "; script-src");
    for (size_t i = 0; i < nr_page_scripts; i++)
        out_format(out, " 'sha256-%s'", page_scripts[i].sha256);
    out_text(out, "\">\n");
}

static void file_write(struct out *out, const char *element, const struct embedded_file *file)
{
    out_format(out, "<%s>", element);
    out_bytes(out, file->text, *file->bytes);
    out_format(out, "</%s>\n", element);
}

static void head_write(struct out *out, const char *title)
{
    out_text(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    policy_write(out);
    out_text(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
    escape_xml(out, title, strlen(title));
    out_text(out, "</title>\n");
    for (size_t i = 0; i < nr_page_styles; i++)
        file_write(out, "style", &page_styles[i]);
    out_text(out, "</head>\n");
}

/* What each function has by its own in both profiles; the caller frees it. */
static struct pair_side *own_of(const struct pair *pair, const struct pair_side *side)
{
    const struct profile *both = pair->both;
    struct pair_side *own = calloc((size_t)both->nr_functions + 1, sizeof(*own));
    for (uint32_t i = 1; own != NULL && i < both->nr_nodes; i++) {
        own[both->nodes[i].function].calls += side[i].calls;
        own[both->nodes[i].function].exclusive_ns += side[i].exclusive_ns;
    }
    return own;
}

static int noscript_write_pair(struct out *out, const struct pair *pair, struct err *err)
{
    const struct profile *both = pair->both;
    uint32_t nr = both->nr_functions < FUNCTIONS_MAX ? both->nr_functions : FUNCTIONS_MAX;
    struct pair_side *base = own_of(pair, pair->base), *now = own_of(pair, pair->now);
    if (base != NULL && now != NULL) {
        out_format(out,
                   "<noscript><p>Without scripts: %u of %u functions, their own time.</p><table><tr><th>Base<th>New<th>"
                   "Function</tr>\n",
                   nr, both->nr_functions);
        for (uint32_t i = 0; i < nr; i++) {
            out_text(out, "<tr><td>");
            amount_write(out, both, base[i].exclusive_ns);
            out_text(out, "<td>");
            amount_write(out, both, now[i].exclusive_ns);
            out_text(out, "<td>");
            escape_xml(out, both->functions[i].label, strlen(both->functions[i].label));
            out_text(out, "</tr>\n");
        }
        out_text(out, "</table></noscript>\n");
    }
    int result = base != NULL && now != NULL ? 0 : err_set(err, ERR_INPUT, "out of memory");
    free(base);
    free(now);
    return result;
}

static void noscript_write(struct out *out, const struct profile *profile)
{
    uint32_t nr = profile->nr_functions < FUNCTIONS_MAX ? profile->nr_functions : FUNCTIONS_MAX;
    char text[NUMBER_BYTES];
    out_format(out,
               "<noscript><p>Without scripts: %u of %u functions, by their own time.</p><table><tr><th>Self %%<th>"
               "Total %%<th>Calls<th>Function</tr>\n",
               nr, profile->nr_functions);
    for (uint32_t i = 0; i < nr; i++) {
        const struct profile_function *function = &profile->functions[i];
        uint64_t whole = profile->nodes[0].inclusive_ns;
        out_format(out, "<tr><td>%s", number_percent(text, function->exclusive_ns, whole));
        out_format(out, "<td>%s", number_percent(text, function->inclusive_ns, whole));
        out_format(out, "<td>%s<td>", number_grouped(text, function->calls));
        escape_xml(out, function->label, strlen(function->label));
        out_text(out, "</tr>\n");
    }
    out_text(out, "</table></noscript>\n");
}

static void sources_write(struct out *out, const struct sources *sources)
{
    out_text(out, "\"sources\":[");
    for (uint32_t i = 0; sources != NULL && i < sources->nr; i++) {
        out_format(out, "%s{\"function\":%u,\"line\":%u,\"text\":", i > 0 ? ",\n" : "\n", sources->list[i].function,
                   sources->list[i].first_line);
        escape_json(out, sources->list[i].text);
        out_char(out, '}');
    }
    out_char(out, ']');
}

/* Members of an object: the tree of a profile, and how long its calls took. */
static void times_write(struct out *out, const struct profile *profile, const struct view_options *options,
                        uint32_t nr_nodes_max)
{
    struct tree_cut cut = tree_cut_choose(profile, options->min_width, nr_nodes_max);
    tree_data_write(out, profile, options, &cut);
    out_text(out, ",\n");
    durations_write(out, profile);
}

/* What `tracean report --format json` says, all of it. */
static int report_write(struct out *out, const struct profile *profile, const struct view_options *options,
                        struct err *err)
{
    struct view_options all = *options;
    all.top = 0;
    return report_json(profile, &all, out, err);
}

/* Of each thread what there is of the run, to be read when somebody chooses it; and a list of them. */
static int threads_write(struct out *out, const struct view_options *options, struct err *err)
{
    const struct by_thread *threads = options->threads;
    for (uint32_t i = 0; threads != NULL && i < threads->nr; i++) {
        out_format(out, "<script type=\"application/json\" id=\"thread-%u\">{\"data\":{", i);
        times_write(out, threads->profiles[i], options, THREAD_NODES_MAX);
        out_text(out, "},\n\"report\":");
        if (report_write(out, threads->profiles[i], options, err) != 0)
            return -1;
        out_text(out, "}</script>\n");
    }
    return 0;
}

static void thread_list_write(struct out *out, const struct by_thread *threads)
{
    out_text(out, "\"threads\":[");
    for (uint32_t i = 0; threads != NULL && i < threads->nr; i++) {
        const struct profile *profile = threads->profiles[i];
        out_format(out, "%s{\"pid\":%u,\"tid\":%u,\"calls\":%llu,\"name\":", i > 0 ? ",\n" : "\n",
                   profile->threads[0].pid, profile->threads[0].tid, (unsigned long long)profile->facts.nr_calls);
        escape_json(out, profile->threads[0].name);
        out_char(out, '}');
    }
    out_format(out, "],\n\"other_threads\":%u", threads != NULL ? threads->nr_others : 0);
}

static int data_write(const struct profile *profile, const struct view_options *options, struct out *out,
                      struct err *err)
{
    out_text(out, "<script type=\"application/json\" id=\"data\">{\"title\":");
    escape_json(out, title_of(profile, options));
    out_text(out, ",\n");
    times_write(out, profile, options, NODES_MAX);
    out_text(out, ",\n");
    thread_list_write(out, options->threads);
    out_text(out, ",\n");
    chart_data_write(out, options->chart);
    out_text(out, ",\n");
    sources_write(out, options->sources);
    out_text(out, "}</script>\n<script type=\"application/json\" id=\"report\">");
    if (options->pair != NULL) { /* the numbers of each stand in the tree; those of both together mean nothing */
        out_format(out, "{\"trace\":{\"complete\":%s},", profile->facts.complete ? "true" : "false");
        tree_data_write_functions(out, profile);
        out_text(out, "}</script>\n");
        return 0;
    }
    if (report_write(out, profile, options, err) != 0)
        return -1;
    out_text(out, "</script>\n");
    return threads_write(out, options, err) == 0 ? heap_page_write(options->heap, options, out, err) : -1;
}

int page_html(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err)
{
    head_write(out, title_of(profile, options));
    out_bytes(out, page_body.text, *page_body.bytes);
    if (options->pair != NULL && noscript_write_pair(out, options->pair, err) != 0)
        return -1;
    if (options->pair == NULL)
        noscript_write(out, profile);
    if (data_write(profile, options, out, err) != 0)
        return -1;
    for (size_t i = 0; i < nr_page_scripts; i++)
        file_write(out, "script", &page_scripts[i]);
    out_text(out, "</body>\n</html>\n");
    return 0;
}
