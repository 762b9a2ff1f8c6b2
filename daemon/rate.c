#include "daemon/rate.h"

#include <stdlib.h>
#include <sys/random.h>

#define WAYS 4u
#define NS_PER_SECOND UINT64_C(1000000000)

/* A bucket as the time at which it will be full: it needs no refilling. */
struct bucket {
    uint64_t peer; /* hash; 0: empty */
    uint64_t full_ns;
};

struct rate_table {
    uint64_t seed[2]; /* so that nobody can aim at another one's set */
    uint32_t per_second;
    uint32_t sets; /* a power of two */
    struct bucket buckets[];
};

struct rate_table *rate_create(uint32_t peers)
{
    uint32_t sets = 1;
    struct rate_table *table;

    while (sets * WAYS < peers)
        sets *= 2;
    table =
        calloc(1, sizeof *table + (size_t)sets * WAYS * sizeof *table->buckets);
    if (!table)
        return NULL;
    table->sets = sets;
    if (getrandom(table->seed, sizeof table->seed, 0) < 0)
        table->seed[0] = (uint64_t)(uintptr_t)table;
    return table;
}

void rate_destroy(struct rate_table *table)
{
    free(table);
}

void rate_limit(struct rate_table *table, uint32_t per_second)
{
    table->per_second = per_second;
}

static uint64_t hash_of(const struct rate_table *table, const uint8_t *bytes,
                        size_t size)
{
    uint64_t hash = table->seed[0];

    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    hash = (hash ^ table->seed[1]) * UINT64_C(0xbf58476d1ce4e5b9);
    hash ^= hash >> 32;
    return hash ? hash : 1;
}

static struct bucket *bucket_of(struct rate_table *table, uint64_t peer)
{
    struct bucket *set =
        &table->buckets[(peer & (table->sets - 1)) * (uint64_t)WAYS];
    struct bucket *oldest = set;

    for (uint32_t i = 0; i < WAYS; i++) {
        if (set[i].peer == peer)
            return &set[i];
        if (set[i].full_ns < oldest->full_ns)
            oldest = &set[i];
    }
    *oldest = (struct bucket){.peer = peer};
    return oldest;
}

uint32_t rate_take(struct rate_table *table, const void *peer, size_t size,
                   uint64_t now_ns)
{
    struct bucket *bucket;
    uint64_t step_ns, full_ns;

    if (table->per_second == 0)
        return 0;
    step_ns = NS_PER_SECOND / table->per_second;
    bucket = bucket_of(table, hash_of(table, peer, size));
    full_ns = bucket->full_ns > now_ns ? bucket->full_ns : now_ns;
    if (full_ns + step_ns > now_ns + NS_PER_SECOND)
        return (uint32_t)((full_ns + step_ns - now_ns - NS_PER_SECOND) /
                          1000000u) +
               1;
    bucket->full_ns = full_ns + step_ns;
    return 0;
}
