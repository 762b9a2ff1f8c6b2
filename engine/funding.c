/*
 * A minute's value is the median of its samples, an interval's the mean of
 * its minutes; both end on the clock. An interval in which nothing could be
 * sampled, or whose end falls on a price that may not be used, is dropped:
 * funding is never made up later.
 */
#include "engine/funding.h"

#include "engine/book.h"
#include "engine/funding_rules.h"
#include "engine/oracle.h"
#include "engine/sort.h"
#include "engine/wide.h"

#define MINUTE (60 * NANOS_PER_SECOND)

/* Has the clock passed a multiple of `length` after `then`, up to `now`? */
static bool has_passed(struct nanos then, struct nanos now, int64_t length)
{
    return nanos_raw(now) / length > nanos_raw(then) / length;
}

static bool is_usable(const struct engine *engine, uint16_t number)
{
    return oracle_grade(engine, number) <= GRADE_UNCERTAIN &&
           engine->markets[number].state == MARKET_OPEN;
}

static struct funding_terms terms_of(const struct market_params *params)
{
    return (struct funding_terms){
        .interest = params->interest_8h,
        .clamp = params->interest_clamp,
        .initial_rate = params->tiers[0].initial_rate,
        .maintenance_fraction = params->maintenance_fraction,
        .hour_max = params->funding_hour_max,
    };
}

static struct rate sample(const struct engine *engine, uint16_t number)
{
    struct amount notional = engine->markets[number].params->impact_notional;
    struct price bid, ask;

    if (!is_usable(engine, number) ||
        !book_impact(engine, number, SIDE_BUY, notional, &bid) ||
        !book_impact(engine, number, SIDE_SELL, notional, &ask))
        return rate_of(0);
    return funding_premium(oracle_index(engine, number), bid, ask);
}

/* The rate of the interval as it stands. */
static void predict(struct market *market, struct rate *mean)
{
    struct funding_terms terms = terms_of(market->params);

    *mean = funding_mean(market->premium_sum, market->premium_minutes);
    market->funding_rate = funding_rate(*mean, &terms);
}

static void close_minute(struct market *market)
{
    int64_t values[PREMIUM_SAMPLES_MAX];
    struct rate mean;

    if (market->sample_count == 0)
        return;
    for (uint32_t i = 0; i < market->sample_count; i++)
        values[i] = rate_raw(market->samples[i]);
    market->premium_sum += sort_median(values, market->sample_count);
    market->premium_minutes++;
    market->sample_count = 0;
    predict(market, &mean);
}

static void emit_funding(struct engine *engine, uint16_t number,
                         struct rate mean, i128 change)
{
    const struct market *market = &engine->markets[number];
    struct event event = {.kind = EVENT_FUNDING};

    event.funding.market = number;
    event.funding.premium = mean;
    event.funding.rate_8h = market->funding_rate;
    event.funding.index_change = change;
    event.funding.index = market->funding_index;
    event.funding.price = oracle_index(engine, number);
    engine_emit(engine, &event);
}

/* The interval is over. */
static bool accrue(struct engine *engine, uint16_t number)
{
    struct market *market = &engine->markets[number];
    struct nanos elapsed = nanos_sub(engine->time, market->funding_time);
    struct rate mean;
    i128 change = 0;

    if (is_usable(engine, number) && market->premium_minutes > 0) {
        predict(market, &mean);
        change = funding_change(market->funding_rate,
                                oracle_index(engine, number), elapsed);
        market->funding_index += change;
        emit_funding(engine, number, mean, change);
    }
    market->funding_time = engine->time;
    market->premium_sum = 0;
    market->premium_minutes = 0;
    return change != 0;
}

static bool update(struct engine *engine, uint16_t number)
{
    struct market *market = &engine->markets[number];
    struct nanos now = engine->time;
    int64_t interval = nanos_raw(market->params->funding_interval);
    bool is_over = has_passed(market->funding_time, now, interval);
    bool is_changed = false;

    if (is_over || has_passed(market->minute_start, now, MINUTE)) {
        close_minute(market);
        market->minute_start = now;
    }
    if (is_over)
        is_changed = accrue(engine, number);
    market->premium_last = sample(engine, number);
    if (market->sample_count < PREMIUM_SAMPLES_MAX)
        market->samples[market->sample_count++] = market->premium_last;
    return is_changed;
}

bool funding_tick(struct engine *engine)
{
    bool is_changed = false;

    for (uint16_t i = 0; i < engine->genesis.market_count; i++)
        if (price_is_positive(engine->markets[i].mark))
            is_changed |= update(engine, i);
    return is_changed;
}
