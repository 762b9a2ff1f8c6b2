#include "engine/tick.h"

#include "engine/fees.h"
#include "engine/funding.h"
#include "engine/liquidation.h"
#include "engine/margin.h"
#include "engine/mark.h"
#include "engine/nonce.h"
#include "engine/oracle.h"
#include "engine/order.h"
#include "engine/position.h"

/* Trigger orders of one tick; the rest fires at the next. */
#define TRIGGERS_PER_TICK 1000

/* A new price epoch only where something that margin depends on is new: a
 * quiet market keeps everybody's figures. */
static void update_prices(struct engine *engine)
{
    bool is_changed = oracle_tick(engine);

    is_changed |= mark_tick(engine);
    is_changed |= funding_tick(engine);
    if (is_changed || margin_inputs_changed(engine))
        margin_new_epoch(engine);
}

void tick_apply(struct engine *engine)
{
    engine->tick_time = engine->time;
    engine->tick_count++;
    nonce_expire(engine);
    order_expire(engine);
    update_prices(engine);
    order_fire_triggers(engine, TRIGGERS_PER_TICK);
    fees_split(engine);
    position_sweep_funding(engine);
    liquidation_tick(engine);
}
