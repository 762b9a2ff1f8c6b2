/*
 * The state tree: a compressed binary Patricia (crit-bit) trie over keys of
 * one fixed length. A branch names the first bit in which its two halves
 * differ, left has 0 there; there are no branches with one child. The shape,
 * and so the root, follows from the set of leaves alone, not from the order
 * in which they came.
 *
 * Leaves and branches lie in two arrays, linked by 32-bit references that
 * carry a dirty mark; a change marks its path, tree_root rehashes what is
 * marked in one depth-first pass. A leaf keeps the value's hash while dirty
 * and its node hash when clean, never both: a million leaves of 33-byte keys
 * take 109 bytes each, sums add 64 bytes an asset.
 *
 * Not thread safe.
 */
#ifndef CLEARINGD_STORAGE_TREE_H
#define CLEARINGD_STORAGE_TREE_H

#include "storage/status.h"
#include "storage/tree_hash.h"

struct tree_branch {
    struct hash32 hash;
    uint32_t child[2];
    uint32_t bit;
};

/* Fields belong to tree.c and tree_proof.c. */
struct tree {
    uint32_t key_len;
    uint32_t sum_count;
    /* Bytes of one leaf: node or value hash, then key. */
    uint32_t leaf_bytes;
    uint32_t root;
    uint32_t leaf_count;
    uint32_t leaf_used;
    uint32_t branch_used;
    uint32_t capacity;
    uint32_t leaf_free;
    uint32_t branch_free;
    uint8_t *leaves;
    struct tree_branch *branches;
    struct tree_sum *leaf_sums;
    struct tree_sum *branch_sums;
};

/* key_len 1 to TREE_KEY_BYTES_MAX, sum_count 0 to TREE_SUM_COUNT_MAX,
 * capacity = leaves to make room for now (0 for a small start), doubled when
 * full up to 2^30. STORAGE_INVALID, STORAGE_NO_MEMORY. */
enum storage_status tree_init(struct tree *tree, uint32_t key_len,
                              uint32_t sum_count, uint32_t capacity) must_use;
void tree_free(struct tree *tree);

/* Sets or replaces a leaf: key of key_len bytes, sums of sum_count pairs
 * (ignored when sum_count is 0). STORAGE_OVERFLOW for a sum of 2^127 or more,
 * STORAGE_NO_MEMORY; nothing is changed then. */
enum storage_status tree_set(struct tree *tree, const uint8_t *key,
                             const struct hash32 *value_hash,
                             const struct tree_sum *sums) must_use;

/* Removes a leaf; false when there is none. */
bool tree_delete(struct tree *tree, const uint8_t *key);

bool tree_has(const struct tree *tree, const uint8_t *key) must_use;

/* Number of leaves. */
uint32_t tree_count(const struct tree *tree);

/* The root's hash and sums (sums may be NULL) after rehashing what changed.
 * STORAGE_OVERFLOW when a total reaches 2^127. */
enum storage_status tree_root(struct tree *tree, struct hash32 *hash,
                              struct tree_sum *sums) must_use;

/* Bytes held in memory. */
uint64_t tree_bytes(const struct tree *tree);

#endif
