#include "rpc/liquidation_price.h"

#include "engine/margin_rules.h"
#include "engine/wide.h"

/* The account without what this position's mark moves. */
struct rest {
    const struct market_params *market;
    i128 divisor;
    struct qty size;
    i128 equity, maintenance;
};

/* Equity below maintenance with the position at this mark. Their difference
 * only ever moves one way with the mark, as a maintenance rate is below one. */
static bool is_liquidatable(const struct rest *rest, int64_t mark)
{
    i128 notional =
        wide_div_floor(wide_mul(qty_raw(rest->size), mark), rest->divisor);
    i128 base = margin_rules_base(rest->market->tiers, rest->market->tier_count,
                                  wide_abs(notional));
    i128 maintenance =
        rest->maintenance +
        margin_rules_maintenance(base, rest->market->maintenance_fraction);

    return rest->equity + notional < maintenance;
}

/* The last liquidatable mark on the way from `low` (which is) to `high`. */
static int64_t search_long(const struct rest *rest, int64_t low, int64_t high)
{
    while (low < high) {
        int64_t middle = high - (high - low) / 2;

        if (is_liquidatable(rest, middle))
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

static int64_t search_short(const struct rest *rest, int64_t low, int64_t high)
{
    while (low < high) {
        int64_t middle = low + (high - low) / 2;

        if (is_liquidatable(rest, middle))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

struct price rpc_liquidation_price(const struct genesis *genesis,
                                   const struct view_margin *margin,
                                   const struct view_position *position)
{
    const struct market_params *market = &genesis->markets[position->market];
    const int64_t most = price_raw(genesis->feeds[market->feed].price_max);
    const struct rest rest = {
        .market = market,
        .divisor = genesis_notional_divisor(genesis),
        .size = position->size,
        .equity = amount_wide(margin->equity) - amount_wide(position->notional),
        .maintenance = amount_wide(margin->maintenance) -
                       amount_wide(position->maintenance),
    };

    if (qty_is_positive(position->size) && is_liquidatable(&rest, 1))
        return price_of(search_long(&rest, 1, most));
    if (qty_is_negative(position->size) && is_liquidatable(&rest, most))
        return price_of(search_short(&rest, 1, most));
    return price_of(0);
}
