#include "engine/mark.h"

#include "engine/book.h"
#include "engine/mark_rules.h"
#include "engine/oracle.h"

static void gather(const struct engine *engine, uint16_t number,
                   struct mark_inputs *inputs)
{
    const struct market *market = &engine->markets[number];
    const struct market_params *params = market->params;

    *inputs = (struct mark_inputs){
        .index = oracle_index(engine, number),
        .best_bid = book_best_price(engine, number, SIDE_BUY),
        .best_ask = book_best_price(engine, number, SIDE_SELL),
        .last = market->last,
        .ema = market->ema,
        .dt = nanos_sub(engine->time, market->mark_time),
        .band = params->mark_band,
    };
    if (!book_impact(engine, number, SIDE_BUY, params->impact_notional,
                     &inputs->impact_bid))
        inputs->impact_bid = price_of(0);
    if (!book_impact(engine, number, SIDE_SELL, params->impact_notional,
                     &inputs->impact_ask))
        inputs->impact_ask = price_of(0);
}

static void emit_mark(struct engine *engine, uint16_t number)
{
    const struct market *market = &engine->markets[number];
    struct event event = {.kind = EVENT_MARK};

    event.mark.market = number;
    event.mark.mark = market->mark;
    event.mark.index = oracle_index(engine, number);
    event.mark.ema = market->ema;
    engine_emit(engine, &event);
}

static bool update(struct engine *engine, uint16_t number)
{
    struct market *market = &engine->markets[number];
    struct price before = market->mark;
    struct mark_inputs inputs;

    gather(engine, number, &inputs);
    if (price_is_zero(before)) {
        /* The market's life begins: nothing before it is averaged or
         * funded. */
        inputs.dt = nanos_of(0);
        market->funding_time = market->minute_start = engine->time;
    }
    mark_of(&inputs, &market->mark, &market->ema);
    market->mark_time = engine->time;
    if (price_equal(market->mark, before))
        return false;
    emit_mark(engine, number);
    return true;
}

bool mark_tick(struct engine *engine)
{
    bool is_changed = false;

    for (uint16_t i = 0; i < engine->genesis.market_count; i++)
        if (oracle_grade(engine, i) <= GRADE_VOLATILE)
            is_changed |= update(engine, i);
    return is_changed;
}
