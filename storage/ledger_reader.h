/*
 * Reads of the ledger, each in a read transaction of its own: a consistent
 * view of the last commit, from any thread, beside the writer.
 *
 * Callbacks get bytes that are valid during the call only, return true to go
 * on and false to stop, and must not call the ledger (a waiting ledger_grow
 * would lock both up). They should be quick: old pages stay until the last
 * reader is gone.
 */
#ifndef CLEARINGD_STORAGE_LEDGER_READER_H
#define CLEARINGD_STORAGE_LEDGER_READER_H

#include "storage/ledger.h"

enum ledger_order { LEDGER_OLDEST_FIRST, LEDGER_NEWEST_FIRST };

struct ledger_bytes {
    const uint8_t *data;
    size_t len;
};

/* The position of the last commit. */
enum storage_status ledger_position(struct ledger *ledger,
                                    struct ledger_position *out) must_use;

/* One record: copies at most size bytes of it into value, *value_len gets its
 * full length. STORAGE_NOT_FOUND. */
enum storage_status ledger_record(struct ledger *ledger, void *value,
                                  size_t *value_len, size_t size,
                                  const void *key, size_t key_len) must_use;

/* All records whose key begins with prefix (prefix_len 0: all), in key
 * order. */
enum storage_status
ledger_each_record(struct ledger *ledger, const void *prefix, size_t prefix_len,
                   bool (*visit)(void *context, struct ledger_bytes key,
                                 struct ledger_bytes value),
                   void *context) must_use;

/* Blocks. STORAGE_NOT_FOUND when there is none. */
enum storage_status ledger_block(struct ledger *ledger, struct block *out,
                                 uint64_t height) must_use;
enum storage_status ledger_block_by_hash(struct ledger *ledger,
                                         struct block *out,
                                         const struct hash32 *hash) must_use;
enum storage_status ledger_last_block(struct ledger *ledger,
                                      struct block *out) must_use;

/* Event batches in rising order, beginning with the one that holds from_index
 * (the last whose first index is not above it; else the first after it), at
 * most limit of them. */
enum storage_status
ledger_events_from(struct ledger *ledger, uint64_t from_index, uint64_t limit,
                   bool (*visit)(void *context, uint64_t first_index,
                                 struct ledger_bytes events),
                   void *context) must_use;

/* One account's entries, at most limit: oldest first those with first index
 * >= from_index, newest first those with first index <= from_index (use
 * UINT64_MAX for the newest). */
enum storage_status ledger_account_events(
    struct ledger *ledger, const uint8_t account[LEDGER_ACCOUNT_KEY_BYTES],
    uint64_t from_index, uint64_t limit, enum ledger_order order,
    bool (*visit)(void *context, uint64_t first_index,
                  struct ledger_bytes value),
    void *context) must_use;

#endif
