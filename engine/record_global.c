/*
 * RECORD_GLOBAL: where the engine stands and what it has counted.
 *
 *   key    kind u8 = 1
 *   value  genesis 32                  whose state this is
 *          index u64, time i64         the last command
 *          tick_time i64, tick_count u64, price_epoch u64
 *          next_order u64, next_trade u64, next_withdrawal u64,
 *          next_priority u64
 *          block_height u64, block_hash 32
 *          trade_count u64
 *
 * RECORD_ASSET:
 *
 *   key    kind u8 = 10, asset u16 big-endian
 *   value  deposited i64               the users' balances in total
 *          concentration i64           rule 4's c, as of the last tick
 */
#include "engine/record_global.h"

void record_global_put(const struct engine *engine, struct record_build *build)
{
    struct bytes_writer *value = &build->value;

    record_begin(build, RECORD_GLOBAL);
    bytes_put_hash(value, &engine->genesis.id);
    bytes_put_u64(value, engine->index);
    bytes_put_nanos(value, engine->time);
    bytes_put_nanos(value, engine->tick_time);
    bytes_put_u64(value, engine->tick_count);
    bytes_put_u64(value, engine->price_epoch);
    bytes_put_u64(value, engine->next_order);
    bytes_put_u64(value, engine->next_trade);
    bytes_put_u64(value, engine->next_withdrawal);
    bytes_put_u64(value, engine->next_priority);
    bytes_put_u64(value, engine->block_height);
    bytes_put_hash(value, &engine->block_hash);
    bytes_put_u64(value, engine->trade_count);
}

void record_global_get(struct engine *engine, struct bytes_reader *value)
{
    struct hash32 id = bytes_get_hash(value);

    engine->index = bytes_get_u64(value);
    engine->time = record_get_nanos(value);
    engine->tick_time = record_get_nanos(value);
    engine->tick_count = bytes_get_u64(value);
    engine->price_epoch = bytes_get_u64(value);
    engine->next_order = bytes_get_u64(value);
    engine->next_trade = bytes_get_u64(value);
    engine->next_withdrawal = bytes_get_u64(value);
    engine->next_priority = bytes_get_u64(value);
    engine->block_height = bytes_get_u64(value);
    engine->block_hash = bytes_get_hash(value);
    engine->trade_count = bytes_get_u64(value);
    /* Counters begin at 1; an epoch of 0 is nobody's. */
    if (memcmp(id.bytes, engine->genesis.id.bytes, sizeof id.bytes) != 0 ||
        engine->price_epoch == 0 || engine->next_order == 0 ||
        engine->next_trade == 0 || engine->next_withdrawal == 0 ||
        engine->next_priority == 0)
        value->is_bad = true;
}

void record_asset_put(const struct engine *engine, uint16_t number,
                      struct record_build *build)
{
    const struct asset *asset = &engine->assets[number];

    record_begin(build, RECORD_ASSET);
    bytes_put_u16_be(&build->key, number);
    bytes_put_amount(&build->value, asset->deposited);
    bytes_put_rate(&build->value, asset->concentration);
}

void record_asset_get(struct engine *engine, struct bytes_reader *key,
                      struct bytes_reader *value)
{
    uint16_t number = bytes_get_u16_be(key);
    struct asset *asset = &engine->assets[number % ASSETS_MAX];

    if (number >= engine->genesis.asset_count) {
        key->is_bad = true;
        return;
    }
    asset->deposited = record_get_amount(value);
    asset->concentration = rate_of(record_get_within(value, 0, RATE_ONE));
}
