#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>

#include "engine/idmap.h"

static uint64_t random_of(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return *seed >> 33;
}

static bool holds(const struct idmap *map, uint32_t hash, uint32_t slot)
{
    uint32_t cursor = idmap_first(map, hash);
    uint32_t found;

    while ((found = idmap_next(map, hash, &cursor)) != NONE)
        if (found == slot)
            return true;
    return false;
}

Test(idmap, capacity_is_a_power_of_two_and_twice_the_pool)
{
    cr_assert_eq(idmap_capacity(0), 16);
    cr_assert_eq(idmap_capacity(8), 16);
    cr_assert_eq(idmap_capacity(9), 32);
    cr_assert_eq(idmap_capacity(1u << 20), 1u << 21);
    cr_assert_eq(idmap_capacity((1u << 20) + 1), 1u << 22);
}

Test(idmap, slot_zero_is_a_slot_and_zeroed_memory_is_empty)
{
    static struct idmap_entry entries[16];
    struct idmap map;

    idmap_init(&map, entries, 16);
    cr_assert_not(holds(&map, 0, 0));
    idmap_insert(&map, 0, 0);
    cr_assert(holds(&map, 0, 0));
    idmap_remove(&map, 0, 0);
    cr_assert_not(holds(&map, 0, 0));
    cr_assert_eq(map.count, 0);
}

/* All of one hash, at the end of the table: the run goes round its corner. */
Test(idmap, equal_hashes_are_told_apart_by_slot)
{
    static struct idmap_entry entries[16];
    struct idmap map;

    idmap_init(&map, entries, 16);
    for (uint32_t slot = 0; slot < 8; slot++)
        idmap_insert(&map, 14, slot);
    for (uint32_t gone = 0; gone < 8; gone++) {
        idmap_remove(&map, 14, (gone * 5) % 8);
        for (uint32_t slot = 0; slot < 8; slot++) {
            bool is_left = true;

            for (uint32_t i = 0; i <= gone; i++)
                is_left = is_left && slot != (i * 5) % 8;
            cr_assert_eq(holds(&map, 14, slot), is_left);
        }
    }
}

/* Against an array of flags: few different hashes, long runs. */
Test(idmap, agrees_with_an_array)
{
    static struct idmap_entry entries[256];
    static bool is_inside[128];
    struct idmap map;
    uint64_t seed = 7;

    idmap_init(&map, entries, 256);
    for (uint32_t step = 0; step < 50000; step++) {
        uint32_t slot = (uint32_t)random_of(&seed) % 128;
        uint32_t hash = slot * 2654435761u % 40 * 7;

        if (is_inside[slot])
            idmap_remove(&map, hash, slot);
        else
            idmap_insert(&map, hash, slot);
        is_inside[slot] = !is_inside[slot];
        if (step % 16 != 0)
            continue;
        for (uint32_t i = 0; i < 128; i++)
            cr_assert_eq(holds(&map, i * 2654435761u % 40 * 7, i),
                         is_inside[i]);
    }
}

Test(idmap, removing_what_is_not_there_stops_the_process, .signal = SIGABRT)
{
    static struct idmap_entry entries[16];
    struct idmap map;

    idmap_init(&map, entries, 16);
    idmap_insert(&map, 3, 1);
    idmap_remove(&map, 3, 2);
}

static uint32_t longest_run(const uint32_t *hashes, uint32_t count)
{
    uint32_t capacity = idmap_capacity(count);
    struct idmap_entry *entries = calloc(capacity, sizeof *entries);
    struct idmap map;
    uint32_t run = 0, longest = 0;

    cr_assert(entries != NULL);
    idmap_init(&map, entries, capacity);
    for (uint32_t i = 0; i < count; i++)
        idmap_insert(&map, hashes[i], i);
    for (uint32_t i = 0; i < capacity; i++) {
        run = entries[i].tenant != 0 ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    free(entries);
    return longest;
}

/* Ids in sequence, ids with gaps, addresses that differ in a few bytes: no
 * run that a search would feel. */
Test(idmap, hashes_spread)
{
    enum { COUNT = 100000 };
    static uint32_t hashes[COUNT];

    for (uint32_t i = 0; i < COUNT; i++)
        hashes[i] = idmap_hash_u64(i + 1);
    cr_assert_lt(longest_run(hashes, COUNT), 400);
    for (uint32_t i = 0; i < COUNT; i++)
        hashes[i] = idmap_hash_u64((uint64_t)i * 1024);
    cr_assert_lt(longest_run(hashes, COUNT), 400);
    for (uint32_t i = 0; i < COUNT; i++) {
        uint8_t bytes[24] = {0};

        __builtin_memcpy(bytes + 16, &i, sizeof i);
        hashes[i] = idmap_hash_bytes(bytes, sizeof bytes);
    }
    cr_assert_lt(longest_run(hashes, COUNT), 200);
}

Test(idmap, every_byte_counts)
{
    uint8_t bytes[24] = {0};
    uint32_t plain = idmap_hash_bytes(bytes, sizeof bytes);

    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = 1;
        cr_assert_neq(idmap_hash_bytes(bytes, sizeof bytes), plain);
        bytes[i] = 0;
    }
    for (size_t size = 0; size < sizeof bytes; size++)
        cr_assert_neq(idmap_hash_bytes(bytes, size), plain);
}
