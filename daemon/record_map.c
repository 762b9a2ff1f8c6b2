#include "daemon/record_map.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 1024u

/* FNV-1a, folded. Who could choose keys that collide (order ids, addresses
 * made for it) would only slow a checkpoint down. */
static uint64_t hash_of(const uint8_t *key, size_t size)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ key[i]) * UINT64_C(0x100000001b3);
    return hash ^ (hash >> 32);
}

/* The key's slot, or the empty one where it belongs. */
static size_t slot_of(const struct record_map *map, const uint8_t *key,
                      size_t key_size)
{
    size_t slot = hash_of(key, key_size) & (map->size - 1);

    while (map->slots[slot] &&
           (map->slots[slot]->key_size != key_size ||
            memcmp(map->slots[slot]->bytes, key, key_size) != 0))
        slot = (slot + 1) & (map->size - 1);
    return slot;
}

static bool grow(struct record_map *map)
{
    struct record_map bigger = {.size = map->size ? 2 * map->size : FIRST_SIZE};

    bigger.slots = calloc(bigger.size, sizeof *bigger.slots);
    if (!bigger.slots)
        return false;
    for (size_t i = 0; i < map->size; i++) {
        struct record_entry *entry = map->slots[i];

        if (entry)
            bigger.slots[slot_of(&bigger, entry->bytes, entry->key_size)] =
                entry;
    }
    free(map->slots);
    map->slots = bigger.slots;
    map->size = bigger.size;
    return true;
}

/* A new entry in place of the old one, which may be NULL. */
static struct record_entry *replace(struct record_map *map,
                                    struct record_entry *old,
                                    const uint8_t *key, size_t key_size,
                                    size_t room)
{
    struct record_entry *entry = malloc(sizeof *entry + key_size + room);

    if (!entry)
        return NULL;
    *entry = (struct record_entry){.key_size = (uint32_t)key_size,
                                   .room = (uint32_t)room};
    memcpy(entry->bytes, key, key_size);
    map->bytes += sizeof *entry + key_size + room;
    if (old)
        map->bytes -= sizeof *old + old->key_size + old->room;
    else
        map->count++;
    free(old);
    return entry;
}

bool record_map_put(struct record_map *map, const uint8_t *key, size_t key_size,
                    const uint8_t *value, size_t value_size)
{
    struct record_entry *entry;
    size_t slot;

    if (2 * (map->count + 1) > map->size && !grow(map))
        return false;
    slot = slot_of(map, key, key_size);
    entry = map->slots[slot];
    if (!value)
        value_size = 0;
    if (!entry || entry->room < value_size) {
        entry = replace(map, entry, key, key_size, value_size);
        if (!entry)
            return false;
        map->slots[slot] = entry;
    }
    entry->is_gone = !value;
    entry->value_size = (uint32_t)value_size;
    if (value_size > 0)
        memcpy(entry->bytes + key_size, value, value_size);
    return true;
}

const struct record_entry *record_map_find(const struct record_map *map,
                                           const uint8_t *key, size_t key_size)
{
    return map->size > 0 ? map->slots[slot_of(map, key, key_size)] : NULL;
}

static int compare(const void *left, const void *right)
{
    const struct record_entry *a = *(const struct record_entry *const *)left;
    const struct record_entry *b = *(const struct record_entry *const *)right;
    uint32_t size = a->key_size < b->key_size ? a->key_size : b->key_size;
    int order = memcmp(a->bytes, b->bytes, size);

    return order != 0
               ? order
               : (a->key_size > b->key_size) - (a->key_size < b->key_size);
}

const struct record_entry **record_map_sorted(const struct record_map *map)
{
    const struct record_entry **list =
        map->count > 0 ? malloc(map->count * sizeof *list) : NULL;
    size_t used = 0;

    if (!list)
        return NULL;
    for (size_t i = 0; i < map->size; i++)
        if (map->slots[i])
            list[used++] = map->slots[i];
    qsort(list, used, sizeof *list, compare);
    return list;
}

void record_map_clear(struct record_map *map)
{
    for (size_t i = 0; i < map->size; i++)
        free(map->slots[i]);
    free(map->slots);
    *map = (struct record_map){0};
}
