/*
 * New orders and replaced ones. Nothing is changed before everything has
 * been checked; where a check needs the state without the order that is to
 * be replaced, the order is taken off the book and put back to its place.
 */
#include "engine/book.h"
#include "engine/key.h"
#include "engine/margin.h"
#include "engine/order.h"
#include "engine/order_admit.h"
#include "engine/order_trigger.h"
#include "engine/position.h"

static struct refusal refuse(enum result result, enum param param)
{
    return (struct refusal){.result = result, .param = param};
}

static const struct refusal done = {.result = result_ok};

/* ---- new --------------------------------------------------------------- */

static uint32_t make(struct engine *engine, uint32_t account, uint32_t position,
                     const struct order_terms *terms)
{
    if (position == NONE)
        position = position_open(engine, account, terms->market);
    check(position != NONE);
    return order_make(engine, account, position, terms);
}

static void arrival_of_terms(uint32_t account, uint32_t position,
                             const struct order_terms *terms,
                             const struct key *key, struct arrival *arrival)
{
    bool is_market = terms->type == ORDER_MARKET;
    bool is_fill_or_kill = terms->time_in_force == TIF_FILL_OR_KILL;

    *arrival = (struct arrival){
        .account = account,
        .position = position,
        .market = terms->market,
        .side = (enum side)terms->side,
        .is_new = true,
        .is_market = is_market,
        .is_fill_or_kill = is_fill_or_kill,
        .is_immediate = is_market || is_fill_or_kill ||
                        terms->time_in_force == TIF_IMMEDIATE_OR_CANCEL,
        .is_post_only = terms->is_post_only,
        .is_reduce_only = terms->is_reduce_only,
        .has_max_fee = terms->has_max_fee,
        .size = terms->size,
        .price = terms->price,
        .max_fee = terms->max_fee,
        .key = key,
    };
}

/* It holds no margin and is judged in full when it fires; what it can be
 * refused for now is what would be so then, too. */
static struct refusal place_waiting(struct engine *engine, uint32_t account,
                                    uint32_t position,
                                    const struct order_terms *terms)
{
    const struct order waiting = {.market = terms->market,
                                  .side = terms->side,
                                  .type = terms->type,
                                  .trigger = terms->trigger};
    struct refusal refusal;
    uint32_t slot;

    if (engine->accounts[account].is_in_liquidation && !terms->is_reduce_only)
        return refuse(result_in_liquidation, param_subaccount);
    refusal = order_admit_room(engine, account, position);
    if (refusal.result != result_ok)
        return refusal;
    if (!order_trigger_has_room(engine, &waiting))
        return refuse(result_order_capacity, param_none);
    slot = make(engine, account, position, terms);
    engine->orders[slot].trigger = terms->trigger;
    engine->orders[slot].priority = engine->next_priority++;
    order_trigger_wait(engine, slot);
    order_touch(engine, slot, REASON_NONE);
    return done;
}

struct refusal order_place(struct engine *engine, uint32_t account,
                           const struct order_terms *terms,
                           const struct key *key)
{
    struct refusal refusal = order_admit_terms(engine, terms, key);
    struct arrival arrival;
    uint32_t position, slot;

    if (refusal.result != result_ok)
        return refusal;
    position = position_find(engine, account, terms->market);
    if (order_trigger_is_type(terms->type))
        return place_waiting(engine, account, position, terms);
    arrival_of_terms(account, position, terms, key, &arrival);
    refusal = order_admit(engine, &arrival);
    if (refusal.result != result_ok)
        return refusal;
    slot = make(engine, account, position, terms);
    engine->orders[slot].price = arrival.price;
    order_arrive(engine, slot, REASON_NONE);
    return done;
}

/* ---- replaced ---------------------------------------------------------- */

/* What it shall be; nothing of it unchanged means something else. */
struct change {
    struct qty size;
    struct price price, trigger_price;
    bool is_resized, is_repriced, is_retriggered;
};

static struct change change_of(const struct engine *engine, uint32_t slot,
                               struct qty size, struct price price,
                               struct price trigger_price)
{
    const struct order *order = &engine->orders[slot];
    const struct order_cold *cold = &engine->orders_cold[slot];
    struct change change = {order->size, order->price, cold->trigger_price,
                            false,       false,        false};

    if (!qty_is_zero(size) && !qty_equal(size, order->size)) {
        change.size = size;
        change.is_resized = true;
    }
    if (!price_is_zero(price) && !price_equal(price, order->price)) {
        change.price = price;
        change.is_repriced = true;
    }
    if (!price_is_zero(trigger_price) &&
        !price_equal(trigger_price, cold->trigger_price)) {
        change.trigger_price = trigger_price;
        change.is_retriggered = true;
    }
    return change;
}

static struct refusal admit_change(const struct engine *engine, uint32_t slot,
                                   const struct change *change)
{
    const struct order *order = &engine->orders[slot];
    struct refusal refusal = done;

    if (change->is_resized)
        refusal = order_admit_size(engine, order->market, change->size);
    if (refusal.result == result_ok && change->is_repriced)
        refusal = price_is_zero(order->price)
                      ? refuse(result_price_out_of_range, param_price)
                      : order_admit_price(engine, order->market, change->price,
                                          param_price);
    if (refusal.result == result_ok && change->is_retriggered)
        refusal =
            order->trigger == TRIGGER_NONE
                ? refuse(result_trigger_invalid, param_trigger_price)
                : order_admit_price(engine, order->market,
                                    change->trigger_price, param_trigger_price);
    if (refusal.result != result_ok)
        return refusal;
    if (qty_cmp(change->size, order->filled) <= 0 ||
        !(change->is_resized || change->is_repriced || change->is_retriggered))
        return refuse(result_replace_invalid, param_amount);
    return done;
}

static void change_waiting(struct engine *engine, uint32_t slot,
                           const struct change *change)
{
    struct order *order = &engine->orders[slot];

    order_trigger_leave(engine, slot);
    order->size = change->size;
    order->price = change->price;
    engine->orders_cold[slot].trigger_price = change->trigger_price;
    order_trigger_wait(engine, slot);
    order_touch(engine, slot, REASON_USER);
}

/* Only smaller: it keeps its place. */
static void change_size(struct engine *engine, uint32_t slot, struct qty size)
{
    struct order *order = &engine->orders[slot];
    struct qty by = qty_sub(order->size, size);

    book_reduce(engine, slot, by);
    order->size = size;
    order_count(engine, slot, qty_neg(by));
    if (!order->is_reduce_only)
        margin_orders_changed(engine, order->position);
    order_touch(engine, slot, REASON_USER);
}

/* A new arrival of the same id: as if it had been cancelled and placed. */
static struct refusal arrive_again(struct engine *engine, uint32_t slot,
                                   const struct change *change,
                                   const struct key *key)
{
    struct order *order = &engine->orders[slot];
    struct market *market = &engine->markets[order->market];
    uint64_t sequence = market->book_sequence;
    struct arrival arrival;
    struct refusal refusal;

    order_unrest(engine, slot);
    order_arrival_of(engine, slot, &arrival);
    arrival.size = qty_sub(change->size, order->filled);
    arrival.price = change->price;
    arrival.key = key;
    refusal = order_admit(engine, &arrival);
    if (refusal.result != result_ok) {
        check(order_rest(engine, slot));
        market->book_sequence = sequence;
        return refusal;
    }
    order->size = change->size;
    order->price = change->price;
    order_arrive(engine, slot, REASON_USER);
    return done;
}

struct refusal order_replace(struct engine *engine, uint32_t account,
                             uint64_t order_id, struct qty size,
                             struct price price, struct price trigger_price,
                             const struct key *key)
{
    struct change change;
    struct refusal refusal;
    uint32_t slot;

    refusal = order_own(engine, account, order_id, key, &slot);
    if (refusal.result != result_ok)
        return refusal;
    change = change_of(engine, slot, size, price, trigger_price);
    refusal = admit_change(engine, slot, &change);
    if (refusal.result != result_ok)
        return refusal;
    if (engine->orders[slot].trigger != TRIGGER_NONE) {
        change_waiting(engine, slot, &change);
        return done;
    }
    if (!change.is_repriced &&
        qty_cmp(change.size, engine->orders[slot].size) < 0) {
        change_size(engine, slot, change.size);
        return done;
    }
    return arrive_again(engine, slot, &change, key);
}
