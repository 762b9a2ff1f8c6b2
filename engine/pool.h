/*
 * PRIVATE: slots of fixed-size arrays. Free slots are chained through a
 * 32-bit field of the dead object that the caller names.
 */
#ifndef CLEARINGD_ENGINE_POOL_H
#define CLEARINGD_ENGINE_POOL_H

#include "engine/state.h"

static inline void pool_init(struct pool *pool, uint32_t capacity)
{
    *pool = (struct pool){.capacity = capacity, .free = NONE};
}

static inline bool pool_is_full(const struct pool *pool)
{
    return pool->count == pool->capacity;
}

/* A slot, NONE when full. `next_free` of the slot at pool->free must be
 * reachable as next[slot * stride]. The object's bytes are as they were. */
static inline uint32_t pool_take(struct pool *pool, uint32_t *next,
                                 size_t stride)
{
    uint32_t slot = pool->free;

    if (slot != NONE)
        pool->free = next[slot * stride];
    else if (pool->used < pool->capacity)
        slot = pool->used++;
    else
        return NONE;
    pool->count++;
    return slot;
}

static inline void pool_give(struct pool *pool, uint32_t *next, size_t stride,
                             uint32_t slot)
{
    check(slot < pool->used && pool->count > 0);
    next[slot * stride] = pool->free;
    pool->free = slot;
    pool->count--;
}

#endif
