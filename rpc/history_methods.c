/*
 * The past besides trades: orders that ended, movements of money, funding,
 * liquidations. Newest first; `continuation` of an answer asks for what is
 * older.
 */
#include "engine/wide.h"
#include "rpc/decimal.h"
#include "rpc/party.h"
#include "rpc/past.h"
#include "rpc/query.h"
#include "rpc/write.h"

#include <string.h>

#define ORDERS_DEFAULT 20
#define LOG_DEFAULT 100
#define FUNDING_SPAN (8 * NANOS_PER_HOUR)

static void answer_unreadable(struct rpc_call *call)
{
    rpc_call_not_ready(call, "the history could not be read");
}

/* ---- orders that ended ------------------------------------------------ */

struct order_query {
    struct page page;
    struct query_filter filter;
    uint16_t market;
    size_t skip; /* `offset` */
    bool with_unfilled;
    struct account_id account;
};

static bool has_ended(const struct order_view *order)
{
    return order->state != ORDER_OPEN && order->state != ORDER_UNTRIGGERED;
}

static bool is_wanted(const struct past *past, const struct order_query *query,
                      const struct event *event)
{
    uint16_t market = event->order.terms.market;

    if (event->kind != EVENT_ORDER || !has_ended(&event->order) ||
        !account_id_equal(&event->order.account, &query->account) ||
        (!query->with_unfilled && qty_is_zero(event->order.filled)))
        return false;
    if (query->market != MARKET_ALL)
        return market == query->market;
    return query_selects(&query->filter, past->service, market);
}

static bool look_ended(struct past *past, const struct past_command *command)
{
    struct order_query *query = past->ctx;

    for (size_t i = command->count; i > 0; i--) {
        const struct event *event = &command->events[i - 1];

        if (!is_wanted(past, query, event))
            continue;
        if (query->skip > 0)
            query->skip--;
        else if (!page_add(&query->page,
                           write_order(past->service, &event->order)))
            return false;
    }
    return true;
}

static void history_orders(struct rpc_call *call, const struct rpc_node *node,
                           uint64_t index)
{
    struct past past = past_of(call, index);
    struct order_query query = {.market = MARKET_ALL};

    if (!query_filter_of(call, &query.filter))
        return;
    past.query.by_account = query_account(call, &query.account);
    past.query.account = query.account;
    past.kinds = PAST_KIND(EVENT_ORDER);
    past.look = look_ended;
    past.ctx = &query;
    past.from = query_time(call, "start_timestamp", past.from);
    past.to = query_time(call, "end_timestamp", past.to);
    rpc_param_market(call, "instrument_name", &query.market);
    query.skip = (size_t)query_integer(call, "offset", 0);
    query.with_unfilled = query_boolean(call, "include_unfilled", true);
    query.page =
        page_begin((size_t)query_integer(call, "count", ORDERS_DEFAULT));
    if (past_look(&past, node)) {
        rpc_call_result(call, rows_end(&query.page.rows));
        return;
    }
    json_decref(query.page.rows.list);
    answer_unreadable(call);
}

struct state_query {
    uint64_t order_id;
    struct order_view order;
    bool is_found;
};

static bool look_state(struct past *past, const struct past_command *command)
{
    struct state_query *query = past->ctx;

    for (size_t i = command->count; i > 0 && !query->is_found; i--) {
        const struct event *event = &command->events[i - 1];

        if (event->kind == EVENT_ORDER && event->order.id == query->order_id) {
            query->order = event->order;
            query->is_found = true;
        }
    }
    return !query->is_found;
}

/* An order's newest event is its state, open or ended. */
static void history_order_state(struct rpc_call *call,
                                const struct rpc_node *node, uint64_t index)
{
    struct past past = past_of(call, index);
    struct state_query query = {0};

    if (!query_order_id(call, &query.order_id))
        return;
    past.query.by_account = query_account(call, &past.query.account);
    past.kinds = PAST_KIND(EVENT_ORDER);
    past.look = look_state;
    past.ctx = &query;
    if (!past_look(&past, node))
        answer_unreadable(call);
    else if (query.is_found)
        rpc_call_result(call,
                        write_order(call->message->service, &query.order));
    else
        query_refuse(call, result_order_not_found, param_order_id);
}

/* ---- pages by command -------------------------------------------------- */

/* A page that ends between commands, so that the next begins with a whole
 * one. */
struct log_query {
    struct rows rows;
    size_t count;
    uint64_t continuation; /* the first command that had no room, or 0 */
    struct account_id account;
    uint16_t asset; /* ASSETS_MAX: all */
    struct query_filter filter;
    uint16_t market;
};

static bool is_full(struct log_query *query, uint64_t index)
{
    if (json_array_size(query->rows.list) < query->count)
        return false;
    query->continuation = index;
    return true;
}

/* Runs the look and answers {<name>: rows, continuation, has_more}. */
static void answer_log(struct rpc_call *call, struct log_query *query,
                       struct past *past, const struct rpc_node *node,
                       const char *name)
{
    uint64_t from;

    if (rpc_param_number64(call, "continuation", &from) &&
        from < past->query.to_index)
        past->query.to_index = from;
    past->ctx = query;
    past->from = query_time(call, "start_timestamp", past->from);
    past->to = query_time(call, "end_timestamp", past->to);
    past_narrow(past, node);
    query->rows = rows_begin();
    query->count = (size_t)query_integer(call, "count", LOG_DEFAULT);
    if (!past_look(past, node)) {
        json_decref(query->rows.list);
        answer_unreadable(call);
        return;
    }
    rpc_call_result(
        call,
        json_pack("{so so sb}", name, rows_end(&query->rows), "continuation",
                  query->continuation ? write_u64(query->continuation)
                                      : json_null(),
                  "has_more", query->continuation || past->is_partial));
}

/* ---- movements of money ------------------------------------------------ */

/* One double-entry line as one side sees it. */
static json_t *write_line(const struct past *past,
                          const struct past_command *command, size_t at,
                          bool is_from)
{
    const struct rpc_service *service = past->service;
    const struct event *event = &command->events[at];
    uint16_t asset = event->ledger.asset;
    struct amount change =
        is_from ? amount_neg(event->ledger.amount) : event->ledger.amount;

    return json_pack(
        "{sI so ss ss so so so so so so so}", "index",
        (json_int_t)command->index, "timestamp", write_ms(command->time),
        "type", write_ledger_code(event->ledger.code), "currency",
        write_currency(service, asset), "change",
        write_amount(service, asset, change), "amount",
        write_amount(service, asset, event->ledger.amount), "balance",
        write_amount(service, asset,
                     is_from ? event->ledger.from_balance
                             : event->ledger.to_balance),
        "from", party_write(service, &event->ledger.from), "to",
        party_write(service, &event->ledger.to), "instrument_name",
        event->ledger.market == MARKET_ALL
            ? json_null()
            : json_string(write_instrument(service, event->ledger.market)),
        "reference",
        event->ledger.reference ? write_u64(event->ledger.reference)
                                : json_null());
}

static bool look_ledger(struct past *past, const struct past_command *command)
{
    struct log_query *query = past->ctx;

    if (is_full(query, command->index))
        return false;
    for (size_t i = command->count; i > 0; i--) {
        const struct event *event = &command->events[i - 1];

        if (query->asset != ASSETS_MAX && event->ledger.asset != query->asset)
            continue;
        if (account_id_equal(&event->ledger.to, &query->account))
            rows_add(&query->rows, write_line(past, command, i - 1, false));
        if (account_id_equal(&event->ledger.from, &query->account))
            rows_add(&query->rows, write_line(past, command, i - 1, true));
    }
    return true;
}

static void history_log(struct rpc_call *call, const struct rpc_node *node,
                        uint64_t index)
{
    const struct rpc_service *service = call->message->service;
    struct past past = past_of(call, index);
    struct log_query query = {.asset = ASSETS_MAX};
    const char *name;
    size_t size;

    if (rpc_param_text(call, "currency", &name, &size) &&
        strcmp(name, "any") != 0 &&
        !rpc_asset_of(service, &query.asset, name, size)) {
        query_refuse(call, result_unknown_currency, param_currency);
        return;
    }
    past.query.by_account = query_account(call, &query.account);
    past.query.account = query.account;
    past.kinds = PAST_KIND(EVENT_LEDGER);
    past.look = look_ledger;
    answer_log(call, &query, &past, node, "logs");
}

/* ---- liquidations ------------------------------------------------------ */

static json_t *write_step(const struct rpc_service *service,
                          const struct past_command *command,
                          const struct event *event)
{
    return json_pack(
        "{sI so ss so so so so so so so so so so}", "index",
        (json_int_t)command->index, "timestamp", write_ms(command->time),
        "step", write_liquidation_step(event->liquidation.step), "account",
        party_write(service, &event->liquidation.account), "instrument_name",
        event->liquidation.market == MARKET_ALL
            ? json_null()
            : json_string(write_instrument(service, event->liquidation.market)),
        "equity", write_value(service, event->liquidation.equity),
        "maintenance_margin",
        write_value(service, event->liquidation.maintenance), "amount",
        write_qty(event->liquidation.size), "limit_price",
        write_price(event->liquidation.limit), "bankruptcy_price",
        write_price(event->liquidation.bankruptcy), "quote",
        write_value(service, event->liquidation.quote), "fee",
        write_value(service, event->liquidation.fee), "insurance",
        write_value(service, event->liquidation.insurance));
}

static json_t *write_adl(const struct rpc_service *service,
                         const struct past_command *command,
                         const struct event *event)
{
    return json_pack(
        "{sI so ss so so ss so so so so so}", "index",
        (json_int_t)command->index, "timestamp", write_ms(command->time),
        "step", "adl_taken", "account",
        party_write(service, &event->adl.account), "against",
        party_write(service, &event->adl.against), "instrument_name",
        write_instrument(service, event->adl.market), "amount",
        write_qty(event->adl.size), "mark_price", write_price(event->adl.mark),
        "bankruptcy_price", write_price(event->adl.bankruptcy), "quote",
        write_value(service, event->adl.quote), "taken",
        write_value(service, event->adl.taken));
}

/* Steps that concern the whole account belong to every selection. */
static bool is_selected(const struct past *past, const struct log_query *query,
                        uint16_t market)
{
    if (market == MARKET_ALL)
        return true;
    if (query->market != MARKET_ALL)
        return market == query->market;
    return query_selects(&query->filter, past->service, market);
}

static bool look_liquidations(struct past *past,
                              const struct past_command *command)
{
    struct log_query *query = past->ctx;

    if (is_full(query, command->index))
        return false;
    for (size_t i = command->count; i > 0; i--) {
        const struct event *event = &command->events[i - 1];

        if (event->kind == EVENT_ADL) {
            if (is_selected(past, query, event->adl.market))
                rows_add(&query->rows,
                         write_adl(past->service, command, event));
        } else if (is_selected(past, query, event->liquidation.market)) {
            rows_add(&query->rows, write_step(past->service, command, event));
        }
    }
    return true;
}

static void history_liquidations(struct rpc_call *call,
                                 const struct rpc_node *node, uint64_t index)
{
    struct past past = past_of(call, index);
    struct log_query query = {.market = MARKET_ALL};

    if (!query_filter_of(call, &query.filter))
        return;
    rpc_param_market(call, "instrument_name", &query.market);
    past.query.by_account = true;
    if (!query_account(call, &past.query.account))
        past.query.account = party_house(HOUSE_INSURANCE, 0);
    past.kinds = PAST_KIND(EVENT_LIQUIDATION) | PAST_KIND(EVENT_ADL);
    past.look = look_liquidations;
    answer_log(call, &query, &past, node, "liquidations");
}

/* ---- funding ----------------------------------------------------------- */

struct funding_query {
    json_t *rows; /* newest first while looking */
    size_t count;
    bool is_whole;
    uint16_t market;
    bool has_from;
    i128 sum; /* rate units */
};

/* What the interval cost a long, as a rate: both units cancel out. */
static i128 interest_of(const struct event *event)
{
    if (!price_is_positive(event->funding.price))
        return 0;
    return wide_div_trunc(event->funding.index_change,
                          price_raw(event->funding.price));
}

static json_t *write_funding(const struct past_command *command,
                             const struct event *event)
{
    return json_pack("{so so so so so so}", "timestamp",
                     write_ms(command->time), "index_price",
                     write_price(event->funding.price), "prev_index_price",
                     write_price(event->funding.price), "interest_8h",
                     write_rate(event->funding.rate_8h), "interest_1h",
                     write_wide(interest_of(event), RATE_PLACES), "premium",
                     write_rate(event->funding.premium));
}

static bool look_funding(struct past *past, const struct past_command *command)
{
    struct funding_query *query = past->ctx;

    for (size_t i = 0; i < command->count; i++) {
        const struct event *event = &command->events[i];
        size_t count = json_array_size(query->rows);

        if (event->funding.market != query->market)
            continue;
        if (!query->has_from) {
            past->from = nanos_sub(command->time, nanos_of(FUNDING_SPAN - 1));
            query->has_from = true;
        }
        query->sum += interest_of(event);
        if (count > 0)
            json_object_set_new(json_array_get(query->rows, count - 1),
                                "prev_index_price",
                                write_price(event->funding.price));
        if (count == query->count)
            return false;
        query->is_whole &= json_array_append_new(
                               query->rows, write_funding(command, event)) == 0;
    }
    return true;
}

/* Looks at the market's accruals between the times; without a beginning at
 * those of the last eight hours that had any. */
static bool look_back(struct rpc_call *call, struct funding_query *query,
                      const struct rpc_node *node, uint64_t index)
{
    struct past past = past_of(call, index);

    rpc_param_market(call, "instrument_name", &query->market);
    query->rows = json_array();
    query->is_whole = query->rows != NULL;
    past.query.by_account = true;
    past.query.account = party_house(HOUSE_FUNDING, query->market);
    past.kinds = PAST_KIND(EVENT_FUNDING);
    past.look = look_funding;
    past.ctx = query;
    query->has_from = json_object_get(call->params, "start_timestamp") != NULL;
    past.from = query_time(call, "start_timestamp", past.from);
    past.to = query_time(call, "end_timestamp", past.to);
    past_narrow(&past, node);
    if (past_look(&past, node) && query->is_whole)
        return true;
    json_decref(query->rows);
    answer_unreadable(call);
    return false;
}

static void history_funding_value(struct rpc_call *call,
                                  const struct rpc_node *node, uint64_t index)
{
    struct funding_query query = {.count = SIZE_MAX};

    if (!look_back(call, &query, node, index))
        return;
    json_decref(query.rows);
    rpc_call_result(call, write_wide(query.sum, RATE_PLACES));
}

/* Oldest first, as charts want them; the newest `count`. */
static void history_funding(struct rpc_call *call, const struct rpc_node *node,
                            uint64_t index)
{
    struct funding_query query = {
        .count = (size_t)query_integer(call, "count", QUERY_COUNT_MAX)};
    struct rows rising;

    if (!look_back(call, &query, node, index))
        return;
    rising = rows_begin();
    for (size_t i = json_array_size(query.rows); i > 0; i--)
        rows_add(&rising, json_incref(json_array_get(query.rows, i - 1)));
    json_decref(query.rows);
    rpc_call_result(call, rows_end(&rising));
}

/* ---- the table --------------------------------------------------------- */

#define TIMES \
    QUERY_TIME("start_timestamp", false), QUERY_TIME("end_timestamp", false)
#define ACCOUNT QUERY_OWNER(true), QUERY_SUBACCOUNT
#define CONTINUATION                                            \
    {                                                           \
        "continuation", RPC_PARAM_NUMBER64, false, 0, 0,        \
            "of the answer before, to go on with what is older" \
    }
#define ENDED                                                             \
    TIMES, QUERY_COUNT,                                                   \
        {"offset", RPC_PARAM_INTEGER, false, 0, 1000000, "rows to skip"}, \
        {"include_unfilled",                                              \
         RPC_PARAM_BOOLEAN,                                               \
         false,                                                           \
         0,                                                               \
         0,                                                               \
         "orders without a fill, too; true where left out"},              \
        QUERY_IGNORED("include_old"), QUERY_IGNORED("historical")

static const struct rpc_param orders_params[] = {ACCOUNT, QUERY_CURRENCY,
                                                 QUERY_KIND, ENDED};
static const struct rpc_param market_orders_params[] = {
    ACCOUNT, QUERY_INSTRUMENT(true), ENDED};
static const struct rpc_param state_params[] = {
    {"order_id", RPC_PARAM_TEXT, true, 0, 0, "like BTC-12"},
    QUERY_OWNER(false),
    QUERY_SUBACCOUNT};
static const struct rpc_param log_params[] = {
    ACCOUNT,
    {"currency", RPC_PARAM_CURRENCY, false, 0, 0,
     "a currency that is held; any or left out: all"},
    TIMES,
    QUERY_COUNT,
    CONTINUATION};
static const struct rpc_param liquidation_params[] = {
    QUERY_INSTRUMENT(false), QUERY_CURRENCY, QUERY_KIND,  QUERY_OWNER(false),
    QUERY_SUBACCOUNT,        TIMES,          QUERY_COUNT, CONTINUATION};
static const struct rpc_param funding_params[] = {QUERY_INSTRUMENT(true), TIMES,
                                                  QUERY_COUNT};
static const struct rpc_param funding_value_params[] = {QUERY_INSTRUMENT(true),
                                                        TIMES};

#define PAST(name, params, handler, summary, result)         \
    {                                                        \
        name, RPC_HISTORY, false, TYPED_NONE, params,        \
            sizeof params / sizeof *params, summary, result, \
            {.history = handler}, NULL, false                \
    }

static const struct rpc_method methods[] = {
    PAST("private/get_order_history", orders_params, history_orders,
         "Orders that ended.", "[the order]"),
    PAST("private/get_order_history_by_currency", orders_params, history_orders,
         "Orders that ended in the markets of a currency.", "[the order]"),
    PAST("private/get_order_history_by_instrument", market_orders_params,
         history_orders, "Orders that ended in an instrument.", "[the order]"),
    PAST("private/get_order_state", state_params, history_order_state,
         "An order, open or ended. Quicker with its owner.", "the order"),
    PAST("private/get_transaction_log", log_params, history_log,
         "Every movement of a sub-account's money: double-entry lines.",
         "{logs: [{index, timestamp, type, currency, change, amount, balance, "
         "from, to, instrument_name, reference}], continuation, has_more}"),
    PAST("public/get_liquidations", liquidation_params, history_liquidations,
         "Steps of liquidations with their figures, and what was "
         "auto-deleveraged.",
         "{liquidations: [{index, timestamp, step, account, instrument_name, "
         "equity, maintenance_margin, amount, limit_price, bankruptcy_price, "
         "quote, fee, insurance}], continuation, has_more}"),
    PAST("public/get_funding_rate_value", funding_value_params,
         history_funding_value,
         "What holding one contract long cost between the times, as a rate.",
         "a decimal"),
    PAST("public/get_funding_rate_history", funding_params, history_funding,
         "Accruals of funding, oldest first.",
         "[{timestamp, index_price, prev_index_price, interest_8h, "
         "interest_1h, premium}]"),
};

const struct rpc_method_table rpc_history_methods = {
    methods, sizeof methods / sizeof *methods};
