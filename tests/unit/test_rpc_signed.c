/*
 * Signed requests: every field of every message with every wrong type, the
 * forms of signatures, who signed what, and order_debug against what a
 * wallet's library computed.
 */
#include "rpc/hex.h"
#include "rpc/method.h"
#include "tests/lib/rpc_world.h"
#include "tests/lib/vectors.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(rpc_signed);

static struct rpc_world world;

#define TRADER "trader/0"
#define HASH \
    "0xc28aba9a58689b7afcf8a47af32b655cc5522a94200d870e65ff1df1a710d53c"
#define SIGNATURE                                                           \
    "0x39f2832a12a962449e8a73c446bbd6f0aa23d40b05c3b370678fbada1a165ea152d" \
    "6292a217b5b48f83fb6e55234eda84bf00dd6ba7bbc572e74ea9bce3052981c"

static json_t *order_params(void)
{
    return json_pack("{ss ss ss ss}", "instrument_name", "BTC_USDC-PERPETUAL",
                     "direction", "buy", "amount", "0.5", "price", "60000");
}

/* ---- types ------------------------------------------------------------ */

/* A request that goes through up to the check of the signature. */
static json_t *sound(const struct rpc_method *method)
{
    const struct typed_type *type = typed_type_of(method->typed);
    json_t *params = json_object();

    for (size_t i = 0; i < type->fields_count; i++) {
        json_t *value = NULL;

        switch (type->fields[i].kind) {
        case TYPED_FIELD_ADDRESS:
            value = json_string(rpc_world_address(TRADER));
            break;
        case TYPED_FIELD_UINT32:
        case TYPED_FIELD_UINT64:
            value = json_integer(5);
            break;
        case TYPED_FIELD_STRING:
            value = json_string("");
            break;
        case TYPED_FIELD_BOOL:
            value = json_false();
            break;
        case TYPED_FIELD_BYTES32:
            value = json_string(HASH);
            break;
        case TYPED_FIELD_UINT32S:
        case TYPED_FIELD_STRINGS:
        case TYPED_FIELD_ORDERS:
        case TYPED_FIELD_CANCELS:
            value = json_array();
            break;
        }
        json_object_set_new(params, type->fields[i].name, value);
    }
    if (strcmp(method->name, "private/buy") == 0 ||
        strcmp(method->name, "private/sell") == 0)
        json_object_del(params, "direction");
    json_object_set_new(params, "signature", json_string(SIGNATURE));
    return params;
}

static const char *wrong_values(enum typed_field_kind kind)
{
    switch (kind) {
    case TYPED_FIELD_ADDRESS:
        return "[5, null, true, [], {}, \"\", \"0x12\", "
               "\"7406977ae00fa2f6e30388f1300aa9f1affb923e\", "
               "\"0x7406977ae00fa2f6e30388f1300aa9f1aFFb923E\"]";
    case TYPED_FIELD_UINT32:
        return "[-1, 4294967296, 1.0, null, true, [], {}, \"\", \"x\", "
               "\"01\"]";
    case TYPED_FIELD_UINT64:
        return "[-1, 9007199254740992, 1.0, null, true, [], {}, \"\", \"x\", "
               "\"01\", \"18446744073709551616\"]";
    case TYPED_FIELD_STRING:
        return "[5, 5.5, null, true, [], {}]";
    case TYPED_FIELD_BOOL:
        return "[0, 1, null, \"true\", [], {}]";
    case TYPED_FIELD_BYTES32:
        return "[5, null, true, [], {}, \"\", \"0x12\"]";
    case TYPED_FIELD_UINT32S:
        return "[5, null, {}, \"x\", [\"x\"], [null], [4294967296], [1.5]]";
    case TYPED_FIELD_STRINGS:
        return "[5, null, {}, \"x\", [5], [null]]";
    case TYPED_FIELD_ORDERS:
    case TYPED_FIELD_CANCELS:
        return "[5, null, {}, \"x\", [5], [null], [[]]]";
    }
    return "[]";
}

static void expect_refused(const struct rpc_method *method,
                           const struct typed_field *field, json_t *value)
{
    json_t *params = sound(method), *error;
    char *text = json_dumps(value, JSON_ENCODE_ANY);

    json_object_set(params, field->name, value);
    error = rpc_world_error(&world, method->name, params);
    cr_expect_eq(integer_at(error, "code"), -32602, "%s %s %s", method->name,
                 field->name, text);
    cr_expect_str_eq(text_at(error, "data.param"), field->name, "%s %s",
                     method->name, text);
    free(text);
    json_decref(error);
}

static void expect_fields_checked(const struct rpc_method *method)
{
    const struct typed_type *type = typed_type_of(method->typed);

    for (size_t i = 0; i < type->fields_count; i++) {
        const struct typed_field *field = &type->fields[i];
        json_t *values =
            json_loads(wrong_values(field->kind), JSON_DECODE_ANY, NULL);
        json_t *value;
        size_t k;

        cr_assert_not_null(values);
        json_array_foreach(values, k, value)
            expect_refused(method, field, value);
        json_decref(values);
    }
}

Test(rpc_signed, every_field_of_every_message_refuses_every_wrong_type)
{
    uint32_t count, checked = 0;
    const struct rpc_method *methods = rpc_methods(&count);

    rpc_world_start(&world);
    for (uint32_t i = 0; i < count; i++)
        if (methods[i].kind == RPC_SUBMIT && methods[i].typed != TYPED_NONE) {
            expect_fields_checked(&methods[i]);
            checked++;
        }
    cr_expect_geq(checked, 14);
    cr_expect_eq(engine_index(world.engine), 1);
    rpc_world_end(&world);
}

Test(rpc_signed, required_fields_must_be_there)
{
    uint32_t count;
    const struct rpc_method *methods = rpc_methods(&count);

    rpc_world_start(&world);
    for (uint32_t i = 0; i < count; i++) {
        const struct typed_type *type = typed_type_of(methods[i].typed);

        for (size_t k = 0;
             methods[i].kind == RPC_SUBMIT && type && k < type->fields_count;
             k++) {
            json_t *params = sound(&methods[i]);
            const char *name = type->fields[k].name;

            if (!type->fields[k].required || !json_object_get(params, name)) {
                json_decref(params);
                continue;
            }
            json_object_del(params, name);
            cr_expect_eq(rpc_world_code(&world, methods[i].name, params, name),
                         -32602, "%s %s", methods[i].name, name);
        }
    }
    rpc_world_end(&world);
}

/* Decimals are strings of the grammar: neither numbers nor other spellings. */
Test(rpc_signed, decimals_follow_the_grammar)
{
    static const char *const wrong[] = {"",     "1e3",   "+1",   "01", ".5",
                                        "5.",   "1,000", " 1",   "1 ", "NaN",
                                        "0x10", "--1",   "1.2.3"};

    rpc_world_start(&world);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        json_t *params = order_params();

        json_object_set_new(params, "amount", json_string(wrong[i]));
        cr_expect_eq(
            rpc_world_code(&world, "private/order",
                           rpc_world_sign(&world, "Order", TRADER, params),
                           "amount"),
            -32602, "%s", wrong[i]);
    }
    rpc_world_end(&world);
}

Test(rpc_signed, words_are_those_of_the_protocol)
{
    static const char *const cases[][2] = {
        {"direction", "Buy"}, {"direction", ""},
        {"type", "iceberg"},  {"time_in_force", "gtc"},
        {"trigger", "mark"},  {"instrument_name", "NO-PERPETUAL"},
    };

    rpc_world_start(&world);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *params = order_params();
        bool is_name = strcmp(cases[i][0], "instrument_name") == 0;

        json_object_set_new(params, cases[i][0], json_string(cases[i][1]));
        cr_expect_eq(
            rpc_world_code(&world, "private/order",
                           rpc_world_sign(&world, "Order", TRADER, params),
                           cases[i][0]),
            is_name ? 10020 : -32602, "%s", cases[i][1]);
    }
    rpc_world_end(&world);
}

Test(rpc_signed, buy_and_sell_imply_the_direction)
{
    json_t *params, *result;

    rpc_world_start(&world);
    rpc_world_deposit(&world, TRADER, "USDC", "10000");
    rpc_world_prices(&world, "60000", "2500", "150");
    params = rpc_world_sign(&world, "Order", TRADER, order_params());
    json_object_del(params, "direction");
    result = rpc_world_call(&world, "private/buy", params);
    cr_expect_str_eq(text_at(result, "order.direction"), "buy");
    json_decref(result);
    params = rpc_world_sign(&world, "Order", TRADER, order_params());
    cr_expect_eq(rpc_world_code(&world, "private/sell", params, "direction"),
                 -32602);
    /* The message of a sell is another one than that which was signed. */
    params = rpc_world_sign(&world, "Order", TRADER, order_params());
    json_object_del(params, "direction");
    cr_expect_eq(rpc_world_code(&world, "private/sell", params, "signature"),
                 20001);
    rpc_world_end(&world);
}

/* ---- signatures ------------------------------------------------------- */

static void signature_bytes(uint8_t bytes[65], const json_t *params)
{
    const char *text = text_at(params, "signature");

    cr_assert(hex_decode(bytes, 65, text, strlen(text)));
}

static json_t *with_signature(json_t *params, const uint8_t *bytes, size_t size)
{
    char text[HEX_TEXT_SIZE(80)];

    hex_encode(text, bytes, size);
    json_object_set_new(params, "signature", json_string(text));
    return params;
}

static int code_of(json_t *params)
{
    return rpc_world_code(&world, "private/order", params, "signature");
}

Test(rpc_signed, malformed_signatures_are_bad_parameters)
{
    uint8_t bytes[80] = {0};
    json_t *params;

    rpc_world_start(&world);
    params = rpc_world_sign(&world, "Order", TRADER, order_params());
    signature_bytes(bytes, params);
    cr_expect_eq(code_of(with_signature(json_deep_copy(params), bytes, 64)),
                 -32602);
    cr_expect_eq(code_of(with_signature(json_deep_copy(params), bytes, 66)),
                 -32602);
    for (int v = 0; v < 256; v++) {
        uint8_t other[65];

        memcpy(other, bytes, 65);
        other[64] = (uint8_t)v;
        if (v != 27 && v != 28)
            cr_expect_eq(
                code_of(with_signature(json_deep_copy(params), other, 65)),
                -32602, "v %d", v);
    }
    memset(bytes, 0, 32);
    cr_expect_eq(code_of(with_signature(json_deep_copy(params), bytes, 65)),
                 -32602);
    memset(bytes, 0xff, 32);
    cr_expect_eq(code_of(with_signature(json_deep_copy(params), bytes, 65)),
                 -32602);
    json_object_del(params, "signature");
    cr_expect_eq(code_of(params), -32602);
    rpc_world_end(&world);
}

/* order - s, the other v: the same key and message, but refused. */
Test(rpc_signed, the_high_s_twin_is_refused)
{
    static const uint8_t order[32] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xfe, 0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48,
        0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41};
    uint8_t bytes[65];
    json_t *params;
    int borrow = 0;

    rpc_world_start(&world);
    params = rpc_world_sign(&world, "Order", TRADER, order_params());
    signature_bytes(bytes, params);
    for (int i = 31; i >= 0; i--) {
        int digit = order[i] - bytes[32 + i] - borrow;

        borrow = digit < 0;
        bytes[32 + i] = (uint8_t)(digit + 256 * borrow);
    }
    bytes[64] = bytes[64] == 27 ? 28 : 27;
    cr_expect_eq(code_of(with_signature(params, bytes, 65)), -32602);
    rpc_world_end(&world);
}

Test(rpc_signed, a_changed_field_is_another_message)
{
    static const struct {
        const char *name, *json;
    } changes[] = {
        {"subaccount", "1"},
        {"instrument_name", "\"ETH_USDC-PERPETUAL\""},
        {"direction", "\"sell\""},
        {"amount", "\"0.50\""},
        {"price", "\"60000.0\""},
        {"type", "\"market\""},
        {"time_in_force", "\"fill_or_kill\""},
        {"good_til", "5"},
        {"post_only", "true"},
        {"reduce_only", "true"},
        {"trigger_price", "\"1\""},
        {"trigger", "\"last_price\""},
        {"max_fee", "\"1\""},
        {"label", "\"x\""},
        {"nonce", "77777"},
        {"expires", "1795406460001"},
    };
    json_t *params;

    rpc_world_start(&world);
    rpc_world_deposit(&world, TRADER, "USDC", "10000");
    params = rpc_world_sign(&world, "Order", TRADER, order_params());
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        json_t *other = json_deep_copy(params);

        json_object_set_new(other, changes[i].name,
                            json_loads(changes[i].json, JSON_DECODE_ANY, NULL));
        cr_expect_eq(code_of(other), 20001, "%s", changes[i].name);
    }
    json_decref(params);
    rpc_world_end(&world);
}

Test(rpc_signed, the_signer_is_the_owner_or_the_named_key)
{
    json_t *params, *error;

    rpc_world_start(&world);
    rpc_world_deposit(&world, TRADER, "USDC", "10000");
    rpc_world_prices(&world, "60000", "2500", "150");
    /* Another key's signature, named or not. */
    params = order_params();
    json_object_set_new(params, "owner",
                        json_string(rpc_world_address(TRADER)));
    params = rpc_world_sign(&world, "Order", "trader/1", params);
    cr_expect_eq(code_of(json_incref(params)), 20001);
    json_object_set_new(params, "signer",
                        json_string(rpc_world_address("trader/2")));
    cr_expect_eq(code_of(json_incref(params)), 20001);
    /* Named rightly it is a key, but one that may nothing. */
    json_object_set_new(params, "signer",
                        json_string(rpc_world_address("trader/1")));
    error = rpc_world_error(&world, "private/order", params);
    cr_expect_eq(integer_at(error, "code"), 20006);
    json_decref(error);
    rpc_world_end(&world);
}

Test(rpc_signed, a_session_key_acts_within_its_limits)
{
    json_t *params, *result;

    rpc_world_start(&world);
    rpc_world_deposit(&world, TRADER, "USDC", "10000");
    rpc_world_prices(&world, "60000", "2500", "150");
    result = rpc_world_request(
        &world, "private/authorize_key", "AuthorizeKey", TRADER,
        json_pack("{ss ss s[s] sI}", "key", rpc_world_address("trader/1"),
                  "scopes", "trade", "instruments", "BTC_USDC-PERPETUAL",
                  "key_expires", (json_int_t)RPC_WORLD_START_MS + 1000000));
    cr_expect(json_is_true(at(result, "enabled")));
    json_decref(result);
    params = order_params();
    json_object_set_new(params, "owner",
                        json_string(rpc_world_address(TRADER)));
    json_object_set_new(params, "signer",
                        json_string(rpc_world_address("trader/1")));
    result = rpc_world_call(
        &world, "private/order",
        rpc_world_sign(&world, "Order", "trader/1", json_deep_copy(params)));
    cr_expect_str_eq(text_at(result, "order.order_state"), "open");
    json_decref(result);
    json_object_set_new(params, "instrument_name",
                        json_string("ETH_USDC-PERPETUAL"));
    json_object_set_new(params, "price", json_string("2500"));
    cr_expect_eq(
        rpc_world_code(&world, "private/order",
                       rpc_world_sign(&world, "Order", "trader/1", params),
                       "instrument_name"),
        20010);
    result =
        rpc_world_call(&world, "private/get_keys",
                       json_pack("{ss}", "owner", rpc_world_address(TRADER)));
    cr_expect_eq(json_array_size(result), 1);
    cr_expect_str_eq(text_at(result, "0.key"), rpc_world_address("trader/1"));
    cr_expect_str_eq(text_at(result, "0.scopes.0"), "trade");
    cr_expect_str_eq(text_at(result, "0.instruments.0"), "BTC_USDC-PERPETUAL");
    cr_expect(json_is_true(at(result, "0.enabled")));
    json_decref(result);
    rpc_world_end(&world);
}

Test(rpc_signed, a_request_lives_until_it_expires)
{
    const int64_t now = RPC_WORLD_START_MS;
    const struct {
        int64_t expires;
        int code;
    } cases[] = {{now, 20002},
                 {now - 1, 20002},
                 {0, 20002},
                 {now + 24 * 3600 * 1000 + 1, 20003}};
    json_t *params, *result;

    rpc_world_start(&world);
    rpc_world_deposit(&world, TRADER, "USDC", "10000");
    for (size_t i = 0; i < 4; i++) {
        params = order_params();
        json_object_set_new(params, "expires", json_integer(cases[i].expires));
        params = rpc_world_sign(&world, "Order", TRADER, params);
        cr_expect_eq(rpc_world_code(&world, "private/order", params, "expires"),
                     cases[i].code, "%zu", i);
    }
    params = json_pack("{sI}", "expires", (json_int_t)now + 24 * 3600 * 1000);
    result = rpc_world_request(&world, "private/cancel_all", "CancelAll",
                               TRADER, params);
    cr_expect_eq(json_integer_value(result), 0);
    json_decref(result);
    rpc_world_end(&world);
}

Test(rpc_signed, a_nonce_is_used_once_and_a_repeat_answers_again)
{
    json_t *params, *first, *second;

    rpc_world_start(&world);
    rpc_world_deposit(&world, TRADER, "USDC", "10000");
    rpc_world_prices(&world, "60000", "2500", "150");
    params = rpc_world_sign(&world, "Order", TRADER, order_params());
    first = rpc_world_call(&world, "private/order", json_incref(params));
    second = rpc_world_call(&world, "private/order", json_incref(params));
    cr_expect(json_equal(first, second));
    json_decref(first);
    json_decref(second);
    /* The same nonce for something else. */
    first = order_params();
    json_object_set(first, "nonce", json_object_get(params, "nonce"));
    json_object_set_new(first, "label", json_string("other"));
    cr_expect_eq(rpc_world_code(&world, "private/order",
                                rpc_world_sign(&world, "Order", TRADER, first),
                                "nonce"),
                 20004);
    json_decref(params);
    /* A refusal is repeated, too, with its figures. */
    params = order_params();
    json_object_set_new(params, "amount", json_string("100"));
    params = rpc_world_sign(&world, "Order", TRADER, params);
    first = rpc_world_error(&world, "private/order", json_incref(params));
    second = rpc_world_error(&world, "private/order", params);
    cr_expect_eq(integer_at(first, "code"), 10009);
    cr_expect(json_equal(first, second));
    json_decref(first);
    json_decref(second);
    rpc_world_end(&world);
}

Test(rpc_signed, a_repeat_whose_past_is_unreadable_says_so)
{
    json_t *params, *error;

    rpc_world_start(&world);
    rpc_world_deposit(&world, TRADER, "USDC", "10000");
    params = rpc_world_sign(&world, "CancelAll", TRADER, json_object());
    json_decref(
        rpc_world_call(&world, "private/cancel_all", json_incref(params)));
    world.is_unreadable = true;
    error = rpc_world_error(&world, "private/cancel_all", params);
    cr_expect_eq(integer_at(error, "code"), -32001);
    json_decref(error);
    rpc_world_end(&world);
}

Test(rpc_signed, strangers_are_unknown)
{
    rpc_world_start(&world);
    cr_expect_eq(rpc_world_code(&world, "private/order",
                                rpc_world_sign(&world, "Order", "trader/9",
                                               order_params()),
                                "owner"),
                 20012);
    rpc_world_end(&world);
}

/* What has no rule yet is refused as such, once its signature is right. */
Test(rpc_signed, refusals_carry_their_figures)
{
    json_t *params, *error;

    rpc_world_start(&world);
    rpc_world_deposit(&world, TRADER, "USDC", "1000");
    rpc_world_prices(&world, "60000", "2500", "150");
    params = order_params();
    json_object_set_new(params, "amount", json_string("1"));
    params = rpc_world_sign(&world, "Order", TRADER, params);
    error = rpc_world_error(&world, "private/order", params);
    cr_expect_eq(integer_at(error, "code"), 10009);
    cr_expect_str_eq(text_at(error, "data.reason"), "not_enough_margin");
    /* 60,000 * 2 %; what a fill at the limit could cost in fees (0.05 %) is
     * taken from what is there. */
    cr_expect_str_eq(text_at(error, "data.required"), "1200");
    cr_expect_str_eq(text_at(error, "data.available"), "970");
    json_decref(error);
    rpc_world_end(&world);
}

/* ---- order_debug ------------------------------------------------------ */

Test(rpc_signed, order_debug_agrees_with_a_wallets_library)
{
    json_t *json = vectors_load("typed_data.json");
    json_t *row;
    size_t i;

    rpc_world_start(&world);
    json_array_foreach(json_object_get(json, "cases"), i, row)
    {
        const char *type = vectors_text(row, "primaryType");
        json_t *params = json_deep_copy(json_object_get(row, "message"));
        json_t *result;
        char signer[64];

        json_object_set_new(params, "primary_type", json_string(type));
        json_object_set(params, "signature", json_object_get(row, "signature"));
        result = rpc_world_call(&world, "private/order_debug", params);
        cr_expect_str_eq(text_at(result, "struct_hash"),
                         vectors_text(row, "structHash"), "%s", type);
        cr_expect_str_eq(text_at(result, "digest"), vectors_text(row, "digest"),
                         "%s", type);
        cr_expect_str_eq(text_at(result, "domain_separator"),
                         vectors_text(json, "domainSeparator"));
        snprintf(signer, sizeof signer, "%s", vectors_text(row, "signer"));
        cr_expect_str_eq(text_at(result, "signer"),
                         rpc_world_address(signer + strlen("clearingd-dev/")),
                         "%s", type);
        cr_expect_str_eq(text_at(result, "typed_data.primaryType"), type);
        cr_expect_str_eq(text_at(result, "typed_data.domain.name"),
                         "clearingd");
        json_decref(result);
    }
    cr_expect_eq(i, 14);
    cr_expect_eq(engine_index(world.engine), 1);
    rpc_world_end(&world);
    json_decref(json);
}

Test(rpc_signed, order_debug_takes_a_method_or_a_type_or_nothing)
{
    json_t *params, *by_method, *by_nothing;

    rpc_world_start(&world);
    params = rpc_world_sign(&world, "Order", TRADER, order_params());
    by_nothing =
        rpc_world_call(&world, "private/order_debug", json_deep_copy(params));
    json_object_set_new(params, "method", json_string("private/order"));
    by_method =
        rpc_world_call(&world, "private/order_debug", json_deep_copy(params));
    cr_expect(json_equal(by_method, by_nothing));
    json_decref(by_method);
    json_decref(by_nothing);
    json_object_set_new(params, "method", json_string("public/ticker"));
    cr_expect_eq(rpc_world_code(&world, "private/order_debug",
                                json_deep_copy(params), "primary_type"),
                 -32602);
    json_object_del(params, "method");
    json_object_set_new(params, "more", json_true());
    cr_expect_eq(rpc_world_code(&world, "private/order_debug",
                                json_deep_copy(params), "more"),
                 -32602);
    json_object_del(params, "more");
    json_object_set_new(params, "signature", json_string("0x00"));
    cr_expect_eq(
        rpc_world_code(&world, "private/order_debug", params, "signature"),
        -32602);
    rpc_world_end(&world);
}
