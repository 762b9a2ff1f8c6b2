/*
 * Trigger orders, session keys, batches.
 * The mark is 60,000 throughout unless a test moves it; the band is 5 %, the
 * tick 0.1, the lot 0.0001.
 */
#include "tests/unit/order_world.h"

TestSuite(order_trigger, .init = start, .fini = stop);

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

Test(order_trigger, triggers_fire_at_their_price_and_not_before)
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

Test(order_trigger, the_last_price_fires_at_the_next_tick)
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

Test(order_trigger, triggers_fire_nearest_first_then_by_id)
{
    uint64_t far = stop_buy(1, "60300");
    uint64_t near = stop_buy(2, "60100");
    uint64_t later = stop_buy(1, "60100");

    move_btc("60400");
    cr_assert_eq(fixture_event(&fixture, EVENT_ORDER, 0)->order.id, near);
    cr_assert_eq(fixture_event(&fixture, EVENT_ORDER, 1)->order.id, later);
    cr_assert_eq(fixture_event(&fixture, EVENT_ORDER, 2)->order.id, far);
}

Test(order_trigger, only_so_many_triggers_fire_at_once)
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

Test(order_trigger, a_fired_order_trades_as_a_new_one)
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
Test(order_trigger, a_fired_order_that_is_refused_says_why)
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

Test(order_trigger, a_waiting_order_holds_no_margin)
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

Test(order_trigger, a_waiting_order_can_be_replaced_and_cancelled)
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

Test(order_trigger, a_waiting_order_expires_too)
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

Test(order_trigger, a_key_trades_its_markets)
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
Test(order_trigger, a_key_has_a_greatest_exposure)
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

Test(order_trigger, the_legs_of_a_batch_stand_alone)
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
