#include "interpose/interpose.h"

__thread struct interposed tracert__interposed;

static void pending_tell(struct interposed *own)
{
    const struct interposed_block pending = own->pending;
    own->pending.block = NULL;
    if (pending.block != NULL)
        tracert__heap_allocated(pending.block, pending.bytes, (enum tf_api)pending.api, pending.caller, pending.frame);
}

/* False: the outer one was left by a jump. */
static bool is_inside(struct interposed *own, const void *frame)
{
    pending_tell(own);
    if (frame < own->frame)
        return true;
    own->frame = own->released = NULL;
    return false;
}

void tracert__interposed_alloc(const struct interposed_block *block, const void *frame)
{
    struct interposed *own = &tracert__interposed;
    if (is_inside(own, frame)) {
        own->pending = *block;
        own->pending.frame = own->frame; /* the inner one's own frame goes first */
    } else {
        tracert__heap_allocated(block->block, block->bytes, (enum tf_api)block->api, block->caller, frame);
    }
}

bool tracert__interposed_release(const void *block, const void *frame)
{
    struct interposed *own = &tracert__interposed;
    return !is_inside(own, frame) || own->released != block;
}

struct interposed tracert__interposed_enter(const void *frame)
{
    struct interposed *own = &tracert__interposed;
    if (own->frame != NULL)
        is_inside(own, frame);
    const struct interposed before = *own;
    own->frame = frame;
    return before;
}

void tracert__interposed_leave(const struct interposed *before)
{
    struct interposed *own = &tracert__interposed;
    const struct interposed_block pending = own->pending;
    *own = *before;
    own->pending = pending;
    if (before->frame == NULL)
        pending_tell(own);
    else
        own->pending.frame = before->frame;
}
