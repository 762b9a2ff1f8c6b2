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
#define PACK_ACCOUNTS_MAX 3

/* Which accounts a pack may tell of: a Bloom filter. */
#define PACK_FILTER_WORDS 8u

struct pack_filter {
    uint64_t words[PACK_FILTER_WORDS];
};

/* A pack under construction; its memory grows and is used again. */
struct pack_writer {
    struct pack_filter filter;
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

/* False: the pack tells nothing of the account. */
must_use bool pack_may_tell(const struct pack_filter *filter,
                            const struct account_id *account);

/* One event of the past; false stops. */
typedef bool pack_visitor(void *ctx, uint64_t index, struct nanos time,
                          const struct event *event);

enum pack_end {
    PACK_ALL,     /* every event was visited */
    PACK_STOPPED, /* the visitor had enough */
    PACK_BAD,     /* the bytes are no packs, or memory is short */
};

/* Visits the events of commands first_index to last_index in a chunk of
 * packs: in their order, or the newest first. */
enum pack_end pack_chunk(const uint8_t *bytes, size_t size,
                         uint64_t first_index, uint64_t last_index,
                         pack_visitor *visit, void *ctx);
enum pack_end pack_chunk_backwards(const uint8_t *bytes, size_t size,
                                   uint64_t first_index, uint64_t last_index,
                                   pack_visitor *visit, void *ctx);

/* Index of the last command of a chunk; false: the bytes are no packs. */
must_use bool pack_chunk_end(const uint8_t *bytes, size_t size,
                             uint64_t *last_index);

/* The accounts an event belongs to, at most PACK_ACCOUNTS_MAX; their number.
 * Those who take part, and the house's ledgers that stand for markets and the
 * fund (rpc/node.h): a trade and a market's state are HOUSE_CLEARING's +
 * market, an accrual HOUSE_FUNDING's + market, steps of liquidations and what
 * was auto-deleveraged HOUSE_INSURANCE's. A key's events belong to sub-account
 * 0 of its owner. */
uint32_t pack_accounts(struct account_id accounts[PACK_ACCOUNTS_MAX],
                       const struct event *event);

#endif
