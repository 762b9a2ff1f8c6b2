/*
 * RECORD_ACCOUNT: one sub-account, or one ledger of the house: its money and
 * its positions. Orders are records of their own.
 *
 *   key    kind u8 = 4, owner 20, subaccount u32 big-endian
 *   value  flags u8                    1 in liquidation, 2 has traded
 *          opened i64
 *          assets u8                   as many as the genesis has, each:
 *            balance i64               signed
 *          positions u16, by market number, each:
 *            market u16
 *            size i64, cost i64        signed
 *            funding_index i128        the market's when last settled
 *            own_rate i64              0: none
 *            realised i64, funding i64 totals since it was opened
 *          with flag 2 what it traded, by day (rule 20):
 *            day u32                   the newest counted, time / 24 h
 *            30 times i64              day n at place n modulo 30
 *   sums   of each asset, for the sum tree: what the balance is above zero
 *          (credit) or below it (debit)
 */
#include "engine/record_account.h"
#include "engine/account.h"
#include "engine/position.h"

STATIC_CHECK(RECORD_BUILD_BYTES >=
             12 + 8 * ASSETS_MAX + 58 * MARKETS_MAX + 4 + 8 * VOLUME_DAYS);

enum {
    FLAG_LIQUIDATION = 1,
    FLAG_VOLUME = 2,
    FLAGS_ALL = 3,
};

static void balances_put(const struct engine *engine, uint32_t account,
                         struct record_build *build)
{
    uint16_t count = engine->genesis.asset_count;

    bytes_put_u8(&build->value, (uint8_t)count);
    for (uint16_t asset = 0; asset < count; asset++) {
        struct amount balance = *engine_balance(engine, account, asset);
        i128 wide = amount_wide(balance);

        bytes_put_amount(&build->value, balance);
        build->sums[asset].credit = wide > 0 ? (u128)wide : 0;
        build->sums[asset].debit = wide < 0 ? (u128)-wide : 0;
    }
    build->record.sums = build->sums;
    build->record.sum_count = count;
}

static void position_put(struct bytes_writer *value,
                         const struct position *position)
{
    bytes_put_u16(value, position->market);
    bytes_put_qty(value, position->size);
    bytes_put_amount(value, position->cost);
    bytes_put_i128(value, position->funding_index);
    bytes_put_rate(value, position->own_rate);
    bytes_put_amount(value, position->realised);
    bytes_put_amount(value, position->funding);
}

static bool has_volume(const struct volume *volume)
{
    return volume->day != 0 || !amount_is_zero(volume->total);
}

static void volume_put(struct bytes_writer *value, const struct volume *volume)
{
    bytes_put_u32(value, volume->day);
    for (uint32_t i = 0; i < VOLUME_DAYS; i++)
        bytes_put_amount(value, volume->days[i]);
}

void record_account_put(const struct engine *engine, uint32_t slot,
                        struct record_build *build)
{
    const struct account *account = &engine->accounts[slot];
    struct bytes_writer *value = &build->value;
    const struct volume *volume = &engine->volumes[slot];
    uint32_t flags = (account->is_in_liquidation ? FLAG_LIQUIDATION : 0u) |
                     (has_volume(volume) ? FLAG_VOLUME : 0u);
    uint16_t count = 0;

    record_begin(build, RECORD_ACCOUNT);
    bytes_put_address(&build->key, &account->id.owner);
    bytes_put_u32_be(&build->key, account->id.subaccount);
    bytes_put_u8(value, (uint8_t)flags);
    bytes_put_nanos(value, account->opened);
    balances_put(engine, slot, build);
    for (uint32_t i = account->positions; i != NONE;
         i = engine->positions[i].next)
        count++;
    bytes_put_u16(value, count);
    for (uint32_t i = account->positions; i != NONE;
         i = engine->positions[i].next)
        position_put(value, &engine->positions[i]);
    if (has_volume(volume))
        volume_put(value, volume);
}

static void balances_get(struct engine *engine, uint32_t account,
                         struct bytes_reader *value)
{
    if (bytes_get_u8(value) != engine->genesis.asset_count)
        value->is_bad = true;
    for (uint16_t asset = 0; asset < engine->genesis.asset_count; asset++)
        *engine_balance(engine, account, asset) = record_get_amount(value);
}

/* One position of the account, of a market from *least on; *least becomes
 * the market behind it. */
static void position_get(struct engine *engine, uint32_t account,
                         uint32_t *least, struct bytes_reader *value)
{
    struct position *position;
    uint32_t slot = NONE;
    uint16_t market = bytes_get_u16(value);

    if (!value->is_bad && market >= *least &&
        market < engine->genesis.market_count)
        slot = position_open(engine, account, market);
    if (slot == NONE) {
        value->is_bad = true;
        return;
    }
    *least = market + 1u;
    position = &engine->positions[slot];
    position->size = record_get_qty(value);
    position->cost = record_get_amount(value);
    position->funding_index = bytes_get_i128(value);
    position->own_rate = rate_of(record_get_within(value, 0, RATE_ONE));
    position->realised = record_get_amount(value);
    position->funding = record_get_amount(value);
    engine->loaded.positions++;
}

/* What was traded on each day is not below zero, and not all of it nothing
 * on the first of all days: such a volume has no flag. */
static void volume_get(struct bytes_reader *value, struct volume *volume)
{
    i128 total = 0;

    volume->day = bytes_get_u32(value);
    for (uint32_t i = 0; i < VOLUME_DAYS; i++) {
        volume->days[i] = amount_of(record_get_within(value, 0, AMOUNT_MAX));
        total += amount_wide(volume->days[i]);
    }
    if (total > AMOUNT_MAX)
        value->is_bad = true;
    if (value->is_bad)
        return;
    volume->total = amount_from_wide(total);
    if (!has_volume(volume))
        value->is_bad = true;
}

/* The account's slot; the house's ledgers are all there from the start. */
static uint32_t account_slot(struct engine *engine, const struct account_id *id)
{
    static const struct address house;

    if (address_equal(&id->owner, &house))
        return account_find(engine, id);
    return account_open(engine, id);
}

void record_account_get(struct engine *engine, struct bytes_reader *key,
                        struct bytes_reader *value)
{
    struct account_id id;
    struct account *account;
    uint32_t slot, least = 0;
    uint16_t count;
    uint8_t flags;

    id.owner = bytes_get_address(key);
    id.subaccount = bytes_get_u32_be(key);
    slot = key->is_bad ? NONE : account_slot(engine, &id);
    if (slot == NONE || engine->accounts[slot].is_changed) {
        key->is_bad = true;
        return;
    }
    account = &engine->accounts[slot];
    account->is_changed = true;
    flags = bytes_get_u8_max(value, FLAGS_ALL);
    account->is_in_liquidation = (flags & FLAG_LIQUIDATION) != 0;
    account->opened = record_get_nanos(value);
    balances_get(engine, slot, value);
    count = bytes_get_u16_max(value, MARKETS_MAX);
    for (uint16_t i = 0; i < count && !value->is_bad; i++)
        position_get(engine, slot, &least, value);
    if (flags & FLAG_VOLUME)
        volume_get(value, &engine->volumes[slot]);
    engine->loaded.accounts++;
}
