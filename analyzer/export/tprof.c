#include "export/export.h"
#include "profile/file.h"

int export_tprof(const struct profile *profile, const struct view_options *options, struct out *out, struct err *err)
{
    (void)options;
    if (out_is_terminal(out))
        return err_set(err, ERR_USAGE, "a profile is not for a terminal: name a file, -o x.tprof");
    return profile_file_write(profile, out, err);
}
