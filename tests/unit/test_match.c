/*
 * Matching through engine_apply: what trades with what, at which price, who
 * is passed over and why; and thousands of random orders against a model
 * that looks at everything each time. Mark 60,000, maker 0.02 %, taker
 * 0.05 %.
 */
#include "tests/unit/match_world.h"

TestSuite(match, .init = start, .fini = stop);

/* ---- price, time ------------------------------------------------------- */

Test(match, best_prices_trade_first_each_at_its_own)
{
    uint64_t far = fixture_sell(&fixture, 2, BTC_PERP, "1", "60002");
    uint64_t near = fixture_sell(&fixture, 3, BTC_PERP, "1", "60000");
    uint64_t middle = fixture_sell(&fixture, 4, BTC_PERP, "1", "60001");
    uint64_t taker = fixture_buy(&fixture, 1, BTC_PERP, "2.5", "60001.9");

    cr_assert_eq(fixture_count(&fixture, EVENT_TRADE), 2);
    expect_trade(0, near, "1", "60000");
    expect_trade(1, middle, "1", "60001");
    expect_state(taker, ORDER_OPEN, REASON_NONE, "2");
    cr_assert(is_open(far));
}

Test(match, equal_prices_trade_by_arrival)
{
    uint64_t first = fixture_buy(&fixture, 2, BTC_PERP, "1", "60000");
    uint64_t second = fixture_buy(&fixture, 3, BTC_PERP, "1", "60000");
    uint64_t taker = fixture_sell(&fixture, 1, BTC_PERP, "1.5", "59990");

    expect_trade(0, first, "1", "60000");
    expect_trade(1, second, "0.5", "60000");
    expect_state(taker, ORDER_FILLED, REASON_NONE, "1.5");
    expect_state(first, ORDER_FILLED, REASON_NONE, "1");
    expect_state(second, ORDER_OPEN, REASON_NONE, "0.5");
}

Test(match, a_price_outside_the_limit_never_trades)
{
    (void)fixture_sell(&fixture, 2, BTC_PERP, "1", "60000.1");
    (void)fixture_buy(&fixture, 1, BTC_PERP, "1", "60000");
    cr_assert_eq(fixture_count(&fixture, EVENT_TRADE), 0);
    cr_assert(price_equal(book_best_price(fixture.engine, BTC_PERP, SIDE_BUY),
                          usd("60000")));
}

/* 0.5 at 60,010: 30,005 of quote, the taker pays 15.0025, the maker 6.001. */
Test(match, a_trade_tells_everything)
{
    uint64_t maker = fixture_sell(&fixture, 2, BTC_PERP, "1", "60010");
    uint64_t taker = fixture_buy(&fixture, 1, BTC_PERP, "0.5", "60020");
    const struct event *event = fixture_event(&fixture, EVENT_TRADE, 0);
    struct account_id buyer = fixture_account(1, 0);
    struct account_id seller = fixture_account(2, 0);

    cr_assert_eq(event->trade.id, 1);
    cr_assert_eq(event->trade.sequence, 1);
    cr_assert_eq(event->trade.market, BTC_PERP);
    cr_assert_eq(event->trade.taker_side, SIDE_BUY);
    cr_assert_not(event->trade.is_liquidation);
    cr_assert(price_equal(event->trade.mark, usd("60000")));
    cr_assert(price_equal(event->trade.index, usd("60000")));
    cr_assert(account_id_equal(&event->trade.maker, &seller));
    cr_assert(account_id_equal(&event->trade.taker, &buyer));
    cr_assert_eq(event->trade.maker_order, maker);
    cr_assert_eq(event->trade.taker_order, taker);
    cr_assert(amount_equal(event->trade.maker_fee, usdc("6.001")));
    cr_assert(amount_equal(event->trade.taker_fee, usdc("15.0025")));
    cr_assert(amount_equal(view_of(taker)->fee_paid, usdc("15.0025")));
    cr_assert(amount_equal(view_of(maker)->fee_paid, usdc("6.001")));
    cr_assert(amount_equal(view_of(maker)->filled_quote, usdc("30005")));
    cr_assert(amount_equal(cash_of(1), usdc("9999984.9975")));
    cr_assert(amount_equal(cash_of(2), usdc("9999993.999")));
    cr_assert_eq(position_size(1), qty_raw(base("0.5")));
    cr_assert_eq(position_size(2), -qty_raw(base("0.5")));
}

/* The money first, then the trade, then what became of what it touched. */
Test(match, events_come_in_their_order)
{
    static const enum event_kind expected[] = {
        EVENT_LEDGER,   EVENT_LEDGER,   EVENT_TRADE, EVENT_ORDER,
        EVENT_POSITION, EVENT_POSITION, EVENT_ORDER};

    (void)fixture_sell(&fixture, 2, BTC_PERP, "1", "60000");
    (void)fixture_buy(&fixture, 1, BTC_PERP, "0.5", "60000");
    cr_assert_eq(fixture.event_count, 7);
    for (uint32_t i = 0; i < 7; i++)
        cr_assert_eq(fixture.events[i].kind, expected[i], "event %u", i);
}

/* Sold 0.5 of 1 that cost 60,000 at 60,100: 50 of profit, once. */
Test(match, a_position_tells_what_the_command_realised)
{
    const struct event *event;

    fixture_trade(&fixture, 1, 2, BTC_PERP, "1", "60000");
    (void)fixture_buy(&fixture, 3, BTC_PERP, "0.2", "60100");
    (void)fixture_buy(&fixture, 4, BTC_PERP, "0.3", "60100");
    (void)fixture_sell(&fixture, 1, BTC_PERP, "0.5", "60000");
    cr_assert_eq(fixture_count(&fixture, EVENT_POSITION), 3);
    event = NULL;
    for (uint32_t i = 0; i < 3; i++) {
        const struct event *one = fixture_event(&fixture, EVENT_POSITION, i);
        struct account_id id = fixture_account(1, 0);

        if (account_id_equal(&one->position.account, &id))
            event = one;
    }
    cr_assert_not_null(event);
    cr_assert(qty_equal(event->position.size, base("0.5")));
    cr_assert(amount_equal(event->position.cost, usdc("30000")));
    cr_assert(amount_equal(event->position.realised, usdc("50")));
}

Test(match, a_flat_position_is_told_and_then_forgotten)
{
    const struct event *event;

    fixture_trade(&fixture, 1, 2, BTC_PERP, "1", "60000");
    fixture_trade(&fixture, 2, 1, BTC_PERP, "1", "60000");
    cr_assert_eq(fixture_count(&fixture, EVENT_POSITION), 2);
    event = fixture_event(&fixture, EVENT_POSITION, 0);
    cr_assert(qty_is_zero(event->position.size));
    cr_assert_eq(fixture.engine->position_pool.count, 0);
}

/* ---- own orders -------------------------------------------------------- */

Test(match, own_makers_are_cancelled_and_passed_over)
{
    uint64_t own = fixture_sell(&fixture, 1, BTC_PERP, "1", "60000");
    uint64_t other = fixture_sell(&fixture, 2, BTC_PERP, "1", "60000");
    uint64_t taker = fixture_buy(&fixture, 1, BTC_PERP, "1", "60000");

    expect_state(own, ORDER_CANCELLED, REASON_SELF_TRADE, "0");
    expect_state(taker, ORDER_FILLED, REASON_NONE, "1");
    expect_trade(0, other, "1", "60000");
}

Test(match, own_is_the_owner_not_the_sub_account)
{
    struct command command = {.kind = COMMAND_ORDER};
    uint64_t own = fixture_sell(&fixture, 1, BTC_PERP, "1", "60000");

    fixture_deposit(&fixture, 1, 7, USDC, usdc("1000000"));
    command.request = fixture_request(&fixture, 1, 7);
    command.order = fixture_limit(BTC_PERP, SIDE_BUY, "1", "60000");
    fixture_apply(&fixture, &command);
    cr_assert_eq(fixture_count(&fixture, EVENT_TRADE), 0);
    expect_state(own, ORDER_CANCELLED, REASON_SELF_TRADE, "0");
}

Test(match, or_the_taker_is_cancelled)
{
    struct order_terms terms = fixture_limit(BTC_PERP, SIDE_BUY, "3", "60000");
    uint64_t other, own, taker;

    start_with(SELF_TRADE_CANCEL_TAKER);
    other = fixture_sell(&fixture, 2, BTC_PERP, "1", "60000");
    own = fixture_sell(&fixture, 1, BTC_PERP, "1", "60000");
    taker = fixture_order(&fixture, 1, &terms);
    expect_trade(0, other, "1", "60000");
    expect_state(taker, ORDER_CANCELLED, REASON_SELF_TRADE, "1");
    cr_assert(is_open(own));
    /* Now its own order is the first: refused before anything happens. */
    (void)fixture_order(&fixture, 1, &terms);
    cr_assert_eq(fixture_result(&fixture), result_self_trade);
    /* Fill-or-kill sees it coming. */
    (void)fixture_sell(&fixture, 2, BTC_PERP, "1", "59999");
    terms.time_in_force = TIF_FILL_OR_KILL;
    (void)fixture_order(&fixture, 1, &terms);
    cr_assert_eq(fixture_result(&fixture), result_fill_or_kill_unfilled);
}

/* With itself in one account: no position, only fees. */
Test(match, or_it_is_allowed)
{
    uint64_t own, taker;

    start_with(SELF_TRADE_ALLOW);
    own = fixture_sell(&fixture, 1, BTC_PERP, "1", "60000");
    taker = fixture_buy(&fixture, 1, BTC_PERP, "1", "60000");
    expect_trade(0, own, "1", "60000");
    expect_state(taker, ORDER_FILLED, REASON_NONE, "1");
    cr_assert_eq(position_size(1), 0);
    cr_assert(qty_is_zero(fixture.engine->markets[BTC_PERP].open_interest));
    cr_assert(amount_equal(cash_of(1), usdc("9999958")));
}

/* ---- judged just before the fill --------------------------------------- */

/* 10 at 59,000 want 12,000 at a mark of 60,000. At a mark of 58,500 they
 * want 11,700 and 5,000 of loss beside it: too much for 13,000. */
static uint64_t poor_bid(void)
{
    uint64_t id;

    fixture_deposit(&fixture, 9, 0, USDC, usdc("13000"));
    id = fixture_buy(&fixture, 9, BTC_PERP, "10", "59000");
    cr_assert_neq(id, 0);
    fixture_prices(&fixture, "58500", "3000", "150");
    cr_assert(is_open(id));
    return id;
}

Test(match, a_maker_without_margin_is_cancelled_and_passed_over)
{
    uint64_t poor = poor_bid();
    uint64_t other = fixture_buy(&fixture, 2, BTC_PERP, "1", "58900");
    uint64_t taker = fixture_sell(&fixture, 1, BTC_PERP, "1", "58500");

    expect_state(poor, ORDER_CANCELLED, REASON_MARGIN, "0");
    expect_trade(0, other, "1", "58900");
    expect_state(taker, ORDER_FILLED, REASON_NONE, "1");
}

Test(match, fill_or_kill_does_not_count_a_maker_without_margin)
{
    struct order_terms terms = fixture_limit(BTC_PERP, SIDE_SELL, "1", "58500");
    uint64_t poor = poor_bid();

    terms.time_in_force = TIF_FILL_OR_KILL;
    (void)fixture_order(&fixture, 1, &terms);
    cr_assert_eq(fixture_result(&fixture), result_fill_or_kill_unfilled);
    cr_assert(is_open(poor));
    (void)fixture_buy(&fixture, 2, BTC_PERP, "1", "58500");
    expect_state(fixture_order(&fixture, 1, &terms), ORDER_FILLED, REASON_NONE,
                 "1");
    expect_state(poor, ORDER_CANCELLED, REASON_MARGIN, "0");
}

/* 10 at 60,000 want 12,000; the bid for 1 costs 12 of fees, the one for 9
 * behind it 107.99982. */
Test(match, fill_or_kill_adds_up_what_a_maker_would_pay)
{
    struct order_terms terms =
        fixture_limit(BTC_PERP, SIDE_SELL, "10", "59999");
    uint64_t first, second;

    fixture_deposit(&fixture, 9, 0, USDC, usdc("12119"));
    second = fixture_buy(&fixture, 9, BTC_PERP, "9", "59999.9");
    first = fixture_buy(&fixture, 9, BTC_PERP, "1", "60000");
    terms.time_in_force = TIF_FILL_OR_KILL;
    /* Each of them could be paid out of 119, both can't. */
    (void)fixture_order(&fixture, 1, &terms);
    cr_assert_eq(fixture_result(&fixture), result_fill_or_kill_unfilled);
    cr_assert(is_open(first) && is_open(second));
    fixture_deposit(&fixture, 9, 0, USDC, usdc("1"));
    (void)fixture_order(&fixture, 1, &terms);
    cr_assert_eq(fixture_result(&fixture), result_ok);
}

/* Long 10 with 12,700; at 59,500 equity is 7,700. Selling 5 at 57,000 would
 * lose 12,500 more: reducing, but not getting any healthier. */
Test(match, a_taker_that_would_fall_ill_stops)
{
    struct order_terms terms = fixture_limit(BTC_PERP, SIDE_SELL, "5", "57000");
    uint64_t maker, taker;

    fixture_deposit(&fixture, 9, 0, USDC, usdc("13000"));
    fixture_trade(&fixture, 9, 2, BTC_PERP, "10", "60000");
    fixture_prices(&fixture, "59500", "3000", "150");
    maker = fixture_buy(&fixture, 3, BTC_PERP, "5", "57000");
    terms.is_reduce_only = true;
    taker = fixture_order(&fixture, 9, &terms);
    expect_state(taker, ORDER_CANCELLED, REASON_MARGIN, "0");
    cr_assert(is_open(maker));
    cr_assert_null(view_of(maker));
}

/* Two fills of 6.00001 cost 0.003001 each, both at once 0.006001. */
Test(match, a_fill_beyond_max_fee_is_not_made)
{
    struct order_terms terms =
        fixture_limit(BTC_PERP, SIDE_BUY, "0.0002", "60000.1");
    uint64_t taker;

    (void)fixture_sell(&fixture, 2, BTC_PERP, "0.0001", "60000.1");
    (void)fixture_sell(&fixture, 3, BTC_PERP, "0.0001", "60000.1");
    terms.has_max_fee = true;
    terms.max_fee = usdc("0.006001");
    taker = fixture_order(&fixture, 1, &terms);
    expect_state(taker, ORDER_CANCELLED, REASON_MAX_FEE, "0.0001");
    cr_assert(amount_equal(view_of(taker)->fee_paid, usdc("0.003001")));
    terms.time_in_force = TIF_FILL_OR_KILL;
    terms.size = base("0.0001");
    terms.max_fee = usdc("0.003");
    (void)fixture_order(&fixture, 1, &terms);
    cr_assert_eq(fixture_result(&fixture), result_max_fee_too_low);
    terms.max_fee = usdc("0.003001");
    expect_state(fixture_order(&fixture, 1, &terms), ORDER_FILLED, REASON_NONE,
                 "0.0001");
}

/* The same for a maker: 0.002 % of 6.00001 are 0.001201 a fill; 0.002401 for
 * both at once. */
Test(match, a_maker_beyond_its_max_fee_is_cancelled)
{
    struct order_terms terms =
        fixture_limit(BTC_PERP, SIDE_SELL, "0.0002", "60000.1");
    uint64_t maker, taker;

    terms.is_post_only = true;
    terms.has_max_fee = true;
    terms.max_fee = usdc("0.002401");
    maker = fixture_order(&fixture, 2, &terms);
    (void)fixture_buy(&fixture, 1, BTC_PERP, "0.0001", "60000.1");
    expect_state(maker, ORDER_OPEN, REASON_NONE, "0.0001");
    taker = fixture_buy(&fixture, 1, BTC_PERP, "0.0001", "60000.1");
    expect_state(maker, ORDER_CANCELLED, REASON_MAX_FEE, "0.0001");
    expect_state(taker, ORDER_OPEN, REASON_NONE, "0");
}

/* The limit was lowered while the maker's order stood open; the taker, short
 * 4, may always reduce. */
Test(match, a_maker_beyond_the_position_limit_is_cancelled)
{
    uint64_t maker, taker;

    fixture_trade(&fixture, 2, 1, BTC_PERP, "4", "60000");
    maker = fixture_sell(&fixture, 3, BTC_PERP, "5", "60000");
    fixture.is_unchecked = true;
    fixture.engine->genesis.markets[BTC_PERP].position_max = base("3");
    taker = fixture_buy(&fixture, 1, BTC_PERP, "4", "60000");
    expect_state(maker, ORDER_CANCELLED, REASON_POSITION_LIMIT, "0");
    expect_state(taker, ORDER_OPEN, REASON_NONE, "0");
}

Test(match, open_interest_counts_in_quote_at_the_index)
{
    struct engine *engine = fixture.engine;

    fixture_trade(&fixture, 1, 2, BTC_PERP, "4", "60000");
    cr_assert_not(
        match_exceeds_open_interest(engine, BTC_PERP, base("1000000")));
    engine->genesis.markets[BTC_PERP].open_interest_max = usdc("300000");
    cr_assert_not(match_exceeds_open_interest(engine, BTC_PERP, base("1")));
    cr_assert(match_exceeds_open_interest(engine, BTC_PERP, base("1.0001")));
    cr_assert_not(match_exceeds_open_interest(engine, BTC_PERP, base("0")));
    cr_assert_not(match_exceeds_open_interest(engine, BTC_PERP, base("-1")));
}

/* Rule 5: below zero only a reduction is left, and it costs nothing. */
Test(match, an_account_below_zero_pays_no_fee)
{
    struct order_terms terms = fixture_limit(BTC_PERP, SIDE_SELL, "1", "60000");
    const struct event *event;

    fixture_trade(&fixture, 1, 2, BTC_PERP, "1", "60000");
    (void)fixture_buy(&fixture, 3, BTC_PERP, "1", "60000");
    fixture.is_unchecked = true;
    *engine_balance(fixture.engine, account_of(1), USDC) = usdc("-70000");
    terms.is_reduce_only = true;
    (void)fixture_order(&fixture, 1, &terms);
    event = fixture_event(&fixture, EVENT_TRADE, 0);
    cr_assert_not_null(event);
    cr_assert(amount_is_zero(event->trade.taker_fee));
    cr_assert(amount_equal(event->trade.maker_fee, usdc("12")));
    cr_assert(amount_equal(cash_of(1), usdc("-70000")));
}

/* ---- liquidation ------------------------------------------------------- */

Test(match, a_liquidation_takes_up_to_its_limit)
{
    struct match_result result;
    struct amount before;
    uint64_t own, second;

    fixture_trade(&fixture, 1, 2, BTC_PERP, "3", "60000");
    before = cash_of(1);
    own = fixture_buy(&fixture, 1, BTC_PERP, "1", "59950");
    (void)fixture_buy(&fixture, 3, BTC_PERP, "1", "59900");
    second = fixture_buy(&fixture, 4, BTC_PERP, "1", "59800");
    (void)fixture_buy(&fixture, 4, BTC_PERP, "1", "59799.9");
    match_liquidation(fixture.engine, position_slot(1), SIDE_SELL, base("3"),
                      usd("59800"), &result);
    order_flush_touched(fixture.engine);
    cr_assert(qty_equal(result.filled, base("2")));
    cr_assert(amount_equal(result.quote, usdc("119700")));
    cr_assert_not(is_open(own) || is_open(second));
    cr_assert_eq(position_size(1), qty_raw(base("1")));
    /* 300 of loss, and no fee. */
    cr_assert(amount_equal(cash_of(1), amount_sub(before, usdc("300"))));
}

Test(match, a_liquidation_never_turns_a_position_round)
{
    struct match_result result;

    fixture_trade(&fixture, 2, 1, BTC_PERP, "3", "60000");
    (void)fixture_sell(&fixture, 3, BTC_PERP, "5", "60000");
    match_liquidation(fixture.engine, position_slot(1), SIDE_BUY, base("4"),
                      usd("60000"), &result);
    order_flush_touched(fixture.engine);
    cr_assert(qty_equal(result.filled, base("3")));
    cr_assert_eq(position_size(1), 0);
}
