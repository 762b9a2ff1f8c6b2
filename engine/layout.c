/*
 * One walk over the parts does both jobs: without an engine it only counts,
 * with one it hands out the places. Arrays start on cache lines. Most of a
 * large engine is never touched: fresh pages of an anonymous mapping cost
 * nothing until then, so no part writes more than it uses (pools and maps
 * take zeroed memory as empty).
 */
#include "engine/layout.h"
#include "engine/changes.h"
#include "engine/health.h"
#include "engine/nonce.h"
#include "engine/pool.h"

#define LINE 64

struct walk {
    const struct genesis *genesis;
    struct engine *engine; /* at the block's start; NULL: only count */
    size_t at;
};

static void *part(struct walk *walk, size_t count, size_t size)
{
    uint8_t *block = (uint8_t *)walk->engine;
    size_t at = walk->at;

    walk->at += (count * size + LINE - 1) / LINE * LINE;
    return block ? block + at : NULL;
}

/* Room for `count` of what the engine's pointer `field` points to. */
#define PLACE(walk, field, count)                                        \
    do {                                                                 \
        void *place_ = part(walk, count, sizeof *(walk)->engine->field); \
        if ((walk)->engine)                                              \
            (walk)->engine->field = place_;                              \
    } while (0)

static void place_map(struct walk *walk, struct idmap *map, uint32_t pool)
{
    uint32_t capacity = idmap_capacity(pool);
    void *entries = part(walk, capacity, sizeof(struct idmap_entry));

    if (map)
        idmap_init(map, entries, capacity);
}

static void place_heap(struct walk *walk, struct heap *heap, uint32_t capacity,
                       uint32_t *places)
{
    void *entries = part(walk, capacity, sizeof(struct heap_entry));

    if (heap)
        heap_init(heap, entries, capacity, places,
                  sizeof(struct order_places) / sizeof(uint32_t));
}

static void place_accounts(struct walk *walk)
{
    const struct capacities *most = &walk->genesis->capacities;
    struct engine *engine = walk->engine;

    PLACE(walk, accounts, most->accounts);
    PLACE(walk, balances, (size_t)most->accounts * walk->genesis->asset_count);
    PLACE(walk, volumes, most->accounts);
    PLACE(walk, positions, most->positions);
    PLACE(walk, touched_positions, most->positions);
    place_map(walk, engine ? &engine->account_map : NULL, most->accounts);
    place_map(walk, engine ? &engine->owner_map : NULL, most->accounts);
    place_map(walk, engine ? &engine->position_map : NULL, most->positions);
    if (!engine)
        return;
    pool_init(&engine->account_pool, most->accounts);
    pool_init(&engine->position_pool, most->positions);
}

static void place_papers(struct walk *walk)
{
    const struct capacities *most = &walk->genesis->capacities;
    struct engine *engine = walk->engine;

    PLACE(walk, keys, most->keys);
    PLACE(walk, deposits, most->deposits);
    PLACE(walk, withdrawals, most->withdrawals);
    place_map(walk, engine ? &engine->key_map : NULL, most->keys);
    place_map(walk, engine ? &engine->deposit_map : NULL, most->deposits);
    if (!engine)
        return;
    pool_init(&engine->key_pool, most->keys);
    pool_init(&engine->deposit_pool, most->deposits);
    pool_init(&engine->withdrawal_pool, most->withdrawals);
}

static void place_orders(struct walk *walk)
{
    const struct capacities *most = &walk->genesis->capacities;
    struct engine *engine = walk->engine;

    PLACE(walk, orders, most->orders);
    PLACE(walk, links, most->orders);
    PLACE(walk, places, most->orders);
    PLACE(walk, orders_cold, most->orders);
    PLACE(walk, labels, most->orders);
    PLACE(walk, levels, most->levels);
    PLACE(walk, touched_orders, most->orders);
    place_map(walk, engine ? &engine->order_map : NULL, most->orders);
    place_heap(walk, engine ? &engine->order_times : NULL, most->orders,
               engine ? &engine->places[0].time : NULL);
    if (!engine)
        return;
    pool_init(&engine->order_pool, most->orders);
    pool_init(&engine->level_pool, most->levels);
}

static void place_market(struct walk *walk, uint16_t number)
{
    const struct capacities *most = &walk->genesis->capacities;
    struct engine *engine = walk->engine;
    struct market *market = engine ? &engine->markets[number] : NULL;
    uint32_t holders =
        most->accounts < most->positions ? most->accounts : most->positions;

    PLACE(walk, holders[number], holders);
    for (int i = 0; i < 2; i++) {
        PLACE(walk, markets[number].book.sides[i].levels, most->levels);
        if (market)
            market->book.sides[i].capacity = most->levels;
    }
    for (int i = 0; i < 6; i++)
        place_heap(walk, market ? &market->triggers[i / 2][i % 2] : NULL,
                   most->triggers, market ? &engine->places[0].trigger : NULL);
}

static void place_modules(struct walk *walk)
{
    const struct genesis *genesis = walk->genesis;
    void *nonces = part(walk, nonce_footprint(genesis), 1);
    void *health = part(walk, health_footprint(genesis), 1);
    void *changes = part(walk, changes_footprint(genesis), 1);

    if (!walk->engine)
        return;
    walk->engine->nonces = nonce_init(nonces, genesis);
    walk->engine->health = health_init(health, genesis);
    walk->engine->changes = changes_init(changes, genesis);
}

static size_t place_all(const struct genesis *genesis, struct engine *engine)
{
    struct walk walk = {genesis, engine, 0};

    part(&walk, 1, sizeof(struct engine));
    place_accounts(&walk);
    place_papers(&walk);
    place_orders(&walk);
    PLACE(&walk, holders, genesis->market_count);
    PLACE(&walk, holder_counts, genesis->market_count);
    for (uint16_t i = 0; i < genesis->market_count; i++)
        place_market(&walk, i);
    place_modules(&walk);
    return walk.at;
}

size_t layout_size(const struct genesis *genesis)
{
    return place_all(genesis, NULL);
}

void layout_init(struct engine *engine)
{
    place_all(&engine->genesis, engine);
}
