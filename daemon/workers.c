#include "daemon/workers.h"

#include <pthread.h>
#include <stdlib.h>

/* Messages a worker takes at once, at most: enough to make waking a thread
 * cheap, few enough that the first answer need not wait for the last. */
#define GROUP_MAX 8u

struct workers {
    const struct rpc_service *service;
    workers_wake *wake;
    void *ctx;
    uint32_t count;
    pthread_t threads[WORKERS_COUNT_MAX];
    struct ticket *ring[WORKERS_RING];
    uint64_t added, dropped; /* the loop's own */
    size_t bytes;            /* of the tickets between them */
    pthread_mutex_t mutex;   /* guards all below */
    pthread_cond_t work;
    uint64_t published, taken;
    uint32_t sleeping;
    bool is_stopping;
};

/* Takes a group off the ring; 0: time to end. */
static uint32_t take(struct workers *self, uint64_t *first)
{
    uint64_t waiting;
    uint32_t count;

    (void)pthread_mutex_lock(&self->mutex);
    while (self->taken == self->published && !self->is_stopping) {
        self->sleeping++;
        (void)pthread_cond_wait(&self->work, &self->mutex);
        self->sleeping--;
    }
    waiting = self->published - self->taken;
    /* A fair share, so that two messages go to two threads. */
    count = (uint32_t)((waiting + self->count - 1) / self->count);
    if (count > GROUP_MAX)
        count = GROUP_MAX;
    *first = self->taken;
    self->taken += count;
    (void)pthread_mutex_unlock(&self->mutex);
    return count;
}

static void *run(void *ctx)
{
    struct workers *self = ctx;
    uint64_t first;
    uint32_t count;

    while ((count = take(self, &first)) > 0) {
        for (uint64_t i = first; i < first + count; i++) {
            struct ticket *ticket = self->ring[i % WORKERS_RING];

            ticket_parse(ticket, self->service);
            atomic_store_explicit(&ticket->is_parsed, true,
                                  memory_order_release);
        }
        self->wake(self->ctx);
    }
    return NULL;
}

static void stop_threads(struct workers *self)
{
    (void)pthread_mutex_lock(&self->mutex);
    self->is_stopping = true;
    (void)pthread_cond_broadcast(&self->work);
    (void)pthread_mutex_unlock(&self->mutex);
    for (uint32_t i = 0; i < self->count; i++)
        (void)pthread_join(self->threads[i], NULL);
}

static void destroy(struct workers *self)
{
    (void)pthread_cond_destroy(&self->work);
    (void)pthread_mutex_destroy(&self->mutex);
    free(self);
}

struct workers *workers_start(uint32_t count, const struct rpc_service *service,
                              workers_wake *wake, void *ctx)
{
    struct workers *self = calloc(1, sizeof *self);

    check(count >= 1 && count <= WORKERS_COUNT_MAX);
    if (!self)
        return NULL;
    self->service = service;
    self->wake = wake;
    self->ctx = ctx;
    check(pthread_mutex_init(&self->mutex, NULL) == 0);
    check(pthread_cond_init(&self->work, NULL) == 0);
    while (self->count < count) {
        pthread_t *thread = &self->threads[self->count];

        if (pthread_create(thread, NULL, run, self) != 0) {
            stop_threads(self);
            destroy(self);
            return NULL;
        }
        (void)pthread_setname_np(*thread, "worker");
        (void)pthread_mutex_lock(&self->mutex);
        self->count++;
        (void)pthread_mutex_unlock(&self->mutex);
    }
    return self;
}

bool workers_has_room(const struct workers *self, enum rpc_urgency urgency,
                      size_t size)
{
    uint32_t depth = workers_depth(self);

    if (urgency == RPC_URGENT)
        return depth < WORKERS_RING &&
               self->bytes + size <= 2 * WORKERS_BYTES_MAX;
    return depth < WORKERS_RING - WORKERS_RESERVED &&
           self->bytes + size <= WORKERS_BYTES_MAX;
}

void workers_add(struct workers *self, struct ticket *ticket)
{
    check(workers_depth(self) < WORKERS_RING);
    self->ring[self->added % WORKERS_RING] = ticket;
    self->added++;
    self->bytes += ticket->size;
}

void workers_publish(struct workers *self)
{
    uint64_t more;

    /* published is written by this thread alone. */
    if (self->published == self->added)
        return;
    (void)pthread_mutex_lock(&self->mutex);
    more = self->added - self->published;
    self->published = self->added;
    for (uint32_t i = 0; i < self->sleeping && i < more; i++)
        (void)pthread_cond_signal(&self->work);
    (void)pthread_mutex_unlock(&self->mutex);
}

struct ticket *workers_oldest(struct workers *self)
{
    struct ticket *ticket;

    if (self->dropped == self->published)
        return NULL;
    ticket = self->ring[self->dropped % WORKERS_RING];
    if (!atomic_load_explicit(&ticket->is_parsed, memory_order_acquire))
        return NULL;
    return ticket;
}

void workers_drop_oldest(struct workers *self)
{
    struct ticket *ticket = self->ring[self->dropped % WORKERS_RING];

    check(self->dropped < self->published);
    self->bytes -= ticket->size;
    self->dropped++;
}

uint32_t workers_depth(const struct workers *self)
{
    return (uint32_t)(self->added - self->dropped);
}

void workers_stop(struct workers *self)
{
    if (!self)
        return;
    stop_threads(self);
    check(self->added == self->dropped);
    destroy(self);
}
