/*
 * Markets as everybody sees them: instruments, tickers, books, summaries,
 * breakers, the insurance fund. All from the state as it is now.
 */
#include "engine/view.h"
#include "engine/wide.h"
#include "rpc/decimal.h"
#include "rpc/query.h"
#include "rpc/rows.h"
#include "rpc/write.h"

#include <stdlib.h>
#include <string.h>

#define PERPETUAL_EXPIRATION_MS INT64_C(32503708800000)
#define DEPTH_DEFAULT 20
#define DEPTH_MAX 1000
#define DEPTH_ASKED_MAX 10000

/* A price that may be missing. */
static json_t *price_or_null(struct price price)
{
    return price_is_zero(price) ? json_null() : write_price(price);
}

static json_t *size_of(struct price price, struct qty size)
{
    return write_qty(price_is_zero(price) ? qty_of(0) : size);
}

static const char *state_text(enum market_state state)
{
    static const char *const words[] = {
        [MARKET_OPEN] = "open",
        [MARKET_CANCEL_ONLY] = "cancel_only",
        [MARKET_POST_ONLY] = "post_only",
        [MARKET_QUARANTINED] = "quarantined",
    };

    return words[state];
}

static const struct market_params *params_of(const struct rpc_call *call,
                                             uint16_t market)
{
    return &call->message->service->genesis->markets[market];
}

static void read_market(const struct engine *engine, uint16_t market,
                        struct view_market *view)
{
    bool is_there = view_market(engine, market, view);

    check(is_there);
}

/* ---- currencies and instruments --------------------------------------- */

static json_t *write_asset(const struct rpc_service *service, uint16_t asset)
{
    const struct asset_params *params = &service->genesis->assets[asset];
    bool is_settlement = asset == ASSET_SETTLEMENT;
    json_t *object = json_pack(
        "{ss ss si si sb sb si ss}", "currency", params->name, "currency_long",
        params->name, "decimals", params->decimals, "fee_precision",
        params->decimals, "is_collateral", true, "is_settlement", is_settlement,
        "min_confirmations", 0, "withdrawal_fee", "0");

    if (object && !is_settlement &&
        !(write_set(
              object, "index_name",
              json_string(service->genesis->feeds[params->feed].index_name)) &&
          write_set(object, "weight_initial",
                    write_rate(params->weight_initial)) &&
          write_set(object, "weight_maintenance",
                    write_rate(params->weight_maintenance)))) {
        json_decref(object);
        return NULL;
    }
    return object;
}

/* A base that nobody can deposit: it is only traded. */
static bool is_new_base(const struct rpc_service *service, uint16_t market)
{
    const struct genesis *genesis = service->genesis;
    const char *base = genesis->markets[market].base;
    uint16_t asset;

    if (rpc_asset_of(service, &asset, base, strlen(base)))
        return false;
    for (uint16_t i = 0; i < market; i++)
        if (strcmp(genesis->markets[i].base, base) == 0)
            return false;
    return true;
}

static void answer_currencies(struct rpc_call *call)
{
    const struct rpc_service *service = call->message->service;
    const struct genesis *genesis = service->genesis;
    struct rows rows = rows_begin();

    for (uint16_t i = 0; i < genesis->asset_count; i++)
        rows_add(&rows, write_asset(service, i));
    for (uint16_t i = 0; i < genesis->market_count; i++)
        if (is_new_base(service, i))
            rows_add(&rows,
                     json_pack("{ss ss si si sb sb si ss}", "currency",
                               genesis->markets[i].base, "currency_long",
                               genesis->markets[i].base, "decimals", QTY_PLACES,
                               "fee_precision", QTY_PLACES, "is_collateral",
                               false, "is_settlement", false,
                               "min_confirmations", 0, "withdrawal_fee", "0"));
    rpc_call_result(call, rows_end(&rows));
}

static bool set_terms(json_t *object, const struct genesis *genesis,
                      const struct market_params *market)
{
    i128 leverage = wide_div_floor(wide_mul(RATE_ONE, RATE_ONE),
                                   rate_raw(market->tiers[0].initial_rate));

    return write_set(object, "tick_size", write_price(market->tick)) &&
           write_set(object, "tick_size_steps", json_array()) &&
           write_set(object, "lot_size", write_qty(market->lot)) &&
           write_set(object, "min_trade_amount", write_qty(market->lot)) &&
           write_set(object, "order_min", write_qty(market->order_min)) &&
           write_set(object, "contract_size", json_string("1")) &&
           write_set(object, "maker_commission",
                     write_rate(genesis->fees.tiers[0].maker)) &&
           write_set(object, "taker_commission",
                     write_rate(genesis->fees.tiers[0].taker)) &&
           write_set(object, "max_leverage",
                     write_wide(leverage, RATE_PLACES)) &&
           write_set(object, "max_liquidation_commission",
                     write_rate(market->liquidation_fee_max)) &&
           write_set(object, "creation_timestamp",
                     write_ms(genesis->start_time)) &&
           write_set(object, "expiration_timestamp",
                     json_integer(PERPETUAL_EXPIRATION_MS)) &&
           write_set(object, "strike", json_null()) &&
           write_set(object, "option_type", json_null());
}

static json_t *write_market(const struct genesis *genesis, uint16_t number,
                            const struct view_market *view)
{
    const struct market_params *market = &genesis->markets[number];
    const char *settlement = genesis->assets[ASSET_SETTLEMENT].name;
    json_t *object = json_pack(
        "{ss si ss ss ss ss ss ss ss ss sb ss}", "instrument_name",
        market->name, "instrument_id", number + 1, "kind", "future",
        "instrument_type", "linear", "base_currency", market->base,
        "quote_currency", settlement, "counter_currency", settlement,
        "settlement_currency", settlement, "settlement_period", "perpetual",
        "price_index", genesis->feeds[market->feed].index_name, "is_active",
        view->state != MARKET_QUARANTINED, "state", state_text(view->state));

    if (object && !set_terms(object, genesis, market)) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static void read_instruments(struct rpc_call *call, const struct engine *engine,
                             const struct rpc_node *node)
{
    const struct rpc_service *service = call->message->service;
    struct query_filter filter;
    struct rows rows;

    (void)node;
    if (!query_filter_of(call, &filter))
        return;
    rows = rows_begin();
    for (uint16_t i = 0; i < service->genesis->market_count; i++) {
        struct view_market view;

        if (!query_selects(&filter, service, i) ||
            query_boolean(call, "expired", false))
            continue;
        read_market(engine, i, &view);
        rows_add(&rows, write_market(service->genesis, i, &view));
    }
    rpc_call_result(call, rows_end(&rows));
}

static void read_instrument(struct rpc_call *call, const struct engine *engine,
                            const struct rpc_node *node)
{
    struct view_market view;
    uint16_t market = 0;

    (void)node;
    rpc_param_market(call, "instrument_name", &market);
    read_market(engine, market, &view);
    rpc_call_result(
        call, write_market(call->message->service->genesis, market, &view));
}

/* ---- tickers and books ------------------------------------------------ */

/* Aggressive orders stay inside mark * (1 +- band), on the tick. */
static struct price band_edge(const struct market_params *market,
                              struct price mark, bool is_high)
{
    i128 band = rate_raw(market->band), tick = price_raw(market->tick);
    i128 edge = wide_muldiv_floor(
        price_raw(mark), is_high ? RATE_ONE + band : RATE_ONE - band, RATE_ONE);

    edge = is_high ? edge / tick * tick : (edge + tick - 1) / tick * tick;
    return price_of((int64_t)wide_clamp(edge, 0, PRICE_MAX));
}

/* What ticker and book share. Totals of volume count from the network's
 * start: the state knows no other. */
static json_t *write_quote(const struct rpc_call *call,
                           const struct engine *engine, uint16_t number,
                           const struct view_market *view)
{
    const struct rpc_service *service = call->message->service;
    const struct market_params *market = params_of(call, number);
    json_t *stats =
        json_pack("{so so so sn sn sn}", "volume", write_qty(view->volume),
                  "volume_usd", write_value(service, view->volume_quote),
                  "volume_notional", write_value(service, view->volume_quote),
                  "high", "low", "price_change");

    return json_pack(
        "{ss ss ss so so so so so so so so so so so so so so so so so}",
        "instrument_name", market->name, "state", state_text(view->state),
        "grade", write_grade((uint8_t)view->grade), "best_bid_price",
        price_or_null(view->best_bid), "best_bid_amount",
        size_of(view->best_bid, view->best_bid_size), "best_ask_price",
        price_or_null(view->best_ask), "best_ask_amount",
        size_of(view->best_ask, view->best_ask_size), "last_price",
        price_or_null(view->last), "mark_price", price_or_null(view->mark),
        "index_price", price_or_null(view->index), "settlement_price",
        price_or_null(view->mark), "estimated_delivery_price",
        price_or_null(view->index), "min_price",
        price_or_null(band_edge(market, view->mark, false)), "max_price",
        price_or_null(band_edge(market, view->mark, true)), "current_funding",
        write_rate(view->funding_rate), "funding_8h",
        write_rate(view->funding_rate), "open_interest",
        write_qty(view->open_interest), "stats", stats, "change_id",
        json_integer((json_int_t)view->book_sequence), "timestamp",
        write_ms(engine_time(engine)));
}

static void read_ticker(struct rpc_call *call, const struct engine *engine,
                        const struct rpc_node *node)
{
    struct view_market view;
    uint16_t market = 0;

    (void)node;
    rpc_param_market(call, "instrument_name", &market);
    read_market(engine, market, &view);
    rpc_call_result(call, write_quote(call, engine, market, &view));
}

/* [[price, amount], ...], best first. */
static json_t *write_levels(const struct view_level *levels, uint32_t count)
{
    struct rows rows = rows_begin();

    for (uint32_t i = 0; i < count; i++)
        rows_add(&rows, json_pack("[oo]", write_price(levels[i].price),
                                  write_qty(levels[i].size)));
    return rows_end(&rows);
}

static json_t *write_depth(const struct engine *engine, uint16_t market,
                           enum side side, uint32_t depth)
{
    struct view_level *levels = calloc(depth, sizeof *levels);
    uint32_t count;
    json_t *list;

    if (!levels)
        return NULL;
    count = view_depth(engine, market, side, levels, depth);
    list = write_levels(levels, count < depth ? count : depth);
    free(levels);
    return list;
}

static void read_book(struct rpc_call *call, const struct engine *engine,
                      const struct rpc_node *node)
{
    int64_t depth = query_integer(call, "depth", DEPTH_DEFAULT);
    struct view_market view;
    uint16_t market = 0;
    json_t *book;

    (void)node;
    if (depth > DEPTH_MAX)
        depth = DEPTH_MAX;
    rpc_param_market(call, "instrument_name", &market);
    read_market(engine, market, &view);
    book = write_quote(call, engine, market, &view);
    if (book &&
        write_set(book, "bids",
                  write_depth(engine, market, SIDE_BUY, (uint32_t)depth)) &&
        write_set(book, "asks",
                  write_depth(engine, market, SIDE_SELL, (uint32_t)depth))) {
        rpc_call_result(call, book);
        return;
    }
    json_decref(book);
    rpc_call_result(call, NULL);
}

/* ---- summaries -------------------------------------------------------- */

static json_t *write_mid(const struct view_market *view)
{
    i128 sum = (i128)price_raw(view->best_bid) + price_raw(view->best_ask);

    if (price_is_zero(view->best_bid) || price_is_zero(view->best_ask))
        return json_null();
    return write_wide(sum / 2, PRICE_PLACES);
}

static json_t *write_summary(const struct rpc_call *call,
                             const struct engine *engine, uint16_t number)
{
    const struct rpc_service *service = call->message->service;
    const char *settlement = write_currency(service, ASSET_SETTLEMENT);
    struct view_market view;

    read_market(engine, number, &view);
    return json_pack(
        "{ss ss ss so so so so so so so so so so so sn sn sn so so}",
        "instrument_name", params_of(call, number)->name, "base_currency",
        params_of(call, number)->base, "quote_currency", settlement,
        "bid_price", price_or_null(view.best_bid), "ask_price",
        price_or_null(view.best_ask), "mid_price", write_mid(&view), "last",
        price_or_null(view.last), "mark_price", price_or_null(view.mark),
        "estimated_delivery_price", price_or_null(view.index), "open_interest",
        write_qty(view.open_interest), "volume", write_qty(view.volume),
        "volume_usd", write_value(service, view.volume_quote),
        "volume_notional", write_value(service, view.volume_quote),
        "current_funding", write_rate(view.funding_rate), "high", "low",
        "price_change", "funding_8h", write_rate(view.funding_rate),
        "creation_timestamp", write_ms(engine_time(engine)));
}

static void read_summaries(struct rpc_call *call, const struct engine *engine,
                           const struct rpc_node *node)
{
    const struct rpc_service *service = call->message->service;
    struct query_filter filter;
    uint16_t only = MARKET_ALL;
    struct rows rows;

    (void)node;
    if (!query_filter_of(call, &filter))
        return;
    rpc_param_market(call, "instrument_name", &only);
    rows = rows_begin();
    for (uint16_t i = 0; i < service->genesis->market_count; i++)
        if (only == i ||
            (only == MARKET_ALL && query_selects(&filter, service, i)))
            rows_add(&rows, write_summary(call, engine, i));
    rpc_call_result(call, rows_end(&rows));
}

/* ---- breakers and the fund -------------------------------------------- */

static json_t *write_breaker(const struct rpc_call *call,
                             const struct engine *engine, uint16_t number)
{
    const struct market_params *market = params_of(call, number);
    struct view_market view;

    read_market(engine, number, &view);
    return json_pack(
        "{ss ss ss sb sb so so so so so so so}", "instrument_name",
        market->name, "state", state_text(view.state), "grade",
        write_grade((uint8_t)view.grade), "takes_new_risk",
        view.state == MARKET_OPEN && view.grade <= GRADE_UNCERTAIN,
        "takes_aggressive_orders",
        view.state == MARKET_OPEN && view.grade == GRADE_VALID, "band",
        write_rate(market->band), "mark_price", price_or_null(view.mark),
        "min_price", price_or_null(band_edge(market, view.mark, false)),
        "max_price", price_or_null(band_edge(market, view.mark, true)),
        "open_interest", write_qty(view.open_interest), "oi_factor",
        write_rate(view.oi_factor), "mark_timestamp", write_ms(view.mark_time));
}

static void read_breakers(struct rpc_call *call, const struct engine *engine,
                          const struct rpc_node *node)
{
    uint16_t count = call->message->service->genesis->market_count;
    uint16_t only = MARKET_ALL;
    struct rows rows = rows_begin();

    (void)node;
    rpc_param_market(call, "instrument_name", &only);
    for (uint16_t i = 0; i < count; i++)
        if (only == i || only == MARKET_ALL)
            rows_add(&rows, write_breaker(call, engine, i));
    rpc_call_result(call, rows_end(&rows));
}

/* Pools that a market names, each once. */
static bool is_new_pool(const struct genesis *genesis, uint16_t market)
{
    for (uint16_t i = 0; i < market; i++)
        if (genesis->markets[i].pool == genesis->markets[market].pool)
            return false;
    return true;
}

static json_t *write_pool(const struct rpc_service *service,
                          const struct engine *engine, uint8_t pool)
{
    struct rows rows = rows_begin();

    for (uint16_t i = 0; i < service->genesis->asset_count; i++)
        rows_add(
            &rows,
            json_pack(
                "{ss so}", "currency", write_currency(service, i), "balance",
                write_amount(service, i,
                             view_house(engine, HOUSE_INSURANCE, pool, i))));
    return json_pack("{si so}", "pool", pool, "balances", rows_end(&rows));
}

static json_t *house_value(const struct rpc_service *service,
                           const struct engine *engine, enum house house)
{
    return write_value(service, view_house(engine, house, 0, ASSET_SETTLEMENT));
}

static void read_insurance(struct rpc_call *call, const struct engine *engine,
                           const struct rpc_node *node)
{
    const struct rpc_service *service = call->message->service;
    const struct genesis *genesis = service->genesis;
    struct rows rows = rows_begin();

    (void)node;
    for (uint16_t i = 0; i < genesis->market_count; i++)
        if (is_new_pool(genesis, i))
            rows_add(&rows,
                     write_pool(service, engine, genesis->markets[i].pool));
    rpc_call_result(
        call,
        json_pack("{ss so so so so so so so}", "currency",
                  write_currency(service, ASSET_SETTLEMENT), "balance",
                  house_value(service, engine, HOUSE_INSURANCE), "pools",
                  rows_end(&rows), "treasury",
                  house_value(service, engine, HOUSE_TREASURY), "reporters",
                  house_value(service, engine, HOUSE_REPORTERS), "validators",
                  house_value(service, engine, HOUSE_VALIDATORS), "fees",
                  house_value(service, engine, HOUSE_FEES), "timestamp",
                  write_ms(engine_time(engine))));
}

/* ---- the table -------------------------------------------------------- */

static const struct rpc_param instruments_params[] = {
    QUERY_CURRENCY,
    QUERY_KIND,
    {"expired", RPC_PARAM_BOOLEAN, false, 0, 0,
     "those that have ended in place of the active ones"},
};
static const struct rpc_param summary_params[] = {QUERY_CURRENCY, QUERY_KIND};
static const struct rpc_param instrument_params[] = {QUERY_INSTRUMENT(true)};
static const struct rpc_param breaker_params[] = {QUERY_INSTRUMENT(false)};
static const struct rpc_param book_params[] = {
    QUERY_INSTRUMENT(true),
    {"depth", RPC_PARAM_INTEGER, false, 1, DEPTH_ASKED_MAX,
     "levels of each side, at most 1000 are given"},
};

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define READ(name, params, count, handler, summary, result)                \
    {                                                                      \
        name, RPC_READ, false, TYPED_NONE, params, count, summary, result, \
            {.read = handler}, NULL, false                                 \
    }
#define INSTRUMENT                                                             \
    "{instrument_name, kind, instrument_type, base_currency, quote_currency, " \
    "settlement_currency, settlement_period, price_index, is_active, state, "  \
    "tick_size, min_trade_amount, maker_commission, taker_commission, …}"
#define QUOTE                                                                \
    "{instrument_name, state, best_bid_price, best_bid_amount, "             \
    "best_ask_price, best_ask_amount, last_price, mark_price, index_price, " \
    "current_funding, open_interest, stats (since the start), timestamp, …}"
#define SUMMARY                                                              \
    "[{instrument_name, bid_price, ask_price, mid_price, last, mark_price, " \
    "open_interest, volume (since the start), …}]"

static const struct rpc_method methods[] = {
    {"public/get_currencies",
     RPC_DONE,
     false,
     TYPED_NONE,
     NULL,
     0,
     "What can be deposited or traded.",
     "[{currency, decimals, is_collateral, is_settlement, …}]",
     {.answer = answer_currencies},
     NULL,
     false},
    READ("public/get_instruments", instruments_params,
         COUNT(instruments_params), read_instruments, "The markets.",
         "[" INSTRUMENT "]"),
    READ("public/get_instrument", instrument_params, COUNT(instrument_params),
         read_instrument, "One market.", INSTRUMENT),
    READ("public/ticker", instrument_params, COUNT(instrument_params),
         read_ticker, "A market's prices now.", QUOTE),
    READ("public/get_order_book", book_params, COUNT(book_params), read_book,
         "The open orders of a market by price.",
         "the ticker's members and {bids: [[price, amount]], asks, change_id}"),
    READ("public/get_book_summary_by_currency", summary_params,
         COUNT(summary_params), read_summaries, "Markets in a line each.",
         SUMMARY),
    READ("public/get_book_summary_by_instrument", instrument_params,
         COUNT(instrument_params), read_summaries, "A market in a line.",
         SUMMARY),
    READ("public/get_breakers", breaker_params, COUNT(breaker_params),
         read_breakers, "What each market takes now, and its price band.",
         "[{instrument_name, state, grade, takes_new_risk, "
         "takes_aggressive_orders, band, mark_price, min_price, max_price, "
         "oi_factor, …}]"),
    READ("public/get_insurance", NULL, 0, read_insurance,
         "The insurance fund and the ledgers that fees go to.",
         "{currency, balance, pools, treasury, reporters, validators, fees, "
         "timestamp}"),
};

const struct rpc_method_table rpc_market_methods = {
    methods, sizeof methods / sizeof *methods};
