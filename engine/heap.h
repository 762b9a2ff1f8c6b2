/*
 * PRIVATE: binary min-heap of (key, tie, item) with places reported back, so
 * that an item can be taken out of the middle. `tie` makes the order total
 * (an order's id, an account's rank), so the sequence of pops depends on the
 * contents alone. A max-heap is made by negating the key.
 */
#ifndef CLEARINGD_ENGINE_HEAP_H
#define CLEARINGD_ENGINE_HEAP_H

#include "engine/limits.h"

struct heap_entry {
    int64_t key;
    uint64_t tie;
    uint32_t item;
};

struct heap {
    struct heap_entry *entries;
    uint32_t count, capacity;
    uint32_t *places; /* places[item * stride]: where it stands */
    uint32_t stride;  /* in uint32_t units between two items' places */
};

/* Memory for capacity entries is the caller's; places points to the place
 * field of item 0 within the caller's structs. */
void heap_init(struct heap *heap, struct heap_entry *entries, uint32_t capacity,
               uint32_t *places, uint32_t stride);

/* There must be room; the item's place is set. */
void heap_push(struct heap *heap, int64_t key, uint64_t tie, uint32_t item);

/* NULL when empty; borrowed until the next change. */
const struct heap_entry *heap_top(const struct heap *heap);

/* Takes the item out; its place becomes NONE. It must be in this heap. */
void heap_remove(struct heap *heap, uint32_t item);

#endif
