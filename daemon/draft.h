/*
 * A closed batch on its way through the threads: what the journal writes,
 * what the ledger replays, and what its commands did. Made once by the
 * pipeline, then read only (but for the hash, known when it is durable); the
 * last holder frees it.
 */
#ifndef CLEARINGD_DAEMON_DRAFT_H
#define CLEARINGD_DAEMON_DRAFT_H

#include "daemon/pack.h"
#include "storage/batch.h"

#include <stdatomic.h>

/* Packed events of one batch (daemon/pack.h), shared by draft and history. */
struct packed {
    atomic_uint holders;
    struct pack_filter filter;
    size_t size;
    uint8_t bytes[];
};

struct draft {
    atomic_uint holders;
    struct batch batch; /* its payload lies behind the struct */
    struct hash32 hash; /* set by the journal thread */
    struct packed *events;
    uint8_t payload[];
};

/* A copy of the writer's pack with one holder; NULL if memory is short. */
must_use struct packed *packed_create(const struct pack_writer *writer);
struct packed *packed_hold(struct packed *packed);
void packed_release(struct packed *packed); /* may be NULL */

/* A copy of the batch and its payload with one holder; takes over the hold on
 * events, also when it returns NULL as memory is short. */
must_use struct draft *draft_create(const struct batch *batch,
                                    struct packed *events);
struct draft *draft_hold(struct draft *draft);
void draft_release(struct draft *draft); /* may be NULL */

#endif
