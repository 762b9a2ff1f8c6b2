/*
 * PRIVATE: hash index from an identity to a pool slot. Open addressing with
 * linear probing and backward-shift deletion; it holds 32-bit slots only and
 * compares through a callback-free key hash the caller gives: the caller
 * probes with idmap_first / idmap_next and compares identities itself. The
 * hash is fixed (no seed): an idmap is never iterated, so its order can't
 * reach a result. Capacity is at least twice what its pool can hold.
 */
#ifndef CLEARINGD_ENGINE_IDMAP_H
#define CLEARINGD_ENGINE_IDMAP_H

#include "engine/limits.h"

struct idmap_entry {
    uint32_t hash;
    uint32_t tenant; /* slot + 1; 0: empty, so that zeroed memory is */
};

struct idmap {
    struct idmap_entry *entries;
    uint32_t mask; /* capacity - 1, capacity a power of two */
    uint32_t count;
};

/* Entries needed for a pool of this capacity. */
uint32_t idmap_capacity(uint32_t pool_capacity);

/* Takes zeroed memory of idmap_capacity entries and does not touch it: pages
 * that no entry ever needs stay unused. */
void idmap_init(struct idmap *map, struct idmap_entry *entries,
                uint32_t capacity);

/* A good 32-bit hash of bytes, and of one 64-bit number. The latter keeps
 * eight numbers in a row (one cache line of entries) together: ids that are
 * dealt in sequence are mostly sought in that neighbourhood too. */
uint32_t idmap_hash_bytes(const void *bytes, size_t size);
uint32_t idmap_hash_u64(uint64_t value);

/* Walks the entries whose hash is equal: *cursor starts at
 * idmap_first(map, hash); returns a slot to compare, NONE at the end. */
uint32_t idmap_first(const struct idmap *map, uint32_t hash);
uint32_t idmap_next(const struct idmap *map, uint32_t hash, uint32_t *cursor);

/* A search for this hash will follow: asks for its memory ahead of time. */
static inline void idmap_prefetch(const struct idmap *map, uint32_t hash)
{
    __builtin_prefetch(&map->entries[hash & map->mask]);
}

void idmap_insert(struct idmap *map, uint32_t hash, uint32_t slot);
/* The pair must be there. */
void idmap_remove(struct idmap *map, uint32_t hash, uint32_t slot);

#endif
