/*
 * Bytes on their way out, in chunks: small sends are gathered into one chunk,
 * large buffers are taken over as they are. A chunk's bytes never move, so
 * that a write in flight may point into the queue while more is appended.
 */
#ifndef CLEARINGD_NET_QUEUE_H
#define CLEARINGD_NET_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "engine/base.h"

struct queue_chunk;

/* All zero is an empty queue. */
struct queue {
    struct queue_chunk *head;
    struct queue_chunk *tail;
    size_t len; /* bytes waiting in all chunks */
};

/* Copies. False: no memory; some of the bytes may have been appended, the
 * connection is of no more use. */
bool must_use queue_append(struct queue *queue, const char *bytes, size_t len);

/* Takes over a malloc'd buffer, also on failure. */
bool must_use queue_append_owned(struct queue *queue, char *bytes, size_t len);

/* The first bytes as at most count pieces; the number of pieces. */
unsigned queue_peek(const struct queue *queue, uv_buf_t *pieces,
                    unsigned count);

/* Drops len <= queue->len bytes from the front. */
void queue_consume(struct queue *queue, size_t len);

void queue_free(struct queue *queue);

#endif
