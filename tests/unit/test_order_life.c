/*
 * The life of orders after admission: fees and limits, replacing, cancelling.
 * The mark is 60,000 throughout unless a test moves it; the band is 5 %, the
 * tick 0.1, the lot 0.0001.
 */
#include "tests/unit/order_world.h"

TestSuite(order_life, .init = start, .fini = stop);

/* ---- fees, limits, room ------------------------------------------------ */

/* 1 at 60,000: the taker's 0.05 % are 30 USDC, the maker's 0.02 % are 12. */
Test(order_life, max_fee_covers_the_worst_case)
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
Test(order_life, max_fee_of_a_sell_looks_at_the_best_bid)
{
    struct order_terms terms = ask("1", "60000");

    (void)fixture_buy(&fixture, 2, BTC_PERP, "1", "62000");
    terms.has_max_fee = true;
    terms.max_fee = usdc("30.999999");
    EXPECT_REFUSED(1, &terms, max_fee_too_low, max_fee);
    terms.max_fee = usdc("31");
    cr_assert_eq(place(1, &terms), result_ok);
}

Test(order_life, the_position_with_open_orders_has_a_limit)
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
Test(order_life, open_interest_has_a_cap)
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

Test(order_life, an_account_has_room_for_so_many_orders)
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

Test(order_life, the_node_has_room_for_so_many_orders)
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

Test(order_life, a_book_has_room_for_so_many_levels)
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

Test(order_life, a_heap_has_room_for_so_many_triggers)
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
Test(order_life, margin_is_asked_for_with_the_fee)
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

Test(order_life, a_refusal_uses_no_id)
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

Test(order_life, a_smaller_amount_keeps_its_place)
{
    uint64_t id[3];

    three_asks(id);
    cr_assert_eq(replace(1, id[0], "1", "0", "0"), result_ok);
    cr_assert_eq(fixture.event_count, 1);
    expect_state(id[0], ORDER_OPEN, REASON_USER);
    cr_assert(qty_equal(view_of(id[0])->terms.size, base("1")));
    cr_assert_eq(next_maker(), id[0]);
}

Test(order_life, the_same_price_named_again_keeps_its_place)
{
    uint64_t id[3];

    three_asks(id);
    cr_assert_eq(replace(1, id[0], "1", "60000", "0"), result_ok);
    cr_assert_eq(next_maker(), id[0]);
}

Test(order_life, a_greater_amount_goes_to_the_back)
{
    uint64_t id[3];

    three_asks(id);
    cr_assert_eq(replace(1, id[0], "2.0001", "0", "0"), result_ok);
    cr_assert_eq(next_maker(), id[1]);
    (void)fixture_cancel(&fixture, 2, id[1]);
    (void)fixture_cancel(&fixture, 3, id[2]);
    cr_assert_eq(next_maker(), id[0]);
}

Test(order_life, another_price_goes_to_the_back_there)
{
    uint64_t id[3];

    three_asks(id);
    cr_assert_eq(replace(1, id[0], "1", "60000.1", "0"), result_ok);
    cr_assert_eq(replace(1, id[0], "0", "60000", "0"), result_ok);
    cr_assert_eq(next_maker(), id[1]);
    cr_assert_eq(replace(3, id[2], "0", "59999.9", "0"), result_ok);
    cr_assert_eq(next_maker(), id[2]);
}

Test(order_life, a_replaced_price_may_match_at_once)
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

Test(order_life, replace_wants_more_than_is_filled_and_a_change)
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

Test(order_life, a_refused_replace_leaves_everything_as_it_was)
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

Test(order_life, a_post_only_order_stays_so_when_replaced)
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
Test(order_life, a_replaced_order_is_not_counted_twice)
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

Test(order_life, a_cancelled_order_says_its_last)
{
    uint64_t id = fixture_buy(&fixture, 1, BTC_PERP, "1", "59000");

    cr_assert_eq(fixture_cancel(&fixture, 1, id), result_ok);
    cr_assert_eq(fixture.event_count, 1);
    expect_state(id, ORDER_CANCELLED, REASON_USER);
    cr_assert_not(is_open(id));
    cr_assert_eq(fixture.engine->position_pool.count, 0);
}

Test(order_life, only_an_open_order_of_ones_own_can_be_cancelled)
{
    uint64_t id = fixture_buy(&fixture, 1, BTC_PERP, "1", "59000");

    cr_assert_eq(fixture_cancel(&fixture, 2, id), result_order_not_found);
    cr_assert_eq(fixture_cancel(&fixture, 1, id + 1), result_order_not_found);
    cr_assert_eq(fixture_cancel(&fixture, 1, 0), result_order_not_found);
    cr_assert_eq(fixture_cancel(&fixture, 1, id), result_ok);
    cr_assert_eq(fixture_cancel(&fixture, 1, id), result_already_closed);
    cr_assert_eq(refused_param(), param_order_id);
}

Test(order_life, cancel_all_goes_by_id_through_all_markets)
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

Test(order_life, cancel_all_of_one_market)
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

Test(order_life, risky_orders_are_those_that_could_add)
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
