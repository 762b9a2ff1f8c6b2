/*
 * The node itself: time, greeting, status, the network's definition, the
 * list of errors, the description of all methods.
 */
#include "rpc/call.h"
#include "rpc/genesis_json.h"
#include "rpc/openrpc.h"
#include "rpc/write.h"

#include <stdio.h>
#include <time.h>

static void answer_test(struct rpc_call *call)
{
    rpc_call_result(
        call, json_pack("{ss}", "version", call->message->service->version));
}

/* The engine's clock, which orders, expiries and reports are judged by. */
static void read_time(struct rpc_call *call, const struct engine *engine,
                      const struct rpc_node *node)
{
    struct rpc_node_status status;
    struct timespec now;

    node->status(node->ctx, &status);
    if (status.is_driven) {
        rpc_call_result(call, write_ms(engine_time(engine)));
        return;
    }
    clock_gettime(CLOCK_REALTIME, &now);
    rpc_call_result(
        call, json_integer(now.tv_sec * 1000 + now.tv_nsec / NANOS_PER_MS));
}

static void read_status(struct rpc_call *call, const struct engine *engine,
                        const struct rpc_node *node)
{
    struct rpc_node_status status;

    node->status(node->ctx, &status);
    rpc_call_result(
        call, json_pack("{ss so ss sb sI sI sI sI so sb so}", "locked", "false",
                        "locked_indices", json_array(), "reason", status.reason,
                        "ready", status.is_ready, "applied_index",
                        (json_int_t)status.applied_index, "durable_index",
                        (json_int_t)status.durable_index, "checkpoint_index",
                        (json_int_t)status.checkpoint_index, "block_height",
                        (json_int_t)status.block_height, "timestamp",
                        write_ms(engine_time(engine)), "driven_clock",
                        status.is_driven, "network",
                        write_hash(&engine_genesis(engine)->id)));
}

static void answer_errors(struct rpc_call *call)
{
    uint32_t count;
    const struct result_info *list = result_list(&count);
    json_t *result = json_array();

    for (uint32_t i = 0; result && i < count; i++) {
        if (list[i].code == result_ok)
            continue;
        if (json_array_append_new(
                result,
                json_pack("{si ss ss ss}", "code", (int)list[i].code, "name",
                          list[i].name, "text", list[i].sentence, "life",
                          list[i].is_transient ? "transient" : "final"))) {
            json_decref(result);
            result = NULL;
        }
    }
    rpc_call_result(call, result);
}

static void answer_genesis(struct rpc_call *call)
{
    const struct rpc_service *service = call->message->service;

    rpc_call_result(call, json_pack("{so sO}", "id",
                                    write_hash(&service->genesis->id),
                                    "genesis", service->genesis_document));
}

/* The parameters in force, every default written out. */
static void answer_parameters(struct rpc_call *call)
{
    const struct rpc_service *service = call->message->service;
    json_t *markets = json_object();

    for (uint16_t i = 0; markets && i < service->genesis->market_count; i++)
        if (!write_set(markets, service->genesis->markets[i].name,
                       genesis_json_of_market(service->genesis, i))) {
            json_decref(markets);
            markets = NULL;
        }
    rpc_call_result(call, json_pack("{so}", "instruments", markets));
}

static void answer_discover(struct rpc_call *call)
{
    rpc_call_result(call, openrpc_document(call->message->service->version,
                                           "http://127.0.0.1:8650/api/v2"));
}

static void answer_chain_id(struct rpc_call *call)
{
    char text[24];

    snprintf(text, sizeof text, "0x%llx",
             (unsigned long long)call->message->service->genesis->chain_id);
    rpc_call_result(call, json_string(text));
}

static const struct rpc_param hello_params[] = {
    {"client_name", RPC_PARAM_TEXT, false, 0, 0, "the client's name"},
    {"client_version", RPC_PARAM_TEXT, false, 0, 0, "and version"},
};

static const struct rpc_param test_params[] = {
    {"expected_result", RPC_PARAM_TEXT, false, 0, 0,
     "accepted for "
     "compatibility"},
};

#define ANSWER(name, params, count, handler, summary, result)              \
    {                                                                      \
        name, RPC_DONE, false, TYPED_NONE, params, count, summary, result, \
            {.answer = handler}, NULL, false                               \
    }
#define READ(name, handler, summary, result)                         \
    {                                                                \
        name, RPC_READ, false, TYPED_NONE, NULL, 0, summary, result, \
            {.read = handler}, NULL, false                           \
    }

static const struct rpc_method methods[] = {
    ANSWER("public/test", test_params, 1, answer_test, "Is anybody there?",
           "{version}"),
    ANSWER("public/hello", hello_params, 2, answer_test, "Introduces a client.",
           "{version}"),
    READ("public/get_time", read_time, "The node's time.", "milliseconds"),
    READ("public/status", read_status, "How the node stands.",
         "{locked, ready, applied_index, durable_index, checkpoint_index, "
         "block_height, timestamp, …}"),
    ANSWER("public/get_errors", NULL, 0, answer_errors,
           "Every error code of the engine.", "[{code, name, text, life}]"),
    ANSWER("public/get_genesis", NULL, 0, answer_genesis,
           "The network's definition and identity.", "{id, genesis}"),
    ANSWER("public/get_parameters", NULL, 0, answer_parameters,
           "The parameters in force, defaults written out.", "{instruments}"),
    ANSWER("rpc.discover", NULL, 0, answer_discover,
           "This description of all methods.", "an OpenRPC document"),
    ANSWER("eth_chainId", NULL, 0, answer_chain_id,
           "The settlement contract's chain.", "0x hex"),
};

const struct rpc_method_table rpc_node_methods = {methods, sizeof methods /
                                                               sizeof *methods};
