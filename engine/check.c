/*
 * engine_check: the whole truth again, from the balances, positions and
 * orders alone, compared with everything the engine keeps beside them.
 *
 * Money, per asset: all ledgers together are zero; the users' ledgers are the
 * asset's total; what came in is what was credited; what waits to go out is
 * what was recorded; no fund and no collateral is below zero. Per market: the
 * sizes sum to zero, the longs are the open interest, all costs with the
 * clearing ledger are zero, and the funding ledger has exactly what is still
 * owed to positions, with the kept fractions.
 */
#include "engine/account.h"
#include "engine/check_account.h"
#include "engine/check_book.h"
#include "engine/wide.h"

static i128 house_balance(const struct engine *engine, enum house house,
                          uint32_t number, uint16_t asset)
{
    return amount_wide(
        *engine_balance(engine, house_slot(engine, house, number), asset));
}

/* ---- money ------------------------------------------------------------ */

static bool check_balances(const struct engine *engine, uint16_t asset,
                           struct engine_fault *fault)
{
    i128 all = 0, users = 0;

    for (uint32_t i = 0; i < engine->account_pool.used; i++) {
        struct amount balance = *engine_balance(engine, i, asset);

        all += amount_wide(balance);
        if (engine->accounts[i].is_house)
            continue;
        users += amount_wide(balance);
        if (asset != ASSET_SETTLEMENT && amount_is_negative(balance))
            return check_fault(fault, "an account owes a collateral asset",
                               MARKET_ALL, i);
    }
    if (all != 0)
        return check_fault(fault, "an asset's ledgers do not sum to zero",
                           MARKET_ALL, NONE);
    if (users != amount_wide(engine->assets[asset].deposited))
        return check_fault(fault, "an asset's users' total is wrong",
                           MARKET_ALL, NONE);
    return true;
}

/* In and out: against the deposits that were credited and the withdrawals
 * that were recorded. */
static bool check_border(const struct engine *engine, uint16_t asset,
                         struct engine_fault *fault)
{
    i128 in = 0, out = 0;

    if (asset == ASSET_SETTLEMENT)
        in = amount_wide(engine->genesis.insurance_start);
    for (uint32_t i = 0; i < engine->deposit_pool.used; i++)
        if (engine->deposits[i].asset == asset &&
            engine->deposits[i].is_credited)
            in += amount_wide(engine->deposits[i].amount);
    for (uint32_t i = 0; i < engine->withdrawal_pool.used; i++)
        if (engine->withdrawals[i].asset == asset)
            out += amount_wide(engine->withdrawals[i].amount);
    if (house_balance(engine, HOUSE_EXTERNAL, 0, asset) != -in)
        return check_fault(fault, "what came in is not what was deposited",
                           MARKET_ALL, NONE);
    if (house_balance(engine, HOUSE_WITHDRAWALS, 0, asset) != out)
        return check_fault(fault, "what goes out is not what was withdrawn",
                           MARKET_ALL, NONE);
    return true;
}

static bool check_funds(const struct engine *engine, uint16_t asset,
                        struct engine_fault *fault)
{
    static const enum house houses[] = {HOUSE_FEES, HOUSE_TREASURY,
                                        HOUSE_REPORTERS, HOUSE_VALIDATORS};

    for (uint32_t i = 0; i < sizeof houses / sizeof *houses; i++)
        if (house_balance(engine, houses[i], 0, asset) < 0)
            return check_fault(fault, "a ledger of the house is below zero",
                               MARKET_ALL, NONE);
    for (uint32_t i = 0; i < engine->genesis.market_count; i++)
        if (house_balance(engine, HOUSE_INSURANCE,
                          engine->genesis.markets[i].pool, asset) < 0)
            return check_fault(fault, "an insurance fund is below zero", i,
                               NONE);
    return true;
}

/* ---- markets ---------------------------------------------------------- */

/* Sums over a market's positions. */
struct totals {
    i128 sizes, longs, costs;
    u128 unsettled; /* funding owed by them, exactly; modulo 2^128 */
};

/* The holders are the positions with a size: check_account has seen to it. */
static void add_up(const struct engine *engine, uint16_t market,
                   struct totals *totals)
{
    *totals = (struct totals){0};
    for (uint32_t i = 0; i < engine->holder_counts[market]; i++) {
        const struct position *position =
            &engine->positions[engine->holders[market][i]];
        i128 change =
            engine->markets[market].funding_index - position->funding_index;
        i128 size = qty_raw(position->size);

        totals->sizes += size;
        totals->longs += size > 0 ? size : 0;
        totals->costs += amount_wide(position->cost);
        totals->unsettled += (u128)change * (u128)size;
    }
}

static bool check_market(const struct engine *engine, uint16_t number,
                         struct engine_fault *fault)
{
    const struct market *market = &engine->markets[number];
    u128 units = (u128)engine->notional_divisor * (u128)RATE_ONE;
    u128 funding =
        (u128)house_balance(engine, HOUSE_FUNDING, number, ASSET_SETTLEMENT);
    struct totals totals;

    add_up(engine, number, &totals);
    if (totals.sizes != 0)
        return check_fault(fault, "longs and shorts are not equal", number,
                           NONE);
    if (totals.longs != qty_raw(market->open_interest))
        return check_fault(fault, "open interest is not the longs' sum", number,
                           NONE);
    if (totals.costs +
            house_balance(engine, HOUSE_CLEARING, number, ASSET_SETTLEMENT) !=
        0)
        return check_fault(fault, "costs and the clearing ledger do not match",
                           number, NONE);
    if (funding * units + totals.unsettled != (u128)market->funding_fraction ||
        market->funding_fraction < 0)
        return check_fault(fault, "the funding ledger is not what is owed",
                           number, NONE);
    return true;
}

/* ---- tables ----------------------------------------------------------- */

static bool is_map_full(const struct idmap *map, const struct pool *pool)
{
    return map->count == pool->count && pool->count <= pool->used &&
           pool->used <= pool->capacity;
}

static bool check_tables(const struct engine *engine,
                         struct engine_fault *fault)
{
    if (!is_map_full(&engine->account_map, &engine->account_pool) ||
        !is_map_full(&engine->position_map, &engine->position_pool) ||
        !is_map_full(&engine->order_map, &engine->order_pool) ||
        !is_map_full(&engine->key_map, &engine->key_pool) ||
        !is_map_full(&engine->deposit_map, &engine->deposit_pool))
        return check_fault(fault, "a map does not hold what its pool does",
                           MARKET_ALL, NONE);
    if (engine->touched_order_count != 0 || engine->touched_position_count != 0)
        return check_fault(fault, "events are still due", MARKET_ALL, NONE);
    if (engine->withdrawal_pool.count != engine->withdrawal_pool.used ||
        engine->withdrawal_pool.count + UINT64_C(1) != engine->next_withdrawal)
        return check_fault(fault, "withdrawals are lost", MARKET_ALL, NONE);
    return true;
}

bool engine_check(const struct engine *engine, struct engine_fault *fault)
{
    if (!check_tables(engine, fault))
        return false;
    for (uint16_t i = 0; i < engine->genesis.asset_count; i++)
        if (!check_balances(engine, i, fault) ||
            !check_border(engine, i, fault) || !check_funds(engine, i, fault))
            return false;
    if (!check_account(engine, fault) || !check_book(engine, fault))
        return false;
    for (uint16_t i = 0; i < engine->genesis.market_count; i++)
        if (!check_market(engine, i, fault))
            return false;
    return true;
}
