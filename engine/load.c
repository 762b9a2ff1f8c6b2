/*
 * An engine from its records. engine_load takes them one by one, in any
 * order, into a fresh engine: it reads and links, and refuses what no engine
 * could have written. engine_load_end makes what is derived and then asks
 * engine_check whether the whole holds together: a record that is missing or
 * damaged leaves a sum that is not.
 */
#include "engine/health.h"
#include "engine/nonce.h"
#include "engine/record_account.h"
#include "engine/record_feed.h"
#include "engine/record_global.h"
#include "engine/record_key.h"
#include "engine/record_market.h"
#include "engine/record_money.h"
#include "engine/record_order.h"

/* Marks the number that the key (read on its own) has; false when there is no
 * such number or it was here before. */
static bool see(bool *seen, uint32_t count, struct bytes_reader key)
{
    uint16_t number = bytes_get_u16_be(&key);

    if (number >= count || seen[number])
        return false;
    seen[number] = true;
    return true;
}

/* GLOBAL, FEED, MARKET and ASSET: as many as the genesis has, once each. */
static bool load_network(struct engine *engine, uint8_t kind,
                         struct bytes_reader *key, struct bytes_reader *value)
{
    const struct genesis *genesis = &engine->genesis;
    struct loaded *loaded = &engine->loaded;

    switch (kind) {
    case RECORD_GLOBAL:
        if (loaded->global)
            return false;
        loaded->global = true;
        record_global_get(engine, value);
        return true;
    case RECORD_FEED:
        if (!see(loaded->feeds, genesis->feed_count, *key))
            return false;
        record_feed_get(engine, key, value);
        return true;
    case RECORD_MARKET:
        if (!see(loaded->markets, genesis->market_count, *key))
            return false;
        record_market_get(engine, key, value);
        return true;
    case RECORD_ASSET:
        if (!see(loaded->assets, genesis->asset_count, *key))
            return false;
        record_asset_get(engine, key, value);
        return true;
    default:
        return false;
    }
}

static bool load_object(struct engine *engine, uint8_t kind,
                        struct bytes_reader *key, struct bytes_reader *value)
{
    switch (kind) {
    case RECORD_ACCOUNT:
        record_account_get(engine, key, value);
        return true;
    case RECORD_ORDER:
        record_order_get(engine, key, value);
        return true;
    case RECORD_KEY:
        record_key_get(engine, key, value);
        return true;
    case RECORD_NONCES:
        record_nonces_get(engine, key, value);
        return true;
    case RECORD_DEPOSIT:
        record_deposit_get(engine, key, value);
        return true;
    case RECORD_WITHDRAWAL:
        record_withdrawal_get(engine, key, value);
        return true;
    default:
        return load_network(engine, kind, key, value);
    }
}

bool engine_load(struct engine *engine, const uint8_t *key, size_t key_size,
                 const uint8_t *value, size_t value_size)
{
    struct bytes_reader key_reader = bytes_reader_of(key, key_size);
    struct bytes_reader value_reader = bytes_reader_of(value, value_size);
    uint8_t kind = bytes_get_u8(&key_reader);

    return load_object(engine, kind, &key_reader, &value_reader) &&
           bytes_is_end(&key_reader) && bytes_is_end(&value_reader);
}

/* ---- the end ----------------------------------------------------------- */

static bool is_all_seen(const bool *seen, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!seen[i])
            return false;
    return true;
}

/* Every account and position that is there had its own record, none came
 * into being by an order alone. */
static bool is_complete(const struct engine *engine)
{
    const struct genesis *genesis = &engine->genesis;
    const struct loaded *loaded = &engine->loaded;

    return loaded->global && is_all_seen(loaded->feeds, genesis->feed_count) &&
           is_all_seen(loaded->markets, genesis->market_count) &&
           is_all_seen(loaded->assets, genesis->asset_count) &&
           loaded->accounts == engine->account_pool.count &&
           loaded->positions == engine->position_pool.count;
}

static void count_chunk(void *ctx, uint64_t chunk)
{
    (void)chunk;
    ++*(uint32_t *)ctx;
}

/* A chunk of which every request was dead is no record any more. */
static bool load_nonces_end(struct engine *engine)
{
    uint32_t count = 0;

    nonce_load_end(engine);
    nonce_each_chunk(engine, count_chunk, &count);
    return count == engine->loaded.chunks;
}

bool engine_load_end(struct engine *engine)
{
    struct engine_fault fault;

    if (!is_complete(engine) || !load_nonces_end(engine))
        return false;
    for (uint32_t i = 0; i < engine->account_pool.used; i++) {
        engine->accounts[i].is_changed = false;
        /* No epoch: the sums are made when they are first read. */
        engine->accounts[i].price_epoch = 0;
    }
    health_reset(engine);
    return engine_check(engine, &fault);
}
