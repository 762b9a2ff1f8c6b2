/*
 * The thread that owns the ledger and the second engine. It follows the
 * durable journal: from memory as drafts come, from the journal's files when
 * it is behind (at the start, or when drafts came faster than it could take
 * them). It finishes blocks, compares what the live engine did with what its
 * own engine does, and writes checkpoints at block ends.
 *
 * A difference between the engines is fatal for the node. A checkpoint that
 * can't be written (a full disk) is not: it is tried again, and the node is
 * held back only when too much waits for it (daemon/history.h).
 */
#ifndef CLEARINGD_DAEMON_LEDGER_THREAD_H
#define CLEARINGD_DAEMON_LEDGER_THREAD_H

#include "daemon/draft.h"
#include "daemon/histogram.h"
#include "daemon/history.h"
#include "daemon/shadow.h"
#include "storage/ledger.h"
#include "storage/tree_proof.h"

#define LEDGER_QUEUE_MAX 1024u
#define LEDGER_QUEUE_BYTES_MAX ((size_t)32 << 20)
/* A checkpoint is due when it has this much to write. */
#define LEDGER_CHECKPOINT_BYTES ((size_t)48 << 20)

struct ledger_thread;

struct ledger_thread_options {
    const char *dir;
    struct hash32 genesis_id;
    struct ledger *ledger;   /* stays the caller's */
    struct shadow *shadow;   /* at the ledger's position; the caller's */
    struct history *history; /* told what need not be kept any more */
    struct histogram *checkpoint_ns;
    struct ledger_position position; /* of the ledger */
    uint64_t durable_index;          /* of the journal now */
    uint64_t interval_ms, commands;  /* checkpoint at the earlier of both */
    /* Called in the thread when a block, a checkpoint or a failure came; must
     * not block. */
    void (*wake)(void *ctx);
    void *ctx;
};

struct ledger_state {
    uint64_t applied_index, checkpoint_index, block_height;
    size_t waiting_bytes; /* of the next checkpoint */
    bool is_behind;       /* reading the journal */
    bool is_failed;       /* for good: the node must stop */
    struct shadow_fault fault;
    /* The last attempt at a checkpoint; STORAGE_OK: it was written. */
    enum storage_status checkpoint_status;
};

must_use struct ledger_thread *
ledger_thread_start(const struct ledger_thread_options *options);

/* Hands over a durable draft (a hold of its own is taken); never waits. */
void ledger_thread_add(struct ledger_thread *thread, struct draft *draft);

/* Wants a checkpoint at the next block end at or after index. */
void ledger_thread_want_checkpoint(struct ledger_thread *thread,
                                   uint64_t index);

void ledger_thread_state(struct ledger_thread *thread,
                         struct ledger_state *state);

/* Takes the oldest finished block that was not taken yet; false: none. */
must_use bool ledger_thread_take_block(struct ledger_thread *thread,
                                       struct block *block,
                                       struct hash32 *hash);

/* A finished block: one of the newest from memory, else from the ledger.
 * UINT64_MAX is the newest. False: there is none. Any thread but the
 * ledger's; waits while a block is being finished. */
must_use bool ledger_thread_block(struct ledger_thread *thread,
                                  struct block *block, uint64_t height);
must_use bool ledger_thread_block_by_hash(struct ledger_thread *thread,
                                          struct block *block,
                                          const struct hash32 *hash);

/* An account's line in the tree at the newest block. */
struct ledger_proof {
    struct block block;
    struct tree_proof proof; /* tree_proof_free */
    struct tree_sum sums[ASSETS_MAX];
    struct tree_sum root_sums[ASSETS_MAX];
    struct hash32 accounts_hash, records_hash;
    size_t value_size;
    uint8_t value[RECORD_VALUE_BYTES_MAX]; /* of the account's record */
};

/* Any thread but the ledger's; waits while a block is being finished. False:
 * no such account, no block yet, or memory is short. */
must_use bool ledger_thread_prove(struct ledger_thread *thread,
                                  struct ledger_proof *proof,
                                  const struct account_id *account);

/* Follows to the end of what is durable, writes a checkpoint if a block ended
 * since the last one, ends the thread and frees it. */
void ledger_thread_stop(struct ledger_thread *thread);

#endif
