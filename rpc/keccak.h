/*
 * Keccak-256 as Ethereum uses it: the permutation of SHA-3 with the original
 * padding byte 0x01 (the standard's SHA3-256 pads 0x06 and is another
 * function). Rate 136 bytes, capacity 64. The permutation is nettle's.
 */
#ifndef CLEARINGD_RPC_KECCAK_H
#define CLEARINGD_RPC_KECCAK_H

#include "engine/units.h"

#define KECCAK_RATE 136

/* A running hash. `filled` bytes of the current block are absorbed; it is
 * below KECCAK_RATE between calls. */
struct keccak {
    uint64_t lanes[25];
    uint32_t filled;
};

void keccak_init(struct keccak *keccak);

/* Absorbs `size` bytes; bytes may be NULL when size is 0. */
void keccak_update(struct keccak *keccak, const void *bytes, size_t size);

/* Writes the hash of all that was absorbed. The running hash is spent: init
 * it again before another use. */
void keccak_final(struct keccak *keccak, struct hash32 *hash);

/* All at once. */
void keccak256(struct hash32 *hash, const void *bytes, size_t size);

#endif
