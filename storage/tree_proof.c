#include "storage/tree_proof.h"
#include "storage/tree_node.h"
#include <stdlib.h>
#include <string.h>

/* The siblings on the way, from root to leaf; returns the leaf. */
static uint32_t walk(const struct tree *tree, const uint8_t *key,
                     struct tree_proof *out,
                     uint32_t siblings[TREE_PROOF_DEPTH_MAX])
{
    uint32_t ref = tree->root;
    out->depth = 0;
    while (!tree_ref_is_leaf(ref)) {
        const struct tree_branch *branch = tree_branch_at(tree, ref);
        uint32_t side = tree_key_bit(key, branch->bit);
        check(out->depth < TREE_PROOF_DEPTH_MAX);
        out->siblings[out->depth].bit = branch->bit;
        siblings[out->depth++] = branch->child[!side];
        ref = branch->child[side];
    }
    return ref;
}

enum storage_status tree_proof(struct tree *tree, const uint8_t *key,
                               struct tree_proof *out,
                               struct tree_sum *leaf_sums)
{
    struct hash32 root;
    uint32_t refs[TREE_PROOF_DEPTH_MAX];
    enum storage_status status = tree_root(tree, &root, NULL);
    if (status != STORAGE_OK)
        return status;
    if (!tree_has(tree, key))
        return STORAGE_NOT_FOUND;
    memset(out, 0, sizeof *out);
    uint32_t leaf = walk(tree, key, out, refs);
    uint32_t n = tree->sum_count;
    out->sum_count = n;
    if (n && out->depth) {
        out->sums = malloc(out->depth * n * sizeof *out->sums);
        if (!out->sums)
            return STORAGE_NO_MEMORY;
    }
    if (leaf_sums)
        tree_sums_copy(leaf_sums, tree, leaf);
    /* Bits were noted from the root, they are wanted from the leaf. */
    for (uint32_t i = 0; i < out->depth / 2; i++) {
        uint32_t bit = out->siblings[i].bit;
        out->siblings[i].bit = out->siblings[out->depth - 1 - i].bit;
        out->siblings[out->depth - 1 - i].bit = bit;
    }
    for (uint32_t i = 0; i < out->depth; i++) {
        uint32_t ref = refs[out->depth - 1 - i];
        out->siblings[i].hash = *tree_hash_at(tree, ref);
        if (n)
            tree_sums_copy(out->sums + (size_t)i * n, tree, ref);
    }
    return STORAGE_OK;
}

void tree_proof_free(struct tree_proof *proof)
{
    free(proof->sums);
    proof->sums = NULL;
    proof->depth = 0;
}

/* Puts one branch over what was computed so far. */
static bool climb(struct hash32 *hash, struct tree_sum *sums,
                  const struct tree_leaf *leaf, const struct tree_proof *proof,
                  uint32_t i)
{
    uint32_t n = proof->sum_count;
    uint32_t bit = proof->siblings[i].bit;
    uint32_t limit = i ? proof->siblings[i - 1].bit : 8 * leaf->key_len;
    const struct tree_sum *other_sums = n ? proof->sums + (size_t)i * n : NULL;
    if (bit >= limit || !tree_sums_fit(other_sums, n))
        return false;
    struct tree_side own = {.hash = hash, .sums = sums};
    struct tree_side other = {.hash = &proof->siblings[i].hash,
                              .sums = other_sums};
    bool right = tree_key_bit(leaf->key, bit) == 1;
    struct hash32 above;
    tree_branch_hash(&above, (uint16_t)bit, right ? &other : &own,
                     right ? &own : &other, n);
    *hash = above;
    return tree_sums_add(sums, sums, other_sums, n);
}

bool tree_proof_root(struct hash32 *hash, struct tree_sum *sums,
                     const struct tree_leaf *leaf,
                     const struct tree_proof *proof)
{
    uint32_t n = proof->sum_count;
    if (leaf->key_len == 0 || leaf->key_len > TREE_KEY_BYTES_MAX ||
        n > TREE_SUM_COUNT_MAX || proof->depth > TREE_PROOF_DEPTH_MAX ||
        !tree_sums_fit(leaf->sums, n))
        return false;
    tree_leaf_hash(hash, leaf->key, leaf->key_len, &leaf->value_hash,
                   leaf->sums, n);
    if (n)
        memcpy(sums, leaf->sums, n * sizeof *sums);
    for (uint32_t i = 0; i < proof->depth; i++) {
        if (!climb(hash, sums, leaf, proof, i))
            return false;
    }
    return true;
}

bool tree_proof_verify(const struct hash32 *hash, const struct tree_sum *sums,
                       const struct tree_leaf *leaf,
                       const struct tree_proof *proof)
{
    struct hash32 found;
    struct tree_sum found_sums[TREE_SUM_COUNT_MAX];
    if (!tree_proof_root(&found, found_sums, leaf, proof) ||
        !hash32_equal(&found, hash))
        return false;
    for (uint32_t i = 0; i < proof->sum_count; i++) {
        if (found_sums[i].credit != sums[i].credit ||
            found_sums[i].debit != sums[i].debit)
            return false;
    }
    return true;
}
