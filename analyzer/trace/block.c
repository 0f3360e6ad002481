/*
 * Every byte of a block is covered: the header by its CRC, the payload by zstd's checksum, whose presence is demanded.
 */
#include "trace/block.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

enum {
    SEARCH_BYTES = 64 << 10,
    SIGNATURE_AT = 8, /* offset of the signature in a block */
    SIGNATURE_BYTES = 8,
    WINDOW_LOG_MAX = 24,          /* TF_RAW_MAX: no frame of ours needs a larger window */
    FRAME_FLAGS_AT = 4,           /* zstd frame: the descriptor byte behind the magic number … */
    FRAME_HAS_CHECKSUM = 1u << 2, /* … its checksum flag */
    FRAME_SPARE = 3u << 3,        /* … and bits that nobody checks */
    FRAME_BYTES_MIN = 5,
    FRAMES_SPARE = 4096 /* for the frames of one payload, above what its bytes take */
};

int block_file_init(struct block_file *file, struct err *err)
{
    file->inflater = ZSTD_createDCtx();
    if (file->inflater == NULL ||
        ZSTD_isError(ZSTD_DCtx_setParameter(file->inflater, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
        return err_set(err, ERR_INPUT, "out of memory");
    return 0;
}

void block_file_release(struct block_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    ZSTD_freeDCtx(file->inflater);
    buffer_release(&file->packed);
}

void buffer_release(struct buffer *buffer)
{
    free(buffer->bytes);
    *buffer = (struct buffer){0};
}

int buffer_reserve(struct buffer *buffer, size_t bytes, struct err *err)
{
    if (bytes <= buffer->capacity && buffer->bytes != NULL)
        return 0;
    free(buffer->bytes);
    buffer->capacity = bytes + bytes / 4 + 64;
    buffer->bytes = malloc(buffer->capacity);
    if (buffer->bytes != NULL)
        return 0;
    buffer->capacity = 0;
    return err_set(err, ERR_INPUT, "out of memory");
}

/* As many of `bytes` bytes as there are; -1 with err set when they cannot be read. */
static ssize_t file_read(const struct block_file *file, uint64_t offset, uint8_t *to, size_t bytes, struct err *err)
{
    size_t got = 0;
    while (got < bytes) {
        ssize_t result = pread(file->fd, to + got, bytes - got, (off_t)(offset + got));
        if (result < 0 && errno == EINTR)
            continue;
        if (result < 0)
            return err_set_errno(err, ERR_INPUT, errno, "the trace cannot be read");
        if (result == 0)
            break;
        got += (size_t)result;
    }
    return (ssize_t)got;
}

/* Is there an intact header at `offset`? 1, 0 or -1. */
static int header_read(const struct block_file *file, uint64_t offset, uint64_t end, struct tf_header *header,
                       struct err *err)
{
    uint8_t bytes[TF_HEADER_BYTES];
    if (end < TF_HEADER_BYTES || offset > end - TF_HEADER_BYTES)
        return 0;
    ssize_t got = file_read(file, offset, bytes, sizeof(bytes), err);
    if (got < 0)
        return -1;
    return got == (ssize_t)sizeof(bytes) && tf_header_load(bytes, header) == 0;
}

int block_find(struct block_file *file, uint64_t *offset, uint64_t end, struct tf_header *header, struct err *err)
{
    uint8_t window[SEARCH_BYTES];
    uint64_t at = *offset;
    int result = header_read(file, at, end, header, err);
    if (result != 0)
        return result;
    at += SIGNATURE_AT;
    while (at + SIGNATURE_BYTES <= end) {
        ssize_t got = file_read(file, at, window, end - at < sizeof(window) ? (size_t)(end - at) : sizeof(window), err);
        if (got < SIGNATURE_BYTES)
            return got < 0 ? -1 : 0;
        const uint8_t *found = memmem(window, (size_t)got, TF_SIGNATURE, SIGNATURE_BYTES);
        if (found == NULL) {
            at += (uint64_t)got - (SIGNATURE_BYTES - 1);
            continue;
        }
        at += (uint64_t)(found - window);
        result = header_read(file, at - SIGNATURE_AT, end, header, err);
        if (result != 0) {
            *offset = at - SIGNATURE_AT;
            return result;
        }
        at++;
    }
    return 0;
}

/* Append what the frame at the beginning of packed[0, *bytes) holds to raw[*used, raw_bytes), and step behind it. */
static int frame_load(struct block_file *file, const uint8_t **packed, size_t *bytes, uint8_t *raw, size_t raw_bytes,
                      size_t *used, struct err *err)
{
    size_t frame_bytes = ZSTD_findFrameCompressedSize(*packed, *bytes);
    if (ZSTD_isError(frame_bytes) || frame_bytes < FRAME_BYTES_MIN ||
        ((*packed)[FRAME_FLAGS_AT] & (FRAME_HAS_CHECKSUM | FRAME_SPARE)) != FRAME_HAS_CHECKSUM ||
        tf_load32(*packed) != ZSTD_MAGICNUMBER)
        return err_set(err, ERR_INCOMPLETE, "its payload is not of frames with checksums");
    unsigned long long content = ZSTD_getFrameContentSize(*packed, frame_bytes);
    if (content > raw_bytes - *used)
        return err_set(err, ERR_INCOMPLETE, "its size contradicts its header");
    size_t got = ZSTD_decompressDCtx(file->inflater, raw + *used, (size_t)content, *packed, frame_bytes);
    if (ZSTD_isError(got))
        return err_set(err, ERR_INCOMPLETE, "%s", ZSTD_getErrorName(got));
    *used += got;
    *packed += frame_bytes;
    *bytes -= frame_bytes;
    return 0;
}

int block_load(struct block_file *file, uint64_t offset, uint32_t payload_bytes, uint32_t raw_bytes, struct buffer *raw,
               struct err *err)
{
    if (raw_bytes > TF_RAW_MAX)
        return err_set(err, ERR_INCOMPLETE, "its size is impossible");
    if (payload_bytes > ZSTD_compressBound(TF_RAW_MAX) + FRAMES_SPARE)
        return err_set(err, ERR_INCOMPLETE, "its compressed size is impossible");
    if (buffer_reserve(&file->packed, payload_bytes, err) != 0 || buffer_reserve(raw, raw_bytes, err) != 0)
        return -1;
    ssize_t got = file_read(file, offset + TF_HEADER_BYTES, file->packed.bytes, payload_bytes, err);
    if (got < 0)
        return -1;
    if (got != (ssize_t)payload_bytes || payload_bytes < FRAME_BYTES_MIN)
        return err_set(err, ERR_INCOMPLETE, "it is cut off");
    const uint8_t *packed = file->packed.bytes;
    size_t left = payload_bytes;
    size_t used = 0;
    while (left > 0) {
        if (frame_load(file, &packed, &left, raw->bytes, raw_bytes, &used, err) != 0)
            return -1;
    }
    return used == raw_bytes ? 0 : err_set(err, ERR_INCOMPLETE, "its size contradicts its header");
}
