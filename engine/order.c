/*
 * The life of an order between its making and its end: where it is linked,
 * what is said about it, how it is taken out again. Admission is
 * order_admit.c, waiting for a trigger order_trigger.c.
 *
 * An open order is in the id map and in its position's own list, which is
 * kept in descending id order; and either on the book (level), waiting
 * (trigger and trigger_heap_at), or just arriving. A slot is only an address:
 * nothing here lets its number decide an order of things.
 */
#include "engine/order.h"

#include "engine/book.h"
#include "engine/changes.h"
#include "engine/margin.h"
#include "engine/margin_rules.h"
#include "engine/match.h"
#include "engine/order_trigger.h"
#include "engine/pool.h"
#include "engine/position.h"

#define LINKS_STRIDE (sizeof(struct order_links) / sizeof(uint32_t))

uint32_t order_find(const struct engine *engine, uint64_t order_id)
{
    uint32_t hash = idmap_hash_u64(order_id);
    uint32_t cursor = idmap_first(&engine->order_map, hash);
    uint32_t slot;

    while ((slot = idmap_next(&engine->order_map, hash, &cursor)) != NONE)
        if (engine->orders[slot].id == order_id)
            return slot;
    return NONE;
}

void order_prefetch(const struct engine *engine, uint64_t order_id)
{
    uint32_t slot = order_find(engine, order_id);

    if (slot == NONE)
        return;
    __builtin_prefetch(&engine->orders[slot]);
    __builtin_prefetch(&engine->orders_cold[slot]);
    __builtin_prefetch(&engine->links[slot]);
    __builtin_prefetch(&engine->places[slot]);
}

/* ---- what is told ------------------------------------------------------ */

static bool is_market_type(uint8_t type)
{
    return type == ORDER_MARKET || type == ORDER_STOP_MARKET ||
           type == ORDER_TAKE_MARKET;
}

static void terms_of(const struct engine *engine, uint32_t slot,
                     struct order_terms *terms)
{
    const struct order *order = &engine->orders[slot];
    const struct order_cold *cold = &engine->orders_cold[slot];

    *terms = (struct order_terms){
        .market = order->market,
        .side = order->side,
        .type = order->type,
        .time_in_force = order->time_in_force,
        .trigger = order->trigger,
        .is_post_only = order->is_post_only,
        .is_reduce_only = order->is_reduce_only,
        .has_max_fee = order->has_max_fee,
        .size = order->size,
        /* The band's edge that bounds a market order is not its price. */
        .price = is_market_type(order->type) ? price_of(0) : order->price,
        .trigger_price = cold->trigger_price,
        .good_til = cold->good_til,
        .max_fee = cold->max_fee,
    };
    if (cold->has_label)
        terms->label = engine->labels[slot];
}

void order_view_of(const struct engine *engine, uint32_t slot,
                   struct order_view *view)
{
    const struct order *order = &engine->orders[slot];
    const struct order_cold *cold = &engine->orders_cold[slot];

    view->id = order->id;
    view->account = engine->accounts[order->account].id;
    terms_of(engine, slot, &view->terms);
    view->state =
        order->trigger == TRIGGER_NONE ? ORDER_OPEN : ORDER_UNTRIGGERED;
    view->reason = cold->reason;
    view->result = result_ok;
    view->filled = order->filled;
    view->filled_quote = cold->filled_quote;
    view->fee_paid = cold->fee_paid;
    view->created = cold->created;
    view->updated = cold->updated;
}

void order_touch(struct engine *engine, uint32_t slot, enum order_reason reason)
{
    struct order *order = &engine->orders[slot];
    struct order_cold *cold = &engine->orders_cold[slot];

    if (!order->is_changed) {
        check(engine->touched_order_count < engine->order_pool.capacity);
        engine->touched_orders[engine->touched_order_count++] = slot;
        order->is_changed = true;
    }
    if (reason != REASON_NONE)
        cold->reason = (uint8_t)reason;
    cold->updated = engine->time;
    changes_order(engine, slot);
}

/* An order that ends has told its last; its slot may be another's soon. What
 * ends was mostly touched late, so the search starts at the end. */
static void untouch(struct engine *engine, uint32_t slot)
{
    uint32_t at = engine->touched_order_count;

    if (!engine->orders[slot].is_changed)
        return;
    do
        check(at-- > 0);
    while (engine->touched_orders[at] != slot);
    engine->touched_orders[at] = NONE;
    if (at + 1 == engine->touched_order_count)
        engine->touched_order_count--;
}

static void flush_position(struct engine *engine, uint32_t slot)
{
    struct position *position = &engine->positions[slot];

    if (engine->sink) {
        struct event event = {.kind = EVENT_POSITION};

        event.position.account = engine->accounts[position->account].id;
        event.position.market = position->market;
        event.position.size = position->size;
        event.position.cost = position->cost;
        event.position.realised = position->realised_now;
        event.position.funding = position->funding_now;
        engine_emit(engine, &event);
    }
    position->realised_now = amount_of(0);
    position->funding_now = amount_of(0);
    position->is_touched = false;
    position_release(engine, slot);
}

static void flush_order(struct engine *engine, uint32_t slot)
{
    if (engine->sink) {
        struct event event = {.kind = EVENT_ORDER};

        order_view_of(engine, slot, &event.order);
        engine_emit(engine, &event);
    }
    engine->orders_cold[slot].reason = REASON_NONE;
    engine->orders[slot].is_changed = false;
}

void order_flush_touched(struct engine *engine)
{
    for (uint32_t i = 0; i < engine->touched_position_count; i++)
        flush_position(engine, engine->touched_positions[i]);
    engine->touched_position_count = 0;
    for (uint32_t i = 0; i < engine->touched_order_count; i++)
        if (engine->touched_orders[i] != NONE)
            flush_order(engine, engine->touched_orders[i]);
    engine->touched_order_count = 0;
}

/* ---- links ------------------------------------------------------------- */

/* A new order has the greatest id and becomes the head at once; one that is
 * loaded looks for its place. */
static void link_own(struct engine *engine, uint32_t slot)
{
    const struct order *order = &engine->orders[slot];
    struct position *position = &engine->positions[order->position];
    uint32_t previous = NONE, next = position->orders;

    if (order->id + 1 != engine->next_order)
        while (next != NONE && engine->orders[next].id > order->id) {
            previous = next;
            next = engine->links[next].own_next;
        }
    engine->links[slot].own_previous = previous;
    engine->links[slot].own_next = next;
    if (previous == NONE)
        position->orders = slot;
    else
        engine->links[previous].own_next = slot;
    if (next != NONE)
        engine->links[next].own_previous = slot;
}

static void unlink_own(struct engine *engine, uint32_t slot)
{
    struct order_links own = engine->links[slot];

    if (own.own_previous == NONE)
        engine->positions[engine->orders[slot].position].orders = own.own_next;
    else
        engine->links[own.own_previous].own_next = own.own_next;
    if (own.own_next != NONE)
        engine->links[own.own_next].own_previous = own.own_previous;
}

/* Its own fields are filled in; its links are made. */
static void link(struct engine *engine, uint32_t slot)
{
    struct order *order = &engine->orders[slot];

    order->level = NONE;
    order->is_changed = false;
    engine->places[slot] = (struct order_places){NONE, NONE};
    idmap_insert(&engine->order_map, idmap_hash_u64(order->id), slot);
    link_own(engine, slot);
    engine->accounts[order->account].order_count++;
    if (order->time_in_force == TIF_GOOD_TIL_TIME)
        heap_push(&engine->order_times,
                  nanos_raw(engine->orders_cold[slot].good_til), order->id,
                  slot);
}

static uint32_t take_slot(struct engine *engine)
{
    return pool_take(&engine->order_pool, &engine->links[0].next, LINKS_STRIDE);
}

static void give_slot(struct engine *engine, uint32_t slot)
{
    pool_give(&engine->order_pool, &engine->links[0].next, LINKS_STRIDE, slot);
}

uint32_t order_make(struct engine *engine, uint32_t account, uint32_t position,
                    const struct order_terms *terms)
{
    uint32_t slot = take_slot(engine);

    check(slot != NONE);
    engine->orders[slot] = (struct order){
        .id = engine->next_order++,
        .price = terms->price,
        .size = terms->size,
        .account = account,
        .position = position,
        .market = terms->market,
        .side = terms->side,
        .type = terms->type,
        .time_in_force = terms->time_in_force,
        .is_post_only = terms->is_post_only,
        .is_reduce_only = terms->is_reduce_only,
        .has_max_fee = terms->has_max_fee,
    };
    engine->orders_cold[slot] = (struct order_cold){
        .trigger_price = terms->trigger_price,
        .good_til = terms->good_til,
        .max_fee = terms->max_fee,
        .created = engine->time,
        .updated = engine->time,
        .has_label = terms->label.length > 0,
    };
    if (terms->label.length > 0)
        engine->labels[slot] = terms->label;
    link(engine, slot);
    return slot;
}

void order_count(struct engine *engine, uint32_t slot, struct qty size)
{
    const struct order *order = &engine->orders[slot];

    if (!order->is_reduce_only)
        margin_order_counted(engine, order->position, (enum side)order->side,
                             order->price, size);
}

bool order_rest(struct engine *engine, uint32_t slot)
{
    const struct order *order = &engine->orders[slot];

    if (!book_insert(engine, slot))
        return false;
    if (!order->is_reduce_only) {
        order_count(engine, slot, book_open_size(order));
        margin_orders_changed(engine, order->position);
    }
    return true;
}

void order_unrest(struct engine *engine, uint32_t slot)
{
    const struct order *order = &engine->orders[slot];
    struct qty left = book_open_size(order);

    book_remove(engine, slot);
    if (!order->is_reduce_only && !qty_is_zero(left)) {
        order_count(engine, slot, qty_neg(left));
        margin_orders_changed(engine, order->position);
    }
}

bool order_load(struct engine *engine, const struct order *order,
                const struct order_cold *cold, const struct label *label)
{
    struct market *market = &engine->markets[order->market];
    uint64_t sequence = market->book_sequence;
    uint32_t slot;

    if (!qty_is_positive(book_open_size(order)) ||
        order_find(engine, order->id) != NONE)
        return false;
    slot = take_slot(engine);
    if (slot == NONE)
        return false;
    engine->orders[slot] = *order;
    engine->orders_cold[slot] = *cold;
    engine->orders_cold[slot].has_label = label->length > 0;
    if (label->length > 0)
        engine->labels[slot] = *label;
    link(engine, slot);
    if (order->trigger != TRIGGER_NONE) {
        if (!order_trigger_has_room(engine, &engine->orders[slot]))
            return false;
        order_trigger_wait(engine, slot);
        return true;
    }
    if (!book_insert(engine, slot))
        return false;
    order_count(engine, slot, book_open_size(order));
    market->book_sequence = sequence;
    return true;
}

/* ---- arrival and end --------------------------------------------------- */

static void emit_end(struct engine *engine, uint32_t slot,
                     enum order_state state, enum order_reason reason,
                     enum result result)
{
    if (!engine->sink)
        return;

    struct event event = {.kind = EVENT_ORDER};

    order_view_of(engine, slot, &event.order);
    event.order.state = (uint8_t)state;
    event.order.reason = (uint8_t)reason;
    event.order.result = (uint16_t)result;
    event.order.updated = engine->time;
    engine_emit(engine, &event);
}

static void end(struct engine *engine, uint32_t slot, enum order_state state,
                enum order_reason reason, enum result result)
{
    struct order *order = &engine->orders[slot];
    uint32_t position = order->position;

    if (order->level != NONE)
        order_unrest(engine, slot);
    if (engine->places[slot].trigger != NONE)
        order_trigger_leave(engine, slot);
    if (engine->places[slot].time != NONE)
        heap_remove(&engine->order_times, slot);
    emit_end(engine, slot, state, reason, result);
    untouch(engine, slot);
    changes_order_gone(engine, slot);
    unlink_own(engine, slot);
    idmap_remove(&engine->order_map, idmap_hash_u64(order->id), slot);
    check(engine->accounts[order->account].order_count > 0);
    engine->accounts[order->account].order_count--;
    give_slot(engine, slot);
    /* What was touched is needed for its event and released after it. */
    if (!engine->positions[position].is_touched)
        position_release(engine, position);
}

void order_end(struct engine *engine, uint32_t slot, enum order_state state,
               enum order_reason reason)
{
    end(engine, slot, state, reason, result_ok);
}

void order_reject(struct engine *engine, uint32_t slot, enum result result)
{
    end(engine, slot, ORDER_REJECTED, REASON_REFUSED, result);
}

static bool is_immediate(const struct order *order)
{
    return is_market_type(order->type) ||
           order->time_in_force == TIF_IMMEDIATE_OR_CANCEL ||
           order->time_in_force == TIF_FILL_OR_KILL;
}

/* An order that only reduces comes in uncovered, for each of its fills is
 * judged; resting beyond the mark it would raise the requirement (rule 3). */
static bool may_rest(struct engine *engine, const struct order *order)
{
    struct margin_gap gap;
    struct qty left = book_open_size(order);
    bool is_buy = order->side == SIDE_BUY;

    return order->is_reduce_only ||
           margin_rules_order_loss(is_buy, order->price,
                                   engine->markets[order->market].mark,
                                   left) == 0 ||
           margin_covers_order(engine, order->account, order->market,
                               (enum side)order->side, left, order->price,
                               amount_of(0), &gap);
}

void order_arrive(struct engine *engine, uint32_t slot,
                  enum order_reason reason)
{
    struct order *order = &engine->orders[slot];
    enum order_reason stop;

    order->priority = engine->next_priority++;
    match_order(engine, slot, &stop);
    if (qty_is_zero(book_open_size(order)))
        order_end(engine, slot, ORDER_FILLED, REASON_NONE);
    else if (stop != REASON_NONE)
        order_end(engine, slot, ORDER_CANCELLED, stop);
    else if (is_immediate(order))
        order_end(engine, slot, ORDER_CANCELLED, REASON_IMMEDIATE);
    else if (!may_rest(engine, order))
        order_end(engine, slot, ORDER_CANCELLED, REASON_MARGIN);
    else if (order_rest(engine, slot))
        order_touch(engine, slot, reason);
    else
        order_end(engine, slot, ORDER_CANCELLED, REASON_CAPACITY);
}
