/*
 * A tick's liquidations. The accounts that may be unsafe come from
 * engine/health.h and are examined exactly; those that are, stand in a heap
 * by depth under water. The deepest are served, as many as a tick has time
 * for; each is read again just before its turn, as the turns before may have
 * changed it. Who is still in liquidation afterwards is touched, so it comes
 * back at the next tick.
 *
 * An account whose every position is in a market without a usable price is
 * let be until one has it. An account in liquidation without positions is
 * idle: it waits for money, takes nobody's turn, and is served last.
 */
#include "engine/liquidation.h"

#include "engine/account.h"
#include "engine/health.h"
#include "engine/insurance.h"
#include "engine/liquidation_rules.h"
#include "engine/margin.h"
#include "engine/order.h"
#include "engine/position.h"
#include "engine/waterfall.h"
#include "engine/wide.h"

#define ACCOUNTS_PER_TICK 256

/* ---- the deepest first ------------------------------------------------ */

static bool is_deeper(const struct engine *engine, const struct candidate *a,
                      const struct candidate *b)
{
    int order =
        liquidation_order(a->equity, a->maintenance, b->equity, b->maintenance);

    if (order != 0)
        return order < 0;
    return account_id_cmp(&engine->accounts[a->account].id,
                          &engine->accounts[b->account].id) < 0;
}

static void sift_down(const struct engine *engine, struct candidate *heap,
                      uint32_t count, uint32_t at)
{
    struct candidate candidate = heap[at];
    uint32_t child;

    while ((child = 2 * at + 1) < count) {
        if (child + 1 < count &&
            is_deeper(engine, &heap[child + 1], &heap[child]))
            child++;
        if (!is_deeper(engine, &heap[child], &candidate))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = candidate;
}

static void heap_up(const struct engine *engine, struct candidate *heap,
                    uint32_t count)
{
    for (uint32_t i = count / 2; i-- > 0;)
        sift_down(engine, heap, count, i);
}

static uint32_t take_deepest(const struct engine *engine,
                             struct candidate *heap, uint32_t *count)
{
    uint32_t account = heap[0].account;

    heap[0] = heap[--*count];
    if (*count > 0)
        sift_down(engine, heap, *count, 0);
    return account;
}

/* ---- who is unsafe ---------------------------------------------------- */

static bool has_position(const struct engine *engine, uint32_t account)
{
    for (uint32_t i = engine->accounts[account].positions; i != NONE;
         i = engine->positions[i].next)
        if (!qty_is_zero(engine->positions[i].size))
            return true;
    return false;
}

/* Is there a position that may be closed now? */
static bool has_open_position(const struct engine *engine, uint32_t account)
{
    for (uint32_t i = engine->accounts[account].positions; i != NONE;
         i = engine->positions[i].next)
        if (!qty_is_zero(engine->positions[i].size) &&
            waterfall_is_open(engine, engine->positions[i].market))
            return true;
    return false;
}

/* Nothing left to close or to sell? */
static bool is_empty(const struct engine *engine, uint32_t account)
{
    for (uint16_t i = 1; i < engine->genesis.asset_count; i++)
        if (!amount_is_zero(*engine_balance(engine, account, i)))
            return false;
    return !has_position(engine, account);
}

/* Back above the requirement and the widest buffer of its markets. */
static bool is_over(struct engine *engine, uint32_t account)
{
    struct rate buffer = rate_of(0);
    struct margin margin;

    margin_read(engine, account, &margin);
    for (uint32_t i = engine->accounts[account].positions; i != NONE;
         i = engine->positions[i].next) {
        const struct position *position = &engine->positions[i];

        if (!qty_is_zero(position->size))
            buffer = rate_max(
                buffer, engine->markets[position->market].params->exit_buffer);
    }
    return liquidation_is_over(margin.equity, margin.maintenance, buffer);
}

/* Would a turn of this unsafe account do anything? */
static bool has_turn(struct engine *engine, uint32_t account)
{
    if (has_position(engine, account))
        return has_open_position(engine, account) || is_over(engine, account);
    return !engine->accounts[account].is_in_liquidation ||
           is_over(engine, account) ||
           (is_empty(engine, account) && insurance_can_cover(engine));
}

static void examine(struct engine *engine, uint32_t account)
{
    struct health_scratch *scratch = health_scratch(engine);
    struct margin margin;

    margin_read(engine, account, &margin);
    if (!engine->accounts[account].is_in_liquidation &&
        !liquidation_is_due(margin.equity, margin.maintenance)) {
        health_arm(engine, account);
        return;
    }
    if (!has_turn(engine, account)) {
        health_touch(engine, account);
        return;
    }
    /* A requirement of nothing (all is closed) counts as the smallest, so
     * that the order is total. */
    scratch->candidates[scratch->candidate_count++] = (struct candidate){
        .account = account,
        .equity = margin.equity,
        .maintenance = amount_max(margin.maintenance, amount_of(1)),
    };
}

/* ---- one account's turn ----------------------------------------------- */

static void set_in_liquidation(struct engine *engine, uint32_t account,
                               bool is_in)
{
    struct event event;

    engine->accounts[account].is_in_liquidation = is_in;
    account_touch(engine, account);
    waterfall_event(engine, account, MARKET_ALL, is_in ? STEP_BEGIN : STEP_END,
                    &event);
    engine_emit(engine, &event);
}

static void cancel_risky(struct engine *engine, uint32_t account)
{
    struct event event;

    waterfall_event(engine, account, MARKET_ALL, STEP_CANCEL, &event);
    if (order_cancel_risky(engine, account) > 0)
        engine_emit(engine, &event);
}

/* Markets with a position, by requirement, then number. */
static uint32_t list_markets(const struct engine *engine, uint32_t account,
                             uint16_t *markets)
{
    struct amount sizes[MARKETS_MAX];
    uint32_t count = 0;

    for (uint32_t i = engine->accounts[account].positions; i != NONE;
         i = engine->positions[i].next) {
        const struct position *position = &engine->positions[i];
        uint32_t at = count;

        if (qty_is_zero(position->size))
            continue;
        for (; at > 0 &&
               amount_cmp(sizes[at - 1], position->exposure.maintenance) < 0;
             at--) {
            sizes[at] = sizes[at - 1];
            markets[at] = markets[at - 1];
        }
        sizes[at] = position->exposure.maintenance;
        markets[at] = position->market;
        count++;
    }
    return count;
}

/*
 * Nothing is left but a debt: the fund pays what it can, the rest stays as
 * the account's negative balance and is asked for again when the fund has
 * money. Said once, and again whenever something was paid.
 */
static void settle_deficit(struct engine *engine, uint32_t account,
                           bool is_first)
{
    struct amount balance = *engine_balance(engine, account, ASSET_SETTLEMENT);
    struct amount paid, left;
    struct event event;

    if (!amount_is_negative(balance))
        return;
    waterfall_event(engine, account, MARKET_ALL, STEP_DEFICIT, &event);
    paid = insurance_cover(engine, account, amount_neg(balance));
    left = amount_sub(amount_neg(balance), paid);
    event.liquidation.insurance = paid;
    if (amount_is_positive(paid))
        engine_emit(engine, &event);
    if (!amount_is_positive(left) || (!is_first && !amount_is_positive(paid)))
        return;
    waterfall_event(engine, account, MARKET_ALL, STEP_SHORTFALL, &event);
    event.liquidation.quote = amount_neg(left);
    engine_emit(engine, &event);
}

static void serve(struct engine *engine, uint32_t account)
{
    bool was_in = engine->accounts[account].is_in_liquidation;
    bool was_empty = was_in && is_empty(engine, account);
    uint16_t markets[MARKETS_MAX];
    struct margin margin;
    uint32_t count;

    margin_read(engine, account, &margin);
    if (!was_in && !liquidation_is_due(margin.equity, margin.maintenance)) {
        health_arm(engine, account);
        return;
    }
    if (!was_in)
        set_in_liquidation(engine, account, true);
    cancel_risky(engine, account);
    count = list_markets(engine, account, markets);
    for (uint32_t i = 0; i < count && !is_over(engine, account); i++)
        if (waterfall_is_open(engine, markets[i]))
            waterfall_turn(engine, account, markets[i]);
    if (is_empty(engine, account))
        settle_deficit(engine, account, !was_empty);
    if (is_over(engine, account))
        set_in_liquidation(engine, account, false);
    health_touch(engine, account);
}

/* Who has positions comes first in the list; returns how many they are. */
static uint32_t part_idle(const struct engine *engine,
                          struct candidate *candidates, uint32_t count)
{
    uint32_t busy = 0;

    for (uint32_t i = 0; i < count; i++) {
        struct candidate candidate = candidates[i];

        if (!has_position(engine, candidate.account))
            continue;
        candidates[i] = candidates[busy];
        candidates[busy++] = candidate;
    }
    return busy;
}

void liquidation_tick(struct engine *engine)
{
    struct health_scratch *scratch = health_scratch(engine);
    struct candidate *candidates = scratch->candidates, *idle;
    uint32_t busy_count, idle_count;

    scratch->candidate_count = 0;
    scratch->adl_work = 0;
    health_collect(engine, examine);
    busy_count = part_idle(engine, candidates, scratch->candidate_count);
    idle = candidates + busy_count;
    idle_count = scratch->candidate_count - busy_count;

    heap_up(engine, candidates, busy_count);
    for (uint32_t i = 0; i < ACCOUNTS_PER_TICK && busy_count > 0; i++)
        serve(engine, take_deepest(engine, candidates, &busy_count));
    for (uint32_t i = 0; i < busy_count; i++)
        health_touch(engine, candidates[i].account);

    heap_up(engine, idle, idle_count);
    while (idle_count > 0)
        serve(engine, take_deepest(engine, idle, &idle_count));
}
