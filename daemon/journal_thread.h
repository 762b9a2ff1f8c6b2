/*
 * The thread that makes batches durable. The loop hands it closed drafts in
 * the order of their numbers, at most JOURNAL_QUEUE_MAX at a time; for each
 * one it writes and syncs, then the loop is woken and asks for the end of
 * what is durable. While idle it prepares the next segment.
 *
 * The first failure is the last thing that happens here: nothing after it is
 * written, and the loop is told once.
 */
#ifndef CLEARINGD_DAEMON_JOURNAL_THREAD_H
#define CLEARINGD_DAEMON_JOURNAL_THREAD_H

#include "daemon/draft.h"
#include "daemon/histogram.h"
#include "storage/journal.h"

#define JOURNAL_QUEUE_MAX 16u

struct journal_thread;

/* Where the thread stands, as of the call. */
struct journal_state {
    uint64_t durable_index;
    struct hash32 hash; /* of the batch that ends there */
    bool is_failed;
    struct storage_fault fault; /* when failed */
};

/* Called in the journal thread after each batch and after a failure; must not
 * block. */
typedef void journal_wake(void *ctx);

/* Starts the thread; the journal (its end in *tail) is used by it alone until
 * the stop, and stays the caller's. sync_ns gets the duration of every append.
 * NULL: the machine refuses. */
must_use struct journal_thread *
journal_thread_start(struct journal *journal, const struct journal_tail *tail,
                     struct histogram *sync_ns, journal_wake *wake, void *ctx);

/* How many drafts are waiting or being written. */
uint32_t journal_thread_depth(struct journal_thread *thread);

/* Queues a draft (a hold of its own is taken); false: the queue is full or
 * the journal has failed. */
must_use bool journal_thread_add(struct journal_thread *thread,
                                 struct draft *draft);

void journal_thread_state(struct journal_thread *thread,
                          struct journal_state *state);

/* Writes what is queued, ends the thread and frees it. */
void journal_thread_stop(struct journal_thread *thread);

#endif
