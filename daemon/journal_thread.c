#include "daemon/journal_thread.h"

#include "daemon/clock.h"

#include <pthread.h>
#include <stdlib.h>

struct journal_thread {
    pthread_t thread;
    struct journal *journal;
    struct histogram *sync_ns;
    journal_wake *wake;
    void *ctx;
    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t work;
    struct draft *queue[JOURNAL_QUEUE_MAX];
    uint32_t first, count; /* the first stays until it is written */
    bool is_stopping;
    struct journal_state state;
};

static void append(struct journal_thread *self, struct draft *draft)
{
    struct storage_fault fault;
    struct hash32 hash;
    uint64_t begin = clock_steady_ns();
    enum storage_status status =
        journal_append(self->journal, &hash, &draft->batch, &fault);

    histogram_add(self->sync_ns, clock_steady_ns() - begin);
    (void)pthread_mutex_lock(&self->mutex);
    if (status == STORAGE_OK) {
        draft->hash = hash;
        self->state.durable_index = batch_last_index(&draft->batch);
        self->state.hash = hash;
    } else {
        self->state.is_failed = true;
        self->state.fault = fault;
    }
    self->first = (self->first + 1) % JOURNAL_QUEUE_MAX;
    self->count--;
    (void)pthread_mutex_unlock(&self->mutex);
}

/* Idle work; false when there is none. A failure here is one of the journal
 * as a whole, but that the disk is full for now. */
static bool prepare(struct journal_thread *self)
{
    struct storage_fault fault;
    enum storage_status status = journal_prepare(self->journal, &fault);

    if (status == STORAGE_OK)
        return true;
    if (status == STORAGE_END || status == STORAGE_NO_SPACE)
        return false;
    (void)pthread_mutex_lock(&self->mutex);
    self->state.is_failed = true;
    self->state.fault = fault;
    (void)pthread_mutex_unlock(&self->mutex);
    self->wake(self->ctx);
    return false;
}

/* Waits for a draft, doing idle work first; NULL: time to end. */
static struct draft *next_draft(struct journal_thread *self)
{
    struct draft *draft = NULL;
    bool has_idle_work = true;

    (void)pthread_mutex_lock(&self->mutex);
    for (;;) {
        bool may_write = self->count > 0 && !self->state.is_failed;

        if (may_write)
            draft = self->queue[self->first];
        if (may_write || self->is_stopping)
            break;
        if (has_idle_work && !self->state.is_failed) {
            (void)pthread_mutex_unlock(&self->mutex);
            has_idle_work = prepare(self);
            (void)pthread_mutex_lock(&self->mutex);
        } else {
            (void)pthread_cond_wait(&self->work, &self->mutex);
        }
    }
    (void)pthread_mutex_unlock(&self->mutex);
    return draft;
}

static void *run(void *ctx)
{
    struct journal_thread *self = ctx;
    struct draft *draft;

    while ((draft = next_draft(self)) != NULL) {
        append(self, draft);
        draft_release(draft);
        self->wake(self->ctx);
    }
    return NULL;
}

struct journal_thread *journal_thread_start(struct journal *journal,
                                            const struct journal_tail *tail,
                                            struct histogram *sync_ns,
                                            journal_wake *wake, void *ctx)
{
    struct journal_thread *self = calloc(1, sizeof *self);

    if (!self)
        return NULL;
    self->journal = journal;
    self->sync_ns = sync_ns;
    self->wake = wake;
    self->ctx = ctx;
    self->state.durable_index = tail->last_index;
    self->state.hash = tail->hash;
    check(pthread_mutex_init(&self->mutex, NULL) == 0);
    check(pthread_cond_init(&self->work, NULL) == 0);
    if (pthread_create(&self->thread, NULL, run, self) != 0) {
        free(self);
        return NULL;
    }
    (void)pthread_setname_np(self->thread, "journal");
    return self;
}

uint32_t journal_thread_depth(struct journal_thread *self)
{
    uint32_t count;

    (void)pthread_mutex_lock(&self->mutex);
    count = self->count;
    (void)pthread_mutex_unlock(&self->mutex);
    return count;
}

bool journal_thread_add(struct journal_thread *self, struct draft *draft)
{
    bool is_taken;

    (void)pthread_mutex_lock(&self->mutex);
    is_taken = self->count < JOURNAL_QUEUE_MAX && !self->state.is_failed;
    if (is_taken) {
        self->queue[(self->first + self->count) % JOURNAL_QUEUE_MAX] =
            draft_hold(draft);
        self->count++;
        (void)pthread_cond_signal(&self->work);
    }
    (void)pthread_mutex_unlock(&self->mutex);
    return is_taken;
}

void journal_thread_state(struct journal_thread *self,
                          struct journal_state *state)
{
    (void)pthread_mutex_lock(&self->mutex);
    *state = self->state;
    (void)pthread_mutex_unlock(&self->mutex);
}

void journal_thread_stop(struct journal_thread *self)
{
    if (!self)
        return;
    (void)pthread_mutex_lock(&self->mutex);
    self->is_stopping = true;
    (void)pthread_cond_signal(&self->work);
    (void)pthread_mutex_unlock(&self->mutex);
    (void)pthread_join(self->thread, NULL);
    while (self->count > 0) { /* what a failed journal never wrote */
        draft_release(self->queue[self->first]);
        self->first = (self->first + 1) % JOURNAL_QUEUE_MAX;
        self->count--;
    }
    (void)pthread_cond_destroy(&self->work);
    (void)pthread_mutex_destroy(&self->mutex);
    free(self);
}
