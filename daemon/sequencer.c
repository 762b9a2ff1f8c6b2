#include "daemon/sequencer.h"

#include "daemon/clock.h"
#include "daemon/pack.h"

#include <stdlib.h>
#include <string.h>

#define TERM 1
/* Kept free in every batch for the TICK that ends a block. */
#define TICK_ROOM 64u
#define EVENTS_KEPT 4096u /* beyond it memory is given back */

struct sequencer {
    struct event_sink sink; /* first: the sink is the sequencer */
    struct sequencer_options options;
    struct nanos block_interval;
    uint32_t block_commands;
    struct nanos driven_time;

    /* The open batch; count 0: none is open. */
    struct batch open;
    struct pack_writer pack;
    bool is_tick_last;
    bool is_block_wanted;
    bool is_refused; /* by the journal: nothing closes any more */

    /* Where the next batch begins and the last block ended. */
    uint64_t next_number;
    struct nanos block_time;
    uint64_t block_index;

    /* Drafts in the journal's hands, oldest first. */
    struct draft *drafts[JOURNAL_QUEUE_MAX];
    uint32_t first, count;
    uint64_t durable_index;

    struct command command;
    struct command_buffer buffer;
    struct event *events; /* of the last command */
    size_t event_count, event_capacity;
    uint8_t payload[BATCH_PAYLOAD_BYTES_MAX];
};

/* ---- events ----------------------------------------------------------- */

static void keep_event(struct sequencer *self, const struct event *event)
{
    if (self->event_count == self->event_capacity) {
        size_t capacity = self->event_capacity ? 2 * self->event_capacity : 64;
        struct event *events = realloc(self->events, capacity * sizeof *events);

        check(events);
        self->events = events;
        self->event_capacity = capacity;
    }
    self->events[self->event_count++] = *event;
}

static void emit(struct event_sink *sink, const struct event *event)
{
    struct sequencer *self = (struct sequencer *)sink;

    pack_event(&self->pack, event);
    metrics_event(self->options.metrics, event);
    keep_event(self, event);
}

static void forget_events(struct sequencer *self)
{
    self->event_count = 0;
    if (self->event_capacity > EVENTS_KEPT) {
        free(self->events);
        self->events = NULL;
        self->event_capacity = 0;
    }
}

/* ---- the open batch --------------------------------------------------- */

static struct nanos clock_time(const struct sequencer *self)
{
    return self->options.is_driven ? self->driven_time : clock_wall();
}

struct nanos sequencer_time(const struct sequencer *self)
{
    if (self->open.count > 0)
        return nanos_of(self->open.time_ns);
    return nanos_max(engine_time(self->options.engine), clock_time(self));
}

static void begin_batch(struct sequencer *self)
{
    struct nanos time = sequencer_time(self);

    self->open = (struct batch){
        .term = TERM,
        .number = self->next_number,
        .first_index = engine_index(self->options.engine) + 1,
        .time_ns = nanos_raw(time),
        .payload = self->payload,
    };
    self->is_tick_last = false;
    pack_begin(&self->pack, self->open.first_index, time);
}

static bool has_room(const struct sequencer *self, size_t size)
{
    return self->open.payload_len + BATCH_ENTRY_HEADER_BYTES + size +
               TICK_ROOM <=
           BATCH_PAYLOAD_BYTES_MAX;
}

/* Appends to the batch and applies; there is room. */
static void apply(struct sequencer *self, const struct batch_entry *entry)
{
    struct command *command = &self->command;

    if (self->open.count == 0)
        begin_batch(self);
    check(batch_payload_add(self->payload, &self->open.payload_len,
                            sizeof self->payload, entry));
    self->open.count++;
    command->index = engine_index(self->options.engine) + 1;
    command->time = nanos_of(self->open.time_ns);
    forget_events(self);
    pack_command(&self->pack, command->index);
    engine_apply(self->options.engine, command, &self->sink);
    pack_command_end(&self->pack);
    metrics_command(self->options.metrics, command->kind);
    self->is_tick_last = command->kind == COMMAND_TICK;
}

static void apply_own(struct sequencer *self)
{
    uint8_t bytes[256];
    struct batch_entry entry = {.command = bytes, .evidence = bytes};
    size_t size = command_encode(bytes, sizeof bytes, &self->command);

    check(size > 0);
    entry.command_len = (uint32_t)size;
    apply(self, &entry);
}

static void apply_tick(struct sequencer *self)
{
    if (self->open.count > 0 && self->is_tick_last)
        return;
    self->command = (struct command){.kind = COMMAND_TICK};
    apply_own(self);
}

/* ---- closing ---------------------------------------------------------- */

static bool is_block_due(const struct sequencer *self)
{
    int64_t passed = self->open.time_ns - nanos_raw(self->block_time);
    uint64_t commands = batch_last_index(&self->open) - self->block_index;

    return self->is_block_wanted || passed >= nanos_raw(self->block_interval) ||
           commands >= self->block_commands;
}

/* Closes the open batch, which is not empty, and hands it to the journal,
 * which has room. */
static void close_batch(struct sequencer *self)
{
    struct packed *events;
    struct draft *draft;

    if (is_block_due(self)) {
        apply_tick(self);
        self->open.flags |= BATCH_CLOSES_BLOCK;
        self->block_time = nanos_of(self->open.time_ns);
        self->block_index = batch_last_index(&self->open);
        self->is_block_wanted = false;
    }
    check(pack_end(&self->pack, self->open.count));
    events = packed_create(&self->pack);
    check(events);
    draft = draft_create(&self->open, events);
    check(draft);
    metrics_batch(self->options.metrics, self->open.count);
    self->next_number++;
    self->open.count = 0;
    self->open.payload_len = 0;
    self->drafts[(self->first + self->count) % JOURNAL_QUEUE_MAX] = draft;
    self->count++;
    /* A journal that has failed takes nothing; sequencer_settle says so. */
    self->is_refused = !journal_thread_add(self->options.journal, draft);
}

void sequencer_flush(struct sequencer *self)
{
    if (self->open.count > 0 && self->count == 0 && !self->is_refused)
        close_batch(self);
}

/* Makes room for one more command of this size, if that is possible now. */
static bool make_room(struct sequencer *self, size_t size)
{
    if (has_room(self, size))
        return true;
    if (self->count == JOURNAL_QUEUE_MAX || self->is_refused)
        return false;
    close_batch(self);
    return true;
}

/* ---- commands --------------------------------------------------------- */

bool sequencer_apply(struct sequencer *self, struct sequenced *outcome,
                     const struct batch_entry *entry)
{
    if (!make_room(self, (size_t)entry->command_len + entry->evidence_len))
        return false;
    check(command_decode(&self->command, &self->buffer, entry->command,
                         entry->command_len));
    apply(self, entry);
    *outcome = (struct sequenced){
        .index = self->command.index,
        .time = self->command.time,
        .events = self->events,
        .count = self->event_count,
    };
    return true;
}

bool sequencer_tick(struct sequencer *self)
{
    if (!make_room(self, 0))
        return false;
    apply_tick(self);
    return true;
}

bool sequencer_block(struct sequencer *self, const struct block *block,
                     const struct hash32 *hash)
{
    if (!make_room(self, BLOCK_BYTES + sizeof *hash))
        return false;
    self->command = (struct command){
        .kind = COMMAND_BLOCK,
        .block = {.height = block->height,
                  .first_index = block->first_index,
                  .last_index = block->last_index,
                  .time = nanos_of(block->time_ns),
                  .journal_hash = block->journal_hash,
                  .state_root = block->state_root,
                  .hash = *hash},
    };
    apply_own(self);
    return true;
}

bool sequencer_set_time(struct sequencer *self, struct nanos time)
{
    check(self->options.is_driven);
    if (self->open.count > 0 && self->open.time_ns < nanos_raw(time)) {
        if (self->count == JOURNAL_QUEUE_MAX || self->is_refused)
            return false;
        close_batch(self);
    }
    self->driven_time = nanos_max(self->driven_time, time);
    return true;
}

void sequencer_want_block(struct sequencer *self)
{
    self->is_block_wanted = true;
}

/* ---- durable ---------------------------------------------------------- */

static void settle_draft(struct sequencer *self)
{
    struct draft *draft = self->drafts[self->first];
    uint64_t last_index = batch_last_index(&draft->batch);

    check(history_add(self->options.history, draft->events,
                      draft->batch.first_index, last_index));
    ledger_thread_add(self->options.ledger, draft);
    draft_release(draft);
    self->first = (self->first + 1) % JOURNAL_QUEUE_MAX;
    self->count--;
    self->durable_index = last_index;
}

bool sequencer_settle(struct sequencer *self, struct storage_fault *fault)
{
    struct journal_state state;

    journal_thread_state(self->options.journal, &state);
    while (self->durable_index < state.durable_index)
        settle_draft(self);
    if (state.is_failed)
        *fault = state.fault;
    return !state.is_failed;
}

uint64_t sequencer_durable_index(const struct sequencer *self)
{
    return self->durable_index;
}

bool sequencer_is_settled(const struct sequencer *self)
{
    return self->open.count == 0 && self->count == 0;
}

/* ---- life ------------------------------------------------------------- */

struct sequencer *sequencer_create(const struct sequencer_options *options)
{
    struct sequencer *self = calloc(1, sizeof *self);
    const struct genesis *genesis = engine_genesis(options->engine);

    if (!self)
        return NULL;
    self->sink.emit = emit;
    self->options = *options;
    self->block_interval = genesis->block_interval;
    self->block_commands = genesis->block_commands;
    self->driven_time = engine_time(options->engine);
    self->next_number = options->tail.number + 1;
    self->block_time = options->block_time;
    self->block_index = options->block_index;
    self->durable_index = options->tail.last_index;
    return self;
}

void sequencer_destroy(struct sequencer *self)
{
    if (!self)
        return;
    while (self->count > 0) {
        draft_release(self->drafts[self->first]);
        self->first = (self->first + 1) % JOURNAL_QUEUE_MAX;
        self->count--;
    }
    pack_free(&self->pack);
    free(self->events);
    free(self);
}
