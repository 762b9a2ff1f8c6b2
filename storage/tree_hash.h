/*
 * The hashes of the state tree, shared by the tree and by whoever checks a
 * proof. Sums are pairs of non-negative 128-bit integers below 2^127, written
 * as 16 big-endian bytes, credit then debit, asset after asset.
 *
 *   leaf    SHA-256(0x00 || key || value hash || sums)
 *   branch  SHA-256(0x01 || bit u16 big-endian
 *                   || left hash  || left sums
 *                   || right hash || right sums)
 *   empty   32 zero bytes, sums zero
 *
 * Both children's sums stand under the hash, so nobody can move an amount
 * between them or hide a negative one.
 */
#ifndef CLEARINGD_STORAGE_TREE_HASH_H
#define CLEARINGD_STORAGE_TREE_HASH_H

#include "storage/sha256.h"

#define TREE_KEY_BYTES_MAX 33
#define TREE_SUM_COUNT_MAX 64
#define TREE_SUM_LIMIT ((u128)1 << 127)

/* One asset's totals, each below TREE_SUM_LIMIT. */
struct tree_sum {
    u128 credit;
    u128 debit;
};

/* One side of a branch, sums having sum_count entries. */
struct tree_side {
    const struct hash32 *hash;
    const struct tree_sum *sums;
};

/* The key's bit; bit 0 is the highest bit of the first byte. */
static inline uint32_t tree_key_bit(const uint8_t *key, uint32_t bit)
{
    return (uint32_t)(key[bit >> 3] >> (7 - (bit & 7))) & 1u;
}

/* value_hash may be the same object as out. */
void tree_leaf_hash(struct hash32 *out, const uint8_t *key, uint32_t key_len,
                    const struct hash32 *value_hash,
                    const struct tree_sum *sums, uint32_t sum_count);

void tree_branch_hash(struct hash32 *out, uint16_t bit,
                      const struct tree_side *left,
                      const struct tree_side *right, uint32_t sum_count);

/* True when all are below TREE_SUM_LIMIT. */
bool tree_sums_fit(const struct tree_sum *sums, uint32_t sum_count) must_use;

/* out = left + right for all assets; false when one reaches TREE_SUM_LIMIT.
 * out may be left or right. */
bool tree_sums_add(struct tree_sum *out, const struct tree_sum *left,
                   const struct tree_sum *right, uint32_t sum_count) must_use;

/* Feeds sums into a hash in the form drawn above. */
void tree_sums_feed(struct sha256 *hash, const struct tree_sum *sums,
                    uint32_t sum_count);

#endif
