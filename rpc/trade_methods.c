/*
 * Trades of the past: everybody's by market, an account's own, and bars for
 * charts. Newest first unless the call says otherwise or names a beginning.
 */
#include "rpc/chart.h"
#include "rpc/party.h"
#include "rpc/past.h"
#include "rpc/query.h"
#include "rpc/write.h"

#include <string.h>

#define TRADES_DEFAULT 10

/* What is asked for, and the page of it. */
struct trade_query {
    struct page page;
    struct query_filter filter;
    uint16_t market; /* MARKET_ALL: by the filter */
    uint64_t id_least, id_most, sequence_least, sequence_most;
    uint64_t order_id;         /* 0: any */
    struct account_id account; /* own trades, where is_own */
    bool is_own;
};

static bool is_wanted(const struct past *past, const struct trade_query *query,
                      const struct event *event)
{
    uint16_t market = event->trade.market;

    if (event->kind != EVENT_TRADE || event->trade.id < query->id_least ||
        event->trade.id > query->id_most ||
        event->trade.sequence < query->sequence_least ||
        event->trade.sequence > query->sequence_most)
        return false;
    if (query->market != MARKET_ALL)
        return query->market == market;
    return query_selects(&query->filter, past->service, market);
}

/* The order's last state in this command, or NULL. */
static const struct order_view *order_in(const struct past_command *command,
                                         uint64_t id)
{
    for (size_t i = command->count; i > 0; i--)
        if (command->events[i - 1].kind == EVENT_ORDER &&
            command->events[i - 1].order.id == id)
            return &command->events[i - 1].order;
    return NULL;
}

/* One side of a trade, if it is the asked one's. False: the page is full. */
static bool add_side(struct past *past, const struct past_command *command,
                     const struct event *event, bool as_maker)
{
    struct trade_query *query = past->ctx;
    uint64_t order =
        as_maker ? event->trade.maker_order : event->trade.taker_order;
    const struct account_id *account =
        as_maker ? &event->trade.maker : &event->trade.taker;

    if (query->is_own && !account_id_equal(account, &query->account))
        return true;
    if (query->order_id && order != query->order_id)
        return true;
    return page_add(&query->page,
                    write_own_trade(past->service, event, command->time,
                                    as_maker, order_in(command, order)));
}

static bool look_own(struct past *past, const struct past_command *command)
{
    const bool is_falling = past->query.newest_first;

    for (size_t i = 0; i < command->count; i++) {
        const struct event *event =
            &command->events[is_falling ? command->count - 1 - i : i];

        if (is_wanted(past, past->ctx, event) &&
            (!add_side(past, command, event, is_falling) ||
             !add_side(past, command, event, !is_falling)))
            return false;
    }
    return true;
}

static bool look_public(struct past *past, const struct past_command *command)
{
    struct trade_query *query = past->ctx;

    for (size_t i = 0; i < command->count; i++) {
        const struct event *event =
            &command->events[past->query.newest_first ? command->count - 1 - i
                                                      : i];

        if (is_wanted(past, query, event) &&
            !page_add(&query->page,
                      write_trade(past->service, event, command->time)))
            return false;
    }
    return true;
}

/* "asc", "desc" or left out; from a named beginning on the trades rise. */
static bool is_newest_first(const struct rpc_call *call)
{
    const char *sorting =
        json_string_value(json_object_get(call->params, "sorting"));
    int64_t ignored;
    uint64_t number;

    if (sorting && strcmp(sorting, "asc") == 0)
        return false;
    if (sorting && strcmp(sorting, "desc") == 0)
        return true;
    return !rpc_param_integer(call, "start_timestamp", &ignored) &&
           !rpc_param_integer(call, "start_seq", &ignored) &&
           !rpc_param_number64(call, "start_id", &number);
}

static bool has_times(const struct rpc_call *call)
{
    return json_object_get(call->params, "start_timestamp") ||
           json_object_get(call->params, "end_timestamp");
}

/* Reads the parameters and looks. False: answered with an error. */
static bool run(struct rpc_call *call, struct trade_query *query,
                struct past *past, const struct rpc_node *node)
{
    query->market = MARKET_ALL;
    query->id_most = query->sequence_most = UINT64_MAX;
    rpc_param_market(call, "instrument_name", &query->market);
    rpc_param_number64(call, "start_id", &query->id_least);
    rpc_param_number64(call, "end_id", &query->id_most);
    rpc_param_number64(call, "start_seq", &query->sequence_least);
    rpc_param_number64(call, "end_seq", &query->sequence_most);
    if (!query_filter_of(call, &query->filter))
        return false;
    past->ctx = query;
    past->from = query_time(call, "start_timestamp", nanos_of(0));
    past->to = query_time(call, "end_timestamp", nanos_of(NANOS_MAX));
    past->query.newest_first = is_newest_first(call);
    if (has_times(call))
        past_narrow(past, node);
    query->page = page_begin((size_t)query_integer(
        call, "count", query->order_id ? QUERY_COUNT_MAX : TRADES_DEFAULT));
    if (past_look(past, node))
        return true;
    json_decref(query->page.rows.list);
    rpc_call_not_ready(call, "the history could not be read");
    return false;
}

static json_t *write_page(struct trade_query *query, const struct past *past)
{
    return json_pack("{so sb}", "trades", rows_end(&query->page.rows),
                     "has_more", query->page.has_more || past->is_partial);
}

static void history_trades(struct rpc_call *call, const struct rpc_node *node,
                           uint64_t index)
{
    struct past past = past_of(call, index);
    struct trade_query query = {0};
    uint16_t market = 0;

    rpc_param_market(call, "instrument_name", &market);
    past.query.by_account = true;
    past.query.account = party_house(HOUSE_CLEARING, market);
    past.kinds = PAST_KIND(EVENT_TRADE);
    past.look = look_public;
    if (run(call, &query, &past, node))
        rpc_call_result(call, write_page(&query, &past));
}

static struct past own_past(const struct rpc_call *call, uint64_t index,
                            struct trade_query *query)
{
    struct past past = past_of(call, index);

    query->is_own = query_account(call, &query->account);
    past.query.by_account = query->is_own;
    past.query.account = query->account;
    past.kinds = PAST_KIND(EVENT_TRADE) | PAST_KIND(EVENT_ORDER);
    past.look = look_own;
    return past;
}

static void history_own_trades(struct rpc_call *call,
                               const struct rpc_node *node, uint64_t index)
{
    struct trade_query query = {0};
    struct past past = own_past(call, index, &query);

    if (run(call, &query, &past, node))
        rpc_call_result(call, write_page(&query, &past));
}

static void history_order_trades(struct rpc_call *call,
                                 const struct rpc_node *node, uint64_t index)
{
    struct trade_query query = {0};
    struct past past = own_past(call, index, &query);

    if (query_order_id(call, &query.order_id) && run(call, &query, &past, node))
        rpc_call_result(call, rows_end(&query.page.rows));
}

/* ---- the table -------------------------------------------------------- */

#define SORTING                                                             \
    {                                                                       \
        "sorting", RPC_PARAM_TEXT, false, 0, 0,                             \
            "asc, desc or default: newest first, or from a named beginning" \
    }
#define OLD QUERY_IGNORED("include_old"), QUERY_IGNORED("historical")
#define SEQUENCES                                                             \
    {"start_seq", RPC_PARAM_INTEGER, false, 0, INT64_MAX, "first trade_seq"}, \
    {                                                                         \
        "end_seq", RPC_PARAM_INTEGER, false, 0, INT64_MAX, "last trade_seq"   \
    }
#define IDS                                                          \
    {"start_id", RPC_PARAM_NUMBER64, false, 0, 0, "first trade_id"}, \
    {                                                                \
        "end_id", RPC_PARAM_NUMBER64, false, 0, 0, "last trade_id"   \
    }
#define TIMES(is_required)                      \
    QUERY_TIME("start_timestamp", is_required), \
        QUERY_TIME("end_timestamp", is_required)
#define ACCOUNT QUERY_OWNER(true), QUERY_SUBACCOUNT

static const struct rpc_param market_params[] = {
    QUERY_INSTRUMENT(true), SEQUENCES, TIMES(false), QUERY_COUNT, SORTING, OLD};
static const struct rpc_param market_time_params[] = {
    QUERY_INSTRUMENT(true), TIMES(false), QUERY_COUNT, SORTING, OLD};
static const struct rpc_param own_params[] = {
    ACCOUNT,      QUERY_CURRENCY, QUERY_KIND, IDS,
    TIMES(false), QUERY_COUNT,    SORTING,    OLD};
static const struct rpc_param own_market_params[] = {
    ACCOUNT,     QUERY_INSTRUMENT(true),
    SEQUENCES,   TIMES(false),
    QUERY_COUNT, SORTING,
    OLD};
static const struct rpc_param order_params[] = {
    {"order_id", RPC_PARAM_TEXT, true, 0, 0, "like BTC-12"},
    QUERY_OWNER(false),
    QUERY_SUBACCOUNT,
    QUERY_COUNT,
    SORTING,
    OLD};
static const struct rpc_param chart_params[] = {
    QUERY_INSTRUMENT(true),
    TIMES(true),
    {"resolution", RPC_PARAM_TEXT, true, 0, 0,
     "minutes (1, 3, 5, 10, 15, 30, 60, 120, 180, 360, 720) or 1D"}};

#define PAST(name, params, handler, summary, result)         \
    {                                                        \
        name, RPC_HISTORY, false, TYPED_NONE, params,        \
            sizeof params / sizeof *params, summary, result, \
            {.history = handler}, NULL, false                \
    }
#define TRADES                                                             \
    "{trades: [{trade_id, trade_seq, instrument_name, timestamp, "         \
    "direction (of the taker), price, amount, mark_price, index_price}], " \
    "has_more}"
#define OWN                                                               \
    "{trade_id, trade_seq, instrument_name, timestamp, direction (own), " \
    "price, amount, mark_price, index_price, order_id, order_type, "      \
    "liquidity, fee, fee_currency}"

static const struct rpc_method methods[] = {
    PAST("public/get_last_trades_by_instrument", market_params, history_trades,
         "Trades of a market.", TRADES),
    PAST("public/get_last_trades_by_instrument_and_time", market_time_params,
         history_trades, "Trades of a market within times.", TRADES),
    PAST("public/get_tradingview_chart_data", chart_params, chart_history,
         "Bars of a market, made from its trades; a bar without trades "
         "repeats the close before it.",
         "{ticks, open, high, low, close, volume, cost, status}"),
    PAST("private/get_user_trades", own_params, history_own_trades,
         "An account's trades.", "{trades: [" OWN "], has_more}"),
    PAST("private/get_user_trades_by_currency", own_params, history_own_trades,
         "An account's trades in the markets of a currency.",
         "{trades: [" OWN "], has_more}"),
    PAST("private/get_user_trades_by_currency_and_time", own_params,
         history_own_trades, "The same within times.",
         "{trades: [" OWN "], has_more}"),
    PAST("private/get_user_trades_by_instrument", own_market_params,
         history_own_trades, "An account's trades in a market.",
         "{trades: [" OWN "], has_more}"),
    PAST("private/get_user_trades_by_instrument_and_time", own_market_params,
         history_own_trades, "The same within times.",
         "{trades: [" OWN "], has_more}"),
    PAST("private/get_user_trades_by_order", order_params, history_order_trades,
         "The trades of one order.", "[" OWN "]"),
};

const struct rpc_method_table rpc_trade_methods = {
    methods, sizeof methods / sizeof *methods};
