/*
 * The spread is water-filling: an account is cut exactly when its room is at
 * most its share of what is left once the relatively smaller ones are cut.
 * Taken in the order of room / pull that is one pass, and equal ratios are
 * cut or kept together, so their order does not matter.
 */
#include "engine/adl_rules.h"

#include "engine/sort.h"
#include "engine/wide.h"

#define PROFIT_RATIO_MAX (10 * RATE_ONE)
#define LEVERAGE_MIN (RATE_ONE / 100)
#define LEVERAGE_MAX (100 * RATE_ONE)

/* a / max(b, 1) at 1e-9, rounded up, within [least, most]. */
static i128 ratio_ceil(i128 a, i128 b, int64_t least, int64_t most)
{
    return wide_clamp(wide_div_ceil(a * RATE_ONE, wide_max(b, 1)), least, most);
}

i128 adl_weight(const struct adl_share *share, struct price mark,
                int64_t divisor)
{
    struct amount value = notional_floor(share->size, mark, divisor);
    struct amount profit = amount_sub(value, share->cost);
    i128 unhedged = wide_mul(qty_raw(qty_abs(share->size)),
                             RATE_ONE - rate_raw(share->hedged));
    i128 by_profit =
        ratio_ceil(amount_raw(profit), amount_raw(amount_abs(share->cost)), 0,
                   PROFIT_RATIO_MAX);
    i128 by_leverage =
        ratio_ceil(amount_raw(amount_abs(value)), amount_raw(share->equity),
                   LEVERAGE_MIN, LEVERAGE_MAX);
    i128 weight = wide_muldiv_ceil(unhedged, by_profit, RATE_ONE);

    return wide_muldiv_ceil(weight, by_leverage, RATE_ONE);
}

static int64_t room_of(const struct adl_share *share)
{
    return qty_raw(qty_sub(qty_abs(share->size), share->given));
}

static int compare_room(const void *ctx, uint32_t a, uint32_t b)
{
    const struct adl_share *shares = ctx;
    int order = wide_cmp_products(room_of(&shares[a]), shares[b].pull,
                                  room_of(&shares[b]), shares[a].pull);

    return order != 0 ? order : (a > b) - (a < b);
}

static void give(struct adl_share *share, i128 size)
{
    share->part = qty_add(share->part, qty_of((int64_t)size));
    share->given = qty_add(share->given, qty_of((int64_t)size));
}

/* Rounding's rest, a lot each, in the order of the array. */
static int64_t give_lots(struct adl_share *shares, uint32_t count, int64_t left,
                         int64_t lot)
{
    for (uint32_t i = 0; i < count && left > 0; i++) {
        if (shares[i].pull > 0 && room_of(&shares[i]) > 0) {
            give(&shares[i], lot);
            left -= lot;
        }
    }
    return left;
}

struct qty adl_spread(struct adl_share *shares, uint32_t *scratch,
                      uint32_t count, struct qty size, struct qty lot)
{
    int64_t left = qty_raw(size), one = qty_raw(lot);
    i128 sum = 0;
    uint32_t n = 0, i;
    int64_t spread;

    for (i = 0; i < count; i++) {
        shares[i].part = qty_of(0);
        if (shares[i].pull <= 0 || room_of(&shares[i]) <= 0)
            continue;
        sum += shares[i].pull;
        scratch[n++] = i;
    }
    sort_items(scratch, n, compare_room, shares);
    for (i = 0; i < n; i++) {
        struct adl_share *share = &shares[scratch[i]];
        int64_t room = room_of(share);

        if (wide_cmp_products(left, share->pull, room, sum) < 0)
            break;
        give(share, room);
        left -= room;
        sum -= share->pull;
    }
    for (spread = left; i < n; i++) {
        struct adl_share *share = &shares[scratch[i]];
        i128 lots = wide_muldiv_floor(spread / one, share->pull, sum);

        give(share, lots * one);
        left -= (int64_t)lots * one;
    }
    return qty_of(give_lots(shares, count, left, one));
}

/* The cost of a part, as position_fill takes it out of the position. */
static i128 part_cost(const struct adl_share *share)
{
    return wide_div_floor(
        wide_mul(amount_raw(share->cost), qty_raw(share->part)),
        qty_raw(qty_abs(share->size)));
}

/* First pass: everyone's part of the bankruptcy quote as a difference of
 * running totals, but nobody is settled below the entry price. */
static void settle_at_bankruptcy(struct adl_share *shares, uint32_t count,
                                 const struct adl_terms *terms)
{
    i128 whole = amount_raw(terms->quote), size = qty_raw(terms->size);
    i128 before = 0, total = 0;

    for (uint32_t i = 0; i < count; i++) {
        struct adl_share *share = &shares[i];
        i128 after, quote, entry;

        if (!qty_is_positive(share->part))
            continue;
        total += qty_raw(share->part);
        after = wide_div_floor(whole * total, size);
        quote = after - before;
        before = after;
        entry = part_cost(share);
        if (qty_is_positive(share->size))
            quote = wide_max(quote, wide_max(entry, 0));
        else
            quote = wide_max(0, wide_min(quote, -entry));
        share->quote = amount_from_wide(amount_wide(share->quote) + quote);
    }
}

/* Second pass: at the mark, rounded as a difference of running totals. */
static void settle_at_mark(struct adl_share *shares, uint32_t count,
                           const struct adl_terms *terms)
{
    struct amount before = amount_of(0);
    struct qty total = qty_of(0);

    for (uint32_t i = 0; i < count; i++) {
        struct adl_share *share = &shares[i];
        struct amount after;

        if (!qty_is_positive(share->part))
            continue;
        total = qty_add(total, share->part);
        after = notional_floor(total, terms->mark, terms->divisor);
        share->quote = amount_add(share->quote, amount_sub(after, before));
        before = after;
    }
}

/* What was given up against the mark: a long sold too low, a short bought
 * back too high. */
static void value_taken(struct adl_share *shares, uint32_t count,
                        const struct adl_terms *terms)
{
    for (uint32_t i = 0; i < count; i++) {
        struct adl_share *share = &shares[i];
        struct amount value =
            notional_floor(share->given, terms->mark, terms->divisor);

        share->taken = qty_is_positive(share->size)
                           ? amount_sub(value, share->quote)
                           : amount_sub(share->quote, value);
    }
}

struct qty adl_plan(struct adl_share *shares, uint32_t *scratch, uint32_t count,
                    const struct adl_terms *terms)
{
    struct qty left;

    for (uint32_t i = 0; i < count; i++) {
        shares[i].weight = adl_weight(&shares[i], terms->mark, terms->divisor);
        shares[i].pull = shares[i].weight;
        shares[i].given = qty_of(0);
        shares[i].quote = amount_of(0);
    }
    left = adl_spread(shares, scratch, count, terms->size, terms->lot);
    settle_at_bankruptcy(shares, count, terms);
    if (qty_is_positive(left)) {
        for (uint32_t i = 0; i < count; i++)
            shares[i].pull = room_of(&shares[i]);
        left = adl_spread(shares, scratch, count, left, terms->lot);
        settle_at_mark(shares, count, terms);
    }
    value_taken(shares, count, terms);
    return left;
}
