/*
 * What the fuzz targets share. A target is a file fuzz_NAME.c with the one function below; inputs that are worth
 * keeping are the files in corpus/NAME. With clang and -DTRACERT_FUZZ=ON it is linked with libFuzzer, else with
 * driver.c, which runs the corpus.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* Stop, as a crash does, when what must hold does not; also in builds without assertions. */
void fuzz_require(int holds);

/* A file with these bytes; its path. One at a time: the next call changes it. */
const char *fuzz_file(const uint8_t *data, size_t bytes);

/*
 * A trace made of any bytes; its path, as fuzz_file. Random bytes never pass a checksum, so the input is what is behind
 * them: if the first byte is odd, the rest is the file as it is; else blocks follow, each a type, a thread, for chunks
 * the number of events, first and last ticks (8, 32, 32 bits), for the contents of memory how many pages of it are to
 * follow the payload (8 bits, the lower 3 of which count), the length of the payload (16 bits), and the payload.
 * Headers, checksums and compression are put around.
 */
const char *fuzz_trace(const uint8_t *data, size_t bytes);

#endif
