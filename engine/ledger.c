/*
 * A move takes from one balance what it gives to another, so each asset's sum
 * over all ledgers is what it was: zero.
 */
#include "engine/ledger.h"
#include "engine/account.h"

static bool may_be_negative(const struct engine *engine, uint32_t account,
                            uint16_t asset)
{
    return asset == ASSET_SETTLEMENT || engine->accounts[account].is_house;
}

/* The users' total follows, and the values of a collateral asset have to be
 * made anew before the account's figures are next read. */
static void count_user(struct engine *engine, uint32_t account, uint16_t asset,
                       struct amount amount)
{
    struct asset *total = &engine->assets[asset];

    if (engine->accounts[account].is_house)
        return;
    total->deposited =
        amount_from_wide(amount_wide(total->deposited) + amount_wide(amount));
    if (asset != ASSET_SETTLEMENT)
        engine->accounts[account].price_epoch = 0;
}

static void tell(struct engine *engine, uint32_t from, uint32_t to,
                 struct event *event)
{
    event->kind = EVENT_LEDGER;
    event->ledger.from = engine->accounts[from].id;
    event->ledger.to = engine->accounts[to].id;
    event->ledger.from_balance =
        *engine_balance(engine, from, event->ledger.asset);
    event->ledger.to_balance = *engine_balance(engine, to, event->ledger.asset);
    engine_emit(engine, event);
}

void ledger_move(struct engine *engine, uint32_t from, uint32_t to,
                 uint16_t asset, struct amount amount, enum ledger_code code,
                 uint16_t market, uint64_t reference)
{
    struct amount *source = engine_balance(engine, from, asset);
    struct amount *target = engine_balance(engine, to, asset);
    struct event event;

    check(!amount_is_negative(amount) && from != to);
    if (amount_is_zero(amount))
        return;
    check(amount_add_checked(source, *source, amount_neg(amount)));
    check(amount_add_checked(target, *target, amount));
    check(!amount_is_negative(*source) || may_be_negative(engine, from, asset));
    count_user(engine, from, asset, amount_neg(amount));
    count_user(engine, to, asset, amount);
    account_touch(engine, from);
    account_touch(engine, to);
    if (!engine->sink)
        return;
    event.ledger.asset = asset;
    event.ledger.code = (uint8_t)code;
    event.ledger.market = market;
    event.ledger.amount = amount;
    event.ledger.reference = reference;
    tell(engine, from, to, &event);
}

void ledger_move_signed(struct engine *engine, uint32_t from, uint32_t to,
                        uint16_t asset, struct amount amount,
                        enum ledger_code code, uint16_t market,
                        uint64_t reference)
{
    if (amount_is_negative(amount))
        ledger_move(engine, to, from, asset, amount_neg(amount), code, market,
                    reference);
    else
        ledger_move(engine, from, to, asset, amount, code, market, reference);
}
