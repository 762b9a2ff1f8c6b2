/*
 * PRIVATE: the rules of margin on plain values (docs/SPEC.md, rules 1 to 5).
 * They know no accounts and no markets: the engine calls them with its state,
 * the calculator with what a caller names, and both get the same figures.
 *
 * Amounts are whole settlement units in 128 bits; up to AMOUNT_MAX nothing
 * overflows. Requirements are rounded up, values down.
 */
#ifndef CLEARINGD_ENGINE_MARGIN_RULES_H
#define CLEARINGD_ENGINE_MARGIN_RULES_H

#include "engine/genesis.h"

/* What a market and a user say about requirements. */
struct margin_terms {
    const struct tier *tiers; /* rising, tiers[0].above = 0 */
    uint32_t tier_count;
    struct rate maintenance_fraction; /* f */
    struct rate own;                  /* user-set initial rate, 0: none */
    struct rate oi_factor;            /* g, 0 to 1 */
    struct rate volatility;           /* v, at least 1 */
};

/* Rule 1: B(N) = N * i_k - D_k, exactly, in units of 1e-9: the sum over the
 * tiers below N of (N - L_j) * (i_j - i_{j-1}), so continuous in N >= 0. */
i128 margin_rules_base(const struct tier *tiers, uint32_t tier_count,
                       i128 notional);

/* Rule 1: MM = ceil(B * f), B as margin_rules_base gives it. */
i128 margin_rules_maintenance(i128 base, struct rate fraction);

/* Rule 2: ceil(max(ceil(B + g * (N - B)), ceil(N * own)) * v) + confidence,
 * the last as margin_rules_confidence gives it. */
i128 margin_rules_initial(const struct margin_terms *terms, i128 notional,
                          i128 base, i128 confidence);

/* Rule 2: ceil(confidence * |size|). */
i128 margin_rules_confidence(struct price confidence, struct qty size,
                             int64_t divisor);

/* Rule 2: g = (interest - lower) / (upper - lower) within 0 and 1, rounded up
 * at 1e-9; 0 where upper <= lower. */
struct rate margin_rules_oi_factor(i128 interest, i128 lower, i128 upper);

/* Rule 3: what an order of this side loses when it fills at its limit against
 * the mark: max(0, (price - mark) * size) of a buy, the mirror image of a
 * sell, exactly, in price * qty units. */
i128 margin_rules_order_loss(bool is_buy, struct price price, struct price mark,
                             struct qty size);

/* Rule 4's inputs. Where the concentration term is known as a rate, start is
 * its raw value and total 1e9. */
struct margin_collateral {
    i128 amount; /* >= 0, smallest units of the asset */
    uint8_t decimals;
    struct price price, slow; /* slow 0: there is none yet, price counts */
    struct rate weight_initial, weight_maintenance, imf;
    i128 start, total; /* c = min(1, start / total); total <= start: 1 */
};

struct margin_collateral_value {
    i128 initial, maintenance; /* settlement units, at most `most` */
    struct rate effective;     /* initial weight with size and c, down */
};

/* Rule 4: floor(a * P * w_m) and floor(a * min(P, slow) * w * c) with w =
 * min(w_i, 1.1 / (1 + imf * sqrt(a))), each rounded once, at the end (the
 * square root up, at up to 18 decimals). `decimals_settlement`
 * of the settlement asset; values above `most` are cut to it. */
struct margin_collateral_value
margin_rules_collateral(const struct margin_collateral *collateral,
                        uint8_t decimals_settlement, i128 most);

/* Rule 4: unrealised results, summed over the account: losses in full, gains
 * floor(gain * weight) and no more than cap (0: no cap). */
i128 margin_rules_gain(i128 gain, struct rate weight, i128 cap);

/* Rule 4: what a negative settlement balance adds: ceil(|b| * rate). */
i128 margin_rules_debt(i128 cash, struct rate rate);

/* Rule 5's figures of an account. */
struct margin_state {
    i128 equity_initial; /* against initial */
    i128 equity;         /* in the ratio to maintenance */
    i128 initial, maintenance;
};

enum margin_verdict {
    MARGIN_REFUSED = 0,
    MARGIN_COVERED = 1,  /* E' >= IMR' */
    MARGIN_REDUCES = 2,  /* reducing, MMR' <= MMR, E' * MMR >= E * MMR' */
    MARGIN_FREE = 3,     /* reducing, no MMR before and after, E' >= E */
    MARGIN_NEGATIVE = 4, /* reducing, E < 0, MMR' <= MMR and E' >= E */
};

/* Rule 5: by which of its ways may the account go from before to after? */
enum margin_verdict margin_rules_change(const struct margin_state *before,
                                        const struct margin_state *after,
                                        bool is_reducing);

#endif
