/*
 * A growing run of bytes with a moving start: input that waits for its rest.
 * Empty means no memory held.
 */
#ifndef CLEARINGD_NET_BUFFER_H
#define CLEARINGD_NET_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base.h"

/* All zero is an empty buffer. The bytes are data[start .. start + len). */
struct buffer {
    char *data;
    size_t start;
    size_t len;
    size_t capacity;
};

/* False: no memory, the buffer is unchanged. bytes may be NULL if len is 0. */
bool must_use buffer_append(struct buffer *buffer, const char *bytes,
                            size_t len);

/* Drops len <= buffer->len bytes from the front. */
void buffer_consume(struct buffer *buffer, size_t len);

void buffer_free(struct buffer *buffer);

#endif
