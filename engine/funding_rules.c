#include "engine/funding_rules.h"

#include "engine/wide.h"

#define MARGIN_SPREADS_MAX 6

struct rate funding_premium(struct price index, struct price impact_bid,
                            struct price impact_ask)
{
    int64_t above, below;

    if (!price_is_positive(impact_bid) || !price_is_positive(impact_ask))
        return rate_of(0);
    above = price_raw(impact_bid) - price_raw(index);
    below = price_raw(index) - price_raw(impact_ask);
    above = above > 0 ? above : 0;
    below = below > 0 ? below : 0;
    return rate_of((int64_t)wide_clamp(
        wide_div_trunc(wide_mul(above - below, RATE_ONE), price_raw(index)),
        -INT64_MAX, INT64_MAX));
}

struct rate funding_mean(i128 sum, uint32_t count)
{
    if (count == 0)
        return rate_of(0);
    return rate_of((int64_t)wide_div_trunc(sum, count));
}

struct rate funding_rate(struct rate mean, const struct funding_terms *terms)
{
    i128 clamp = rate_raw(terms->clamp);
    i128 spread = wide_mul(rate_raw(terms->initial_rate),
                           RATE_ONE - rate_raw(terms->maintenance_fraction));
    i128 by_margin = wide_div_floor(MARGIN_SPREADS_MAX * spread, RATE_ONE);
    i128 by_hour =
        (i128)rate_raw(terms->hour_max) * (FUNDING_PERIOD / NANOS_PER_HOUR);
    i128 most = wide_min(by_margin, by_hour);
    i128 pull = (i128)rate_raw(terms->interest) - rate_raw(mean);
    i128 rate = rate_raw(mean) + wide_clamp(pull, -clamp, clamp);

    return rate_of((int64_t)wide_clamp(rate, -most, most));
}

i128 funding_change(struct rate rate, struct price index, struct nanos elapsed)
{
    struct nanos counted = nanos_min(elapsed, nanos_of(FUNDING_ELAPSED_MAX));
    i128 product = wide_mul(rate_raw(rate), price_raw(index));
    i128 change = wide_muldiv_floor(wide_abs(product), nanos_raw(counted),
                                    FUNDING_PERIOD);

    return product < 0 ? -change : change;
}
