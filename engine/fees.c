/*
 * Fees wait in HOUSE_FEES for the tick, which splits them. The tier follows
 * from what the account traded in the last VOLUME_DAYS days, counted by days
 * of the clock.
 */
#include "engine/fees.h"
#include "engine/account.h"
#include "engine/fees_rules.h"
#include "engine/ledger.h"
#include "engine/wide.h"

#define DAY (24 * NANOS_PER_HOUR)

static uint32_t today(const struct engine *engine)
{
    return (uint32_t)(nanos_raw(engine->time) / DAY);
}

/* Days that have left the window, and those nobody traded on, are emptied. */
static void roll(struct volume *volume, uint32_t day)
{
    if (day - volume->day >= VOLUME_DAYS)
        *volume = (struct volume){.day = day};
    for (; volume->day < day; volume->day++) {
        struct amount *oldest = &volume->days[(volume->day + 1) % VOLUME_DAYS];

        volume->total = amount_sub(volume->total, *oldest);
        *oldest = amount_of(0);
    }
}

void fees_count_volume(struct engine *engine, uint32_t account,
                       struct amount quote)
{
    struct volume *volume = &engine->volumes[account];
    struct amount *day;
    uint32_t number = today(engine);

    if (engine->genesis.fees.tier_count < 2)
        return;
    roll(volume, number);
    day = &volume->days[number % VOLUME_DAYS];
    /* Beyond the range there is no higher tier: it stays at the most. */
    if (amount_add_checked(&volume->total, volume->total, quote))
        *day = amount_add(*day, quote);
}

struct amount fees_volume(const struct engine *engine, uint32_t account)
{
    struct volume volume;

    if (likely(engine->volumes[account].day == today(engine)))
        return engine->volumes[account].total;
    volume = engine->volumes[account];
    roll(&volume, today(engine));
    return volume.total;
}

uint32_t fees_tier(const struct engine *engine, uint32_t account)
{
    const struct fee_params *fees = &engine->genesis.fees;
    uint32_t tier = 0;
    struct amount volume;

    if (fees->tier_count < 2)
        return 0;
    volume = fees_volume(engine, account);
    while (tier + 1u < fees->tier_count &&
           amount_cmp(volume, fees->tiers[tier + 1].volume) >= 0)
        tier++;
    return tier;
}

static i128 charge(const struct engine *engine, uint32_t account,
                   struct amount quote, bool is_taker)
{
    const struct fee_tier *tier =
        &engine->genesis.fees.tiers[fees_tier(engine, account)];

    return fees_rules_charge(amount_wide(quote),
                             is_taker ? tier->taker : tier->maker);
}

void fees_of_fill(const struct engine *engine, uint32_t maker, uint32_t taker,
                  struct amount quote, struct amount *maker_fee,
                  struct amount *taker_fee)
{
    i128 taken = charge(engine, taker, quote, true);

    *taker_fee = amount_from_wide(taken);
    *maker_fee = amount_from_wide(
        fees_rules_maker(charge(engine, maker, quote, false), taken));
}

struct amount fees_taker_max(const struct engine *engine, uint32_t account,
                             struct amount quote)
{
    return amount_from_wide(charge(engine, account, quote, true));
}

void fees_charge(struct engine *engine, uint32_t account, struct amount fee,
                 uint16_t market, uint64_t trade_id)
{
    ledger_move_signed(engine, account, house_slot(engine, HOUSE_FEES, 0),
                       ASSET_SETTLEMENT, fee,
                       amount_is_negative(fee) ? LEDGER_REBATE : LEDGER_FEE,
                       market, trade_id);
}

static void give_part(struct engine *engine, enum house house,
                      struct amount part)
{
    ledger_move(engine, house_slot(engine, HOUSE_FEES, 0),
                house_slot(engine, house, 0), ASSET_SETTLEMENT, part,
                LEDGER_FEE_SPLIT, MARKET_ALL, 0);
}

void fees_split(struct engine *engine)
{
    const struct fee_params *fees = &engine->genesis.fees;
    uint32_t slot = house_slot(engine, HOUSE_FEES, 0);
    i128 total = amount_wide(*engine_balance(engine, slot, ASSET_SETTLEMENT));
    i128 treasury = fees_rules_part(total, fees->treasury_ppm);
    i128 reporters = fees_rules_part(total, fees->reporters_ppm);
    i128 validators = fees_rules_part(total, fees->validators_ppm);

    if (total <= 0)
        return;
    give_part(engine, HOUSE_TREASURY, amount_from_wide(treasury));
    give_part(engine, HOUSE_REPORTERS, amount_from_wide(reporters));
    give_part(engine, HOUSE_VALIDATORS, amount_from_wide(validators));
    give_part(engine, HOUSE_INSURANCE,
              amount_from_wide(total - treasury - reporters - validators));
}
