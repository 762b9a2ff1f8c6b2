/*
 * Funding as pure functions (SPEC rule 17): what keeps a perpetual near its
 * index. Rates are for 8 hours, the cumulative index is in 1e-17 quote per
 * base (price times rate). All rounding here is toward zero: funding is
 * never overstated to either side.
 */
#ifndef CLEARINGD_ENGINE_FUNDING_RULES_H
#define CLEARINGD_ENGINE_FUNDING_RULES_H

#include "engine/units.h"

#define FUNDING_PERIOD (8 * NANOS_PER_HOUR)
/* No more than this is credited at once, whatever was missed. */
#define FUNDING_ELAPSED_MAX NANOS_PER_HOUR

/* One sample: how far the impact prices lie beyond the index (> 0), as a
 * share of it. An impact price of 0: that side is too thin, the sample is 0. */
struct rate funding_premium(struct price index, struct price impact_bid,
                            struct price impact_ask);

/* Mean of count premiums (count 0: 0). */
struct rate funding_mean(i128 sum, uint32_t count);

struct funding_terms {
    struct rate interest, clamp;                    /* per 8 hours */
    struct rate initial_rate, maintenance_fraction; /* of the first tier */
    struct rate hour_max;
};

/* mean + clamp(interest - mean), within 6 * (i_0 - i_0 * f) and 8 hours of
 * hour_max, both ways. */
struct rate funding_rate(struct rate mean, const struct funding_terms *terms);

/* What the index moves in `elapsed` (>= 0, at most an hour of it counts) at
 * this 8-hour rate and index price. */
i128 funding_change(struct rate rate, struct price index, struct nanos elapsed);

#endif
