#include "rpc/query.h"

#include <string.h>

bool query_account(const struct rpc_call *call, struct account_id *account)
{
    account->subaccount = (uint32_t)query_integer(call, "subaccount", 0);
    return rpc_param_address(call, "owner", &account->owner);
}

static bool is_known(const struct rpc_service *service, const char *currency)
{
    uint16_t asset;

    if (rpc_asset_of(service, &asset, currency, strlen(currency)))
        return true;
    for (uint16_t i = 0; i < service->genesis->market_count; i++)
        if (strcmp(service->genesis->markets[i].base, currency) == 0)
            return true;
    return false;
}

bool query_filter_of(struct rpc_call *call, struct query_filter *filter)
{
    const char *kind = json_string_value(json_object_get(call->params, "kind"));
    const char *currency =
        json_string_value(json_object_get(call->params, "currency"));

    filter->has_markets =
        !kind || strcmp(kind, "future") == 0 || strcmp(kind, "any") == 0;
    filter->currency =
        currency && strcmp(currency, "any") != 0 ? currency : NULL;
    if (!filter->currency || is_known(call->message->service, filter->currency))
        return true;
    query_refuse(call, result_unknown_currency, param_currency);
    return false;
}

bool query_selects(const struct query_filter *filter,
                   const struct rpc_service *service, uint16_t market)
{
    const struct genesis *genesis = service->genesis;

    if (!filter->has_markets || market >= genesis->market_count)
        return false;
    return !filter->currency ||
           strcmp(filter->currency, genesis->markets[market].base) == 0 ||
           strcmp(filter->currency, genesis->assets[ASSET_SETTLEMENT].name) ==
               0;
}

int64_t query_integer(const struct rpc_call *call, const char *name,
                      int64_t otherwise)
{
    int64_t value;

    return rpc_param_integer(call, name, &value) ? value : otherwise;
}

bool query_boolean(const struct rpc_call *call, const char *name,
                   bool otherwise)
{
    bool value;

    return rpc_param_boolean(call, name, &value) ? value : otherwise;
}

struct nanos query_time(const struct rpc_call *call, const char *name,
                        struct nanos otherwise)
{
    int64_t ms;

    return rpc_param_integer(call, name, &ms) ? nanos_of(ms * NANOS_PER_MS)
                                              : otherwise;
}

bool query_order_id(struct rpc_call *call, uint64_t *order_id)
{
    const char *text, *dash;
    uint64_t number = 0;
    size_t size;

    if (!rpc_param_text(call, "order_id", &text, &size))
        return false;
    dash = strrchr(text, '-');
    for (const char *at = dash ? dash + 1 : text; dash && *at; at++)
        if (*at < '0' || *at > '9' ||
            __builtin_mul_overflow(number, 10u, &number) ||
            __builtin_add_overflow(number, (uint64_t)(*at - '0'), &number)) {
            number = 0;
            break;
        }
    *order_id = number;
    if (number > 0 && strlen(text) == size)
        return true;
    rpc_call_bad_param(call, "order_id", "must be like BTC-12");
    return false;
}

void query_refuse(struct rpc_call *call, enum result result, enum param param)
{
    rpc_call_refused(call, result, param, amount_of(0), amount_of(0));
}
