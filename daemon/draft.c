#include "daemon/draft.h"

#include <stdlib.h>
#include <string.h>

struct packed *packed_create(const struct pack_writer *writer)
{
    struct packed *packed = malloc(sizeof *packed + writer->size);

    if (!packed)
        return NULL;
    atomic_init(&packed->holders, 1);
    packed->filter = writer->filter;
    packed->size = writer->size;
    memcpy(packed->bytes, writer->bytes, writer->size);
    return packed;
}

struct packed *packed_hold(struct packed *packed)
{
    atomic_fetch_add_explicit(&packed->holders, 1, memory_order_relaxed);
    return packed;
}

void packed_release(struct packed *packed)
{
    if (packed && atomic_fetch_sub_explicit(&packed->holders, 1,
                                            memory_order_acq_rel) == 1)
        free(packed);
}

struct draft *draft_create(const struct batch *batch, struct packed *events)
{
    struct draft *draft = malloc(sizeof *draft + batch->payload_len);

    if (!draft) {
        packed_release(events);
        return NULL;
    }
    atomic_init(&draft->holders, 1);
    draft->batch = *batch;
    draft->hash = (struct hash32){{0}};
    draft->batch.payload = draft->payload;
    draft->events = events;
    memcpy(draft->payload, batch->payload, batch->payload_len);
    return draft;
}

struct draft *draft_hold(struct draft *draft)
{
    atomic_fetch_add_explicit(&draft->holders, 1, memory_order_relaxed);
    return draft;
}

void draft_release(struct draft *draft)
{
    if (!draft || atomic_fetch_sub_explicit(&draft->holders, 1,
                                            memory_order_acq_rel) != 1)
        return;
    packed_release(draft->events);
    free(draft);
}
