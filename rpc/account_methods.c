/*
 * Accounts as they are now: sub-accounts, summaries, open orders, session
 * keys, withdrawals. State is public: whoever names an account may read it.
 */
#include "engine/view.h"
#include "rpc/collateral.h"
#include "rpc/query.h"
#include "rpc/rows.h"
#include "rpc/write.h"

#include <stdlib.h>
#include <string.h>

#define LIST_MAX 1000u

/* The account that owner and subaccount name. False: answered, it was never
 * opened. */
static bool read_account(struct rpc_call *call, const struct engine *engine,
                         struct view_account *account)
{
    struct account_id id;

    if (query_account(call, &id) && view_account(engine, &id, account))
        return true;
    query_refuse(call, result_unknown_account, param_owner);
    return false;
}

/* ---- summaries -------------------------------------------------------- */

/* Which tier a volume gives is in no view; with one tier there is no doubt. */
static json_t *fee_tier(const struct rpc_service *service)
{
    return service->genesis->fees.tier_count == 1 ? json_integer(0)
                                                  : json_null();
}

static bool set_identity(json_t *object, const struct view_account *account)
{
    return write_set(object, "owner", write_address(&account->id.owner)) &&
           write_set(object, "subaccount",
                     json_integer((json_int_t)account->id.subaccount)) &&
           write_set(object, "in_liquidation",
                     json_boolean(account->is_in_liquidation)) &&
           write_set(object, "creation_timestamp", write_ms(account->opened)) &&
           write_set(object, "open_orders",
                     json_integer((json_int_t)account->order_count)) &&
           write_set(object, "positions",
                     json_integer((json_int_t)account->position_count));
}

/* Free for new risk; negative where open orders already ask for more. */
static struct amount available(const struct view_margin *margin)
{
    return amount_sub(margin->equity_initial, margin->initial_open);
}

static struct amount free_for_withdrawal(const struct view_margin *margin)
{
    return amount_sub(margin->equity_withdrawal, margin->initial_open);
}

/* The whole account, in the settlement asset. */
static json_t *settlement_summary(const struct rpc_service *service,
                                  const struct engine *engine,
                                  const struct view_account *account)
{
    const struct view_margin *margin = &account->margin;
    struct amount most = amount_min(margin->cash, free_for_withdrawal(margin));

    return json_pack(
        "{ss so so so so so so so so so so so ss so}", "currency",
        write_currency(service, ASSET_SETTLEMENT), "balance",
        write_value(service, margin->cash), "equity",
        write_value(service, margin->equity), "margin_balance",
        write_value(service, margin->equity_initial), "initial_margin",
        write_value(service, margin->initial_open), "maintenance_margin",
        write_value(service, margin->maintenance), "projected_initial_margin",
        write_value(service, margin->initial), "projected_maintenance_margin",
        write_value(service, margin->maintenance_open), "available_funds",
        write_value(service, available(margin)), "available_withdrawal_funds",
        write_value(service, amount_max(most, amount_of(0))), "total_pl",
        write_value(service, margin->gain), "session_upl",
        write_value(service, margin->gain), "margin_model", "cross_sm",
        "collaterals", collateral_rows(service, engine, account));
}

/* A collateral currency alone: no requirement is in it. */
static json_t *collateral_summary(const struct rpc_service *service,
                                  const struct engine *engine,
                                  const struct view_account *account,
                                  uint16_t asset)
{
    struct amount held = account->balances[asset];
    struct amount releasable = collateral_releasable(
        engine, asset, held, free_for_withdrawal(&account->margin));

    return json_pack("{ss so so so ss ss so so ss}", "currency",
                     write_currency(service, asset), "balance",
                     write_amount(service, asset, held), "equity",
                     write_amount(service, asset, held), "margin_balance",
                     write_amount(service, asset, held), "initial_margin", "0",
                     "maintenance_margin", "0", "available_funds",
                     write_amount(service, asset, releasable),
                     "available_withdrawal_funds",
                     write_amount(service, asset, releasable), "total_pl", "0");
}

static json_t *write_summary(const struct rpc_service *service,
                             const struct engine *engine,
                             const struct view_account *account, uint16_t asset)
{
    json_t *object = asset == ASSET_SETTLEMENT
                         ? settlement_summary(service, engine, account)
                         : collateral_summary(service, engine, account, asset);

    if (object && set_identity(object, account) &&
        write_set(object, "fee_tier", fee_tier(service)))
        return object;
    json_decref(object);
    return NULL;
}

static void read_summary(struct rpc_call *call, const struct engine *engine,
                         const struct rpc_node *node)
{
    const struct rpc_service *service = call->message->service;
    uint16_t asset = ASSET_SETTLEMENT;
    struct view_account account;
    const char *name;
    size_t size;

    (void)node;
    if (rpc_param_text(call, "currency", &name, &size) &&
        strcmp(name, "any") != 0 &&
        !rpc_asset_of(service, &asset, name, size)) {
        query_refuse(call, result_unknown_currency, param_currency);
        return;
    }
    if (read_account(call, engine, &account))
        rpc_call_result(call, write_summary(service, engine, &account, asset));
}

static void read_summaries(struct rpc_call *call, const struct engine *engine,
                           const struct rpc_node *node)
{
    const struct rpc_service *service = call->message->service;
    struct rows rows = rows_begin();
    struct view_account account;
    json_t *result;

    (void)node;
    if (!read_account(call, engine, &account)) {
        json_decref(rows.list);
        return;
    }
    for (uint16_t i = 0; i < account.balance_count; i++)
        rows_add(&rows, write_summary(service, engine, &account, i));
    result = json_pack("{so}", "summaries", rows_end(&rows));
    if (result && !set_identity(result, &account)) {
        json_decref(result);
        result = NULL;
    }
    rpc_call_result(call, result);
}

/* ---- sub-accounts ----------------------------------------------------- */

static json_t *write_subaccount(const struct rpc_service *service,
                                const struct engine *engine,
                                const struct account_id *id)
{
    struct view_account account;
    json_t *object;

    if (!view_account(engine, id, &account))
        return NULL;
    object = json_pack("{ss so so}", "type",
                       id->subaccount == 0 ? "main" : "subaccount", "balance",
                       write_value(service, account.margin.cash), "equity",
                       write_value(service, account.margin.equity));
    if (object && set_identity(object, &account))
        return object;
    json_decref(object);
    return NULL;
}

static void read_subaccounts(struct rpc_call *call, const struct engine *engine,
                             const struct rpc_node *node)
{
    uint32_t numbers[LIST_MAX], count;
    struct account_id id = {0};
    struct rows rows;

    (void)node;
    query_account(call, &id);
    count = view_subaccounts(engine, &id.owner, numbers, LIST_MAX);
    if (count == 0) {
        query_refuse(call, result_unknown_account, param_owner);
        return;
    }
    rows = rows_begin();
    for (uint32_t i = 0; i < count && i < LIST_MAX; i++) {
        id.subaccount = numbers[i];
        rows_add(&rows, write_subaccount(call->message->service, engine, &id));
    }
    rpc_call_result(call, rows_end(&rows));
}

/* ---- open orders ------------------------------------------------------ */

/* Deribit's words for the two kinds of open orders; left out: both. */
static bool is_of_type(const struct rpc_call *call,
                       const struct order_view *order)
{
    const char *type = json_string_value(json_object_get(call->params, "type"));
    bool is_waiting = order->state == ORDER_UNTRIGGERED;

    if (!type || strcmp(type, "all") == 0)
        return true;
    if (strcmp(type, "trigger_all") == 0)
        return is_waiting;
    return !is_waiting &&
           strcmp(type, write_order_type(order->terms.type)) == 0;
}

static json_t *write_orders(const struct rpc_call *call,
                            const struct query_filter *filter,
                            const struct order_view *orders, uint32_t count)
{
    const struct rpc_service *service = call->message->service;
    struct rows rows = rows_begin();

    for (uint32_t i = 0; i < count; i++)
        if (query_selects(filter, service, orders[i].terms.market) &&
            is_of_type(call, &orders[i]))
            rows_add(&rows, write_order(service, &orders[i]));
    return rows_end(&rows);
}

static void read_orders(struct rpc_call *call, const struct engine *engine,
                        const struct rpc_node *node)
{
    uint32_t capacity = engine_genesis(engine)->capacities.account_orders;
    uint16_t market = MARKET_ALL;
    struct view_account account;
    struct query_filter filter;
    struct order_view *orders;
    uint32_t count;

    (void)node;
    if (!query_filter_of(call, &filter) ||
        !read_account(call, engine, &account))
        return;
    rpc_param_market(call, "instrument_name", &market);
    orders = calloc(capacity ? capacity : 1, sizeof *orders);
    if (!orders) {
        rpc_call_result(call, NULL);
        return;
    }
    count = view_orders(engine, &account.id, market, orders, capacity);
    rpc_call_result(call, write_orders(call, &filter, orders,
                                       count < capacity ? count : capacity));
    free(orders);
}

/* ---- keys and withdrawals --------------------------------------------- */

static json_t *write_scopes(uint32_t scopes)
{
    struct rows rows = rows_begin();

    if (scopes & SCOPE_TRADE)
        rows_add(&rows, json_string("trade"));
    if (scopes & SCOPE_CANCEL)
        rows_add(&rows, json_string("cancel"));
    if (scopes & SCOPE_TRANSFER)
        rows_add(&rows, json_string("transfer"));
    return rows_end(&rows);
}

static json_t *write_key(const struct rpc_service *service,
                         const struct view_key *key, struct nanos now)
{
    struct rows subaccounts = rows_begin(), markets = rows_begin();

    for (uint32_t i = 0; i < key->subaccount_count; i++)
        rows_add(&subaccounts, json_integer((json_int_t)key->subaccounts[i]));
    for (uint32_t i = 0; i < key->market_count; i++)
        rows_add(&markets,
                 json_string(write_instrument(service, key->markets[i])));
    return json_pack("{so so so so so so sb}", "key", write_address(&key->key),
                     "scopes", write_scopes(key->scopes), "subaccounts",
                     rows_end(&subaccounts), "instruments", rows_end(&markets),
                     "max_exposure", write_value(service, key->max_exposure),
                     "key_expires", write_ms(key->expires), "enabled",
                     nanos_cmp(key->expires, now) > 0);
}

static void read_keys(struct rpc_call *call, const struct engine *engine,
                      const struct rpc_node *node)
{
    struct view_key *keys = calloc(LIST_MAX, sizeof *keys);
    struct account_id id = {0};
    struct rows rows;
    uint32_t count;

    (void)node;
    if (!keys) {
        rpc_call_result(call, NULL);
        return;
    }
    query_account(call, &id);
    count = view_keys(engine, &id.owner, keys, LIST_MAX);
    rows = rows_begin();
    for (uint32_t i = 0; i < count && i < LIST_MAX; i++)
        rows_add(&rows, write_key(call->message->service, &keys[i],
                                  engine_time(engine)));
    free(keys);
    rpc_call_result(call, rows_end(&rows));
}

static json_t *write_withdrawal(const struct rpc_service *service,
                                const struct view_withdrawal *withdrawal)
{
    return json_pack(
        "{so ss so so ss so sI}", "withdrawal_id", write_u64(withdrawal->id),
        "currency", write_currency(service, withdrawal->asset), "amount",
        write_amount(service, withdrawal->asset, withdrawal->amount),
        "recipient", write_address(&withdrawal->recipient), "state",
        "unconfirmed", "created_timestamp", write_ms(withdrawal->time), "index",
        (json_int_t)withdrawal->index);
}

static void read_withdrawals(struct rpc_call *call, const struct engine *engine,
                             const struct rpc_node *node)
{
    const struct rpc_service *service = call->message->service;
    uint32_t most = (uint32_t)query_integer(call, "count", 10), count;
    struct view_withdrawal list[LIST_MAX];
    struct query_filter filter;
    struct account_id id = {0};
    struct rows rows;

    (void)node;
    query_account(call, &id);
    if (!query_filter_of(call, &filter))
        return;
    count = view_withdrawals(engine, &id, list, LIST_MAX);
    rows = rows_begin();
    for (uint32_t i = 0; i < count && i < LIST_MAX; i++) {
        const char *currency = write_currency(service, list[i].asset);

        if ((!filter.currency || strcmp(filter.currency, currency) == 0) &&
            json_array_size(rows.list) < most)
            rows_add(&rows, write_withdrawal(service, &list[i]));
    }
    rpc_call_result(call, json_pack("{sI so}", "count", (json_int_t)count,
                                    "data", rows_end(&rows)));
}

/* ---- the table -------------------------------------------------------- */

#define EXTENDED QUERY_IGNORED("extended")
#define ORDER_TYPE                                             \
    {                                                          \
        "type", RPC_PARAM_TEXT, false, 0, 0,                   \
            "all, limit, market or trigger_all; left out: all" \
    }

static const struct rpc_param owner_params[] = {
    QUERY_OWNER(true), QUERY_IGNORED("with_portfolio")};
static const struct rpc_param summary_params[] = {
    QUERY_OWNER(true),
    QUERY_SUBACCOUNT,
    {"currency", RPC_PARAM_CURRENCY, false, 0, 0,
     "the settlement asset where left out"},
    EXTENDED};
static const struct rpc_param account_params[] = {QUERY_OWNER(true),
                                                  QUERY_SUBACCOUNT, EXTENDED};
static const struct rpc_param orders_params[] = {QUERY_OWNER(true),
                                                 QUERY_SUBACCOUNT, QUERY_KIND,
                                                 ORDER_TYPE, QUERY_CURRENCY};
static const struct rpc_param market_orders_params[] = {
    QUERY_OWNER(true), QUERY_SUBACCOUNT, QUERY_INSTRUMENT(true), ORDER_TYPE};
static const struct rpc_param withdrawals_params[] = {
    QUERY_OWNER(true), QUERY_SUBACCOUNT, QUERY_CURRENCY, QUERY_COUNT};

#define READ(name, params, handler, summary, result)         \
    {                                                        \
        name, RPC_READ, false, TYPED_NONE, params,           \
            sizeof params / sizeof *params, summary, result, \
            {.read = handler}, NULL, false                   \
    }
#define SUMMARY                                                            \
    "{owner, subaccount, currency, balance, equity, initial_margin (with " \
    "open orders), maintenance_margin, available_funds, "                  \
    "available_withdrawal_funds, total_pl, collaterals, in_liquidation, …}"

static const struct rpc_method methods[] = {
    READ("private/get_subaccounts", owner_params, read_subaccounts,
         "The owner's sub-accounts.",
         "[{owner, subaccount, type, balance, equity, …}]"),
    READ("private/get_account_summary", summary_params, read_summary,
         "Balance, equity and margin of a sub-account in the settlement asset, "
         "or its balance of a collateral currency.",
         SUMMARY),
    READ("private/get_account_summaries", account_params, read_summaries,
         "The summary in every currency.", "{summaries: [" SUMMARY "]}"),
    READ("private/get_open_orders", orders_params, read_orders,
         "Open and waiting orders.", "[the order]"),
    READ("private/get_open_orders_by_currency", orders_params, read_orders,
         "Open and waiting orders in the markets of a currency.",
         "[the order]"),
    READ("private/get_open_orders_by_instrument", market_orders_params,
         read_orders, "Open and waiting orders in an instrument.",
         "[the order]"),
    READ("private/get_keys", owner_params, read_keys,
         "The owner's session keys.",
         "[{key, scopes, subaccounts, instruments, max_exposure, key_expires, "
         "enabled}], empty lists: all"),
    READ("private/get_withdrawals", withdrawals_params, read_withdrawals,
         "Withdrawals of a sub-account that are not settled yet, newest first.",
         "{count, data: [{withdrawal_id, currency, amount, recipient, state, "
         "created_timestamp, index}]}"),
};

const struct rpc_method_table rpc_account_methods = {
    methods, sizeof methods / sizeof *methods};
