#include "daemon/recovery.h"

#include "daemon/memory.h"
#include "daemon/notify.h"
#include "daemon/pack.h"
#include "storage/journal_reader.h"
#include "storage/ledger_check.h"
#include "storage/ledger_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* While it goes on, the start may take so much longer. */
#define EXTEND_SECONDS 30u
#define BATCHES_A_NOTE 4096u
#define WAIT_MS 10

struct what {
    char *text;
    size_t size;
};

static bool refuse(const struct what *what, const char *part,
                   const struct storage_fault *fault)
{
    char text[1024];

    storage_fault_text(fault, text, sizeof text);
    (void)snprintf(what->text, what->size, "%s: %s", part, text);
    return false;
}

static bool refuse_text(const struct what *what, const char *text)
{
    (void)snprintf(what->text, what->size, "%s", text);
    return false;
}

/* ---- storage ---------------------------------------------------------- */

static bool open_ledger(struct recovery *self, const char *dir,
                        const struct genesis *genesis, const struct what *what)
{
    struct ledger_options options = {.dir = dir, .genesis_id = genesis->id};
    struct storage_fault fault = {0};
    enum storage_status status = ledger_check(dir, &genesis->id, &fault);

    if (status != STORAGE_OK && status != STORAGE_NOT_FOUND)
        return refuse(what, "ledger", &fault);
    if (ledger_open(&self->ledger, &options, &fault) != STORAGE_OK)
        return refuse(what, "ledger", &fault);
    status = ledger_position(self->ledger, &self->position);
    if (status == STORAGE_NOT_FOUND)
        self->position = (struct ledger_position){0};
    return status == STORAGE_OK || status == STORAGE_NOT_FOUND ||
           refuse_text(what, storage_status_text(status));
}

static bool open_journal(struct recovery *self, const char *dir,
                         const struct genesis *genesis, const struct what *what)
{
    struct journal_options options = {
        .dir = dir,
        .genesis_id = genesis->id,
        .known_durable_index = self->position.applied_index,
    };
    struct storage_fault fault = {0};

    if (self->position.applied_index > 0)
        options.known_hash = &self->position.journal_hash;
    return journal_open(&self->journal, &self->tail, &options, &fault) ==
               STORAGE_OK ||
           refuse(what, "journal", &fault);
}

/* ---- the checkpoint --------------------------------------------------- */

struct loading {
    struct shadow *shadow;
    struct engine *engine;
    bool is_good;
};

static bool load_record(void *ctx, struct ledger_bytes key,
                        struct ledger_bytes value)
{
    struct loading *loading = ctx;

    loading->is_good =
        shadow_load(loading->shadow, key.data, key.len, value.data,
                    value.len) &&
        engine_load(loading->engine, key.data, key.len, value.data, value.len);
    return loading->is_good;
}

/* BLOCK commands may still come for blocks of the checkpoint's past. */
static void remember_blocks(struct recovery *self, uint64_t height)
{
    uint64_t first = height > SHADOW_BLOCKS ? height - SHADOW_BLOCKS + 1 : 1;
    struct block block;

    for (uint64_t h = first; h < height; h++)
        if (ledger_block(self->ledger, &block, h) == STORAGE_OK)
            shadow_remember(self->shadow, &block);
}

static bool load_checkpoint(struct recovery *self, const struct what *what)
{
    struct loading loading = {self->shadow, self->engine, true};
    struct shadow_fault fault;
    struct block last;

    if (self->position.applied_index == 0)
        return true;
    if (ledger_last_block(self->ledger, &last) != STORAGE_OK ||
        ledger_each_record(self->ledger, NULL, 0, load_record, &loading) !=
            STORAGE_OK ||
        !loading.is_good)
        return refuse_text(what, "the ledger's records are damaged");
    if (!shadow_load_end(self->shadow, &last, &fault))
        return refuse_text(what, fault.what);
    if (!engine_load_end(self->engine))
        return refuse_text(what, "the ledger's records are damaged");
    remember_blocks(self, last.height);
    self->block_time = nanos_of(last.time_ns);
    self->block_index = last.last_index;
    return true;
}

/* ---- the tail --------------------------------------------------------- */

struct replay {
    struct event_sink sink; /* first: the sink is the replay */
    struct pack_writer pack;
    struct command command;
    struct command_buffer buffer;
};

static void emit(struct event_sink *sink, const struct event *event)
{
    pack_event(&((struct replay *)sink)->pack, event);
}

static bool replay_batch(struct recovery *self, struct replay *replay,
                         const struct batch *batch, const struct what *what)
{
    struct batch_iterator iterator;
    struct batch_entry entry;
    struct packed *packed;
    uint64_t index = batch->first_index;
    bool is_kept;

    pack_begin(&replay->pack, index, nanos_of(batch->time_ns));
    batch_entries(&iterator, batch);
    while (batch_next(&iterator, &entry) == STORAGE_OK) {
        if (!command_decode(&replay->command, &replay->buffer, entry.command,
                            entry.command_len))
            return refuse_text(what, "the journal holds an unknown command");
        replay->command.index = index;
        replay->command.time = nanos_of(batch->time_ns);
        pack_command(&replay->pack, index++);
        engine_apply(self->engine, &replay->command, &replay->sink);
        pack_command_end(&replay->pack);
    }
    if (!pack_end(&replay->pack, batch->count))
        return refuse_text(what, "memory is short");
    packed = packed_create(&replay->pack);
    is_kept = packed && history_add(self->history, packed, batch->first_index,
                                    batch_last_index(batch));
    packed_release(packed);
    if (batch->flags & BATCH_CLOSES_BLOCK) {
        self->block_time = nanos_of(batch->time_ns);
        self->block_index = batch_last_index(batch);
    }
    return is_kept || refuse_text(what, "memory is short");
}

/* Waits until the ledger's thread has written enough of what is replayed. */
static bool wait_for_ledger(struct recovery *self, struct ledger_thread *ledger,
                            const struct what *what)
{
    const struct timespec pause = {.tv_nsec = WAIT_MS * NANOS_PER_MS};
    struct ledger_state state;

    while (history_bytes(self->history) > HISTORY_BYTES_MAX) {
        ledger_thread_state(ledger, &state);
        if (state.is_failed)
            return refuse_text(what, state.fault.what);
        if (state.checkpoint_status != STORAGE_OK)
            return refuse_text(what,
                               storage_status_text(state.checkpoint_status));
        notify_extend(EXTEND_SECONDS);
        (void)nanosleep(&pause, NULL);
    }
    return true;
}

static bool replay_batches(struct recovery *self, struct journal_reader *reader,
                           struct ledger_thread *ledger, struct replay *replay,
                           const struct what *what)
{
    struct storage_fault fault = {0};
    enum storage_status status;
    struct batch_view view;

    while ((status = journal_reader_next(reader, &view, self->tail.last_index,
                                         &fault)) == STORAGE_OK) {
        if (batch_last_index(&view.batch) <= self->position.applied_index)
            continue;
        if (!replay_batch(self, replay, &view.batch, what))
            return false;
        if (view.batch.number % BATCHES_A_NOTE == 0)
            notify_extend(EXTEND_SECONDS);
        if (!wait_for_ledger(self, ledger, what))
            return false;
    }
    return status == STORAGE_END || refuse(what, "journal", &fault);
}

bool recovery_replay(struct recovery *self, const char *dir,
                     struct ledger_thread *ledger, char *text, size_t size)
{
    const struct what what = {text, size};
    struct journal_reader *reader = NULL;
    struct storage_fault fault = {0};
    struct replay *replay;
    bool is_good = true;

    if (self->tail.last_index == self->position.applied_index)
        return true;
    replay = calloc(1, sizeof *replay);
    if (!replay)
        return refuse_text(&what, "memory is short");
    replay->sink.emit = emit;
    if (journal_reader_open(&reader, dir, &engine_genesis(self->engine)->id,
                            self->position.applied_index + 1,
                            &fault) != STORAGE_OK)
        is_good = refuse(&what, "journal", &fault);
    is_good = is_good && replay_batches(self, reader, ledger, replay, &what);
    journal_reader_close(reader);
    pack_free(&replay->pack);
    free(replay);
    if (is_good && engine_index(self->engine) != self->tail.last_index)
        return refuse_text(&what, "the journal's end was not reached");
    return is_good;
}

/* ---- the whole -------------------------------------------------------- */

static bool make_engines(struct recovery *self, const struct genesis *genesis,
                         const struct what *what)
{
    void *memory;

    self->engine_size = engine_footprint(genesis);
    self->shadow = shadow_create(genesis);
    memory = self->engine_size > 0 ? memory_map(self->engine_size) : NULL;
    if (memory)
        self->engine = engine_init(memory, genesis);
    self->history = history_create(self->ledger);
    return (self->shadow && self->engine && self->history) ||
           refuse_text(what, "memory is short for the genesis's capacities");
}

bool recovery_open(struct recovery *self, const char *dir,
                   const struct genesis *genesis, char *text, size_t size)
{
    const struct what what = {text, size};
    struct storage_fault fault = {0};

    *self = (struct recovery){.block_time = genesis->start_time};
    if (datadir_open(&self->datadir, dir, &genesis->id, &fault) != STORAGE_OK)
        return refuse(&what, "data directory", &fault);
    self->is_locked = true;
    return open_ledger(self, dir, genesis, &what) &&
           open_journal(self, dir, genesis, &what) &&
           make_engines(self, genesis, &what) && load_checkpoint(self, &what);
}

void recovery_close(struct recovery *self)
{
    history_destroy(self->history);
    shadow_destroy(self->shadow);
    memory_unmap(self->engine, self->engine_size);
    journal_close(self->journal);
    ledger_close(self->ledger);
    if (self->is_locked)
        datadir_close(&self->datadir);
    *self = (struct recovery){0};
}
