/*
 * In the place of libFuzzer, for any compiler: runs the target once for each file that is named, or lies in a folder
 * that is named.
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned nr_inputs;

static void file_run(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    size_t bytes = 0, got;
    if (file == NULL)
        return;
    do {
        data = realloc(data, bytes + 65536);
        fuzz_require(data != NULL);
        got = fread(data + bytes, 1, 65536, file);
        bytes += got;
    } while (got > 0);
    fclose(file);
    LLVMFuzzerTestOneInput(data, bytes);
    free(data);
    nr_inputs++;
}

static void folder_run(DIR *folder, const char *path)
{
    struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        char file[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        file_run(file);
    }
    closedir(folder);
}

int main(int argc, char **argv)
{
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        if (folder != NULL)
            folder_run(folder, argv[i]);
        else
            file_run(argv[i]);
    }
    fprintf(stderr, "%u inputs\n", nr_inputs);
    return nr_inputs > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
