/*
 * Object by object, so that what is wrong with one of them is kept with its names.
 */
#include "profile/pack.h"

#include "trace/rewrite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAYLOAD_BYTES = 4 << 20, /* a block is not made much larger */
    FIELD_BYTES = 2 * TF_VARINT_MAX
};

struct packer {
    struct pack *pack;
    const struct pack_request *request;
    struct rewrite rewrite;
    struct tf_header like; /* of the last block that was read */
    struct buffer raw;
    struct address *addresses; /* of the functions, by object and address */
    size_t nr_addresses;
    struct err *err;
};

/* The functions of one object. */
struct names {
    const struct trace_object *object;
    const struct address *addresses;
    struct trace_symbol *symbols; /* one for each address */
    size_t nr;
    struct arena arena;
    const char *notice; /* NULL: none */
};

static int no_memory(const struct packer *packer)
{
    return err_set(packer->err, ERR_INPUT, "out of memory: names of %zu functions", packer->nr_addresses);
}

/* ---- The blocks of the trace ---------------------------------------------------------------------- */

static int block_copy(void *context, uint64_t offset, const struct trace_chunk *chunk)
{
    struct packer *packer = context;
    struct tf_header header;
    const uint8_t *packed;
    (void)chunk;
    if (trace_block(packer->request->trace, offset, &header, &packer->raw, &packed, packer->err) != 0)
        return -1;
    packer->like = header;
    if (header.type == TF_BLOCK_END)
        return rewrite_keep_end(&packer->rewrite, packer->raw.bytes, header.raw_bytes, packer->err);
    if (header.type != TF_BLOCK_SYMBOLS)
        rewrite_copy(&packer->rewrite, &header, packed);
    return 0;
}

/* ---- Which functions ------------------------------------------------------------------------------ */

static int address_compare(const void *left, const void *right)
{
    const struct address *a = left, *b = right;
    if (a->object != b->object)
        return a->object < b->object ? -1 : 1;
    return (a->address > b->address) - (a->address < b->address);
}

static int addresses_collect(struct packer *packer)
{
    const struct function_set *functions = packer->request->functions;
    packer->addresses = calloc((size_t)functions->nr + 1, sizeof(*packer->addresses));
    if (packer->addresses == NULL)
        return no_memory(packer);
    for (uint32_t i = 0; i < functions->nr; i++)
        if (functions->ids[i].region == NULL && functions->ids[i].at.object != TRACE_NONE)
            packer->addresses[packer->nr_addresses++] = functions->ids[i].at;
    qsort(packer->addresses, packer->nr_addresses, sizeof(*packer->addresses), address_compare);
    return 0;
}

/* ---- What they are called ------------------------------------------------------------------------- */

static void notice_keep(void *context, const char *text)
{
    struct names *names = context;
    if (names->notice == NULL)
        names->notice = arena_copy(&names->arena, text, strlen(text));
}

/* Ask for names in one style; answers[nr]. */
static int names_ask(const struct packer *packer, struct names *names, enum symbol_names style, struct symbol *answers)
{
    const struct symbol_module module = {.path = names->object->path,
                                         .build_id = names->object->build_id_bytes > 0 ? names->object->build_id : NULL,
                                         .build_id_bytes = names->object->build_id_bytes};
    struct symbol_options options = *packer->request->options;
    struct symbol_query *queries = calloc(names->nr, sizeof(*queries));
    if (queries == NULL)
        return no_memory(packer);
    for (size_t i = 0; i < names->nr; i++)
        queries[i].address = names->addresses[i].address;
    options.names = style;
    int result = symbols_resolve(&module, 1, queries, names->nr, &options, answers, &names->arena, notice_keep, names,
                                 packer->err);
    free(queries);
    return result;
}

static int names_find(const struct packer *packer, struct names *names)
{
    struct symbol *full = calloc(names->nr, sizeof(*full)), *brief = calloc(names->nr, sizeof(*brief));
    int result = full == NULL || brief == NULL ? no_memory(packer) : 0;
    if (result == 0 && names_ask(packer, names, SYMBOL_NAMES_FULL, full) == 0 &&
        names_ask(packer, names, SYMBOL_NAMES_SHORT, brief) == 0) {
        for (size_t i = 0; i < names->nr; i++)
            names->symbols[i] = (struct trace_symbol){.linkage = full[i].linkage,
                                                      .name = full[i].name,
                                                      .short_name = brief[i].name,
                                                      .file = full[i].file,
                                                      .line = full[i].line};
    } else {
        result = -1;
    }
    free(full);
    free(brief);
    return result;
}

/* What is in the trace already stays as it is: the file may be gone, or another one. */
static void names_keep(struct names *names)
{
    for (size_t i = 0; i < names->nr; i++) {
        const struct trace_symbol *known = trace_symbol_find(names->object, names->addresses[i].address);
        if (known != NULL)
            names->symbols[i] = *known;
    }
    names->notice = names->object->names_notice;
}

/* ---- SYMBOLS blocks ------------------------------------------------------------------------------- */

static size_t text_bytes(const char *text)
{
    return text == NULL ? 0 : FIELD_BYTES + strlen(text);
}

static uint8_t *text_put(uint8_t *to, uint32_t key, const char *text, const char *otherwise)
{
    if (text == NULL || (otherwise != NULL && strcmp(text, otherwise) == 0))
        return to;
    return tf_put_field(to, key, text, strlen(text));
}

static uint8_t *symbol_put(uint8_t *to, const struct trace_symbol *symbol, uint64_t address, uint8_t *scratch)
{
    uint8_t *end = tf_put_field_number(scratch, TF_FIELD_SYMBOL_ADDRESS, address);
    end = text_put(end, TF_FIELD_SYMBOL_LINKAGE, symbol->linkage, NULL);
    end = text_put(end, TF_FIELD_SYMBOL_NAME, symbol->name, symbol->linkage);
    end = text_put(end, TF_FIELD_SYMBOL_SHORT, symbol->short_name, symbol->name);
    end = text_put(end, TF_FIELD_SYMBOL_FILE, symbol->file, NULL);
    if (symbol->line > 0)
        end = tf_put_field_number(end, TF_FIELD_SYMBOL_LINE, symbol->line);
    return tf_put_field(to, TF_FIELD_SYMBOL, scratch, (size_t)(end - scratch));
}

static size_t symbol_bytes(const struct trace_symbol *symbol)
{
    return 4 * FIELD_BYTES + text_bytes(symbol->linkage) + text_bytes(symbol->name) + text_bytes(symbol->short_name) +
           text_bytes(symbol->file);
}

/* One block with as many of the functions from `first` on as go into it. Returns how many; 0 on failure. */
static size_t block_write(struct packer *packer, const struct names *names, size_t first)
{
    const struct tf_header header = {.type = TF_BLOCK_SYMBOLS,
                                     .flags = TF_BLOCK_MAY_SKIP,
                                     .anchor_ticks = packer->like.anchor_ticks,
                                     .anchor_ns = packer->like.anchor_ns};
    size_t bytes = text_bytes(names->object->path) + names->object->build_id_bytes + text_bytes(names->notice) +
                   2 * FIELD_BYTES,
           last = first, largest = 0;
    while (last < names->nr && (last == first || bytes < PAYLOAD_BYTES)) {
        size_t one = symbol_bytes(&names->symbols[last++]);
        bytes += one;
        largest = one > largest ? one : largest;
    }
    uint8_t *payload = malloc(bytes + largest), *to = payload;
    if (payload == NULL) {
        no_memory(packer);
        return 0;
    }
    to = tf_put_field(to, TF_FIELD_MODULE_PATH, names->object->path, strlen(names->object->path));
    to = tf_put_field(to, TF_FIELD_BUILD_ID, names->object->build_id, names->object->build_id_bytes);
    to = text_put(to, TF_FIELD_SYMBOL_NOTICE, names->notice, NULL);
    for (size_t i = first; i < last; i++)
        to = symbol_put(to, &names->symbols[i], names->addresses[i].address, payload + bytes);
    int result = rewrite_block(&packer->rewrite, &header, payload, (size_t)(to - payload), packer->err);
    free(payload);
    return result == 0 ? last - first : 0;
}

static int names_write(struct packer *packer, const struct names *names)
{
    for (size_t done = 0, nr; done < names->nr; done += nr) {
        nr = block_write(packer, names, done);
        if (nr == 0)
            return -1;
    }
    packer->pack->nr_objects++;
    packer->pack->nr_functions += (uint32_t)names->nr;
    for (size_t i = 0; i < names->nr; i++)
        packer->pack->nr_named += names->symbols[i].linkage != NULL;
    return 0;
}

static int object_pack(struct packer *packer, const struct address *addresses, size_t nr)
{
    struct names names = {
        .object = &packer->request->trace->objects[addresses[0].object], .addresses = addresses, .nr = nr};
    arena_init(&names.arena, 0);
    names.symbols = calloc(nr, sizeof(*names.symbols));
    int result = names.symbols == NULL ? no_memory(packer) : 0;
    if (result == 0 && names.object->names != NULL)
        names_keep(&names);
    else if (result == 0)
        result = names_find(packer, &names);
    if (result == 0)
        result = names_write(packer, &names);
    if (result == 0 && names.notice != NULL)
        packer->request->notice(packer->request->context, names.notice);
    free(names.symbols);
    arena_release(&names.arena);
    return result;
}

static int objects_pack(struct packer *packer)
{
    int result = 0;
    for (size_t first = 0, last; first < packer->nr_addresses && result == 0; first = last) {
        for (last = first + 1;
             last < packer->nr_addresses && packer->addresses[last].object == packer->addresses[first].object;)
            last++;
        result = object_pack(packer, packer->addresses + first, last - first);
    }
    return result;
}

int pack_trace(struct pack *pack, const struct pack_request *request, struct out *out, struct err *err)
{
    struct packer packer = {.pack = pack, .request = request, .err = err};
    *pack = (struct pack){0};
    int result = rewrite_init(&packer.rewrite, out, request->trace->session, err);
    if (result == 0)
        result = rewrite_each(request->trace, block_copy, &packer);
    if (result == 0)
        result = addresses_collect(&packer);
    if (result == 0)
        result = objects_pack(&packer);
    if (result == 0)
        result = rewrite_end(&packer.rewrite, &packer.like, NULL, err);
    free(packer.addresses);
    buffer_release(&packer.raw);
    rewrite_release(&packer.rewrite);
    return result;
}
