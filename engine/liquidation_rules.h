/*
 * Liquidation as pure functions of plain values (SPEC rules 6 to 10): when,
 * how much, at what price at the worst, for which fee. The engine's waterfall
 * and the calculator share them. Amounts in settlement units; `divisor` is
 * genesis_notional_divisor.
 */
#ifndef CLEARINGD_ENGINE_LIQUIDATION_RULES_H
#define CLEARINGD_ENGINE_LIQUIDATION_RULES_H

#include "engine/units.h"

/* Rule 6. Due: requirement > 0 and equity under it, strictly. */
bool liquidation_is_due(struct amount equity, struct amount maintenance);

/* Rule 6. Over: equity >= requirement * (1 + exit_buffer). */
bool liquidation_is_over(struct amount equity, struct amount maintenance,
                         struct rate exit_buffer);

/* Rule 6's order: by equity / requirement, both requirements > 0. Less than
 * 0: the first is deeper under water; 0: alike. */
int liquidation_order(struct amount equity_a, struct amount maintenance_a,
                      struct amount equity_b, struct amount maintenance_b);

/*
 * Rule 7: what the account must receive (+) or may pay (-) for closing a
 * part, so that equity falls in the proportion of the requirement:
 * -change - floor(equity * |maintenance_change| / maintenance).
 * notional_change: signed notional after minus before; maintenance > 0.
 * Rounded up; a part that is the whole of the requirement leaves nothing.
 */
struct amount liquidation_bankruptcy(struct amount equity,
                                     struct amount maintenance,
                                     struct amount notional_change,
                                     struct amount maintenance_change);

/* The worst price per unit at which closing `size` (signed as the position)
 * brings `quote`: for a long (sold) rounded up, for a short (bought back)
 * down. 0 when no price above zero is that bad, or good. */
struct price liquidation_price(struct amount quote, struct qty size,
                               int64_t divisor);

struct fillable_terms {
    struct amount equity, maintenance; /* the account's; maintenance > 0 */
    struct qty size;                   /* signed, not 0 */
    struct amount notional;            /* signed, of the position */
    struct amount position_maintenance;
    struct rate ba, smmr;
    int64_t divisor;
};

/* Rule 8's adjusted bankruptcy rating: clamp(ba * (1 - E / MMR), 0, 1),
 * rounded down. */
struct rate liquidation_abr(const struct fillable_terms *terms);

/* Rule 8's price, from the unrounded rating: (n - abr * smmr * MM) / q,
 * rounded toward the mark; at least 1e-8. */
struct price liquidation_fillable(const struct fillable_terms *terms);

struct close_terms {
    struct amount equity, maintenance;
    struct price mark, limit;     /* mark > 0 */
    struct rate maintenance_rate; /* the position's marginal one */
    struct rate fee_rate, exit_buffer;
    struct qty size; /* > 0, a multiple of lot */
    struct qty lot, minimum;
    struct rate step_share;
    struct amount step_min, step_max;
    struct amount dust; /* a position worth less goes at once */
    int64_t divisor;
};

struct close_size {
    struct amount shortage; /* up to the buffer, <= 0: none */
    struct qty size;        /* what would cure it, before the caps */
    struct qty step;        /* what one step may close of it */
};

/* Rule 9. The denominator's rate is rounded down at 1e-9, sizes up to the
 * lot, the cap down to it but never under one lot. */
void liquidation_close(const struct close_terms *terms,
                       struct close_size *close);

/* Rule 10's rate: max(0, min(most, 95 % * (m - shortage / N))), rounded
 * down; 0 for a notional of 0. */
struct rate liquidation_fee_rate(struct rate most, struct rate maintenance_rate,
                                 struct amount equity,
                                 struct amount maintenance,
                                 struct amount notional);

/* Rule 10: min(floor(rate * fill), surplus over bankruptcy), never less than
 * 0. fill >= 0. */
struct amount liquidation_fee(struct rate rate, struct amount fill,
                              struct amount surplus);

#endif
