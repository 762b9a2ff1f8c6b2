/*
 * Admission. The order of the checks is part of the interface: every replica
 * and every client sees the same reason (engine/result.def). Products are
 * compared in 128 bits instead of dividing; an order that passes costs no
 * division but its own margin.
 */
#include "engine/order_admit.h"

#include "engine/book.h"
#include "engine/fees.h"
#include "engine/key.h"
#include "engine/margin.h"
#include "engine/match.h"
#include "engine/oracle.h"
#include "engine/order_trigger.h"
#include "engine/pool.h"
#include "engine/position.h"
#include "engine/wide.h"

static struct refusal refuse(enum result result, enum param param)
{
    return (struct refusal){.result = result, .param = param};
}

static const struct refusal passed = {.result = result_ok};

static bool is_refused(const struct refusal *refusal)
{
    return unlikely(refusal->result != result_ok);
}

static bool is_market_type(uint8_t type)
{
    return type == ORDER_MARKET || type == ORDER_STOP_MARKET ||
           type == ORDER_TAKE_MARKET;
}

static struct qty signed_size(enum side side, struct qty size)
{
    return side == SIDE_BUY ? size : qty_neg(size);
}

/* ---- the order's own terms --------------------------------------------- */

struct refusal order_admit_size(const struct engine *engine, uint16_t market,
                                struct qty size)
{
    const struct market_params *params = engine->markets[market].params;

    if (!qty_is_positive(size) || qty_raw(size) > QTY_MAX ||
        qty_raw(size) % qty_raw(params->lot) != 0)
        return refuse(result_invalid_amount, param_amount);
    if (qty_cmp(size, params->order_min) < 0)
        return refuse(result_qty_too_low, param_amount);
    return passed;
}

struct refusal order_admit_price(const struct engine *engine, uint16_t market,
                                 struct price price, enum param param)
{
    const struct market_params *params = engine->markets[market].params;
    const struct feed_params *feed = &engine->genesis.feeds[params->feed];

    if (price_cmp(price, feed->price_min) < 0 ||
        price_cmp(price, feed->price_max) > 0)
        return refuse(result_price_out_of_range, param);
    if (price_raw(price) % price_raw(params->tick) != 0)
        return refuse(result_price_off_tick, param);
    return passed;
}

static struct refusal admit_trigger(const struct engine *engine,
                                    const struct order_terms *terms)
{
    struct refusal refusal;

    if (!order_trigger_is_type(terms->type)) {
        if (!price_is_zero(terms->trigger_price))
            return refuse(result_trigger_invalid, param_trigger_price);
        if (terms->trigger != TRIGGER_NONE)
            return refuse(result_trigger_invalid, param_trigger);
        return passed;
    }
    if (terms->trigger == TRIGGER_NONE)
        return refuse(result_trigger_invalid, param_trigger);
    refusal = order_admit_price(engine, terms->market, terms->trigger_price,
                                param_trigger_price);
    if (refusal.result == result_price_out_of_range)
        refusal.result = result_trigger_invalid;
    return refusal;
}

static struct refusal admit_times(const struct engine *engine,
                                  const struct order_terms *terms)
{
    if (terms->time_in_force == TIF_GOOD_TIL_TIME) {
        if (nanos_cmp(terms->good_til, engine->time) <= 0)
            return refuse(result_good_til_past, param_good_til);
    } else if (!nanos_is_zero(terms->good_til)) {
        /* It would not be kept to: better said than silently dropped. */
        return refuse(result_good_til_past, param_good_til);
    }
    return passed;
}

static struct refusal admit_notional(const struct engine *engine,
                                     struct qty size, struct price price)
{
    if (wide_mul(qty_raw(size), price_raw(price)) >
        wide_mul(NOTIONAL_MAX, engine->notional_divisor))
        return refuse(result_notional_too_large, param_amount);
    return passed;
}

/* What always trades at once can't be post-only. */
static struct refusal admit_flags(const struct order_terms *terms)
{
    bool is_taking = is_market_type(terms->type) ||
                     terms->time_in_force == TIF_IMMEDIATE_OR_CANCEL ||
                     terms->time_in_force == TIF_FILL_OR_KILL;

    if (terms->is_post_only && is_taking)
        return refuse(result_post_only_would_cross, param_post_only);
    if (terms->has_max_fee && amount_is_negative(terms->max_fee))
        return refuse(result_max_fee_too_low, param_max_fee);
    return passed;
}

struct refusal order_admit_terms(const struct engine *engine,
                                 const struct order_terms *terms,
                                 const struct key *key)
{
    struct refusal refusal;

    check(terms->side <= SIDE_SELL && terms->type <= ORDER_TAKE_MARKET);
    check(terms->time_in_force <= TIF_FILL_OR_KILL);
    check(terms->trigger <= TRIGGER_LAST);
    if (terms->market >= engine->genesis.market_count)
        return refuse(result_invalid_instrument, param_instrument_name);
    if (key && !key_allows_market(key, terms->market))
        return refuse(result_key_instrument, param_instrument_name);
    refusal = order_admit_size(engine, terms->market, terms->size);
    if (is_refused(&refusal))
        return refusal;
    if (!is_market_type(terms->type))
        refusal =
            order_admit_price(engine, terms->market, terms->price, param_price);
    else if (!price_is_zero(terms->price))
        refusal = refuse(result_price_out_of_range, param_price);
    if (is_refused(&refusal))
        return refusal;
    refusal = admit_trigger(engine, terms);
    if (is_refused(&refusal))
        return refusal;
    refusal = admit_times(engine, terms);
    if (is_refused(&refusal))
        return refusal;
    refusal = admit_flags(terms);
    if (is_refused(&refusal))
        return refusal;
    return admit_notional(engine, terms->size, terms->price);
}

/* ---- the market -------------------------------------------------------- */

/* An order that can't but bring the position nearer to zero: by its flag, or
 * by its size together with what already rests on its side. */
static bool is_reducing(const struct engine *engine,
                        const struct arrival *arrival)
{
    const struct position *held;
    struct qty size, resting;

    if (arrival->is_reduce_only)
        return true;
    if (arrival->position == NONE)
        return false;
    held = &engine->positions[arrival->position];
    size = signed_size(arrival->side, qty_neg(held->size));
    resting = arrival->side == SIDE_BUY ? held->open_buys : held->open_sells;
    return qty_cmp(qty_add(resting, arrival->size), size) <= 0;
}

static struct refusal admit_state(const struct engine *engine,
                                  const struct arrival *arrival,
                                  bool is_reduction)
{
    switch ((enum market_state)engine->markets[arrival->market].state) {
    case MARKET_OPEN:
        return passed;
    case MARKET_POST_ONLY:
        if (arrival->is_post_only)
            return passed;
        break;
    case MARKET_CANCEL_ONLY:
    case MARKET_QUARANTINED:
        break;
    }
    return is_reduction ? passed
                        : refuse(result_market_halted, param_instrument_name);
}

static struct refusal admit_grade(const struct engine *engine,
                                  const struct arrival *arrival,
                                  bool is_reduction)
{
    enum result result = result_oracle_stale;

    switch (oracle_grade(engine, arrival->market)) {
    case GRADE_VALID:
        if (!price_is_zero(engine->markets[arrival->market].mark))
            return passed;
        break;
    case GRADE_UNCERTAIN:
        if (arrival->is_post_only || is_reduction)
            return passed;
        result = result_oracle_uncertain;
        break;
    case GRADE_VOLATILE:
    case GRADE_STALE:
    case GRADE_NON_POSITIVE:
        if (is_reduction)
            return passed;
        break;
    case GRADE_NONE:
        break;
    }
    return refuse(result, param_instrument_name);
}

/* The farthest price a market order may trade at: the band's edge, brought
 * back inside onto the tick. */
static struct price band_edge(const struct market *market, enum side side)
{
    int64_t tick = price_raw(market->params->tick);
    i128 mark = price_raw(market->mark);
    i128 band = rate_raw(market->params->band);
    i128 edge;

    if (side == SIDE_BUY) {
        edge = wide_div_floor(mark * (RATE_ONE + band), RATE_ONE);
        edge = wide_min(edge, PRICE_MAX);
        edge -= edge % tick;
    } else {
        edge = wide_div_ceil(mark * (RATE_ONE - band), RATE_ONE);
        edge = wide_div_ceil(wide_max(edge, 1), tick) * tick;
    }
    return price_of((int64_t)edge);
}

static bool is_beyond_band(const struct market *market,
                           const struct arrival *arrival)
{
    int64_t band = rate_raw(market->params->band);
    i128 price = wide_mul(price_raw(arrival->price), RATE_ONE);
    i128 mark = price_raw(market->mark);

    return arrival->side == SIDE_BUY ? price > mark * (RATE_ONE + band)
                                     : price < mark * (RATE_ONE - band);
}

/* Whether the market takes it, and at which price. */
static struct refusal admit_market(const struct engine *engine,
                                   struct arrival *arrival, bool is_reduction)
{
    const struct market *market = &engine->markets[arrival->market];
    struct refusal refusal;

    if (engine->accounts[arrival->account].is_in_liquidation && !is_reduction)
        return refuse(result_in_liquidation, param_subaccount);
    refusal = admit_state(engine, arrival, is_reduction);
    if (is_refused(&refusal))
        return refusal;
    refusal = admit_grade(engine, arrival, is_reduction);
    if (is_refused(&refusal))
        return refusal;
    if (price_is_zero(market->mark))
        return refuse(result_oracle_stale, param_instrument_name);
    if (arrival->is_market)
        arrival->price = band_edge(market, arrival->side);
    else if (is_beyond_band(market, arrival))
        return refuse(result_price_out_of_band, param_price);
    return admit_notional(engine, arrival->size, arrival->price);
}

/* ---- the order's flags ------------------------------------------------- */

static struct refusal admit_rules(const struct engine *engine,
                                  const struct arrival *arrival)
{
    if (arrival->is_reduce_only &&
        qty_is_zero(match_reducible(engine, arrival->position, arrival->side)))
        return refuse(result_reduce_only_would_increase, param_reduce_only);
    if (arrival->is_post_only &&
        book_crosses(engine, arrival->market, arrival->side, arrival->price))
        return refuse(result_post_only_would_cross, param_post_only);
    if (engine->genesis.self_trade == SELF_TRADE_CANCEL_TAKER &&
        match_meets_own(engine, arrival->account, arrival->market,
                        arrival->side, arrival->price))
        return refuse(result_self_trade, param_price);
    return passed;
}

/* ---- room -------------------------------------------------------------- */

struct refusal order_admit_room(const struct engine *engine, uint32_t account,
                                uint32_t position)
{
    if (pool_is_full(&engine->order_pool))
        return refuse(result_order_capacity, param_none);
    if (engine->accounts[account].order_count >=
        engine->genesis.capacities.account_orders)
        return refuse(result_account_orders_limit, param_none);
    if (position == NONE && pool_is_full(&engine->position_pool))
        return refuse(result_position_capacity, param_none);
    return passed;
}

/* Were it filled with all that rests on its side, would the position or the
 * market's open interest be too large? */
static struct refusal admit_limits(const struct engine *engine,
                                   const struct arrival *arrival)
{
    static const struct position none;
    const struct position *held = arrival->position == NONE
                                      ? &none
                                      : &engine->positions[arrival->position];
    struct qty resting =
        arrival->side == SIDE_BUY ? held->open_buys : held->open_sells;
    struct qty after =
        qty_add(held->size, signed_size(arrival->side, arrival->size));

    if (!position_within_limit(
            engine, held, arrival->market,
            signed_size(arrival->side, qty_add(resting, arrival->size))))
        return refuse(result_position_limit, param_amount);
    if (match_exceeds_open_interest(
            engine, arrival->market,
            qty_sub(qty_abs(after), qty_abs(held->size))))
        return refuse(result_open_interest_limit, param_amount);
    return passed;
}

static struct refusal admit_key(const struct engine *engine,
                                const struct arrival *arrival)
{
    if (!arrival->key ||
        key_allows_order(engine, arrival->key, arrival->account,
                         arrival->market, arrival->side, arrival->size))
        return passed;
    return refuse(result_key_exposure, param_key);
}

static struct refusal admit_room(const struct engine *engine,
                                 const struct arrival *arrival,
                                 bool is_reduction)
{
    struct refusal refusal = passed;

    if (arrival->is_new)
        refusal = order_admit_room(engine, arrival->account, arrival->position);
    if (!is_refused(&refusal) && !is_reduction)
        refusal = admit_limits(engine, arrival);
    if (!is_refused(&refusal) && !is_reduction)
        refusal = admit_key(engine, arrival);
    if (!is_refused(&refusal) && !arrival->is_immediate &&
        !book_has_room(engine, arrival->market, arrival->side, arrival->price,
                       arrival->size))
        refusal = refuse(result_book_levels_full, param_price);
    return refusal;
}

/* ---- money ------------------------------------------------------------- */

/* The most its fills can cost in fees: sells may trade above their limit, at
 * the best bid; post-only orders are never the taker. */
static struct amount worst_fee(const struct engine *engine,
                               const struct arrival *arrival)
{
    struct price price = arrival->price;
    struct amount quote, maker_fee, taker_fee;

    if (arrival->side == SIDE_SELL)
        price = price_max(price,
                          book_best_price(engine, arrival->market, SIDE_BUY));
    quote = notional_ceil(arrival->size, price, engine->notional_divisor);
    if (!arrival->is_post_only)
        return fees_taker_max(engine, arrival->account, quote);
    fees_of_fill(engine, arrival->account, arrival->account, quote, &maker_fee,
                 &taker_fee);
    return amount_max(maker_fee, amount_of(0));
}

static struct refusal admit_margin(struct engine *engine,
                                   const struct arrival *arrival,
                                   struct amount fee)
{
    struct margin_gap gap;

    if (arrival->is_reduce_only ||
        margin_admits_order(engine, arrival->account, arrival->market,
                            arrival->side, arrival->size, arrival->price, fee,
                            &gap))
        return passed;
    return (struct refusal){.result = result_not_enough_margin,
                            .required = gap.required,
                            .available = gap.available};
}

/* Fill-or-kill is one fill to the taker: judged here, not again (match.c). */
static struct refusal admit_whole_fill(struct engine *engine,
                                       const struct arrival *arrival)
{
    struct match_wish wish = {.account = arrival->account,
                              .market = arrival->market,
                              .side = arrival->side,
                              .size = arrival->size,
                              .limit = arrival->price};
    struct match_result whole;

    if (arrival->is_reduce_only &&
        qty_cmp(arrival->size,
                match_reducible(engine, arrival->position, arrival->side)) > 0)
        return refuse(result_fill_or_kill_unfilled, param_amount);
    match_available(engine, &wish, &whole);
    if (qty_cmp(whole.filled, arrival->size) < 0)
        return refuse(result_fill_or_kill_unfilled, param_amount);
    if (arrival->has_max_fee && amount_cmp(whole.fee, arrival->max_fee) > 0)
        return refuse(result_max_fee_too_low, param_max_fee);
    if (arrival->position != NONE &&
        !margin_admits_fill(engine, arrival->position,
                            signed_size(arrival->side, arrival->size),
                            whole.quote, whole.fee, qty_of(0), price_of(0)))
        return refuse(result_not_enough_margin, param_none);
    return passed;
}

struct refusal order_admit(struct engine *engine, struct arrival *arrival)
{
    bool is_reduction = is_reducing(engine, arrival);
    struct refusal refusal = admit_market(engine, arrival, is_reduction);
    struct amount fee;

    if (is_refused(&refusal))
        return refusal;
    refusal = admit_rules(engine, arrival);
    if (is_refused(&refusal))
        return refusal;
    refusal = admit_room(engine, arrival, is_reduction);
    if (is_refused(&refusal))
        return refusal;
    fee = worst_fee(engine, arrival);
    if (arrival->has_max_fee && !arrival->is_fill_or_kill &&
        amount_cmp(fee, arrival->max_fee) > 0)
        return refuse(result_max_fee_too_low, param_max_fee);
    refusal = admit_margin(engine, arrival, fee);
    if (is_refused(&refusal) || !arrival->is_fill_or_kill)
        return refusal;
    return admit_whole_fill(engine, arrival);
}

void order_arrival_of(const struct engine *engine, uint32_t slot,
                      struct arrival *arrival)
{
    const struct order *order = &engine->orders[slot];
    const struct order_cold *cold = &engine->orders_cold[slot];
    bool is_market = is_market_type(order->type);
    bool is_fill_or_kill = order->time_in_force == TIF_FILL_OR_KILL;

    *arrival = (struct arrival){
        .account = order->account,
        .position = order->position,
        .market = order->market,
        .side = (enum side)order->side,
        .is_market = is_market,
        .is_fill_or_kill = is_fill_or_kill,
        .is_immediate = is_market || is_fill_or_kill ||
                        order->time_in_force == TIF_IMMEDIATE_OR_CANCEL,
        .is_post_only = order->is_post_only,
        .is_reduce_only = order->is_reduce_only,
        .has_max_fee = order->has_max_fee,
        .size = qty_sub(order->size, order->filled),
        .price = order->price,
        .max_fee = amount_sub(cold->max_fee, cold->fee_paid),
    };
}
