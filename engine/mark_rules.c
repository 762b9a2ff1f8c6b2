#include "engine/mark_rules.h"

#include "engine/wide.h"

static int64_t median_of_three(int64_t a, int64_t b, int64_t c)
{
    int64_t low = a < b ? a : b;
    int64_t high = a < b ? b : a;

    return c < low ? low : c > high ? high : c;
}

static int64_t middle(struct price a, struct price b)
{
    return (price_raw(a) + price_raw(b)) >> 1;
}

static int64_t clamp(int64_t value, int64_t bound)
{
    return value > bound ? bound : value < -bound ? -bound : value;
}

void mark_of(const struct mark_inputs *in, struct price *mark,
             struct price *ema)
{
    int64_t index = price_raw(in->index);
    int64_t band =
        (int64_t)wide_div_floor(wide_mul(index, rate_raw(in->band)), RATE_ONE);
    int64_t dt = nanos_raw(nanos_min(in->dt, nanos_of(MARK_TAU)));
    int64_t distance = 0, book = index, average, vote;

    if (price_is_positive(in->best_bid) && price_is_positive(in->best_ask)) {
        book = middle(in->best_bid, in->best_ask);
        if (price_is_positive(in->last))
            book =
                median_of_three(price_raw(in->best_bid),
                                price_raw(in->best_ask), price_raw(in->last));
        if (price_is_positive(in->impact_bid) &&
            price_is_positive(in->impact_ask))
            distance =
                clamp(middle(in->impact_bid, in->impact_ask) - index, band);
    }
    average = price_raw(in->ema);
    average +=
        (int64_t)wide_div_trunc(wide_mul(distance - average, dt), MARK_TAU);
    vote = median_of_three(index, index + average, book);
    *mark = price_of(index + clamp(vote - index, band));
    *ema = price_of(average);
}
