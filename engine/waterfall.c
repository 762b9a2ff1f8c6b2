/*
 * Money that closing costs comes from the account down to its bankruptcy
 * price, from the fund below it, from winners at it. The figures of a step
 * are read just before it, so whatever the step before did is in them.
 *
 * Equity is shared over the positions by their requirements; a debt's own
 * requirement takes no part in that, as closing the last position has to
 * leave nothing.
 */
#include "engine/waterfall.h"

#include "engine/adl.h"
#include "engine/book.h"
#include "engine/insurance.h"
#include "engine/liquidation_rules.h"
#include "engine/margin.h"
#include "engine/margin_rules.h"
#include "engine/match.h"
#include "engine/oracle.h"
#include "engine/position.h"
#include "engine/wide.h"

/* Where an account and one of its positions stand. */
struct stand {
    uint32_t account;
    uint16_t market;
    uint32_t position; /* slot */
    struct amount equity;
    struct amount maintenance;      /* of the account, debt included */
    struct amount held_maintenance; /* of its positions */
    struct qty size;                /* signed */
    struct amount notional;         /* signed */
    struct amount own_maintenance;  /* the position's */
};

/* What a step has done so far. */
struct outcome {
    struct qty closed;   /* >= 0 */
    struct amount quote; /* >= 0, the fills' worth */
    struct amount fee, insurance;
};

bool waterfall_is_open(const struct engine *engine, uint16_t market)
{
    return oracle_grade(engine, market) <= GRADE_UNCERTAIN &&
           engine->markets[market].state != MARKET_QUARANTINED;
}

void waterfall_event(struct engine *engine, uint32_t account, uint16_t market,
                     uint8_t step, struct event *event)
{
    struct margin margin;

    margin_read(engine, account, &margin);
    *event = (struct event){.kind = EVENT_LIQUIDATION};
    event->liquidation.account = engine->accounts[account].id;
    event->liquidation.market = market;
    event->liquidation.step = step;
    event->liquidation.equity = margin.equity;
    event->liquidation.maintenance = margin.maintenance;
}

/* ---- figures ---------------------------------------------------------- */

static const struct market_params *params_of(const struct engine *engine,
                                             const struct stand *stand)
{
    return engine->markets[stand->market].params;
}

static struct amount value_of(const struct engine *engine, uint16_t market,
                              struct qty size)
{
    return notional_floor(size, engine->markets[market].mark,
                          engine->notional_divisor);
}

static struct amount maintenance_of(const struct market_params *params,
                                    struct amount notional)
{
    i128 base = margin_rules_base(params->tiers, params->tier_count,
                                  amount_raw(amount_abs(notional)));

    return amount_from_wide(
        margin_rules_maintenance(base, params->maintenance_fraction));
}

static void read_stand(struct engine *engine, uint32_t account, uint16_t market,
                       struct stand *stand)
{
    struct margin margin;
    struct amount one = amount_of(1);

    margin_read(engine, account, &margin);
    *stand = (struct stand){
        .account = account,
        .market = market,
        .position = position_find(engine, account, market),
        .equity = margin.equity,
        .maintenance = amount_max(margin.maintenance, one),
        .held_maintenance =
            amount_max(engine->accounts[account].sums.maintenance, one),
    };
    if (stand->position != NONE)
        stand->size = engine->positions[stand->position].size;
    stand->notional = value_of(engine, market, stand->size);
    stand->own_maintenance =
        maintenance_of(params_of(engine, stand), stand->notional);
}

/* f * i of the tier the position stands in, rounded down. */
static struct rate marginal_rate(const struct market_params *params,
                                 struct amount notional)
{
    struct amount size = amount_abs(notional);
    uint32_t tier = 0;

    while (tier + 1 < params->tier_count &&
           amount_cmp(size, params->tiers[tier + 1].above) >= 0)
        tier++;
    return rate_of((int64_t)wide_div_floor(
        wide_mul(rate_raw(params->tiers[tier].initial_rate),
                 rate_raw(params->maintenance_fraction)),
        RATE_ONE));
}

static struct rate fee_rate(const struct engine *engine,
                            const struct stand *stand)
{
    const struct market_params *params = params_of(engine, stand);

    return liquidation_fee_rate(
        params->liquidation_fee_max, marginal_rate(params, stand->notional),
        stand->equity, stand->maintenance, amount_abs(stand->notional));
}

/* The part (> 0) with the position's sign. */
static struct qty signed_part(const struct stand *stand, struct qty part)
{
    return qty_is_positive(stand->size) ? part : qty_neg(part);
}

/* Rule 7 for closing this much: received (+) or paid (-). */
static struct amount bankruptcy_quote(const struct engine *engine,
                                      const struct stand *stand,
                                      struct qty part)
{
    struct qty after = qty_sub(stand->size, signed_part(stand, part));
    struct amount notional = value_of(engine, stand->market, after);
    struct amount own = maintenance_of(params_of(engine, stand), notional);

    return liquidation_bankruptcy(stand->equity, stand->held_maintenance,
                                  amount_sub(notional, stand->notional),
                                  amount_sub(own, stand->own_maintenance));
}

static struct price bankruptcy_price(const struct engine *engine,
                                     const struct stand *stand, struct qty part)
{
    return liquidation_price(bankruptcy_quote(engine, stand, part),
                             signed_part(stand, part),
                             engine->notional_divisor);
}

static struct price fillable_price(const struct engine *engine,
                                   const struct stand *stand)
{
    const struct market_params *params = params_of(engine, stand);
    const struct fillable_terms terms = {
        .equity = stand->equity,
        .maintenance = stand->maintenance,
        .size = stand->size,
        .notional = stand->notional,
        .position_maintenance = stand->own_maintenance,
        .ba = params->fillable_ba,
        .smmr = params->fillable_smmr,
        .divisor = engine->notional_divisor,
    };

    return liquidation_fillable(&terms);
}

/* Of two limits the one that is better for the account. */
static struct price better(const struct stand *stand, struct price a,
                           struct price b)
{
    return qty_is_positive(stand->size) ? price_max(a, b) : price_min(a, b);
}

static struct price step_limit(const struct engine *engine,
                               const struct stand *stand, struct qty part)
{
    return better(stand, bankruptcy_price(engine, stand, part),
                  fillable_price(engine, stand));
}

/* Rule 9; a bankrupt account's position goes as a whole. */
static struct qty step_part(const struct engine *engine,
                            const struct stand *stand)
{
    const struct market_params *params = params_of(engine, stand);
    struct qty whole = qty_abs(stand->size);
    const struct close_terms terms = {
        .equity = stand->equity,
        .maintenance = stand->maintenance,
        .mark = engine->markets[stand->market].mark,
        .limit = step_limit(engine, stand, whole),
        .maintenance_rate = marginal_rate(params, stand->notional),
        .fee_rate = fee_rate(engine, stand),
        .exit_buffer = params->exit_buffer,
        .size = whole,
        .lot = params->lot,
        .minimum = params->order_min,
        .step_share = params->step_share,
        .step_min = params->step_min,
        .step_max = params->step_max,
        .dust = params->position_dust,
        .divisor = engine->notional_divisor,
    };
    struct close_size close;

    if (!amount_is_positive(stand->equity))
        return whole;
    liquidation_close(&terms, &close);
    return close.step;
}

/* What the account received (+) or paid (-). */
static struct amount received(const struct stand *stand, struct amount quote)
{
    return qty_is_positive(stand->size) ? quote : amount_neg(quote);
}

static void emit_step(struct engine *engine, const struct stand *before,
                      struct event *event, struct price limit,
                      const struct outcome *outcome)
{
    event->liquidation.size = qty_neg(signed_part(before, outcome->closed));
    event->liquidation.limit = limit;
    event->liquidation.bankruptcy =
        bankruptcy_price(engine, before, outcome->closed);
    event->liquidation.quote = received(before, outcome->quote);
    event->liquidation.fee = outcome->fee;
    event->liquidation.insurance = outcome->insurance;
    engine_emit(engine, event);
}

/* ---- step 2: the book ------------------------------------------------- */

static enum side closing_side(const struct stand *stand)
{
    return qty_is_positive(stand->size) ? SIDE_SELL : SIDE_BUY;
}

/* The fund's fee on what was got over the bankruptcy price. */
static void charge_fee(struct engine *engine, const struct stand *before,
                       struct outcome *outcome)
{
    struct amount surplus =
        amount_sub(received(before, outcome->quote),
                   bankruptcy_quote(engine, before, outcome->closed));

    outcome->fee =
        liquidation_fee(fee_rate(engine, before), outcome->quote, surplus);
    insurance_take(engine, before->market, before->account, outcome->fee);
}

/* Returns what it closed. */
static struct qty through_book(struct engine *engine,
                               const struct stand *before, struct qty part)
{
    struct price limit = step_limit(engine, before, part);
    struct outcome outcome = {{0}, {0}, {0}, {0}};
    struct match_result match;
    struct event event;

    if (!price_is_positive(limit))
        return qty_of(0);
    waterfall_event(engine, before->account, before->market, STEP_BOOK, &event);
    match_liquidation(engine, before->position, closing_side(before), part,
                      limit, &match);
    if (qty_is_zero(match.filled))
        return qty_of(0);
    outcome.closed = match.filled;
    outcome.quote = match.quote;
    charge_fee(engine, before, &outcome);
    emit_step(engine, before, &event, limit, &outcome);
    return outcome.closed;
}

/* ---- step 5: the fund's money ----------------------------------------- */

/* The best level that the account may close against, cut to `part`; 0: none
 * within the limit. */
static struct qty level_size(const struct engine *engine,
                             const struct stand *stand, struct price limit,
                             struct qty part, struct price *price)
{
    enum side side = closing_side(stand) == SIDE_SELL ? SIDE_BUY : SIDE_SELL;
    uint32_t order = book_best(engine, stand->market, side);

    if (order == NONE)
        return qty_of(0);
    *price = engine->orders[order].price;
    if (!price_equal(better(stand, *price, limit), *price))
        return qty_of(0);
    return qty_min(part, engine->levels[engine->orders[order].level].size);
}

/* What the fund must add when `part` closes at `price`: under 0 nothing. */
static struct amount shortfall(const struct engine *engine,
                               const struct stand *stand, struct qty part,
                               struct amount quote)
{
    return amount_sub(bankruptcy_quote(engine, stand, part),
                      received(stand, quote));
}

/* As much of `part` at this price as the fund can pay for, in whole lots. */
static struct qty affordable(const struct engine *engine,
                             const struct stand *stand, struct qty part,
                             struct price price, struct amount fund)
{
    struct amount quote = notional_exact(part, price, engine->notional_divisor);
    struct amount missing = shortfall(engine, stand, part, quote);
    int64_t lot = qty_raw(params_of(engine, stand)->lot);
    i128 size;

    if (amount_cmp(missing, fund) <= 0)
        return part;
    size = wide_div_floor(wide_mul(qty_raw(part), amount_raw(fund)),
                          amount_raw(missing));
    return qty_of((int64_t)(size - size % lot));
}

/* Closes against one level; false when there is nothing more to be had. */
static bool fund_level(struct engine *engine, const struct stand *first,
                       struct price limit, struct qty part,
                       struct outcome *outcome)
{
    struct amount fund = insurance_available(engine, first->market);
    struct price price = price_of(0), next = price_of(0);
    struct match_result match;
    struct stand stand;
    struct amount missing;
    struct qty open, size;

    read_stand(engine, first->account, first->market, &stand);
    open = level_size(engine, &stand, limit, part, &price);
    if (qty_is_zero(open) || !amount_is_positive(fund))
        return false;
    size = affordable(engine, &stand, open, price, fund);
    if (qty_is_zero(size))
        return false;
    match_liquidation(engine, stand.position, closing_side(&stand), size, price,
                      &match);
    if (qty_is_positive(match.filled)) {
        missing = shortfall(engine, &stand, match.filled, match.quote);
        missing = amount_min(amount_max(missing, amount_of(0)), fund);
        insurance_pay(engine, stand.market, stand.account, missing);
        outcome->closed = qty_add(outcome->closed, match.filled);
        outcome->quote = amount_add(outcome->quote, match.quote);
        outcome->insurance = amount_add(outcome->insurance, missing);
        return true;
    }
    /* Makers that could not fill are gone, and with them the level; if not,
     * asking again would change nothing. */
    level_size(engine, &stand, limit, part, &next);
    return !price_equal(price, next);
}

static void with_fund(struct engine *engine, const struct stand *before,
                      struct qty part)
{
    struct price limit = fillable_price(engine, before);
    struct price worst = bankruptcy_price(engine, before, part);
    struct outcome outcome = {{0}, {0}, {0}, {0}};
    struct event event;

    /* Nothing lies between the two: the book was asked already. */
    if (price_equal(better(before, limit, worst), limit))
        return;
    waterfall_event(engine, before->account, before->market, STEP_INSURANCE,
                    &event);
    while (qty_cmp(outcome.closed, part) < 0 &&
           fund_level(engine, before, limit, qty_sub(part, outcome.closed),
                      &outcome))
        ;
    if (qty_is_positive(outcome.closed))
        emit_step(engine, before, &event, limit, &outcome);
}

/* ---- step 6: winners -------------------------------------------------- */

static void against_winners(struct engine *engine, const struct stand *before)
{
    struct qty whole = qty_abs(before->size);
    struct amount quote = bankruptcy_quote(engine, before, whole);
    struct outcome outcome = {{0}, {0}, {0}, {0}};
    struct amount moved;
    struct event event;

    if (!adl_has_time(engine, before->market))
        return;
    waterfall_event(engine, before->account, before->market, STEP_ADL, &event);
    moved = adl_close(engine, before->account, before->market, quote);
    outcome.quote = amount_abs(moved);
    outcome.closed =
        qty_sub(whole, qty_abs(engine->positions[before->position].size));
    if (qty_is_positive(outcome.closed))
        emit_step(engine, before, &event, price_of(0), &outcome);
}

/* ---- a turn ----------------------------------------------------------- */

void waterfall_turn(struct engine *engine, uint32_t account, uint16_t market)
{
    struct stand stand;
    struct qty part, closed;

    read_stand(engine, account, market, &stand);
    part = step_part(engine, &stand);
    if (qty_is_zero(part))
        return;
    closed = through_book(engine, &stand, part);

    read_stand(engine, account, market, &stand);
    if (qty_is_positive(closed) && amount_is_positive(stand.equity))
        return;
    if (!amount_is_positive(stand.equity))
        part = qty_abs(stand.size);
    if (qty_is_zero(part))
        return;
    with_fund(engine, &stand, part);

    read_stand(engine, account, market, &stand);
    if (!qty_is_zero(stand.size) && !amount_is_positive(stand.equity))
        against_winners(engine, &stand);
}
