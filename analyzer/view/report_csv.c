#include "view/views.h"

#include "base/escape.h"

int report_csv(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err)
{
    (void)err;
    uint32_t nr = options->top > 0 && options->top < profile->nr_functions ? options->top : profile->nr_functions;
    out_text(out, "name,label,module,file,line,kind,calls,inlined_calls,inclusive_ns,exclusive_ns,min_ns,mean_ns,"
                  "max_ns\r\n");
    for (uint32_t i = 0; i < nr; i++) {
        const struct profile_function *f = &profile->functions[i];
        const char *const texts[] = {f->name, f->label, f->module, f->file};
        for (unsigned t = 0; t < 4; t++) {
            escape_csv(out, texts[t]);
            out_char(out, ',');
        }
        out_format(out, "%u,%s,%llu,%llu,%llu,%llu,%llu,%llu,%llu\r\n", f->line, function_kind_name(f->kind),
                   (unsigned long long)f->calls, (unsigned long long)f->inlined_calls,
                   (unsigned long long)f->inclusive_ns, (unsigned long long)f->exclusive_ns,
                   (unsigned long long)f->min_ns, (unsigned long long)function_mean_ns(f),
                   (unsigned long long)f->max_ns);
    }
    return 0;
}
