#include "cmd/clearing-bench/unmargined.h"

#include "engine/margin.h"

static bool is_margin_off;
static uint64_t calls;

void unmargined_set(bool is_off)
{
    is_margin_off = is_off;
    calls = 0;
}

uint64_t unmargined_calls(void)
{
    return calls;
}

/* The linker's names for the real function and for its stand-in. */
#define STAND_IN(type, name, parameters) \
    type __real_##name parameters;       \
    type __wrap_##name parameters;       \
    type __wrap_##name parameters

STAND_IN(bool, margin_admits_order,
         (struct engine * engine, uint32_t account, uint16_t market,
          enum side side, struct qty size, struct price price,
          struct amount fee, struct margin_gap *gap))
{
    if (!is_margin_off)
        return __real_margin_admits_order(engine, account, market, side, size,
                                          price, fee, gap);
    calls++;
    return true;
}

STAND_IN(bool, margin_admits_fill,
         (struct engine * engine, uint32_t position, struct qty change,
          struct amount quote, struct amount fee, struct qty resting,
          struct price resting_price))
{
    if (!is_margin_off)
        return __real_margin_admits_fill(engine, position, change, quote, fee,
                                         resting, resting_price);
    calls++;
    return true;
}

STAND_IN(void, margin_order_counted,
         (struct engine * engine, uint32_t position, enum side side,
          struct price price, struct qty change))
{
    if (is_margin_off)
        calls++;
    else
        __real_margin_order_counted(engine, position, side, price, change);
}

STAND_IN(void, margin_orders_changed,
         (struct engine * engine, uint32_t position))
{
    if (is_margin_off)
        calls++;
    else
        __real_margin_orders_changed(engine, position);
}

STAND_IN(void, margin_position_changed,
         (struct engine * engine, uint32_t position))
{
    if (is_margin_off)
        calls++;
    else
        __real_margin_position_changed(engine, position);
}
