/*
 * RECORD_ORDER: one open order, on the book or waiting for its trigger.
 *
 *   key    kind u8 = 5, id u64 big-endian
 *   value  owner 20, subaccount u32
 *          priority u64                place in time within its price
 *          filled i64, filled_quote i64, fee_paid i64
 *          created i64, updated i64
 *          terms                       engine/terms_codec.h, price and size
 *                                      as they are now; with a trigger it
 *                                      waits for it, else it is on the book
 */
#include "engine/record_order.h"
#include "engine/account.h"
#include "engine/order.h"
#include "engine/order_trigger.h"
#include "engine/position.h"
#include "engine/terms_codec.h"

STATIC_CHECK(RECORD_BUILD_BYTES >= 72 + TERMS_BYTES_MAX);

void record_order_put_key(uint64_t id, struct record_build *build)
{
    record_begin(build, RECORD_ORDER);
    bytes_put_u64_be(&build->key, id);
}

void record_order_put(const struct engine *engine, uint32_t slot,
                      struct record_build *build)
{
    struct bytes_writer *value = &build->value;
    struct order_view view;

    order_view_of(engine, slot, &view);
    record_order_put_key(view.id, build);
    bytes_put_account_id(value, &view.account);
    bytes_put_u64(value, engine->orders[slot].priority);
    bytes_put_qty(value, view.filled);
    bytes_put_amount(value, view.filled_quote);
    bytes_put_amount(value, view.fee_paid);
    bytes_put_nanos(value, view.created);
    bytes_put_nanos(value, view.updated);
    terms_put(value, &view.terms);
}

/* A market order of any kind has no price, and it never rests. */
static bool is_market_type(uint8_t type)
{
    return type == ORDER_MARKET || type == ORDER_STOP_MARKET ||
           type == ORDER_TAKE_MARKET;
}

/* Could such an order be open? On the book it has a price, elsewhere it is of
 * a type that waits. */
static bool is_possible(const struct engine *engine,
                        const struct order_terms *terms)
{
    bool is_waiting = terms->trigger != TRIGGER_NONE;

    return terms->market < engine->genesis.market_count &&
           qty_is_positive(terms->size) &&
           qty_cmp(terms->size, qty_of(QTY_MAX)) <= 0 &&
           price_cmp(terms->price, price_of(PRICE_MAX)) <= 0 &&
           (is_market_type(terms->type)
                ? is_waiting && price_is_zero(terms->price)
                : price_is_positive(terms->price)) &&
           (!is_waiting || order_trigger_is_type(terms->type));
}

static struct order_cold cold_of(const struct order_view *view)
{
    return (struct order_cold){.trigger_price = view->terms.trigger_price,
                               .good_til = view->terms.good_til,
                               .max_fee = view->terms.max_fee,
                               .fee_paid = view->fee_paid,
                               .filled_quote = view->filled_quote,
                               .created = view->created,
                               .updated = view->updated};
}

static struct order order_of(const struct order_view *view)
{
    return (struct order){.id = view->id,
                          .price = view->terms.price,
                          .size = view->terms.size,
                          .filled = view->filled,
                          .market = view->terms.market,
                          .side = view->terms.side,
                          .type = view->terms.type,
                          .time_in_force = view->terms.time_in_force,
                          .trigger = view->terms.trigger,
                          .is_post_only = view->terms.is_post_only,
                          .is_reduce_only = view->terms.is_reduce_only,
                          .has_max_fee = view->terms.has_max_fee};
}

/* Links the order everywhere, at its account and position, which are opened
 * if need be. */
static bool load(struct engine *engine, const struct order_view *view,
                 uint64_t priority)
{
    static const struct address house;
    struct order order = order_of(view);
    struct order_cold cold = cold_of(view);

    if (address_equal(&view->account.owner, &house))
        return false;
    order.account = account_open(engine, &view->account);
    if (order.account == NONE)
        return false;
    order.position = position_open(engine, order.account, order.market);
    if (order.position == NONE)
        return false;
    order.priority = priority;
    return order_load(engine, &order, &cold, &view->terms.label);
}

void record_order_get(struct engine *engine, struct bytes_reader *key,
                      struct bytes_reader *value)
{
    struct order_view view;
    uint64_t priority;

    view.id = bytes_get_u64_be(key);
    view.account = bytes_get_account_id(value);
    priority = bytes_get_u64(value);
    view.filled = record_get_qty(value);
    view.filled_quote = record_get_amount(value);
    view.fee_paid = record_get_amount(value);
    view.created = record_get_nanos(value);
    view.updated = record_get_nanos(value);
    terms_get(value, &view.terms);
    if (key->is_bad || value->is_bad || qty_is_negative(view.filled) ||
        !is_possible(engine, &view.terms) || !load(engine, &view, priority))
        value->is_bad = true;
}
