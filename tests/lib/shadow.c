#include "tests/lib/shadow.h"

#include "engine/bytes.h"
#include "engine/state.h"
#include "engine/view.h"
#include "engine/wide.h"

#include <stdio.h>

/* Open orders of one account, at most. */
#define ORDERS_MAX 1024

/* Things are kept in a record_set under keys of their own. */
enum {
    THING_BALANCE = 201,  /* account 24, asset u16: i64 */
    THING_POSITION = 202, /* account 24, market u16: size i64, cost i64 */
    THING_ORDER = 203,    /* id u64: the event's bytes */
    THING_FILLS = 204,    /* id u64: size, quote, fee since the last event */
};

struct thing {
    struct record record;
    struct bytes_writer key, value;
    uint8_t bytes[EVENT_BYTES_MAX];
};

static void thing_begin(struct thing *thing, uint8_t kind)
{
    thing->key = bytes_writer_of(thing->record.key, RECORD_KEY_BYTES_MAX);
    thing->value = bytes_writer_of(thing->bytes, sizeof thing->bytes);
    bytes_put_u8(&thing->key, kind);
}

static void thing_put(struct record_set *set, struct thing *thing)
{
    thing->record.key_size = bytes_written(&thing->key, thing->record.key);
    thing->record.value = thing->bytes;
    thing->record.value_size = bytes_written(&thing->value, thing->bytes);
    record_set_visit(set, &thing->record);
}

static void thing_remove(struct record_set *set, struct thing *thing)
{
    thing->record.key_size = bytes_written(&thing->key, thing->record.key);
    thing->record.value = NULL;
    record_set_visit(set, &thing->record);
}

/* Reads the thing of this key; false when there is none. */
static bool thing_find(const struct record_set *set, const struct thing *thing,
                       struct bytes_reader *value)
{
    size_t size = (size_t)(thing->key.at - thing->record.key);
    size_t at = record_set_find(set, thing->record.key, size);

    if (at == set->count)
        return false;
    *value = bytes_reader_of(set->items[at].value, set->items[at].value_size);
    return true;
}

static bool wrong(char *what, const char *text, uint64_t number)
{
    snprintf(what, 128, "%s (%lu)", text, number);
    return false;
}

void shadow_free(struct shadow *shadow)
{
    record_set_free(&shadow->told);
    record_set_free(&shadow->truth);
}

/* ---- balances --------------------------------------------------------- */

static void put_balance(struct record_set *set, const struct account_id *id,
                        uint16_t asset, struct amount balance)
{
    struct thing thing;

    thing_begin(&thing, THING_BALANCE);
    bytes_put_account_id(&thing.key, id);
    bytes_put_u16(&thing.key, asset);
    bytes_put_amount(&thing.value, balance);
    if (!amount_is_zero(balance))
        thing_put(set, &thing);
    else if (thing_find(set, &thing, &(struct bytes_reader){0}))
        thing_remove(set, &thing);
}

static struct amount balance_of(const struct record_set *set,
                                const struct account_id *id, uint16_t asset)
{
    struct bytes_reader value;
    struct thing thing;

    thing_begin(&thing, THING_BALANCE);
    bytes_put_account_id(&thing.key, id);
    bytes_put_u16(&thing.key, asset);
    if (!thing_find(set, &thing, &value))
        return amount_of(0);
    return bytes_get_amount(&value);
}

static bool take_ledger(struct shadow *shadow, const struct event *event,
                        char *what)
{
    uint16_t asset = event->ledger.asset;
    struct amount from =
        amount_sub(balance_of(&shadow->told, &event->ledger.from, asset),
                   event->ledger.amount);
    struct amount to =
        amount_add(balance_of(&shadow->told, &event->ledger.to, asset),
                   event->ledger.amount);

    if (!amount_is_positive(event->ledger.amount))
        return wrong(what, "a movement of nothing", event->ledger.code);
    if (!amount_equal(from, event->ledger.from_balance) ||
        !amount_equal(to, event->ledger.to_balance))
        return wrong(what, "a movement's balances do not follow",
                     event->ledger.code);
    put_balance(&shadow->told, &event->ledger.from, asset, from);
    put_balance(&shadow->told, &event->ledger.to, asset, to);
    return true;
}

/* ---- positions -------------------------------------------------------- */

static void put_position(struct record_set *set, const struct account_id *id,
                         uint16_t market, struct qty size, struct amount cost)
{
    struct thing thing;

    thing_begin(&thing, THING_POSITION);
    bytes_put_account_id(&thing.key, id);
    bytes_put_u16(&thing.key, market);
    bytes_put_qty(&thing.value, size);
    bytes_put_amount(&thing.value, cost);
    if (!qty_is_zero(size))
        thing_put(set, &thing);
    else if (thing_find(set, &thing, &(struct bytes_reader){0}))
        thing_remove(set, &thing);
}

/* ---- orders ----------------------------------------------------------- */

/* An order as it stands; why it changed is the event's alone. */
static void put_order(struct record_set *set, const struct order_view *order)
{
    struct event event = {.kind = EVENT_ORDER};
    struct thing thing;
    size_t size;

    event.order = *order;
    event.order.reason = REASON_NONE;
    thing_begin(&thing, THING_ORDER);
    bytes_put_u64(&thing.key, order->id);
    size = event_encode(thing.bytes, sizeof thing.bytes, &event);
    thing.value.at += size;
    if (order->state == ORDER_OPEN || order->state == ORDER_UNTRIGGERED)
        thing_put(set, &thing);
    else if (thing_find(set, &thing, &(struct bytes_reader){0}))
        thing_remove(set, &thing);
}

static bool get_order(const struct record_set *set, uint64_t id,
                      struct order_view *order)
{
    struct bytes_reader value;
    struct event event;
    struct thing thing;
    size_t used;

    thing_begin(&thing, THING_ORDER);
    bytes_put_u64(&thing.key, id);
    if (!thing_find(set, &thing, &value) ||
        !event_decode(&event, &used, value.at, (size_t)(value.end - value.at)))
        return false;
    *order = event.order;
    return true;
}

/* ---- fills ------------------------------------------------------------ */

struct fills {
    struct qty size;
    struct amount quote, fee;
};

static struct fills get_fills(const struct record_set *set, uint64_t id)
{
    struct fills fills = {0};
    struct bytes_reader value;
    struct thing thing;

    thing_begin(&thing, THING_FILLS);
    bytes_put_u64(&thing.key, id);
    if (thing_find(set, &thing, &value)) {
        fills.size = bytes_get_qty(&value);
        fills.quote = bytes_get_amount(&value);
        fills.fee = bytes_get_amount(&value);
    }
    return fills;
}

static void put_fills(struct record_set *set, uint64_t id,
                      const struct fills *fills)
{
    struct bytes_reader value;
    struct thing thing;

    thing_begin(&thing, THING_FILLS);
    bytes_put_u64(&thing.key, id);
    bytes_put_qty(&thing.value, fills->size);
    bytes_put_amount(&thing.value, fills->quote);
    bytes_put_amount(&thing.value, fills->fee);
    if (!qty_is_zero(fills->size))
        thing_put(set, &thing);
    else if (thing_find(set, &thing, &value))
        thing_remove(set, &thing);
}

static void add_fill(struct shadow *shadow, uint64_t id,
                     const struct event *trade, struct amount fee)
{
    struct fills fills = get_fills(&shadow->told, id);
    i128 product =
        wide_mul(price_raw(trade->trade.price), qty_raw(trade->trade.size));

    fills.size = qty_add(fills.size, trade->trade.size);
    /* USDC has six decimals: a fill's worth is exact at 1e-10 of that. */
    fills.quote = amount_add(fills.quote,
                             amount_from_wide(product / INT64_C(10000000000)));
    fills.fee = amount_add(fills.fee, fee);
    put_fills(&shadow->told, id, &fills);
}

/* The maker's price is the price, and nobody is filled beyond what is open.
 * A maker that is known as waiting may have been triggered by this tick. */
static bool take_trade(struct shadow *shadow, const struct event *event,
                       char *what)
{
    struct order_view maker;
    struct fills fills;

    if (!get_order(&shadow->told, event->trade.maker_order, &maker))
        return wrong(what, "a trade's maker is not open",
                     event->trade.maker_order);
    if (!price_equal(maker.terms.price, event->trade.price) ||
        maker.terms.side == event->trade.taker_side ||
        maker.terms.market != event->trade.market ||
        !account_id_equal(&maker.account, &event->trade.maker))
        return wrong(what, "a trade is not its maker's",
                     event->trade.maker_order);
    add_fill(shadow, event->trade.maker_order, event, event->trade.maker_fee);
    fills = get_fills(&shadow->told, event->trade.maker_order);
    if (qty_cmp(qty_add(maker.filled, fills.size), maker.terms.size) > 0)
        return wrong(what, "a maker is filled beyond its size",
                     event->trade.maker_order);
    if (event->trade.taker_order != 0)
        add_fill(shadow, event->trade.taker_order, event,
                 event->trade.taker_fee);
    return true;
}

/* filled, its worth and the fees grow by the trades in between. */
static bool take_order(struct shadow *shadow, const struct event *event,
                       char *what)
{
    const struct order_view *now = &event->order;
    struct fills fills = get_fills(&shadow->told, now->id);
    struct order_view before = {.id = now->id};

    (void)get_order(&shadow->told, now->id, &before);
    if (!qty_equal(qty_add(before.filled, fills.size), now->filled))
        return wrong(what, "an order's fills are not its trades", now->id);
    if (!amount_equal(amount_add(before.filled_quote, fills.quote),
                      now->filled_quote))
        return wrong(what, "an order's worth is not its trades'", now->id);
    if (!amount_equal(amount_add(before.fee_paid, fills.fee), now->fee_paid))
        return wrong(what, "an order's fees are not its trades'", now->id);
    if (qty_cmp(now->filled, now->terms.size) > 0 ||
        (now->state == ORDER_FILLED &&
         !qty_equal(now->filled, now->terms.size)))
        return wrong(what, "an order's state is not its fills", now->id);
    put_fills(&shadow->told, now->id, &(struct fills){0});
    put_order(&shadow->told, now);
    return true;
}

/* ---- the whole -------------------------------------------------------- */

static void put_balances(struct record_set *set, const struct engine *engine)
{
    for (uint32_t i = 0; i < engine->account_pool.used; i++)
        for (uint16_t asset = 0; asset < engine->genesis.asset_count; asset++)
            put_balance(set, &engine->accounts[i].id, asset,
                        *engine_balance(engine, i, asset));
}

void shadow_start(struct shadow *shadow, const struct engine *engine)
{
    put_balances(&shadow->told, engine);
}

bool shadow_take(struct shadow *shadow, const struct event *event, char *what)
{
    switch ((int)event->kind) {
    case EVENT_LEDGER:
        return take_ledger(shadow, event, what);
    case EVENT_POSITION:
        put_position(&shadow->told, &event->position.account,
                     event->position.market, event->position.size,
                     event->position.cost);
        return true;
    case EVENT_TRADE:
        return take_trade(shadow, event, what);
    case EVENT_ORDER:
        return take_order(shadow, event, what);
    default:
        return true;
    }
}

static void put_account(struct record_set *set, const struct engine *engine,
                        const struct account_id *id)
{
    static struct view_position positions[MARKETS_MAX];
    static struct order_view orders[ORDERS_MAX];
    uint32_t count = view_positions(engine, id, positions, MARKETS_MAX);

    for (uint32_t i = 0; i < count; i++)
        put_position(set, id, positions[i].market, positions[i].size,
                     positions[i].cost);
    count = view_orders(engine, id, MARKET_ALL, orders, ORDERS_MAX);
    for (uint32_t i = 0; i < count; i++)
        put_order(set, &orders[i]);
}

bool shadow_equal(struct shadow *shadow, const struct engine *engine,
                  char *what)
{
    record_set_free(&shadow->truth);
    put_balances(&shadow->truth, engine);
    for (uint32_t i = 0; i < engine->account_pool.used; i++)
        put_account(&shadow->truth, engine, &engine->accounts[i].id);
    return record_set_equal(&shadow->told, &shadow->truth, what);
}
