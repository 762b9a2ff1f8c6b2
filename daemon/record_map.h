/*
 * Records by key, each with its newest value: an open hash table of entries
 * that own their bytes. Made for coalescing: most puts meet an entry of the
 * same size and only overwrite it.
 */
#ifndef CLEARINGD_DAEMON_RECORD_MAP_H
#define CLEARINGD_DAEMON_RECORD_MAP_H

#include "engine/base.h"

struct record_entry {
    uint32_t key_size, value_size;
    uint32_t room;   /* for the value */
    bool is_gone;    /* the record has been deleted */
    uint8_t bytes[]; /* key, value */
};

struct record_map {
    struct record_entry **slots; /* size is a power of two, or 0 */
    size_t size, count, bytes;
};

/* Sets the value; value NULL: the record is gone. False: memory is short. */
must_use bool record_map_put(struct record_map *map, const uint8_t *key,
                             size_t key_size, const uint8_t *value,
                             size_t value_size);

/* NULL: the key is not there. */
const struct record_entry *record_map_find(const struct record_map *map,
                                           const uint8_t *key, size_t key_size);

/* All entries in the order of their keys, malloc'd; NULL if memory is short
 * or there are none. */
const struct record_entry **record_map_sorted(const struct record_map *map);

/* Forgets all entries and frees their memory. */
void record_map_clear(struct record_map *map);

#endif
