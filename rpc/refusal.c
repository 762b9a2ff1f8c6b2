/*
 * Refusals as the protocol's errors: positive codes of the append-only list,
 * -32602 for parameters that break the grammar.
 */
#include "rpc/call.h"
#include "rpc/write.h"

void rpc_call_refused(struct rpc_call *call, enum result result,
                      enum param param, struct amount required,
                      struct amount available)
{
    const struct rpc_service *service = call->message->service;
    const struct result_info *info = result_find((uint32_t)result);
    json_t *data = json_object();

    check(info && result != result_ok);
    if (data) {
        write_set(data, "reason", json_string(info->name));
        if (param != param_none)
            write_set(data, "param", json_string(param_name(param)));
        if (!amount_is_zero(required) || !amount_is_zero(available)) {
            write_set(data, "required", write_value(service, required));
            write_set(data, "available", write_value(service, available));
        }
    }
    rpc_call_error(call, (int)result, info->sentence, data);
}

void rpc_call_bad_param(struct rpc_call *call, const char *param,
                        const char *reason)
{
    rpc_call_error(call, -32602, "invalid params",
                   json_pack("{ss ss}", "param", param, "reason", reason));
}
