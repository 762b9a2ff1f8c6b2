/*
 * A batch: the unit that is written, synced, hashed, and later agreed on.
 *
 * Bytes (little-endian):
 *
 *    0  magic "clrB"               4
 *    4  format version = 1         u16
 *    6  flags                      u16   bit 0: closes a block; others 0
 *    8  term                       u64
 *   16  number                     u64   1, 2, 3, ...
 *   24  first index                u64   of its first command; 1 at the start
 *   32  command count              u32   1 or more
 *   36  payload length             u32   at most 1 MiB
 *   40  time                       i64   nanoseconds since the Unix epoch
 *   48  hash of the batch before   32    batch 1: the genesis id
 *   80  own hash                   32    SHA-256(bytes 0..79 || payload)
 *  112  payload: count times
 *         command length           u32
 *         evidence length          u32
 *         command
 *         evidence
 *
 * A batch is never empty, so first indexes name batches and sort like them.
 */
#ifndef CLEARINGD_STORAGE_BATCH_H
#define CLEARINGD_STORAGE_BATCH_H

#include "storage/sha256.h"
#include "storage/status.h"

#define BATCH_FORMAT 1
#define BATCH_HEADER_BYTES 112
#define BATCH_HASHED_BYTES 80
#define BATCH_ENTRY_HEADER_BYTES 8
#define BATCH_PAYLOAD_BYTES_MAX 1048576
#define BATCH_CLOSES_BLOCK 1

/* The payload is borrowed, never owned. */
struct batch {
    uint64_t term;
    uint64_t number;
    uint64_t first_index;
    int64_t time_ns;
    uint16_t flags;
    uint32_t count;
    uint32_t payload_len;
    const uint8_t *payload;
};

/* A batch as read back, its hashes checked. */
struct batch_view {
    struct batch batch;
    struct hash32 previous_hash;
    struct hash32 hash;
};

/* What the next batch must carry: the end of the chain so far. */
struct batch_link {
    uint64_t number;
    uint64_t index;
    struct hash32 previous_hash;
};

struct batch_entry {
    const uint8_t *command;
    uint32_t command_len;
    uint32_t evidence_len;
    const uint8_t *evidence;
};

struct batch_iterator {
    const uint8_t *next;
    uint32_t bytes_left;
    uint32_t entries_left;
};

/* Index of the batch's last command. */
static inline uint64_t batch_last_index(const struct batch *batch)
{
    return batch->first_index + batch->count - 1;
}

/* Appends one entry to a payload under construction of payload_size bytes
 * room. False, and nothing changed, when it does not fit into the room or
 * into BATCH_PAYLOAD_BYTES_MAX. */
bool batch_payload_add(uint8_t *payload, uint32_t *payload_len,
                       uint32_t payload_size,
                       const struct batch_entry *entry) must_use;

/* Walks the entries. batch_next gives STORAGE_OK and an entry that points
 * into the payload, STORAGE_END after the last, or STORAGE_DAMAGED when
 * lengths and count do not fit the payload to the byte. */
void batch_entries(struct batch_iterator *out, const struct batch *batch);
enum storage_status batch_next(struct batch_iterator *iterator,
                               struct batch_entry *out) must_use;

/* True when a batch may be written: 1 command or more, no index past 2^64 - 2,
 * known flags, payload within bounds and walkable to the byte. */
bool batch_is_valid(const struct batch *batch) must_use;

/* Writes the header with both hashes; hash (not NULL) gets the own one. */
void batch_encode_header(uint8_t out[BATCH_HEADER_BYTES], struct hash32 *hash,
                         const struct batch *batch,
                         const struct hash32 *previous_hash);

/* Reads header and payload from len contiguous bytes, and checks everything:
 * hash, version, link, entries. The view's payload points into bytes.
 * STORAGE_DAMAGED or STORAGE_NEWER_FORMAT with *reason a constant text. */
enum storage_status batch_decode(struct batch_view *out, const char **reason,
                                 const uint8_t *bytes, size_t len,
                                 const struct batch_link *link) must_use;

/* The link after a batch. */
void batch_link_advance(struct batch_link *link, const struct batch_view *view);

#endif
