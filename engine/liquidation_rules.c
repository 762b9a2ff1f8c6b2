#include "engine/liquidation_rules.h"

#include "engine/limits.h"
#include "engine/wide.h"

/* Share of the remaining headroom that the fee may take, in percent. */
#define FEE_HEADROOM 95

/* Four times the greatest notional, in 1e-18. */
#define SPREAD_MAX (((i128)NOTIONAL_MAX * 4) << 60)

bool liquidation_is_due(struct amount equity, struct amount maintenance)
{
    return amount_is_positive(maintenance) &&
           amount_cmp(equity, maintenance) < 0;
}

bool liquidation_is_over(struct amount equity, struct amount maintenance,
                         struct rate exit_buffer)
{
    return amount_wide(equity) * RATE_ONE >=
           amount_wide(maintenance) * (RATE_ONE + rate_raw(exit_buffer));
}

int liquidation_order(struct amount equity_a, struct amount maintenance_a,
                      struct amount equity_b, struct amount maintenance_b)
{
    i128 a = wide_mul(amount_raw(equity_a), amount_raw(maintenance_b));
    i128 b = wide_mul(amount_raw(equity_b), amount_raw(maintenance_a));

    return (a > b) - (a < b);
}

struct amount liquidation_bankruptcy(struct amount equity,
                                     struct amount maintenance,
                                     struct amount notional_change,
                                     struct amount maintenance_change)
{
    struct amount part = amount_abs(maintenance_change);
    i128 share = wide_div_floor(wide_mul(amount_raw(equity), amount_raw(part)),
                                amount_raw(maintenance));

    return amount_from_wide(-amount_wide(notional_change) - share);
}

struct price liquidation_price(struct amount quote, struct qty size,
                               int64_t divisor)
{
    i128 value = amount_wide(quote) * divisor;
    i128 price = qty_is_positive(size) ? wide_div_ceil(value, qty_raw(size))
                                       : wide_div_floor(-value, -qty_raw(size));

    return price_of((int64_t)wide_clamp(price, 0, PRICE_MAX));
}

/* ba * (MMR - E), against MMR * 1e9: the rating before its clamp. */
static i128 rating(const struct fillable_terms *terms)
{
    return (amount_wide(terms->maintenance) - amount_wide(terms->equity)) *
           rate_raw(terms->ba);
}

struct rate liquidation_abr(const struct fillable_terms *terms)
{
    i128 abr = wide_div_floor(rating(terms), amount_raw(terms->maintenance));

    return rate_of((int64_t)wide_clamp(abr, 0, RATE_ONE));
}

/* abr * smmr * MM in 1e-18, rounded down so that the price ends on the mark's
 * side; cut far beyond any price. */
static i128 spread_of(const struct fillable_terms *terms)
{
    i128 one = amount_wide(terms->maintenance) * RATE_ONE;
    i128 most = wide_mul(rate_raw(terms->smmr),
                         amount_raw(terms->position_maintenance));

    return wide_min(SPREAD_MAX,
                    wide_muldiv_floor(wide_clamp(rating(terms), 0, one),
                                      most * RATE_ONE, one));
}

struct price liquidation_fillable(const struct fillable_terms *terms)
{
    i128 spread = wide_muldiv_floor(spread_of(terms), terms->divisor,
                                    (i128)RATE_ONE * RATE_ONE);
    i128 value = amount_wide(terms->notional) * terms->divisor - spread;
    i128 price = qty_is_positive(terms->size)
                     ? wide_div_ceil(value, qty_raw(terms->size))
                     : wide_div_floor(-value, -qty_raw(terms->size));

    return price_of((int64_t)wide_clamp(price, 1, PRICE_MAX));
}

/* Up to the whole of a lot. */
static i128 lots_up(i128 size, struct qty lot)
{
    return wide_div_ceil(size, qty_raw(lot)) * qty_raw(lot);
}

/* m * (1 + buffer) - fee - |limit - M| / M at 1e-9, rounded down as one. */
static i128 cure_rate(const struct close_terms *terms)
{
    i128 mark = price_raw(terms->mark);
    i128 apart = price_raw(price_abs(price_sub(terms->limit, terms->mark)));
    i128 rate = wide_mul(rate_raw(terms->maintenance_rate),
                         RATE_ONE + rate_raw(terms->exit_buffer)) -
                wide_mul(rate_raw(terms->fee_rate), RATE_ONE);

    return wide_div_floor(rate * mark - apart * RATE_ONE * RATE_ONE,
                          mark * RATE_ONE);
}

/* What would cure the shortage, before the caps; all of it when little would
 * remain or when closing costs more than it frees. */
static i128 cure_size(const struct close_terms *terms, struct amount shortage)
{
    i128 whole = qty_raw(terms->size);
    i128 rate = cure_rate(terms);
    i128 value = wide_mul(qty_raw(terms->size), price_raw(terms->mark));
    i128 unit = wide_mul(terms->divisor, RATE_ONE);
    i128 size;

    if (!amount_is_positive(shortage))
        return 0;
    if (rate <= 0 || value < amount_wide(terms->dust) * terms->divisor ||
        wide_cmp_products(amount_raw(shortage), unit, value, rate) >= 0)
        return whole;
    size = wide_muldiv_ceil(amount_raw(shortage), unit,
                            price_raw(terms->mark) * rate);
    size = lots_up(size, terms->lot);
    return whole - size < qty_raw(terms->minimum) ? whole : size;
}

/* What one step may close of `size`. */
static i128 step_size(const struct close_terms *terms, i128 size)
{
    i128 mark = price_raw(terms->mark);
    i128 lot = qty_raw(terms->lot);
    i128 value = qty_raw(terms->size) * mark;
    i128 share = wide_div_floor(wide_div_floor(value, terms->divisor) *
                                    rate_raw(terms->step_share),
                                RATE_ONE);
    i128 cap = wide_min(wide_max(share, amount_raw(terms->step_min)),
                        amount_raw(terms->step_max));
    i128 most;

    if (value < amount_wide(terms->dust) * terms->divisor ||
        size * mark <= cap * terms->divisor)
        return size;
    most = wide_div_floor(cap * terms->divisor, mark * lot) * lot;
    return wide_min(size, wide_max(most, lot));
}

void liquidation_close(const struct close_terms *terms,
                       struct close_size *close)
{
    i128 target = wide_div_ceil(amount_wide(terms->maintenance) *
                                    (RATE_ONE + rate_raw(terms->exit_buffer)),
                                RATE_ONE);
    i128 size;

    close->shortage = amount_from_wide(target - amount_wide(terms->equity));
    size = cure_size(terms, close->shortage);
    close->size = qty_of((int64_t)size);
    close->step = qty_of((int64_t)step_size(terms, size));
}

struct rate liquidation_fee_rate(struct rate most, struct rate maintenance_rate,
                                 struct amount equity,
                                 struct amount maintenance,
                                 struct amount notional)
{
    i128 shortage = wide_max(0, amount_wide(maintenance) - amount_wide(equity));
    i128 value = amount_raw(notional);
    i128 headroom;

    if (value <= 0)
        return rate_of(0);
    headroom =
        wide_div_floor(FEE_HEADROOM * (rate_raw(maintenance_rate) * value -
                                       shortage * RATE_ONE),
                       100 * value);
    return rate_of((int64_t)wide_max(0, wide_min(rate_raw(most), headroom)));
}

struct amount liquidation_fee(struct rate rate, struct amount fill,
                              struct amount surplus)
{
    struct amount fee = amount_rate_floor(fill, rate);

    return amount_max(amount_of(0), amount_min(fee, surplus));
}
