/*
 * The spread is water-filling: an account is cut exactly when its room is at
 * most its share of what is left once the relatively smaller ones are cut.
 * What is left for a unit of pull only grows by cutting, so whoever can be
 * cut at once may be; a few such rounds mostly do. Should somebody's data
 * need many, the order of room / pull does it in one pass; equal ratios are
 * cut or kept together, so their order does not matter.
 */
#include "engine/adl_rules.h"

#include "engine/sort.h"
#include "engine/wide.h"

#define PROFIT_RATIO_MAX (10 * RATE_ONE)
#define LEVERAGE_MIN (RATE_ONE / 100)
#define LEVERAGE_MAX (100 * RATE_ONE)
#define CUT_ROUNDS 8

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

/* What is left to be spread, over which pulls, and over whom. */
struct spread {
    int64_t left;
    i128 sum;
    uint32_t *items;
    uint32_t count;
};

static bool is_cut(const struct adl_share *share, int64_t left, i128 sum)
{
    return wide_cmp_products(left, share->pull, room_of(share), sum) >= 0;
}

static void cut(struct spread *spread, struct adl_share *share)
{
    int64_t room = room_of(share);

    give(share, room);
    spread->left -= room;
    spread->sum -= share->pull;
}

/* Cuts all that can be at once; false when none could. */
static bool cut_round(struct spread *spread, struct adl_share *shares)
{
    uint32_t count = spread->count;
    int64_t left = spread->left;
    i128 sum = spread->sum;

    spread->count = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t item = spread->items[i];

        if (is_cut(&shares[item], left, sum))
            cut(spread, &shares[item]);
        else
            spread->items[spread->count++] = item;
    }
    return spread->count < count;
}

/* Cuts the rest of them in the order of room / pull. */
static void cut_sorted(struct spread *spread, struct adl_share *shares)
{
    uint32_t at = 0;

    sort_items(spread->items, spread->count, compare_room, shares);
    while (at < spread->count &&
           is_cut(&shares[spread->items[at]], spread->left, spread->sum))
        cut(spread, &shares[spread->items[at++]]);
    spread->items += at;
    spread->count -= at;
}

/* Whoever is not cut gets the share, in whole lots. */
static void share_out(struct spread *spread, struct adl_share *shares,
                      int64_t lot)
{
    int64_t lots = spread->left / lot;

    for (uint32_t i = 0; i < spread->count; i++) {
        struct adl_share *share = &shares[spread->items[i]];
        int64_t size =
            (int64_t)wide_muldiv_floor(lots, share->pull, spread->sum) * lot;

        give(share, size);
        spread->left -= size;
    }
}

struct qty adl_spread(struct adl_share *shares, uint32_t *scratch,
                      uint32_t count, struct qty size, struct qty lot)
{
    struct spread spread = {.left = qty_raw(size), .items = scratch};
    uint32_t rounds = 0;

    for (uint32_t i = 0; i < count; i++) {
        shares[i].part = qty_of(0);
        if (shares[i].pull <= 0 || room_of(&shares[i]) <= 0)
            continue;
        spread.sum += shares[i].pull;
        scratch[spread.count++] = i;
    }
    while (rounds < CUT_ROUNDS && cut_round(&spread, shares))
        rounds++;
    if (rounds == CUT_ROUNDS)
        cut_sorted(&spread, shares);
    share_out(&spread, shares, qty_raw(lot));
    return qty_of(give_lots(shares, count, spread.left, qty_raw(lot)));
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
