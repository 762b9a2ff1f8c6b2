/*
 * Auto-deleveraging as pure functions on arrays (SPEC rule 12): who gives up
 * how much of what to close a bankrupt position. The engine executes the
 * plan, a preview shows it, the calculator prints it.
 *
 * First pass: winners, by what of their position is not hedged, by profit
 * and by leverage, at the bankruptcy price, nobody below the entry price.
 * Second pass: whoever is left on that side, by size, at the mark. Never more
 * than asked for.
 */
#ifndef CLEARINGD_ENGINE_ADL_RULES_H
#define CLEARINGD_ENGINE_ADL_RULES_H

#include "engine/units.h"

/* One position of the other side. Shares stand in identity order. */
struct adl_share {
    uint32_t item;        /* the caller's */
    struct qty size;      /* signed, not 0; all of one sign */
    struct amount cost;   /* signed */
    struct amount equity; /* of its account */
    struct rate hedged;   /* 0 to 1: share of the position that is hedged */
    /* Filled by adl_plan. */
    i128 weight;         /* of the first pass, 1e-17 */
    i128 pull;           /* of the pass under way */
    struct qty part;     /* closed by that pass */
    struct qty given;    /* >= 0, closed in all */
    struct amount quote; /* >= 0, what that is settled for */
    struct amount taken; /* what it gives up against the mark, signed */
};

struct adl_terms {
    struct qty size; /* > 0, to be closed; a multiple of lot */
    struct qty lot;
    struct price mark;
    struct amount quote; /* what all of size is worth at the bankruptcy
                            price; under 0 where no price is bad enough */
    int64_t divisor;
};

/*
 * w = |q| * u * clamp(uPnL / max(|cost|, 1), 0, 10)
 *         * clamp(N / max(E, 1), 0.01, 100),  u = 1 - hedged,
 * at 1e-17, each ratio and product rounded up.
 */
i128 adl_weight(const struct adl_share *share, struct price mark,
                int64_t divisor);

/*
 * Spreads `size` by pull in whole lots: floor(size * pull / sum of pulls),
 * cut at what is left of the share's |size|, the rest spread again over the
 * others; what rounding leaves goes lot by lot in the order of the array.
 * Sets part, adds it to given; `scratch` has room for count numbers. Returns
 * what found no taker.
 */
struct qty adl_spread(struct adl_share *shares, uint32_t *scratch,
                      uint32_t count, struct qty size, struct qty lot);

/* The whole of it. Returns what could not be placed (0 when the other side
 * is at least as large). */
struct qty adl_plan(struct adl_share *shares, uint32_t *scratch, uint32_t count,
                    const struct adl_terms *terms);

#endif
