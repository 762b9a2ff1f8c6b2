/*
 * Consumed bytes are only stepped over; they are moved away when room is
 * needed, so that many small messages taken from one buffer cost no copies.
 */
#include "net/buffer.h"

#include <stdlib.h>
#include <string.h>

static const size_t capacity_first = 1024;

static bool buffer_reserve(struct buffer *buffer, size_t len)
{
    if (len > SIZE_MAX / 4 - buffer->len)
        return false;
    size_t wanted = buffer->len + len;
    if (buffer->start + wanted <= buffer->capacity)
        return true;
    if (wanted <= buffer->capacity) {
        memmove(buffer->data, buffer->data + buffer->start, buffer->len);
        buffer->start = 0;
        return true;
    }
    size_t capacity = buffer->capacity ? buffer->capacity : capacity_first;
    while (capacity < wanted)
        capacity *= 2;
    char *data = malloc(capacity);
    if (!data)
        return false;
    if (buffer->len)
        memcpy(data, buffer->data + buffer->start, buffer->len);
    free(buffer->data);
    buffer->data = data;
    buffer->start = 0;
    buffer->capacity = capacity;
    return true;
}

bool buffer_append(struct buffer *buffer, const char *bytes, size_t len)
{
    if (!len)
        return true;
    if (!buffer_reserve(buffer, len))
        return false;
    memcpy(buffer->data + buffer->start + buffer->len, bytes, len);
    buffer->len += len;
    return true;
}

void buffer_consume(struct buffer *buffer, size_t len)
{
    check(len <= buffer->len);
    buffer->start += len;
    buffer->len -= len;
    if (!buffer->len)
        buffer_free(buffer);
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}
