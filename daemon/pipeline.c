#include "daemon/pipeline.h"

#include "daemon/clock.h"
#include "engine/view.h"
#include "rpc/admin.h"
#include "rpc/method.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Calls gone through, and TICKs made, in one run. */
#define RUN_CALLS 256u
#define RUN_TICKS 64u
/* Messages held or away, and bytes of answers held; beyond them no message is
 * gone through. */
#define HELD_MAX 16384u
#define HELD_BYTES_MAX ((size_t)64 << 20)

enum step {
    STEP_NEXT, /* the call is gone through */
    STEP_WAIT, /* not now */
};

struct pipeline {
    struct pipeline_options options;
    char reason[256]; /* of the failure, "": none */

    /* Held, oldest first; those before `unmade` have their reply made. */
    struct ticket *first, **last, **unmade;
    uint32_t held, away; /* away: with a reader, or with the node */
    size_t held_bytes;

    bool is_resting;
    bool is_tick_due;
    bool has_block; /* finished and not yet sequenced */
    struct block block;
    struct hash32 block_hash;

    bool is_advancing; /* the oldest message's call waits for it */
    struct nanos target, next_tick;
};

struct pipeline *pipeline_create(const struct pipeline_options *options)
{
    struct pipeline *self = calloc(1, sizeof *self);

    if (!self)
        return NULL;
    self->options = *options;
    self->last = self->unmade = &self->first;
    return self;
}

void pipeline_destroy(struct pipeline *self)
{
    if (!self)
        return;
    check(pipeline_is_empty(self));
    free(self);
}

bool pipeline_is_failed(const struct pipeline *self)
{
    return self->reason[0] != '\0';
}

const char *pipeline_reason(const struct pipeline *self)
{
    return self->reason;
}

uint32_t pipeline_held(const struct pipeline *self)
{
    return self->held + self->away;
}

bool pipeline_is_empty(const struct pipeline *self)
{
    return self->held == 0 && self->away == 0 &&
           workers_depth(self->options.workers) == 0;
}

/* ---- answers ---------------------------------------------------------- */

static void make_reply(struct pipeline *self, struct ticket *ticket)
{
    if (ticket->message)
        ticket->reply = rpc_message_reply(ticket->message, &ticket->reply_size,
                                          clock_wall_us());
    self->held_bytes += ticket->reply_size;
}

/* The reply made before the failure is not true any more. */
static void unmake_reply(struct pipeline *self, struct ticket *ticket)
{
    uint32_t count = ticket->message ? rpc_message_calls(ticket->message) : 0;

    self->held_bytes -= ticket->reply_size;
    free(ticket->reply);
    ticket->reply = NULL;
    ticket->reply_size = 0;
    for (uint32_t i = 0; i < count; i++)
        rpc_call_not_ready(rpc_message_call(ticket->message, i), self->reason);
    make_reply(self, ticket);
}

static void send_reply(struct pipeline *self, struct ticket *ticket)
{
    self->held_bytes -= ticket->reply_size;
    if (ticket->has_submit)
        histogram_add(&self->options.metrics->ack_ns,
                      clock_steady_ns() - ticket->received_ns);
    self->options.reply(self->options.ctx, ticket);
}

static bool is_waiting(const struct ticket *ticket)
{
    return ticket->has_history || ticket->unanswered > 0;
}

static void hold(struct pipeline *self, struct ticket *ticket)
{
    ticket->next = NULL;
    *self->last = ticket;
    self->last = &ticket->next;
    self->held++;
}

static struct ticket *unhold(struct pipeline *self)
{
    struct ticket *ticket = self->first;

    self->first = ticket->next;
    if (self->last == &ticket->next)
        self->last = &self->first;
    if (self->unmade == &ticket->next)
        self->unmade = &self->first;
    self->held--;
    return ticket;
}

/* Makes the replies of what is newly held: the journal is busy meanwhile. */
static void make_replies(struct pipeline *self)
{
    for (; *self->unmade; self->unmade = &(*self->unmade)->next)
        if (!is_waiting(*self->unmade))
            make_reply(self, *self->unmade);
}

static void fail_calls(struct pipeline *self, struct ticket *ticket)
{
    for (uint32_t i = 0; i < rpc_message_calls(ticket->message); i++)
        if (rpc_call_kind(rpc_message_call(ticket->message, i)) != RPC_DONE)
            rpc_call_not_ready(rpc_message_call(ticket->message, i),
                               self->reason);
}

/* Sends off a ticket that is durable and no longer held. */
static void release(struct pipeline *self, struct ticket *ticket)
{
    if (!is_waiting(ticket)) {
        send_reply(self, ticket);
        return;
    }
    if (pipeline_is_failed(self) && ticket->has_history) {
        ticket->has_history = false;
        fail_calls(self, ticket);
    }
    if (!is_waiting(ticket)) {
        make_reply(self, ticket);
        send_reply(self, ticket);
        return;
    }
    self->away++;
    if (ticket->has_history)
        self->options.read_history(self->options.ctx, ticket);
}

static void release_durable(struct pipeline *self)
{
    uint64_t durable = sequencer_durable_index(self->options.sequencer);

    while (self->first && self->first->wait_index <= durable)
        release(self, unhold(self));
}

static void come_back(struct pipeline *self, struct ticket *ticket)
{
    check(self->away > 0);
    self->away--;
    make_reply(self, ticket);
    send_reply(self, ticket);
}

void pipeline_history_done(struct pipeline *self, struct ticket *ticket)
{
    ticket->has_history = false;
    if (ticket->unanswered == 0)
        come_back(self, ticket);
}

static bool is_held(const struct pipeline *self, const struct ticket *ticket)
{
    const struct ticket *held = self->first;

    while (held && held != ticket)
        held = held->next;
    return held != NULL;
}

void pipeline_admin_done(struct pipeline *self, struct ticket *ticket)
{
    check(ticket->unanswered > 0);
    ticket->unanswered--;
    if (is_waiting(ticket))
        return;
    if (is_held(self, ticket))
        make_reply(self, ticket);
    else if (workers_oldest(self->options.workers) != ticket)
        come_back(self, ticket);
}

/* ---- calls ------------------------------------------------------------ */

/* Whether a submit may be sequenced at all; answers it when not. */
static bool is_admitted(struct pipeline *self, struct rpc_call *call)
{
    const struct address *owner = rpc_call_owner(call);
    uint32_t wait_ms;

    if (!owner)
        return true;
    wait_ms = rate_take(self->options.account_rates, owner, sizeof *owner,
                        clock_steady_ns());
    if (wait_ms > 0) {
        self->options.metrics->busy_account++;
        rpc_call_busy(call, wait_ms);
        return false;
    }
    if (view_subaccounts(self->options.engine, owner, NULL, 0) > 0)
        return true;
    rpc_call_refused(call, result_unknown_account, param_owner, amount_of(0),
                     amount_of(0));
    return false;
}

static enum step submit(struct pipeline *self, struct ticket *ticket,
                        struct rpc_call *call)
{
    size_t command_size, evidence_size;
    struct batch_entry entry;
    struct sequenced done;
    struct rpc_outcome outcome;

    entry.command = rpc_call_command(call, &command_size);
    entry.evidence = rpc_call_evidence(call, &evidence_size);
    entry.command_len = (uint32_t)command_size;
    entry.evidence_len = (uint32_t)evidence_size;
    if (!sequencer_apply(self->options.sequencer, &done, &entry))
        return STEP_WAIT;
    outcome =
        (struct rpc_outcome){done.index, done.time, done.events, done.count};
    rpc_call_outcome(call, &outcome);
    ticket->has_submit = true;
    if (rpc_call_kind(call) == RPC_HISTORY)
        ticket->has_history = true;
    return STEP_NEXT;
}

static enum step ask_admin(struct pipeline *self, struct ticket *ticket,
                           struct rpc_call *call)
{
    switch (self->options.admin(self->options.ctx, ticket, call)) {
    case PIPELINE_ANSWERED:
        break;
    case PIPELINE_LATER:
        ticket->unanswered++;
        break;
    case PIPELINE_ADVANCE:
        return STEP_WAIT;
    }
    return STEP_NEXT;
}

static enum step go_through_call(struct pipeline *self, struct ticket *ticket,
                                 struct rpc_call *call)
{
    enum step step = STEP_NEXT;

    switch (rpc_call_kind(call)) {
    case RPC_DONE:
        return STEP_NEXT;
    case RPC_ADMIN:
        step = ask_admin(self, ticket, call);
        break;
    case RPC_READ:
        if (pipeline_is_failed(self))
            rpc_call_not_ready(call, self->reason);
        else
            rpc_call_read(call, self->options.engine, self->options.node);
        break;
    case RPC_HISTORY:
        if (pipeline_is_failed(self))
            rpc_call_not_ready(call, self->reason);
        else
            ticket->has_history = true;
        break;
    case RPC_SUBMIT:
        if (pipeline_is_failed(self))
            rpc_call_not_ready(call, self->reason);
        else if (is_admitted(self, call))
            step = submit(self, ticket, call);
        break;
    }
    if (!pipeline_is_failed(self))
        ticket->wait_index = engine_index(self->options.engine);
    return step;
}

/* Goes through a message's calls; false: it waits at one of them. */
static bool go_through(struct pipeline *self, struct ticket *ticket,
                       uint32_t *budget)
{
    uint32_t count = ticket->message ? rpc_message_calls(ticket->message) : 0;

    while (ticket->cursor<count && * budget> 0) {
        struct rpc_call *call =
            rpc_message_call(ticket->message, ticket->cursor);

        if (go_through_call(self, ticket, call) == STEP_WAIT)
            return false;
        ticket->cursor++;
        (*budget)--;
    }
    return ticket->cursor == count;
}

/* ---- time and blocks -------------------------------------------------- */

void pipeline_tick(struct pipeline *self)
{
    self->is_tick_due = true;
}

void pipeline_rest(struct pipeline *self)
{
    self->is_resting = true;
}

/* Takes the next finished block that the journal does not tell of yet. */
static bool take_block(struct pipeline *self)
{
    struct view_counters counters;

    while (!self->has_block &&
           ledger_thread_take_block(self->options.ledger, &self->block,
                                    &self->block_hash)) {
        view_counters(self->options.engine, &counters);
        self->has_block = self->block.height > counters.block_height;
    }
    return self->has_block;
}

/* The node's own commands. */
static void sequence_own(struct pipeline *self)
{
    struct sequencer *sequencer = self->options.sequencer;

    while (take_block(self) &&
           sequencer_block(sequencer, &self->block, &self->block_hash))
        self->has_block = false;
    if (self->is_tick_due && sequencer_tick(sequencer))
        self->is_tick_due = false;
}

void pipeline_advance(struct pipeline *self, struct nanos target)
{
    const struct genesis *genesis = engine_genesis(self->options.engine);
    struct nanos now = sequencer_time(self->options.sequencer);

    self->is_advancing = true;
    self->target = target;
    self->next_tick = nanos_add(now, genesis->tick_interval);
    /* A clock that never ran has nothing to tick through. */
    if (nanos_equal(now, genesis->start_time) ||
        nanos_cmp(self->next_tick, target) > 0)
        self->next_tick = target;
}

enum advance {
    ADVANCE_DONE,
    ADVANCE_MORE, /* the run's share of ticks is used up */
    ADVANCE_WAIT, /* no room until the journal has moved */
};

/* Moves the driven clock on, a tick an interval. */
static enum advance move_clock(struct pipeline *self)
{
    const struct genesis *genesis = engine_genesis(self->options.engine);

    for (uint32_t i = 0; i < RUN_TICKS; i++) {
        if (!sequencer_set_time(self->options.sequencer, self->next_tick) ||
            !sequencer_tick(self->options.sequencer))
            return ADVANCE_WAIT;
        if (nanos_cmp(self->next_tick, self->target) >= 0)
            return ADVANCE_DONE;
        self->next_tick = nanos_min(
            nanos_add(self->next_tick, genesis->tick_interval), self->target);
    }
    return ADVANCE_MORE;
}

/* Goes on with an advance; when it is done, the call that asked is answered.
 * Who has gone away meanwhile stops the clock where it is. */
static enum advance advance(struct pipeline *self, struct ticket *ticket)
{
    struct rpc_call *call = rpc_message_call(ticket->message, ticket->cursor);
    enum advance step = ADVANCE_DONE;

    if (!pipeline_is_failed(self) && !self->is_resting &&
        self->options.is_connected(self->options.ctx, ticket->conn))
        step = move_clock(self);
    if (step != ADVANCE_DONE)
        return step;
    self->is_advancing = false;
    if (pipeline_is_failed(self)) {
        rpc_call_not_ready(call, self->reason);
    } else {
        ticket->wait_index = engine_index(self->options.engine);
        rpc_admin_answer_time(call, ticket->wait_index,
                              engine_time(self->options.engine));
    }
    ticket->cursor++;
    return ADVANCE_DONE;
}

/* ---- the run ---------------------------------------------------------- */

static bool is_full(struct pipeline *self)
{
    return pipeline_held(self) > HELD_MAX ||
           self->held_bytes > HELD_BYTES_MAX ||
           history_bytes(self->options.history) > HISTORY_BYTES_MAX;
}

/* Takes messages from the ring as long as they can be gone through; true:
 * there is more to do at once. */
static bool drain(struct pipeline *self)
{
    uint32_t budget = RUN_CALLS;
    struct ticket *ticket;

    while ((ticket = workers_oldest(self->options.workers)) != NULL) {
        enum advance step =
            self->is_advancing ? advance(self, ticket) : ADVANCE_DONE;

        if (budget == 0 || step == ADVANCE_MORE)
            return true;
        if (step == ADVANCE_WAIT ||
            (!pipeline_is_failed(self) && is_full(self)))
            return false;
        if (!go_through(self, ticket, &budget))
            return budget == 0 || self->is_advancing;
        workers_drop_oldest(self->options.workers);
        hold(self, ticket);
    }
    return false;
}

bool pipeline_run(struct pipeline *self)
{
    bool has_more;

    if (!pipeline_is_failed(self) && !self->is_resting)
        sequence_own(self);
    has_more = drain(self);
    sequencer_flush(self->options.sequencer);
    make_replies(self);
    release_durable(self);
    return has_more;
}

/* A held message's answer after the failure. */
static void fail_held(struct pipeline *self, struct ticket *ticket)
{
    if (!is_waiting(ticket)) {
        unmake_reply(self, ticket);
        return;
    }
    ticket->has_history = false;
    fail_calls(self, ticket);
    if (!is_waiting(ticket))
        make_reply(self, ticket);
}

void pipeline_fail(struct pipeline *self, const char *reason)
{
    uint64_t durable = sequencer_durable_index(self->options.sequencer);

    if (pipeline_is_failed(self))
        return;
    (void)snprintf(self->reason, sizeof self->reason, "%s",
                   reason[0] != '\0' ? reason : "failed");
    make_replies(self);
    release_durable(self);
    for (struct ticket *ticket = self->first; ticket; ticket = ticket->next)
        if (ticket->wait_index > durable) {
            fail_held(self, ticket);
            ticket->wait_index = 0;
        }
    release_durable(self);
}
