/*
 * Rule 20: charges up, rebates down and never above the taker's fee, the
 * split, and tiers by trailing volume.
 */
#include "engine/account.h"
#include "engine/fees.h"
#include "engine/fees_rules.h"
#include "tests/lib/fixture.h"

#include <criterion/criterion.h>

static struct fixture f;

static void setup(void)
{
    fixture_init(&f);
}

static void teardown(void)
{
    fixture_free(&f);
}

TestSuite(fees, .init = setup, .fini = teardown);

/* 0.05 % of 2,000 units is 1, of 2,001 it is 1.0005. */
Test(fees, charges_are_rounded_up)
{
    cr_assert(fees_rules_charge(2000, ratio("0.0005")) == 1);
    cr_assert(fees_rules_charge(2001, ratio("0.0005")) == 2);
    cr_assert(fees_rules_charge(1, ratio("0.0005")) == 1);
    cr_assert(fees_rules_charge(0, ratio("0.0005")) == 0);
    cr_assert(fees_rules_charge(1000000, ratio("0")) == 0);
}

/* 0.01 % of 19,999 units is 1.9999: a rebate of 1. */
Test(fees, rebates_are_rounded_down)
{
    cr_assert(fees_rules_charge(19999, ratio("-0.0001")) == -1);
    cr_assert(fees_rules_charge(20000, ratio("-0.0001")) == -2);
    cr_assert(fees_rules_charge(9999, ratio("-0.0001")) == 0);
}

Test(fees, a_rebate_is_at_most_the_takers_fee)
{
    cr_assert(fees_rules_maker(-5, 6) == -5);
    cr_assert(fees_rules_maker(-5, 5) == -5);
    cr_assert(fees_rules_maker(-5, 4) == -4);
    cr_assert(fees_rules_maker(-5, 0) == 0);
    cr_assert(fees_rules_maker(3, 0) == 3);
}

/* 50 %, 10 %, 10 % of 99: 49, 9 and 9; the fund gets the other 32. */
Test(fees, parts_are_rounded_down)
{
    cr_assert(fees_rules_part(99, 500000) == 49);
    cr_assert(fees_rules_part(99, 100000) == 9);
    cr_assert(fees_rules_part(99, 0) == 0);
    cr_assert(fees_rules_part(99, 1000000) == 99);
    cr_assert(fees_rules_part(AMOUNT_MAX, 1000000) == AMOUNT_MAX);
}

static int64_t house(enum house ledger)
{
    return amount_raw(
        *engine_balance(f.engine, house_slot(f.engine, ledger, 0), USDC));
}

/* 60,000 at 0.02 % and 0.05 %: 12 and 30; 42 are split at the tick. */
Test(fees, of_a_trade_and_their_split)
{
    int64_t fund;

    fixture_prices(&f, "60000", "2500", "150");
    fixture_deposit(&f, 1, 0, USDC, usdc("100000"));
    fixture_deposit(&f, 2, 0, USDC, usdc("100000"));
    fund = house(HOUSE_INSURANCE);
    fixture_trade(&f, 1, 2, BTC_PERP, "1", "60000");
    cr_assert_eq(amount_raw(fixture_event(&f, EVENT_TRADE, 0)->trade.maker_fee),
                 amount_raw(usdc("12")));
    cr_assert_eq(house(HOUSE_FEES), amount_raw(usdc("42")));
    fixture_tick(&f, 100);
    cr_assert_eq(house(HOUSE_FEES), 0);
    cr_assert_eq(house(HOUSE_TREASURY), amount_raw(usdc("21")));
    cr_assert_eq(house(HOUSE_REPORTERS), amount_raw(usdc("4.2")));
    cr_assert_eq(house(HOUSE_VALIDATORS), amount_raw(usdc("4.2")));
    cr_assert_eq(house(HOUSE_INSURANCE) - fund, amount_raw(usdc("12.6")));
}

/* ---- tiers by volume --------------------------------------------------------
 */

static void start_tiers(void)
{
    fixture_free(&f);
    fixture_genesis(&f.genesis);
    f.genesis.fees.tier_count = 3;
    f.genesis.fees.tiers[1] =
        (struct fee_tier){usdc("1000"), ratio("0.0001"), ratio("0.0004")};
    f.genesis.fees.tiers[2] =
        (struct fee_tier){usdc("5000"), ratio("-0.0001"), ratio("0.0003")};
    fixture_start(&f);
    fixture_deposit(&f, 1, 0, USDC, usdc("1"));
    fixture_deposit(&f, 2, 0, USDC, usdc("1"));
}

static uint32_t slot_of(uint32_t owner)
{
    struct account_id id = fixture_account(owner, 0);

    return account_find(f.engine, &id);
}

static void days_later(int64_t days)
{
    f.engine->time =
        nanos_add(f.engine->time, nanos_of(days * 24 * NANOS_PER_HOUR));
}

Test(fees, a_tier_holds_from_its_volume_on)
{
    uint32_t slot;

    start_tiers();
    slot = slot_of(1);
    cr_assert_eq(fees_tier(f.engine, slot), 0);
    fees_count_volume(f.engine, slot, usdc("999.999999"));
    cr_assert_eq(fees_tier(f.engine, slot), 0);
    fees_count_volume(f.engine, slot, usdc("0.000001"));
    cr_assert_eq(fees_tier(f.engine, slot), 1);
    fees_count_volume(f.engine, slot, usdc("4000"));
    cr_assert_eq(fees_tier(f.engine, slot), 2);
    cr_assert_eq(fees_tier(f.engine, slot_of(2)), 0);
}

/* Of 30 days, today included: the first day's volume counts on the 30th and
 * is gone on the 31st. */
Test(fees, volume_trails_thirty_days)
{
    uint32_t slot;

    start_tiers();
    slot = slot_of(1);
    fees_count_volume(f.engine, slot, usdc("700"));
    days_later(10);
    fees_count_volume(f.engine, slot, usdc("300"));
    days_later(19);
    cr_assert_eq(amount_raw(fees_volume(f.engine, slot)),
                 amount_raw(usdc("1000")));
    days_later(1);
    cr_assert_eq(amount_raw(fees_volume(f.engine, slot)),
                 amount_raw(usdc("300")));
    fees_count_volume(f.engine, slot, usdc("5"));
    cr_assert_eq(amount_raw(fees_volume(f.engine, slot)),
                 amount_raw(usdc("305")));
    days_later(10);
    cr_assert_eq(amount_raw(fees_volume(f.engine, slot)),
                 amount_raw(usdc("5")));
    days_later(1000);
    cr_assert_eq(amount_raw(fees_volume(f.engine, slot)), 0);
    fees_count_volume(f.engine, slot, usdc("1"));
    cr_assert_eq(amount_raw(fees_volume(f.engine, slot)),
                 amount_raw(usdc("1")));
}

/* Maker in tier 2 (-0.01 %), taker in tier 1 (0.04 %): of 10,000 USDC. */
Test(fees, of_a_fill_by_tiers)
{
    struct amount maker, taker;

    start_tiers();
    fees_count_volume(f.engine, slot_of(1), usdc("5000"));
    fees_count_volume(f.engine, slot_of(2), usdc("1000"));
    fees_of_fill(f.engine, slot_of(1), slot_of(2), usdc("10000"), &maker,
                 &taker);
    cr_assert_eq(amount_raw(maker), -amount_raw(usdc("1")));
    cr_assert_eq(amount_raw(taker), amount_raw(usdc("4")));
    cr_assert_eq(
        amount_raw(fees_taker_max(f.engine, slot_of(2), usdc("10000"))),
        amount_raw(usdc("4")));
}

Test(fees, a_rebate_is_paid_from_the_fees)
{
    uint32_t slot = 0;

    start_tiers();
    slot = slot_of(1);
    fees_charge(f.engine, slot_of(2), usdc("0.5"), BTC_PERP, 9);
    fees_charge(f.engine, slot, usdc("-0.2"), BTC_PERP, 9);
    cr_assert_eq(house(HOUSE_FEES), amount_raw(usdc("0.3")));
    cr_assert_eq(amount_raw(*engine_balance(f.engine, slot, USDC)),
                 amount_raw(usdc("1.2")));
}
