/*
 * A stop order guards against the price moving on: a buy fires at or above
 * its trigger price, a sell at or below. A take order waits for a better
 * price and does the opposite. Both are looked at in ticks only, when marks
 * and indexes change; the last trade price is taken as it stood when the
 * market's turn came, so that orders fired by one another's trades wait for
 * the next tick.
 */
#include "engine/order_trigger.h"

#include "engine/oracle.h"
#include "engine/order.h"
#include "engine/order_admit.h"

#define TRIGGERS 3

bool order_trigger_is_type(uint8_t type)
{
    return type == ORDER_STOP_LIMIT || type == ORDER_STOP_MARKET ||
           type == ORDER_TAKE_LIMIT || type == ORDER_TAKE_MARKET;
}

static bool fires_above(const struct order *order)
{
    bool is_stop =
        order->type == ORDER_STOP_LIMIT || order->type == ORDER_STOP_MARKET;

    return is_stop == (order->side == SIDE_BUY);
}

static struct heap *heap_of(struct engine *engine, const struct order *order)
{
    check(order->trigger >= 1 && order->trigger <= TRIGGERS);
    return &engine->markets[order->market]
                .triggers[order->trigger - 1][fires_above(order)];
}

bool order_trigger_has_room(const struct engine *engine,
                            const struct order *order)
{
    const struct heap *heap =
        &engine->markets[order->market]
             .triggers[order->trigger - 1][fires_above(order)];

    return heap->count < heap->capacity;
}

/* What fires first is least: the lowest price of those that fire above, the
 * highest of those that fire below. */
void order_trigger_wait(struct engine *engine, uint32_t slot)
{
    struct order *order = &engine->orders[slot];
    int64_t price = price_raw(engine->orders_cold[slot].trigger_price);

    heap_push(heap_of(engine, order), fires_above(order) ? price : -price,
              order->id, slot);
}

void order_trigger_leave(struct engine *engine, uint32_t slot)
{
    heap_remove(heap_of(engine, &engine->orders[slot]), slot);
}

/* It leaves the trigger list for good: as a plain order it is admitted now,
 * or refused for good. */
static void fire(struct engine *engine, uint32_t slot)
{
    struct order *order = &engine->orders[slot];
    struct arrival arrival;
    struct refusal refusal;

    order_trigger_leave(engine, slot);
    order->trigger = TRIGGER_NONE;
    order_arrival_of(engine, slot, &arrival);
    refusal = order_admit(engine, &arrival);
    if (refusal.result != result_ok) {
        order_reject(engine, slot, refusal.result);
        return;
    }
    order->price = arrival.price;
    order_arrive(engine, slot, REASON_TRIGGERED);
}

static uint32_t fire_heap(struct engine *engine, struct heap *heap,
                          bool is_above, struct price now, uint32_t most)
{
    int64_t reached = is_above ? price_raw(now) : -price_raw(now);
    uint32_t fired = 0;

    while (fired < most && heap->count > 0 && heap_top(heap)->key <= reached) {
        fire(engine, heap_top(heap)->item);
        fired++;
    }
    return fired;
}

uint32_t order_fire_triggers(struct engine *engine, uint32_t most)
{
    uint32_t fired = 0;

    for (uint16_t i = 0; i < engine->genesis.market_count; i++) {
        struct market *market = &engine->markets[i];
        const struct price now[TRIGGERS] = {
            [TRIGGER_MARK - 1] = market->mark,
            [TRIGGER_INDEX - 1] = oracle_index(engine, i),
            [TRIGGER_LAST - 1] = market->last,
        };

        for (int by = 0; by < TRIGGERS; by++)
            for (int above = 0; above < 2; above++)
                if (price_is_positive(now[by]))
                    fired += fire_heap(engine, &market->triggers[by][above],
                                       above != 0, now[by], most - fired);
    }
    return fired;
}
