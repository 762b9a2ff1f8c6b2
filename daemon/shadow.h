/*
 * The second engine: it follows the durable journal, batch by batch, keeps
 * the state tree, and ends each block with the state's root. A BLOCK command
 * in the journal must equal the block made here; a difference means that two
 * engines of one history have two states, and nothing may go on.
 *
 * The ledger thread owns one beside the live engine; the audit has one alone.
 */
#ifndef CLEARINGD_DAEMON_SHADOW_H
#define CLEARINGD_DAEMON_SHADOW_H

#include "engine/engine.h"
#include "storage/batch.h"
#include "storage/block.h"
#include "storage/state_root.h"

/* Finished blocks that are remembered to be compared with BLOCK commands, far
 * more than a node ever lags behind. */
#define SHADOW_BLOCKS 4096u

/* As many of the checkpoint's past are remembered at a start: those whose
 * BLOCK command may come after the checkpoint. */
#define SHADOW_OLD_BLOCKS 64u

/* A record's key in the tree of records: its kind, SHA-256 of its key. */
#define SHADOW_RECORD_KEY_BYTES 33

struct shadow {
    struct engine *engine;
    size_t engine_size;
    struct tree accounts, records;
    enum storage_status tree_status; /* the first failure of a change */
    struct block last;               /* the newest finished block */
    struct hash32 last_hash;         /* genesis id before the first */
    struct block blocks[SHADOW_BLOCKS];
    struct command command;
    struct command_buffer buffer;
};

/* What a listener wants to hear; NULL for what it does not. */
struct shadow_listener {
    void *ctx;
    /* Before the events of each command. */
    void (*command)(void *ctx, uint64_t index);
    void (*event)(void *ctx, const struct event *event);
    /* At a block's end, before `block`: each record that the block changed. */
    void (*record)(void *ctx, const struct record *record);
    void (*block)(void *ctx, const struct block *block,
                  const struct hash32 *hash);
};

/* Why a batch could not be followed, and at which command. */
struct shadow_fault {
    uint64_t index;
    char what[160];
};

/* A shadow at index 0; NULL: the genesis is refused or memory is short. */
must_use struct shadow *shadow_create(const struct genesis *genesis);
void shadow_destroy(struct shadow *shadow); /* may be NULL */

/* Before the first batch: takes one record of a checkpoint; then, with the
 * block the checkpoint was made at, builds the tree and compares the root.
 * False: the records are damaged or of another state. */
must_use bool shadow_load(struct shadow *shadow, const uint8_t *key,
                          size_t key_size, const uint8_t *value,
                          size_t value_size);
must_use bool shadow_load_end(struct shadow *shadow, const struct block *last,
                              struct shadow_fault *fault);

/* Remembers an older finished block (of the checkpoint's past). */
void shadow_remember(struct shadow *shadow, const struct block *block);

/* Applies the batch, whose first index is the engine's next one; hash is the
 * batch's own. listener may be NULL. False: *fault, and the shadow is of no
 * use any more. */
must_use bool shadow_apply(struct shadow *shadow, const struct batch *batch,
                           const struct hash32 *hash,
                           const struct shadow_listener *listener,
                           struct shadow_fault *fault);

#endif
