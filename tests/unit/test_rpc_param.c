/*
 * Parameters against the method table: every type with what it takes and what
 * it refuses, over POST and over GET.
 */
#include "rpc/method.h"
#include "rpc/param.h"
#include "tests/lib/rpc_world.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(rpc_param);

static struct rpc_world world;

/* Sends params (JSON text) to a method; its error code, 0 for a result. */
static int send(const char *method, const char *params)
{
    char text[600];
    json_t *reply, *error;
    int code;

    snprintf(text, sizeof text,
             "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":%s}",
             method, params);
    reply = rpc_world_send(&world, RPC_HTTP_POST, text);
    cr_assert_not_null(reply);
    error = json_object_get(reply, "error");
    code = error ? (int)integer_at(error, "code") : 0;
    if (code == -32602) {
        cr_expect_not_null(text_at(error, "data.param"));
        cr_expect_not_null(text_at(error, "data.reason"));
    }
    json_decref(reply);
    return code;
}

struct probe {
    const char *method, *params;
    int code;
};

static void expect_all(const struct probe *probes, size_t count)
{
    rpc_world_start(&world);
    rpc_world_block(&world);
    for (size_t i = 0; i < count; i++)
        cr_expect_eq(send(probes[i].method, probes[i].params), probes[i].code,
                     "%s %s: %d", probes[i].method, probes[i].params,
                     send(probes[i].method, probes[i].params));
    rpc_world_end(&world);
}
#define EXPECT_ALL(probes) expect_all(probes, sizeof probes / sizeof *probes)

#define OWNER "\"owner\":\"0x7406977Ae00Fa2f6e30388f1300AA9f1aFFb923E\""
#define BTC "\"instrument_name\":\"BTC_USDC-PERPETUAL\""

Test(rpc_param, names_are_those_of_the_table)
{
    static const struct probe probes[] = {
        {"public/ticker", "{" BTC "}", 0},
        {"public/ticker", "{}", -32602},
        {"public/ticker", "{" BTC ",\"more\":1}", -32602},
        {"public/ticker", "{\"instrument_name\":null}", -32602},
        {"public/get_time", "{\"x\":1}", -32602},
        {"private/get_positions", "{}", -32602},
    };

    EXPECT_ALL(probes);
}

Test(rpc_param, instruments_indexes_and_currencies)
{
    static const struct probe probes[] = {
        {"public/ticker", "{\"instrument_name\":\"NO_USDC-PERPETUAL\"}", 10020},
        {"public/ticker", "{\"instrument_name\":\"\"}", 10020},
        {"public/ticker", "{\"instrument_name\":\"btc_usdc-perpetual\"}",
         10020},
        {"public/ticker", "{\"instrument_name\":5}", -32602},
        {"public/ticker", "{\"instrument_name\":\"BTC_USDC-PERPETUAL\\u0000\"}",
         -32602},
        {"public/get_index_price", "{\"index_name\":\"btc_usd\"}", 0},
        {"public/get_index_price", "{\"index_name\":\"BTC\"}", 0},
        {"public/get_index_price", "{\"index_name\":\"xyz\"}", -32602},
        {"public/get_index_price", "{\"index_name\":[]}", -32602},
        {"public/get_instruments", "{}", 0},
        {"public/get_instruments", "{\"currency\":\"any\"}", 0},
        {"public/get_instruments", "{\"currency\":\"SOL\"}", 0},
        {"public/get_instruments", "{\"currency\":\"DOGE\"}", 20013},
        {"public/get_instruments", "{\"currency\":1}", -32602},
    };

    EXPECT_ALL(probes);
}

Test(rpc_param, integers_are_in_range)
{
    static const struct probe probes[] = {
        {"public/get_order_book", "{" BTC ",\"depth\":1}", 0},
        {"public/get_order_book", "{" BTC ",\"depth\":10000}", 0},
        {"public/get_order_book", "{" BTC ",\"depth\":0}", -32602},
        {"public/get_order_book", "{" BTC ",\"depth\":10001}", -32602},
        {"public/get_order_book", "{" BTC ",\"depth\":-1}", -32602},
        {"public/get_order_book", "{" BTC ",\"depth\":1.0}", -32602},
        {"public/get_order_book", "{" BTC ",\"depth\":\"5\"}", -32602},
        {"public/get_order_book", "{" BTC ",\"depth\":true}", -32602},
        {"private/get_positions", "{" OWNER ",\"subaccount\":4294967295}",
         20012},
        {"private/get_positions", "{" OWNER ",\"subaccount\":4294967296}",
         -32602},
        {"private/get_positions", "{" OWNER ",\"subaccount\":-1}", -32602},
    };

    EXPECT_ALL(probes);
}

Test(rpc_param, sixty_four_bit_numbers)
{
    static const struct probe probes[] = {
        {"public/get_block", "{\"height\":1}", 0},
        {"public/get_block", "{\"height\":\"1\"}", 0},
        {"public/get_block", "{\"height\":\"01\"}", -32602},
        {"public/get_block", "{\"height\":\"\"}", -32602},
        {"public/get_block", "{\"height\":\"1 \"}", -32602},
        {"public/get_block", "{\"height\":\"-1\"}", -32602},
        {"public/get_block", "{\"height\":1.5}", -32602},
        {"public/get_block", "{\"height\":-1}", -32602},
        {"public/get_blocks", "{\"start_height\":\"18446744073709551615\"}", 0},
        {"public/get_blocks", "{\"start_height\":\"18446744073709551616\"}",
         -32602},
        {"public/get_blocks", "{\"start_height\":9007199254740991}", 0},
        {"public/get_blocks", "{\"start_height\":9007199254740992}", -32602},
    };

    EXPECT_ALL(probes);
}

Test(rpc_param, addresses_hashes_booleans_lists)
{
    static const struct probe probes[] = {
        {"private/get_keys", "{" OWNER "}", 0},
        {"private/get_keys",
         "{\"owner\":\"0x7406977ae00fa2f6e30388f1300aa9f1affb923e\"}", 0},
        {"private/get_keys",
         "{\"owner\":\"0x7406977ae00fa2f6e30388f1300aa9f1aFFb923E\"}", -32602},
        {"private/get_keys",
         "{\"owner\":\"7406977ae00fa2f6e30388f1300aa9f1affb923e\"}", -32602},
        {"private/get_keys",
         "{\"owner\":\"0x7406977ae00fa2f6e30388f1300aa9f1affb92\"}", -32602},
        {"private/get_keys", "{\"owner\":12}", -32602},
        {"public/get_block",
         "{\"hash\":\"0x0101010101010101010101010101010101010101010101010101"
         "010101010101\"}",
         0},
        {"public/get_block", "{\"hash\":\"0x01\"}", -32602},
        {"public/get_block",
         "{\"hash\":\"0x01010101010101010101010101010101010101010101010101010"
         "1010101010g\"}",
         -32602},
        {"public/get_instruments", "{\"expired\":false}", 0},
        {"public/get_instruments", "{\"expired\":\"false\"}", -32602},
        {"public/get_instruments", "{\"expired\":0}", -32602},
        {"public/submit_oracle_report", "{\"package\":[]}", -32602},
        {"public/submit_oracle_report", "{\"payload\":\"0x1\"}", -32602},
        {"public/submit_oracle_report", "{\"payload\":\"00\"}", -32602},
        {"public/submit_oracle_report", "{}", -32602},
    };

    EXPECT_ALL(probes);
}

Test(rpc_param, a_refusal_names_parameter_and_reason)
{
    json_t *error;

    rpc_world_start(&world);
    error = rpc_world_error(&world, "public/get_order_book",
                            json_pack("{ss sf}", "instrument_name",
                                      "BTC_USDC-PERPETUAL", "depth", 2.5));
    cr_expect_eq(integer_at(error, "code"), -32602);
    cr_expect_str_eq(text_at(error, "data.param"), "depth");
    cr_expect_str_eq(text_at(error, "data.reason"), "must be a whole number");
    json_decref(error);
    error = rpc_world_error(&world, "public/ticker",
                            json_pack("{ss}", "instrument_name", "X"));
    cr_expect_str_eq(text_at(error, "data.param"), "instrument_name");
    cr_expect_str_eq(text_at(error, "data.reason"), "invalid_instrument");
    json_decref(error);
    rpc_world_end(&world);
}

/* ---- GET ------------------------------------------------------------- */

static int get(const char *method, const char *name, const char *value)
{
    const struct rpc_query_param params[] = {
        {"instrument_name", "BTC_USDC-PERPETUAL"}, {name, value}};
    json_t *reply = rpc_world_get(&world, method, params, name ? 2 : 1);
    json_t *error = json_object_get(reply, "error");
    int code = error ? (int)integer_at(error, "code") : 0;

    cr_expect(json_is_null(at(reply, "id")));
    json_decref(reply);
    return code;
}

Test(rpc_param, get_converts_texts_by_the_table)
{
    rpc_world_start(&world);
    cr_expect_eq(get("public/ticker", NULL, NULL), 0);
    cr_expect_eq(get("public/get_order_book", "depth", "5"), 0);
    cr_expect_eq(get("public/get_order_book", "depth", "0"), -32602);
    cr_expect_eq(get("public/get_order_book", "depth", "5.0"), -32602);
    cr_expect_eq(get("public/get_order_book", "depth", ""), -32602);
    cr_expect_eq(get("public/get_order_book", "depth", " 5"), -32602);
    cr_expect_eq(get("public/get_order_book", "depth", "+5"), -32602);
    cr_expect_eq(get("public/get_order_book", "depth", "5x"), -32602);
    cr_expect_eq(
        get("public/get_order_book", "depth", "99999999999999999999999"),
        -32602);
    cr_expect_eq(get("public/get_order_book", "nothing", "5"), -32602);
    cr_expect_eq(get("public/ticker", "instrument_name", "ETH_USDC-PERPETUAL"),
                 -32602);
    cr_expect_eq(
        get("public/get_last_trades_by_instrument", "include_old", "true"), 0);
    cr_expect_eq(
        get("public/get_last_trades_by_instrument", "include_old", "1"),
        -32602);
    cr_expect_eq(get("public/get_last_trades_by_instrument", "start_timestamp",
                     "1795406400000"),
                 0);
    rpc_world_end(&world);
}

Test(rpc_param, numbers_as_text_or_integer)
{
    static const struct {
        const char *json;
        bool is_number;
        uint64_t number;
    } cases[] = {
        {"0", true, 0},
        {"\"0\"", true, 0},
        {"9007199254740991", true, 9007199254740991u},
        {"9007199254740992", false, 0},
        {"\"18446744073709551615\"", true, UINT64_MAX},
        {"\"18446744073709551616\"", false, 0},
        {"\"00\"", false, 0},
        {"\"1e3\"", false, 0},
        {"\"0x10\"", false, 0},
        {"\"+1\"", false, 0},
        {"null", false, 0},
        {"true", false, 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *value = json_loads(cases[i].json, JSON_DECODE_ANY, NULL);
        uint64_t number = 0;

        cr_expect_eq(param_number64_of(value, &number), cases[i].is_number,
                     "%s", cases[i].json);
        if (cases[i].is_number)
            cr_expect_eq(number, cases[i].number, "%s", cases[i].json);
        json_decref(value);
    }
}

/* ---- the table itself -------------------------------------------------- */

Test(rpc_param, the_table_is_sorted_and_every_row_is_found)
{
    uint32_t count;
    const struct rpc_method *methods = rpc_methods(&count);

    cr_assert_gt(count, 60);
    for (uint32_t i = 0; i < count; i++) {
        cr_expect_eq(rpc_method_find(methods[i].name, strlen(methods[i].name)),
                     &methods[i], "%s", methods[i].name);
        if (i > 0)
            cr_expect_lt(strcmp(methods[i - 1].name, methods[i].name), 0, "%s",
                         methods[i].name);
        cr_expect_gt(strlen(methods[i].summary), 0, "%s", methods[i].name);
        cr_expect_gt(strlen(methods[i].result), 0, "%s", methods[i].name);
        for (uint32_t j = 0; j < methods[i].param_count; j++)
            for (uint32_t k = 0; k < j; k++)
                cr_expect_str_neq(methods[i].params[j].name,
                                  methods[i].params[k].name, "%s",
                                  methods[i].name);
    }
    cr_expect_null(rpc_method_find("", 0));
    cr_expect_null(rpc_method_find("public/ticke", 12));
    cr_expect_null(rpc_method_find("zzz", 3));
}

static const char *wrong_of(enum rpc_param_type type)
{
    switch (type) {
    case RPC_PARAM_TEXT:
    case RPC_PARAM_INSTRUMENT:
    case RPC_PARAM_CURRENCY:
    case RPC_PARAM_INDEX:
    case RPC_PARAM_ADDRESS:
    case RPC_PARAM_HASH:
    case RPC_PARAM_HEX:
    case RPC_PARAM_DECIMAL:
        return "17";
    case RPC_PARAM_INTEGER:
    case RPC_PARAM_NUMBER64:
    case RPC_PARAM_BOOLEAN:
    case RPC_PARAM_LIST:
    case RPC_PARAM_OBJECT:
        return "\"x\"";
    }
    return "null";
}

/* Whatever the method: a wrong type is answered, with the parameter's name. */
Test(rpc_param, every_parameter_of_every_method_refuses_a_wrong_type)
{
    uint32_t count;
    const struct rpc_method *methods = rpc_methods(&count);
    static const char *const nobodys[] = {"{}", "null", "1.5"};

    rpc_world_start(&world);
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t j = 0; j < methods[i].param_count; j++) {
            const struct rpc_param *param = &methods[i].params[j];
            char text[160];

            if (methods[i].is_admin)
                continue;
            snprintf(text, sizeof text, "{\"%s\":%s}", param->name,
                     wrong_of(param->type));
            cr_expect_eq(send(methods[i].name, text), -32602, "%s %s",
                         methods[i].name, text);
            for (size_t k = param->type == RPC_PARAM_OBJECT; k < 3; k++) {
                snprintf(text, sizeof text, "{\"%s\":%s}", param->name,
                         nobodys[k]);
                cr_expect_eq(send(methods[i].name, text), -32602, "%s %s",
                             methods[i].name, text);
            }
        }
    rpc_world_end(&world);
}
