/*
 * A state's records, kept by key: what a store would hold.
 */
#ifndef CLEARINGD_TESTS_LIB_RECORD_SET_H
#define CLEARINGD_TESTS_LIB_RECORD_SET_H

#include "engine/engine.h"
#include "tests/lib/random.h"

struct record_item {
    uint8_t key[RECORD_KEY_BYTES_MAX];
    size_t key_size;
    uint8_t *value;
    size_t value_size;
};

/* Starts as zeros. */
struct record_set {
    struct record_item *items; /* by key */
    size_t count, capacity;
    size_t gone_in_vain; /* records said to be gone that were not there */
};

void record_set_free(struct record_set *set);

/* A record_visitor with the set as its ctx: puts, replaces, takes away. */
void record_set_visit(void *set, const struct record *record);

/* The set becomes all of the engine's records. */
void record_set_collect(struct record_set *set, const struct engine *engine);

/* False: they differ; `what` (at least 128 bytes) says in which record. */
bool record_set_equal(const struct record_set *a, const struct record_set *b,
                      char *what);

/* Feeds a fresh engine with them in a random order (NULL: by key) and ends
 * the loading. */
bool record_set_load(const struct record_set *set, struct random_state *random,
                     struct engine *engine);

/* The place of a record, or the set's count. */
size_t record_set_find(const struct record_set *set, const uint8_t *key,
                       size_t key_size);

#endif
