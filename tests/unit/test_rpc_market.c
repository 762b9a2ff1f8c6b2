/*
 * Markets, indexes, the node and its descriptions over the interface.
 */
#include "rpc/decimal.h"
#include "rpc/genesis_json.h"
#include "rpc/method.h"
#include "rpc/openrpc.h"
#include "rpc/write.h"
#include "tests/lib/rpc_world.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define BTC "BTC_USDC-PERPETUAL"

static struct rpc_world world;

static void start(void)
{
    rpc_world_start(&world);
}

static void end(void)
{
    rpc_world_end(&world);
}

TestSuite(rpc_market, .init = start, .fini = end);

static json_t *call(const char *method, const char *instrument)
{
    return rpc_world_call(&world, method,
                          instrument
                              ? json_pack("{ss}", "instrument_name", instrument)
                              : json_object());
}

static void expect_text(const json_t *value, const char *path, const char *text)
{
    cr_expect_str_eq(text_at(value, path), text, "%s", path);
}

static void trade(void)
{
    rpc_world_deposit(&world, "trader/0", "USDC", "10000");
    rpc_world_deposit(&world, "trader/1", "USDC", "10000");
    rpc_world_prices(&world, "60000", "2500", "150");
    json_decref(rpc_world_order(&world, "trader/0", BTC, "buy", "1", "60000"));
    json_decref(
        rpc_world_order(&world, "trader/1", BTC, "sell", "0.4", "60000"));
    json_decref(
        rpc_world_order(&world, "trader/1", BTC, "sell", "0.2", "60010.5"));
    json_decref(
        rpc_world_order(&world, "trader/1", BTC, "sell", "0.1", "60010.5"));
    json_decref(
        rpc_world_order(&world, "trader/1", BTC, "sell", "0.1", "60020"));
}

Test(rpc_market, currencies)
{
    json_t *result = call("public/get_currencies", NULL);

    cr_expect_eq(json_array_size(result), 4);
    expect_text(result, "0.currency", "USDC");
    cr_expect(json_is_true(at(result, "0.is_settlement")));
    cr_expect_eq(integer_at(result, "0.decimals"), 6);
    expect_text(result, "1.currency", "BTC");
    expect_text(result, "1.index_name", "btc_usd");
    expect_text(result, "3.currency", "SOL");
    cr_expect(json_is_false(at(result, "3.is_collateral")));
    json_decref(result);
}

Test(rpc_market, instruments)
{
    json_t *result = call("public/get_instruments", NULL);
    const char *const fields[] = {"instrument_name",
                                  "kind",
                                  "instrument_type",
                                  "base_currency",
                                  "quote_currency",
                                  "counter_currency",
                                  "settlement_currency",
                                  "settlement_period",
                                  "price_index",
                                  "is_active",
                                  "state",
                                  "tick_size",
                                  "tick_size_steps",
                                  "min_trade_amount",
                                  "contract_size",
                                  "maker_commission",
                                  "taker_commission",
                                  "creation_timestamp",
                                  "strike",
                                  "option_type"};

    cr_expect_eq(json_array_size(result), 3);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        cr_expect_not_null(at(json_array_get(result, 0), fields[i]));
    expect_text(result, "0.instrument_name", BTC);
    expect_text(result, "0.kind", "future");
    expect_text(result, "0.instrument_type", "linear");
    expect_text(result, "0.settlement_period", "perpetual");
    expect_text(result, "0.tick_size", "0.1");
    expect_text(result, "0.min_trade_amount", "0.0001");
    expect_text(result, "0.contract_size", "1");
    expect_text(result, "0.maker_commission", "0.0002");
    expect_text(result, "0.taker_commission", "0.0005");
    expect_text(result, "0.price_index", "btc_usd");
    cr_expect_eq(integer_at(result, "0.expiration_timestamp"),
                 INT64_C(32503708800000));
    json_decref(result);
    result = rpc_world_call(
        &world, "public/get_instruments",
        json_pack("{ss ss}", "currency", "SOL", "kind", "future"));
    cr_expect_eq(json_array_size(result), 1);
    json_decref(result);
    result = rpc_world_call(&world, "public/get_instruments",
                            json_pack("{ss}", "kind", "option"));
    cr_expect_eq(json_array_size(result), 0);
    json_decref(result);
    result = rpc_world_call(&world, "public/get_instruments",
                            json_pack("{sb}", "expired", 1));
    cr_expect_eq(json_array_size(result), 0);
    json_decref(result);
    result = call("public/get_instrument", "SOL_USDC-PERPETUAL");
    expect_text(result, "tick_size", "0.001");
    expect_text(result, "max_leverage", "20");
    json_decref(result);
}

Test(rpc_market, a_market_before_its_first_price)
{
    json_t *result = call("public/ticker", BTC);

    cr_expect(json_is_null(at(result, "mark_price")));
    cr_expect(json_is_null(at(result, "best_bid_price")));
    cr_expect(json_is_null(at(result, "last_price")));
    expect_text(result, "grade", "none");
    expect_text(result, "open_interest", "0");
    json_decref(result);
    result = rpc_world_call(&world, "public/get_index_price",
                            json_pack("{ss}", "index_name", "btc_usd"));
    cr_expect(json_is_null(at(result, "index_price")));
    expect_text(result, "grade", "none");
    json_decref(result);
}

Test(rpc_market, ticker_and_book)
{
    json_t *result;

    trade();
    result = call("public/ticker", BTC);
    expect_text(result, "instrument_name", BTC);
    expect_text(result, "state", "open");
    expect_text(result, "best_bid_price", "60000");
    expect_text(result, "best_bid_amount", "0.6");
    expect_text(result, "best_ask_price", "60010.5");
    expect_text(result, "best_ask_amount", "0.3");
    expect_text(result, "last_price", "60000");
    expect_text(result, "mark_price", "60000");
    expect_text(result, "index_price", "60000");
    expect_text(result, "open_interest", "0.4");
    expect_text(result, "min_price", "57000");
    expect_text(result, "max_price", "63000");
    expect_text(result, "stats.volume", "0.4");
    expect_text(result, "stats.volume_usd", "24000");
    json_decref(result);
    result = call("public/get_order_book", BTC);
    cr_expect_eq(json_array_size(at(result, "bids")), 1);
    cr_expect_eq(json_array_size(at(result, "asks")), 2);
    expect_text(result, "bids.0.0", "60000");
    expect_text(result, "bids.0.1", "0.6");
    expect_text(result, "asks.0.0", "60010.5");
    expect_text(result, "asks.0.1", "0.3");
    expect_text(result, "asks.1.0", "60020");
    cr_expect_gt(integer_at(result, "change_id"), 0);
    json_decref(result);
    result = rpc_world_call(
        &world, "public/get_order_book",
        json_pack("{ss si}", "instrument_name", BTC, "depth", 1));
    cr_expect_eq(json_array_size(at(result, "asks")), 1);
    json_decref(result);
}

Test(rpc_market, summaries)
{
    json_t *result;

    trade();
    result = call("public/get_book_summary_by_instrument", BTC);
    cr_expect_eq(json_array_size(result), 1);
    expect_text(result, "0.bid_price", "60000");
    expect_text(result, "0.mid_price", "60005.25");
    expect_text(result, "0.last", "60000");
    json_decref(result);
    result = rpc_world_call(&world, "public/get_book_summary_by_currency",
                            json_pack("{ss}", "currency", "USDC"));
    cr_expect_eq(json_array_size(result), 3);
    cr_expect(json_is_null(at(result, "1.mid_price")));
    json_decref(result);
}

Test(rpc_market, index_prices_and_reports)
{
    json_t *result, *again;

    rpc_world_prices(&world, "60000.5", "2500", "150");
    result = rpc_world_call(&world, "public/get_index_price",
                            json_pack("{ss}", "index_name", "btc_usd"));
    expect_text(result, "index_price", "60000.5");
    expect_text(result, "grade", "valid");
    cr_expect_eq(integer_at(result, "reporters"), 5);
    again = rpc_world_call(&world, "public/get_index_price",
                           json_pack("{ss}", "index_name", "BTC"));
    cr_expect(json_equal(result, again));
    json_decref(result);
    json_decref(again);
    result = call("public/get_index_price_names", NULL);
    cr_expect_eq(json_array_size(result), 4);
    expect_text(result, "0", "btc_usd");
    json_decref(result);
    result = rpc_world_call(&world, "public/get_oracle_reports", json_object());
    cr_expect_eq(json_array_size(result), 4);
    cr_expect_eq(json_array_size(at(result, "0.reports")), 5);
    expect_text(result, "0.reports.4.reporter",
                rpc_world_address("reporter/4"));
    expect_text(result, "0.reports.4.price", "60000.5");
    cr_expect_eq(integer_at(result, "0.reports.4.timestamp"),
                 RPC_WORLD_START_MS + 1);
    json_decref(result);
}

Test(rpc_market, breakers)
{
    json_t *result = call("public/get_breakers", NULL);

    cr_expect_eq(json_array_size(result), 3);
    cr_expect(json_is_false(at(result, "0.takes_new_risk")));
    json_decref(result);
    rpc_world_prices(&world, "60000", "2500", "150");
    result = call("public/get_breakers", BTC);
    cr_expect_eq(json_array_size(result), 1);
    cr_expect(json_is_true(at(result, "0.takes_new_risk")));
    expect_text(result, "0.band", "0.05");
    expect_text(result, "0.max_price", "63000");
    json_decref(result);
}

Test(rpc_market, insurance_and_fees)
{
    json_t *result;

    trade();
    result = call("public/get_insurance", NULL);
    expect_text(result, "currency", "USDC");
    expect_text(result, "balance", "1000000");
    /* 24,000 * 0.07 %, not yet split. */
    expect_text(result, "fees", "16.8");
    json_decref(result);
    rpc_world_tick(&world, 100);
    result = call("public/get_insurance", NULL);
    expect_text(result, "fees", "0");
    expect_text(result, "treasury", "8.4");
    expect_text(result, "reporters", "0.84");
    expect_text(result, "validators", "0.84");
    expect_text(result, "balance", "1000006.72");
    json_decref(result);
}

/* ---- the node --------------------------------------------------------- */

Test(rpc_market, the_node_describes_itself)
{
    json_t *result = call("public/status", NULL);

    expect_text(result, "locked", "false");
    cr_expect(json_is_true(at(result, "ready")));
    json_decref(result);
    result = call("public/get_time", NULL);
    cr_expect_eq(json_integer_value(result), RPC_WORLD_START_MS);
    json_decref(result);
    result = call("eth_chainId", NULL);
    cr_expect_str_eq(json_string_value(result), "0x7a69");
    json_decref(result);
    result = call("public/get_genesis", NULL);
    expect_text(result, "genesis.settlement_asset", "USDC");
    cr_expect_eq(strlen(text_at(result, "id")), 66);
    json_decref(result);
    result = call("public/get_parameters", NULL);
    expect_text(result, "instruments.SOL_USDC-PERPETUAL.base", "SOL");
    json_decref(result);
}

Test(rpc_market, errors_are_listed_once)
{
    json_t *result = call("public/get_errors", NULL);

    cr_expect_gt(json_array_size(result), 50);
    for (size_t i = 0; i < json_array_size(result); i++) {
        const json_t *row = json_array_get(result, i);
        const char *life = text_at(row, "life");

        cr_expect_gt(integer_at(row, "code"), 0);
        cr_expect(strcmp(life, "final") == 0 || strcmp(life, "transient") == 0);
        for (size_t k = 0; k < i; k++)
            cr_expect_neq(integer_at(json_array_get(result, k), "code"),
                          integer_at(row, "code"));
    }
    json_decref(result);
}

/* Each method of the table once, by-name, with a result and a schema for
 * every parameter; required ones before none is said. */
Test(rpc_market, the_description_has_every_method)
{
    json_t *document = call("rpc.discover", NULL), *row, *param;
    uint32_t count;
    size_t i, k;

    (void)rpc_methods(&count);
    expect_text(document, "openrpc", "1.2.6");
    expect_text(document, "info.version", "1.0");
    cr_expect_eq(json_array_size(at(document, "methods")), count);
    json_array_foreach(json_object_get(document, "methods"), i, row)
    {
        const char *name = text_at(row, "name");

        cr_expect_not_null(rpc_method_find(name, strlen(name)));
        expect_text(row, "paramStructure", "by-name");
        cr_expect_not_null(at(row, "result.schema"));
        json_array_foreach(json_object_get(row, "params"), k, param)
        {
            cr_expect_gt(strlen(text_at(param, "name")), 0);
            cr_expect(json_is_object(at(param, "schema")), "%s", name);
            cr_expect(json_is_boolean(at(param, "required")));
        }
    }
    json_decref(document);
}

/* ---- values ----------------------------------------------------------- */

static void expect_value(json_t *value, const char *text)
{
    cr_expect_str_eq(json_string_value(value), text);
    json_decref(value);
}

Test(rpc_market, values_have_no_trailing_zeros)
{
    const struct rpc_service *service = world.service;
    const struct amount quote = amount_of(100);

    expect_value(write_value(service, amount_of(-1500000)), "-1.5");
    expect_value(write_value(service, amount_of(0)), "0");
    expect_value(write_amount(service, 1, amount_of(100000000)), "1");
    expect_value(write_price(price_of(6425050000000)), "64250.5");
    expect_value(write_qty(qty_of(-1)), "-0.00000001");
    expect_value(write_rate(rate_of(50000000)), "0.05");
    expect_value(write_u64(UINT64_MAX), "18446744073709551615");
    expect_value(write_order_id(service, 2, 12), "SOL-12");
    /* 0.0001 over 3 base units, down */
    expect_value(write_average(service, quote, qty_of(3 * QTY_ONE)),
                 "0.00003333");
    expect_value(
        write_average(service, amount_neg(quote), qty_of(-3 * QTY_ONE)),
        "0.00003333");
    expect_value(write_average(service, quote, qty_of(0)), "0");
    cr_expect_str_eq(write_order_state(200), "unknown");
    cr_expect_str_eq(write_instrument(service, MARKET_ALL), "");
}

/* ---- genesis and service ------------------------------------------------ */

static void expect_fault(const char *path, json_t *value, const char *where)
{
    static struct genesis genesis;
    json_t *document = json_load_file("conf/genesis.dev.json", 0, NULL);
    struct genesis_fault fault = {0};

    cr_assert_not_null(document);
    if (value)
        json_object_set_new(document, path, value);
    else
        json_object_del(document, path);
    cr_expect_not(genesis_json_read(&genesis, &fault, document), "%s", path);
    cr_expect(strstr(fault.where, where) || strstr(fault.what, where),
              "%s: %s: %s", path, fault.where, fault.what);
    json_decref(document);
}

Test(rpc_market, a_wrong_genesis_is_refused_with_the_place)
{
    expect_fault("unknown_key", json_true(), "unknown_key");
    expect_fault("chain_id", NULL, "chain_id");
    expect_fault("chain_id", json_string("1"), "chain_id");
    expect_fault("assets", json_array(), "asset");
    expect_fault("assets", json_true(), "assets");
    expect_fault("settlement_asset", json_string("XYZ"), "settlement_asset");
    expect_fault("validator_threshold", json_integer(0), "validator");
    expect_fault("validator_threshold", json_integer(4), "validator");
    expect_fault("gain_weight", json_real(0.95), "gain_weight");
    expect_fault("gain_weight", json_string("0.95x"), "gain_weight");
    expect_fault("settlement_contract", json_string("0x12"),
                 "settlement_contract");
}

Test(rpc_market, the_identity_is_that_of_the_canonical_text)
{
    static struct genesis one, two;
    struct genesis_fault fault;
    json_t *document = json_load_file("conf/genesis.dev.json", 0, NULL);
    char *canonical = genesis_json_canonical(document);
    json_t *copy = NULL;

    cr_assert_not_null(canonical);
    cr_assert(genesis_json_read(&one, &fault, document));
    cr_assert(
        genesis_json_parse(&two, &copy, &fault, canonical, strlen(canonical)));
    cr_expect_arr_eq(one.id.bytes, two.id.bytes, 32);
    cr_expect_null(strchr(canonical, '\n'));
    json_object_set_new(copy, "description", json_string("another"));
    cr_assert(genesis_json_read(&two, &fault, copy));
    cr_expect(memcmp(one.id.bytes, two.id.bytes, 32) != 0);
    cr_expect_not(genesis_json_parse(&two, NULL, &fault, "{\n\n!", 4));
    cr_expect_not_null(strstr(fault.where, "line 3"), "%s", fault.where);
    free(canonical);
    json_decref(copy);
    json_decref(document);
}

Test(rpc_market, names_are_found_exactly)
{
    uint16_t number;
    uint8_t validator;
    struct address stranger = {{1}};

    cr_expect(rpc_market_of(world.service, &number, BTC, strlen(BTC)));
    cr_expect_eq(number, 0);
    cr_expect_not(rpc_market_of(world.service, &number, BTC, 3));
    cr_expect(rpc_asset_of(world.service, &number, "ETH", 3));
    cr_expect_eq(number, 2);
    cr_expect_not(rpc_asset_of(world.service, &number, "", 0));
    cr_expect(rpc_feed_of(world.service, &number, "sol_usd", 7));
    cr_expect_eq(number, 2);
    cr_expect_not(rpc_reporter_of(world.service, &number, &stranger));
    cr_expect_not(rpc_validator_of(world.service, &validator, &stranger));
    cr_expect_eq(rpc_settlement_places(world.service), 6);
}
