/*
 * Messages: JSON-RPC 2.0's own examples, JSON that is none, batches,
 * notifications, ids, transports, the envelope.
 */
#include "tests/lib/rpc_world.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(rpc_message);

static struct rpc_world world;

/* What a reply is, in a word: "-" for none, the error's code, "ok"; of a
 * batch all of them. */
static const char *verdict(const json_t *reply)
{
    static char text[512];
    size_t size = 0, count = json_is_array(reply) ? json_array_size(reply) : 1;

    if (!reply)
        return "-";
    if (json_is_array(reply))
        size = (size_t)snprintf(text, sizeof text, "[");
    for (size_t i = 0; i < count; i++) {
        const json_t *one =
            json_is_array(reply) ? json_array_get(reply, i) : reply;
        const json_t *error = json_object_get(one, "error");

        cr_expect_str_eq(text_at(one, "jsonrpc"), "2.0");
        cr_expect_not_null(json_object_get(one, "id"));
        cr_expect_neq(error != NULL, json_object_get(one, "result") != NULL);
        if (i > 0)
            size += (size_t)snprintf(text + size, sizeof text - size, " ");
        size +=
            (size_t)(error ? snprintf(text + size, sizeof text - size, "%d",
                                      (int)integer_at(error, "code"))
                           : snprintf(text + size, sizeof text - size, "ok"));
    }
    if (json_is_array(reply))
        snprintf(text + size, sizeof text - size, "]");
    return text;
}

static void expect(const char *request, const char *expected)
{
    json_t *reply = rpc_world_send(&world, RPC_HTTP_POST, request);

    cr_expect_str_eq(verdict(reply), expected, "%s", request);
    json_decref(reply);
}

/* The examples of the specification, www.jsonrpc.org, section 7; where they
 * call a method of theirs with positional parameters, ours has another name
 * and refuses those. */
Test(rpc_message, examples_of_the_specification)
{
    static const char *const cases[][2] = {
        {"{\"jsonrpc\": \"2.0\", \"method\": \"subtract\", \"params\": "
         "{\"minuend\": 42, \"subtrahend\": 23}, \"id\": 4}",
         "-32601"},
        {"{\"jsonrpc\": \"2.0\", \"method\": \"update\", \"params\": "
         "[1,2,3,4,5]}",
         "-"},
        {"{\"jsonrpc\": \"2.0\", \"method\": \"foobar\"}", "-"},
        {"{\"jsonrpc\": \"2.0\", \"method\": \"foobar\", \"id\": \"1\"}",
         "-32601"},
        {"{\"jsonrpc\": \"2.0\", \"method\": \"foobar, \"params\": \"bar\", "
         "\"baz]",
         "-32700"},
        {"{\"jsonrpc\": \"2.0\", \"method\": 1, \"params\": \"bar\"}",
         "-32600"},
        {"[{\"jsonrpc\": \"2.0\", \"method\": \"sum\", \"params\": [1,2,4], "
         "\"id\": \"1\"},{\"jsonrpc\": \"2.0\", \"method\"]",
         "-32700"},
        {"[]", "-32600"},
        {"[1]", "[-32600]"},
        {"[1,2,3]", "[-32600 -32600 -32600]"},
        {"[{\"jsonrpc\": \"2.0\", \"method\": \"public/test\", \"params\": "
         "[1,2,4], \"id\": \"1\"},"
         "{\"jsonrpc\": \"2.0\", \"method\": \"public/test\"},"
         "{\"jsonrpc\": \"2.0\", \"method\": \"subtract\", \"params\": "
         "[42,23], \"id\": \"2\"},"
         "{\"foo\": \"boo\"},"
         "{\"jsonrpc\": \"2.0\", \"method\": \"public/get_time\", "
         "\"id\": \"9\"}]",
         "[-32602 -32601 -32600 ok]"},
        {"[{\"jsonrpc\": \"2.0\", \"method\": \"public/test\"},"
         "{\"jsonrpc\": \"2.0\", \"method\": \"foobar\", \"params\": [7]}]",
         "-"},
    };

    rpc_world_start(&world);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect(cases[i][0], cases[i][1]);
    rpc_world_end(&world);
}

/* Of the JSONTestSuite (github.com/nst, MIT): texts that are no JSON, with
 * their sizes as some hold NUL. */
static const struct {
    const char *bytes;
    size_t size;
} not_json[] = {
#define TEXT(text)            \
    {                         \
        text, sizeof text - 1 \
    }
    TEXT(""),
    TEXT(" "),
    TEXT("[1 true]"),
    TEXT("[a\xe5]"),
    TEXT("[\"\": 1]"),
    TEXT("[\"\"],"),
    TEXT("[,1]"),
    TEXT("[1,,2]"),
    TEXT("[\"x\"]]"),
    TEXT("[\"\",]"),
    TEXT("[\"x\""),
    TEXT("[-]"),
    TEXT("[1,]"),
    TEXT("[*]"),
    TEXT("[tru]"),
    TEXT("[-01]"),
    TEXT("[-1.0.]"),
    TEXT("[-2.]"),
    TEXT("[-NaN]"),
    TEXT("[.-1]"),
    TEXT("[.2e-3]"),
    TEXT("[0.1.2]"),
    TEXT("[0.3e+]"),
    TEXT("[0E]"),
    TEXT("[1eE2]"),
    TEXT("[1 000.0]"),
    TEXT("[+1]"),
    TEXT("[Inf]"),
    TEXT("[NaN]"),
    TEXT("[0x1]"),
    TEXT("[012]"),
    TEXT("[1.]"),
    TEXT("[\xef\xbc\x91]"),
    TEXT("{\"x\", null}"),
    TEXT("{\"x\"::\"b\"}"),
    TEXT("{key: 'value'}"),
    TEXT("{\"a\":\"a\" 123}"),
    TEXT("{1:1}"),
    TEXT("{\"id\":0,}"),
    TEXT("{'a':0}"),
    TEXT("{\"a\":\"b\"}/**/"),
    TEXT("{\"a\":\"b\"}#"),
    TEXT("{\"a\": true} \"x\""),
    TEXT("[\"\\uD800\\u1x\"]"),
    TEXT("[\"\\x00\"]"),
    TEXT("[\"\\"),
    TEXT("[\"\\a\"]"),
    TEXT("[\"new\nline\"]"),
    TEXT("[\"\t\"]"),
    TEXT("[\"\\UA66D\"]"),
    TEXT("[\"\0\"]"),
    TEXT("abc\0"),
    TEXT("[True]"),
    TEXT("<null>"),
    TEXT("{}}"),
    TEXT("{\"asd\":\"asd\""),
    TEXT("\xef\xbb\xbf"),
#undef TEXT
};

Test(rpc_message, what_is_no_json_is_a_parse_error)
{
    rpc_world_start(&world);
    for (size_t i = 0; i < sizeof not_json / sizeof *not_json; i++) {
        json_t *reply = rpc_world_send_bytes(
            &world, RPC_UNIX, not_json[i].bytes, not_json[i].size);

        cr_expect_str_eq(verdict(reply), "-32700", "%zu: %s", i,
                         not_json[i].bytes);
        cr_expect(json_is_null(at(reply, "id")));
        json_decref(reply);
    }
    rpc_world_end(&world);
}

Test(rpc_message, deep_nesting_is_a_parse_error)
{
    static char text[100000];
    json_t *reply;

    rpc_world_start(&world);
    memset(text, '[', sizeof text);
    reply = rpc_world_send_bytes(&world, RPC_UNIX, text, sizeof text);
    cr_expect_str_eq(verdict(reply), "-32700");
    json_decref(reply);
    rpc_world_end(&world);
}

/* And texts that are JSON: never a parse error. */
Test(rpc_message, what_is_json_but_no_request)
{
    static const char *const cases[] = {
        "null",
        "42",
        "-0.1",
        "true",
        "\"asd\"",
        "\"\"",
        "{}",
        "{\"\":0}",
        "{\"a\":[]}",
        "{\"a\":\"b\",\"a\":\"b\"}",
        "{\"a\":\"b\",\"a\":\"c\"}",
        "{\"foo\\u0000bar\": 42}",
        "{\"min\": -1.0e+28, \"max\": 1.0e+28 }",
        "{\"title\":\"\\u041f\\u043e\" }",
        "{\n\"a\": \"b\"\n}",
        "{\"jsonrpc\":2.0,\"method\":\"public/test\",\"id\":1}",
        "{\"jsonrpc\":\"2.0\\u0000\",\"method\":\"public/test\",\"id\":1}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"public/test\",\"id\":{}}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"public/test\",\"id\":[1]}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"public/test\",\"id\":true}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"id\":1,\"params\":3}",
        "{\"jsonrpc\":\"2.0\",\"method\":null,\"id\":1}",
        "{\"method\":\"public/test\",\"id\":1}",
    };

    rpc_world_start(&world);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect(cases[i], "-32600");
    expect("[\"\\u0000\"]", "[-32600]");
    expect("[\"\\uD834\\uDd1e\"]", "[-32600]");
    expect("[[[[[]]]]]", "[-32600]");
    expect("[123e45, -0, 1E22, 0e+1]", "[-32600 -32600 -32600 -32600]");
    expect("{\"jsonrpc\":\"2.0\",\"method\":\"public/test\\u0000\",\"id\":1}",
           "-32601");
    rpc_world_end(&world);
}

static void expect_id(const char *id)
{
    char text[160];
    json_t *reply, *expected = json_loads(id, JSON_DECODE_ANY, NULL);

    snprintf(text, sizeof text,
             "{\"jsonrpc\":\"2.0\",\"method\":\"public/test\",\"id\":%s}", id);
    reply = rpc_world_send(&world, RPC_WEBSOCKET, text);
    cr_expect(json_equal(at(reply, "id"), expected), "%s", id);
    cr_expect_str_eq(text_at(reply, "result.version"), "1.0");
    json_decref(expected);
    json_decref(reply);
}

Test(rpc_message, the_id_comes_back_as_it_came)
{
    rpc_world_start(&world);
    expect_id("1");
    expect_id("0");
    expect_id("-5");
    expect_id("9223372036854775807");
    expect_id("1.5");
    expect_id("\"\"");
    expect_id("\"a \\u00e4 \\\" \\\\ \\n\"");
    expect_id("null");
    rpc_world_end(&world);
}

Test(rpc_message, a_number_beyond_64_bits_is_refused_under_its_id)
{
    json_t *reply;

    rpc_world_start(&world);
    reply = rpc_world_send(
        &world, RPC_HTTP_POST,
        "{\"jsonrpc\":\"2.0\",\"id\":12,\"method\":\"private/cancel\","
        "\"params\":{\"subaccount\":0,\"nonce\":18446744073709551615}}");
    cr_expect_eq(integer_at(reply, "error.code"), -32602);
    cr_expect_eq(integer_at(reply, "id"), 12);
    cr_expect_str_eq(text_at(reply, "error.data.param"), "nonce");
    json_decref(reply);
    expect("[{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"public/test\"},"
           "{\"jsonrpc\":\"2.0\",\"method\":\"public/test\"},"
           "{\"id\":99999999999999999999}]",
           "[-32602 -32602]");
    expect("{\"jsonrpc\":\"2.0\",\"method\":\"public/test\",\"params\":"
           "{\"a\":99999999999999999999}}",
           "-");
    expect("{\"id\":1e999}", "-32602");
    expect("{9999E9999:1}", "-32700");
    expect("[-1e+9999, 1eE2]", "-32700");
    expect("[123.456e789, \"1e5 \\\" 01\"]", "[-32602 -32602]");
    reply = rpc_world_send(
        &world, RPC_HTTP_POST,
        "{\"jsonrpc\":\"2.0\",\"id\":13,\"method\":\"private/order\","
        "\"params\":{\"subaccount\":0,\"amount\":-0.1E+400}}");
    cr_expect_eq(integer_at(reply, "error.code"), -32602);
    cr_expect_eq(integer_at(reply, "id"), 13);
    cr_expect_str_eq(text_at(reply, "error.data.param"), "amount");
    json_decref(reply);
    expect("{\"id\":99999999999999999999", "-32700");
    rpc_world_end(&world);
}

Test(rpc_message, a_name_that_stands_twice_is_refused)
{
    json_t *reply;

    rpc_world_start(&world);
    reply = rpc_world_send(&world, RPC_HTTP_POST,
                           "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":"
                           "\"public/test\",\"params\":{\"expected_result\":"
                           "\"a\",\"expected_result\":\"b\"}}");
    cr_expect_str_eq(verdict(reply), "-32600");
    cr_expect_eq(integer_at(reply, "id"), 3);
    json_decref(reply);
    expect("{\"id\":1,\"id\":2", "-32700");
    rpc_world_end(&world);
}

Test(rpc_message, parameters_are_named)
{
    rpc_world_start(&world);
    expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"public/ticker\","
           "\"params\":[\"BTC_USDC-PERPETUAL\"]}",
           "-32602");
    expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"public/test\","
           "\"params\":[]}",
           "ok");
    expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"public/test\","
           "\"params\":{}}",
           "ok");
    expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"public/nothing\","
           "\"params\":[1]}",
           "-32601");
    rpc_world_end(&world);
}

static char *batch_of(size_t count)
{
    static const char one[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
                              "\"public/test\"}";
    char *text = malloc(count * sizeof one + 2);
    size_t size = 0;

    cr_assert_not_null(text);
    text[size++] = '[';
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            text[size++] = ',';
        memcpy(text + size, one, sizeof one - 1);
        size += sizeof one - 1;
    }
    text[size++] = ']';
    text[size] = 0;
    return text;
}

Test(rpc_message, a_batch_has_up_to_100_calls)
{
    char *most = batch_of(100), *more = batch_of(101);
    json_t *reply;

    rpc_world_start(&world);
    reply = rpc_world_send(&world, RPC_HTTP_POST, most);
    cr_expect_eq(json_array_size(reply), 100);
    json_decref(reply);
    expect(more, "-32600");
    rpc_world_end(&world);
    free(most);
    free(more);
}

Test(rpc_message, the_envelope_tells_when)
{
    json_t *reply;

    rpc_world_start(&world);
    reply = rpc_world_send(
        &world, RPC_HTTP_POST,
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"public/test\"}");
    cr_expect_eq(integer_at(reply, "usIn"), 1000);
    cr_expect_eq(integer_at(reply, "usOut"), 2000);
    cr_expect_eq(integer_at(reply, "usDiff"), 1000);
    cr_expect(json_is_true(at(reply, "testnet")));
    json_decref(reply);
    rpc_world_end(&world);
}

Test(rpc_message, admin_methods_are_the_unix_sockets)
{
    static const char text[] =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"admin/status\"}";
    static const enum rpc_transport others[] = {RPC_HTTP_POST, RPC_WEBSOCKET};
    json_t *reply;

    rpc_world_start(&world);
    reply = rpc_world_send(&world, RPC_UNIX, text);
    cr_expect_str_eq(verdict(reply), "ok");
    json_decref(reply);
    for (size_t i = 0; i < 2; i++) {
        reply = rpc_world_send(&world, others[i], text);
        cr_expect_str_eq(verdict(reply), "-32601");
        json_decref(reply);
    }
    reply = rpc_world_get(&world, "admin/status", NULL, 0);
    cr_expect_str_eq(verdict(reply), "-32601");
    json_decref(reply);
    rpc_world_end(&world);
}

Test(rpc_message, get_never_submits)
{
    static const char *const methods[] = {"private/order", "private/cancel_all",
                                          "public/submit_deposit",
                                          "public/submit_oracle_report"};

    rpc_world_start(&world);
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        json_t *reply = rpc_world_get(&world, methods[i], NULL, 0);

        cr_expect_str_eq(verdict(reply), "-32600", "%s", methods[i]);
        json_decref(reply);
    }
    cr_expect_eq(engine_index(world.engine), 1);
    rpc_world_end(&world);
}

static struct rpc_message *one_call(struct rpc_service *service)
{
    static const char text[] =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"public/get_time\"}";
    struct rpc_message *message =
        rpc_message_parse(service, RPC_HTTP_POST, text, sizeof text - 1, 0);

    cr_assert_not_null(message);
    cr_assert_eq(rpc_message_calls(message), 1);
    return message;
}

static json_t *reply_of(struct rpc_message *message)
{
    size_t size;
    char *text = rpc_message_reply(message, &size, 1);
    json_t *reply = json_loadb(text, size, 0, NULL);

    cr_assert_not_null(reply);
    free(text);
    rpc_message_destroy(message);
    return reply;
}

Test(rpc_message, busy_and_not_ready)
{
    struct rpc_service *service = rpc_world_service();
    struct rpc_message *message = one_call(service);
    char text[256];
    json_t *reply;
    size_t size;

    rpc_call_busy(rpc_message_call(message, 0), 250);
    reply = reply_of(message);
    cr_expect_eq(integer_at(reply, "error.code"), -32005);
    cr_expect_eq(integer_at(reply, "error.data.retry_after_ms"), 250);
    json_decref(reply);
    message = one_call(service);
    rpc_call_not_ready(rpc_message_call(message, 0), "starting");
    reply = reply_of(message);
    cr_expect_eq(integer_at(reply, "error.code"), -32001);
    cr_expect_str_eq(text_at(reply, "error.data.reason"), "starting");
    json_decref(reply);
    size = rpc_reply_busy(text, sizeof text, 7);
    reply = json_loadb(text, size, 0, NULL);
    cr_expect_eq(integer_at(reply, "error.data.retry_after_ms"), 7);
    json_decref(reply);
    cr_expect_eq(rpc_reply_busy(text, 40, 7), 0);
    rpc_service_destroy(service);
}

Test(rpc_message, a_result_that_memory_was_short_for_is_internal)
{
    struct rpc_service *service = rpc_world_service();
    struct rpc_message *message = one_call(service);
    json_t *reply;

    rpc_call_result(rpc_message_call(message, 0), NULL);
    reply = reply_of(message);
    cr_expect_eq(integer_at(reply, "error.code"), -32603);
    cr_expect_str_eq(text_at(reply, "error.message"), "internal error");
    cr_expect_null(json_object_get(json_object_get(reply, "error"), "data"));
    json_decref(reply);
    rpc_service_destroy(service);
}

Test(rpc_message, urgency_is_guessed_from_the_bytes)
{
    static const char *const urgent[] = {
        "{\"method\":\"private/cancel\"}",
        "{\"method\":\"private/cancel_all_by_instrument\"}",
        "{\"method\":\"public/submit_oracle_report\"}",
        "{\"method\":\"public/submit_deposit\"}",
        "{\"method\":\"private/revoke_key\"}",
        "{\"method\":\"admin/shutdown\"}",
    };
    static const char *const normal[] = {"", "{\"method\":\"private/order\"}",
                                         "{\"method\":\"private/mass\"}",
                                         "{\"method\":\"public/ticker\"}"};

    for (size_t i = 0; i < sizeof urgent / sizeof *urgent; i++)
        cr_expect_eq(rpc_peek_urgency(urgent[i], strlen(urgent[i])), RPC_URGENT,
                     "%s", urgent[i]);
    for (size_t i = 0; i < sizeof normal / sizeof *normal; i++)
        cr_expect_eq(rpc_peek_urgency(normal[i], strlen(normal[i])), RPC_NORMAL,
                     "%s", normal[i]);
}
