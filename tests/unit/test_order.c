/*
 * The life of orders through engine_apply: admission, resting, replacing,
 * triggers, cancelling, expiry. The mark is 60,000 throughout unless a test
 * moves it; the band is 5 %, the tick 0.1, the lot 0.0001.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "engine/book.h"
#include "engine/order.h"
#include "engine/position.h"
#include "tests/lib/fixture.h"

static struct fixture fixture;

static void fund(void)
{
    fixture_prices(&fixture, "60000", "3000", "150");
    for (uint32_t owner = 1; owner <= 6; owner++)
        fixture_deposit(&fixture, owner, 0, USDC, usdc("10000000"));
}

static void start(void)
{
    fixture_init(&fixture);
    fund();
}

static void stop(void)
{
    fixture_free(&fixture);
}

/* Another network for this test: change fixture.genesis, then start. */
static void again(void)
{
    fixture_free(&fixture);
    fixture_genesis(&fixture.genesis);
}

TestSuite(order, .init = start, .fini = stop);

/* ---- helpers ----------------------------------------------------------- */

static struct order_terms bid(const char *size, const char *price)
{
    return fixture_limit(BTC_PERP, SIDE_BUY, size, price);
}

static struct order_terms ask(const char *size, const char *price)
{
    return fixture_limit(BTC_PERP, SIDE_SELL, size, price);
}

static enum result place(uint32_t owner, const struct order_terms *terms)
{
    (void)fixture_order(&fixture, owner, terms);
    return fixture_result(&fixture);
}

static enum param refused_param(void)
{
    const struct event *event = fixture_event(&fixture, EVENT_REFUSED, 0);

    cr_assert_not_null(event);
    return event->refused.param;
}

#define EXPECT_REFUSED(owner, terms, why, about)               \
    do {                                                       \
        cr_assert_eq(place(owner, terms), result_##why);       \
        cr_assert_eq(refused_param(), param_##about);          \
        cr_assert_eq(fixture_count(&fixture, EVENT_ORDER), 0); \
    } while (0)

/* The one event about this order in the last command, NULL: none. */
static const struct order_view *view_of(uint64_t id)
{
    const struct order_view *found = NULL;

    for (uint32_t i = 0; i < fixture.event_count; i++) {
        const struct event *event = &fixture.events[i];

        if (event->kind != EVENT_ORDER || event->order.id != id)
            continue;
        cr_assert_null(found, "two events about one order");
        found = &event->order;
    }
    return found;
}

static void expect_state(uint64_t id, enum order_state state,
                         enum order_reason reason)
{
    const struct order_view *view = view_of(id);

    cr_assert_not_null(view);
    cr_assert_eq(view->state, state);
    cr_assert_eq(view->reason, reason);
}

static enum result replace(uint32_t owner, uint64_t id, const char *size,
                           const char *price, const char *trigger_price)
{
    struct command command = {.kind = COMMAND_REPLACE};

    command.request = fixture_request(&fixture, owner, 0);
    command.replace.order_id = id;
    command.replace.size = base(size);
    command.replace.price = usd(price);
    command.replace.trigger_price = usd(trigger_price);
    fixture_apply(&fixture, &command);
    return fixture_result(&fixture);
}

static uint32_t account_slot(uint32_t owner)
{
    for (uint32_t i = 0; i < fixture.engine->account_pool.used; i++) {
        struct account_id id = fixture_account(owner, 0);

        if (account_id_equal(&fixture.engine->accounts[i].id, &id))
            return i;
    }
    cr_assert_fail("no such account");
    return NONE;
}

static int64_t position_of(uint32_t owner, uint16_t market)
{
    uint32_t slot = position_find(fixture.engine, account_slot(owner), market);

    return slot == NONE ? 0 : qty_raw(fixture.engine->positions[slot].size);
}

static bool is_open(uint64_t id)
{
    return order_find(fixture.engine, id) != NONE;
}

/* Marks and indexes go to this price without a trade. */
static void move_btc(const char *price)
{
    fixture_prices(&fixture, price, "3000", "150");
}

/* ---- admission: the order's own terms ---------------------------------- */

Test(order, rests_and_says_so_once)
{
    struct order_terms terms = bid("1.5", "59000.1");
    uint64_t id;

    memcpy(terms.label.bytes, "hello", 5);
    terms.label.length = 5;
    id = fixture_order(&fixture, 1, &terms);
    cr_assert_eq(fixture.event_count, 1);

    const struct order_view *view = view_of(id);
    struct account_id account = fixture_account(1, 0);

    cr_assert_eq(view->state, ORDER_OPEN);
    cr_assert_eq(view->reason, REASON_NONE);
    cr_assert(account_id_equal(&view->account, &account));
    cr_assert(qty_equal(view->terms.size, base("1.5")));
    cr_assert(price_equal(view->terms.price, usd("59000.1")));
    cr_assert_eq(view->terms.side, SIDE_BUY);
    cr_assert_eq(view->terms.label.length, 5);
    cr_assert_eq(memcmp(view->terms.label.bytes, "hello", 5), 0);
    cr_assert(qty_is_zero(view->filled));
    cr_assert(nanos_equal(view->created, fixture.time));
    cr_assert(nanos_equal(view->updated, fixture.time));
    cr_assert(price_equal(book_best_price(fixture.engine, BTC_PERP, SIDE_BUY),
                          usd("59000.1")));
}

Test(order, an_unknown_instrument)
{
    struct order_terms terms = bid("1", "59000");

    terms.market = 3;
    EXPECT_REFUSED(1, &terms, invalid_instrument, instrument_name);
    terms.market = MARKET_ALL;
    EXPECT_REFUSED(1, &terms, invalid_instrument, instrument_name);
}

Test(order, the_amount_is_whole_lots_from_the_minimum_on)
{
    struct order_terms terms = bid("0.0001", "59000");

    cr_assert_eq(place(1, &terms), result_ok);
    terms.size = base("0.00015");
    EXPECT_REFUSED(1, &terms, invalid_amount, amount);
    terms.size = base("0");
    EXPECT_REFUSED(1, &terms, invalid_amount, amount);
    terms.size = base("-0.0001");
    EXPECT_REFUSED(1, &terms, invalid_amount, amount);
    terms.size = qty_of(QTY_MAX - QTY_MAX % 10000 + 10000);
    EXPECT_REFUSED(1, &terms, invalid_amount, amount);
    terms.size = qty_of(INT64_MIN);
    EXPECT_REFUSED(1, &terms, invalid_amount, amount);
}

Test(order, below_the_minimum)
{
    again();
    fixture.genesis.markets[BTC_PERP].order_min = base("0.0005");
    fixture_start(&fixture);
    fund();

    struct order_terms terms = bid("0.0004", "59000");

    EXPECT_REFUSED(1, &terms, qty_too_low, amount);
    terms.size = base("0.0005");
    cr_assert_eq(place(1, &terms), result_ok);
}

Test(order, the_price_is_in_range_and_on_the_tick)
{
    struct order_terms terms = bid("0.0001", "0.1");

    cr_assert_eq(place(1, &terms), result_ok);
    terms.price = usd("0");
    EXPECT_REFUSED(1, &terms, price_out_of_range, price);
    terms.price = usd("-1");
    EXPECT_REFUSED(1, &terms, price_out_of_range, price);
    terms.price = usd("59000.05");
    EXPECT_REFUSED(1, &terms, price_off_tick, price);
    terms = ask("0.0001", "1000000");
    cr_assert_eq(place(1, &terms), result_ok);
    terms.price = usd("1000000.1");
    EXPECT_REFUSED(1, &terms, price_out_of_range, price);
}

Test(order, a_market_order_names_no_price)
{
    struct order_terms terms = bid("1", "59000");

    terms.type = ORDER_MARKET;
    EXPECT_REFUSED(1, &terms, price_out_of_range, price);
}

Test(order, trigger_fields_fit_the_type)
{
    struct order_terms terms = bid("1", "59000");

    terms.trigger_price = usd("58000");
    EXPECT_REFUSED(1, &terms, trigger_invalid, trigger_price);
    terms.trigger_price = usd("0");
    terms.trigger = TRIGGER_MARK;
    EXPECT_REFUSED(1, &terms, trigger_invalid, trigger);
    terms.type = ORDER_STOP_LIMIT;
    EXPECT_REFUSED(1, &terms, trigger_invalid, trigger_price);
    terms.trigger_price = usd("58000.05");
    EXPECT_REFUSED(1, &terms, price_off_tick, trigger_price);
    terms.trigger_price = usd("58000");
    terms.trigger = TRIGGER_NONE;
    EXPECT_REFUSED(1, &terms, trigger_invalid, trigger);
    terms.trigger = TRIGGER_LAST;
    cr_assert_eq(place(1, &terms), result_ok);
}

Test(order, good_til_lies_ahead)
{
    struct order_terms terms = bid("1", "59000");

    terms.time_in_force = TIF_GOOD_TIL_TIME;
    EXPECT_REFUSED(1, &terms, good_til_past, good_til);
    terms.good_til = fixture.time;
    EXPECT_REFUSED(1, &terms, good_til_past, good_til);
    terms.good_til = nanos_add(fixture.time, nanos_of(1));
    cr_assert_eq(place(1, &terms), result_ok);
    terms.time_in_force = TIF_GOOD_TIL_CANCELLED;
    EXPECT_REFUSED(1, &terms, good_til_past, good_til);
}

Test(order, what_takes_at_once_cannot_be_post_only)
{
    struct order_terms terms = bid("1", "59000");

    terms.is_post_only = true;
    terms.time_in_force = TIF_IMMEDIATE_OR_CANCEL;
    EXPECT_REFUSED(1, &terms, post_only_would_cross, post_only);
    terms.time_in_force = TIF_FILL_OR_KILL;
    EXPECT_REFUSED(1, &terms, post_only_would_cross, post_only);
    terms.time_in_force = TIF_GOOD_TIL_CANCELLED;
    terms.type = ORDER_MARKET;
    terms.price = usd("0");
    EXPECT_REFUSED(1, &terms, post_only_would_cross, post_only);
}

/* 2^54 units are 18,014,398,509.481984 USDC. */
Test(order, one_order_has_a_greatest_value)
{
    again();
    fixture.genesis.markets[BTC_PERP].position_max = base("18014");
    fixture_start(&fixture);
    fund();

    struct order_terms terms = ask("18014.3986", "1000000");

    EXPECT_REFUSED(1, &terms, notional_too_large, amount);
    terms.size = base("18014.3985");
    EXPECT_REFUSED(1, &terms, position_limit, amount);
}

/* ---- admission: the market --------------------------------------------- */

/* 60,000 * 1.05 = 63,000 and 60,000 * 0.95 = 57,000. */
Test(order, aggressive_prices_stay_inside_the_band)
{
    struct order_terms terms = bid("0.0001", "63000");

    cr_assert_eq(place(1, &terms), result_ok);
    terms.price = usd("63000.1");
    EXPECT_REFUSED(1, &terms, price_out_of_band, price);
    terms = ask("0.0001", "57000");
    cr_assert_eq(place(2, &terms), result_ok);
    terms.price = usd("56999.9");
    EXPECT_REFUSED(2, &terms, price_out_of_band, price);
    /* The passive side has no band. */
    terms = ask("0.0001", "90000");
    cr_assert_eq(place(2, &terms), result_ok);
    terms = bid("0.0001", "30000");
    cr_assert_eq(place(1, &terms), result_ok);
}

Test(order, no_price_no_order)
{
    again();
    fixture_start(&fixture);
    fixture_deposit(&fixture, 1, 0, USDC, usdc("1000000"));

    struct order_terms terms = bid("1", "59000");

    EXPECT_REFUSED(1, &terms, oracle_stale, instrument_name);
    /* What waits is not asked for it. */
    terms.type = ORDER_STOP_LIMIT;
    terms.trigger = TRIGGER_MARK;
    terms.trigger_price = usd("61000");
    cr_assert_eq(place(1, &terms), result_ok);
}

Test(order, a_stale_price_takes_reductions_alone)
{
    struct order_terms terms;

    fixture_trade(&fixture, 1, 2, BTC_PERP, "2", "60000");
    fixture_tick(&fixture, 31000);
    terms = bid("0.1", "59000");
    EXPECT_REFUSED(1, &terms, oracle_stale, instrument_name);
    terms.is_post_only = true;
    EXPECT_REFUSED(1, &terms, oracle_stale, instrument_name);
    /* Owner 1 is long 2: selling 1 and 1 reduces, more would not. */
    terms = ask("1", "60000");
    cr_assert_eq(place(1, &terms), result_ok);
    cr_assert_eq(place(1, &terms), result_ok);
    EXPECT_REFUSED(1, &terms, oracle_stale, instrument_name);
    terms.is_reduce_only = true;
    cr_assert_eq(place(1, &terms), result_ok);
}

Test(order, an_uncertain_price_takes_post_only_too)
{
    struct order_terms terms = bid("0.1", "59000");

    fixture.engine->feeds[FEED_BTC].grade = GRADE_UNCERTAIN;
    EXPECT_REFUSED(1, &terms, oracle_uncertain, instrument_name);
    terms.is_post_only = true;
    cr_assert_eq(place(1, &terms), result_ok);
}

Test(order, each_state_of_a_market_takes_reductions)
{
    static const enum market_state states[] = {
        MARKET_CANCEL_ONLY, MARKET_POST_ONLY, MARKET_QUARANTINED};

    fixture_trade(&fixture, 1, 2, BTC_PERP, "2", "60000");
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        struct order_terms terms = bid("0.1", "59000");

        fixture.engine->markets[BTC_PERP].state = (uint8_t)states[i];
        EXPECT_REFUSED(1, &terms, market_halted, instrument_name);
        terms.is_post_only = true;
        if (states[i] == MARKET_POST_ONLY)
            cr_assert_eq(place(1, &terms), result_ok);
        else
            EXPECT_REFUSED(1, &terms, market_halted, instrument_name);
        terms = ask("0.1", "61000");
        cr_assert_eq(place(1, &terms), result_ok);
    }
}

Test(order, an_account_in_liquidation_only_reduces)
{
    struct order_terms terms = bid("0.1", "59000");

    fixture_trade(&fixture, 1, 2, BTC_PERP, "2", "60000");
    fixture.is_unchecked = true;
    fixture.engine->accounts[account_slot(1)].is_in_liquidation = true;
    EXPECT_REFUSED(1, &terms, in_liquidation, subaccount);
    terms.type = ORDER_TAKE_LIMIT;
    terms.trigger = TRIGGER_MARK;
    terms.trigger_price = usd("58000");
    EXPECT_REFUSED(1, &terms, in_liquidation, subaccount);
    terms.is_reduce_only = true;
    cr_assert_eq(place(1, &terms), result_ok);
    terms = ask("2", "61000");
    cr_assert_eq(place(1, &terms), result_ok);
}

/* ---- post-only, reduce-only -------------------------------------------- */

Test(order, post_only_never_takes)
{
    struct order_terms terms = bid("1", "60000");
    uint64_t id;

    (void)fixture_sell(&fixture, 2, BTC_PERP, "1", "60000");
    terms.is_post_only = true;
    EXPECT_REFUSED(1, &terms, post_only_would_cross, post_only);
    terms.price = usd("59999.9");
    id = fixture_order(&fixture, 1, &terms);
    expect_state(id, ORDER_OPEN, REASON_NONE);
    terms = ask("1", "59999.9");
    terms.is_post_only = true;
    EXPECT_REFUSED(2, &terms, post_only_would_cross, post_only);
}

Test(order, reduce_only_needs_something_to_reduce)
{
    struct order_terms terms = ask("1", "60000");

    terms.is_reduce_only = true;
    EXPECT_REFUSED(1, &terms, reduce_only_would_increase, reduce_only);
    fixture_trade(&fixture, 1, 2, BTC_PERP, "2", "60000");
    cr_assert_eq(place(1, &terms), result_ok);
    terms.side = SIDE_BUY;
    terms.price = usd("59000");
    EXPECT_REFUSED(1, &terms, reduce_only_would_increase, reduce_only);
}

/* Long 2, reduce-only for 5: two are sold, the rest has nothing to reduce. */
Test(order, a_reduce_only_taker_stops_at_zero)
{
    struct order_terms terms = ask("5", "60000");
    uint64_t id;

    fixture_trade(&fixture, 1, 2, BTC_PERP, "2", "60000");
    (void)fixture_buy(&fixture, 3, BTC_PERP, "5", "60000");
    terms.is_reduce_only = true;
    id = fixture_order(&fixture, 1, &terms);
    expect_state(id, ORDER_CANCELLED, REASON_REDUCE_ONLY);
    cr_assert(qty_equal(view_of(id)->filled, base("2")));
    cr_assert_eq(position_of(1, BTC_PERP), 0);
    cr_assert_eq(position_of(3, BTC_PERP), qty_raw(base("2")));
}

/* The same as a maker: cut by the first taker, cancelled when met again. */
Test(order, a_reduce_only_maker_stops_at_zero)
{
    struct order_terms terms = ask("5", "60000");
    uint64_t id, taker;

    fixture_trade(&fixture, 1, 2, BTC_PERP, "2", "60000");
    terms.is_reduce_only = true;
    id = fixture_order(&fixture, 1, &terms);
    taker = fixture_buy(&fixture, 3, BTC_PERP, "4", "60000");
    expect_state(id, ORDER_CANCELLED, REASON_REDUCE_ONLY);
    cr_assert(qty_equal(view_of(id)->filled, base("2")));
    expect_state(taker, ORDER_OPEN, REASON_NONE);
    cr_assert(qty_equal(view_of(taker)->filled, base("2")));
    cr_assert_eq(position_of(1, BTC_PERP), 0);
}

/* ---- time in force ----------------------------------------------------- */

Test(order, immediate_or_cancel_leaves_nothing_behind)
{
    struct order_terms terms = bid("3", "60000");
    uint64_t id;

    (void)fixture_sell(&fixture, 2, BTC_PERP, "1", "60000");
    (void)fixture_sell(&fixture, 2, BTC_PERP, "1", "60000.1");
    terms.time_in_force = TIF_IMMEDIATE_OR_CANCEL;
    id = fixture_order(&fixture, 1, &terms);
    expect_state(id, ORDER_CANCELLED, REASON_IMMEDIATE);
    cr_assert(qty_equal(view_of(id)->filled, base("1")));
    cr_assert_eq(book_best(fixture.engine, BTC_PERP, SIDE_BUY), NONE);
    id = fixture_order(&fixture, 1, &terms);
    expect_state(id, ORDER_CANCELLED, REASON_IMMEDIATE);
    cr_assert(qty_is_zero(view_of(id)->filled));
    cr_assert_not(is_open(id));
}

Test(order, fill_or_kill_fills_in_full_or_is_refused)
{
    struct order_terms terms = bid("2.0001", "60000.1");
    uint64_t id;

    (void)fixture_sell(&fixture, 2, BTC_PERP, "1", "60000");
    (void)fixture_sell(&fixture, 3, BTC_PERP, "1", "60000.1");
    (void)fixture_sell(&fixture, 3, BTC_PERP, "9", "60000.2");
    terms.time_in_force = TIF_FILL_OR_KILL;
    EXPECT_REFUSED(1, &terms, fill_or_kill_unfilled, amount);
    terms.size = base("2");
    id = fixture_order(&fixture, 1, &terms);
    expect_state(id, ORDER_FILLED, REASON_NONE);
    cr_assert_eq(fixture_count(&fixture, EVENT_TRADE), 2);
}

Test(order, fill_or_kill_passes_over_its_owners_orders)
{
    struct order_terms terms = bid("2", "60000.1");
    uint64_t own = fixture_sell(&fixture, 1, BTC_PERP, "1", "60000");

    (void)fixture_sell(&fixture, 2, BTC_PERP, "1", "60000.1");
    terms.time_in_force = TIF_FILL_OR_KILL;
    EXPECT_REFUSED(1, &terms, fill_or_kill_unfilled, amount);
    cr_assert(is_open(own));
    terms.size = base("1");
    expect_state(fixture_order(&fixture, 1, &terms), ORDER_FILLED, REASON_NONE);
    expect_state(own, ORDER_CANCELLED, REASON_SELF_TRADE);
}

/* Short 2 with two reduce-only bids of 2 each: only the first of them can
 * fill, and fill-or-kill knows it. */
Test(order, fill_or_kill_counts_reduce_only_makers_once)
{
    struct order_terms terms = bid("2", "60000");
    uint64_t first, second;

    fixture_trade(&fixture, 2, 1, BTC_PERP, "2", "60000");
    terms.is_reduce_only = true;
    first = fixture_order(&fixture, 1, &terms);
    second = fixture_order(&fixture, 1, &terms);
    terms = ask("2.0001", "60000");
    terms.time_in_force = TIF_FILL_OR_KILL;
    EXPECT_REFUSED(3, &terms, fill_or_kill_unfilled, amount);
    cr_assert(is_open(first) && is_open(second));
    terms.size = base("2");
    expect_state(fixture_order(&fixture, 3, &terms), ORDER_FILLED, REASON_NONE);
    expect_state(first, ORDER_FILLED, REASON_NONE);
    cr_assert(is_open(second));
}

Test(order, good_til_time_ends_at_the_first_tick_from_then_on)
{
    struct order_terms terms = bid("1", "59000");
    uint64_t first, second;

    terms.time_in_force = TIF_GOOD_TIL_TIME;
    terms.good_til = nanos_add(fixture.time, nanos_of(200 * NANOS_PER_MS));
    first = fixture_order(&fixture, 1, &terms);
    second = fixture_order(&fixture, 2, &terms);
    fixture_tick(&fixture, 199);
    cr_assert(is_open(first) && is_open(second));
    fixture_tick(&fixture, 1);
    expect_state(first, ORDER_EXPIRED, REASON_TIME);
    expect_state(second, ORDER_EXPIRED, REASON_TIME);
    cr_assert_eq(fixture_event(&fixture, EVENT_ORDER, 0)->order.id, first);
    cr_assert_not(is_open(first) || is_open(second));
}

/* ---- market orders ----------------------------------------------------- */

Test(order, a_market_order_trades_up_to_the_bands_edge)
{
    struct order_terms terms = bid("5", "0");
    uint64_t id;

    (void)fixture_sell(&fixture, 2, BTC_PERP, "1", "60000");
    (void)fixture_sell(&fixture, 2, BTC_PERP, "1", "63000");
    (void)fixture_sell(&fixture, 2, BTC_PERP, "1", "63000.1");
    terms.type = ORDER_MARKET;
    id = fixture_order(&fixture, 1, &terms);
    expect_state(id, ORDER_CANCELLED, REASON_IMMEDIATE);
    cr_assert(qty_equal(view_of(id)->filled, base("2")));
    cr_assert(price_is_zero(view_of(id)->terms.price));
    cr_assert(price_equal(book_best_price(fixture.engine, BTC_PERP, SIDE_SELL),
                          usd("63000.1")));
}

/* 60,001 * 0.95 = 57,000.95: the lowest price inside is 57,001. */
Test(order, the_bands_edge_is_rounded_into_the_band)
{
    struct order_terms terms = ask("5", "0");
    uint64_t id;

    move_btc("60001");
    (void)fixture_buy(&fixture, 2, BTC_PERP, "1", "57001");
    (void)fixture_buy(&fixture, 2, BTC_PERP, "1", "57000.9");
    terms.type = ORDER_MARKET;
    id = fixture_order(&fixture, 1, &terms);
    cr_assert(qty_equal(view_of(id)->filled, base("1")));
}

Test(order, a_market_order_can_be_fill_or_kill)
{
    struct order_terms terms = bid("1.5", "0");

    (void)fixture_sell(&fixture, 2, BTC_PERP, "1", "60000");
    terms.type = ORDER_MARKET;
    terms.time_in_force = TIF_FILL_OR_KILL;
    EXPECT_REFUSED(1, &terms, fill_or_kill_unfilled, amount);
    terms.size = base("1");
    expect_state(fixture_order(&fixture, 1, &terms), ORDER_FILLED, REASON_NONE);
}

/* ---- fees, limits, room ------------------------------------------------ */

/* 1 at 60,000: the taker's 0.05 % are 30 USDC, the maker's 0.02 % are 12. */
Test(order, max_fee_covers_the_worst_case)
{
    struct order_terms terms = bid("1", "60000");

    terms.has_max_fee = true;
    terms.max_fee = usdc("29.999999");
    EXPECT_REFUSED(1, &terms, max_fee_too_low, max_fee);
    terms.is_post_only = true;
    cr_assert_eq(place(1, &terms), result_ok);
    terms.max_fee = usdc("11.999999");
    EXPECT_REFUSED(1, &terms, max_fee_too_low, max_fee);
    terms.is_post_only = false;
    terms.max_fee = usdc("30");
    cr_assert_eq(place(1, &terms), result_ok);
    terms.max_fee = usdc("-1");
    EXPECT_REFUSED(1, &terms, max_fee_too_low, max_fee);
}

/* A sell may fill above its limit: the best bid counts. */
Test(order, max_fee_of_a_sell_looks_at_the_best_bid)
{
    struct order_terms terms = ask("1", "60000");

    (void)fixture_buy(&fixture, 2, BTC_PERP, "1", "62000");
    terms.has_max_fee = true;
    terms.max_fee = usdc("30.999999");
    EXPECT_REFUSED(1, &terms, max_fee_too_low, max_fee);
    terms.max_fee = usdc("31");
    cr_assert_eq(place(1, &terms), result_ok);
}

Test(order, the_position_with_open_orders_has_a_limit)
{
    struct order_terms terms = bid("6", "60000");

    again();
    fixture.genesis.markets[BTC_PERP].position_max = base("10");
    fixture_start(&fixture);
    fund();
    cr_assert_eq(place(1, &terms), result_ok);
    terms.size = base("4.0001");
    EXPECT_REFUSED(1, &terms, position_limit, amount);
    terms.size = base("4");
    cr_assert_eq(place(1, &terms), result_ok);
    terms = ask("10.0001", "61000");
    EXPECT_REFUSED(1, &terms, position_limit, amount);
    terms.size = base("10");
    cr_assert_eq(place(1, &terms), result_ok);
}

/* 600,000 of quote at an index of 60,000 are 10 BTC. */
Test(order, open_interest_has_a_cap)
{
    struct order_terms terms = bid("10.0001", "60000");

    again();
    fixture.genesis.markets[BTC_PERP].open_interest_max = usdc("600000");
    fixture_start(&fixture);
    fund();
    EXPECT_REFUSED(1, &terms, open_interest_limit, amount);
    fixture_trade(&fixture, 1, 2, BTC_PERP, "10", "60000");
    terms.size = base("0.0001");
    EXPECT_REFUSED(3, &terms, open_interest_limit, amount);
    /* Owner 2 is short 10 and may buy them back. */
    terms.size = base("10");
    cr_assert_eq(place(2, &terms), result_ok);
}

Test(order, an_account_has_room_for_so_many_orders)
{
    struct order_terms terms = bid("0.0001", "59000");
    uint64_t id;

    again();
    fixture.genesis.capacities.account_orders = 3;
    fixture_start(&fixture);
    fund();
    (void)fixture_order(&fixture, 1, &terms);
    (void)fixture_order(&fixture, 1, &terms);
    terms.type = ORDER_STOP_LIMIT;
    terms.trigger = TRIGGER_MARK;
    terms.trigger_price = usd("61000");
    id = fixture_order(&fixture, 1, &terms);
    EXPECT_REFUSED(1, &terms, account_orders_limit, none);
    terms = bid("0.0001", "59000");
    EXPECT_REFUSED(1, &terms, account_orders_limit, none);
    cr_assert_eq(place(2, &terms), result_ok);
    (void)fixture_cancel(&fixture, 1, id);
    cr_assert_eq(place(1, &terms), result_ok);
}

Test(order, the_node_has_room_for_so_many_orders)
{
    struct order_terms terms = bid("0.0001", "59000");

    again();
    fixture.genesis.capacities.orders = 2;
    fixture.genesis.capacities.account_orders = 2;
    fixture_start(&fixture);
    fund();
    (void)fixture_order(&fixture, 1, &terms);
    (void)fixture_order(&fixture, 2, &terms);
    EXPECT_REFUSED(3, &terms, order_capacity, none);
}

Test(order, a_book_has_room_for_so_many_levels)
{
    struct order_terms terms = bid("0.0001", "59000");

    again();
    fixture.genesis.capacities.levels = 2;
    fixture_start(&fixture);
    fund();
    (void)fixture_order(&fixture, 1, &terms);
    terms.price = usd("59001");
    (void)fixture_order(&fixture, 1, &terms);
    terms.price = usd("59002");
    EXPECT_REFUSED(1, &terms, book_levels_full, price);
    terms.price = usd("59001");
    cr_assert_eq(place(2, &terms), result_ok);
    /* What does not rest needs no level. */
    terms = ask("0.0001", "58999");
    terms.time_in_force = TIF_IMMEDIATE_OR_CANCEL;
    cr_assert_eq(place(3, &terms), result_ok);
    cr_assert_eq(fixture_count(&fixture, EVENT_TRADE), 1);
}

Test(order, a_heap_has_room_for_so_many_triggers)
{
    struct order_terms terms = bid("0.0001", "59000");

    again();
    fixture.genesis.capacities.triggers = 1;
    fixture_start(&fixture);
    fund();
    terms.type = ORDER_STOP_LIMIT;
    terms.trigger = TRIGGER_MARK;
    terms.trigger_price = usd("61000");
    cr_assert_eq(place(1, &terms), result_ok);
    EXPECT_REFUSED(1, &terms, order_capacity, none);
    terms.trigger = TRIGGER_INDEX;
    cr_assert_eq(place(1, &terms), result_ok);
    terms.type = ORDER_TAKE_LIMIT;
    terms.trigger = TRIGGER_MARK;
    cr_assert_eq(place(1, &terms), result_ok);
}

/* 100 BTC at 60,000 want 2 % of 1,000,000 and 5 % of 5,000,000 more:
 * 270,000; filled as a taker it could cost 3,000 of fees. */
Test(order, margin_is_asked_for_with_the_fee)
{
    struct order_terms terms = bid("100", "60000");
    const struct event *event;

    fixture_deposit(&fixture, 9, 0, USDC, usdc("272999.999999"));
    EXPECT_REFUSED(9, &terms, not_enough_margin, none);
    event = fixture_event(&fixture, EVENT_REFUSED, 0);
    cr_assert(amount_equal(event->refused.required, usdc("270000")));
    cr_assert(amount_equal(event->refused.available, usdc("269999.999999")));
    fixture_deposit(&fixture, 9, 0, USDC, usdc("0.000001"));
    cr_assert_eq(place(9, &terms), result_ok);
    EXPECT_REFUSED(9, &terms, not_enough_margin, none);
}

Test(order, a_refusal_uses_no_id)
{
    struct order_terms terms = bid("1", "63000.1");
    uint64_t before = fixture.engine->next_order;

    EXPECT_REFUSED(1, &terms, price_out_of_band, price);
    cr_assert_eq(fixture.engine->next_order, before);
    cr_assert_eq(fixture.engine->order_pool.count, 0);
    cr_assert_eq(fixture.engine->position_pool.count, 0);
}

/* ---- replace ----------------------------------------------------------- */

/* Three asks at one price; who is first is seen by who trades. */
static void three_asks(uint64_t id[3])
{
    for (uint32_t i = 0; i < 3; i++)
        id[i] = fixture_sell(&fixture, i + 1, BTC_PERP, "2", "60000");
}

static uint64_t next_maker(void)
{
    struct order_terms terms = bid("0.0001", "61000");

    terms.time_in_force = TIF_IMMEDIATE_OR_CANCEL;
    (void)fixture_order(&fixture, 6, &terms);
    cr_assert_eq(fixture_count(&fixture, EVENT_TRADE), 1);
    return fixture_event(&fixture, EVENT_TRADE, 0)->trade.maker_order;
}

Test(order, a_smaller_amount_keeps_its_place)
{
    uint64_t id[3];

    three_asks(id);
    cr_assert_eq(replace(1, id[0], "1", "0", "0"), result_ok);
    cr_assert_eq(fixture.event_count, 1);
    expect_state(id[0], ORDER_OPEN, REASON_USER);
    cr_assert(qty_equal(view_of(id[0])->terms.size, base("1")));
    cr_assert_eq(next_maker(), id[0]);
}

Test(order, the_same_price_named_again_keeps_its_place)
{
    uint64_t id[3];

    three_asks(id);
    cr_assert_eq(replace(1, id[0], "1", "60000", "0"), result_ok);
    cr_assert_eq(next_maker(), id[0]);
}

Test(order, a_greater_amount_goes_to_the_back)
{
    uint64_t id[3];

    three_asks(id);
    cr_assert_eq(replace(1, id[0], "2.0001", "0", "0"), result_ok);
    cr_assert_eq(next_maker(), id[1]);
    (void)fixture_cancel(&fixture, 2, id[1]);
    (void)fixture_cancel(&fixture, 3, id[2]);
    cr_assert_eq(next_maker(), id[0]);
}

Test(order, another_price_goes_to_the_back_there)
{
    uint64_t id[3];

    three_asks(id);
    cr_assert_eq(replace(1, id[0], "1", "60000.1", "0"), result_ok);
    cr_assert_eq(replace(1, id[0], "0", "60000", "0"), result_ok);
    cr_assert_eq(next_maker(), id[1]);
    cr_assert_eq(replace(3, id[2], "0", "59999.9", "0"), result_ok);
    cr_assert_eq(next_maker(), id[2]);
}

Test(order, a_replaced_price_may_match_at_once)
{
    uint64_t own = fixture_buy(&fixture, 1, BTC_PERP, "3", "59000");

    (void)fixture_sell(&fixture, 2, BTC_PERP, "1", "60000");
    cr_assert_eq(replace(1, own, "0", "60000", "0"), result_ok);
    cr_assert_eq(fixture_count(&fixture, EVENT_TRADE), 1);
    expect_state(own, ORDER_OPEN, REASON_USER);
    cr_assert(qty_equal(view_of(own)->filled, base("1")));
    (void)fixture_sell(&fixture, 2, BTC_PERP, "2", "60001");
    cr_assert_eq(replace(1, own, "0", "60001", "0"), result_ok);
    expect_state(own, ORDER_FILLED, REASON_NONE);
}

Test(order, replace_wants_more_than_is_filled_and_a_change)
{
    uint64_t id = fixture_sell(&fixture, 1, BTC_PERP, "2", "60000");

    (void)fixture_buy(&fixture, 2, BTC_PERP, "1", "60000");
    cr_assert_eq(replace(1, id, "1", "0", "0"), result_replace_invalid);
    cr_assert_eq(refused_param(), param_amount);
    cr_assert_eq(replace(1, id, "0.5", "0", "0"), result_replace_invalid);
    cr_assert_eq(replace(1, id, "0", "0", "0"), result_replace_invalid);
    cr_assert_eq(replace(1, id, "2", "60000", "0"), result_replace_invalid);
    cr_assert_eq(replace(1, id, "1.0001", "0", "0"), result_ok);
    cr_assert_eq(replace(1, id, "-1", "0", "0"), result_invalid_amount);
    cr_assert_eq(replace(1, id, "1.00005", "0", "0"), result_invalid_amount);
    cr_assert_eq(replace(1, id, "0", "60000.05", "0"), result_price_off_tick);
    cr_assert_eq(replace(1, id, "0", "60000", "61000"), result_trigger_invalid);
    cr_assert_eq(refused_param(), param_trigger_price);
}

Test(order, a_refused_replace_leaves_everything_as_it_was)
{
    uint64_t id[3];
    uint64_t sequence, priority;

    three_asks(id);
    sequence = fixture.engine->markets[BTC_PERP].book_sequence;
    priority = fixture.engine->next_priority;
    cr_assert_eq(replace(1, id[0], "0", "56999.9", "0"),
                 result_price_out_of_band);
    cr_assert_eq(fixture_count(&fixture, EVENT_ORDER), 0);
    cr_assert_eq(replace(1, id[0], "9000", "0", "0"), result_not_enough_margin);
    cr_assert_eq(fixture.engine->markets[BTC_PERP].book_sequence, sequence);
    cr_assert_eq(fixture.engine->next_priority, priority);
    cr_assert_eq(next_maker(), id[0]);
}

Test(order, a_post_only_order_stays_so_when_replaced)
{
    struct order_terms terms = bid("1", "59000");
    uint64_t id;

    terms.is_post_only = true;
    id = fixture_order(&fixture, 1, &terms);
    (void)fixture_sell(&fixture, 2, BTC_PERP, "1", "60000");
    cr_assert_eq(replace(1, id, "0", "60000", "0"),
                 result_post_only_would_cross);
    cr_assert_eq(replace(1, id, "0", "59999.9", "0"), result_ok);
}

/* Its own old self does not stand in its way: 10 of 10 rest, moved as a
 * whole. */
Test(order, a_replaced_order_is_not_counted_twice)
{
    struct order_terms terms = bid("10", "59000");
    uint64_t id;

    again();
    fixture.genesis.markets[BTC_PERP].position_max = base("10");
    fixture.genesis.capacities.account_orders = 1;
    fixture.genesis.capacities.levels = 1;
    fixture_start(&fixture);
    fixture_prices(&fixture, "60000", "3000", "150");
    /* 590,000 at 2 % of the mark's 600,000, and 300 of fees. */
    fixture_deposit(&fixture, 1, 0, USDC, usdc("12300"));
    id = fixture_order(&fixture, 1, &terms);
    cr_assert_neq(id, 0);
    cr_assert_eq(replace(1, id, "0", "60000", "0"), result_ok);
    cr_assert_eq(replace(1, id, "0", "60000.1", "0"), result_not_enough_margin);
}

/* ---- cancel ------------------------------------------------------------ */

Test(order, a_cancelled_order_says_its_last)
{
    uint64_t id = fixture_buy(&fixture, 1, BTC_PERP, "1", "59000");

    cr_assert_eq(fixture_cancel(&fixture, 1, id), result_ok);
    cr_assert_eq(fixture.event_count, 1);
    expect_state(id, ORDER_CANCELLED, REASON_USER);
    cr_assert_not(is_open(id));
    cr_assert_eq(fixture.engine->position_pool.count, 0);
}

Test(order, only_an_open_order_of_ones_own_can_be_cancelled)
{
    uint64_t id = fixture_buy(&fixture, 1, BTC_PERP, "1", "59000");

    cr_assert_eq(fixture_cancel(&fixture, 2, id), result_order_not_found);
    cr_assert_eq(fixture_cancel(&fixture, 1, id + 1), result_order_not_found);
    cr_assert_eq(fixture_cancel(&fixture, 1, 0), result_order_not_found);
    cr_assert_eq(fixture_cancel(&fixture, 1, id), result_ok);
    cr_assert_eq(fixture_cancel(&fixture, 1, id), result_already_closed);
    cr_assert_eq(refused_param(), param_order_id);
}

static void cancel_all(uint32_t owner, uint16_t market, uint32_t expected)
{
    struct command command = {.kind = COMMAND_CANCEL_ALL};

    command.request = fixture_request(&fixture, owner, 0);
    command.cancel_all.market = market;
    fixture_apply(&fixture, &command);
    cr_assert_eq(fixture_result(&fixture), result_ok);
    cr_assert_eq(
        fixture_event(&fixture, EVENT_CANCELLED_COUNT, 0)->cancelled.count,
        expected);
    cr_assert_eq(fixture_count(&fixture, EVENT_ORDER), expected);
}

Test(order, cancel_all_goes_by_id_through_all_markets)
{
    struct order_terms terms = bid("0.0001", "59000");
    uint64_t id[6];

    id[0] = fixture_buy(&fixture, 1, SOL_PERP, "1", "140");
    id[1] = fixture_buy(&fixture, 1, BTC_PERP, "1", "59000");
    id[2] = fixture_sell(&fixture, 1, ETH_PERP, "1", "3100");
    id[3] = fixture_sell(&fixture, 1, BTC_PERP, "1", "61000");
    terms.type = ORDER_STOP_LIMIT;
    terms.trigger = TRIGGER_MARK;
    terms.trigger_price = usd("61000");
    id[4] = fixture_order(&fixture, 1, &terms);
    id[5] = fixture_buy(&fixture, 1, SOL_PERP, "1", "141");
    (void)fixture_buy(&fixture, 2, BTC_PERP, "1", "59000");
    cancel_all(1, MARKET_ALL, 6);
    for (uint32_t i = 0; i < 6; i++)
        cr_assert_eq(fixture_event(&fixture, EVENT_ORDER, i)->order.id, id[i]);
    cr_assert_eq(fixture.engine->order_pool.count, 1);
    cancel_all(1, MARKET_ALL, 0);
}

Test(order, cancel_all_of_one_market)
{
    struct command command = {.kind = COMMAND_CANCEL_ALL};

    (void)fixture_buy(&fixture, 1, SOL_PERP, "1", "140");
    (void)fixture_buy(&fixture, 1, BTC_PERP, "1", "59000");
    cancel_all(1, BTC_PERP, 1);
    cr_assert_eq(fixture.engine->order_pool.count, 1);
    command.request = fixture_request(&fixture, 1, 0);
    command.cancel_all.market = 3;
    fixture_apply(&fixture, &command);
    cr_assert_eq(fixture_result(&fixture), result_invalid_instrument);
}

Test(order, risky_orders_are_those_that_could_add)
{
    struct order_terms terms = ask("1", "61000");
    uint64_t kept, first, second;

    fixture_trade(&fixture, 1, 2, BTC_PERP, "2", "60000");
    first = fixture_order(&fixture, 1, &terms);
    terms.is_reduce_only = true;
    kept = fixture_order(&fixture, 1, &terms);
    terms = bid("1", "59000");
    terms.type = ORDER_STOP_LIMIT;
    terms.trigger = TRIGGER_MARK;
    terms.trigger_price = usd("62000");
    second = fixture_order(&fixture, 1, &terms);
    cr_assert_eq(order_cancel_risky(fixture.engine, account_slot(1)), 2);
    cr_assert(is_open(kept));
    cr_assert_not(is_open(first) || is_open(second));
}

/* ---- triggers ---------------------------------------------------------- */

struct trigger_case {
    enum order_type type;
    enum side side;
    const char *before, *at; /* marks: not yet, and exactly there */
};

/* Trigger price 60,500 from below, 59,500 from above. */
static const struct trigger_case trigger_cases[] = {
    {ORDER_STOP_LIMIT, SIDE_BUY, "60499.99", "60500"},
    {ORDER_STOP_LIMIT, SIDE_SELL, "59500.01", "59500"},
    {ORDER_TAKE_LIMIT, SIDE_BUY, "59500.01", "59500"},
    {ORDER_TAKE_LIMIT, SIDE_SELL, "60499.99", "60500"},
    {ORDER_STOP_MARKET, SIDE_BUY, "60499.99", "60500"},
    {ORDER_STOP_MARKET, SIDE_SELL, "59500.01", "59500"},
    {ORDER_TAKE_MARKET, SIDE_BUY, "59500.01", "59500"},
    {ORDER_TAKE_MARKET, SIDE_SELL, "60499.99", "60500"},
};

static bool is_market(const struct trigger_case *test)
{
    return test->type == ORDER_STOP_MARKET || test->type == ORDER_TAKE_MARKET;
}

static void check_trigger(const struct trigger_case *test,
                          enum trigger_by trigger)
{
    struct order_terms terms = fixture_limit(
        BTC_PERP, test->side, "1", test->side == SIDE_BUY ? "58000" : "62000");
    uint64_t id;

    terms.type = (uint8_t)test->type;
    terms.trigger = (uint8_t)trigger;
    terms.trigger_price = usd(test->at);
    if (is_market(test))
        terms.price = usd("0");
    id = fixture_order(&fixture, 1, &terms);
    expect_state(id, ORDER_UNTRIGGERED, REASON_NONE);
    move_btc(test->before);
    cr_assert_null(view_of(id));
    move_btc(test->at);
    if (is_market(test))
        expect_state(id, ORDER_CANCELLED, REASON_IMMEDIATE);
    else
        expect_state(id, ORDER_OPEN, REASON_TRIGGERED);
    move_btc(test->at);
    cr_assert_null(view_of(id));
}

Test(order, triggers_fire_at_their_price_and_not_before)
{
    for (size_t i = 0; i < sizeof trigger_cases / sizeof *trigger_cases; i++) {
        check_trigger(&trigger_cases[i], TRIGGER_MARK);
        cancel_all(1, MARKET_ALL, is_market(&trigger_cases[i]) ? 0 : 1);
        move_btc("60000");
        check_trigger(&trigger_cases[i], TRIGGER_INDEX);
        cancel_all(1, MARKET_ALL, is_market(&trigger_cases[i]) ? 0 : 1);
        move_btc("60000");
    }
}

Test(order, the_last_price_fires_at_the_next_tick)
{
    struct order_terms terms = bid("1", "59000");
    uint64_t id;

    terms.type = ORDER_STOP_LIMIT;
    terms.trigger = TRIGGER_LAST;
    terms.trigger_price = usd("60010");
    id = fixture_order(&fixture, 1, &terms);
    fixture_tick(&fixture, 100);
    cr_assert_null(view_of(id));
    fixture_trade(&fixture, 2, 3, BTC_PERP, "0.1", "60009.9");
    fixture_tick(&fixture, 100);
    cr_assert_null(view_of(id));
    fixture_trade(&fixture, 2, 3, BTC_PERP, "0.1", "60010");
    cr_assert_null(view_of(id));
    fixture_tick(&fixture, 100);
    expect_state(id, ORDER_OPEN, REASON_TRIGGERED);
}

static uint64_t stop_buy(uint32_t owner, const char *trigger_price)
{
    struct order_terms terms = bid("0.1", "59000");

    terms.type = ORDER_STOP_LIMIT;
    terms.trigger = TRIGGER_MARK;
    terms.trigger_price = usd(trigger_price);
    return fixture_order(&fixture, owner, &terms);
}

Test(order, triggers_fire_nearest_first_then_by_id)
{
    uint64_t far = stop_buy(1, "60300");
    uint64_t near = stop_buy(2, "60100");
    uint64_t later = stop_buy(1, "60100");

    move_btc("60400");
    cr_assert_eq(fixture_event(&fixture, EVENT_ORDER, 0)->order.id, near);
    cr_assert_eq(fixture_event(&fixture, EVENT_ORDER, 1)->order.id, later);
    cr_assert_eq(fixture_event(&fixture, EVENT_ORDER, 2)->order.id, far);
}

Test(order, only_so_many_triggers_fire_at_once)
{
    uint64_t first = stop_buy(1, "60100");
    uint64_t second = stop_buy(2, "60100");

    fixture.is_unchecked = true;
    fixture.engine->markets[BTC_PERP].mark = usd("60200");
    cr_assert_eq(order_fire_triggers(fixture.engine, 1), 1);
    cr_assert_eq(
        fixture.engine->orders[order_find(fixture.engine, first)].trigger,
        TRIGGER_NONE);
    cr_assert_eq(
        fixture.engine->orders[order_find(fixture.engine, second)].trigger,
        TRIGGER_MARK);
    cr_assert_eq(order_fire_triggers(fixture.engine, 1), 1);
    cr_assert_eq(order_fire_triggers(fixture.engine, 1), 0);
}

Test(order, a_fired_order_trades_as_a_new_one)
{
    struct order_terms terms = ask("2", "0");
    uint64_t id;

    fixture_trade(&fixture, 1, 2, BTC_PERP, "2", "60000");
    terms.type = ORDER_STOP_MARKET;
    terms.trigger = TRIGGER_MARK;
    terms.trigger_price = usd("59000");
    terms.is_reduce_only = true;
    id = fixture_order(&fixture, 1, &terms);
    (void)fixture_buy(&fixture, 3, BTC_PERP, "5", "58500");
    move_btc("58900");
    expect_state(id, ORDER_FILLED, REASON_NONE);
    cr_assert_eq(position_of(1, BTC_PERP), 0);
    cr_assert_eq(position_of(3, BTC_PERP), qty_raw(base("2")));
}

/* Reduce-only with nothing to reduce when it fires. */
Test(order, a_fired_order_that_is_refused_says_why)
{
    struct order_terms terms = ask("2", "0");
    uint64_t id;

    terms.type = ORDER_STOP_MARKET;
    terms.trigger = TRIGGER_MARK;
    terms.trigger_price = usd("59000");
    terms.is_reduce_only = true;
    id = fixture_order(&fixture, 1, &terms);
    move_btc("58900");
    expect_state(id, ORDER_REJECTED, REASON_REFUSED);
    cr_assert_eq(view_of(id)->result, result_reduce_only_would_increase);
    cr_assert_not(is_open(id));
    cr_assert_eq(fixture.engine->position_pool.count, 0);
}

Test(order, a_waiting_order_holds_no_margin)
{
    struct order_terms terms = bid("1000", "59000");
    uint64_t id;

    fixture_deposit(&fixture, 9, 0, USDC, usdc("10"));
    terms.type = ORDER_STOP_LIMIT;
    terms.trigger = TRIGGER_MARK;
    terms.trigger_price = usd("60100");
    id = fixture_order(&fixture, 9, &terms);
    expect_state(id, ORDER_UNTRIGGERED, REASON_NONE);
    move_btc("60100");
    expect_state(id, ORDER_REJECTED, REASON_REFUSED);
    cr_assert_eq(view_of(id)->result, result_not_enough_margin);
}

Test(order, a_waiting_order_can_be_replaced_and_cancelled)
{
    uint64_t id = stop_buy(1, "60100");

    cr_assert_eq(replace(1, id, "0.2", "59500", "60300"), result_ok);
    expect_state(id, ORDER_UNTRIGGERED, REASON_USER);
    cr_assert(price_equal(view_of(id)->terms.trigger_price, usd("60300")));
    move_btc("60200");
    cr_assert_null(view_of(id));
    move_btc("60300");
    expect_state(id, ORDER_OPEN, REASON_TRIGGERED);
    cr_assert(price_equal(view_of(id)->terms.price, usd("59500")));
    cr_assert(qty_equal(view_of(id)->terms.size, base("0.2")));
    id = stop_buy(1, "61000");
    cr_assert_eq(fixture_cancel(&fixture, 1, id), result_ok);
    move_btc("61000");
    cr_assert_null(view_of(id));
}

Test(order, a_waiting_order_expires_too)
{
    struct order_terms terms = bid("0.1", "59000");
    uint64_t id;

    terms.type = ORDER_STOP_LIMIT;
    terms.trigger = TRIGGER_MARK;
    terms.trigger_price = usd("60100");
    terms.time_in_force = TIF_GOOD_TIL_TIME;
    terms.good_til = nanos_add(fixture.time, nanos_of(100 * NANOS_PER_MS));
    id = fixture_order(&fixture, 1, &terms);
    /* Its price comes in the very tick of its end: time goes first. */
    move_btc("60100");
    expect_state(id, ORDER_EXPIRED, REASON_TIME);
}

/* ---- session keys ------------------------------------------------------ */

static void authorize(uint32_t owner, uint32_t key, const uint16_t *markets,
                      uint32_t count, struct amount max_exposure)
{
    struct command command = {.kind = COMMAND_AUTHORIZE_KEY};

    command.request = fixture_request(&fixture, owner, 0);
    command.authorize.key = fixture_address(key);
    command.authorize.scopes = SCOPE_TRADE;
    command.authorize.market_count = count;
    command.authorize.markets = markets;
    command.authorize.max_exposure = max_exposure;
    command.authorize.expires =
        nanos_add(fixture.time, nanos_of(NANOS_PER_HOUR));
    fixture_apply(&fixture, &command);
    cr_assert_eq(fixture_result(&fixture), result_ok);
}

static enum result place_with_key(uint32_t owner, uint32_t key,
                                  const struct order_terms *terms)
{
    struct command command = {.kind = COMMAND_ORDER};

    command.request = fixture_request(&fixture, owner, 0);
    command.request.signer = fixture_address(key);
    command.order = *terms;
    fixture_apply(&fixture, &command);
    return fixture_result(&fixture);
}

Test(order, a_key_trades_its_markets)
{
    static const uint16_t markets[] = {ETH_PERP};
    struct order_terms terms = bid("1", "59000");
    struct command command = {.kind = COMMAND_CANCEL};
    uint64_t id = fixture_order(&fixture, 1, &terms);

    authorize(1, 77, markets, 1, amount_of(0));
    cr_assert_eq(place_with_key(1, 77, &terms), result_key_instrument);
    terms = fixture_limit(ETH_PERP, SIDE_BUY, "1", "2900");
    cr_assert_eq(place_with_key(1, 77, &terms), result_ok);
    command.request = fixture_request(&fixture, 1, 0);
    command.request.signer = fixture_address(77);
    command.cancel.order_id = id;
    fixture_apply(&fixture, &command);
    cr_assert_eq(fixture_result(&fixture), result_key_instrument);
    /* All its markets are one. */
    command.kind = COMMAND_CANCEL_ALL;
    command.request = fixture_request(&fixture, 1, 0);
    command.request.signer = fixture_address(77);
    command.cancel_all.market = MARKET_ALL;
    fixture_apply(&fixture, &command);
    cr_assert_eq(fixture_count(&fixture, EVENT_ORDER), 1);
    cr_assert(is_open(id));
}

/* 1 BTC at the mark is 60,000, 10 ETH are 30,000. */
Test(order, a_key_has_a_greatest_exposure)
{
    struct order_terms terms = bid("1", "59000");

    authorize(1, 77, NULL, 0, usdc("90000"));
    cr_assert_eq(place_with_key(1, 77, &terms), result_ok);
    terms = fixture_limit(ETH_PERP, SIDE_SELL, "10.001", "3100");
    cr_assert_eq(place_with_key(1, 77, &terms), result_key_exposure);
    cr_assert_eq(refused_param(), param_key);
    terms.size = base("10");
    cr_assert_eq(place_with_key(1, 77, &terms), result_ok);
    /* The other side of the same market is not the worse one. */
    terms = ask("1", "61000");
    cr_assert_eq(place_with_key(1, 77, &terms), result_ok);
    terms.size = base("0.0001");
    cr_assert_eq(place_with_key(1, 77, &terms), result_key_exposure);
    cr_assert_eq(place(1, &terms), result_ok);
}

/* ---- batches ----------------------------------------------------------- */

Test(order, the_legs_of_a_batch_stand_alone)
{
    struct order_terms legs[3] = {bid("1", "59000"), bid("1", "59000.05"),
                                  bid("2", "59001")};
    uint64_t cancels[2] = {0, 999};
    struct command command = {.kind = COMMAND_BATCH};

    cancels[0] = fixture_buy(&fixture, 1, BTC_PERP, "5", "58000");
    command.request = fixture_request(&fixture, 1, 0);
    command.batch.order_count = 3;
    command.batch.orders = legs;
    command.batch.cancel_count = 2;
    command.batch.cancels = cancels;
    fixture_apply(&fixture, &command);
    cr_assert_eq(fixture.event_count, 5);

    static const struct {
        enum event_kind kind;
        uint8_t leg;
    } expected[] = {{EVENT_ORDER, 0},
                    {EVENT_REFUSED, 1},
                    {EVENT_ORDER, 2},
                    {EVENT_ORDER, 3},
                    {EVENT_REFUSED, 4}};

    for (uint32_t i = 0; i < 5; i++) {
        cr_assert_eq(fixture.events[i].kind, expected[i].kind);
        cr_assert_eq(fixture.events[i].leg, expected[i].leg);
    }
    cr_assert_eq(fixture.events[3].order.state, ORDER_CANCELLED);
}
