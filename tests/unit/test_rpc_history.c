/*
 * The past over the interface: trades, orders that ended, movements of money,
 * liquidations, funding, bars, blocks.
 */
#include "tests/lib/rpc_world.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define MAKER "trader/0"
#define TAKER "trader/1"
#define BTC "BTC_USDC-PERPETUAL"
#define ETH "ETH_USDC-PERPETUAL"
#define MINUTE 60000

static struct rpc_world world;

/* Five trades of 0.1 BTC, a minute and a block each, at 60,000 to 60,040 in
 * steps of ten; the last block but one closes before the last trade. */
static void start(void)
{
    static const char *const prices[] = {"60000", "60010", "60020", "60030",
                                         "60040"};

    rpc_world_start(&world);
    rpc_world_deposit(&world, MAKER, "USDC", "10000");
    rpc_world_deposit(&world, TAKER, "USDC", "10000");
    for (size_t i = 0; i < 5; i++) {
        rpc_world_prices(&world, "60000", "2500", "150");
        json_decref(
            rpc_world_order(&world, MAKER, BTC, "sell", "0.1", prices[i]));
        json_decref(rpc_world_request(
            &world, "private/order", "Order", TAKER,
            json_pack("{ss ss ss ss ss}", "instrument_name", BTC, "direction",
                      "buy", "amount", "0.1", "type", "market", "time_in_force",
                      "immediate_or_cancel")));
        rpc_world_block(&world);
        world.time = nanos_add(world.time, nanos_of(MINUTE * NANOS_PER_MS));
    }
}

static void end(void)
{
    rpc_world_end(&world);
}

TestSuite(rpc_history, .init = start, .fini = end);

static json_t *of(const char *name)
{
    return json_pack("{ss}", "owner", rpc_world_address(name));
}

static json_t *market(void)
{
    return json_pack("{ss}", "instrument_name", BTC);
}

static json_t *with(json_t *params, const char *name, int64_t value)
{
    json_object_set_new(params, name, json_integer(value));
    return params;
}

static json_t *with_text(json_t *params, const char *name, const char *text)
{
    json_object_set_new(params, name, json_string(text));
    return params;
}

static void expect_text(const json_t *value, const char *path, const char *text)
{
    cr_expect_str_eq(text_at(value, path), text, "%s", path);
}

/* The trade ids of an answer as one text: "5 4 3+" with + for more. */
static void expect_trades(const char *method, json_t *params,
                          const char *expected)
{
    json_t *result = rpc_world_call(&world, method, params), *row;
    const json_t *list = json_is_array(result) ? result : at(result, "trades");
    char text[64] = "";
    size_t i, size = 0;

    json_array_foreach(list, i, row) size +=
        (size_t)snprintf(text + size, sizeof text - size, "%s%s", i ? " " : "",
                         text_at(row, "trade_id"));
    if (json_is_object(result) && json_is_true(at(result, "has_more")))
        snprintf(text + size, sizeof text - size, "+");
    cr_expect_str_eq(text, expected);
    json_decref(result);
}

/* When trade n (0 to 4) was: each set of prices moves the clock by 1 ms. */
static int64_t time_of(int n)
{
    return RPC_WORLD_START_MS + 1 + n * (MINUTE + 1);
}

#define PUBLIC "public/get_last_trades_by_instrument"
#define PUBLIC_TIME "public/get_last_trades_by_instrument_and_time"
#define OWN "private/get_user_trades"

Test(rpc_history, trades_of_a_market)
{
    expect_trades(PUBLIC, market(), "5 4 3 2 1");
    expect_trades(PUBLIC, with(market(), "count", 2), "5 4+");
    expect_trades(PUBLIC, with(market(), "count", 5), "5 4 3 2 1");
    expect_trades(PUBLIC, with_text(market(), "sorting", "asc"), "1 2 3 4 5");
    expect_trades(PUBLIC, with(market(), "start_seq", 3), "3 4 5");
    expect_trades(PUBLIC, with(with(market(), "start_seq", 2), "end_seq", 3),
                  "2 3");
    expect_trades(PUBLIC, json_pack("{ss}", "instrument_name", ETH), "");
}

Test(rpc_history, trades_within_times)
{
    expect_trades(PUBLIC_TIME, with(market(), "start_timestamp", time_of(2)),
                  "3 4 5");
    expect_trades(PUBLIC_TIME,
                  with(market(), "start_timestamp", time_of(2) + 1), "4 5");
    expect_trades(PUBLIC_TIME, with(market(), "end_timestamp", time_of(2)),
                  "3 2 1");
    expect_trades(PUBLIC_TIME, with(market(), "end_timestamp", time_of(2) - 1),
                  "2 1");
    expect_trades(PUBLIC_TIME,
                  with(with(with(market(), "start_timestamp", time_of(1)),
                            "end_timestamp", time_of(4)),
                       "count", 2),
                  "2 3+");
    expect_trades(PUBLIC_TIME, with(market(), "start_timestamp", time_of(9)),
                  "");
    expect_trades(PUBLIC_TIME, with(market(), "end_timestamp", 0), "");
    /* With no block at all the times still hold. */
    world.block_count = 0;
    expect_trades(PUBLIC_TIME, with(market(), "start_timestamp", time_of(2)),
                  "3 4 5");
}

Test(rpc_history, a_public_trade)
{
    json_t *result = rpc_world_call(&world, PUBLIC, with(market(), "count", 1));

    expect_text(result, "trades.0.trade_id", "5");
    cr_expect_eq(integer_at(result, "trades.0.trade_seq"), 5);
    expect_text(result, "trades.0.instrument_name", BTC);
    expect_text(result, "trades.0.direction", "buy");
    expect_text(result, "trades.0.price", "60040");
    expect_text(result, "trades.0.amount", "0.1");
    expect_text(result, "trades.0.mark_price", "60000");
    cr_expect_eq(integer_at(result, "trades.0.timestamp"), time_of(4));
    cr_expect_null(json_object_get(at(result, "trades.0"), "order_id"));
    json_decref(result);
}

Test(rpc_history, own_trades_know_their_side)
{
    json_t *result = rpc_world_call(&world, OWN, of(MAKER));

    cr_expect_eq(json_array_size(at(result, "trades")), 5);
    expect_text(result, "trades.0.direction", "sell");
    expect_text(result, "trades.0.liquidity", "M");
    expect_text(result, "trades.0.order_type", "limit");
    expect_text(result, "trades.0.order_id", "BTC-9");
    expect_text(result, "trades.0.fee", "1.2008"); /* 6,004 * 0.02 % */
    json_decref(result);
    result = rpc_world_call(&world, OWN, of(TAKER));
    expect_text(result, "trades.0.direction", "buy");
    expect_text(result, "trades.0.liquidity", "T");
    expect_text(result, "trades.0.order_type", "market");
    expect_text(result, "trades.0.order_id", "BTC-10");
    expect_text(result, "trades.0.fee", "3.002");
    json_decref(result);
}

Test(rpc_history, own_trades_by_what_is_asked)
{
    static const char *const by_market[] = {
        "private/get_user_trades_by_instrument",
        "private/get_user_trades_by_instrument_and_time"};
    static const char *const by_currency[] = {
        "private/get_user_trades_by_currency",
        "private/get_user_trades_by_currency_and_time"};

    for (size_t i = 0; i < 2; i++) {
        expect_trades(by_market[i],
                      with_text(of(TAKER), "instrument_name", BTC),
                      "5 4 3 2 1");
        expect_trades(by_market[i],
                      with_text(of(TAKER), "instrument_name", ETH), "");
        expect_trades(by_currency[i],
                      with(with_text(of(TAKER), "currency", "BTC"), "count", 3),
                      "5 4 3+");
        expect_trades(by_currency[i], with_text(of(TAKER), "currency", "ETH"),
                      "");
        expect_trades(by_currency[i],
                      with(with_text(of(TAKER), "currency", "USDC"),
                           "start_timestamp", time_of(3)),
                      "4 5");
    }
    expect_trades(
        OWN, with_text(with_text(of(TAKER), "start_id", "2"), "end_id", "3"),
        "2 3");
    expect_trades(OWN, with(of(TAKER), "subaccount", 1), "");
    expect_trades(OWN, of("trader/7"), "");
}

Test(rpc_history, trades_of_one_order)
{
    static const char *const method = "private/get_user_trades_by_order";

    expect_trades(method, with_text(of(TAKER), "order_id", "BTC-4"), "2");
    expect_trades(method, with_text(json_object(), "order_id", "BTC-4"), "2");
    expect_trades(method, with_text(of(MAKER), "order_id", "BTC-4"), "");
    cr_expect_eq(rpc_world_code(&world, method,
                                with_text(json_object(), "order_id", "4"),
                                "order_id"),
                 -32602);
}

Test(rpc_history, orders_that_ended)
{
    json_t *result;

    json_decref(rpc_world_order(&world, MAKER, BTC, "sell", "0.1", "60000"));
    json_decref(rpc_world_request(&world, "private/cancel", "Cancel", MAKER,
                                  json_pack("{ss}", "order_id", "BTC-11")));
    json_decref(rpc_world_order(&world, MAKER, BTC, "sell", "0.1", "60000"));
    result = rpc_world_call(&world, "private/get_order_history", of(MAKER));
    cr_expect_eq(json_array_size(result), 6);
    expect_text(result, "0.order_id", "BTC-11");
    expect_text(result, "0.order_state", "cancelled");
    expect_text(result, "1.order_id", "BTC-9");
    expect_text(result, "1.order_state", "filled");
    json_decref(result);
    result = rpc_world_call(&world, "private/get_order_history_by_currency",
                            with(with(of(MAKER), "count", 2), "offset", 1));
    cr_expect_eq(json_array_size(result), 2);
    expect_text(result, "0.order_id", "BTC-9");
    expect_text(result, "1.order_id", "BTC-7");
    json_decref(result);
    result = rpc_world_call(
        &world, "private/get_order_history_by_instrument",
        json_pack("{ss ss sb}", "owner", rpc_world_address(MAKER),
                  "instrument_name", BTC, "include_unfilled", 0));
    cr_expect_eq(json_array_size(result), 5);
    json_decref(result);
}

Test(rpc_history, the_state_of_an_order)
{
    static const char *const method = "private/get_order_state";
    json_t *result;

    json_decref(rpc_world_order(&world, MAKER, BTC, "sell", "0.1", "60000"));
    result = rpc_world_call(&world, method,
                            with_text(of(MAKER), "order_id", "BTC-11"));
    expect_text(result, "order_state", "open");
    json_decref(result);
    result = rpc_world_call(&world, method,
                            with_text(json_object(), "order_id", "BTC-1"));
    expect_text(result, "order_state", "filled");
    expect_text(result, "average_price", "60000");
    json_decref(result);
    cr_expect_eq(rpc_world_code(&world, method,
                                with_text(of(MAKER), "order_id", "BTC-99"),
                                "order_id"),
                 10004);
    cr_expect_eq(rpc_world_code(&world, method,
                                with_text(of(TAKER), "order_id", "BTC-1"),
                                "order_id"),
                 10004);
}

/* The last page ends with the deposit; balances chain from line to line. */
Test(rpc_history, the_log_is_paged_by_commands)
{
    json_t *params = with(of(TAKER), "count", 2), *page;
    size_t lines = 0;
    char balance[40] = "";

    for (size_t pages = 0; pages < 10; pages++) {
        json_t *row;
        size_t i;

        page = rpc_world_call(&world, "private/get_transaction_log",
                              json_incref(params));
        json_array_foreach(json_object_get(page, "logs"), i, row)
        {
            cr_expect_not_null(at(row, "from"));
            cr_expect_not_null(at(row, "to"));
            snprintf(balance, sizeof balance, "%s", text_at(row, "balance"));
            lines++;
        }
        if (json_is_null(at(page, "continuation")))
            break;
        cr_expect(json_is_true(at(page, "has_more")));
        json_object_set(params, "continuation",
                        json_object_get(page, "continuation"));
        json_decref(page);
    }
    cr_expect(json_is_false(at(page, "has_more")));
    json_decref(page);
    json_decref(params);
    cr_expect_eq(lines, 6); /* five fees, one deposit */
    cr_expect_str_eq(balance, "10000");
}

Test(rpc_history, a_line_of_the_log)
{
    json_t *result = rpc_world_call(&world, "private/get_transaction_log",
                                    with(of(TAKER), "count", 1));

    expect_text(result, "logs.0.type", "fee");
    expect_text(result, "logs.0.change", "-3.002");
    expect_text(result, "logs.0.amount", "3.002");
    expect_text(result, "logs.0.from.owner", rpc_world_address(TAKER));
    expect_text(result, "logs.0.to.house", "fees");
    expect_text(result, "logs.0.instrument_name", BTC);
    expect_text(result, "logs.0.reference", "5");
    json_decref(result);
    result = rpc_world_call(&world, "private/get_transaction_log",
                            with_text(of(TAKER), "currency", "BTC"));
    cr_expect_eq(json_array_size(at(result, "logs")), 0);
    json_decref(result);
    cr_expect_eq(rpc_world_code(&world, "private/get_transaction_log",
                                with_text(of(TAKER), "currency", "XYZ"),
                                "currency"),
                 20013);
}

/* The taker is long 0.5 with 10,000; the market falls by 35 %. */
Test(rpc_history, liquidations_step_by_step)
{
    json_t *result, *row;
    bool has_begun = false;
    size_t i;

    for (int k = 0; k < 8; k++)
        rpc_world_prices(&world, "39000", "2500", "150");
    result = rpc_world_call(&world, "public/get_liquidations", json_object());
    cr_expect_gt(json_array_size(at(result, "liquidations")), 0);
    json_array_foreach(json_object_get(result, "liquidations"), i, row)
    {
        expect_text(row, "account.owner",
                    rpc_world_address(strcmp(text_at(row, "step"), "adl_taken")
                                          ? TAKER
                                          : MAKER));
        has_begun |= strcmp(text_at(row, "step"), "begin") == 0;
    }
    cr_expect(has_begun);
    json_decref(result);
    result = rpc_world_call(&world, "public/get_liquidations",
                            with_text(json_object(), "instrument_name", ETH));
    json_array_foreach(json_object_get(result, "liquidations"), i, row)
        cr_expect(json_is_null(at(row, "instrument_name")));
    json_decref(result);
}

/* ---- funding ----------------------------------------------------------- */

static void emit_funding(int hours, int64_t rate_8h, int64_t change)
{
    struct rpc_world_event *past;
    struct event event = {.kind = EVENT_FUNDING};

    event.funding.rate_8h = rate_of(rate_8h);
    event.funding.index_change = change;
    event.funding.price = price_of(PRICE_ONE * (60000 + hours));
    world.time =
        nanos_of(RPC_WORLD_START_MS * NANOS_PER_MS + hours * NANOS_PER_HOUR);
    rpc_world_tick(&world, 0);
    world.sink.emit(&world.sink, &event);
    past = &world.events[world.event_count - 1];
    past->index = engine_index(world.engine);
}

/* One hour of an 8 h rate of 0.0008 is 0.0001: 6 quote on a base of 60,000;
 * in units of 1e-17, 6e17. */
Test(rpc_history, funding_of_a_market)
{
    json_t *result;

    for (int i = 1; i <= 10; i++)
        emit_funding(i, 800000, INT64_C(100000) * (60000 + i) * PRICE_ONE);
    result =
        rpc_world_call(&world, "public/get_funding_rate_history", market());
    cr_expect_eq(json_array_size(result), 8);
    expect_text(result, "7.interest_8h", "0.0008");
    expect_text(result, "7.interest_1h", "0.0001");
    expect_text(result, "7.index_price", "60010");
    expect_text(result, "7.prev_index_price", "60009");
    cr_expect_eq(integer_at(result, "7.timestamp"),
                 RPC_WORLD_START_MS + 10 * INT64_C(3600000));
    json_decref(result);
    result = rpc_world_call(
        &world, "public/get_funding_rate_history",
        with(with(market(), "start_timestamp",
                  RPC_WORLD_START_MS + 2 * INT64_C(3600000)),
             "end_timestamp", RPC_WORLD_START_MS + 4 * INT64_C(3600000)));
    cr_expect_eq(json_array_size(result), 3);
    expect_text(result, "0.index_price", "60002");
    json_decref(result);
    result = rpc_world_call(&world, "public/get_funding_rate_value", market());
    cr_expect_str_eq(json_string_value(result), "0.0008");
    json_decref(result);
    result = rpc_world_call(&world, "public/get_funding_rate_value",
                            with(market(), "start_timestamp", 0));
    cr_expect_str_eq(json_string_value(result), "0.001");
    json_decref(result);
    result = rpc_world_call(&world, "public/get_funding_rate_value",
                            with_text(json_object(), "instrument_name", ETH));
    cr_expect_str_eq(json_string_value(result), "0");
    json_decref(result);
}

/* ---- bars -------------------------------------------------------------- */

static json_t *bars(int64_t from, int64_t to, const char *resolution)
{
    return rpc_world_call(
        &world, "public/get_tradingview_chart_data",
        with_text(
            with(with(market(), "start_timestamp", from), "end_timestamp", to),
            "resolution", resolution));
}

Test(rpc_history, bars_of_a_minute_and_of_an_hour)
{
    json_t *result = bars(time_of(0), time_of(4), "1");

    expect_text(result, "status", "ok");
    cr_expect_eq(json_array_size(at(result, "ticks")), 5);
    cr_expect_eq(integer_at(result, "ticks.0"), RPC_WORLD_START_MS);
    expect_text(result, "open.1", "60010");
    expect_text(result, "volume.1", "0.1");
    expect_text(result, "cost.1", "6001");
    json_decref(result);
    /* An end within a bar does not cut it. */
    result = bars(time_of(0), time_of(4) - 1, "1");
    cr_expect_eq(json_array_size(at(result, "ticks")), 5);
    expect_text(result, "volume.4", "0.1");
    json_decref(result);
    result = bars(time_of(0), time_of(4), "60");
    cr_expect_eq(json_array_size(at(result, "ticks")), 1);
    expect_text(result, "open.0", "60000");
    expect_text(result, "high.0", "60040");
    expect_text(result, "low.0", "60000");
    expect_text(result, "close.0", "60040");
    expect_text(result, "volume.0", "0.5");
    expect_text(result, "cost.0", "30010");
    json_decref(result);
}

Test(rpc_history, bars_without_trades)
{
    json_t *result;

    /* Nothing traded: no data. */
    result = rpc_world_call(&world, "public/get_tradingview_chart_data",
                            json_pack("{ss sI sI ss}", "instrument_name", ETH,
                                      "start_timestamp", (json_int_t)time_of(0),
                                      "end_timestamp", (json_int_t)time_of(4),
                                      "resolution", "1"));
    expect_text(result, "status", "no_data");
    cr_expect_eq(json_array_size(at(result, "ticks")), 0);
    json_decref(result);
    /* A gap repeats the close before it. */
    world.time = nanos_add(world.time, nanos_of(3 * MINUTE * NANOS_PER_MS));
    rpc_world_prices(&world, "60000", "2500", "150");
    rpc_world_block(&world);
    result = bars(time_of(3), time_of(12), "1");
    cr_expect_gt(json_array_size(at(result, "ticks")), 3);
    expect_text(result, "close.1", "60040");
    expect_text(result, "open.2", "60040");
    expect_text(result, "volume.2", "0");
    json_decref(result);
    cr_expect_eq(
        rpc_world_code(&world, "public/get_tradingview_chart_data",
                       with_text(with(with(market(), "start_timestamp", 5),
                                      "end_timestamp", 4),
                                 "resolution", "1"),
                       "end_timestamp"),
        -32602);
    cr_expect_eq(
        rpc_world_code(&world, "public/get_tradingview_chart_data",
                       with_text(with(with(market(), "start_timestamp", 5),
                                      "end_timestamp", 6),
                                 "resolution", "7"),
                       "resolution"),
        -32602);
    /* A range of all time: the newest bars, not a heap of them. */
    result = bars(0, INT64_C(4000000000000), "1");
    cr_expect_leq(json_array_size(at(result, "ticks")), 5000);
    json_decref(result);
}

/* ---- blocks ------------------------------------------------------------ */

Test(rpc_history, blocks)
{
    json_t *result = rpc_world_call(&world, "public/get_block", json_object());
    json_t *again;

    cr_expect_eq(integer_at(result, "height"), 5);
    again = rpc_world_call(
        &world, "public/get_block",
        with_text(json_object(), "hash", text_at(result, "hash")));
    cr_expect(json_equal(result, again));
    json_decref(again);
    again = rpc_world_call(&world, "public/get_block",
                           with(json_object(), "height", 4));
    expect_text(result, "previous_hash", text_at(again, "hash"));
    cr_expect_eq(integer_at(again, "last_index") + 1,
                 integer_at(result, "first_index"));
    cr_expect_eq(integer_at(again, "timestamp"), time_of(3));
    json_decref(again);
    json_decref(result);
    result = rpc_world_call(&world, "public/get_blocks",
                            with(json_object(), "count", 2));
    cr_expect_eq(integer_at(result, "blocks.0.height"), 5);
    cr_expect_eq(integer_at(result, "blocks.1.height"), 4);
    cr_expect(json_is_true(at(result, "has_more")));
    json_decref(result);
    result = rpc_world_call(&world, "public/get_blocks",
                            with(json_object(), "start_height", 2));
    cr_expect_eq(json_array_size(at(result, "blocks")), 2);
    cr_expect(json_is_false(at(result, "has_more")));
    json_decref(result);
    result = rpc_world_call(&world, "public/get_state_root",
                            with(json_object(), "height", 1));
    cr_expect_eq(strlen(text_at(result, "state_root")), 66);
    json_decref(result);
}

Test(rpc_history, blocks_that_are_not_there)
{
    static const int64_t heights[] = {0, 6, INT64_C(9007199254740991)};
    json_t *error;

    for (size_t i = 0; i < 3; i++)
        cr_expect_eq(rpc_world_code(&world, "public/get_block",
                                    with(json_object(), "height", heights[i]),
                                    "height"),
                     -32602);
    cr_expect_eq(rpc_world_code(
                     &world, "public/get_block",
                     with_text(json_object(), "height", "18446744073709551615"),
                     "height"),
                 -32602);
    cr_expect_eq(
        rpc_world_code(&world, "public/get_block",
                       json_pack("{si ss}", "height", 1, "hash",
                                 "0x0101010101010101010101010101010101010101"
                                 "010101010101010101010101"),
                       "hash"),
        -32602);
    world.block_count = 0;
    error = rpc_world_error(&world, "public/get_block", json_object());
    cr_expect_eq(integer_at(error, "code"), -32001);
    json_decref(error);
}

Test(rpc_history, a_past_that_cannot_be_read)
{
    static const char *const methods[] = {
        PUBLIC, "public/get_funding_rate_history",
        "public/get_funding_rate_value", "public/get_liquidations"};

    world.is_unreadable = true;
    for (size_t i = 0; i < 4; i++) {
        json_t *error = rpc_world_error(&world, methods[i], market());

        cr_expect_eq(integer_at(error, "code"), -32001, "%s", methods[i]);
        json_decref(error);
    }
}
