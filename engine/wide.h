/*
 * All arithmetic beyond 64 bits, and all rounding. A function's name says the
 * direction: _floor toward minus infinity, _ceil toward plus infinity, _trunc
 * toward zero. Requirements and what a user pays are rounded up, what a user
 * is credited is rounded down, so that rounding never creates money
 * (docs/SPEC.md, section 1). Divisors are always positive.
 */
#ifndef CLEARINGD_ENGINE_WIDE_H
#define CLEARINGD_ENGINE_WIDE_H

#include "engine/units.h"

static inline i128 wide_mul(int64_t a, int64_t b)
{
    return (i128)a * b;
}

/* n / d, rounded as named; d > 0. Worked on magnitudes: one division, no
 * remainder. */
static inline i128 wide_div_floor(i128 n, i128 d)
{
    if (n >= 0)
        return (i128)((u128)n / (u128)d);
    return -(i128)((-(u128)n + (u128)d - 1) / (u128)d);
}

static inline i128 wide_div_ceil(i128 n, i128 d)
{
    if (n > 0)
        return (i128)(((u128)n + (u128)d - 1) / (u128)d);
    return -(i128)(-(u128)n / (u128)d);
}

static inline i128 wide_div_trunc(i128 n, i128 d)
{
    return n / d;
}

static inline i128 wide_min(i128 a, i128 b)
{
    return a < b ? a : b;
}

static inline i128 wide_max(i128 a, i128 b)
{
    return a > b ? a : b;
}

static inline i128 wide_abs(i128 a)
{
    return a < 0 ? -a : a;
}

static inline i128 wide_clamp(i128 a, i128 low, i128 high)
{
    return a < low ? low : a > high ? high : a;
}

/* a * b / d with a 256-bit product; d > 0. The quotient must fit 127 bits:
 * a caller proves it from the ranges of its figures (check() stops us
 * otherwise). */
i128 wide_muldiv_floor(i128 a, i128 b, i128 d);
i128 wide_muldiv_ceil(i128 a, i128 b, i128 d);

/* a * b * c / (d * e), rounded down once: nothing is lost in between. a, b
 * and c >= 0, d and e > 0, the product below 2^256, the quotient below
 * 2^127 (check() stops us otherwise). */
i128 wide_ratio_floor(i128 a, i128 b, i128 c, i128 d, i128 e);

/* a * b against c * d: -1, 0, 1. Exact for all 128-bit values: ratios are
 * compared by cross multiplication, never by division. */
int wide_cmp_products(i128 a, i128 b, i128 c, i128 d);

/* Integer square root, rounded down, of n >= 0. */
i128 wide_sqrt_floor(i128 n);

/*
 * Notional of a quantity at a price, in the settlement asset's smallest unit:
 * price * qty / divisor, divisor = 10^(16 - decimals) (10^10 for USDC).
 * notional_exact is for fills (a market's tick * lot is a whole number of
 * units, so nothing is rounded; check() guards it), notional_floor for signed
 * sizes at the mark.
 */
struct amount notional_exact(struct qty size, struct price price,
                             int64_t divisor);
struct amount notional_floor(struct qty size, struct price price,
                             int64_t divisor);
struct amount notional_ceil(struct qty size, struct price price,
                            int64_t divisor);

/* A share of an amount: amount * rate / 1e9, rounded down. */
struct amount amount_rate_floor(struct amount a, struct rate r);

#endif
