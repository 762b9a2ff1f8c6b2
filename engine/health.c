/*
 * The account's slack S = equity - requirement is spread over everything it
 * depends on, so that each price may move against it by the same share
 * S / W before anything has to be computed:
 *
 *   W = sum over positions of N * (1 + r) + sum of collateral values
 *
 * N is a position's notional, r the market's worst maintenance rate. Three
 * triggers follow, kept in heaps by price:
 *
 *   falls   a long, effective price down by x = M * S / W: costs N * S / W
 *   rises   a short, effective price up by x: the same
 *   marks   any position, mark up by x: its requirement grows by at most
 *           r * N * S / W
 *
 * The effective price is mark - funding index: what moves equity. Equity and
 * requirement need triggers of their own, as funding can hold the one still
 * while the mark raises the other. A collateral asset's price has falls
 * alone. While none is crossed all losses together are at most S, whatever
 * moves at once; roundings are covered by GUARD units per thing held.
 *
 * A trigger stays when its account changes or leaves the market; it then
 * costs one needless examination and is gone.
 */
#include "engine/health.h"

#include "engine/margin.h"
#include "engine/wide.h"

/* Units that the roundings of one position or collateral can make. */
#define GUARD 8

/* Which heaps an account stands in, by market or asset. */
enum armed {
    ARMED_FALLS = 1,
    ARMED_RISES = 2,
    ARMED_MARKS = 4,
};

struct triggers {
    struct heap falls; /* greatest price first: keys negated */
    struct heap rises;
    struct heap marks;
    uint8_t *armed; /* by account slot, mask of enum armed */
};

struct health {
    struct triggers markets[MARKETS_MAX];
    struct triggers assets[ASSETS_MAX]; /* falls alone */
    uint32_t *dirty, *visited;          /* account slots */
    uint32_t dirty_count;
    struct health_scratch scratch;
};

/* ---- memory ----------------------------------------------------------- */

struct area {
    uint8_t *at; /* NULL: only count */
    size_t size;
};

static void *take(struct area *area, size_t count, size_t size)
{
    void *part = area->at ? area->at + area->size : NULL;

    area->size += (count * size + 63) / 64 * 64;
    return part;
}

static void take_heap(struct area *area, struct heap *heap, uint32_t count,
                      uint32_t *places)
{
    void *entries = take(area, count, sizeof(struct heap_entry));

    if (heap)
        heap_init(heap, entries, count, places, 1);
}

/* A position is long or short: falls and rises share their places. */
static void take_market(struct area *area, struct triggers *triggers,
                        uint32_t count)
{
    uint32_t *sides = take(area, count, sizeof *sides);
    uint32_t *marks = take(area, count, sizeof *marks);
    uint8_t *armed = take(area, count, sizeof *armed);

    take_heap(area, triggers ? &triggers->falls : NULL, count, sides);
    take_heap(area, triggers ? &triggers->rises : NULL, count, sides);
    take_heap(area, triggers ? &triggers->marks : NULL, count, marks);
    if (triggers)
        triggers->armed = armed;
}

static void take_asset(struct area *area, struct triggers *triggers,
                       uint32_t count)
{
    uint32_t *places = take(area, count, sizeof *places);
    uint8_t *armed = take(area, count, sizeof *armed);

    take_heap(area, triggers ? &triggers->falls : NULL, count, places);
    if (triggers)
        triggers->armed = armed;
}

static void take_scratch(struct area *area, struct health_scratch *scratch,
                         uint32_t count)
{
    struct health_scratch parts = {
        .candidates = take(area, count, sizeof *parts.candidates),
        .shares = take(area, count, sizeof *parts.shares),
        .holders = take(area, count, sizeof *parts.holders),
        .keys = take(area, count, sizeof *parts.keys),
        .items = take(area, count, sizeof *parts.items),
    };

    if (scratch)
        *scratch = parts;
}

/* Counts, or with memory builds. */
static size_t lay_out(void *memory, const struct genesis *genesis)
{
    uint32_t accounts = genesis->capacities.accounts;
    struct area area = {memory, 0};
    struct health *health = take(&area, 1, sizeof *health);
    uint32_t *dirty = take(&area, accounts, sizeof *dirty);
    uint32_t *visited = take(&area, accounts, sizeof *visited);

    for (uint16_t i = 0; i < genesis->market_count; i++)
        take_market(&area, health ? &health->markets[i] : NULL, accounts);
    for (uint16_t i = 0; i < genesis->asset_count; i++)
        take_asset(&area, health ? &health->assets[i] : NULL, accounts);
    take_scratch(&area, health ? &health->scratch : NULL, accounts);
    if (health) {
        health->dirty = dirty;
        health->visited = visited;
    }
    return area.size;
}

size_t health_footprint(const struct genesis *genesis)
{
    return lay_out(NULL, genesis);
}

struct health *health_init(void *memory, const struct genesis *genesis)
{
    lay_out(memory, genesis);
    return memory;
}

struct health_scratch *health_scratch(struct engine *engine)
{
    return &engine->health->scratch;
}

/* ---- who is looked at ------------------------------------------------- */

void health_touch(struct engine *engine, uint32_t slot)
{
    struct account *account = &engine->accounts[slot];
    struct health *health = engine->health;

    if (account->is_dirty || account->is_house)
        return;
    account->is_dirty = true;
    health->dirty[health->dirty_count++] = slot;
}

/* What moves a position's gain, at 1e-17: rounded to prices as named. */
static i128 effective(const struct engine *engine, uint16_t number)
{
    const struct market *market = &engine->markets[number];

    return wide_mul(price_raw(market->mark), RATE_ONE) - market->funding_index;
}

static int64_t effective_floor(const struct engine *engine, uint16_t number)
{
    return (int64_t)wide_div_floor(effective(engine, number), RATE_ONE);
}

static int64_t effective_ceil(const struct engine *engine, uint16_t number)
{
    return (int64_t)wide_div_ceil(effective(engine, number), RATE_ONE);
}

/* Everyone whose key lies under this price goes onto the list. */
static void pop(struct engine *engine, struct heap *heap, uint8_t *armed,
                enum armed kind, int64_t price)
{
    const struct heap_entry *top;

    while ((top = heap_top(heap)) && top->key < price) {
        uint32_t account = top->item;

        heap_remove(heap, account);
        armed[account] &= (uint8_t)~kind;
        health_touch(engine, account);
    }
}

static void pop_all(struct engine *engine)
{
    struct health *health = engine->health;

    for (uint16_t i = 0; i < engine->genesis.market_count; i++) {
        struct triggers *market = &health->markets[i];

        pop(engine, &market->falls, market->armed, ARMED_FALLS,
            -effective_floor(engine, i));
        pop(engine, &market->rises, market->armed, ARMED_RISES,
            effective_ceil(engine, i));
        pop(engine, &market->marks, market->armed, ARMED_MARKS,
            price_raw(engine->markets[i].mark));
    }
    for (uint16_t i = 1; i < engine->genesis.asset_count; i++) {
        uint16_t feed = engine->genesis.assets[i].feed;

        pop(engine, &health->assets[i].falls, health->assets[i].armed,
            ARMED_FALLS, -price_raw(engine->feeds[feed].price));
    }
}

void health_collect(struct engine *engine,
                    void (*visit)(struct engine *engine, uint32_t account))
{
    struct health *health = engine->health;
    uint32_t *list;
    uint32_t count;

    pop_all(engine);
    list = health->dirty;
    count = health->dirty_count;
    health->dirty = health->visited;
    health->visited = list;
    health->dirty_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        engine->accounts[list[i]].is_dirty = false;
        visit(engine, list[i]);
    }
}

void health_reset(struct engine *engine)
{
    struct health *health = engine->health;
    uint32_t used = engine->account_pool.used;

    for (uint16_t i = 0; i < engine->genesis.market_count; i++) {
        struct triggers *market = &health->markets[i];

        market->falls.count = market->rises.count = market->marks.count = 0;
        __builtin_memset(market->armed, 0, used);
    }
    for (uint16_t i = 0; i < engine->genesis.asset_count; i++) {
        health->assets[i].falls.count = 0;
        __builtin_memset(health->assets[i].armed, 0, used);
    }
    health->dirty_count = 0;
    for (uint32_t i = 0; i < used; i++) {
        engine->accounts[i].is_dirty = false;
        health_touch(engine, i);
    }
}

/* ---- triggers --------------------------------------------------------- */

static void disarm(struct triggers *triggers, uint32_t account)
{
    uint8_t armed = triggers->armed[account];

    if (armed & ARMED_FALLS)
        heap_remove(&triggers->falls, account);
    if (armed & ARMED_RISES)
        heap_remove(&triggers->rises, account);
    if (armed & ARMED_MARKS)
        heap_remove(&triggers->marks, account);
    triggers->armed[account] = 0;
}

/* The most a market's requirement grows by a unit of notional, rounded up. */
static int64_t worst_rate(const struct market_params *params)
{
    struct rate top = params->tiers[params->tier_count - 1].initial_rate;

    return (int64_t)wide_div_ceil(
        wide_mul(rate_raw(top), rate_raw(params->maintenance_fraction)),
        RATE_ONE);
}

/* What the slack is spread over, and from which part of it. */
struct spread {
    i128 slack, weight;
};

static void spread_positions(const struct engine *engine,
                             const struct account *account,
                             struct spread *spread)
{
    for (uint32_t i = account->positions; i != NONE;
         i = engine->positions[i].next) {
        const struct position *position = &engine->positions[i];
        int64_t rate = worst_rate(engine->markets[position->market].params);
        i128 value;

        if (qty_is_zero(position->size))
            continue;
        value = amount_raw(amount_abs(position->exposure.notional)) + 1;
        spread->weight += value + wide_div_ceil(value * rate, RATE_ONE);
        spread->slack -= GUARD;
    }
}

static void spread_collateral(const struct engine *engine, uint32_t slot,
                              struct spread *spread)
{
    for (uint16_t i = 1; i < engine->genesis.asset_count; i++) {
        struct amount balance = *engine_balance(engine, slot, i);
        struct amount initial, maintenance;

        if (amount_is_zero(balance))
            continue;
        margin_collateral(engine, i, balance, &initial, &maintenance);
        spread->weight += amount_wide(maintenance) + 1;
        spread->slack -= GUARD;
    }
}

/* How far a price may move; it can't fall by more than itself. */
static int64_t reach(const struct spread *spread, struct price price)
{
    i128 most = wide_mul(price_raw(price), 1) * spread->slack;

    return (int64_t)wide_min(wide_div_floor(most, spread->weight), PRICE_MAX);
}

/* False: not even the smallest move is safe. */
static bool arm_position(struct engine *engine, uint32_t account,
                         const struct position *position,
                         const struct spread *spread)
{
    uint16_t number = position->market;
    struct triggers *market = &engine->health->markets[number];
    struct price mark = engine->markets[number].mark;
    int64_t most = reach(spread, mark);

    if (most < 1)
        return false;
    /* Effective prices are finer than a price: a unit less than the reach,
     * for what rounding hides now and then. */
    if (qty_is_positive(position->size)) {
        heap_push(&market->falls,
                  -(effective_floor(engine, number) - (most - 1)), 0, account);
        market->armed[account] |= ARMED_FALLS;
    } else {
        heap_push(&market->rises, effective_ceil(engine, number) + (most - 1),
                  0, account);
        market->armed[account] |= ARMED_RISES;
    }
    heap_push(&market->marks, price_raw(mark) + most, 0, account);
    market->armed[account] |= ARMED_MARKS;
    return true;
}

static bool arm_positions(struct engine *engine, uint32_t slot,
                          const struct spread *spread)
{
    bool is_safe = true;

    for (uint32_t i = engine->accounts[slot].positions; i != NONE;
         i = engine->positions[i].next) {
        const struct position *position = &engine->positions[i];

        disarm(&engine->health->markets[position->market], slot);
        if (!qty_is_zero(position->size))
            is_safe &= arm_position(engine, slot, position, spread);
    }
    return is_safe;
}

static bool arm_collateral(struct engine *engine, uint32_t slot,
                           const struct spread *spread)
{
    bool is_safe = true;

    for (uint16_t i = 1; i < engine->genesis.asset_count; i++) {
        struct triggers *asset = &engine->health->assets[i];
        struct price price =
            engine->feeds[engine->genesis.assets[i].feed].price;
        int64_t most;

        disarm(asset, slot);
        if (amount_is_zero(*engine_balance(engine, slot, i)) ||
            price_is_zero(price))
            continue;
        most = reach(spread, price);
        if (most < 1) {
            is_safe = false;
            continue;
        }
        heap_push(&asset->falls, -(price_raw(price) - most), 0, slot);
        asset->armed[slot] |= ARMED_FALLS;
    }
    return is_safe;
}

void health_arm(struct engine *engine, uint32_t slot)
{
    struct spread spread = {0, 0};
    struct margin margin;
    bool is_safe;

    margin_read(engine, slot, &margin);
    if (!amount_is_positive(margin.maintenance) &&
        engine->accounts[slot].positions == NONE)
        return;
    spread.slack = amount_wide(margin.equity) - amount_wide(margin.maintenance);
    spread_positions(engine, &engine->accounts[slot], &spread);
    spread_collateral(engine, slot, &spread);
    is_safe = spread.slack >= 0;
    if (spread.weight > 0) {
        is_safe &= arm_positions(engine, slot, &spread);
        is_safe &= arm_collateral(engine, slot, &spread);
    }
    if (!is_safe)
        health_touch(engine, slot);
}
