/*
 * Zero-sum by construction: each counterparty and the bankrupt account book
 * the same size and the same quote, through position_fill on both sides.
 */
#include "engine/adl.h"

#include "engine/health.h"
#include "engine/liquidation_rules.h"
#include "engine/margin.h"
#include "engine/position.h"
#include "engine/sort.h"
#include "engine/wide.h"

/* Holders that the deleveragings of one tick may go through together. */
#define WORK_MAX 500000

/* The owner's first eight bytes, as a number that sorts like them. */
static uint64_t key_of(const struct account_id *id)
{
    uint64_t key;

    __builtin_memcpy(&key, id->owner.bytes, sizeof key);
    return __builtin_bswap64(key);
}

static const struct account_id *identity_of(struct engine *engine,
                                            uint32_t holder)
{
    uint32_t slot = health_scratch(engine)->holders[holder];

    return &engine->accounts[engine->positions[slot].account].id;
}

static int compare_identity(const void *ctx, uint32_t a, uint32_t b)
{
    struct engine *engine = *(struct engine *const *)ctx;
    const uint64_t *keys = health_scratch(engine)->keys;

    if (likely(keys[a] != keys[b]))
        return keys[a] < keys[b] ? -1 : 1;
    return account_id_cmp(identity_of(engine, a), identity_of(engine, b));
}

static bool is_opposite(struct qty a, struct qty b)
{
    return (qty_is_positive(a) && qty_is_negative(b)) ||
           (qty_is_negative(a) && qty_is_positive(b));
}

/* Value on the other side of the same underlying inside the account: other
 * positions on the feed and, against a short, the coin itself. */
static i128 hedge_value(const struct engine *engine,
                        const struct position *position)
{
    uint16_t feed = engine->genesis.markets[position->market].feed;
    uint32_t slot = position->account;
    i128 value = 0;

    for (uint32_t i = engine->accounts[slot].positions; i != NONE;
         i = engine->positions[i].next) {
        const struct position *other = &engine->positions[i];

        if (engine->genesis.markets[other->market].feed == feed &&
            is_opposite(other->size, position->size))
            value += amount_raw(amount_abs(
                notional_floor(other->size, engine->markets[other->market].mark,
                               engine->notional_divisor)));
    }
    for (uint16_t i = 1;
         qty_is_negative(position->size) && i < engine->genesis.asset_count;
         i++) {
        const struct asset_params *asset = &engine->genesis.assets[i];
        i128 unit = 1;

        if (asset->feed != feed)
            continue;
        /* amount * price, 1e-decimals * 1e-8, in settlement units. */
        for (uint8_t digit = 0; digit < asset->decimals; digit++)
            unit *= 10;
        value += wide_muldiv_floor(
            wide_mul(amount_raw(*engine_balance(engine, slot, i)),
                     price_raw(engine->feeds[feed].price)),
            QTY_ONE, unit * engine->notional_divisor);
    }
    return value;
}

static struct rate hedged_share(const struct engine *engine,
                                const struct position *position,
                                struct amount notional)
{
    i128 value = amount_raw(amount_abs(notional));
    i128 hedge = hedge_value(engine, position);

    if (value == 0 || hedge >= value)
        return rate_of(RATE_ONE);
    return rate_of((int64_t)wide_div_floor(hedge * RATE_ONE, value));
}

/* A loser is weighed as nothing, so its equity need not be known. */
static void describe(struct engine *engine, uint32_t slot,
                     struct adl_share *share)
{
    const struct position *position = &engine->positions[slot];
    struct amount notional =
        notional_floor(position->size, engine->markets[position->market].mark,
                       engine->notional_divisor);
    struct margin margin;

    *share = (struct adl_share){
        .item = slot,
        .size = position->size,
        .cost = position->cost,
    };
    if (amount_cmp(notional, position->cost) <= 0)
        return;
    margin_read(engine, position->account, &margin);
    share->equity = margin.equity;
    share->hedged = hedged_share(engine, position, notional);
}

uint32_t adl_gather(struct engine *engine, uint32_t slot)
{
    struct health_scratch *scratch = health_scratch(engine);
    const struct position *position = &engine->positions[slot];
    const uint32_t *holders = engine->holders[position->market];
    uint32_t holder_count = engine->holder_counts[position->market];
    uint32_t count = 0;

    scratch->adl_work += holder_count;
    for (uint32_t i = 0; i < holder_count; i++) {
        if (!is_opposite(engine->positions[holders[i]].size, position->size))
            continue;
        scratch->holders[count] = holders[i];
        scratch->keys[count] =
            key_of(&engine->accounts[engine->positions[holders[i]].account].id);
        scratch->items[count] = count;
        count++;
    }
    sort_items(scratch->items, count, compare_identity, &engine);
    for (uint32_t i = 0; i < count; i++)
        describe(engine, scratch->holders[scratch->items[i]],
                 &scratch->shares[i]);
    return count;
}

bool adl_has_time(struct engine *engine, uint16_t market)
{
    const struct health_scratch *scratch = health_scratch(engine);

    return scratch->adl_work == 0 ||
           scratch->adl_work + engine->holder_counts[market] <= WORK_MAX;
}

static void emit_adl(struct engine *engine, uint32_t account, uint16_t market,
                     const struct adl_share *share, struct price bankruptcy)
{
    struct event event = {.kind = EVENT_ADL};
    bool is_long = qty_is_positive(share->size);

    event.adl.account =
        engine->accounts[engine->positions[share->item].account].id;
    event.adl.against = engine->accounts[account].id;
    event.adl.market = market;
    event.adl.size = is_long ? qty_neg(share->given) : share->given;
    event.adl.mark = engine->markets[market].mark;
    event.adl.bankruptcy = bankruptcy;
    event.adl.quote = is_long ? share->quote : amount_neg(share->quote);
    event.adl.taken = share->taken;
    engine_emit(engine, &event);
}

/* Both sides of one counterparty's part. Positions keep their slots until
 * the end of the command. */
static void settle(struct engine *engine, uint32_t position,
                   const struct adl_share *share)
{
    bool is_long = qty_is_positive(share->size);
    struct qty change = is_long ? qty_neg(share->given) : share->given;

    position_fill(engine, position, qty_neg(change), share->quote, 0);
    position_fill(engine, share->item, change, share->quote, 0);
}

struct amount adl_close(struct engine *engine, uint32_t account,
                        uint16_t market, struct amount quote)
{
    struct health_scratch *scratch = health_scratch(engine);
    uint32_t slot = position_find(engine, account, market);
    struct qty size = engine->positions[slot].size;
    bool is_long = qty_is_positive(size);
    uint32_t count = adl_gather(engine, slot);
    const struct adl_terms terms = {
        .size = qty_abs(size),
        .lot = engine->markets[market].params->lot,
        .mark = engine->markets[market].mark,
        .quote = is_long ? quote : amount_neg(quote),
        .divisor = engine->notional_divisor,
    };
    struct price bankruptcy =
        liquidation_price(quote, size, engine->notional_divisor);
    struct amount moved = amount_of(0);

    adl_plan(scratch->shares, scratch->items, count, &terms);
    for (uint32_t i = 0; i < count; i++) {
        const struct adl_share *share = &scratch->shares[i];

        if (qty_is_zero(share->given))
            continue;
        settle(engine, slot, share);
        emit_adl(engine, account, market, share, bankruptcy);
        moved = amount_add(moved, share->quote);
    }
    return is_long ? moved : amount_neg(moved);
}
