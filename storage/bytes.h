/*
 * Integers to bytes and back, at any alignment. Little-endian (le) is the
 * order of everything on disk; big-endian (be) is the order inside keys that
 * must sort and inside the tree's hashes. The caller has checked the room.
 */
#ifndef CLEARINGD_STORAGE_BYTES_H
#define CLEARINGD_STORAGE_BYTES_H

#include "engine/base.h"
#include <string.h>

static inline void bytes_put_le16(uint8_t *at, uint16_t value)
{
    memcpy(at, &value, sizeof value);
}

static inline void bytes_put_le32(uint8_t *at, uint32_t value)
{
    memcpy(at, &value, sizeof value);
}

static inline void bytes_put_le64(uint8_t *at, uint64_t value)
{
    memcpy(at, &value, sizeof value);
}

static inline uint16_t bytes_get_le16(const uint8_t *at)
{
    uint16_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline uint32_t bytes_get_le32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline uint64_t bytes_get_le64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline void bytes_put_be16(uint8_t *at, uint16_t value)
{
    bytes_put_le16(at, __builtin_bswap16(value));
}

static inline void bytes_put_be64(uint8_t *at, uint64_t value)
{
    bytes_put_le64(at, __builtin_bswap64(value));
}

static inline uint64_t bytes_get_be64(const uint8_t *at)
{
    return __builtin_bswap64(bytes_get_le64(at));
}

static inline void bytes_put_be128(uint8_t *at, u128 value)
{
    bytes_put_be64(at, (uint64_t)(value >> 64));
    bytes_put_be64(at + 8, (uint64_t)value);
}

/* True when all len bytes are zero. */
static inline bool bytes_all_zero(const uint8_t *at, size_t len)
{
    return len == 0 || (at[0] == 0 && memcmp(at, at + 1, len - 1) == 0);
}

#endif
