#include "rpc/collateral.h"

#include "engine/margin_rules.h"
#include "engine/wide.h"
#include "rpc/rows.h"
#include "rpc/write.h"

static struct margin_collateral_value value_of(const struct engine *engine,
                                               struct margin_collateral *terms,
                                               uint16_t asset, i128 most)
{
    const struct genesis *genesis = engine_genesis(engine);
    const struct asset_params *params = &genesis->assets[asset];
    struct view_feed feed = {0};

    (void)!view_feed(engine, params->feed, &feed);
    terms->decimals = params->decimals;
    terms->price = feed.price;
    terms->slow = feed.slow;
    return margin_rules_collateral(
        terms, genesis->assets[ASSET_SETTLEMENT].decimals, most);
}

/* c, rounded down: the value that is not lowered over all that is deposited. */
static i128 concentration(const struct engine *engine, uint16_t asset)
{
    i128 start = amount_wide(engine_genesis(engine)->assets[asset].scale_start);
    struct margin_collateral terms = {
        .amount = amount_wide(view_deposited(engine, asset)),
        .weight_initial = rate_of(RATE_ONE),
        .weight_maintenance = rate_of(RATE_ONE),
        .start = 1,
        .total = 1,
    };
    i128 value = value_of(engine, &terms, asset, (i128)1 << 96).maintenance;

    return start == 0 || value <= start
               ? RATE_ONE
               : wide_muldiv_floor(start, RATE_ONE, value);
}

struct collateral collateral_of(const struct engine *engine, uint16_t asset,
                                struct amount amount)
{
    const struct asset_params *params = &engine_genesis(engine)->assets[asset];
    struct margin_collateral terms = {
        .amount = amount_wide(amount),
        .weight_initial = params->weight_initial,
        .weight_maintenance = params->weight_maintenance,
        .imf = params->imf,
        .total = RATE_ONE,
    };
    struct margin_collateral_value value;

    if (asset == ASSET_SETTLEMENT)
        return (struct collateral){amount, amount, rate_of(RATE_ONE)};
    terms.start = concentration(engine, asset);
    value = value_of(engine, &terms, asset, AMOUNT_MAX);
    return (struct collateral){amount_from_wide(value.initial),
                               amount_from_wide(value.maintenance),
                               value.effective};
}

struct amount collateral_releasable(const struct engine *engine, uint16_t asset,
                                    struct amount amount, struct amount free)
{
    int64_t low = 0, high = amount_raw(amount);
    struct amount whole = collateral_of(engine, asset, amount).initial;

    if (amount_is_negative(free))
        return amount_of(0);
    while (low < high) {
        int64_t middle = high - (high - low) / 2;
        struct amount left = amount_sub(amount, amount_of(middle));
        struct amount lost =
            amount_sub(whole, collateral_of(engine, asset, left).initial);

        if (amount_cmp(lost, free) <= 0)
            low = middle;
        else
            high = middle - 1;
    }
    return amount_of(low);
}

json_t *collateral_rows(const struct rpc_service *service,
                        const struct engine *engine,
                        const struct view_account *account)
{
    struct rows rows = rows_begin();

    for (uint16_t i = 0; i < account->balance_count; i++) {
        struct amount held = account->balances[i];
        struct collateral value;

        if (amount_is_zero(held))
            continue;
        value = collateral_of(engine, i, held);
        rows_add(&rows,
                 json_pack(
                     "{ss so so so so}", "currency", write_currency(service, i),
                     "balance", write_amount(service, i, held), "value_initial",
                     write_value(service, value.initial), "value_maintenance",
                     write_value(service, value.maintenance),
                     "weight_effective", write_rate(value.effective)));
    }
    return rows_end(&rows);
}
