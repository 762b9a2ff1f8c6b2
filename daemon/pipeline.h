/*
 * From parsed messages to released answers, in the order of arrival.
 *
 * Calls are gone through one by one: reads are answered from the live engine
 * at their place, submits are sequenced, calls of the past wait for a reader
 * thread, admin calls go to the node. A message's answer is held until what
 * it saw is durable. Nothing is told of what the journal could not keep: after
 * a failure all calls that need the state are answered -32001.
 *
 * Nothing here waits: with no room in the batch, or while the driven clock
 * moves, or with too much held, messages stay in the ring of the workers, and
 * the door answers "busy" when that is full.
 *
 * Loop thread only.
 */
#ifndef CLEARINGD_DAEMON_PIPELINE_H
#define CLEARINGD_DAEMON_PIPELINE_H

#include "daemon/rate.h"
#include "daemon/sequencer.h"
#include "daemon/ticket.h"
#include "daemon/workers.h"

struct pipeline;

/* What an admin call came to. */
enum pipeline_admin {
    PIPELINE_ANSWERED, /* result or error is set */
    PIPELINE_LATER,    /* pipeline_admin_done will follow */
    PIPELINE_ADVANCE,  /* pipeline_advance was called: go on when it is done */
};

struct pipeline_options {
    struct engine *engine;
    const struct rpc_node *node;
    struct workers *workers;
    struct sequencer *sequencer;
    struct ledger_thread *ledger; /* its finished blocks are sequenced */
    struct history *history;
    struct metrics *metrics;
    struct rate_table *account_rates; /* of signed requests */
    void *ctx;
    /* Sends the ticket's reply (none for notifications) and ends the
     * ticket. */
    void (*reply)(void *ctx, struct ticket *ticket);
    /* Hands the ticket to a reader thread, which answers its calls of the
     * past as of wait_index; pipeline_history_done follows. */
    void (*read_history)(void *ctx, struct ticket *ticket);
    /* Executes an admin call. */
    enum pipeline_admin (*admin)(void *ctx, struct ticket *ticket,
                                 struct rpc_call *call);
    /* Whether the one who asked is still there. */
    bool (*is_connected)(void *ctx, uint64_t conn);
};

must_use struct pipeline *
pipeline_create(const struct pipeline_options *options);

/* Nothing may be held or away. */
void pipeline_destroy(struct pipeline *pipeline); /* may be NULL */

/* Goes on as far as it can for a bounded time. True: there is more to do at
 * once, call again in the loop's next turn. */
bool pipeline_run(struct pipeline *pipeline);

/* A TICK is due by the wall clock; done at the next run. */
void pipeline_tick(struct pipeline *pipeline);

/* From now on nothing is sequenced of the node's own accord, and an advance
 * stops where it is: the node is about to end. */
void pipeline_rest(struct pipeline *pipeline);

/* Driven clock: moves time to target, a TICK each interval; the call that
 * asked is answered when it is there. */
void pipeline_advance(struct pipeline *pipeline, struct nanos target);

/* The ticket's calls of the past, or its last admin call, are answered. */
void pipeline_history_done(struct pipeline *pipeline, struct ticket *ticket);
void pipeline_admin_done(struct pipeline *pipeline, struct ticket *ticket);

/* The end: after a journal's or an engine's failure nothing that needs the
 * state is answered any more. reason is copied. */
void pipeline_fail(struct pipeline *pipeline, const char *reason);
bool pipeline_is_failed(const struct pipeline *pipeline);
const char *pipeline_reason(const struct pipeline *pipeline); /* "" */

/* Every message is answered. */
bool pipeline_is_empty(const struct pipeline *pipeline);

/* Messages held or away. */
uint32_t pipeline_held(const struct pipeline *pipeline);

#endif
