/*
 * Positions and what stands behind them: size, result, requirement, the mark
 * at which liquidation would begin, and the account's margin explained.
 */
#include "engine/margin_rules.h"
#include "engine/view.h"
#include "engine/wide.h"
#include "rpc/collateral.h"
#include "rpc/decimal.h"
#include "rpc/liquidation_price.h"
#include "rpc/query.h"
#include "rpc/rows.h"
#include "rpc/write.h"

/* What an answer is made from. */
struct scene {
    const struct rpc_service *service;
    const struct engine *engine;
    struct view_account account;
};

/* False: answered, the account was never opened. */
static bool scene_of(struct rpc_call *call, struct scene *scene,
                     const struct engine *engine)
{
    struct account_id id;

    scene->service = call->message->service;
    scene->engine = engine;
    if (query_account(call, &id) && view_account(engine, &id, &scene->account))
        return true;
    query_refuse(call, result_unknown_account, param_owner);
    return false;
}

static json_t *price_or_null(struct price price)
{
    return price_is_zero(price) ? json_null() : write_price(price);
}

/* ---- one position ----------------------------------------------------- */

static const char *direction_of(struct qty size)
{
    return qty_is_zero(size) ? "zero" : qty_is_positive(size) ? "buy" : "sell";
}

/* The greatest leverage that opens it: one over the lowest initial rate, the
 * user's own where that is higher. */
static json_t *write_leverage(const struct market_params *market,
                              struct rate own)
{
    struct rate rate = rate_max(market->tiers[0].initial_rate, own);

    return write_wide(
        wide_div_floor(wide_mul(RATE_ONE, RATE_ONE), rate_raw(rate)),
        RATE_PLACES);
}

static bool set_results(json_t *object, const struct scene *scene,
                        const struct view_position *position)
{
    const struct rpc_service *service = scene->service;
    struct amount price_result =
        amount_sub(position->gain, position->unsettled);

    return write_set(object, "floating_profit_loss",
                     write_value(service, price_result)) &&
           write_set(object, "realized_profit_loss",
                     write_value(service, position->realised)) &&
           write_set(object, "realized_funding",
                     write_value(service, position->funding)) &&
           write_set(object, "unsettled_funding",
                     write_value(service, position->unsettled)) &&
           write_set(object, "total_profit_loss",
                     write_value(service, position->gain));
}

static bool set_requirement(json_t *object, const struct scene *scene,
                            const struct view_position *position)
{
    const struct rpc_service *service = scene->service;
    struct price price = rpc_liquidation_price(
        service->genesis, &scene->account.margin, position);

    return write_set(object, "initial_margin",
                     write_value(service, position->initial)) &&
           write_set(object, "maintenance_margin",
                     write_value(service, position->maintenance)) &&
           write_set(object, "open_orders_margin",
                     write_value(service, amount_sub(position->initial_open,
                                                     position->initial))) &&
           write_set(object, "estimated_liquidation_price",
                     price_or_null(price)) &&
           write_set(
               object, "leverage",
               write_leverage(&service->genesis->markets[position->market],
                              position->own_rate));
}

static json_t *write_position(const struct scene *scene,
                              const struct view_position *position)
{
    const struct rpc_service *service = scene->service;
    struct view_market market = {0};
    json_t *object;

    (void)!view_market(scene->engine, position->market, &market);
    object = json_pack("{ss ss so ss so so so so so so}", "instrument_name",
                       write_instrument(service, position->market), "kind",
                       "future", "size", write_qty(position->size), "direction",
                       direction_of(position->size), "average_price",
                       write_average(service, position->cost, position->size),
                       "mark_price", price_or_null(market.mark), "index_price",
                       price_or_null(market.index), "settlement_price",
                       price_or_null(market.mark), "notional",
                       write_value(service, position->notional), "cost",
                       write_value(service, position->cost));
    if (object && set_results(object, scene, position) &&
        set_requirement(object, scene, position))
        return object;
    json_decref(object);
    return NULL;
}

static void read_positions(struct rpc_call *call, const struct engine *engine,
                           const struct rpc_node *node)
{
    struct view_position positions[MARKETS_MAX];
    struct query_filter filter;
    struct scene scene;
    struct rows rows;
    uint32_t count;

    (void)node;
    if (!query_filter_of(call, &filter) || !scene_of(call, &scene, engine))
        return;
    count = view_positions(engine, &scene.account.id, positions, MARKETS_MAX);
    rows = rows_begin();
    for (uint32_t i = 0; i < count && i < MARKETS_MAX; i++)
        if (!qty_is_zero(positions[i].size) &&
            query_selects(&filter, scene.service, positions[i].market))
            rows_add(&rows, write_position(&scene, &positions[i]));
    rpc_call_result(call, rows_end(&rows));
}

/* One that is not there is a position of size 0. */
static void read_position(struct rpc_call *call, const struct engine *engine,
                          const struct rpc_node *node)
{
    struct view_position position = {0};
    struct scene scene;
    uint16_t market = 0;

    (void)node;
    if (!scene_of(call, &scene, engine))
        return;
    rpc_param_market(call, "instrument_name", &market);
    if (!view_position(engine, &scene.account.id, market, &position))
        position = (struct view_position){.market = market};
    rpc_call_result(call, write_position(&scene, &position));
}

/* ---- margin explained ------------------------------------------------- */

/* Which way the open orders would make the position larger. */
static const char *worst_case(const struct view_position *position)
{
    struct qty up = qty_abs(qty_add(position->size, position->open_buys));
    struct qty down = qty_abs(qty_sub(position->size, position->open_sells));

    if (qty_is_zero(position->open_buys) && qty_is_zero(position->open_sells))
        return "none";
    return qty_cmp(up, down) >= 0 ? "buys" : "sells";
}

static json_t *write_requirement(const struct scene *scene,
                                 const struct view_position *position)
{
    const struct rpc_service *service = scene->service;
    struct view_market market = {0};

    (void)!view_market(scene->engine, position->market, &market);
    return json_pack(
        "{ss so so so so so so so so ss so so so so}", "instrument_name",
        write_instrument(service, position->market), "size",
        write_qty(position->size), "mark_price", price_or_null(market.mark),
        "notional", write_value(service, position->notional), "gain",
        write_value(service, position->gain), "initial_margin",
        write_value(service, position->initial), "maintenance_margin",
        write_value(service, position->maintenance), "open_buys",
        write_qty(position->open_buys), "open_sells",
        write_qty(position->open_sells), "worst_case", worst_case(position),
        "initial_margin_worst", write_value(service, position->initial_open),
        "maintenance_margin_worst",
        write_value(service, position->maintenance_open), "own_rate",
        write_rate(position->own_rate), "oi_factor",
        write_rate(market.oi_factor));
}

/* A rung of the ladder: how far its market's mark may go, all others
 * standing still. */
struct rung {
    uint16_t market;
    struct price mark, price;
};

static i128 distance(const struct rung *rung)
{
    return wide_abs((i128)price_raw(rung->price) - price_raw(rung->mark));
}

/* Nearest first: |price - mark| / mark. */
static void sort_ladder(struct rung *rungs, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++)
        for (uint32_t j = i;
             j > 0 && wide_cmp_products(distance(&rungs[j]),
                                        price_raw(rungs[j - 1].mark),
                                        distance(&rungs[j - 1]),
                                        price_raw(rungs[j].mark)) < 0;
             j--) {
            struct rung other = rungs[j];

            rungs[j] = rungs[j - 1];
            rungs[j - 1] = other;
        }
}

static json_t *write_ladder(const struct scene *scene,
                            const struct view_position *positions,
                            uint32_t count)
{
    struct rung rungs[MARKETS_MAX];
    struct rows rows = rows_begin();
    uint32_t rung_count = 0;

    for (uint32_t i = 0; i < count; i++) {
        struct view_market market = {0};
        struct price price = rpc_liquidation_price(
            scene->service->genesis, &scene->account.margin, &positions[i]);

        (void)!view_market(scene->engine, positions[i].market, &market);
        if (!price_is_zero(price))
            rungs[rung_count++] =
                (struct rung){positions[i].market, market.mark, price};
    }
    sort_ladder(rungs, rung_count);
    for (uint32_t i = 0; i < rung_count; i++)
        rows_add(&rows,
                 json_pack("{ss so so}", "instrument_name",
                           write_instrument(scene->service, rungs[i].market),
                           "mark_price", write_price(rungs[i].mark),
                           "liquidation_price", write_price(rungs[i].price)));
    return rows_end(&rows);
}

static struct amount debt_of(struct amount cash, struct rate rate)
{
    if (!amount_is_negative(cash))
        return amount_of(0);
    return amount_from_wide(margin_rules_debt(amount_wide(cash), rate));
}

static json_t *write_totals(const struct scene *scene)
{
    const struct rpc_service *service = scene->service;
    const struct view_margin *margin = &scene->account.margin;

    return json_pack(
        "{so sI ss so so so so so so so so so so so so sb sb}", "owner",
        write_address(&scene->account.id.owner), "subaccount",
        (json_int_t)scene->account.id.subaccount, "currency",
        write_currency(service, ASSET_SETTLEMENT), "balance",
        write_value(service, margin->cash), "gain",
        write_value(service, margin->gain), "equity",
        write_value(service, margin->equity), "equity_initial",
        write_value(service, margin->equity_initial), "equity_withdrawal",
        write_value(service, margin->equity_withdrawal), "initial_margin",
        write_value(service, margin->initial), "maintenance_margin",
        write_value(service, margin->maintenance), "initial_margin_worst",
        write_value(service, margin->initial_open), "maintenance_margin_worst",
        write_value(service, margin->maintenance_open), "available_funds",
        write_value(service,
                    amount_sub(margin->equity_initial, margin->initial_open)),
        "debt_initial",
        write_value(service,
                    debt_of(margin->cash, service->genesis->borrow_initial)),
        "debt_maintenance",
        write_value(service, debt_of(margin->cash,
                                     service->genesis->borrow_maintenance)),
        "is_liquidatable",
        amount_is_positive(margin->maintenance) &&
            amount_cmp(margin->equity, margin->maintenance) < 0,
        "in_liquidation", scene->account.is_in_liquidation);
}

static void read_margin(struct rpc_call *call, const struct engine *engine,
                        const struct rpc_node *node)
{
    struct view_position positions[MARKETS_MAX];
    struct rows rows;
    struct scene scene;
    uint32_t count;
    json_t *totals;

    (void)node;
    if (!scene_of(call, &scene, engine))
        return;
    count = view_positions(engine, &scene.account.id, positions, MARKETS_MAX);
    if (count > MARKETS_MAX)
        count = MARKETS_MAX;
    rows = rows_begin();
    for (uint32_t i = 0; i < count; i++)
        rows_add(&rows, write_requirement(&scene, &positions[i]));
    totals = write_totals(&scene);
    if (write_set(totals, "positions", rows_end(&rows)) &&
        write_set(totals, "collaterals",
                  collateral_rows(scene.service, engine, &scene.account)) &&
        write_set(totals, "liquidation_prices",
                  write_ladder(&scene, positions, count))) {
        rpc_call_result(call, totals);
        return;
    }
    json_decref(totals);
    rpc_call_result(call, NULL);
}

/* ---- the table -------------------------------------------------------- */

static const struct rpc_param positions_params[] = {
    QUERY_OWNER(true), QUERY_SUBACCOUNT, QUERY_CURRENCY, QUERY_KIND};
static const struct rpc_param position_params[] = {
    QUERY_OWNER(true), QUERY_SUBACCOUNT, QUERY_INSTRUMENT(true)};
static const struct rpc_param margin_params[] = {QUERY_OWNER(true),
                                                 QUERY_SUBACCOUNT};

#define READ(name, params, handler, summary, result)         \
    {                                                        \
        name, RPC_READ, false, TYPED_NONE, params,           \
            sizeof params / sizeof *params, summary, result, \
            {.read = handler}, NULL, false                   \
    }
#define POSITION                                                              \
    "{instrument_name, size (signed), direction, average_price, mark_price, " \
    "index_price, floating_profit_loss, realized_profit_loss, "               \
    "realized_funding, initial_margin, maintenance_margin, "                  \
    "estimated_liquidation_price (null: none), leverage, …}"

static const struct rpc_method methods[] = {
    READ("private/get_positions", positions_params, read_positions,
         "Open positions.", "[" POSITION "]"),
    READ("private/get_position", position_params, read_position,
         "The position in an instrument, of size 0 where there is none.",
         POSITION),
    READ("private/get_margin", margin_params, read_margin,
         "The account's margin explained: what each position and the worst of "
         "its open orders require, collateral, debt, and how far each mark may "
         "go until liquidation.",
         "{equity, initial_margin, maintenance_margin, initial_margin_worst, "
         "positions, collaterals, liquidation_prices (nearest first), …}"),
};

const struct rpc_method_table rpc_position_methods = {
    methods, sizeof methods / sizeof *methods};
