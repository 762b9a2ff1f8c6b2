/*
 * How the tree's nodes lie in memory, for tree.c and tree_proof.c alone.
 *
 * A reference: bit 31 says leaf, bit 30 says dirty (the node's hash must be
 * made again), the rest is the place in the array of its kind.
 */
#ifndef CLEARINGD_STORAGE_TREE_NODE_H
#define CLEARINGD_STORAGE_TREE_NODE_H

#include "storage/tree.h"
#include <string.h>

#define TREE_REF_LEAF 0x80000000u
#define TREE_REF_DIRTY 0x40000000u
#define TREE_REF_PLACE 0x3fffffffu
#define TREE_REF_NONE 0xffffffffu

static inline bool tree_ref_is_leaf(uint32_t ref)
{
    return (ref & TREE_REF_LEAF) != 0;
}

static inline struct tree_branch *tree_branch_at(const struct tree *tree,
                                                 uint32_t ref)
{
    return tree->branches + (ref & TREE_REF_PLACE);
}

static inline uint8_t *tree_leaf_at(const struct tree *tree, uint32_t ref)
{
    return tree->leaves + (size_t)(ref & TREE_REF_PLACE) * tree->leaf_bytes;
}

/* The node hash, or a dirty leaf's value hash. */
static inline struct hash32 *tree_hash_at(const struct tree *tree, uint32_t ref)
{
    if (tree_ref_is_leaf(ref))
        return (struct hash32 *)(void *)tree_leaf_at(tree, ref);
    return &tree_branch_at(tree, ref)->hash;
}

static inline uint8_t *tree_key_at(const struct tree *tree, uint32_t ref)
{
    return tree_leaf_at(tree, ref) + HASH32_BYTES;
}

/* NULL when the tree has no sums. */
static inline struct tree_sum *tree_sums_at(const struct tree *tree,
                                            uint32_t ref)
{
    if (tree->sum_count == 0)
        return NULL;
    struct tree_sum *base =
        tree_ref_is_leaf(ref) ? tree->leaf_sums : tree->branch_sums;
    return base + (size_t)(ref & TREE_REF_PLACE) * tree->sum_count;
}

/* Copies a node's sums out, none when the tree has none. */
static inline void tree_sums_copy(struct tree_sum *out, const struct tree *tree,
                                  uint32_t ref)
{
    const struct tree_sum *sums = tree_sums_at(tree, ref);
    if (sums)
        memcpy(out, sums, tree->sum_count * sizeof *sums);
}

#endif
