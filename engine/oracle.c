/*
 * Reports are kept as they come, the newest of each reporter; everything
 * that follows from them happens at ticks, so that between two ticks all
 * prices stand still. A price is as old as the newest report in it.
 *
 * While a feed is calm every tick aggregates what is fresh. After a jump
 * (rule 15) only an aggregate whose quorum has reported since the one before
 * counts, so that three agreeing ones are three rounds of reports and not
 * three looks at one.
 */
#include "engine/oracle.h"

#include "engine/oracle_rules.h"
#include "engine/wide.h"

STATIC_CHECK(SLOW_PRICE_HOURS == SLOW_HOURS);

/* ---- reports ---------------------------------------------------------- */

static enum result point_check(const struct engine *engine,
                               const struct report_package *package,
                               const struct report_point *point)
{
    const struct feed_params *params;
    const struct report *last;

    if (point->feed >= engine->genesis.feed_count)
        return result_report_feed_unknown;
    params = &engine->genesis.feeds[point->feed];
    last = &engine->feeds[point->feed].reports[package->reporter];
    if (nanos_cmp(package->timestamp, last->timestamp) <= 0)
        return result_report_not_newer;
    if (nanos_cmp(nanos_sub(engine->time, package->timestamp),
                  params->age_max) > 0)
        return result_report_too_old;
    if (price_cmp(point->price, params->price_min) < 0 ||
        price_cmp(point->price, params->price_max) > 0 ||
        !price_is_positive(point->price) ||
        price_is_negative(point->confidence) ||
        price_cmp(point->confidence, point->price) > 0)
        return result_report_value_invalid;
    return result_ok;
}

static enum result package_check(const struct engine *engine,
                                 const struct report_package *package)
{
    if (package->reporter >= engine->genesis.reporter_count)
        return result_report_signer_unknown;
    if (nanos_cmp(package->timestamp,
                  nanos_add(engine->time, engine->genesis.report_future_max)) >
        0)
        return result_report_from_future;
    return result_ok;
}

static void take_package(struct engine *engine,
                         const struct report_package *package)
{
    struct event event = {.kind = EVENT_REPORT};
    enum result result = package_check(engine, package);
    bool is_known = result == result_ok;

    event.report.reporter = package->reporter;
    event.report.timestamp = package->timestamp;
    for (uint32_t i = 0; is_known && i < package->point_count; i++) {
        const struct report_point *point = &package->points[i];
        enum result fault = point_check(engine, package, point);

        if (fault != result_ok) {
            result = result == result_ok ? fault : result;
            continue;
        }
        engine->feeds[point->feed].reports[package->reporter] = (struct report){
            package->timestamp, point->price, point->confidence};
        event.report.accepted++;
    }
    event.report.result = result;
    engine_emit(engine, &event);
}

void oracle_report(struct engine *engine, const struct command *command)
{
    for (uint32_t i = 0; i < command->report.package_count; i++)
        take_package(engine, &command->report.packages[i]);
}

/* ---- ticks ------------------------------------------------------------ */

static bool aggregate(const struct engine *engine, uint16_t number,
                      struct oracle_aggregate *result)
{
    const struct feed_params *params = &engine->genesis.feeds[number];
    const struct feed *feed = &engine->feeds[number];
    const struct oracle_terms terms = {
        .quorum = params->quorum,
        .age_max = params->age_max,
        .confidence_share_max = params->confidence_share_max,
        .deviation_bound = params->deviation_bound,
    };
    struct oracle_vote votes[REPORTERS_MAX];

    /* A reporter that never spoke has price 0, which doesn't count. */
    for (uint32_t i = 0; i < engine->genesis.reporter_count; i++)
        votes[i] = (struct oracle_vote){
            .price = feed->reports[i].price,
            .confidence = feed->reports[i].confidence,
            .age = nanos_sub(engine->time, feed->reports[i].timestamp),
        };
    return oracle_aggregate(result, votes, engine->genesis.reporter_count,
                            &terms);
}

/* Is a quorum of the votes newer than the newest of the aggregate before? */
static bool is_fresh(const struct engine *engine, uint16_t number,
                     const struct oracle_aggregate *result)
{
    const struct feed *feed = &engine->feeds[number];
    uint32_t fresh = 0;

    for (uint32_t i = 0; i < engine->genesis.reporter_count; i++)
        if ((result->used_mask >> i & 1) &&
            nanos_cmp(feed->reports[i].timestamp, feed->price_time) > 0)
            fresh++;
    return fresh >= engine->genesis.feeds[number].quorum;
}

static struct slow_price slow_load(const struct feed *feed)
{
    struct slow_price slow = {
        .slow = feed->slow,
        .delayed = feed->delayed,
        .count = feed->hour_count,
        .at = feed->hour_at,
        .sum = feed->hour_sum,
        .weight = feed->hour_weight,
        .hour_start = feed->hour_start,
        .time = feed->slow_time,
    };

    __builtin_memcpy(slow.hours, feed->hours, sizeof slow.hours);
    return slow;
}

static void slow_store(struct feed *feed, const struct slow_price *slow)
{
    feed->slow = slow->slow;
    feed->delayed = slow->delayed;
    feed->hour_count = slow->count;
    feed->hour_at = slow->at;
    feed->hour_sum = slow->sum;
    feed->hour_weight = slow->weight;
    feed->hour_start = slow->hour_start;
    feed->slow_time = slow->time;
    __builtin_memcpy(feed->hours, slow->hours, sizeof slow->hours);
}

static void move_slow(struct engine *engine, uint16_t number)
{
    const struct feed_params *params = &engine->genesis.feeds[number];
    struct feed *feed = &engine->feeds[number];
    struct slow_price slow;

    if (feed->hour_count > 0 &&
        nanos_raw(engine->time) - nanos_raw(feed->slow_time) < SLOW_STEP_MIN)
        return;
    slow = slow_load(feed);
    if (slow.count == 0)
        slow_price_start(&slow, feed->price, engine->time);
    else
        slow_price_move(&slow, feed->price, engine->time, params->hour_growth,
                        params->second_growth);
    slow_store(feed, &slow);
}

/* The new aggregate becomes the feed's price. Its grade here is what history
 * says of it; time and confidence come on top. */
static void accept(struct engine *engine, uint16_t number,
                   const struct oracle_aggregate *result)
{
    const struct feed_params *params = &engine->genesis.feeds[number];
    struct feed *feed = &engine->feeds[number];
    struct oracle_jump jump = {feed->agreeing, feed->step_price};
    enum grade by_jump, by_value;

    if (feed->agreeing > 0 && !is_fresh(engine, number, result))
        return;
    by_jump = oracle_jump_next(&jump, result->price, feed->price, feed->slow,
                               params->step_bound);
    by_value =
        oracle_grade_of(result->price, result->confidence, nanos_of(0),
                        price_of(0), params->uncertain_share, params->stale);
    feed->agreeing = jump.agreeing;
    feed->step_price = jump.price;
    feed->price = result->price;
    feed->confidence = result->confidence;
    feed->price_time = nanos_sub(engine->time, result->age);
    feed->used = (uint8_t)result->used;
    feed->grade = (uint8_t)(by_jump > by_value ? by_jump : by_value);
    move_slow(engine, number);
}

static void update_feed(struct engine *engine, uint16_t number)
{
    const struct feed_params *params = &engine->genesis.feeds[number];
    struct feed *feed = &engine->feeds[number];
    struct oracle_aggregate result;
    bool has_aggregate = aggregate(engine, number, &result);

    if (has_aggregate && price_is_positive(result.price)) {
        accept(engine, number, &result);
    } else if (has_aggregate) {
        feed->grade = GRADE_NON_POSITIVE;
        return;
    }
    if (feed->grade != GRADE_NONE &&
        nanos_cmp(nanos_sub(engine->time, feed->price_time), params->stale) > 0)
        feed->grade = GRADE_STALE;
}

static void emit_index(struct engine *engine, uint16_t number)
{
    const struct feed *feed = &engine->feeds[number];
    struct event event = {.kind = EVENT_INDEX};

    event.index.feed = number;
    event.index.price = feed->price;
    event.index.confidence = feed->confidence;
    event.index.grade = feed->grade;
    event.index.used = feed->used;
    event.index.slow = feed->slow;
    engine_emit(engine, &event);
}

bool oracle_tick(struct engine *engine)
{
    bool is_changed = false;

    for (uint16_t i = 0; i < engine->genesis.feed_count; i++) {
        struct feed *feed = &engine->feeds[i];
        struct price price = feed->price, confidence = feed->confidence;
        struct price slow = feed->slow;
        uint8_t grade = feed->grade, used = feed->used;
        bool has_moved;

        update_feed(engine, i);
        has_moved = !price_equal(price, feed->price) ||
                    !price_equal(confidence, feed->confidence) ||
                    !price_equal(slow, feed->slow) || grade != feed->grade;
        if (has_moved || used != feed->used)
            emit_index(engine, i);
        is_changed |= has_moved;
    }
    return is_changed;
}

struct price oracle_index(const struct engine *engine, uint16_t market)
{
    return engine->feeds[engine->genesis.markets[market].feed].price;
}

enum grade oracle_grade(const struct engine *engine, uint16_t market)
{
    return engine->feeds[engine->genesis.markets[market].feed].grade;
}
