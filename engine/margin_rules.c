/*
 * The bounds behind "nothing overflows": amounts < 2^61, rates <= 2^30, so a
 * base is < 2^91, times g or f < 2^121; a factor v of at most 2 is applied to
 * whole units.
 */
#include "engine/margin_rules.h"
#include "engine/wide.h"

#define RATE_ONE_SQUARED ((i128)RATE_ONE * RATE_ONE)

/* ceil(n / 1e9) for n >= 0; most figures fit 64 bits, where dividing by a
 * constant is a multiplication. */
static i128 whole_ceil(i128 n)
{
    uint64_t small = (uint64_t)n;

    if (likely((u128)n == small && small < UINT64_MAX - RATE_ONE))
        return (small + (uint64_t)RATE_ONE - 1) / (uint64_t)RATE_ONE;
    return wide_div_ceil(n, RATE_ONE);
}

i128 margin_rules_base(const struct tier *tiers, uint32_t tier_count,
                       i128 notional)
{
    i128 base = notional * rate_raw(tiers[0].initial_rate);

    for (uint32_t i = 1; i < tier_count; i++) {
        i128 over = notional - amount_wide(tiers[i].above);

        if (over <= 0)
            break;
        base += over * rate_raw(rate_sub(tiers[i].initial_rate,
                                         tiers[i - 1].initial_rate));
    }
    return base;
}

i128 margin_rules_maintenance(i128 base, struct rate fraction)
{
    i128 n = base * rate_raw(fraction);

    return n == 0 ? 0 : wide_div_ceil(n, RATE_ONE_SQUARED);
}

i128 margin_rules_initial(const struct margin_terms *terms, i128 notional,
                          i128 base, i128 confidence)
{
    i128 initial;

    if (rate_is_zero(terms->oi_factor))
        initial = whole_ceil(base);
    else
        initial =
            wide_div_ceil(base * RATE_ONE + rate_raw(terms->oi_factor) *
                                                (notional * RATE_ONE - base),
                          RATE_ONE_SQUARED);
    if (!rate_is_zero(terms->own))
        initial =
            wide_max(initial, whole_ceil(notional * rate_raw(terms->own)));
    if (rate_raw(terms->volatility) != RATE_ONE)
        initial = whole_ceil(initial * rate_raw(terms->volatility));
    return initial + confidence;
}

i128 margin_rules_confidence(struct price confidence, struct qty size,
                             int64_t divisor)
{
    if (price_is_zero(confidence))
        return 0;
    return wide_div_ceil(
        wide_mul(price_raw(confidence), qty_raw(qty_abs(size))), divisor);
}

struct rate margin_rules_oi_factor(i128 interest, i128 lower, i128 upper)
{
    if (upper <= lower || interest <= lower)
        return rate_of(0);
    if (interest >= upper)
        return rate_of(RATE_ONE);
    return rate_of(
        (int64_t)wide_muldiv_ceil(interest - lower, RATE_ONE, upper - lower));
}

i128 margin_rules_order_loss(bool is_buy, struct price price, struct price mark,
                             struct qty size)
{
    int64_t worse =
        price_raw(is_buy ? price_sub(price, mark) : price_sub(mark, price));

    return worse > 0 ? wide_mul(worse, qty_raw(size)) : 0;
}

/* ---- collateral -------------------------------------------------------- */

struct weight {
    i128 numerator, denominator;
};

static uint32_t bit_count(i128 value)
{
    uint32_t bits = 0;

    for (; value > 0; value >>= 1)
        bits++;
    return bits;
}

/*
 * 1.1 / (1 + imf * sqrt(a)): the root of the amount in whole units is taken
 * at 10^-digits and rounded up, so the weight is never too great. As many
 * digits as keep the root's square and the numerator, which may have
 * `bits_max` bits, within the wide arithmetic.
 */
static struct weight size_weight(i128 amount, uint8_t decimals, struct rate imf,
                                 uint32_t bits_max)
{
    uint32_t digits = (decimals + 1u) / 2;
    i128 square = decimals % 2 ? amount * 10 : amount; /* a * 10^(2 digits) */
    i128 one = RATE_ONE, root;

    for (uint32_t i = 0; i < digits; i++)
        one *= 10;
    while (digits < 18 && square < ((i128)1 << 126) / 100 &&
           bit_count(one * 11) < bits_max) {
        square *= 100;
        one *= 10;
        digits++;
    }
    root = wide_sqrt_floor(square);
    root += root * root < square;
    return (struct weight){one / 10 * 11, one + root * rate_raw(imf)};
}

static struct weight initial_weight(const struct margin_collateral *collateral,
                                    uint32_t bits_max)
{
    struct weight base = {rate_raw(collateral->weight_initial), RATE_ONE};
    struct weight size;

    if (rate_is_zero(collateral->imf))
        return base;
    size = size_weight(collateral->amount, collateral->decimals,
                       collateral->imf, bits_max);
    return wide_cmp_products(size.numerator, base.denominator, base.numerator,
                             size.denominator) < 0
               ? size
               : base;
}

struct margin_collateral_value
margin_rules_collateral(const struct margin_collateral *collateral,
                        uint8_t decimals_settlement, i128 most)
{
    struct margin_collateral_value value;
    struct price low = collateral->price;
    i128 start = collateral->start, total = collateral->total, divisor = 1;
    i128 gross;
    struct weight weight;

    for (int i = decimals_settlement; i < collateral->decimals + 8; i++)
        divisor *= 10;
    if (price_is_positive(collateral->slow))
        low = price_min(low, collateral->slow);
    if (total <= start)
        start = total = 1;
    gross = collateral->amount * price_raw(low);
    weight =
        initial_weight(collateral, 254 - bit_count(gross) - bit_count(start));
    value.initial =
        wide_min(most, wide_ratio_floor(gross, weight.numerator, start,
                                        weight.denominator, total * divisor));
    value.effective = rate_of((int64_t)wide_ratio_floor(
        weight.numerator, start, RATE_ONE, weight.denominator, total));
    value.maintenance = wide_min(
        most,
        wide_ratio_floor(collateral->amount * price_raw(collateral->price),
                         rate_raw(collateral->weight_maintenance), 1, RATE_ONE,
                         divisor));
    return value;
}

i128 margin_rules_gain(i128 gain, struct rate weight, i128 cap)
{
    i128 counted;

    if (gain <= 0)
        return gain;
    counted = rate_raw(weight) == RATE_ONE
                  ? gain
                  : wide_div_floor(gain * rate_raw(weight), RATE_ONE);
    return cap > 0 ? wide_min(counted, cap) : counted;
}

i128 margin_rules_debt(i128 cash, struct rate rate)
{
    return cash >= 0 ? 0 : whole_ceil(-cash * rate_raw(rate));
}

/* ---- may a change happen ------------------------------------------------ */

enum margin_verdict margin_rules_change(const struct margin_state *before,
                                        const struct margin_state *after,
                                        bool is_reducing)
{
    bool keeps_equity = after->equity >= before->equity;

    if (after->equity_initial >= after->initial)
        return MARGIN_COVERED;
    if (!is_reducing || after->maintenance > before->maintenance)
        return MARGIN_REFUSED;
    if (before->maintenance == 0)
        return keeps_equity ? MARGIN_FREE : MARGIN_REFUSED;
    if (before->equity < 0)
        return keeps_equity ? MARGIN_NEGATIVE : MARGIN_REFUSED;
    return wide_cmp_products(after->equity, before->maintenance, before->equity,
                             after->maintenance) >= 0
               ? MARGIN_REDUCES
               : MARGIN_REFUSED;
}
