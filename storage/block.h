/*
 * A block: the public statement about a range of commands.
 *
 * Encoding (little-endian), 128 bytes:
 *    0  height                     u64   1, 2, 3, ...
 *    8  first index                u64
 *   16  last index                 u64
 *   24  time                       i64   nanoseconds, of its last batch
 *   32  hash of the block before   32    height 1: the genesis id
 *   64  journal hash               32    of the batch that closes the block
 *   96  state root                 32    after the last index
 *
 * Block hash = SHA-256("clearingd block 1" || encoding).
 */
#ifndef CLEARINGD_STORAGE_BLOCK_H
#define CLEARINGD_STORAGE_BLOCK_H

#include "storage/sha256.h"

#define BLOCK_BYTES 128

struct block {
    uint64_t height;
    uint64_t first_index;
    uint64_t last_index;
    int64_t time_ns;
    struct hash32 previous_hash;
    struct hash32 journal_hash;
    struct hash32 state_root;
};

void block_encode(uint8_t out[BLOCK_BYTES], const struct block *block);

/* Every 128 bytes are some block. */
void block_decode(struct block *out, const uint8_t bytes[BLOCK_BYTES]);

void block_hash(struct hash32 *out, const struct block *block);

#endif
