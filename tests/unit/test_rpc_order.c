/*
 * Orders over the interface: what is answered to placing, filling, editing,
 * cancelling, batches; each answer against the events of its own leg.
 */
#include "tests/lib/rpc_world.h"

#include <criterion/criterion.h>
#include <string.h>

#define MAKER "trader/0"
#define TAKER "trader/1"
#define BTC "BTC_USDC-PERPETUAL"

static struct rpc_world world;

static void start(void)
{
    rpc_world_start(&world);
    rpc_world_deposit(&world, MAKER, "USDC", "10000");
    rpc_world_deposit(&world, TAKER, "USDC", "10000");
    rpc_world_prices(&world, "60000", "2500", "150");
}

static void end(void)
{
    rpc_world_end(&world);
}

TestSuite(rpc_order, .init = start, .fini = end);

static void expect_text(const json_t *value, const char *path, const char *text)
{
    cr_expect_str_eq(text_at(value, path), text, "%s", path);
}

Test(rpc_order, a_resting_order_is_answered_open)
{
    json_t *result =
        rpc_world_order(&world, MAKER, BTC, "buy", "0.10", "60000.0");

    expect_text(result, "order.order_id", "BTC-1");
    expect_text(result, "order.order_state", "open");
    expect_text(result, "order.order_type", "limit");
    expect_text(result, "order.instrument_name", BTC);
    expect_text(result, "order.direction", "buy");
    expect_text(result, "order.amount", "0.1");
    expect_text(result, "order.filled_amount", "0");
    expect_text(result, "order.price", "60000");
    expect_text(result, "order.time_in_force", "good_til_cancelled");
    expect_text(result, "order.label", "");
    cr_expect(json_is_false(at(result, "order.post_only")));
    cr_expect(json_is_false(at(result, "order.reduce_only")));
    cr_expect_eq(integer_at(result, "order.creation_timestamp"),
                 RPC_WORLD_START_MS + 1);
    cr_expect_eq(json_array_size(at(result, "trades")), 0);
    cr_expect_eq((uint64_t)integer_at(result, "index"),
                 engine_index(world.engine));
    cr_expect_eq(integer_at(result, "timestamp"), RPC_WORLD_START_MS + 1);
    json_decref(result);
}

/* Two makers' orders at two prices: each fill at its maker's. */
Test(rpc_order, a_fill_is_answered_with_its_trades)
{
    json_t *result;

    json_decref(rpc_world_order(&world, MAKER, BTC, "buy", "0.1", "60000"));
    json_decref(rpc_world_order(&world, MAKER, BTC, "buy", "0.1", "59990"));
    result = rpc_world_request(
        &world, "private/order", "Order", TAKER,
        json_pack("{ss ss ss ss ss ss}", "instrument_name", BTC, "direction",
                  "sell", "amount", "0.15", "type", "market", "time_in_force",
                  "immediate_or_cancel", "label", "out"));
    expect_text(result, "order.order_state", "filled");
    expect_text(result, "order.order_type", "market");
    expect_text(result, "order.price", "market_price");
    expect_text(result, "order.label", "out");
    expect_text(result, "order.filled_amount", "0.15");
    /* (0.1 * 60,000 + 0.05 * 59,990) / 0.15, down at 1e-8 */
    expect_text(result, "order.average_price", "59996.66666666");
    cr_expect_eq(json_array_size(at(result, "trades")), 2);
    expect_text(result, "trades.0.price", "60000");
    expect_text(result, "trades.0.amount", "0.1");
    expect_text(result, "trades.0.direction", "sell");
    expect_text(result, "trades.0.liquidity", "T");
    expect_text(result, "trades.0.order_type", "market");
    expect_text(result, "trades.0.order_id", "BTC-3");
    expect_text(result, "trades.0.fee", "3");
    expect_text(result, "trades.0.fee_currency", "USDC");
    expect_text(result, "trades.1.price", "59990");
    expect_text(result, "trades.1.amount", "0.05");
    expect_text(result, "trades.1.mark_price", "60000");
    expect_text(result, "trades.1.index_price", "60000");
    json_decref(result);
}

Test(rpc_order, what_could_not_fill_at_once)
{
    json_t *params, *result;

    result = rpc_world_request(
        &world, "private/buy", "Order", TAKER,
        json_pack("{ss ss ss ss ss}", "instrument_name", BTC, "direction",
                  "buy", "amount", "0.1", "price", "60000", "time_in_force",
                  "immediate_or_cancel"));
    expect_text(result, "order.order_state", "cancelled");
    expect_text(result, "order.cancel_reason", "immediate_or_cancel");
    json_decref(result);
    params = json_pack("{ss ss ss ss ss}", "instrument_name", BTC, "direction",
                       "buy", "amount", "0.1", "price", "60000",
                       "time_in_force", "fill_or_kill");
    cr_expect_gt(rpc_world_code(&world, "private/order",
                                rpc_world_sign(&world, "Order", TAKER, params),
                                "amount"),
                 0);
    json_decref(rpc_world_order(&world, MAKER, BTC, "sell", "0.1", "60000"));
    params =
        json_pack("{ss ss ss ss sb}", "instrument_name", BTC, "direction",
                  "buy", "amount", "0.1", "price", "60000", "post_only", true);
    cr_expect_eq(rpc_world_code(&world, "private/order",
                                rpc_world_sign(&world, "Order", TAKER, params),
                                "post_only"),
                 11054);
}

Test(rpc_order, values_that_only_the_market_knows)
{
    static const struct {
        const char *name, *value;
        int code;
    } cases[] = {
        {"amount", "0.00001", 10021},
        {"amount", "0", 10021},
        {"amount", "0.123456789", 10021},
        {"price", "60000.05", 10043},
        {"price", "0", 20017},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *params =
            json_pack("{ss ss ss ss}", "instrument_name", BTC, "direction",
                      "buy", "amount", "0.1", "price", "60000");
        int code;

        json_object_set_new(params, cases[i].name, json_string(cases[i].value));
        code = rpc_world_code(&world, "private/order",
                              rpc_world_sign(&world, "Order", TAKER, params),
                              cases[i].name);
        cr_expect_eq(code, cases[i].code, "%s %s: %d", cases[i].name,
                     cases[i].value, code);
    }
}

Test(rpc_order, edit_answers_order_and_trades)
{
    json_t *result;

    json_decref(rpc_world_order(&world, MAKER, BTC, "sell", "0.1", "60100"));
    json_decref(rpc_world_order(&world, TAKER, BTC, "buy", "0.2", "60000"));
    result = rpc_world_request(
        &world, "private/edit", "Replace", TAKER,
        json_pack("{ss ss}", "order_id", "BTC-2", "price", "60100"));
    expect_text(result, "order.order_id", "BTC-2");
    expect_text(result, "order.order_state", "open");
    expect_text(result, "order.price", "60100");
    expect_text(result, "order.filled_amount", "0.1");
    cr_expect_eq(json_array_size(at(result, "trades")), 1);
    expect_text(result, "trades.0.order_id", "BTC-2");
    json_decref(result);
    result = rpc_world_request(
        &world, "private/edit", "Replace", TAKER,
        json_pack("{ss ss}", "order_id", "BTC-2", "amount", "0.15"));
    expect_text(result, "order.amount", "0.15");
    cr_expect_eq(json_array_size(at(result, "trades")), 0);
    json_decref(result);
    cr_expect_eq(
        rpc_world_code(&world, "private/edit",
                       rpc_world_sign(&world, "Replace", TAKER,
                                      json_pack("{ss ss}", "order_id", "BTC-77",
                                                "amount", "0.1")),
                       "order_id"),
        10004);
}

Test(rpc_order, cancel_answers_the_order_flat)
{
    json_t *result;

    json_decref(rpc_world_order(&world, MAKER, BTC, "buy", "0.1", "60000"));
    result = rpc_world_request(&world, "private/cancel", "Cancel", MAKER,
                               json_pack("{ss}", "order_id", "BTC-1"));
    expect_text(result, "order_id", "BTC-1");
    expect_text(result, "order_state", "cancelled");
    expect_text(result, "cancel_reason", "user_request");
    json_decref(result);
    cr_expect_neq(
        rpc_world_code(&world, "private/cancel",
                       rpc_world_sign(&world, "Cancel", MAKER,
                                      json_pack("{ss}", "order_id", "BTC-1")),
                       "order_id"),
        0);
}

/* Nobody cancels what is not theirs. */
Test(rpc_order, anothers_order_is_not_found)
{
    json_decref(rpc_world_order(&world, MAKER, BTC, "buy", "0.1", "60000"));
    cr_expect_eq(
        rpc_world_code(&world, "private/cancel",
                       rpc_world_sign(&world, "Cancel", TAKER,
                                      json_pack("{ss}", "order_id", "BTC-1")),
                       "order_id"),
        10004);
}

Test(rpc_order, order_ids_have_a_grammar)
{
    static const char *const wrong[] = {
        "",      "1",      "BTC",   "BTC-",   "-1",
        "BTC-0", "BTC-01", "BTC-x", "BTC-1 ", "BTC-18446744073709551616"};

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_expect_eq(rpc_world_code(&world, "private/cancel",
                                    rpc_world_sign(&world, "Cancel", MAKER,
                                                   json_pack("{ss}", "order_id",
                                                             wrong[i])),
                                    "order_id"),
                     -32602, "%s", wrong[i]);
}

Test(rpc_order, cancel_all_answers_a_count)
{
    json_t *result;

    json_decref(rpc_world_order(&world, MAKER, BTC, "buy", "0.1", "60000"));
    json_decref(rpc_world_order(&world, MAKER, BTC, "buy", "0.1", "59000"));
    json_decref(rpc_world_order(&world, MAKER, "ETH_USDC-PERPETUAL", "buy", "1",
                                "2500"));
    result = rpc_world_request(&world, "private/cancel_all_by_instrument",
                               "CancelAll", MAKER,
                               json_pack("{ss}", "instrument_name", BTC));
    cr_expect_eq(json_integer_value(result), 2);
    json_decref(result);
    result = rpc_world_request(&world, "private/cancel_all", "CancelAll", MAKER,
                               json_object());
    cr_expect_eq(json_integer_value(result), 1);
    json_decref(result);
}

Test(rpc_order, a_trigger_order_waits_and_fires)
{
    const char *owner = rpc_world_address(TAKER);
    json_t *result;

    result = rpc_world_request(
        &world, "private/order", "Order", TAKER,
        json_pack("{ss ss ss ss ss ss}", "instrument_name", BTC, "direction",
                  "buy", "amount", "0.1", "price", "60100", "type",
                  "stop_limit", "trigger_price", "60050"));
    expect_text(result, "order.order_state", "untriggered");
    expect_text(result, "order.trigger", "mark_price");
    expect_text(result, "order.trigger_price", "60050");
    expect_text(result, "order.stop_price", "60050");
    json_decref(result);
    rpc_world_prices(&world, "60060", "2500", "150");
    result = rpc_world_call(
        &world, "private/get_order_state",
        json_pack("{ss ss}", "order_id", "BTC-1", "owner", owner));
    expect_text(result, "order_state", "open");
    json_decref(result);
}

/* ---- batches ---------------------------------------------------------- */

static json_t *leg(const char *direction, const char *amount, const char *price)
{
    return json_pack("{ss ss ss ss}", "instrument_name", BTC, "direction",
                     direction, "amount", amount, "price", price);
}

Test(rpc_order, every_leg_of_a_batch_has_its_own_answer)
{
    json_t *orders = json_array(), *result;

    json_decref(rpc_world_order(&world, TAKER, BTC, "buy", "0.1", "59900"));
    json_decref(rpc_world_order(&world, MAKER, BTC, "sell", "0.1", "60200"));
    json_decref(rpc_world_order(&world, TAKER, BTC, "buy", "0.1", "59000"));
    /* Fills a maker's order, rests, is refused, rests. */
    json_array_append_new(orders, leg("buy", "0.3", "60200"));
    json_array_append_new(orders, leg("buy", "0.1", "59950"));
    json_array_append_new(orders, leg("buy", "100", "59950"));
    json_array_append_new(orders, leg("buy", "0.1", "59940"));
    result =
        rpc_world_request(&world, "private/mass", "Batch", TAKER,
                          json_pack("{so s[{ss},{ss},{ss}]}", "orders", orders,
                                    "cancels", "order_id", "BTC-1", "order_id",
                                    "BTC-99", "order_id", "BTC-3"));
    cr_expect_eq(json_array_size(at(result, "orders")), 4);
    expect_text(result, "orders.0.order.order_id", "BTC-4");
    expect_text(result, "orders.0.order.order_state", "open");
    expect_text(result, "orders.0.order.filled_amount", "0.1");
    cr_expect_eq(json_array_size(at(result, "orders.0.trades")), 1);
    expect_text(result, "orders.0.trades.0.price", "60200");
    expect_text(result, "orders.1.order.order_id", "BTC-5");
    expect_text(result, "orders.1.order.price", "59950");
    cr_expect_eq(json_array_size(at(result, "orders.1.trades")), 0);
    cr_expect_eq(integer_at(result, "orders.2.error.code"), 10009);
    expect_text(result, "orders.2.error.data.reason", "not_enough_margin");
    expect_text(result, "orders.3.order.price", "59940");
    cr_expect_eq(json_array_size(at(result, "cancels")), 3);
    expect_text(result, "cancels.0.order_id", "BTC-1");
    expect_text(result, "cancels.0.order_state", "cancelled");
    cr_expect_eq(integer_at(result, "cancels.1.error.code"), 10004);
    expect_text(result, "cancels.2.order_id", "BTC-3");
    cr_expect_eq(integer_at(result, "timestamp"), RPC_WORLD_START_MS + 1);
    json_decref(result);
}

/* An order of a batch that meets the owner's own resting order touches that,
 * too: the answer is about the new one. */
Test(rpc_order, a_leg_is_not_confused_with_the_owners_other_orders)
{
    json_t *orders = json_array(), *result;

    json_decref(rpc_world_order(&world, TAKER, BTC, "sell", "0.1", "60100"));
    json_array_append_new(orders, leg("buy", "0.1", "60100"));
    json_array_append_new(orders, leg("sell", "0.1", "60300"));
    result = rpc_world_request(&world, "private/mass", "Batch", TAKER,
                               json_pack("{so}", "orders", orders));
    expect_text(result, "orders.0.order.order_id", "BTC-2");
    expect_text(result, "orders.0.order.direction", "buy");
    expect_text(result, "orders.0.order.order_state", "open");
    expect_text(result, "orders.1.order.order_id", "BTC-3");
    json_decref(result);
    result = rpc_world_call(&world, "private/get_order_state",
                            json_pack("{ss ss}", "order_id", "BTC-1", "owner",
                                      rpc_world_address(TAKER)));
    expect_text(result, "order_state", "cancelled");
    expect_text(result, "cancel_reason", "self_trade");
    json_decref(result);
}

Test(rpc_order, a_batch_repeated_answers_the_same)
{
    json_t *orders = json_array(), *params, *first, *second;

    json_array_append_new(orders, leg("buy", "0.1", "60000"));
    json_array_append_new(orders, leg("buy", "500", "60000"));
    params = rpc_world_sign(&world, "Batch", TAKER,
                            json_pack("{so}", "orders", orders));
    first = rpc_world_call(&world, "private/mass", json_incref(params));
    second = rpc_world_call(&world, "private/mass", params);
    cr_expect(json_equal(first, second));
    json_decref(first);
    json_decref(second);
}

Test(rpc_order, legs_carry_the_batchs_own_values_or_nothing)
{
    json_t *params, *signed_params;

    params = json_pack("{s[o]}", "orders", leg("buy", "0.1", "60000"));
    json_object_set_new(json_array_get(json_object_get(params, "orders"), 0),
                        "nonce", json_integer(12345));
    signed_params = params;
    json_object_set_new(signed_params, "owner",
                        json_string(rpc_world_address(TAKER)));
    json_object_set_new(signed_params, "nonce", json_integer(1));
    json_object_set_new(signed_params, "expires",
                        json_integer(RPC_WORLD_START_MS + 1000));
    json_object_set_new(signed_params, "signature", json_string("0x00"));
    cr_expect_eq(rpc_world_code(&world, "private/mass", signed_params, "nonce"),
                 -32602);
    params = json_pack("{s[o]}", "orders", leg("buy", "0.1", "60000"));
    json_object_set_new(json_array_get(json_object_get(params, "orders"), 0),
                        "more", json_integer(1));
    json_object_set_new(params, "owner", json_string(rpc_world_address(TAKER)));
    json_object_set_new(params, "nonce", json_integer(1));
    json_object_set_new(params, "expires",
                        json_integer(RPC_WORLD_START_MS + 1000));
    json_object_set_new(params, "signature", json_string("0x00"));
    cr_expect_eq(rpc_world_code(&world, "private/mass", params, "orders"),
                 -32602);
}

Test(rpc_order, a_batch_has_1_to_100_legs)
{
    json_t *orders = json_array(), *params;

    cr_expect_eq(
        rpc_world_code(&world, "private/mass",
                       rpc_world_sign(&world, "Batch", TAKER, json_object()),
                       "orders"),
        20035);
    for (int i = 0; i < 100; i++)
        json_array_append_new(orders, leg("buy", "0.0001", "50000"));
    params = json_pack("{sO s[{ss}]}", "orders", orders, "cancels", "order_id",
                       "BTC-1");
    cr_expect_eq(rpc_world_code(&world, "private/mass",
                                rpc_world_sign(&world, "Batch", TAKER, params),
                                "orders"),
                 20035);
    json_array_append_new(orders, leg("buy", "0.0001", "50000"));
    params =
        json_pack("{so ss sI sI ss}", "orders", orders, "owner",
                  rpc_world_address(TAKER), "nonce", (json_int_t)9, "expires",
                  (json_int_t)RPC_WORLD_START_MS, "signature", "0x00");
    cr_expect_eq(rpc_world_code(&world, "private/mass", params, "orders"),
                 -32602);
}

Test(rpc_order, an_expired_batch_is_refused_as_a_whole)
{
    json_t *params = json_pack(
        "{s[oo] sI}", "orders", leg("buy", "0.1", "60000"),
        leg("buy", "0.1", "59000"), "expires", (json_int_t)RPC_WORLD_START_MS);

    cr_expect_eq(rpc_world_code(&world, "private/mass",
                                rpc_world_sign(&world, "Batch", TAKER, params),
                                "expires"),
                 20002);
}
