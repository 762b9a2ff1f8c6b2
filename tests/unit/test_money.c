/*
 * Money in, out and between sub-accounts, and own leverage.
 */
#include "engine/account.h"
#include "engine/margin.h"
#include "engine/money.h"
#include "engine/position.h"
#include "tests/lib/fixture.h"

#include <criterion/criterion.h>
#include <string.h>

static struct fixture f;

static void setup(void)
{
    fixture_init(&f);
    fixture_prices(&f, "60000", "2500", "150");
}

static void teardown(void)
{
    fixture_free(&f);
}

TestSuite(money, .init = setup, .fini = teardown);

static int64_t balance(uint32_t owner, uint32_t subaccount, uint16_t asset)
{
    struct account_id id = fixture_account(owner, subaccount);
    uint32_t slot = account_find(f.engine, &id);

    return slot == NONE ? -1
                        : amount_raw(*engine_balance(f.engine, slot, asset));
}

static int64_t house(enum house ledger, uint16_t asset)
{
    return amount_raw(
        *engine_balance(f.engine, house_slot(f.engine, ledger, 0), asset));
}

static enum result apply(struct command *command)
{
    fixture_apply(&f, command);
    return fixture_result(&f);
}

/* ---- deposits -------------------------------------------------------------
 */

static struct command deposit(uint64_t reference, uint64_t validators,
                              const char *amount)
{
    struct command command = {.kind = COMMAND_DEPOSIT};

    command.deposit.account = fixture_account(1, 0);
    command.deposit.asset = USDC;
    command.deposit.amount = usdc(amount);
    memcpy(command.deposit.reference.bytes, &reference, sizeof reference);
    memcpy(command.deposit.digest.bytes, &reference, sizeof reference);
    command.deposit.digest.bytes[31] = (uint8_t)amount_raw(usdc(amount));
    command.deposit.validators = validators;
    return command;
}

/* Two of three: the first signature waits, the second credits, the third
 * only is counted. */
Test(money, a_deposit_at_the_threshold)
{
    struct command command = deposit(1, 1, "100");
    const struct event *event;

    cr_assert_eq(apply(&command), result_ok);
    event = fixture_event(&f, EVENT_DEPOSIT, 0);
    cr_assert_eq(event->deposit.signatures, 1);
    cr_assert_eq(event->deposit.threshold, 2);
    cr_assert(!event->deposit.is_credited);
    cr_assert_eq(balance(1, 0, USDC), -1);

    cr_assert_eq(apply(&command), result_ok);
    cr_assert_eq(fixture_event(&f, EVENT_DEPOSIT, 0)->deposit.signatures, 1);
    cr_assert_eq(balance(1, 0, USDC), -1, "the same validator twice is one");

    command.deposit.validators = 4;
    cr_assert_eq(apply(&command), result_ok);
    event = fixture_event(&f, EVENT_DEPOSIT, 0);
    cr_assert_eq(event->deposit.signatures, 2);
    cr_assert(event->deposit.is_credited && event->deposit.is_first_credit);
    cr_assert_eq(balance(1, 0, USDC), amount_raw(usdc("100")));

    command.deposit.validators = 2;
    cr_assert_eq(apply(&command), result_ok);
    event = fixture_event(&f, EVENT_DEPOSIT, 0);
    cr_assert_eq(event->deposit.signatures, 3);
    cr_assert(event->deposit.is_credited && !event->deposit.is_first_credit);
    cr_assert_eq(balance(1, 0, USDC), amount_raw(usdc("100")));
}

Test(money, deposits_balance_outside)
{
    struct command command = deposit(1, 3, "100");
    int64_t before = house(HOUSE_EXTERNAL, USDC);

    cr_assert_eq(apply(&command), result_ok);
    cr_assert_eq(house(HOUSE_EXTERNAL, USDC), before - amount_raw(usdc("100")));
    cr_assert_eq(amount_raw(f.engine->assets[USDC].deposited),
                 amount_raw(usdc("100")));
    cr_assert_eq(fixture_event(&f, EVENT_LEDGER, 0)->ledger.code,
                 LEDGER_DEPOSIT);
}

/* Another message under a used reference, credited or not. */
Test(money, a_reference_is_of_one_deposit)
{
    struct command command = deposit(1, 1, "100");

    cr_assert_eq(apply(&command), result_ok);
    command = deposit(1, 2, "101");
    cr_assert_eq(apply(&command), result_reference_conflict);
    command = deposit(1, 2, "100");
    cr_assert_eq(apply(&command), result_ok);
    command = deposit(1, 4, "101");
    cr_assert_eq(apply(&command), result_reference_conflict);
    cr_assert_eq(balance(1, 0, USDC), amount_raw(usdc("100")));
}

Test(money, deposits_that_are_refused)
{
    struct command command = deposit(1, 8, "100");

    cr_assert_eq(apply(&command), result_deposit_signer_unknown);
    command.deposit.validators = 0;
    cr_assert_eq(apply(&command), result_deposit_signer_unknown);
    command.deposit.validators = 7;
    command.deposit.amount = amount_of(0);
    cr_assert_eq(apply(&command), result_invalid_amount);
    command.deposit.amount = amount_of(-1);
    cr_assert_eq(apply(&command), result_invalid_amount);
    command.deposit.amount = amount_of(1);
    command.deposit.asset = 3;
    cr_assert_eq(apply(&command), result_unknown_currency);
    command.deposit.asset = USDC;
    command.deposit.account.owner = (struct address){{0}};
    cr_assert_eq(apply(&command), result_unknown_account);
    cr_assert_eq(f.engine->deposit_pool.count, 0);
}

/* A refused last signature is not kept: it may come again later. */
Test(money, supply_cap)
{
    struct command command;

    fixture_free(&f);
    fixture_genesis(&f.genesis);
    f.genesis.assets[USDC].supply_cap = usdc("150");
    fixture_start(&f);
    command = deposit(1, 3, "100");
    cr_assert_eq(apply(&command), result_ok);
    command = deposit(2, 1, "50.000001");
    cr_assert_eq(apply(&command), result_ok);
    command.deposit.validators = 2;
    cr_assert_eq(apply(&command), result_supply_cap);
    cr_assert_eq(f.engine->deposits[1].validators, 1);
    command = deposit(3, 3, "50");
    cr_assert_eq(apply(&command), result_ok);
    command = deposit(4, 3, "0.000001");
    cr_assert_eq(apply(&command), result_supply_cap);
    cr_assert_eq(f.engine->deposit_pool.count, 3);
}

/* Without a cap it is a quarter of the range of amounts. */
Test(money, the_range_is_a_cap)
{
    struct command command = deposit(1, 3, "1");

    command.deposit.amount = amount_of(AMOUNT_MAX / 4);
    cr_assert_eq(apply(&command), result_ok);
    command = deposit(2, 3, "0.000001");
    cr_assert_eq(apply(&command), result_supply_cap);
}

Test(money, capacities)
{
    struct command command;

    fixture_free(&f);
    fixture_genesis(&f.genesis);
    f.genesis.capacities.accounts = house_count(&f.genesis) + 1;
    f.genesis.capacities.deposits = 3;
    fixture_start(&f);
    command = deposit(1, 3, "1");
    cr_assert_eq(apply(&command), result_ok);
    command = deposit(2, 3, "1");
    command.deposit.account.subaccount = 1;
    cr_assert_eq(apply(&command), result_account_capacity);
    command = deposit(3, 3, "1");
    cr_assert_eq(apply(&command), result_ok);
    command = deposit(4, 1, "1");
    cr_assert_eq(apply(&command), result_ok);
    command = deposit(5, 3, "1");
    cr_assert_eq(apply(&command), result_deposit_capacity);
    command = (struct command){.kind = COMMAND_TRANSFER};
    command.request = fixture_request(&f, 1, 0);
    command.transfer.to_subaccount = 1;
    command.transfer.amount = usdc("1");
    cr_assert_eq(apply(&command), result_account_capacity);
}

/* ---- transfers and withdrawals --------------------------------------------
 */

static enum result transfer(uint32_t from, uint32_t to, uint16_t asset,
                            struct amount amount)
{
    struct command command = {.kind = COMMAND_TRANSFER};

    command.request = fixture_request(&f, 1, from);
    command.transfer.to_subaccount = to;
    command.transfer.asset = asset;
    command.transfer.amount = amount;
    return apply(&command);
}

static enum result withdraw(uint16_t asset, struct amount amount)
{
    struct command command = {.kind = COMMAND_WITHDRAW};

    command.request = fixture_request(&f, 1, 0);
    command.withdraw.asset = asset;
    command.withdraw.amount = amount;
    command.withdraw.recipient = fixture_address(42);
    return apply(&command);
}

Test(money, a_transfer_opens_its_target)
{
    fixture_deposit(&f, 1, 0, USDC, usdc("100"));
    cr_assert_eq(transfer(0, 5, USDC, usdc("40")), result_ok);
    cr_assert_eq(balance(1, 0, USDC), amount_raw(usdc("60")));
    cr_assert_eq(balance(1, 5, USDC), amount_raw(usdc("40")));
    cr_assert_eq(fixture_event(&f, EVENT_LEDGER, 0)->ledger.code,
                 LEDGER_TRANSFER);
    cr_assert_eq(transfer(5, 0, USDC, usdc("40")), result_ok);
    cr_assert_eq(balance(1, 5, USDC), 0);
}

Test(money, transfers_that_are_refused)
{
    fixture_deposit(&f, 1, 0, USDC, usdc("100"));
    cr_assert_eq(transfer(0, 0, USDC, usdc("1")), result_transfer_invalid);
    cr_assert_eq(transfer(0, 1, USDC, usdc("0")), result_invalid_amount);
    cr_assert_eq(transfer(0, 1, USDC, usdc("-1")), result_invalid_amount);
    cr_assert_eq(transfer(0, 1, 3, usdc("1")), result_unknown_currency);
    cr_assert_eq(transfer(0, 1, USDC, usdc("100.000001")),
                 result_insufficient_balance);
    cr_assert_eq(transfer(0, 1, BTC, coin("0.1")), result_insufficient_balance);
    cr_assert_eq(transfer(3, 1, USDC, usdc("1")), result_unknown_account);
    cr_assert_eq(balance(1, 1, USDC), -1, "no refusal opens an account");
    cr_assert_eq(transfer(0, 1, USDC, usdc("100")), result_ok);
}

Test(money, a_withdrawal)
{
    const struct event *event;

    fixture_deposit(&f, 1, 0, USDC, usdc("100"));
    cr_assert_eq(withdraw(USDC, usdc("30")), result_ok);
    event = fixture_event(&f, EVENT_WITHDRAWAL, 0);
    cr_assert_eq(event->withdrawal.id, 1);
    cr_assert_eq(amount_raw(event->withdrawal.amount), amount_raw(usdc("30")));
    cr_assert_eq(balance(1, 0, USDC), amount_raw(usdc("70")));
    cr_assert_eq(house(HOUSE_WITHDRAWALS, USDC), amount_raw(usdc("30")));
    cr_assert_eq(fixture_event(&f, EVENT_LEDGER, 0)->ledger.reference, 1);
    cr_assert_eq(f.engine->withdrawals[0].index, engine_index(f.engine));
    cr_assert_eq(withdraw(USDC, usdc("70.000001")),
                 result_insufficient_balance);
    cr_assert_eq(withdraw(USDC, usdc("70")), result_ok);
    cr_assert_eq(fixture_event(&f, EVENT_WITHDRAWAL, 0)->withdrawal.id, 2);
}

/* 1 BTC at 60,000 needs 1,200; 69.97 of 100,000 stay with the fee. */
Test(money, a_withdrawal_leaves_the_initial_requirement)
{
    const struct event *event;

    fixture_deposit(&f, 1, 0, USDC, usdc("100000"));
    fixture_deposit(&f, 2, 0, USDC, usdc("100000"));
    fixture_trade(&f, 1, 2, BTC_PERP, "1", "60000");
    cr_assert_eq(withdraw(USDC, usdc("98770.000001")),
                 result_withdrawal_not_covered);
    event = fixture_event(&f, EVENT_REFUSED, 0);
    cr_assert_eq(amount_raw(event->refused.required), amount_raw(usdc("1200")));
    cr_assert_eq(amount_raw(event->refused.available),
                 amount_raw(usdc("1199.999999")));
    cr_assert_eq(transfer(0, 1, USDC, usdc("98770.000001")),
                 result_withdrawal_not_covered);
    cr_assert_eq(withdraw(USDC, usdc("98770")), result_ok);
}

/* With positions every price must be good; a mere holder may always leave. */
Test(money, a_withdrawal_needs_good_prices)
{
    fixture_deposit(&f, 1, 0, USDC, usdc("100000"));
    fixture_deposit(&f, 1, 0, BTC, coin("1"));
    fixture_deposit(&f, 2, 0, USDC, usdc("100000"));
    f.engine->feeds[FEED_BTC].grade = GRADE_UNCERTAIN;
    cr_assert_eq(withdraw(BTC, coin("0.1")), result_ok);
    f.engine->feeds[FEED_BTC].grade = GRADE_VALID;
    fixture_trade(&f, 1, 2, ETH_PERP, "1", "2500");
    cr_assert_eq(withdraw(USDC, usdc("1")), result_ok);
    f.engine->feeds[FEED_BTC].grade = GRADE_UNCERTAIN;
    cr_assert_eq(withdraw(USDC, usdc("1")), result_oracle_stale);
    cr_assert_eq(transfer(0, 1, USDC, usdc("1")), result_oracle_stale);
    f.engine->feeds[FEED_BTC].grade = GRADE_VALID;
    f.engine->feeds[FEED_ETH].grade = GRADE_STALE;
    cr_assert_eq(withdraw(USDC, usdc("1")), result_oracle_stale);
    f.engine->feeds[FEED_ETH].grade = GRADE_VALID;
    f.engine->feeds[FEED_SOL].grade = GRADE_STALE;
    cr_assert_eq(withdraw(USDC, usdc("1")), result_ok);
}

Test(money, nothing_leaves_an_account_in_liquidation)
{
    struct account_id id = fixture_account(1, 0);

    fixture_deposit(&f, 1, 0, USDC, usdc("100"));
    f.is_unchecked = true;
    f.engine->accounts[account_find(f.engine, &id)].is_in_liquidation = true;
    cr_assert_eq(withdraw(USDC, usdc("1")), result_in_liquidation);
    cr_assert_eq(transfer(0, 1, USDC, usdc("1")), result_in_liquidation);
}

Test(money, room_for_withdrawals)
{
    fixture_free(&f);
    fixture_genesis(&f.genesis);
    f.genesis.capacities.withdrawals = 1;
    fixture_start(&f);
    fixture_deposit(&f, 1, 0, USDC, usdc("100"));
    cr_assert_eq(withdraw(USDC, usdc("1")), result_ok);
    cr_assert_eq(withdraw(USDC, usdc("1")), result_withdrawal_capacity);
    cr_assert_eq(balance(1, 0, USDC), amount_raw(usdc("99")));
}

/* ---- leverage --------------------------------------------------------------
 */

static enum result set_rate(uint16_t market, struct rate rate)
{
    struct command command = {.kind = COMMAND_SET_LEVERAGE};

    command.request = fixture_request(&f, 1, 0);
    command.leverage.market = market;
    command.leverage.initial_rate = rate;
    return apply(&command);
}

/* BTC's first tier is 2 %. */
Test(money, own_rates_in_range)
{
    fixture_deposit(&f, 1, 0, USDC, usdc("100"));
    cr_assert_eq(set_rate(BTC_PERP, rate_of(19999999)),
                 result_rate_out_of_range);
    cr_assert_eq(set_rate(BTC_PERP, ratio("0.02")), result_ok);
    cr_assert_eq(
        rate_raw(fixture_event(&f, EVENT_LEVERAGE, 0)->leverage.initial_rate),
        20000000);
    cr_assert_eq(set_rate(BTC_PERP, ratio("1")), result_ok);
    cr_assert_eq(set_rate(BTC_PERP, rate_of(RATE_ONE + 1)),
                 result_rate_out_of_range);
    cr_assert_eq(set_rate(BTC_PERP, rate_of(-1)), result_rate_out_of_range);
    cr_assert_eq(set_rate(3, ratio("0.5")), result_invalid_instrument);
    cr_assert_eq(set_rate(MARKET_ALL, ratio("0.5")), result_invalid_instrument);
    cr_assert_eq(f.engine->position_pool.count, 1);
    cr_assert_eq(set_rate(BTC_PERP, ratio("0")), result_ok);
    cr_assert_eq(f.engine->position_pool.count, 0);
}

/* 40,000 hold 1 BTC at 60,000: 39,970 after the fee allow a rate of 66.6 %. */
Test(money, an_own_rate_must_be_covered)
{
    fixture_deposit(&f, 1, 0, USDC, usdc("40000"));
    fixture_deposit(&f, 2, 0, USDC, usdc("100000"));
    fixture_trade(&f, 1, 2, BTC_PERP, "1", "60000");
    cr_assert_eq(set_rate(BTC_PERP, rate_of(666166666)), result_ok);
    cr_assert_eq(set_rate(BTC_PERP, rate_of(666166667)),
                 result_not_enough_margin);
    /* Less is fine even where it does not suffice. */
    f.engine->markets[0].mark = usd("59000");
    f.engine->price_epoch++;
    f.is_unchecked = true;
    cr_assert_eq(set_rate(BTC_PERP, rate_of(660000000)), result_ok);
}
