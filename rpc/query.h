/*
 * PRIVATE to rpc/: the parameters that reads share: whose account, which
 * currency, how many, from when to when.
 */
#ifndef CLEARINGD_RPC_QUERY_H
#define CLEARINGD_RPC_QUERY_H

#include "rpc/call.h"

#define QUERY_COUNT_MAX 1000
#define QUERY_MS_MAX (NANOS_MAX / NANOS_PER_MS)

/* Rows of method tables. */
#define QUERY_INSTRUMENT(is_required)                               \
    {                                                               \
        "instrument_name", RPC_PARAM_INSTRUMENT, is_required, 0, 0, \
            "an instrument"                                         \
    }
#define QUERY_CURRENCY                                          \
    {                                                           \
        "currency", RPC_PARAM_CURRENCY, false, 0, 0,            \
            "base or settlement currency; any or left out: all" \
    }
#define QUERY_KIND                                                       \
    {                                                                    \
        "kind", RPC_PARAM_TEXT, false, 0, 0,                             \
            "future (perpetuals are of that kind); any or left out: all" \
    }
#define QUERY_OWNER(is_required)                                             \
    {                                                                        \
        "owner", RPC_PARAM_ADDRESS, is_required, 0, 0, "the account's owner" \
    }
#define QUERY_SUBACCOUNT                                       \
    {                                                          \
        "subaccount", RPC_PARAM_INTEGER, false, 0, UINT32_MAX, \
            "its sub-account, 0 where left out"                \
    }
#define QUERY_COUNT                                            \
    {                                                          \
        "count", RPC_PARAM_INTEGER, false, 1, QUERY_COUNT_MAX, \
            "how many at most"                                 \
    }
#define QUERY_TIME(name, is_required)                                         \
    {                                                                         \
        name, RPC_PARAM_INTEGER, is_required, 0, QUERY_MS_MAX, "milliseconds" \
    }
#define QUERY_IGNORED(name)                                    \
    {                                                          \
        name, RPC_PARAM_BOOLEAN, false, 0, 0,                  \
            "accepted for compatibility; changes nothing here" \
    }

/* owner and subaccount; false when no owner is named. */
bool query_account(const struct rpc_call *call, struct account_id *account);

/* What a call's currency and kind select. */
struct query_filter {
    const char *currency; /* NULL: all */
    bool has_markets;     /* false: a kind that is not traded here */
};

/* False: the call is answered, no such currency. */
bool query_filter_of(struct rpc_call *call, struct query_filter *filter);
bool query_selects(const struct query_filter *filter,
                   const struct rpc_service *service, uint16_t market);

/* An integer parameter, or what stands for it when it is left out. */
int64_t query_integer(const struct rpc_call *call, const char *name,
                      int64_t otherwise);
bool query_boolean(const struct rpc_call *call, const char *name,
                   bool otherwise);
struct nanos query_time(const struct rpc_call *call, const char *name,
                        struct nanos otherwise);

/* order_id as "BTC-12"; false: left out, or answered as malformed (then the
 * call is done). */
bool query_order_id(struct rpc_call *call, uint64_t *order_id);

/* Answers with a refusal that needs no figures. */
void query_refuse(struct rpc_call *call, enum result result, enum param param);

#endif
