/*
 * The proof that one leaf is under a root: the other side of every branch on
 * its way, from leaf to root. The side the leaf is on follows from its key's
 * bit at each branch. Checking it also recomputes the root's sums, so an
 * account sees its own line counted in the total.
 */
#ifndef CLEARINGD_STORAGE_TREE_PROOF_H
#define CLEARINGD_STORAGE_TREE_PROOF_H

#include "storage/tree.h"

#define TREE_PROOF_DEPTH_MAX (8 * TREE_KEY_BYTES_MAX)

struct tree_sibling {
    struct hash32 hash;
    uint32_t bit;
};

/* Owned by the proof; sums holds sum_count pairs for each sibling in turn. */
struct tree_proof {
    uint32_t depth;
    uint32_t sum_count;
    struct tree_sum *sums;
    struct tree_sibling siblings[TREE_PROOF_DEPTH_MAX];
};

/* The leaf a proof is about. */
struct tree_leaf {
    const uint8_t *key;
    uint32_t key_len;
    struct hash32 value_hash;
    const struct tree_sum *sums;
};

/* Makes the proof of a key, after tree_root if something changed; the caller
 * frees it. leaf_sums (may be NULL) gets the leaf's sum_count pairs.
 * STORAGE_NOT_FOUND, STORAGE_NO_MEMORY, STORAGE_OVERFLOW: nothing to free. */
enum storage_status tree_proof(struct tree *tree, const uint8_t *key,
                               struct tree_proof *out,
                               struct tree_sum *leaf_sums) must_use;
void tree_proof_free(struct tree_proof *proof);

/* Recomputes root hash and sums (room for sum_count pairs; may be NULL when
 * that is 0) from leaf and proof. False when the proof cannot be one: bits not
 * strictly falling towards the root or outside the key, depth too large, a
 * sum at or over 2^127. */
bool tree_proof_root(struct hash32 *hash, struct tree_sum *sums,
                     const struct tree_leaf *leaf,
                     const struct tree_proof *proof) must_use;

/* True when leaf and proof give exactly this root hash and these sums. */
bool tree_proof_verify(const struct hash32 *hash, const struct tree_sum *sums,
                       const struct tree_leaf *leaf,
                       const struct tree_proof *proof) must_use;

#endif
