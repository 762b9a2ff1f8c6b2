/*
 * Admission of orders through engine_apply, post-only, reduce-only, time in
 * force, market orders.
 * The mark is 60,000 throughout unless a test moves it; the band is 5 %, the
 * tick 0.1, the lot 0.0001.
 */
#include "tests/unit/order_world.h"

TestSuite(order, .init = start, .fini = stop);

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
