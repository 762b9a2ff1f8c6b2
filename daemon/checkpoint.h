/*
 * What the next checkpoint will write: changed records, many changes of one
 * record coalesced into its newest value; blocks; events, many batches packed
 * into a chunk; and which chunks tell of which account.
 *
 * An entry of account_events has as first index that of its first chunk, and
 * as value the first indexes of up to CHECKPOINT_ENTRY_CHUNKS_MAX chunks of
 * this checkpoint that tell of the account: u64 each, ascending.
 *
 * One thread (the ledger's) fills and writes it.
 */
#ifndef CLEARINGD_DAEMON_CHECKPOINT_H
#define CLEARINGD_DAEMON_CHECKPOINT_H

#include "daemon/pack.h"
#include "engine/record.h"
#include "storage/ledger.h"

/* A chunk is closed when it reaches this size. */
#define CHECKPOINT_CHUNK_BYTES 16384u

#define CHECKPOINT_ENTRY_CHUNKS_MAX 64u

struct checkpoint;

must_use struct checkpoint *checkpoint_create(void);
void checkpoint_destroy(struct checkpoint *checkpoint); /* may be NULL */

void checkpoint_record(struct checkpoint *checkpoint,
                       const struct record *record);
void checkpoint_block(struct checkpoint *checkpoint, const struct block *block);

/* Around one batch: its events in order, then its end. False at the end:
 * memory was short, here or in any call since the last write. */
void checkpoint_batch(struct checkpoint *checkpoint, uint64_t first_index,
                      struct nanos time);
void checkpoint_command(struct checkpoint *checkpoint, uint64_t index);
void checkpoint_event(struct checkpoint *checkpoint, const struct event *event);
must_use bool checkpoint_batch_end(struct checkpoint *checkpoint,
                                   uint32_t count);

/* The packed events of the batch that has just ended, to be compared with the
 * live engine's. */
const uint8_t *checkpoint_batch_events(const struct checkpoint *checkpoint,
                                       size_t *size);

/* The newest value of a record changed since the last write. False: it was
 * not. *value NULL: it is gone. Borrowed. */
must_use bool checkpoint_find(const struct checkpoint *checkpoint,
                              const uint8_t **value, size_t *value_size,
                              const uint8_t *key, size_t key_size);

/* Bytes held. */
size_t checkpoint_bytes(const struct checkpoint *checkpoint);

/* Writes everything and the position in one transaction. What is held stays
 * until checkpoint_clear, so a failed write can be tried again. */
must_use enum storage_status
checkpoint_write(struct checkpoint *checkpoint, struct ledger *ledger,
                 const struct ledger_position *position);
void checkpoint_clear(struct checkpoint *checkpoint);

#endif
