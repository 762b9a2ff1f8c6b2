#include "engine/insurance.h"

#include "engine/account.h"
#include "engine/ledger.h"
#include "engine/wide.h"

#define MINUTE (60 * NANOS_PER_SECOND)
#define DAY (24 * NANOS_PER_HOUR)

/* An account's deficit is of all its markets: the first pool stands for it. */
#define POOL_OF_DEFICITS 0

static uint32_t fund_of(const struct engine *engine, uint16_t market)
{
    return house_slot(engine, HOUSE_INSURANCE,
                      engine->genesis.markets[market].pool);
}

static struct amount balance_of(const struct engine *engine, uint32_t fund)
{
    struct amount balance = *engine_balance(engine, fund, ASSET_SETTLEMENT);

    check(!amount_is_negative(balance));
    return balance;
}

struct amount insurance_balance(const struct engine *engine, uint16_t market)
{
    return balance_of(engine, fund_of(engine, market));
}

static void turn_windows(struct engine *engine, uint16_t number)
{
    struct market *market = &engine->markets[number];
    int64_t now = nanos_raw(engine->time);

    if (now / MINUTE != nanos_raw(market->insurance_minute_start) / MINUTE) {
        market->insurance_minute_start = engine->time;
        market->insurance_minute = amount_of(0);
    }
    if (now / DAY != nanos_raw(market->insurance_day_start) / DAY ||
        amount_is_zero(market->insurance_day_base)) {
        market->insurance_day_start = engine->time;
        market->insurance_day = amount_of(0);
        market->insurance_day_base = insurance_balance(engine, number);
    }
}

struct amount insurance_available(struct engine *engine, uint16_t number)
{
    struct market *market = &engine->markets[number];
    struct amount day, minute, most;

    turn_windows(engine, number);
    day = amount_rate_floor(market->insurance_day_base,
                            market->params->insurance_share_day);
    day = amount_sub(day, market->insurance_day);
    minute = amount_sub(market->params->insurance_minute_max,
                        market->insurance_minute);
    most =
        amount_min(insurance_balance(engine, number), amount_min(day, minute));
    return amount_max(most, amount_of(0));
}

void insurance_pay(struct engine *engine, uint16_t number, uint32_t account,
                   struct amount amount)
{
    struct market *market = &engine->markets[number];

    check(amount_cmp(amount, insurance_available(engine, number)) <= 0);
    ledger_move(engine, fund_of(engine, number), account, ASSET_SETTLEMENT,
                amount, LEDGER_INSURANCE, number, 0);
    market->insurance_day = amount_add(market->insurance_day, amount);
    market->insurance_minute = amount_add(market->insurance_minute, amount);
}

void insurance_take(struct engine *engine, uint16_t number, uint32_t account,
                    struct amount amount)
{
    ledger_move(engine, account, fund_of(engine, number), ASSET_SETTLEMENT,
                amount, LEDGER_LIQUIDATION_FEE, number, 0);
}

static uint32_t fund_of_deficits(const struct engine *engine)
{
    return house_slot(engine, HOUSE_INSURANCE, POOL_OF_DEFICITS);
}

bool insurance_can_cover(const struct engine *engine)
{
    return amount_is_positive(balance_of(engine, fund_of_deficits(engine)));
}

struct amount insurance_cover(struct engine *engine, uint32_t account,
                              struct amount deficit)
{
    uint32_t fund = fund_of_deficits(engine);
    struct amount paid = amount_min(deficit, balance_of(engine, fund));

    ledger_move(engine, fund, account, ASSET_SETTLEMENT, paid, LEDGER_INSURANCE,
                MARKET_ALL, 0);
    return paid;
}
