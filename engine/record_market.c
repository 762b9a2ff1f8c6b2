/*
 * RECORD_MARKET: one market without its orders and positions, which are
 * records of their own.
 *
 *   key    kind u8 = 3, market u16 big-endian
 *   value  state u8                    enum market_state
 *          mark i64, ema i64 (signed), last i64, mark_time i64
 *          open_interest i64           the sum of the longs
 *          oi_factor i64               rule 2's g, as of the last tick
 *          trade_sequence u64, book_sequence u64
 *          funding_index i128, funding_fraction i128, funding_time i64
 *          premium_sum i128, premium_minutes u32
 *          premium_last i64, funding_rate i64
 *          insurance_minute_start i64, insurance_day_start i64
 *          insurance_minute i64, insurance_day i64, insurance_day_base i64
 *          volume_quote i64, volume i64
 *          minute_start i64
 *          samples u16 (to 600), each i64: premiums of the running minute
 */
#include "engine/record_market.h"

STATIC_CHECK(RECORD_BUILD_BYTES >= 256 + 8 * PREMIUM_SAMPLES_MAX);

static void funding_put(struct bytes_writer *value, const struct market *market)
{
    bytes_put_i128(value, market->funding_index);
    bytes_put_i128(value, market->funding_fraction);
    bytes_put_nanos(value, market->funding_time);
    bytes_put_i128(value, market->premium_sum);
    bytes_put_u32(value, market->premium_minutes);
    bytes_put_rate(value, market->premium_last);
    bytes_put_rate(value, market->funding_rate);
}

static void funding_get(struct bytes_reader *value, struct market *market)
{
    market->funding_index = bytes_get_i128(value);
    market->funding_fraction = bytes_get_i128(value);
    market->funding_time = record_get_nanos(value);
    market->premium_sum = bytes_get_i128(value);
    market->premium_minutes = bytes_get_u32(value);
    market->premium_last = bytes_get_rate(value);
    market->funding_rate = bytes_get_rate(value);
}

static void samples_put(struct bytes_writer *value, const struct market *market)
{
    bytes_put_nanos(value, market->minute_start);
    bytes_put_u16(value, (uint16_t)market->sample_count);
    for (uint32_t i = 0; i < market->sample_count; i++)
        bytes_put_rate(value, market->samples[i]);
}

static void samples_get(struct bytes_reader *value, struct market *market)
{
    market->minute_start = record_get_nanos(value);
    market->sample_count = bytes_get_u16_max(value, PREMIUM_SAMPLES_MAX);
    for (uint32_t i = 0; i < market->sample_count && !value->is_bad; i++)
        market->samples[i] = bytes_get_rate(value);
}

void record_market_put(const struct engine *engine, uint16_t number,
                       struct record_build *build)
{
    const struct market *market = &engine->markets[number];
    struct bytes_writer *value = &build->value;

    record_begin(build, RECORD_MARKET);
    bytes_put_u16_be(&build->key, number);
    bytes_put_u8(value, market->state);
    bytes_put_price(value, market->mark);
    bytes_put_price(value, market->ema);
    bytes_put_price(value, market->last);
    bytes_put_nanos(value, market->mark_time);
    bytes_put_qty(value, market->open_interest);
    bytes_put_rate(value, market->oi_factor);
    bytes_put_u64(value, market->trade_sequence);
    bytes_put_u64(value, market->book_sequence);
    funding_put(value, market);
    bytes_put_nanos(value, market->insurance_minute_start);
    bytes_put_nanos(value, market->insurance_day_start);
    bytes_put_amount(value, market->insurance_minute);
    bytes_put_amount(value, market->insurance_day);
    bytes_put_amount(value, market->insurance_day_base);
    bytes_put_amount(value, market->volume_quote);
    bytes_put_qty(value, market->volume);
    samples_put(value, market);
}

void record_market_get(struct engine *engine, struct bytes_reader *key,
                       struct bytes_reader *value)
{
    uint16_t number = bytes_get_u16_be(key);
    struct market *market = &engine->markets[number % MARKETS_MAX];

    if (number >= engine->genesis.market_count) {
        key->is_bad = true;
        return;
    }
    market->state = bytes_get_u8_max(value, MARKET_QUARANTINED);
    market->mark = record_get_price(value);
    market->ema = price_of(record_get_within(value, -PRICE_MAX, PRICE_MAX));
    market->last = record_get_price(value);
    market->mark_time = record_get_nanos(value);
    market->open_interest = record_get_qty(value);
    market->oi_factor = rate_of(record_get_within(value, 0, RATE_ONE));
    market->trade_sequence = bytes_get_u64(value);
    market->book_sequence = bytes_get_u64(value);
    funding_get(value, market);
    market->insurance_minute_start = record_get_nanos(value);
    market->insurance_day_start = record_get_nanos(value);
    market->insurance_minute = record_get_amount(value);
    market->insurance_day = record_get_amount(value);
    market->insurance_day_base = record_get_amount(value);
    market->volume_quote = bytes_get_amount(value);
    market->volume = bytes_get_qty(value);
    samples_get(value, market);
}
