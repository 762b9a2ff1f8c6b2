/*
 * Linear probing over 8-byte entries, deletion by shifting the rest of the
 * run back: no tombstones, so a map's speed does not depend on its history.
 */
#include "engine/idmap.h"

/* Odd constants without structure: digits of the golden ratio and of pi. */
#define MIX_A UINT64_C(0x9e3779b97f4a7c15)
#define MIX_B UINT64_C(0x243f6a8885a308d3)

static uint64_t mix(uint64_t a, uint64_t b)
{
    u128 product = (u128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint32_t idmap_capacity(uint32_t pool_capacity)
{
    uint32_t capacity = 16;

    check(pool_capacity <= UINT32_MAX / 4);
    while (capacity < 2 * pool_capacity)
        capacity *= 2;
    return capacity;
}

void idmap_init(struct idmap *map, struct idmap_entry *entries,
                uint32_t capacity)
{
    check(capacity > 0 && (capacity & (capacity - 1)) == 0);
    *map = (struct idmap){.entries = entries, .mask = capacity - 1};
}

uint32_t idmap_hash_bytes(const void *bytes, size_t size)
{
    const uint8_t *from = bytes;
    uint64_t hash = MIX_B ^ size;
    uint64_t word;

    for (; size >= sizeof word; size -= sizeof word, from += sizeof word) {
        __builtin_memcpy(&word, from, sizeof word);
        hash = mix(hash ^ word, MIX_A);
    }
    if (size > 0) {
        word = 0;
        __builtin_memcpy(&word, from, size);
        hash = mix(hash ^ word, MIX_A);
    }
    return (uint32_t)(mix(hash, MIX_B) >> 32);
}

uint32_t idmap_hash_u64(uint64_t value)
{
    uint64_t line = mix((value >> 3) ^ MIX_B, MIX_A);

    return (uint32_t)(line << 3) | (uint32_t)(value & 7);
}

uint32_t idmap_first(const struct idmap *map, uint32_t hash)
{
    return hash & map->mask;
}

uint32_t idmap_next(const struct idmap *map, uint32_t hash, uint32_t *cursor)
{
    for (uint32_t at = *cursor;; at = (at + 1) & map->mask) {
        const struct idmap_entry *entry = &map->entries[at];

        if (entry->tenant == 0)
            return NONE;
        if (entry->hash == hash) {
            *cursor = (at + 1) & map->mask;
            return entry->tenant - 1;
        }
    }
}

void idmap_insert(struct idmap *map, uint32_t hash, uint32_t slot)
{
    uint32_t at = hash & map->mask;

    /* An empty entry ends every search: the map is never filled. */
    check(map->count < map->mask && slot != NONE);
    while (map->entries[at].tenant != 0)
        at = (at + 1) & map->mask;
    map->entries[at] = (struct idmap_entry){hash, slot + 1};
    map->count++;
}

/* Closes the gap: each later entry of the run that may stand there (its home
 * lies at the gap or before it) moves in and leaves a gap of its own. */
static void close_gap(struct idmap *map, uint32_t gap)
{
    uint32_t at = gap;

    for (;;) {
        at = (at + 1) & map->mask;
        if (map->entries[at].tenant == 0)
            break;

        uint32_t home = map->entries[at].hash & map->mask;

        if (((at - home) & map->mask) >= ((at - gap) & map->mask)) {
            map->entries[gap] = map->entries[at];
            gap = at;
        }
    }
    map->entries[gap] = (struct idmap_entry){0, 0};
}

void idmap_remove(struct idmap *map, uint32_t hash, uint32_t slot)
{
    uint32_t at = hash & map->mask;

    while (map->entries[at].hash != hash ||
           map->entries[at].tenant != slot + 1) {
        check(map->entries[at].tenant != 0);
        at = (at + 1) & map->mask;
    }
    close_gap(map, at);
    map->count--;
}
