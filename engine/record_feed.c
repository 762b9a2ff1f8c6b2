/*
 * RECORD_FEED: what is known of one price, reports included.
 *
 *   key    kind u8 = 2, feed u16 big-endian
 *   value  price i64, confidence i64   the aggregate; 0: there never was one
 *          price_time i64              tick at which it was made
 *          grade u8                    enum grade, as of the last tick
 *          used u8                     votes of the last aggregate
 *          agreeing u8                 aggregates that agree after a too
 *                                      volatile one
 *          step_price i64              the price they agree with
 *          slow i64, delayed i64       rule 18
 *          hour_sum i128, hour_weight i64, hour_start i64, slow_time i64
 *          hour_at u8                  place of the oldest hourly mean
 *          hours u8 (to 24), each i64  the means, by place in the ring
 *          reports u8                  as many as there are reporters; each:
 *            timestamp i64 (0: none), price i64, confidence i64
 */
#include "engine/record_feed.h"

STATIC_CHECK(RECORD_BUILD_BYTES >= 120 + 8 * SLOW_HOURS + 24 * REPORTERS_MAX);

void record_feed_put(const struct engine *engine, uint16_t number,
                     struct record_build *build)
{
    const struct feed *feed = &engine->feeds[number];
    struct bytes_writer *value = &build->value;

    record_begin(build, RECORD_FEED);
    bytes_put_u16_be(&build->key, number);
    bytes_put_price(value, feed->price);
    bytes_put_price(value, feed->confidence);
    bytes_put_nanos(value, feed->price_time);
    bytes_put_u8(value, feed->grade);
    bytes_put_u8(value, feed->used);
    bytes_put_u8(value, feed->agreeing);
    bytes_put_price(value, feed->step_price);
    bytes_put_price(value, feed->slow);
    bytes_put_price(value, feed->delayed);
    bytes_put_i128(value, feed->hour_sum);
    bytes_put_nanos(value, feed->hour_weight);
    bytes_put_nanos(value, feed->hour_start);
    bytes_put_nanos(value, feed->slow_time);
    bytes_put_u8(value, (uint8_t)feed->hour_at);
    bytes_put_u8(value, (uint8_t)feed->hour_count);
    for (uint32_t i = 0; i < feed->hour_count; i++)
        bytes_put_price(value, feed->hours[i]);
    bytes_put_u8(value, engine->genesis.reporter_count);
    for (uint32_t i = 0; i < engine->genesis.reporter_count; i++) {
        bytes_put_nanos(value, feed->reports[i].timestamp);
        bytes_put_price(value, feed->reports[i].price);
        bytes_put_price(value, feed->reports[i].confidence);
    }
}

/* The running hour's sum is at most PRICE_MAX over all of time. */
static i128 hour_sum_get(struct bytes_reader *value)
{
    i128 sum = bytes_get_i128(value);

    if (sum < 0 || sum > (i128)PRICE_MAX * NANOS_MAX)
        value->is_bad = true;
    return sum;
}

static void reports_get(struct engine *engine, struct feed *feed,
                        struct bytes_reader *value)
{
    if (bytes_get_u8(value) != engine->genesis.reporter_count)
        value->is_bad = true;
    for (uint32_t i = 0; i < engine->genesis.reporter_count; i++) {
        feed->reports[i].timestamp = record_get_nanos(value);
        feed->reports[i].price = record_get_price(value);
        feed->reports[i].confidence = record_get_price(value);
    }
}

void record_feed_get(struct engine *engine, struct bytes_reader *key,
                     struct bytes_reader *value)
{
    uint16_t number = bytes_get_u16_be(key);
    struct feed *feed = &engine->feeds[number % FEEDS_MAX];

    if (number >= engine->genesis.feed_count) {
        key->is_bad = true;
        return;
    }
    feed->price = record_get_price(value);
    feed->confidence = record_get_price(value);
    feed->price_time = record_get_nanos(value);
    feed->grade = bytes_get_u8_max(value, GRADE_NONE);
    feed->used = bytes_get_u8_max(value, REPORTERS_MAX);
    feed->agreeing = bytes_get_u8(value);
    feed->step_price = record_get_price(value);
    feed->slow = record_get_price(value);
    feed->delayed = record_get_price(value);
    feed->hour_sum = hour_sum_get(value);
    feed->hour_weight = record_get_nanos(value);
    feed->hour_start = record_get_nanos(value);
    feed->slow_time = record_get_nanos(value);
    feed->hour_at = bytes_get_u8_max(value, SLOW_HOURS - 1);
    feed->hour_count = bytes_get_u8_max(value, SLOW_HOURS);
    for (uint32_t i = 0; i < feed->hour_count && !value->is_bad; i++)
        feed->hours[i] = record_get_price(value);
    reports_get(engine, feed, value);
}
