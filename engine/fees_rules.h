/*
 * PRIVATE: fees on plain values (docs/SPEC.md, rule 20), for the engine and
 * the calculator.
 */
#ifndef CLEARINGD_ENGINE_FEES_RULES_H
#define CLEARINGD_ENGINE_FEES_RULES_H

#include "engine/units.h"

/* What a fill of this value (>= 0) costs at the rate: a charge rounded up; at
 * a negative rate minus the rebate, its size rounded down. */
i128 fees_rules_charge(i128 quote, struct rate rate);

/* A rebate is at most the taker's fee of the same fill. */
i128 fees_rules_maker(i128 charge, i128 taker_fee);

/* A receiver's part of a total (>= 0), rounded down; what is left over after
 * all parts is the insurance fund's. */
i128 fees_rules_part(i128 total, uint32_t ppm);

#endif
