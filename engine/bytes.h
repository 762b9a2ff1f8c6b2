/*
 * Integers to bytes and back, with bounds. A writer and a reader stop at
 * their end for good: after the first put that has no room, or the first get
 * that has no bytes, nothing more is written or read (gets give zero) and
 * is_bad is set, so that a codec asks once, at its end.
 *
 * Little-endian is the order of all values, big-endian the order inside keys
 * that must sort.
 */
#ifndef CLEARINGD_ENGINE_BYTES_H
#define CLEARINGD_ENGINE_BYTES_H

#include "engine/units.h"
#include <string.h>

struct bytes_writer {
    uint8_t *at, *end;
    bool is_bad;
};

struct bytes_reader {
    const uint8_t *at, *end;
    bool is_bad;
};

static inline struct bytes_writer bytes_writer_of(uint8_t *bytes, size_t size)
{
    return (struct bytes_writer){bytes, bytes + size, false};
}

static inline struct bytes_reader bytes_reader_of(const uint8_t *bytes,
                                                  size_t size)
{
    return (struct bytes_reader){bytes, size > 0 ? bytes + size : bytes, false};
}

/* What was written since `start`; 0 when something had no room. */
static inline size_t bytes_written(const struct bytes_writer *writer,
                                   const uint8_t *start)
{
    return writer->is_bad ? 0 : (size_t)(writer->at - start);
}

/* Nothing failed and nothing is left over. */
static inline bool bytes_is_end(const struct bytes_reader *reader)
{
    return !reader->is_bad && reader->at == reader->end;
}

static inline void bytes_put(struct bytes_writer *writer, const void *from,
                             size_t size)
{
    if (unlikely((size_t)(writer->end - writer->at) < size))
        writer->is_bad = true;
    if (unlikely(writer->is_bad))
        return;
    memcpy(writer->at, from, size);
    writer->at += size;
}

static inline void bytes_get(struct bytes_reader *reader, void *to, size_t size)
{
    if (unlikely((size_t)(reader->end - reader->at) < size))
        reader->is_bad = true;
    if (unlikely(reader->is_bad)) {
        memset(to, 0, size);
        return;
    }
    memcpy(to, reader->at, size);
    reader->at += size;
}

#define BYTES_INTEGER(name, type)                                    \
    static inline void bytes_put_##name(struct bytes_writer *writer, \
                                        type value)                  \
    {                                                                \
        bytes_put(writer, &value, sizeof value);                     \
    }                                                                \
    static inline type bytes_get_##name(struct bytes_reader *reader) \
    {                                                                \
        type value;                                                  \
                                                                     \
        bytes_get(reader, &value, sizeof value);                     \
        return value;                                                \
    }

/* Little-endian, as the machine has them (base.h checks that). */
BYTES_INTEGER(u8, uint8_t)
BYTES_INTEGER(u16, uint16_t)
BYTES_INTEGER(u32, uint32_t)
BYTES_INTEGER(u64, uint64_t)
BYTES_INTEGER(i64, int64_t)
BYTES_INTEGER(i128, i128)

#define BYTES_UNIT(unit)                                                    \
    static inline void bytes_put_##unit(struct bytes_writer *writer,        \
                                        struct unit value)                  \
    {                                                                       \
        bytes_put_i64(writer, unit##_raw(value));                           \
    }                                                                       \
    static inline struct unit bytes_get_##unit(struct bytes_reader *reader) \
    {                                                                       \
        return unit##_of(bytes_get_i64(reader));                            \
    }

BYTES_UNIT(amount)
BYTES_UNIT(price)
BYTES_UNIT(qty)
BYTES_UNIT(rate)
BYTES_UNIT(nanos)

static inline void bytes_put_address(struct bytes_writer *writer,
                                     const struct address *address)
{
    bytes_put(writer, address->bytes, sizeof address->bytes);
}

static inline struct address bytes_get_address(struct bytes_reader *reader)
{
    struct address address;

    bytes_get(reader, address.bytes, sizeof address.bytes);
    return address;
}

static inline void bytes_put_hash(struct bytes_writer *writer,
                                  const struct hash32 *hash)
{
    bytes_put(writer, hash->bytes, sizeof hash->bytes);
}

static inline struct hash32 bytes_get_hash(struct bytes_reader *reader)
{
    struct hash32 hash;

    bytes_get(reader, hash.bytes, sizeof hash.bytes);
    return hash;
}

/* Owner 20, sub-account u32 (24 bytes). */
static inline void bytes_put_account_id(struct bytes_writer *writer,
                                        const struct account_id *id)
{
    bytes_put_address(writer, &id->owner);
    bytes_put_u32(writer, id->subaccount);
}

static inline struct account_id
bytes_get_account_id(struct bytes_reader *reader)
{
    struct account_id id;

    id.owner = bytes_get_address(reader);
    id.subaccount = bytes_get_u32(reader);
    return id;
}

/* A u8 that must be at most `most`: an enum, a set of flags, a count. */
static inline uint8_t bytes_get_u8_max(struct bytes_reader *reader,
                                       uint32_t most)
{
    uint8_t value = bytes_get_u8(reader);

    if (value > most)
        reader->is_bad = true;
    return value;
}

static inline uint16_t bytes_get_u16_max(struct bytes_reader *reader,
                                         uint32_t most)
{
    uint16_t value = bytes_get_u16(reader);

    if (value > most)
        reader->is_bad = true;
    return value;
}

static inline bool bytes_get_flag(struct bytes_reader *reader)
{
    return bytes_get_u8_max(reader, 1) != 0;
}

/* Big-endian, for keys. */
static inline void bytes_put_u16_be(struct bytes_writer *writer, uint16_t value)
{
    bytes_put_u16(writer, __builtin_bswap16(value));
}

static inline uint16_t bytes_get_u16_be(struct bytes_reader *reader)
{
    return __builtin_bswap16(bytes_get_u16(reader));
}

static inline void bytes_put_u32_be(struct bytes_writer *writer, uint32_t value)
{
    bytes_put_u32(writer, __builtin_bswap32(value));
}

static inline uint32_t bytes_get_u32_be(struct bytes_reader *reader)
{
    return __builtin_bswap32(bytes_get_u32(reader));
}

static inline void bytes_put_u64_be(struct bytes_writer *writer, uint64_t value)
{
    bytes_put_u64(writer, __builtin_bswap64(value));
}

static inline uint64_t bytes_get_u64_be(struct bytes_reader *reader)
{
    return __builtin_bswap64(bytes_get_u64(reader));
}

#endif
