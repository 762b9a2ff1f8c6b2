/*
 * All records of a state, kind by kind. The record of each kind is drawn and
 * made in its own file, engine/record_*.c.
 */
#include "engine/records.h"
#include "engine/key.h"
#include "engine/nonce.h"
#include "engine/order.h"
#include "engine/record_account.h"
#include "engine/record_feed.h"
#include "engine/record_global.h"
#include "engine/record_key.h"
#include "engine/record_market.h"
#include "engine/record_money.h"
#include "engine/record_order.h"

void records_network(const struct engine *engine, struct record_build *build,
                     record_visitor *visit, void *ctx)
{
    const struct genesis *genesis = &engine->genesis;

    record_global_put(engine, build);
    record_visit(build, visit, ctx);
    for (uint16_t i = 0; i < genesis->feed_count; i++) {
        record_feed_put(engine, i, build);
        record_visit(build, visit, ctx);
    }
    for (uint16_t i = 0; i < genesis->market_count; i++) {
        record_market_put(engine, i, build);
        record_visit(build, visit, ctx);
    }
    for (uint16_t i = 0; i < genesis->asset_count; i++) {
        record_asset_put(engine, i, build);
        record_visit(build, visit, ctx);
    }
}

/* A dead slot keeps its last identity, which no map leads to. */
bool records_order_lives(const struct engine *engine, uint32_t order)
{
    return order_find(engine, engine->orders[order].id) == order;
}

bool records_key_lives(const struct engine *engine, uint32_t key)
{
    const struct key *at = &engine->keys[key];

    return key_find(engine, &at->owner, &at->key) == at;
}

struct walk {
    const struct engine *engine;
    record_visitor *visit;
    void *ctx;
    struct record_build build;
};

static void visit_chunk(void *ctx, uint64_t chunk)
{
    struct walk *walk = ctx;

    record_nonces_put(walk->engine, chunk, &walk->build);
    record_visit(&walk->build, walk->visit, walk->ctx);
}

static void visit_orders_and_keys(struct walk *walk)
{
    const struct engine *engine = walk->engine;

    for (uint32_t i = 0; i < engine->order_pool.used; i++)
        if (records_order_lives(engine, i)) {
            record_order_put(engine, i, &walk->build);
            record_visit(&walk->build, walk->visit, walk->ctx);
        }
    for (uint32_t i = 0; i < engine->key_pool.used; i++)
        if (records_key_lives(engine, i)) {
            record_key_put(engine, i, &walk->build);
            record_visit(&walk->build, walk->visit, walk->ctx);
        }
}

void engine_records(const struct engine *engine, record_visitor *visit,
                    void *ctx)
{
    struct walk walk = {.engine = engine, .visit = visit, .ctx = ctx};

    records_network(engine, &walk.build, visit, ctx);
    for (uint32_t i = 0; i < engine->account_pool.used; i++) {
        record_account_put(engine, i, &walk.build);
        record_visit(&walk.build, visit, ctx);
    }
    visit_orders_and_keys(&walk);
    nonce_each_chunk(engine, visit_chunk, &walk);
    for (uint32_t i = 0; i < engine->deposit_pool.used; i++) {
        record_deposit_put(engine, i, &walk.build);
        record_visit(&walk.build, visit, ctx);
    }
    for (uint32_t i = 0; i < engine->withdrawal_pool.used; i++) {
        record_withdrawal_put(engine, i, &walk.build);
        record_visit(&walk.build, visit, ctx);
    }
}
