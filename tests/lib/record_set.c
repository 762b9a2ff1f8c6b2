#include "tests/lib/record_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *need(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

static int compare(const uint8_t *a, size_t a_size, const uint8_t *b,
                   size_t b_size)
{
    int order = memcmp(a, b, a_size < b_size ? a_size : b_size);

    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

/* Place of the first key that is not before this one. */
static size_t lower_bound(const struct record_set *set, const uint8_t *key,
                          size_t key_size)
{
    size_t low = 0, high = set->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct record_item *item = &set->items[middle];

        if (compare(item->key, item->key_size, key, key_size) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct record_set *set, size_t at, const uint8_t *key,
                  size_t key_size)
{
    return at < set->count &&
           compare(set->items[at].key, set->items[at].key_size, key,
                   key_size) == 0;
}

size_t record_set_find(const struct record_set *set, const uint8_t *key,
                       size_t key_size)
{
    size_t at = lower_bound(set, key, key_size);

    return is_at(set, at, key, key_size) ? at : set->count;
}

static void clear(struct record_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        free(set->items[i].value);
    set->count = 0;
}

void record_set_free(struct record_set *set)
{
    clear(set);
    free(set->items);
    memset(set, 0, sizeof *set);
}

static void take_away(struct record_set *set, size_t at)
{
    free(set->items[at].value);
    set->count--;
    memmove(&set->items[at], &set->items[at + 1],
            (set->count - at) * sizeof *set->items);
}

static void insert(struct record_set *set, size_t at,
                   const struct record *record)
{
    if (set->count == set->capacity) {
        set->capacity = 2 * set->capacity + 64;
        set->items =
            need(realloc(set->items, set->capacity * sizeof *set->items));
    }
    memmove(&set->items[at + 1], &set->items[at],
            (set->count - at) * sizeof *set->items);
    set->count++;
    memcpy(set->items[at].key, record->key, record->key_size);
    set->items[at].key_size = record->key_size;
    set->items[at].value = NULL;
}

void record_set_visit(void *ctx, const struct record *record)
{
    struct record_set *set = ctx;
    size_t at = lower_bound(set, record->key, record->key_size);
    bool is_there = is_at(set, at, record->key, record->key_size);

    if (!record->value) {
        if (is_there)
            take_away(set, at);
        else
            set->gone_in_vain++;
        return;
    }
    if (!is_there)
        insert(set, at, record);
    set->items[at].value =
        need(realloc(set->items[at].value, record->value_size + 1));
    memcpy(set->items[at].value, record->value, record->value_size);
    set->items[at].value_size = record->value_size;
}

void record_set_collect(struct record_set *set, const struct engine *engine)
{
    clear(set);
    engine_records(engine, record_set_visit, set);
}

static void tell(char *what, const char *how, const struct record_item *item)
{
    int size = snprintf(what, 128, "%s: kind %u, key ", how, item->key[0]);

    for (size_t i = 1; i < item->key_size && size > 0 && size < 120; i++)
        size += snprintf(what + size, 128 - (size_t)size, "%02x", item->key[i]);
}

bool record_set_equal(const struct record_set *a, const struct record_set *b,
                      char *what)
{
    for (size_t i = 0; i < a->count || i < b->count; i++) {
        const struct record_item *left = &a->items[i], *right = &b->items[i];
        int order = i == a->count   ? 1
                    : i == b->count ? -1
                                    : compare(left->key, left->key_size,
                                              right->key, right->key_size);

        if (order != 0) {
            tell(what, order < 0 ? "only in the first" : "only in the second",
                 order < 0 ? left : right);
            return false;
        }
        if (left->value_size != right->value_size ||
            memcmp(left->value, right->value, left->value_size) != 0) {
            tell(what, "differs", left);
            return false;
        }
    }
    return true;
}

bool record_set_load(const struct record_set *set, struct random_state *random,
                     struct engine *engine)
{
    size_t *order = need(malloc((set->count + 1) * sizeof *order));
    bool is_good = true;

    for (size_t i = 0; i < set->count; i++)
        order[i] = i;
    for (size_t i = set->count; random && i > 1; i--) {
        size_t other = random_below(random, i), kept = order[i - 1];

        order[i - 1] = order[other];
        order[other] = kept;
    }
    for (size_t i = 0; i < set->count && is_good; i++) {
        const struct record_item *item = &set->items[order[i]];
        /* Exactly as large as they are: a sanitizer sees a read behind. */
        uint8_t *value = need(malloc(item->value_size + !item->value_size));

        memcpy(value, item->value, item->value_size);
        is_good = engine_load(engine, item->key, item->key_size, value,
                              item->value_size);
        free(value);
    }
    free(order);
    return is_good && engine_load_end(engine);
}
