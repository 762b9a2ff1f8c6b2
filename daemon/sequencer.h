/*
 * The one place where commands get their index and time. It owns the open
 * batch: each command is applied to the live engine at once and appended to
 * the batch with its evidence; the batch is closed and handed to the journal
 * when the journal is idle, or when it is full. While one batch is being
 * synced the next one grows, so the load itself decides how many commands
 * share a sync.
 *
 * All commands of a batch share its time: max(the engine's, the clock's) at
 * its first command. A batch closes a block when the interval has passed or
 * enough commands have come since the last one did; a TICK is then its last
 * command.
 *
 * Loop thread only. What is applied is not durable yet; nothing of it may be
 * told before sequencer_durable_index has reached it.
 */
#ifndef CLEARINGD_DAEMON_SEQUENCER_H
#define CLEARINGD_DAEMON_SEQUENCER_H

#include "daemon/history.h"
#include "daemon/journal_thread.h"
#include "daemon/ledger_thread.h"
#include "daemon/metrics.h"
#include "engine/engine.h"

struct sequencer;

struct sequencer_options {
    struct engine *engine; /* the live one, at the journal's end */
    struct journal_thread *journal;
    struct ledger_thread *ledger;
    struct history *history;
    struct metrics *metrics;
    struct journal_tail tail; /* of the journal now */
    struct nanos block_time;  /* end of the last block */
    uint64_t block_index;     /* its last index */
    bool is_driven;           /* time moves by sequencer_set_time only */
};

must_use struct sequencer *
sequencer_create(const struct sequencer_options *options);
void sequencer_destroy(struct sequencer *sequencer); /* may be NULL */

/* What a command did; events are valid until the next command. */
struct sequenced {
    uint64_t index;
    struct nanos time;
    const struct event *events;
    size_t count;
};

/* Applies one command of these bytes, with its evidence, and tells what it
 * did. False: there is no room until the journal has moved; nothing was
 * done. The command must decode (it was encoded by this program). */
must_use bool sequencer_apply(struct sequencer *sequencer,
                              struct sequenced *outcome,
                              const struct batch_entry *entry);

/* The same for a TICK (or nothing, if one is the batch's last command
 * already), and for a BLOCK command that tells of a finished block. */
must_use bool sequencer_tick(struct sequencer *sequencer);
must_use bool sequencer_block(struct sequencer *sequencer,
                              const struct block *block,
                              const struct hash32 *hash);

/* Driven clock: the time of commands from now on, not before the engine's.
 * False: no room for what the open batch holds; try again. */
must_use bool sequencer_set_time(struct sequencer *sequencer,
                                 struct nanos time);

/* The time a command would get now. */
struct nanos sequencer_time(const struct sequencer *sequencer);

/* The next batch that closes also closes a block. */
void sequencer_want_block(struct sequencer *sequencer);

/* Closes the open batch if the journal is idle and it is not empty. */
void sequencer_flush(struct sequencer *sequencer);

/* After the journal's wake: hands what became durable to the history and the
 * ledger. False: the journal has failed, *fault tells. */
must_use bool sequencer_settle(struct sequencer *sequencer,
                               struct storage_fault *fault);

uint64_t sequencer_durable_index(const struct sequencer *sequencer);

/* Everything applied is durable. */
bool sequencer_is_settled(const struct sequencer *sequencer);

#endif
