#include "storage/tree.h"
#include "storage/tree_node.h"
#include <stdlib.h>
#include <string.h>

#define CAPACITY_MIN 64u
#define CAPACITY_MAX TREE_REF_PLACE

/* What stands in an array place that is free: the next free one. */
static void put_next_free(void *place, uint32_t next)
{
    memcpy(place, &next, sizeof next);
}

static uint32_t get_next_free(const void *place)
{
    uint32_t next;
    memcpy(&next, place, sizeof next);
    return next;
}

/* Gives one array room for count items; the old content stays on failure. */
static bool resize(void *array_address, size_t count, size_t item_bytes)
{
    void *old;
    memcpy(&old, array_address, sizeof old);
    void *grown = realloc(old, count * item_bytes);
    if (!grown)
        return false;
    memcpy(array_address, &grown, sizeof grown);
    return true;
}

static enum storage_status grow(struct tree *tree, uint32_t capacity)
{
    size_t sums = sizeof(struct tree_sum) * tree->sum_count;
    if (!resize(&tree->leaves, capacity, tree->leaf_bytes) ||
        !resize(&tree->branches, capacity, sizeof *tree->branches))
        return STORAGE_NO_MEMORY;
    if (sums && (!resize(&tree->leaf_sums, capacity, sums) ||
                 !resize(&tree->branch_sums, capacity, sums)))
        return STORAGE_NO_MEMORY;
    tree->capacity = capacity;
    return STORAGE_OK;
}

enum storage_status tree_init(struct tree *tree, uint32_t key_len,
                              uint32_t sum_count, uint32_t capacity)
{
    *tree = (struct tree){.key_len = key_len,
                          .sum_count = sum_count,
                          .leaf_bytes = HASH32_BYTES + key_len,
                          .root = TREE_REF_NONE,
                          .leaf_free = TREE_REF_NONE,
                          .branch_free = TREE_REF_NONE};
    if (key_len == 0 || key_len > TREE_KEY_BYTES_MAX ||
        sum_count > TREE_SUM_COUNT_MAX || capacity > CAPACITY_MAX)
        return STORAGE_INVALID;
    enum storage_status status =
        grow(tree, capacity < CAPACITY_MIN ? CAPACITY_MIN : capacity);
    if (status != STORAGE_OK)
        tree_free(tree);
    return status;
}

void tree_free(struct tree *tree)
{
    free(tree->leaves);
    free(tree->branches);
    free(tree->leaf_sums);
    free(tree->branch_sums);
    *tree = (struct tree){.root = TREE_REF_NONE};
}

/* Makes sure that one more leaf and branch fit. */
static enum storage_status reserve(struct tree *tree)
{
    if (tree->leaf_count < tree->capacity)
        return STORAGE_OK;
    if (tree->capacity == CAPACITY_MAX)
        return STORAGE_NO_MEMORY;
    return grow(tree, tree->capacity > CAPACITY_MAX / 2 ? CAPACITY_MAX
                                                        : 2 * tree->capacity);
}

static uint32_t take_leaf(struct tree *tree)
{
    tree->leaf_count++;
    if (tree->leaf_free == TREE_REF_NONE)
        return tree->leaf_used++ | TREE_REF_LEAF;
    uint32_t ref = tree->leaf_free | TREE_REF_LEAF;
    tree->leaf_free = get_next_free(tree_leaf_at(tree, ref));
    return ref;
}

static uint32_t take_branch(struct tree *tree)
{
    if (tree->branch_free == TREE_REF_NONE)
        return tree->branch_used++;
    uint32_t ref = tree->branch_free;
    tree->branch_free = get_next_free(tree_branch_at(tree, ref));
    return ref;
}

static void give_leaf(struct tree *tree, uint32_t ref)
{
    tree->leaf_count--;
    put_next_free(tree_leaf_at(tree, ref), tree->leaf_free);
    tree->leaf_free = ref & TREE_REF_PLACE;
}

static void give_branch(struct tree *tree, uint32_t ref)
{
    put_next_free(tree_branch_at(tree, ref), tree->branch_free);
    tree->branch_free = ref & TREE_REF_PLACE;
}

/* The only leaf that can have this key. The tree is not empty. */
static uint32_t nearest_leaf(const struct tree *tree, const uint8_t *key)
{
    uint32_t ref = tree->root;
    while (!tree_ref_is_leaf(ref)) {
        const struct tree_branch *branch = tree_branch_at(tree, ref);
        ref = branch->child[tree_key_bit(key, branch->bit)];
    }
    return ref;
}

/* First bit in which two keys differ; 8 * key_len when they are equal. */
static uint32_t first_difference(const uint8_t *left, const uint8_t *right,
                                 uint32_t key_len)
{
    for (uint32_t i = 0; i < key_len; i++) {
        uint32_t difference = (uint32_t)(left[i] ^ right[i]);
        if (difference)
            return 8 * i + (uint32_t)__builtin_clz(difference) - 24;
    }
    return 8 * key_len;
}

/* Marks the way down to where bit decides (branches at lower bits are above
 * it) and returns the reference that stands there. */
static uint32_t *mark_way(struct tree *tree, const uint8_t *key, uint32_t bit)
{
    uint32_t *ref = &tree->root;
    while (!tree_ref_is_leaf(*ref)) {
        struct tree_branch *branch = tree_branch_at(tree, *ref);
        if (branch->bit > bit)
            break;
        *ref |= TREE_REF_DIRTY;
        ref = &branch->child[tree_key_bit(key, branch->bit)];
    }
    return ref;
}

static void write_leaf(struct tree *tree, uint32_t ref, const uint8_t *key,
                       const struct hash32 *value_hash,
                       const struct tree_sum *sums)
{
    memcpy(tree_leaf_at(tree, ref), value_hash->bytes, HASH32_BYTES);
    memcpy(tree_key_at(tree, ref), key, tree->key_len);
    if (tree->sum_count)
        memcpy(tree_sums_at(tree, ref), sums, tree->sum_count * sizeof *sums);
}

enum storage_status tree_set(struct tree *tree, const uint8_t *key,
                             const struct hash32 *value_hash,
                             const struct tree_sum *sums)
{
    if (!tree_sums_fit(sums, tree->sum_count))
        return STORAGE_OVERFLOW;
    enum storage_status status = reserve(tree);
    if (status != STORAGE_OK)
        return status;
    uint32_t end = 8 * tree->key_len;
    uint32_t bit = end;
    if (tree->root != TREE_REF_NONE)
        bit = first_difference(key, tree_key_at(tree, nearest_leaf(tree, key)),
                               tree->key_len);
    uint32_t *at = &tree->root;
    if (tree->root == TREE_REF_NONE)
        *at = take_leaf(tree);
    else
        at = mark_way(tree, key, bit);
    uint32_t leaf = *at;
    if (bit < end) {
        leaf = take_leaf(tree) | TREE_REF_DIRTY;
        uint32_t ref = take_branch(tree);
        struct tree_branch *branch = tree_branch_at(tree, ref);
        uint32_t side = tree_key_bit(key, bit);
        branch->bit = bit;
        branch->child[side] = leaf;
        branch->child[!side] = *at;
        *at = ref;
    }
    *at |= TREE_REF_DIRTY;
    write_leaf(tree, leaf, key, value_hash, sums);
    return STORAGE_OK;
}

bool tree_has(const struct tree *tree, const uint8_t *key)
{
    if (tree->root == TREE_REF_NONE)
        return false;
    const uint8_t *found = tree_key_at(tree, nearest_leaf(tree, key));
    return memcmp(found, key, tree->key_len) == 0;
}

bool tree_delete(struct tree *tree, const uint8_t *key)
{
    if (!tree_has(tree, key))
        return false;
    uint32_t *at = &tree->root;
    uint32_t *above = NULL;
    while (!tree_ref_is_leaf(*at)) {
        struct tree_branch *branch = tree_branch_at(tree, *at);
        *at |= TREE_REF_DIRTY;
        above = at;
        at = &branch->child[tree_key_bit(key, branch->bit)];
    }
    give_leaf(tree, *at);
    if (!above) {
        tree->root = TREE_REF_NONE;
        return true;
    }
    /* The sibling takes the branch's place with its own mark: its subtree is
     * what it was. */
    uint32_t ref = *above;
    struct tree_branch *branch = tree_branch_at(tree, ref);
    *above = branch->child[at == &branch->child[0]];
    give_branch(tree, ref);
    return true;
}

uint32_t tree_count(const struct tree *tree)
{
    return tree->leaf_count;
}

static enum storage_status rehash(struct tree *tree, uint32_t *ref);

static enum storage_status rehash_branch(struct tree *tree, uint32_t ref)
{
    struct tree_branch *branch = tree_branch_at(tree, ref);
    struct tree_side side[2];
    /* The nodes lie anywhere: fetch both while the first is worked on. */
    for (uint32_t i = 0; i < 2; i++)
        __builtin_prefetch(tree_hash_at(tree, branch->child[i]));
    for (uint32_t i = 0; i < 2; i++) {
        enum storage_status status = rehash(tree, &branch->child[i]);
        if (status != STORAGE_OK)
            return status;
        side[i].hash = tree_hash_at(tree, branch->child[i]);
        side[i].sums = tree_sums_at(tree, branch->child[i]);
    }
    if (!tree_sums_add(tree_sums_at(tree, ref), side[0].sums, side[1].sums,
                       tree->sum_count))
        return STORAGE_OVERFLOW;
    tree_branch_hash(&branch->hash, (uint16_t)branch->bit, &side[0], &side[1],
                     tree->sum_count);
    return STORAGE_OK;
}

/* Depth is bounded by the key's bits. */
static enum storage_status rehash(struct tree *tree, uint32_t *ref)
{
    if (!(*ref & TREE_REF_DIRTY))
        return STORAGE_OK;
    if (tree_ref_is_leaf(*ref)) {
        struct hash32 *hash = tree_hash_at(tree, *ref);
        tree_leaf_hash(hash, tree_key_at(tree, *ref), tree->key_len, hash,
                       tree_sums_at(tree, *ref), tree->sum_count);
    } else {
        enum storage_status status = rehash_branch(tree, *ref);
        if (status != STORAGE_OK)
            return status;
    }
    *ref &= ~TREE_REF_DIRTY;
    return STORAGE_OK;
}

enum storage_status tree_root(struct tree *tree, struct hash32 *hash,
                              struct tree_sum *sums)
{
    if (tree->root == TREE_REF_NONE) {
        memset(hash, 0, sizeof *hash);
        if (sums)
            memset(sums, 0, tree->sum_count * sizeof *sums);
        return STORAGE_OK;
    }
    enum storage_status status = rehash(tree, &tree->root);
    if (status != STORAGE_OK)
        return status;
    *hash = *tree_hash_at(tree, tree->root);
    if (sums)
        tree_sums_copy(sums, tree, tree->root);
    return STORAGE_OK;
}

uint64_t tree_bytes(const struct tree *tree)
{
    uint64_t node_sums = 2 * sizeof(struct tree_sum) * tree->sum_count;
    return (uint64_t)tree->capacity *
           (tree->leaf_bytes + sizeof(struct tree_branch) + node_sums);
}
