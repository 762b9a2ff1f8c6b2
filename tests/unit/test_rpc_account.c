/*
 * Accounts, positions and margin over the interface, on figures worked out by
 * hand. BTC: initial 2 %, maintenance 60 % of it; fees 0.02 and 0.05 %.
 */
#include "tests/lib/rpc_world.h"

#include <criterion/criterion.h>
#include <string.h>

#define LONG "trader/0"
#define SHORT "trader/1"
#define BTC "BTC_USDC-PERPETUAL"
#define ETH "ETH_USDC-PERPETUAL"

static struct rpc_world world;

/* LONG bought 0.5 BTC of SHORT at 60,000 as the maker (fee 6, the taker's 15)
 * and has another 0.5 open. */
static void start(void)
{
    rpc_world_start(&world);
    rpc_world_deposit(&world, LONG, "USDC", "10000");
    rpc_world_deposit(&world, SHORT, "USDC", "10000");
    rpc_world_prices(&world, "60000", "2500", "150");
    json_decref(rpc_world_order(&world, LONG, BTC, "buy", "1", "60000"));
    json_decref(rpc_world_order(&world, SHORT, BTC, "sell", "0.5", "60000"));
}

static void end(void)
{
    rpc_world_end(&world);
}

TestSuite(rpc_account, .init = start, .fini = end);

static json_t *of(const char *name)
{
    return json_pack("{ss}", "owner", rpc_world_address(name));
}

static json_t *in(const char *name, const char *instrument)
{
    return json_pack("{ss ss}", "owner", rpc_world_address(name),
                     "instrument_name", instrument);
}

static void expect_text(const json_t *value, const char *path, const char *text)
{
    cr_expect_str_eq(text_at(value, path), text, "%s", path);
}

Test(rpc_account, summary_of_a_position_with_an_open_order)
{
    json_t *result =
        rpc_world_call(&world, "private/get_account_summary", of(LONG));

    expect_text(result, "owner", rpc_world_address(LONG));
    cr_expect_eq(integer_at(result, "subaccount"), 0);
    expect_text(result, "currency", "USDC");
    expect_text(result, "balance", "9994");
    expect_text(result, "equity", "9994");
    /* The whole 1 BTC would need 60,000 * 2 %. */
    expect_text(result, "initial_margin", "1200");
    expect_text(result, "maintenance_margin", "360");
    expect_text(result, "available_funds", "8794");
    expect_text(result, "available_withdrawal_funds", "8794");
    expect_text(result, "total_pl", "0");
    cr_expect_eq(integer_at(result, "fee_tier"), 0);
    cr_expect(json_is_false(at(result, "in_liquidation")));
    cr_expect_eq(json_array_size(at(result, "collaterals")), 1);
    expect_text(result, "collaterals.0.balance", "9994");
    json_decref(result);
}

/* 1,000 up: 500 for the long, of which 95 % count for new risk. */
Test(rpc_account, summary_after_the_mark_moved)
{
    json_t *result;

    rpc_world_prices(&world, "61000", "2500", "150");
    result = rpc_world_call(&world, "private/get_account_summary", of(LONG));
    expect_text(result, "equity", "10494");
    expect_text(result, "margin_balance", "10469");
    expect_text(result, "total_pl", "500");
    /* No gain can be withdrawn: 9,994 - 61,000 * 2 %; the open half bought
     * below the mark loses nothing. */
    expect_text(result, "available_withdrawal_funds", "8774");
    json_decref(result);
}

/* One BTC at 60,000: 95 % maintenance; initial 90 %, as 1.1 / (1 + 0.002)
 * is above it. */
Test(rpc_account, collateral_counts_by_its_weights)
{
    json_t *result;

    rpc_world_deposit(&world, LONG, "BTC", "1");
    result = rpc_world_call(&world, "private/get_account_summaries", of(LONG));
    cr_expect_eq(json_array_size(at(result, "summaries")), 3);
    expect_text(result, "summaries.0.currency", "USDC");
    expect_text(result, "summaries.0.equity", "66994");
    expect_text(result, "summaries.0.margin_balance", "63994");
    expect_text(result, "summaries.0.collaterals.1.currency", "BTC");
    expect_text(result, "summaries.0.collaterals.1.value_initial", "54000");
    expect_text(result, "summaries.0.collaterals.1.value_maintenance", "57000");
    expect_text(result, "summaries.0.collaterals.1.weight_effective", "0.9");
    expect_text(result, "summaries.1.currency", "BTC");
    expect_text(result, "summaries.1.balance", "1");
    expect_text(result, "summaries.1.available_withdrawal_funds", "1");
    expect_text(result, "summaries.2.balance", "0");
    json_decref(result);
}

/* With no USDC the BTC carries the order's 600: 0.01111111 of it may not
 * leave (600 / 54,000, up). */
Test(rpc_account, collateral_that_carries_risk_stays)
{
    json_t *params, *result;

    rpc_world_deposit(&world, "trader/2", "BTC", "1");
    json_decref(
        rpc_world_order(&world, "trader/2", BTC, "buy", "0.5", "60000"));
    params = of("trader/2");
    json_object_set_new(params, "currency", json_string("BTC"));
    result = rpc_world_call(&world, "private/get_account_summary", params);
    expect_text(result, "available_withdrawal_funds", "0.98888888");
    json_decref(result);
    params = of("trader/2");
    json_object_set_new(params, "currency", json_string("SOL"));
    cr_expect_eq(rpc_world_code(&world, "private/get_account_summary", params,
                                "currency"),
                 20013);
}

/* E(M) = 9,994 - 30,000 + M / 2 falls below 0.006 M at 20,006 / 0.494. */
Test(rpc_account, position_of_the_long)
{
    json_t *result =
        rpc_world_call(&world, "private/get_position", in(LONG, BTC));

    expect_text(result, "instrument_name", BTC);
    expect_text(result, "kind", "future");
    expect_text(result, "size", "0.5");
    expect_text(result, "direction", "buy");
    expect_text(result, "average_price", "60000");
    expect_text(result, "mark_price", "60000");
    expect_text(result, "index_price", "60000");
    expect_text(result, "floating_profit_loss", "0");
    expect_text(result, "realized_profit_loss", "0");
    expect_text(result, "realized_funding", "0");
    expect_text(result, "initial_margin", "600");
    expect_text(result, "maintenance_margin", "360");
    cr_expect(strncmp(text_at(result, "estimated_liquidation_price"),
                      "40497.9757", 10) == 0,
              "%s", text_at(result, "estimated_liquidation_price"));
    expect_text(result, "leverage", "50");
    json_decref(result);
}

/* E(M) = 9,985 + 30,000 - M / 2 falls below 0.006 M at 39,985 / 0.506. */
Test(rpc_account, positions_of_the_short)
{
    json_t *result = rpc_world_call(&world, "private/get_positions", of(SHORT));

    cr_expect_eq(json_array_size(result), 1);
    expect_text(result, "0.size", "-0.5");
    expect_text(result, "0.direction", "sell");
    cr_expect(strncmp(text_at(result, "0.estimated_liquidation_price"),
                      "79021.7391", 10) == 0,
              "%s", text_at(result, "0.estimated_liquidation_price"));
    json_decref(result);
}

/* The estimate is where the margin itself turns: at a mark above it the long
 * stands, at one below it can be liquidated. */
Test(rpc_account, the_estimate_is_the_engines_threshold)
{
    json_t *result;

    json_decref(rpc_world_request(&world, "private/cancel_all", "CancelAll",
                                  LONG, json_object()));
    json_decref(rpc_world_request(&world, "private/withdraw", "Withdraw", LONG,
                                  json_pack("{ss ss ss}", "currency", "USDC",
                                            "amount", "8994", "recipient",
                                            rpc_world_address(LONG))));
    /* 1,000 of cash: (30,000 - 1,000) / 0.494 = 58,704.45344 */
    result = rpc_world_call(&world, "private/get_position", in(LONG, BTC));
    cr_expect(strncmp(text_at(result, "estimated_liquidation_price"),
                      "58704.45344", 11) == 0,
              "%s", text_at(result, "estimated_liquidation_price"));
    json_decref(result);
    rpc_world_prices(&world, "58704.454", "2500", "150");
    result = rpc_world_call(&world, "private/get_margin", of(LONG));
    expect_text(result, "positions.0.mark_price", "58704.454");
    cr_expect(json_is_false(at(result, "is_liquidatable")));
    json_decref(result);
    rpc_world_prices(&world, "58704.453", "2500", "150");
    result = rpc_world_call(&world, "private/get_margin", of(LONG));
    cr_expect(json_is_true(at(result, "is_liquidatable")));
    json_decref(result);
}

Test(rpc_account, what_is_not_there)
{
    json_t *result =
        rpc_world_call(&world, "private/get_position", in(LONG, ETH));

    expect_text(result, "size", "0");
    expect_text(result, "direction", "zero");
    cr_expect(json_is_null(at(result, "estimated_liquidation_price")));
    json_decref(result);
    cr_expect_eq(rpc_world_code(&world, "private/get_positions", of("trader/7"),
                                "owner"),
                 20012);
    cr_expect_eq(rpc_world_code(&world, "private/get_subaccounts",
                                of("trader/7"), "owner"),
                 20012);
    cr_expect_eq(rpc_world_code(&world, "private/get_account_summary",
                                json_pack("{ss}", "owner",
                                          "0x00000000000000000000000000000000"
                                          "00000000"),
                                "owner"),
                 20012);
}

Test(rpc_account, margin_is_explained)
{
    json_t *result = rpc_world_call(&world, "private/get_margin", of(LONG));

    expect_text(result, "equity", "9994");
    expect_text(result, "initial_margin", "600");
    expect_text(result, "maintenance_margin", "360");
    expect_text(result, "initial_margin_worst", "1200");
    expect_text(result, "maintenance_margin_worst", "720");
    cr_expect_eq(json_array_size(at(result, "positions")), 1);
    expect_text(result, "positions.0.open_buys", "0.5");
    expect_text(result, "positions.0.open_sells", "0");
    expect_text(result, "positions.0.worst_case", "buys");
    expect_text(result, "positions.0.initial_margin_worst", "1200");
    cr_expect_eq(json_array_size(at(result, "liquidation_prices")), 1);
    expect_text(result, "liquidation_prices.0.instrument_name", BTC);
    expect_text(result, "debt_initial", "0");
    json_decref(result);
}

/* Set to 20 %: five times leverage, 6,000 for the half bitcoin. */
Test(rpc_account, own_leverage_raises_the_requirement)
{
    json_t *result;

    json_decref(rpc_world_request(
        &world, "private/set_leverage", "SetLeverage", SHORT,
        json_pack("{ss ss}", "instrument_name", BTC, "initial_rate", "0.2")));
    result = rpc_world_call(&world, "private/get_position", in(SHORT, BTC));
    expect_text(result, "leverage", "5");
    expect_text(result, "initial_margin", "6000");
    expect_text(result, "maintenance_margin", "360");
    json_decref(result);
}

Test(rpc_account, open_orders_by_market_and_currency)
{
    json_t *params, *result;

    json_decref(rpc_world_order(&world, LONG, ETH, "buy", "1", "2500"));
    result = rpc_world_call(&world, "private/get_open_orders", of(LONG));
    cr_expect_eq(json_array_size(result), 2);
    expect_text(result, "0.order_id", "BTC-1");
    expect_text(result, "0.filled_amount", "0.5");
    expect_text(result, "1.order_id", "ETH-3");
    json_decref(result);
    result = rpc_world_call(&world, "private/get_open_orders_by_instrument",
                            in(LONG, ETH));
    cr_expect_eq(json_array_size(result), 1);
    json_decref(result);
    params = of(LONG);
    json_object_set_new(params, "currency", json_string("BTC"));
    result = rpc_world_call(&world, "private/get_open_orders_by_currency",
                            json_incref(params));
    cr_expect_eq(json_array_size(result), 1);
    json_decref(result);
    json_object_set_new(params, "currency", json_string("USDC"));
    result = rpc_world_call(&world, "private/get_open_orders_by_currency",
                            json_incref(params));
    cr_expect_eq(json_array_size(result), 2);
    json_decref(result);
    json_object_set_new(params, "type", json_string("trigger_all"));
    result = rpc_world_call(&world, "private/get_open_orders", params);
    cr_expect_eq(json_array_size(result), 0);
    json_decref(result);
}

Test(rpc_account, subaccounts_and_transfers)
{
    json_t *result;

    result =
        rpc_world_request(&world, "private/transfer", "Transfer", SHORT,
                          json_pack("{si ss ss}", "to_subaccount", 3,
                                    "currency", "USDC", "amount", "250.75"));
    expect_text(result, "amount", "250.75");
    expect_text(result, "balance", "9734.25");
    expect_text(result, "to_balance", "250.75");
    json_decref(result);
    result = rpc_world_call(&world, "private/get_subaccounts", of(SHORT));
    cr_expect_eq(json_array_size(result), 2);
    expect_text(result, "0.type", "main");
    cr_expect_eq(integer_at(result, "1.subaccount"), 3);
    expect_text(result, "1.equity", "250.75");
    json_decref(result);
    result =
        rpc_world_call(&world, "private/get_account_summary",
                       json_pack("{ss si}", "owner", rpc_world_address(SHORT),
                                 "subaccount", 3));
    expect_text(result, "balance", "250.75");
    json_decref(result);
}

Test(rpc_account, withdrawals_are_listed)
{
    json_t *result;

    result = rpc_world_request(&world, "private/withdraw", "Withdraw", SHORT,
                               json_pack("{ss ss ss}", "currency", "USDC",
                                         "amount", "100", "recipient",
                                         rpc_world_address("trader/5")));
    expect_text(result, "withdrawal_id", "1");
    expect_text(result, "state", "unconfirmed");
    json_decref(result);
    result = rpc_world_call(&world, "private/get_withdrawals", of(SHORT));
    cr_expect_eq(integer_at(result, "count"), 1);
    expect_text(result, "data.0.amount", "100");
    expect_text(result, "data.0.recipient", rpc_world_address("trader/5"));
    json_decref(result);
    result = rpc_world_call(&world, "private/get_withdrawals", of(LONG));
    cr_expect_eq(json_array_size(at(result, "data")), 0);
    json_decref(result);
}
