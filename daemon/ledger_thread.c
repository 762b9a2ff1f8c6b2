#include "daemon/ledger_thread.h"

#include "daemon/account_key.h"
#include "daemon/checkpoint.h"
#include "daemon/clock.h"
#include "daemon/log.h"
#include "storage/journal_reader.h"
#include "storage/ledger_reader.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* While nothing ends a block, drafts are collected a little: following them
 * one by one would wake this thread for each. */
#define LAZY_DRAFTS 32u
#define RETRY_MS 1000u
#define WAKE_MS 200u

struct ledger_thread {
    struct ledger_thread_options options;
    pthread_t thread;
    struct checkpoint *checkpoint;
    struct journal_reader *reader; /* while behind */
    struct ledger_position position;
    const struct draft *draft; /* being followed, from memory; else NULL */
    uint64_t checkpoint_ns;    /* steady time of the last attempt */

    /* Guards tree, blocks and the checkpoint's records against provers; held
     * by the thread while it changes them. */
    pthread_mutex_t tree_mutex;

    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t work;
    struct draft *queue[LEDGER_QUEUE_MAX];
    uint32_t first, count;
    size_t bytes;
    uint64_t durable_index;
    uint64_t wanted_index; /* 0: no checkpoint is wanted */
    bool is_urgent, is_stopping;
    struct {
        struct block block;
        struct hash32 hash;
    } blocks[SHADOW_BLOCKS];
    uint64_t block_first, block_count;
    struct ledger_state state;
};

/* ---- following one batch ---------------------------------------------- */

static void on_command(void *ctx, uint64_t index)
{
    struct ledger_thread *self = ctx;

    checkpoint_command(self->checkpoint, index);
}

static void on_event(void *ctx, const struct event *event)
{
    struct ledger_thread *self = ctx;

    checkpoint_event(self->checkpoint, event);
}

static void on_record(void *ctx, const struct record *record)
{
    struct ledger_thread *self = ctx;

    checkpoint_record(self->checkpoint, record);
}

/* The mutex is held, or there is no thread yet. */
static void add_block(struct ledger_thread *self, const struct block *block,
                      const struct hash32 *hash)
{
    uint64_t at;

    /* Nobody takes blocks while the node starts; the newest are kept, and a
     * node that lags by thousands of blocks has long been held back. */
    if (self->block_count == SHADOW_BLOCKS) {
        self->block_first++;
        self->block_count--;
    }
    at = (self->block_first + self->block_count++) % SHADOW_BLOCKS;
    self->blocks[at].block = *block;
    self->blocks[at].hash = *hash;
}

static void on_block(void *ctx, const struct block *block,
                     const struct hash32 *hash)
{
    struct ledger_thread *self = ctx;

    checkpoint_block(self->checkpoint, block);
    (void)pthread_mutex_lock(&self->mutex);
    add_block(self, block, hash);
    self->state.block_height = block->height;
    (void)pthread_mutex_unlock(&self->mutex);
}

static void fail(struct ledger_thread *self, const struct shadow_fault *fault)
{
    (void)pthread_mutex_lock(&self->mutex);
    if (!self->state.is_failed) {
        self->state.is_failed = true;
        self->state.fault = *fault;
    }
    (void)pthread_mutex_unlock(&self->mutex);
    self->options.wake(self->options.ctx);
}

static void fail_at(struct ledger_thread *self, uint64_t index,
                    const char *what)
{
    struct shadow_fault fault = {.index = index};

    (void)snprintf(fault.what, sizeof fault.what, "%s", what);
    fail(self, &fault);
}

/* The live engine must have said the same, to the byte. */
static bool is_same_as_live(const struct ledger_thread *self,
                            const struct draft *draft)
{
    size_t size;
    const uint8_t *events = checkpoint_batch_events(self->checkpoint, &size);

    return !draft || !draft->events ||
           (draft->events->size == size &&
            memcmp(draft->events->bytes, events, size) == 0);
}

static bool follow(struct ledger_thread *self, const struct batch *batch,
                   const struct hash32 *hash, const struct draft *draft)
{
    const struct shadow_listener listener = {self, on_command, on_event,
                                             on_record, on_block};
    struct shadow_fault fault;
    bool closes = (batch->flags & BATCH_CLOSES_BLOCK) != 0, is_good;

    checkpoint_batch(self->checkpoint, batch->first_index,
                     nanos_of(batch->time_ns));
    if (closes)
        (void)pthread_mutex_lock(&self->tree_mutex);
    is_good =
        shadow_apply(self->options.shadow, batch, hash, &listener, &fault);
    if (closes)
        (void)pthread_mutex_unlock(&self->tree_mutex);
    if (!is_good) {
        fail(self, &fault);
        return false;
    }
    if (!checkpoint_batch_end(self->checkpoint, batch->count)) {
        fail_at(self, batch->first_index, "memory is short");
        return false;
    }
    if (!is_same_as_live(self, draft)) {
        fail_at(self, batch->first_index,
                "the two engines had different events");
        return false;
    }
    self->position = (struct ledger_position){
        .applied_index = batch_last_index(batch),
        .batch_number = batch->number,
        .journal_hash = *hash,
    };
    (void)pthread_mutex_lock(&self->mutex);
    self->state.applied_index = self->position.applied_index;
    self->state.waiting_bytes = checkpoint_bytes(self->checkpoint);
    (void)pthread_mutex_unlock(&self->mutex);
    return true;
}

/* ---- checkpoints ------------------------------------------------------ */

static bool is_due(struct ledger_thread *self)
{
    uint64_t since_ms =
        (clock_steady_ns() - self->checkpoint_ns) / NANOS_PER_MS;
    uint64_t commands, wanted;
    bool is_failing, is_stopping;

    (void)pthread_mutex_lock(&self->mutex);
    commands = self->position.applied_index - self->state.checkpoint_index;
    wanted = self->wanted_index;
    is_failing = self->state.checkpoint_status != STORAGE_OK;
    is_stopping = self->is_stopping;
    (void)pthread_mutex_unlock(&self->mutex);
    if (commands == 0)
        return false;
    if (is_failing && since_ms < RETRY_MS && !is_stopping)
        return false;
    return is_failing || since_ms >= self->options.interval_ms ||
           commands >= self->options.commands ||
           checkpoint_bytes(self->checkpoint) >= LEDGER_CHECKPOINT_BYTES ||
           (wanted > 0 && wanted <= self->position.applied_index);
}

static void log_checkpoint(const struct ledger_thread *self,
                           enum storage_status status, uint64_t took_ns)
{
    struct log_quoted reason;

    if (status == STORAGE_OK)
        log_info("checkpoint", "index=%" PRIu64 " ms=%" PRIu64,
                 self->position.applied_index, took_ns / NANOS_PER_MS);
    else
        log_error("checkpoint_failed", "index=%" PRIu64 " reason=%s",
                  self->position.applied_index,
                  log_quote(&reason, storage_status_text(status)));
}

/* Writes what the newest block end left; only called there. */
static void write_checkpoint(struct ledger_thread *self)
{
    uint64_t begin = clock_steady_ns();
    enum storage_status status = checkpoint_write(
        self->checkpoint, self->options.ledger, &self->position);

    self->checkpoint_ns = clock_steady_ns();
    histogram_add(self->options.checkpoint_ns, self->checkpoint_ns - begin);
    log_checkpoint(self, status, self->checkpoint_ns - begin);
    if (status == STORAGE_OK) {
        (void)pthread_mutex_lock(&self->tree_mutex);
        checkpoint_clear(self->checkpoint);
        (void)pthread_mutex_unlock(&self->tree_mutex);
        history_drop(self->options.history, self->position.applied_index);
    }
    (void)pthread_mutex_lock(&self->mutex);
    self->state.checkpoint_status = status;
    if (status == STORAGE_OK) {
        self->state.checkpoint_index = self->position.applied_index;
        self->state.waiting_bytes = 0;
        if (self->wanted_index <= self->position.applied_index)
            self->wanted_index = 0;
    }
    (void)pthread_mutex_unlock(&self->mutex);
}

/* After each batch: what a block's end brings with it. */
static void end_batch(struct ledger_thread *self, const struct batch *batch)
{
    if ((batch->flags & BATCH_CLOSES_BLOCK) == 0)
        return;
    if (is_due(self))
        write_checkpoint(self);
    self->options.wake(self->options.ctx);
}

/* ---- where batches come from ------------------------------------------ */

static bool open_reader(struct ledger_thread *self)
{
    struct storage_fault fault;
    char text[512];

    if (self->reader)
        return true;
    if (journal_reader_open(
            &self->reader, self->options.dir, &self->options.genesis_id,
            self->position.applied_index + 1, &fault) == STORAGE_OK)
        return true;
    storage_fault_text(&fault, text, sizeof text);
    fail_at(self, self->position.applied_index + 1, text);
    return false;
}

/* Follows one batch of the journal's files; false at its durable end (the
 * thread is up to date then, unless it failed). */
static bool follow_file(struct ledger_thread *self, uint64_t durable_index)
{
    struct batch_view view;
    struct storage_fault fault;
    enum storage_status status;
    char text[512];

    if (self->position.applied_index >= durable_index || !open_reader(self))
        return false;
    do {
        status =
            journal_reader_next(self->reader, &view, durable_index, &fault);
    } while (status == STORAGE_OK &&
             batch_last_index(&view.batch) <= self->position.applied_index);
    if (status != STORAGE_OK) {
        storage_fault_text(&fault, text, sizeof text);
        fail_at(self, self->position.applied_index + 1,
                status == STORAGE_END ? "the journal ends too early" : text);
        return false;
    }
    if (!follow(self, &view.batch, &view.hash, NULL))
        return false;
    end_batch(self, &view.batch);
    return true;
}

static void close_reader(struct ledger_thread *self)
{
    journal_reader_close(self->reader);
    self->reader = NULL;
}

/* Up to date: drafts are taken from memory from now on. False: the journal
 * has grown meanwhile. */
static bool leave_behind(struct ledger_thread *self)
{
    bool is_there;

    (void)pthread_mutex_lock(&self->mutex);
    is_there = self->position.applied_index == self->durable_index &&
               !self->state.is_failed;
    if (is_there)
        self->state.is_behind = false;
    (void)pthread_mutex_unlock(&self->mutex);
    if (is_there)
        close_reader(self);
    return is_there;
}

static bool is_idle(const struct ledger_thread *self)
{
    if (self->is_stopping)
        return false;
    return self->state.is_failed ||
           (!self->state.is_behind && !self->is_urgent &&
            self->count < LAZY_DRAFTS);
}

/* Waits until there is enough to do. */
static void wait_for_work(struct ledger_thread *self)
{
    struct timespec until;

    check(clock_gettime(CLOCK_MONOTONIC, &until) == 0);
    until.tv_nsec += WAKE_MS * NANOS_PER_MS;
    if (until.tv_nsec >= NANOS_PER_SECOND) {
        until.tv_nsec -= NANOS_PER_SECOND;
        until.tv_sec++;
    }
    (void)pthread_mutex_lock(&self->mutex);
    while (is_idle(self) &&
           pthread_cond_timedwait(&self->work, &self->mutex, &until) == 0)
        ;
    self->is_urgent = false;
    (void)pthread_mutex_unlock(&self->mutex);
}

static struct draft *take_draft(struct ledger_thread *self)
{
    struct draft *draft = NULL;

    (void)pthread_mutex_lock(&self->mutex);
    if (self->count > 0) {
        draft = self->queue[self->first];
        self->first = (self->first + 1) % LEDGER_QUEUE_MAX;
        self->count--;
        self->bytes -= draft->batch.payload_len;
    }
    (void)pthread_mutex_unlock(&self->mutex);
    return draft;
}

static bool is_behind(struct ledger_thread *self)
{
    bool is_true;

    (void)pthread_mutex_lock(&self->mutex);
    is_true = self->state.is_behind;
    (void)pthread_mutex_unlock(&self->mutex);
    return is_true;
}

/* Follows everything queued. */
static void follow_queue(struct ledger_thread *self)
{
    struct draft *draft;

    while ((draft = take_draft(self)) != NULL) {
        bool is_good = !self->state.is_failed &&
                       follow(self, &draft->batch, &draft->hash, draft);

        if (is_good)
            end_batch(self, &draft->batch);
        draft_release(draft);
    }
}

/* Follows the journal's files to their durable end. */
static void follow_files(struct ledger_thread *self)
{
    uint64_t durable_index;

    do {
        (void)pthread_mutex_lock(&self->mutex);
        durable_index = self->durable_index;
        (void)pthread_mutex_unlock(&self->mutex);
        while (follow_file(self, durable_index))
            ;
    } while (!leave_behind(self) && !self->state.is_failed);
}

/* A wanted checkpoint whose block has already ended, or one that failed. */
static void checkpoint_between(struct ledger_thread *self)
{
    if (!self->state.is_failed &&
        self->position.applied_index == self->options.shadow->last.last_index &&
        is_due(self)) {
        write_checkpoint(self);
        self->options.wake(self->options.ctx);
    }
}

static void *run(void *ctx)
{
    struct ledger_thread *self = ctx;
    bool is_stopping;

    do {
        wait_for_work(self);
        (void)pthread_mutex_lock(&self->mutex);
        is_stopping = self->is_stopping;
        (void)pthread_mutex_unlock(&self->mutex);
        follow_queue(self);
        if (is_behind(self) && !self->state.is_failed)
            follow_files(self);
        checkpoint_between(self);
    } while (!is_stopping);
    return NULL;
}

/* ---- the loop's side -------------------------------------------------- */

static void destroy(struct ledger_thread *self)
{
    checkpoint_destroy(self->checkpoint);
    close_reader(self);
    free(self);
}

static void init_locks(struct ledger_thread *self)
{
    pthread_condattr_t steady;

    check(pthread_mutex_init(&self->mutex, NULL) == 0);
    check(pthread_mutex_init(&self->tree_mutex, NULL) == 0);
    check(pthread_condattr_init(&steady) == 0);
    check(pthread_condattr_setclock(&steady, CLOCK_MONOTONIC) == 0);
    check(pthread_cond_init(&self->work, &steady) == 0);
    check(pthread_condattr_destroy(&steady) == 0);
}

/* Blocks of the past whose BLOCK command may not be in the journal yet. */
static void add_old_blocks(struct ledger_thread *self)
{
    const struct shadow *shadow = self->options.shadow;
    uint64_t newest = shadow->last.height;
    uint64_t height =
        newest > SHADOW_OLD_BLOCKS ? newest - SHADOW_OLD_BLOCKS : 0;

    while (height++ < newest) {
        const struct block *block = &shadow->blocks[height % SHADOW_BLOCKS];
        struct hash32 hash;

        block_hash(&hash, block);
        if (block->height == height)
            add_block(self, block, &hash);
    }
}

struct ledger_thread *
ledger_thread_start(const struct ledger_thread_options *options)
{
    struct ledger_thread *self = calloc(1, sizeof *self);

    if (!self)
        return NULL;
    self->options = *options;
    self->position = options->position;
    self->durable_index = options->durable_index;
    self->checkpoint_ns = clock_steady_ns();
    self->state = (struct ledger_state){
        .applied_index = options->position.applied_index,
        .checkpoint_index = options->position.applied_index,
        .block_height = options->shadow->last.height,
        .is_behind = true,
    };
    self->checkpoint = checkpoint_create();
    if (!self->checkpoint) {
        free(self);
        return NULL;
    }
    add_old_blocks(self);
    init_locks(self);
    if (pthread_create(&self->thread, NULL, run, self) != 0) {
        destroy(self);
        return NULL;
    }
    (void)pthread_setname_np(self->thread, "ledger");
    return self;
}

void ledger_thread_add(struct ledger_thread *self, struct draft *draft)
{
    bool closes = (draft->batch.flags & BATCH_CLOSES_BLOCK) != 0;

    (void)pthread_mutex_lock(&self->mutex);
    self->durable_index = batch_last_index(&draft->batch);
    if (!self->state.is_behind &&
        (self->count == LEDGER_QUEUE_MAX ||
         self->bytes + draft->batch.payload_len > LEDGER_QUEUE_BYTES_MAX))
        self->state.is_behind = true;
    if (!self->state.is_behind) {
        self->queue[(self->first + self->count) % LEDGER_QUEUE_MAX] =
            draft_hold(draft);
        self->count++;
        self->bytes += draft->batch.payload_len;
    }
    if (closes)
        self->is_urgent = true;
    if (closes || self->count == LAZY_DRAFTS)
        (void)pthread_cond_signal(&self->work);
    (void)pthread_mutex_unlock(&self->mutex);
}

void ledger_thread_want_checkpoint(struct ledger_thread *self, uint64_t index)
{
    (void)pthread_mutex_lock(&self->mutex);
    if (self->wanted_index == 0 || index < self->wanted_index)
        self->wanted_index = index > 0 ? index : 1;
    self->is_urgent = true;
    (void)pthread_cond_signal(&self->work);
    (void)pthread_mutex_unlock(&self->mutex);
}

void ledger_thread_state(struct ledger_thread *self, struct ledger_state *state)
{
    (void)pthread_mutex_lock(&self->mutex);
    *state = self->state;
    (void)pthread_mutex_unlock(&self->mutex);
}

bool ledger_thread_take_block(struct ledger_thread *self, struct block *block,
                              struct hash32 *hash)
{
    bool is_there;

    (void)pthread_mutex_lock(&self->mutex);
    is_there = self->block_count > 0;
    if (is_there) {
        uint64_t at = self->block_first % SHADOW_BLOCKS;

        *block = self->blocks[at].block;
        *hash = self->blocks[at].hash;
        self->block_first++;
        self->block_count--;
    }
    (void)pthread_mutex_unlock(&self->mutex);
    return is_there;
}

bool ledger_thread_block(struct ledger_thread *self, struct block *block,
                         uint64_t height)
{
    const struct shadow *shadow = self->options.shadow;
    bool is_there;

    (void)pthread_mutex_lock(&self->tree_mutex);
    if (height == UINT64_MAX)
        height = shadow->last.height;
    *block = shadow->blocks[height % SHADOW_BLOCKS];
    is_there = height > 0 && block->height == height;
    (void)pthread_mutex_unlock(&self->tree_mutex);
    return is_there || (height > 0 && ledger_block(self->options.ledger, block,
                                                   height) == STORAGE_OK);
}

bool ledger_thread_block_by_hash(struct ledger_thread *self,
                                 struct block *block, const struct hash32 *hash)
{
    const struct shadow *shadow = self->options.shadow;
    bool is_there = false;

    (void)pthread_mutex_lock(&self->tree_mutex);
    for (uint32_t i = 0; i < SHADOW_BLOCKS && !is_there; i++) {
        struct hash32 own;

        if (shadow->blocks[i].height == 0)
            continue;
        *block = shadow->blocks[i];
        block_hash(&own, block);
        is_there = hash32_equal(&own, hash);
    }
    (void)pthread_mutex_unlock(&self->tree_mutex);
    return is_there || ledger_block_by_hash(self->options.ledger, block,
                                            hash) == STORAGE_OK;
}

/* The account's record as of the newest block: waiting for a checkpoint, or
 * unchanged since the last one. */
static bool find_value(struct ledger_thread *self, struct ledger_proof *proof,
                       const uint8_t *key, size_t key_size)
{
    const uint8_t *value;
    size_t size;

    if (checkpoint_find(self->checkpoint, &value, &size, key, key_size)) {
        if (!value || size > sizeof proof->value)
            return false;
        memcpy(proof->value, value, size);
        proof->value_size = size;
        return true;
    }
    return ledger_record(self->options.ledger, proof->value, &proof->value_size,
                         sizeof proof->value, key, key_size) == STORAGE_OK &&
           proof->value_size <= sizeof proof->value;
}

bool ledger_thread_prove(struct ledger_thread *self, struct ledger_proof *proof,
                         const struct account_id *account)
{
    struct shadow *shadow = self->options.shadow;
    uint8_t key[1 + STATE_ROOT_ACCOUNT_KEY_BYTES] = {RECORD_ACCOUNT};
    bool is_good;

    account_key(key + 1, account);
    (void)pthread_mutex_lock(&self->tree_mutex);
    proof->block = shadow->last;
    is_good =
        shadow->last.height > 0 && tree_has(&shadow->accounts, key + 1) &&
        find_value(self, proof, key, sizeof key) &&
        tree_root(&shadow->accounts, &proof->accounts_hash, proof->root_sums) ==
            STORAGE_OK &&
        tree_root(&shadow->records, &proof->records_hash, NULL) == STORAGE_OK &&
        tree_proof(&shadow->accounts, key + 1, &proof->proof, proof->sums) ==
            STORAGE_OK;
    (void)pthread_mutex_unlock(&self->tree_mutex);
    return is_good;
}

void ledger_thread_stop(struct ledger_thread *self)
{
    if (!self)
        return;
    (void)pthread_mutex_lock(&self->mutex);
    self->is_stopping = true;
    self->wanted_index = 1;
    (void)pthread_cond_signal(&self->work);
    (void)pthread_mutex_unlock(&self->mutex);
    (void)pthread_join(self->thread, NULL);
    (void)pthread_cond_destroy(&self->work);
    (void)pthread_mutex_destroy(&self->mutex);
    (void)pthread_mutex_destroy(&self->tree_mutex);
    destroy(self);
}
