/*
 * A position's money: what was paid for it stands in `cost`, results move
 * between the account and HOUSE_CLEARING + market, funding between the
 * account and HOUSE_FUNDING + market.
 *
 * Over a market's positions: sum of sizes = 0; sum of costs + the clearing
 * ledger = 0; and with D = 10^(25 - decimals), the index's 1e-17 times the
 * size's 1e-8 in settlement units, the funding ledger * D = funding_fraction
 * - the sum of what is unsettled, exactly.
 */
#include "engine/position.h"
#include "engine/account.h"
#include "engine/changes.h"
#include "engine/fees.h"
#include "engine/ledger.h"
#include "engine/margin.h"
#include "engine/pool.h"
#include "engine/wide.h"

#define STRIDE (sizeof(struct position) / sizeof(uint32_t))

STATIC_CHECK(sizeof(struct position) % sizeof(uint32_t) == 0);

/* Settlement units per (funding index * size). */
static i128 funding_divisor(const struct engine *engine)
{
    return (i128)engine->notional_divisor * INT64_C(1000000000);
}

/* ---- the object --------------------------------------------------------- */

/* An account's markets in a row share a cache line of the map. */
static uint32_t hash_of(uint32_t account, uint16_t market)
{
    STATIC_CHECK(MARKETS_MAX <= 128);
    return idmap_hash_u64((uint64_t)account << 7 | market);
}

uint32_t position_find(const struct engine *engine, uint32_t account,
                       uint16_t market)
{
    uint32_t hash = hash_of(account, market), slot;
    uint32_t cursor = idmap_first(&engine->position_map, hash);

    while ((slot = idmap_next(&engine->position_map, hash, &cursor)) != NONE)
        if (engine->positions[slot].account == account &&
            engine->positions[slot].market == market)
            break;
    return slot;
}

void position_prefetch(const struct engine *engine, uint32_t account,
                       uint16_t market)
{
    uint32_t slot;

    if (market >= engine->genesis.market_count)
        return;
    slot = position_find(engine, account, market);
    if (slot == NONE)
        return;
    for (size_t at = 0; at < sizeof(struct position); at += 64)
        __builtin_prefetch((const uint8_t *)&engine->positions[slot] + at);
}

/* Where the account's chain points to its first position of this market or
 * a later one. */
static uint32_t *chain_at(struct engine *engine, uint32_t account,
                          uint16_t market)
{
    uint32_t *at = &engine->accounts[account].positions;

    while (*at != NONE && engine->positions[*at].market < market)
        at = &engine->positions[*at].next;
    return at;
}

uint32_t position_open(struct engine *engine, uint32_t account, uint16_t market)
{
    uint32_t slot = position_find(engine, account, market);
    uint32_t *at, *count = &engine->holder_counts[market];

    if (slot != NONE)
        return slot;
    slot =
        pool_take(&engine->position_pool, &engine->positions[0].next, STRIDE);
    if (slot == NONE)
        return NONE;
    at = chain_at(engine, account, market);
    engine->positions[slot] = (struct position){
        .account = account,
        .market = market,
        .next = *at,
        .funding_index = engine->markets[market].funding_index,
        .orders = NONE,
        .holder_at = *count,
    };
    *at = slot;
    engine->holders[market][(*count)++] = slot;
    idmap_insert(&engine->position_map, hash_of(account, market), slot);
    changes_account(engine, account);
    return slot;
}

/* The last holder takes its place. */
static void leave_holders(struct engine *engine,
                          const struct position *position)
{
    uint32_t *slots = engine->holders[position->market];
    uint32_t last = slots[--engine->holder_counts[position->market]];

    slots[position->holder_at] = last;
    engine->positions[last].holder_at = position->holder_at;
}

void position_release(struct engine *engine, uint32_t position)
{
    struct position *object = &engine->positions[position];
    uint32_t *at;

    if (!qty_is_zero(object->size) || object->orders != NONE ||
        !rate_is_zero(object->own_rate) || object->is_touched)
        return;
    check(amount_is_zero(object->cost) && qty_is_zero(object->open_buys) &&
          qty_is_zero(object->open_sells));
    at = chain_at(engine, object->account, object->market);
    check(*at == position);
    *at = object->next;
    leave_holders(engine, object);
    changes_account(engine, object->account);
    idmap_remove(&engine->position_map,
                 hash_of(object->account, object->market), position);
    pool_give(&engine->position_pool, &engine->positions[0].next, STRIDE,
              position);
}

void position_touch(struct engine *engine, uint32_t position)
{
    if (engine->positions[position].is_touched)
        return;
    engine->positions[position].is_touched = true;
    engine->touched_positions[engine->touched_position_count++] = position;
}

/* ---- funding ------------------------------------------------------------ */

struct amount position_unsettled(const struct engine *engine,
                                 const struct position *position)
{
    const struct market *market = &engine->markets[position->market];
    i128 change = market->funding_index - position->funding_index;

    if (change == 0 || qty_is_zero(position->size))
        return amount_of(0);
    return amount_from_wide(-wide_muldiv_ceil(change, qty_raw(position->size),
                                              funding_divisor(engine)));
}

/* What the account pays beyond the exact value of change * size stays in the
 * market's accumulator; whole units of it go on to the fund at the tick. */
static void keep_fraction(struct engine *engine, struct market *market,
                          const struct position *position, struct amount paid)
{
    u128 exact = (u128)(market->funding_index - position->funding_index) *
                 (u128)(i128)qty_raw(position->size);
    u128 rounded = (u128)amount_wide(paid) * (u128)funding_divisor(engine);

    /* Modulo 2^128: the difference is below the divisor. */
    market->funding_fraction += (i128)(rounded - exact);
}

/* Leaves the margin sums to the caller. */
static void settle_funding(struct engine *engine, uint32_t position)
{
    struct position *object = &engine->positions[position];
    struct market *market = &engine->markets[object->market];
    struct amount received;

    if (object->funding_index == market->funding_index)
        return;
    received = position_unsettled(engine, object);
    if (!qty_is_zero(object->size))
        keep_fraction(engine, market, object, amount_neg(received));
    object->funding_index = market->funding_index;
    account_touch(engine, object->account);
    if (amount_is_zero(received))
        return;
    ledger_move_signed(engine,
                       house_slot(engine, HOUSE_FUNDING, object->market),
                       object->account, ASSET_SETTLEMENT, received,
                       LEDGER_FUNDING, object->market, 0);
    object->funding = amount_add(object->funding, received);
    object->funding_now = amount_add(object->funding_now, received);
    position_touch(engine, position);
}

void position_settle_funding(struct engine *engine, uint32_t position)
{
    settle_funding(engine, position);
    margin_position_changed(engine, position);
}

void position_sweep_funding(struct engine *engine)
{
    i128 divisor = funding_divisor(engine);

    for (uint16_t i = 0; i < engine->genesis.market_count; i++) {
        struct market *market = &engine->markets[i];
        i128 units = wide_div_floor(market->funding_fraction, divisor);

        if (units == 0)
            continue;
        market->funding_fraction -= units * divisor;
        ledger_move(engine, house_slot(engine, HOUSE_FUNDING, i),
                    house_slot(engine, HOUSE_INSURANCE, market->params->pool),
                    ASSET_SETTLEMENT, amount_from_wide(units), LEDGER_DUST, i,
                    0);
    }
}

/* ---- size and cost ------------------------------------------------------ */

struct position_change position_change_of(struct qty size, struct amount cost,
                                          struct qty change,
                                          struct amount quote)
{
    struct position_change after = {.size = qty_add(size, change),
                                    .cost = cost};
    struct qty closed = qty_min(qty_abs(size), qty_abs(change));
    struct amount closed_cost = cost, closed_quote = quote;

    if (qty_is_zero(size) || qty_is_negative(size) == qty_is_negative(change)) {
        after.cost = amount_add(
            cost, qty_is_negative(change) ? amount_neg(quote) : quote);
        return after;
    }
    if (!qty_equal(closed, qty_abs(size)))
        closed_cost = amount_from_wide(
            wide_div_floor(wide_mul(amount_raw(cost), qty_raw(closed)),
                           qty_raw(qty_abs(size))));
    if (!qty_equal(closed, qty_abs(change)))
        closed_quote = amount_from_wide(
            wide_div_floor(wide_mul(amount_raw(quote), qty_raw(closed)),
                           qty_raw(qty_abs(change))));
    quote = amount_sub(quote, closed_quote);
    after.cost = amount_sub(cost, closed_cost);
    if (qty_is_negative(change)) {
        after.cost = amount_sub(after.cost, quote);
        after.realised = amount_sub(closed_quote, closed_cost);
    } else {
        after.cost = amount_add(after.cost, quote);
        after.realised = amount_neg(amount_add(closed_quote, closed_cost));
    }
    return after;
}

struct qty position_long_change(struct qty before, struct qty change)
{
    struct qty none = qty_of(0);

    return qty_sub(qty_max(qty_add(before, change), none),
                   qty_max(before, none));
}

/* Totals are of the position now held: they begin anew when it was flat or
 * has changed sides. */
static void count_realised(struct position *position, struct qty before,
                           struct amount realised)
{
    bool is_new = !qty_is_zero(position->size) &&
                  (qty_is_zero(before) ||
                   qty_is_negative(before) != qty_is_negative(position->size));

    position->realised_now = amount_add(position->realised_now, realised);
    position->realised = amount_add(position->realised, realised);
    if (is_new)
        position->realised = position->funding = amount_of(0);
}

struct amount position_fill(struct engine *engine, uint32_t position,
                            struct qty size, struct amount quote,
                            uint64_t trade_id)
{
    struct position *object = &engine->positions[position];
    struct market *market = &engine->markets[object->market];
    struct qty before = object->size;
    struct position_change change;

    settle_funding(engine, position);
    change = position_change_of(before, object->cost, size, quote);
    market->open_interest =
        qty_add(market->open_interest, position_long_change(before, size));
    object->size = change.size;
    object->cost = change.cost;
    count_realised(object, before, change.realised);
    position_touch(engine, position);
    account_touch(engine, object->account);
    ledger_move_signed(engine,
                       house_slot(engine, HOUSE_CLEARING, object->market),
                       object->account, ASSET_SETTLEMENT, change.realised,
                       LEDGER_REALISED, object->market, trade_id);
    if (trade_id != 0)
        fees_count_volume(engine, object->account, quote);
    margin_position_changed(engine, position);
    return change.realised;
}

/* ---- limits -------------------------------------------------------------- */

bool position_is_reducing(struct qty before, struct qty change)
{
    struct qty after = qty_add(before, change);

    return qty_cmp(qty_abs(after), qty_abs(before)) <= 0 &&
           (qty_is_zero(after) ||
            qty_is_negative(after) == qty_is_negative(before));
}

bool position_within_limit(const struct engine *engine,
                           const struct position *position, uint16_t market,
                           struct qty change)
{
    struct qty after = qty_add(position->size, change);

    return qty_cmp(qty_abs(after),
                   engine->markets[market].params->position_max) <= 0;
}
