/*
 * A singly linked list of chunks. A chunk's header and its bytes are one
 * allocation, or two when the bytes were taken over. Invariants: len is the
 * sum of the chunks' waiting bytes; no chunk but a tail is empty.
 */
#include "net/queue.h"

#include <stdlib.h>
#include <string.h>

struct queue_chunk {
    struct queue_chunk *next;
    char *owned; /* NULL: the bytes follow the header */
    size_t start;
    size_t end;
    size_t capacity;
    char bytes[];
};

static const size_t chunk_bytes = 16384 - sizeof(struct queue_chunk);
static const size_t owned_bytes_min = 8192;

static char *chunk_data(struct queue_chunk *chunk)
{
    return chunk->owned ? chunk->owned : chunk->bytes;
}

static void queue_link(struct queue *queue, struct queue_chunk *chunk)
{
    chunk->next = NULL;
    if (queue->tail)
        queue->tail->next = chunk;
    else
        queue->head = chunk;
    queue->tail = chunk;
}

static struct queue_chunk *queue_grow(struct queue *queue)
{
    struct queue_chunk *chunk = malloc(sizeof(*chunk) + chunk_bytes);
    if (!chunk)
        return NULL;
    chunk->owned = NULL;
    chunk->start = 0;
    chunk->end = 0;
    chunk->capacity = chunk_bytes;
    queue_link(queue, chunk);
    return chunk;
}

bool queue_append(struct queue *queue, const char *bytes, size_t len)
{
    while (len) {
        struct queue_chunk *tail = queue->tail;
        if (!tail || tail->end == tail->capacity)
            tail = queue_grow(queue);
        if (!tail)
            return false;
        size_t room = tail->capacity - tail->end;
        size_t part = len < room ? len : room;
        memcpy(chunk_data(tail) + tail->end, bytes, part);
        tail->end += part;
        queue->len += part;
        bytes += part;
        len -= part;
    }
    return true;
}

bool queue_append_owned(struct queue *queue, char *bytes, size_t len)
{
    if (len < owned_bytes_min) {
        bool appended = queue_append(queue, bytes, len);
        free(bytes);
        return appended;
    }
    struct queue_chunk *chunk = malloc(sizeof(*chunk));
    if (!chunk) {
        free(bytes);
        return false;
    }
    chunk->owned = bytes;
    chunk->start = 0;
    chunk->end = len;
    chunk->capacity = len;
    queue_link(queue, chunk);
    queue->len += len;
    return true;
}

unsigned queue_peek(const struct queue *queue, uv_buf_t *pieces, unsigned count)
{
    unsigned used = 0;
    for (struct queue_chunk *chunk = queue->head; chunk && used < count;
         chunk = chunk->next) {
        if (chunk->start == chunk->end)
            continue;
        pieces[used].base = chunk_data(chunk) + chunk->start;
        pieces[used].len = chunk->end - chunk->start;
        used++;
    }
    return used;
}

static void queue_drop_head(struct queue *queue)
{
    struct queue_chunk *chunk = queue->head;
    queue->head = chunk->next;
    if (!queue->head)
        queue->tail = NULL;
    free(chunk->owned);
    free(chunk);
}

void queue_consume(struct queue *queue, size_t len)
{
    check(len <= queue->len);
    queue->len -= len;
    while (queue->head) {
        struct queue_chunk *chunk = queue->head;
        size_t waiting = chunk->end - chunk->start;
        if (len < waiting) {
            chunk->start += len;
            return;
        }
        len -= waiting;
        queue_drop_head(queue);
    }
    check(len == 0);
}

void queue_free(struct queue *queue)
{
    while (queue->head)
        queue_drop_head(queue);
    *queue = (struct queue){0};
}
