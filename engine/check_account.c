#include "engine/check_account.h"
#include "engine/account.h"
#include "engine/margin.h"
#include "engine/order.h"
#include "engine/position.h"
#include "engine/wide.h"

/* What is met while walking over the accounts. */
struct walk {
    const struct engine *engine;
    struct engine_fault *fault;
    uint32_t account, market;
    uint32_t position_count, order_count, waiting_count, timed_count;
    uint32_t holders[MARKETS_MAX];
};

static bool wrong(const struct walk *walk, const char *what)
{
    return check_fault(walk->fault, what, walk->market, walk->account);
}

/* ---- orders ----------------------------------------------------------- */

static bool check_timed(struct walk *walk, uint32_t slot)
{
    const struct order *order = &walk->engine->orders[slot];
    const struct order_cold *cold = &walk->engine->orders_cold[slot];
    uint32_t place = walk->engine->places[slot].time;
    const struct heap *heap = &walk->engine->order_times;
    const struct heap_entry *entry;

    if (order->time_in_force != TIF_GOOD_TIL_TIME)
        return place == NONE ||
               wrong(walk, "an order without a time waits for one");
    if (place >= heap->count)
        return wrong(walk, "a good-til-time order is not in the heap of times");
    entry = &heap->entries[place];
    if (entry->item != slot || entry->tie != order->id ||
        entry->key != nanos_raw(cold->good_til))
        return wrong(walk, "a good-til-time order has another's place");
    walk->timed_count++;
    return true;
}

/* Waiting orders are in exactly one trigger list, keyed by their price
 * (negated where the list fires at or below). */
static bool check_waiting(struct walk *walk, uint32_t slot)
{
    const struct order *order = &walk->engine->orders[slot];
    int64_t price = price_raw(walk->engine->orders_cold[slot].trigger_price);
    uint32_t place = walk->engine->places[slot].trigger;
    uint32_t found = 0;

    for (uint32_t up = 0; up < 2; up++) {
        const struct heap *heap = &walk->engine->markets[order->market]
                                       .triggers[order->trigger - 1][up];

        if (place < heap->count) {
            const struct heap_entry *entry = &heap->entries[place];

            found += entry->item == slot && entry->tie == order->id &&
                     entry->key == (up ? price : -price);
        }
    }
    walk->waiting_count++;
    return found == 1 || wrong(walk, "a waiting order is in no trigger list");
}

static bool check_order(struct walk *walk, uint32_t slot, uint32_t position)
{
    const struct engine *engine = walk->engine;
    const struct order *order = &engine->orders[slot];

    if (order->account != walk->account || order->position != position ||
        order->market != walk->market)
        return wrong(walk, "an order is in a foreign list");
    if (order_find(engine, order->id) != slot)
        return wrong(walk, "an order is not found by its id");
    if (order->id == 0 || order->id >= engine->next_order ||
        order->priority >= engine->next_priority)
        return wrong(walk, "an order's id or priority was never given out");
    if (qty_is_negative(order->filled) ||
        qty_cmp(order->filled, order->size) >= 0)
        return wrong(walk, "an open order has nothing left to fill");
    if ((order->trigger == TRIGGER_NONE) != (order->level != NONE) ||
        (order->trigger == TRIGGER_NONE) !=
            (engine->places[slot].trigger == NONE))
        return wrong(walk, "an order is neither on the book nor waiting");
    if (order->trigger != TRIGGER_NONE && !check_waiting(walk, slot))
        return false;
    return check_timed(walk, slot);
}

/* The position's list of orders, and the two sums it keeps of them. */
static bool check_orders(struct walk *walk, uint32_t position_slot)
{
    const struct engine *engine = walk->engine;
    const struct position *position = &engine->positions[position_slot];
    struct qty open[2] = {qty_of(0), qty_of(0)};
    uint32_t previous = NONE;

    for (uint32_t i = position->orders; i != NONE;
         i = engine->links[i].own_next) {
        const struct order *order = &engine->orders[i];

        if (engine->links[i].own_previous != previous)
            return wrong(walk, "a position's list of orders is broken");
        if (!check_order(walk, i, position_slot))
            return false;
        if (order->level != NONE && !order->is_reduce_only)
            open[order->side] =
                qty_add(open[order->side], qty_sub(order->size, order->filled));
        if (++walk->order_count > engine->order_pool.count)
            return wrong(walk, "the lists hold more orders than there are");
        previous = i;
    }
    if (!qty_equal(open[SIDE_BUY], position->open_buys) ||
        !qty_equal(open[SIDE_SELL], position->open_sells))
        return wrong(walk, "a position's open sizes are not its orders'");
    return true;
}

/* ---- positions -------------------------------------------------------- */

static bool check_holder(struct walk *walk, uint32_t slot)
{
    const struct engine *engine = walk->engine;
    const struct position *position = &engine->positions[slot];

    if (position->holder_at == NONE)
        return (qty_is_zero(position->size) && position->orders == NONE) ||
               wrong(walk, "a position is missing among the holders");
    walk->holders[walk->market]++;
    if (position->holder_at >= engine->holder_counts[walk->market] ||
        engine->holders[walk->market][position->holder_at] != slot)
        return wrong(walk, "a position has another's place among the holders");
    return true;
}

static bool is_exposure_equal(const struct exposure *a,
                              const struct exposure *b)
{
    return amount_equal(a->notional, b->notional) &&
           amount_equal(a->gain, b->gain) &&
           amount_equal(a->initial, b->initial) &&
           amount_equal(a->maintenance, b->maintenance) &&
           amount_equal(a->initial_open, b->initial_open) &&
           amount_equal(a->maintenance_open, b->maintenance_open);
}

/* Adds what the position adds to its account; where the account's cache is
 * of this epoch, the position's must be so, too. */
static bool check_exposure(struct walk *walk, uint32_t slot,
                           struct exposure *sums)
{
    const struct engine *engine = walk->engine;
    const struct position *position = &engine->positions[slot];
    struct exposure exposure;

    if (engine->accounts[walk->account].price_epoch != engine->price_epoch)
        return true;
    margin_exposure(engine, position, &exposure);
    if (!is_exposure_equal(&exposure, &position->exposure))
        return wrong(walk, "a position's cached exposure is out of date");
    sums->notional = amount_add(sums->notional, exposure.notional);
    sums->gain = amount_add(sums->gain, exposure.gain);
    sums->initial = amount_add(sums->initial, exposure.initial);
    sums->maintenance = amount_add(sums->maintenance, exposure.maintenance);
    sums->initial_open = amount_add(sums->initial_open, exposure.initial_open);
    sums->maintenance_open =
        amount_add(sums->maintenance_open, exposure.maintenance_open);
    return true;
}

static bool check_position(struct walk *walk, uint32_t slot)
{
    const struct engine *engine = walk->engine;
    const struct position *position = &engine->positions[slot];
    struct qty most = engine->genesis.markets[walk->market].position_max;

    if (position->account != walk->account)
        return wrong(walk, "a position is in a foreign account's chain");
    if (position_find(engine, walk->account, position->market) != slot)
        return wrong(walk, "a position is not found by account and market");
    if (qty_is_zero(position->size) && position->orders == NONE &&
        rate_is_zero(position->own_rate))
        return wrong(walk, "a position has no reason to be");
    if (qty_cmp(qty_abs(position->size), most) > 0)
        return wrong(walk, "a position is above the market's limit");
    if (qty_is_zero(position->size) && !amount_is_zero(position->cost))
        return wrong(walk, "a position of no size has a cost");
    if (position->is_touched || !amount_is_zero(position->realised_now) ||
        !amount_is_zero(position->funding_now))
        return wrong(walk, "a position's event is still due");
    return check_holder(walk, slot) && check_orders(walk, slot);
}

/* ---- accounts --------------------------------------------------------- */

static bool check_collateral(struct walk *walk)
{
    const struct engine *engine = walk->engine;
    const struct account *account = &engine->accounts[walk->account];
    struct amount initial = amount_of(0), maintenance = amount_of(0);

    if (account->price_epoch != engine->price_epoch)
        return true;
    for (uint16_t i = 1; i < engine->genesis.asset_count; i++) {
        struct amount value[2];

        margin_collateral(engine, i, *engine_balance(engine, walk->account, i),
                          &value[0], &value[1]);
        initial = amount_add(initial, value[0]);
        maintenance = amount_add(maintenance, value[1]);
    }
    return (amount_equal(initial, account->collateral_initial) &&
            amount_equal(maintenance, account->collateral_maintenance)) ||
           wrong(walk, "an account's cached collateral is out of date");
}

static bool check_positions(struct walk *walk)
{
    const struct engine *engine = walk->engine;
    const struct account *account = &engine->accounts[walk->account];
    struct exposure sums = {0};
    uint32_t least = 0, orders = walk->order_count;

    for (uint32_t i = account->positions; i != NONE;
         i = engine->positions[i].next) {
        walk->market = engine->positions[i].market;
        if (walk->market < least ||
            walk->market >= engine->genesis.market_count)
            return wrong(walk, "an account's positions are not in order");
        least = walk->market + 1;
        walk->position_count++;
        if (!check_position(walk, i) || !check_exposure(walk, i, &sums))
            return false;
    }
    walk->market = MARKET_ALL;
    if (walk->order_count - orders != account->order_count ||
        account->order_count > engine->genesis.capacities.account_orders)
        return wrong(walk, "an account's count of orders is wrong");
    if (account->price_epoch == engine->price_epoch &&
        !is_exposure_equal(&sums, &account->sums))
        return wrong(walk, "an account's sums are not its positions'");
    return true;
}

static bool check_volume(struct walk *walk)
{
    const struct volume *volume = &walk->engine->volumes[walk->account];
    i128 total = 0;

    for (uint32_t i = 0; i < VOLUME_DAYS; i++)
        total += amount_wide(volume->days[i]);
    return total == amount_wide(volume->total) ||
           wrong(walk, "an account's volume is not its days'");
}

static bool check_identity(struct walk *walk)
{
    const struct engine *engine = walk->engine;
    const struct account *account = &engine->accounts[walk->account];

    if (account_find(engine, &account->id) != walk->account)
        return wrong(walk, "an account is not found by its identity");
    if (account->owner >= engine->account_pool.used ||
        !address_equal(&engine->accounts[account->owner].id.owner,
                       &account->id.owner))
        return wrong(walk, "an account hangs at a foreign owner");
    if (account->is_house && account->positions != NONE)
        return wrong(walk, "the house has a position");
    return true;
}

static bool check_totals(struct walk *walk)
{
    const struct engine *engine = walk->engine;

    walk->account = NONE;
    if (walk->position_count != engine->position_pool.count)
        return wrong(walk, "positions are lost");
    if (walk->order_count != engine->order_pool.count)
        return wrong(walk, "orders are lost");
    if (walk->timed_count != engine->order_times.count)
        return wrong(walk, "the heap of times holds dead orders");
    for (uint32_t i = 0; i < engine->genesis.market_count; i++) {
        walk->market = i;
        if (walk->holders[i] != engine->holder_counts[i])
            return wrong(walk, "a market's holders hold dead positions");
        for (uint32_t by = 0; by < 3; by++)
            for (uint32_t up = 0; up < 2; up++)
                walk->waiting_count -=
                    engine->markets[i].triggers[by][up].count;
    }
    walk->market = MARKET_ALL;
    return walk->waiting_count == 0 ||
           wrong(walk, "the trigger lists hold dead orders");
}

bool check_account(const struct engine *engine, struct engine_fault *fault)
{
    struct walk walk = {.engine = engine, .fault = fault, .market = MARKET_ALL};

    for (uint32_t i = 0; i < engine->account_pool.used; i++) {
        walk.account = i;
        if (!check_identity(&walk) || !check_positions(&walk) ||
            !check_collateral(&walk) || !check_volume(&walk))
            return false;
    }
    return check_totals(&walk);
}
