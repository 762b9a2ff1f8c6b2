/*
 * Packed events: what a batch of commands did, as bytes. Kept in memory until
 * the ledger has them (daemon/history.h), then in its database of events, many
 * batches to a value.
 *
 *   first index   u64
 *   time          i64     of all commands of the batch
 *   count         u32     commands of the batch
 *   size          u32     bytes of what follows
 *   for each command that had events:
 *     offset      u32     its index - first index
 *     size        u32
 *     events              as event_encode writes them
 *
 * Packs stand one behind another in a chunk; the ledger's keys are the first
 * indexes of chunks.
 */
#ifndef CLEARINGD_DAEMON_PACK_H
#define CLEARINGD_DAEMON_PACK_H

#include "engine/event.h"

#define PACK_HEAD_BYTES 24
#define PACK_ACCOUNTS_MAX 2

/* A pack under construction; its memory grows and is used again. */
struct pack_writer {
    uint8_t *bytes;
    size_t size, capacity;
    size_t command_at; /* where the current command's head stands */
    bool is_short;     /* memory ran out: the pack is worth nothing */
};

/* Begins a pack, forgetting the one before. */
void pack_begin(struct pack_writer *writer, uint64_t first_index,
                struct nanos time);

/* Around the events of each command. */
void pack_command(struct pack_writer *writer, uint64_t index);
void pack_event(struct pack_writer *writer, const struct event *event);
void pack_command_end(struct pack_writer *writer);

/* Ends the pack; its bytes stay the writer's. False: memory was short. */
must_use bool pack_end(struct pack_writer *writer, uint32_t count);

void pack_free(struct pack_writer *writer);

/* A pack as read back. */
struct pack_view {
    uint64_t first_index;
    struct nanos time;
    uint32_t count;
    const uint8_t *body;
    size_t body_size;
};

/* Takes the next pack off a chunk; false at its end or when the bytes are
 * none (then *is_bad is set). */
must_use bool pack_next(struct pack_view *view, const uint8_t **bytes,
                        size_t *size, bool *is_bad);

/* One event of a pack; false stops. */
typedef bool pack_visitor(void *ctx, uint64_t index, struct nanos time,
                          const struct event *event);

enum pack_end {
    PACK_ALL,     /* every event was visited */
    PACK_STOPPED, /* the visitor had enough */
    PACK_BAD,     /* the bytes are no pack */
};

/* Visits the events of commands first_index to last_index, forwards. */
enum pack_end pack_visit(const struct pack_view *view, uint64_t first_index,
                         uint64_t last_index, pack_visitor *visit, void *ctx);

/* The accounts an event belongs to, at most PACK_ACCOUNTS_MAX; their number.
 * A key's events belong to sub-account 0 of its owner. */
uint32_t pack_accounts(struct account_id *accounts, const struct event *event);

#endif
