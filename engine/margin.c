/*
 * An account's figures are its cash, the values of its other collateral, and
 * sums of what its positions add. The sums are kept change by change while
 * the price epoch lasts; an account whose epoch is over is made anew when it
 * is next read, so a tick touches no account.
 *
 * What an account would look like after an order or a fill is worked out on a
 * copy of the sums (struct parts), from the same functions.
 */
#include "engine/margin.h"
#include "engine/account.h"
#include "engine/margin_rules.h"
#include "engine/oracle.h"
#include "engine/position.h"
#include "engine/wide.h"

/* Values of collateral are cut here: an account can't count on more, and
 * fifteen assets together stay far below AMOUNT_MAX. */
#define COLLATERAL_MAX ((i128)1 << 56)

STATIC_CHECK(COLLATERAL_MAX *ASSETS_MAX <= AMOUNT_MAX);

/* What a margin is made of. */
struct parts {
    i128 cash, collateral_initial, collateral_maintenance, gain;
    i128 initial, maintenance, initial_open, maintenance_open;
};

/* The market's side of a requirement, as of this epoch. */
struct quotes {
    struct margin_terms terms;
    struct price mark, confidence;
    int64_t divisor;
};

/* The account's side: a position, as it is or as it might be. */
struct holding {
    struct qty size, buys, sells;
    struct amount cost, unsettled;
    i128 order_loss; /* price * qty units */
};

/* Figures beyond the range of amounts say only "very large". */
static struct amount bounded(i128 value)
{
    return amount_from_wide(wide_clamp(value, -AMOUNT_MAX, AMOUNT_MAX));
}

/* ---- one position ------------------------------------------------------- */

static struct quotes quotes_of(const struct engine *engine, uint16_t number,
                               struct rate own)
{
    const struct market *market = &engine->markets[number];
    const struct market_params *params = market->params;

    return (struct quotes){
        .terms = {.tiers = params->tiers,
                  .tier_count = params->tier_count,
                  .maintenance_fraction = params->maintenance_fraction,
                  .own = own,
                  .oi_factor = market->oi_factor,
                  .volatility = rate_of(RATE_ONE)},
        .mark = market->mark,
        .confidence = engine->feeds[params->feed].confidence,
        .divisor = engine->notional_divisor,
    };
}

static struct holding holding_of(const struct position *position)
{
    return (struct holding){.size = position->size,
                            .buys = position->open_buys,
                            .sells = position->open_sells,
                            .cost = position->cost,
                            .order_loss = position->order_loss};
}

/* The size that rule 3 counts. At equal sizes the short one: its notional is
 * rounded away from zero. */
static struct qty worst_size(const struct holding *holding)
{
    struct qty high = qty_add(holding->size, holding->buys);
    struct qty low = qty_sub(holding->size, holding->sells);

    return qty_cmp(qty_abs(high), qty_abs(low)) > 0 ? high : low;
}

struct need {
    struct amount notional; /* signed */
    i128 initial, maintenance;
};

static struct need need_of(const struct quotes *quotes, struct qty size)
{
    struct need need = {
        .notional = notional_floor(size, quotes->mark, quotes->divisor)};
    i128 notional = amount_wide(amount_abs(need.notional));
    i128 base = margin_rules_base(quotes->terms.tiers, quotes->terms.tier_count,
                                  notional);

    need.initial = margin_rules_initial(
        &quotes->terms, notional, base,
        margin_rules_confidence(quotes->confidence, size, quotes->divisor));
    need.maintenance =
        margin_rules_maintenance(base, quotes->terms.maintenance_fraction);
    return need;
}

/* Adds the open orders to the requirements of the position alone. */
static void expose_open(const struct quotes *quotes,
                        const struct holding *holding,
                        struct exposure *exposure)
{
    struct qty worst = worst_size(holding);
    struct need need = {.initial = amount_wide(exposure->initial),
                        .maintenance = amount_wide(exposure->maintenance)};
    i128 loss = holding->order_loss;

    if (!qty_equal(worst, holding->size))
        need = need_of(quotes, worst);
    if (loss != 0)
        loss = wide_div_ceil(loss, quotes->divisor);
    exposure->initial_open = bounded(need.initial + loss);
    exposure->maintenance_open = bounded(need.maintenance + loss);
}

static void expose(const struct quotes *quotes, const struct holding *holding,
                   struct exposure *exposure)
{
    struct need need = need_of(quotes, holding->size);

    exposure->notional = need.notional;
    exposure->gain = amount_add(amount_sub(need.notional, holding->cost),
                                holding->unsettled);
    exposure->initial = bounded(need.initial);
    exposure->maintenance = bounded(need.maintenance);
    expose_open(quotes, holding, exposure);
}

/* Rule 3's sum, from the position's list of orders. */
static i128 walk_orders(const struct engine *engine,
                        const struct position *position)
{
    struct price mark = engine->markets[position->market].mark;
    i128 loss = 0;

    for (uint32_t i = position->orders; i != NONE;
         i = engine->links[i].own_next) {
        const struct order *order = &engine->orders[i];

        if (order->level != NONE && !order->is_reduce_only)
            loss += margin_rules_order_loss(
                order->side == SIDE_BUY, order->price, mark,
                qty_sub(order->size, order->filled));
    }
    return loss;
}

/* What an order of this open size adds to that sum. */
static i128 order_loss(const struct engine *engine, uint16_t market,
                       enum side side, struct price price, struct qty size)
{
    return margin_rules_order_loss(side == SIDE_BUY, price,
                                   engine->markets[market].mark, size);
}

void margin_exposure(const struct engine *engine,
                     const struct position *position, struct exposure *exposure)
{
    struct quotes quotes =
        quotes_of(engine, position->market, position->own_rate);
    struct holding holding = holding_of(position);

    holding.unsettled = position_unsettled(engine, position);
    holding.order_loss = walk_orders(engine, position);
    expose(&quotes, &holding, exposure);
}

/* ---- an account's sums --------------------------------------------------- */

static void sums_change(struct exposure *sums, const struct exposure *old,
                        const struct exposure *new)
{
#define CHANGE(field) \
    sums->field = amount_add(sums->field, amount_sub(new->field, old->field))
    CHANGE(notional);
    CHANGE(gain);
    CHANGE(initial);
    CHANGE(maintenance);
    CHANGE(initial_open);
    CHANGE(maintenance_open);
#undef CHANGE
}

static void collateral_sums(const struct engine *engine, uint32_t account,
                            struct amount *initial, struct amount *maintenance)
{
    *initial = *maintenance = amount_of(0);
    for (uint16_t i = 1; i < engine->genesis.asset_count; i++) {
        struct amount held = *engine_balance(engine, account, i);
        struct amount value, value_maintenance;

        if (amount_is_zero(held))
            continue;
        margin_collateral(engine, i, held, &value, &value_maintenance);
        *initial = amount_add(*initial, value);
        *maintenance = amount_add(*maintenance, value_maintenance);
    }
}

/* Its exposure at this epoch; position->order_loss must be right. */
static void position_renew(struct engine *engine, struct position *position)
{
    struct quotes quotes =
        quotes_of(engine, position->market, position->own_rate);
    struct holding holding = holding_of(position);

    holding.unsettled = position_unsettled(engine, position);
    expose(&quotes, &holding, &position->exposure);
}

static bool is_fresh(const struct engine *engine, uint32_t account)
{
    return engine->accounts[account].price_epoch == engine->price_epoch;
}

void margin_refresh(struct engine *engine, uint32_t account)
{
    static const struct exposure nothing;
    struct account *object = &engine->accounts[account];

    if (likely(is_fresh(engine, account)))
        return;
    object->sums = nothing;
    for (uint32_t i = object->positions; i != NONE;
         i = engine->positions[i].next) {
        struct position *position = &engine->positions[i];

        position->order_loss = walk_orders(engine, position);
        position_renew(engine, position);
        sums_change(&object->sums, &nothing, &position->exposure);
    }
    collateral_sums(engine, account, &object->collateral_initial,
                    &object->collateral_maintenance);
    object->price_epoch = engine->price_epoch;
}

void margin_position_changed(struct engine *engine, uint32_t position)
{
    struct position *object = &engine->positions[position];
    struct exposure old = object->exposure;

    if (unlikely(!is_fresh(engine, object->account))) {
        margin_refresh(engine, object->account);
        return;
    }
    position_renew(engine, object);
    sums_change(&engine->accounts[object->account].sums, &old,
                &object->exposure);
}

void margin_order_counted(struct engine *engine, uint32_t position,
                          enum side side, struct price price, struct qty change)
{
    struct position *object = &engine->positions[position];
    struct qty *sum =
        side == SIDE_BUY ? &object->open_buys : &object->open_sells;

    *sum = qty_add(*sum, change);
    check(!qty_is_negative(*sum));
    object->order_loss +=
        order_loss(engine, object->market, side, price, change);
}

void margin_orders_changed(struct engine *engine, uint32_t position)
{
    struct position *object = &engine->positions[position];
    struct exposure old = object->exposure;
    struct holding holding;
    struct quotes quotes;

    if (unlikely(!is_fresh(engine, object->account))) {
        margin_refresh(engine, object->account);
        return;
    }
    quotes = quotes_of(engine, object->market, object->own_rate);
    holding = holding_of(object);
    expose_open(&quotes, &holding, &object->exposure);
    sums_change(&engine->accounts[object->account].sums, &old,
                &object->exposure);
}

/* ---- an account's figures ------------------------------------------------ */

static struct parts parts_of(const struct engine *engine, uint32_t account,
                             const struct exposure *sums,
                             struct amount collateral_initial,
                             struct amount collateral_maintenance)
{
    return (struct parts){
        .cash = amount_wide(*engine_balance(engine, account, ASSET_SETTLEMENT)),
        .collateral_initial = amount_wide(collateral_initial),
        .collateral_maintenance = amount_wide(collateral_maintenance),
        .gain = amount_wide(sums->gain),
        .initial = amount_wide(sums->initial),
        .maintenance = amount_wide(sums->maintenance),
        .initial_open = amount_wide(sums->initial_open),
        .maintenance_open = amount_wide(sums->maintenance_open),
    };
}

static struct parts parts_now(struct engine *engine, uint32_t account)
{
    const struct account *object = &engine->accounts[account];

    margin_refresh(engine, account);
    return parts_of(engine, account, &object->sums, object->collateral_initial,
                    object->collateral_maintenance);
}

static i128 equity_initial(const struct engine *engine,
                           const struct parts *parts)
{
    const struct genesis *genesis = &engine->genesis;

    return parts->cash + parts->collateral_initial +
           margin_rules_gain(parts->gain, genesis->gain_weight,
                             amount_wide(genesis->gain_cap));
}

static i128 initial_open(const struct engine *engine, const struct parts *parts)
{
    return parts->initial_open +
           margin_rules_debt(parts->cash, engine->genesis.borrow_initial);
}

static void margin_of(const struct engine *engine, const struct parts *parts,
                      struct margin *margin)
{
    i128 debt_initial =
        margin_rules_debt(parts->cash, engine->genesis.borrow_initial);
    i128 debt_maintenance =
        margin_rules_debt(parts->cash, engine->genesis.borrow_maintenance);

    margin->cash = bounded(parts->cash);
    margin->gain = bounded(parts->gain);
    margin->equity =
        bounded(parts->cash + parts->collateral_maintenance + parts->gain);
    margin->equity_initial = bounded(equity_initial(engine, parts));
    margin->equity_withdrawal = bounded(
        parts->cash + parts->collateral_initial + wide_min(parts->gain, 0));
    margin->initial = bounded(parts->initial + debt_initial);
    margin->maintenance = bounded(parts->maintenance + debt_maintenance);
    margin->initial_open = bounded(parts->initial_open + debt_initial);
    margin->maintenance_open =
        bounded(parts->maintenance_open + debt_maintenance);
}

void margin_read(struct engine *engine, uint32_t account, struct margin *margin)
{
    struct parts parts = parts_now(engine, account);

    margin_of(engine, &parts, margin);
}

void margin_compute(const struct engine *engine, uint32_t account,
                    struct margin *margin)
{
    static const struct exposure nothing;
    struct exposure sums = nothing, one;
    struct amount initial, maintenance;
    struct parts parts;

    for (uint32_t i = engine->accounts[account].positions; i != NONE;
         i = engine->positions[i].next) {
        margin_exposure(engine, &engine->positions[i], &one);
        sums_change(&sums, &nothing, &one);
    }
    collateral_sums(engine, account, &initial, &maintenance);
    parts = parts_of(engine, account, &sums, initial, maintenance);
    margin_of(engine, &parts, margin);
}

/* ---- may it? --------------------------------------------------------------
 */

static struct margin_state state_of(const struct margin *margin)
{
    return (struct margin_state){
        .equity_initial = amount_wide(margin->equity_initial),
        .equity = amount_wide(margin->equity),
        .initial = amount_wide(margin->initial_open),
        .maintenance = amount_wide(margin->maintenance_open)};
}

bool margin_allows(const struct margin *before, const struct margin *after,
                   bool is_reducing)
{
    struct margin_state from = state_of(before), to = state_of(after);

    return margin_rules_change(&from, &to, is_reducing) != MARGIN_REFUSED;
}

/* E >= IMR, or what is missing. */
static bool covers(i128 available, i128 required, struct margin_gap *gap)
{
    gap->required = bounded(required);
    gap->available = bounded(available);
    return available >= required;
}

/* Would all that is open on its side, and this order with it, only reduce? */
static bool order_reduces(const struct engine *engine, uint32_t account,
                          uint16_t market, enum side side, struct qty size)
{
    uint32_t slot = position_find(engine, account, market);
    const struct position *position = &engine->positions[slot];

    if (slot == NONE)
        return false;
    return position_is_reducing(
        position->size, side == SIDE_BUY
                            ? qty_add(position->open_buys, size)
                            : qty_neg(qty_add(position->open_sells, size)));
}

bool margin_covers_order(struct engine *engine, uint32_t account,
                         uint16_t market, enum side side, struct qty size,
                         struct price price, struct amount fee,
                         struct margin_gap *gap)
{
    static const struct position none;
    uint32_t slot = position_find(engine, account, market);
    struct parts parts = parts_now(engine, account);
    const struct position *position =
        slot == NONE ? &none : &engine->positions[slot];
    struct quotes quotes = quotes_of(engine, market, position->own_rate);
    struct holding holding = holding_of(position);
    struct exposure after = position->exposure;

    if (side == SIDE_BUY)
        holding.buys = qty_add(holding.buys, size);
    else
        holding.sells = qty_add(holding.sells, size);
    holding.order_loss += order_loss(engine, market, side, price, size);
    expose_open(&quotes, &holding, &after);
    parts.initial_open += amount_wide(after.initial_open) -
                          amount_wide(position->exposure.initial_open);
    parts.cash -= amount_wide(fee);
    return covers(equity_initial(engine, &parts), initial_open(engine, &parts),
                  gap);
}

bool margin_admits_order(struct engine *engine, uint32_t account,
                         uint16_t market, enum side side, struct qty size,
                         struct price price, struct amount fee,
                         struct margin_gap *gap)
{
    return margin_covers_order(engine, account, market, side, size, price, fee,
                               gap) ||
           order_reduces(engine, account, market, side, size);
}

bool margin_admits_fill(struct engine *engine, uint32_t position,
                        struct qty change, struct amount quote,
                        struct amount fee, struct qty resting,
                        struct price resting_price)
{
    const struct position *object = &engine->positions[position];
    enum side side = qty_is_negative(change) ? SIDE_SELL : SIDE_BUY;
    struct parts parts = parts_now(engine, object->account), after = parts;
    struct amount unsettled = position_unsettled(engine, object);
    struct position_change moved =
        position_change_of(object->size, object->cost, change, quote);
    struct quotes quotes = quotes_of(engine, object->market, object->own_rate);
    struct holding holding = holding_of(object);
    struct margin from, to;
    struct exposure exposure;

    holding.size = moved.size;
    holding.cost = moved.cost;
    if (side == SIDE_BUY)
        holding.buys = qty_sub(holding.buys, resting);
    else
        holding.sells = qty_sub(holding.sells, resting);
    holding.order_loss -=
        order_loss(engine, object->market, side, resting_price, resting);
    expose(&quotes, &holding, &exposure);
    after.cash +=
        amount_wide(unsettled) + amount_wide(moved.realised) - amount_wide(fee);
    after.gain +=
        amount_wide(exposure.gain) - amount_wide(object->exposure.gain);
    after.initial_open += amount_wide(exposure.initial_open) -
                          amount_wide(object->exposure.initial_open);
    if (likely(equity_initial(engine, &after) >= initial_open(engine, &after)))
        return true;
    after.maintenance_open += amount_wide(exposure.maintenance_open) -
                              amount_wide(object->exposure.maintenance_open);
    margin_of(engine, &parts, &from);
    margin_of(engine, &after, &to);
    return margin_allows(&from, &to,
                         position_is_reducing(object->size, change));
}

bool margin_admits_withdrawal(struct engine *engine, uint32_t account,
                              uint16_t asset, struct amount amount,
                              struct margin_gap *gap)
{
    struct parts parts = parts_now(engine, account);
    struct amount held = *engine_balance(engine, account, asset);
    struct amount before, after, ignored;

    if (asset == ASSET_SETTLEMENT) {
        parts.cash -= amount_wide(amount);
    } else {
        margin_collateral(engine, asset, held, &before, &ignored);
        margin_collateral(engine, asset, amount_sub(held, amount), &after,
                          &ignored);
        parts.collateral_initial += amount_wide(after) - amount_wide(before);
    }
    return covers(parts.cash + parts.collateral_initial +
                      wide_min(parts.gain, 0),
                  initial_open(engine, &parts), gap);
}

/* ---- the epoch's inputs ---------------------------------------------------
 */

void margin_collateral(const struct engine *engine, uint16_t asset,
                       struct amount amount, struct amount *initial,
                       struct amount *maintenance)
{
    const struct asset_params *params = &engine->genesis.assets[asset];
    const struct feed *feed = &engine->feeds[params->feed];
    struct margin_collateral collateral = {
        .amount = amount_wide(amount),
        .decimals = params->decimals,
        .price = feed->price,
        .slow = feed->slow,
        .weight_initial = params->weight_initial,
        .weight_maintenance = params->weight_maintenance,
        .imf = params->imf,
        .start = rate_raw(engine->assets[asset].concentration),
        .total = RATE_ONE};
    struct margin_collateral_value value = margin_rules_collateral(
        &collateral, engine->genesis.assets[ASSET_SETTLEMENT].decimals,
        COLLATERAL_MAX);

    *initial = amount_from_wide(value.initial);
    *maintenance = amount_from_wide(value.maintenance);
}

/* Rule 2's g with the open interest at the index. */
static struct rate oi_factor_now(const struct engine *engine, uint16_t number)
{
    const struct market_params *params = engine->markets[number].params;
    i128 interest = wide_mul(qty_raw(engine->markets[number].open_interest),
                             price_raw(oracle_index(engine, number)));

    return margin_rules_oi_factor(interest / engine->notional_divisor,
                                  amount_wide(params->oi_lower),
                                  amount_wide(params->oi_upper));
}

/* Rule 4's c = start / value of all that is deposited, rounded down. */
static struct rate concentration_now(const struct engine *engine,
                                     uint16_t asset)
{
    const struct asset_params *params = &engine->genesis.assets[asset];
    struct margin_collateral collateral = {
        .amount = amount_wide(engine->assets[asset].deposited),
        .decimals = params->decimals,
        .price = engine->feeds[params->feed].price,
        .weight_initial = rate_of(RATE_ONE),
        .weight_maintenance = rate_of(RATE_ONE),
        .start = 1,
        .total = 1};
    i128 start = amount_wide(params->scale_start), value;

    if (asset == ASSET_SETTLEMENT || start == 0)
        return rate_of(RATE_ONE);
    value = margin_rules_collateral(
                &collateral, engine->genesis.assets[ASSET_SETTLEMENT].decimals,
                (i128)1 << 96)
                .maintenance;
    return value <= start
               ? rate_of(RATE_ONE)
               : rate_of((int64_t)wide_muldiv_floor(start, RATE_ONE, value));
}

bool margin_inputs_changed(const struct engine *engine)
{
    for (uint16_t i = 0; i < engine->genesis.market_count; i++)
        if (!rate_equal(engine->markets[i].oi_factor, oi_factor_now(engine, i)))
            return true;
    for (uint16_t i = 0; i < engine->genesis.asset_count; i++)
        if (!rate_equal(engine->assets[i].concentration,
                        concentration_now(engine, i)))
            return true;
    return false;
}

void margin_new_epoch(struct engine *engine)
{
    for (uint16_t i = 0; i < engine->genesis.market_count; i++)
        engine->markets[i].oi_factor = oi_factor_now(engine, i);
    for (uint16_t i = 0; i < engine->genesis.asset_count; i++)
        engine->assets[i].concentration = concentration_now(engine, i);
    engine->price_epoch++;
}
