/*
 * The operator's methods, on the Unix socket only. They are executed by the
 * daemon; here is what they take.
 */
#include "rpc/admin.h"
#include "rpc/call.h"
#include "rpc/write.h"

static const struct rpc_param level_params[] = {
    {"level", RPC_PARAM_TEXT, true, 0, 0, "error, warning, info or debug"},
};

static const struct rpc_param advance_params[] = {
    {"timestamp", RPC_PARAM_INTEGER, true, 0, INT64_MAX / 1000000,
     "milliseconds; ticks are inserted up to it"},
};

#define ADMIN(name, params, count, summary, result)                        \
    {                                                                      \
        name, RPC_ADMIN, true, TYPED_NONE, params, count, summary, result, \
            {.answer = NULL}, NULL, false                                  \
    }

static const struct rpc_method methods[] = {
    ADMIN("admin/status", NULL, 0, "How the node stands, in detail.",
          "{ready, reason, applied_index, durable_index, checkpoint_index, "
          "block_height, …}"),
    ADMIN("admin/checkpoint", NULL, 0,
          "Writes the ledger at the next block's end.", "{wanted_index}"),
    ADMIN("admin/log_level", level_params, 1, "Changes how much is logged.",
          "{level, before}"),
    ADMIN("admin/advance", advance_params, 1,
          "Moves the driven clock of a development network.",
          "{index, timestamp}"),
    ADMIN("admin/shutdown", NULL, 0, "Ends the node in good order.",
          "{stopping}"),
};

const struct rpc_method_table rpc_admin_methods = {
    methods, sizeof methods / sizeof *methods};

void rpc_admin_answer_time(struct rpc_call *call, uint64_t index,
                           struct nanos time)
{
    rpc_call_result(call, json_pack("{sI so}", "index", (json_int_t)index,
                                    "timestamp", write_ms(time)));
}

void rpc_admin_answer_status(struct rpc_call *call,
                             const struct rpc_node_status *status,
                             const struct rpc_admin_counts *counts)
{
    rpc_call_result(
        call,
        json_pack("{sb ss sI sI sI sI sb sI sI sI sI sI sI}", "ready",
                  status->is_ready, "reason", status->reason, "applied_index",
                  (json_int_t)status->applied_index, "durable_index",
                  (json_int_t)status->durable_index, "checkpoint_index",
                  (json_int_t)status->checkpoint_index, "block_height",
                  (json_int_t)status->block_height, "driven_clock",
                  status->is_driven, "connections",
                  (json_int_t)counts->connections, "queued",
                  (json_int_t)counts->queued, "held", (json_int_t)counts->held,
                  "history_bytes", (json_int_t)counts->history_bytes, "trades",
                  (json_int_t)counts->trades, "requests",
                  (json_int_t)counts->requests));
}

void rpc_admin_answer_text(struct rpc_call *call, const char *name,
                           const char *text)
{
    rpc_call_result(call, json_pack("{ss}", name, text));
}

void rpc_admin_answer_index(struct rpc_call *call, const char *name,
                            uint64_t index)
{
    rpc_call_result(call, json_pack("{sI}", name, (json_int_t)index));
}

bool rpc_admin_integer(const struct rpc_call *call, const char *name,
                       int64_t *value)
{
    return rpc_param_integer(call, name, value);
}

const char *rpc_admin_text(const struct rpc_call *call, const char *name)
{
    const char *text = "";
    size_t size;

    return rpc_param_text(call, name, &text, &size) ? text : "";
}

void rpc_admin_refuse(struct rpc_call *call, const char *param,
                      const char *reason)
{
    rpc_call_bad_param(call, param, reason);
}
