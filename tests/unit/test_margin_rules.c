/*
 * Rules 1 to 5 on plain values. Figures are worked out by hand in the
 * comments; USDC has 6 decimals, so 1 USDC = 1,000,000 units.
 */
#include "engine/margin_rules.h"
#include "engine/wide.h"
#include "tests/lib/fixture.h"

#include <criterion/criterion.h>

#define UNIT INT64_C(1000000)

static const struct tier tiers[3] = {
    {{0}, {20000000}},
    {{1000000 * UNIT}, {50000000}},
    {{10000000 * UNIT}, {100000000}},
};

static struct margin_terms plain(void)
{
    return (struct margin_terms){.tiers = tiers,
                                 .tier_count = 3,
                                 .maintenance_fraction = ratio("0.5"),
                                 .volatility = ratio("1")};
}

static i128 initial(const struct margin_terms *terms, i128 notional)
{
    return margin_rules_initial(
        terms, notional,
        margin_rules_base(terms->tiers, terms->tier_count, notional), 0);
}

static i128 maintenance(const struct margin_terms *terms, i128 notional)
{
    return margin_rules_maintenance(
        margin_rules_base(terms->tiers, terms->tier_count, notional),
        terms->maintenance_fraction);
}

/* ---- rule 1 ---------------------------------------------------------------
 */

/*
 * Up to 1,000,000: 2 %. Beyond: D_1 = 1,000,000 * 0.03 = 30,000, so
 * B(2,000,000) = 2,000,000 * 0.05 - 30,000 = 70,000. From 10,000,000:
 * D_2 = 30,000 + 10,000,000 * 0.05 = 530,000, so B(20,000,000) =
 * 20,000,000 * 0.1 - 530,000 = 1,470,000.
 */
Test(margin_rules, base_by_tiers)
{
    cr_assert(margin_rules_base(tiers, 3, 0) == 0);
    cr_assert(margin_rules_base(tiers, 3, 500000 * UNIT) ==
              (i128)10000 * UNIT * RATE_ONE);
    cr_assert(margin_rules_base(tiers, 3, 2000000 * UNIT) ==
              (i128)70000 * UNIT * RATE_ONE);
    cr_assert(margin_rules_base(tiers, 3, 20000000 * UNIT) ==
              (i128)1470000 * UNIT * RATE_ONE);
}

/* At an edge both tiers give the same; one unit on either side the base moves
 * by exactly that side's rate: 0.02 and 0.05 of a unit. */
Test(margin_rules, base_is_continuous_at_the_edges)
{
    i128 edge = 1000000 * UNIT;
    i128 at = margin_rules_base(tiers, 3, edge);

    cr_assert(at == (i128)20000 * UNIT * RATE_ONE);
    cr_assert(at - margin_rules_base(tiers, 3, edge - 1) == 20000000);
    cr_assert(margin_rules_base(tiers, 3, edge + 1) - at == 50000000);
    edge = 10000000 * UNIT;
    at = margin_rules_base(tiers, 3, edge);
    cr_assert(at - margin_rules_base(tiers, 3, edge - 1) == 50000000);
    cr_assert(margin_rules_base(tiers, 3, edge + 1) - at == 100000000);
}

/* The sum over tiers is N * i_k - D_k, with D_k kept exactly. */
Test(margin_rules, base_is_the_deduction_formula)
{
    for (i128 n = 0; n < 30000000 * UNIT; n += 123456789) {
        uint32_t k = n >= 10000000 * UNIT ? 2 : n >= 1000000 * UNIT;
        i128 deduction = 0;

        for (uint32_t j = 1; j <= k; j++)
            deduction += amount_wide(tiers[j].above) *
                         (rate_raw(tiers[j].initial_rate) -
                          rate_raw(tiers[j - 1].initial_rate));
        cr_assert(margin_rules_base(tiers, 3, n) ==
                  n * rate_raw(tiers[k].initial_rate) - deduction);
    }
}

/* 0.5 * 2 % = 1 %: 100 units need 1, 101 units 1.01, so 2. */
Test(margin_rules, maintenance_is_rounded_up)
{
    struct margin_terms terms = plain();

    cr_assert(maintenance(&terms, 0) == 0);
    cr_assert(maintenance(&terms, 1) == 1);
    cr_assert(maintenance(&terms, 100) == 1);
    cr_assert(maintenance(&terms, 101) == 2);
    cr_assert(maintenance(&terms, 2000000 * UNIT) == 35000 * UNIT);
    terms.maintenance_fraction = ratio("0.6");
    cr_assert(maintenance(&terms, 2000000 * UNIT) == 42000 * UNIT);
}

/* The greatest figures: no overflow, the last tier's rate 1. */
Test(margin_rules, greatest_notional)
{
    struct tier steep[2] = {{{0}, {1}}, {{1}, {RATE_ONE}}};
    struct margin_terms terms = {.tiers = steep,
                                 .tier_count = 2,
                                 .maintenance_fraction = ratio("1"),
                                 .oi_factor = ratio("1"),
                                 .own = ratio("1"),
                                 .volatility = ratio("2")};

    /* B = 1e-9 + (N - 1), so MM = N. */
    cr_assert(maintenance(&terms, AMOUNT_MAX) == AMOUNT_MAX);
    cr_assert(initial(&terms, AMOUNT_MAX) == 2 * (i128)AMOUNT_MAX);
}

/* ---- rule 2 ---------------------------------------------------------------
 */

/* 2 % of 10,000 = 200; of 10,000.00001 (10,000,000,010 units) 200.0000002,
 * in units 200,000,000.2. */
Test(margin_rules, initial_alone)
{
    struct margin_terms terms = plain();

    cr_assert(initial(&terms, 0) == 0);
    cr_assert(initial(&terms, 10000 * UNIT) == 200 * UNIT);
    cr_assert(initial(&terms, 10000 * UNIT + 10) == 200 * UNIT + 1);
}

/* N = 10,000, B = 200. g = 0.25: 200 + 0.25 * 9,800 = 2,650; g = 1: all of N.
 * Maintenance knows nothing of it. */
Test(margin_rules, open_interest_term)
{
    struct margin_terms terms = plain();

    terms.oi_factor = ratio("0.25");
    cr_assert(initial(&terms, 10000 * UNIT) == 2650 * UNIT);
    cr_assert(maintenance(&terms, 10000 * UNIT) == 100 * UNIT);
    terms.oi_factor = ratio("1");
    cr_assert(initial(&terms, 10000 * UNIT) == 10000 * UNIT);
    /* N = 101, B = 2.02, g = 1e-9: 2.02 + 0.00000009898, up to 3. */
    terms.oi_factor = rate_of(1);
    cr_assert(initial(&terms, 101) == 3);
    /* N = 100, B = 2 exactly: the least g makes it 3. */
    cr_assert(initial(&terms, 100) == 3);
    terms.oi_factor = rate_of(0);
    cr_assert(initial(&terms, 100) == 2);
}

/* Own rate 10 %: 1,000 of 10,000; an own rate under the tier's changes
 * nothing: B(20,000,000) = 1,470,000 against 5 % = 1,000,000. */
Test(margin_rules, own_rate)
{
    struct margin_terms terms = plain();

    terms.own = ratio("0.1");
    cr_assert(initial(&terms, 10000 * UNIT) == 1000 * UNIT);
    cr_assert(initial(&terms, 10000 * UNIT + 1) == 1000 * UNIT + 1);
    terms.own = ratio("0.05");
    cr_assert(initial(&terms, 20000000 * UNIT) == 1470000 * UNIT);
}

/* ceil is taken before and after v: B = 2.02 -> 3, * 1.5 = 4.5 -> 5. */
Test(margin_rules, volatility_between_two_roundings)
{
    struct margin_terms terms = plain();

    terms.volatility = ratio("1.5");
    cr_assert(initial(&terms, 101) == 5);
    cr_assert(initial(&terms, 10000 * UNIT) == 300 * UNIT);
    cr_assert(maintenance(&terms, 10000 * UNIT) == 100 * UNIT);
}

/* A confidence of 12.5 on 0.5 BTC: 6.25 USDC. */
Test(margin_rules, confidence_term)
{
    struct margin_terms terms = plain();
    i128 base_ = margin_rules_base(tiers, 3, 10000 * UNIT);

    cr_assert(margin_rules_confidence(usd("12.5"), base("0.5"), 10000000000) ==
              6250000);
    cr_assert(margin_rules_confidence(usd("12.5"), base("-0.5"), 10000000000) ==
              6250000);
    cr_assert(margin_rules_confidence(price_of(1), qty_of(1), 10000000000) ==
              1);
    cr_assert(margin_rules_confidence(price_of(0), base("5"), 10000000000) ==
              0);
    cr_assert(margin_rules_initial(&terms, 10000 * UNIT, base_, 6250000) ==
              200 * UNIT + 6250000);
}

/* Lower 500, upper 1,000: at 750 half; a third of the way 1/3 rounded up. */
Test(margin_rules, open_interest_factor)
{
    cr_assert_eq(rate_raw(margin_rules_oi_factor(750, 500, 1000)), 500000000);
    cr_assert_eq(rate_raw(margin_rules_oi_factor(500, 500, 1000)), 0);
    cr_assert_eq(rate_raw(margin_rules_oi_factor(501, 500, 1000)), 2000000);
    cr_assert_eq(rate_raw(margin_rules_oi_factor(999, 500, 1000)), 998000000);
    cr_assert_eq(rate_raw(margin_rules_oi_factor(1000, 500, 1000)), RATE_ONE);
    cr_assert_eq(rate_raw(margin_rules_oi_factor(99999, 500, 1000)), RATE_ONE);
    cr_assert_eq(rate_raw(margin_rules_oi_factor(1, 0, 3)), 333333334);
    cr_assert_eq(rate_raw(margin_rules_oi_factor(99, 0, 0)), 0);
    cr_assert_eq(rate_raw(margin_rules_oi_factor(99, 10, 10)), 0);
}

/* ---- rule 3 ---------------------------------------------------------------
 */

/* A buy of 2 at 101 against a mark of 100 loses 2; at 99 nothing. */
Test(margin_rules, order_loss)
{
    i128 unit = (i128)PRICE_ONE * QTY_ONE;

    cr_assert(margin_rules_order_loss(true, usd("101"), usd("100"),
                                      base("2")) == 2 * unit);
    cr_assert(
        margin_rules_order_loss(true, usd("100"), usd("100"), base("2")) == 0);
    cr_assert(margin_rules_order_loss(true, usd("99"), usd("100"), base("2")) ==
              0);
    cr_assert(margin_rules_order_loss(false, usd("99"), usd("100"),
                                      base("2")) == 2 * unit);
    cr_assert(
        margin_rules_order_loss(false, usd("101"), usd("100"), base("2")) == 0);
}

/* ---- rule 4 ---------------------------------------------------------------
 */

static struct margin_collateral btc(const char *amount)
{
    return (struct margin_collateral){.amount = amount_wide(coin(amount)),
                                      .decimals = 8,
                                      .price = usd("60000"),
                                      .slow = usd("60000"),
                                      .weight_initial = ratio("0.9"),
                                      .weight_maintenance = ratio("0.95"),
                                      .imf = ratio("0.001"),
                                      .start = 1,
                                      .total = 1};
}

static void expect(const struct margin_collateral *collateral,
                   const char *value_initial, const char *value_maintenance,
                   const char *effective)
{
    struct margin_collateral_value value =
        margin_rules_collateral(collateral, 6, (i128)1 << 60);

    cr_assert_eq((int64_t)value.initial, amount_raw(usdc(value_initial)),
                 "initial %lld", (long long)value.initial);
    cr_assert_eq((int64_t)value.maintenance,
                 amount_raw(usdc(value_maintenance)), "maintenance %lld",
                 (long long)value.maintenance);
    cr_assert_eq(rate_raw(value.effective), rate_raw(ratio(effective)),
                 "effective %lld", (long long)rate_raw(value.effective));
}

/* 2 BTC = 120,000: 108,000 and 114,000. sqrt(2) * 0.001 hardly counts. */
Test(margin_rules, collateral_weights)
{
    struct margin_collateral collateral = btc("2");

    expect(&collateral, "108000", "114000", "0.9");
    collateral.amount = 0;
    expect(&collateral, "0", "0", "0.9");
    /* One satoshi is 600 units: 540 and 570. */
    collateral.amount = 1;
    expect(&collateral, "0.00054", "0.00057", "0.9");
}

/* Initial takes the lower of price and slow price, maintenance the price. */
Test(margin_rules, collateral_slow_price)
{
    struct margin_collateral collateral = btc("2");

    collateral.slow = usd("50000");
    expect(&collateral, "90000", "114000", "0.9");
    collateral.slow = usd("70000");
    expect(&collateral, "108000", "114000", "0.9");
    collateral.slow = price_of(0);
    expect(&collateral, "108000", "114000", "0.9");
}

/*
 * 1.1 / (1 + 0.001 * sqrt(a)) passes 0.9 where sqrt(a) = 222.2..: a =
 * 1,000,000 gives 1.1 / 2 = 0.55; a = 160,000 gives 1.1 / 1.4 = 0.7857142857..
 * of 9,600,000,000 USDC = 7,542,857,142.857142(857). a = 40,000: 1.1 / 1.2 =
 * 0.9166.., so 0.9 counts.
 */
Test(margin_rules, collateral_size_term)
{
    struct margin_collateral collateral = btc("1000000");

    expect(&collateral, "33000000000", "57000000000", "0.55");
    collateral = btc("160000");
    expect(&collateral, "7542857142.857142", "9120000000", "0.785714285");
    collateral = btc("40000");
    expect(&collateral, "2160000000", "2280000000", "0.9");
}

/*
 * sqrt(50,000) = 223.606797749978969640917..., so 1 + 0.001 * that =
 * 1.223606797749978969640917...; 1.1 / it = 0.898981602...; of 3,000,000,000
 * USDC that is 2,696,944,807.815862 (worked out with 40 digits).
 */
Test(margin_rules, collateral_irrational_root)
{
    struct margin_collateral collateral = btc("50000");

    expect(&collateral, "2696944807.815862", "2850000000", "0.898981602");
}

/* With odd decimals the root is of 10 * amount: 1,000,000 whole units of an
 * asset of 7 decimals are weighed as those of 8. */
Test(margin_rules, collateral_odd_decimals)
{
    struct margin_collateral collateral = btc("0");

    collateral.decimals = 7;
    collateral.amount = (i128)1000000 * 10000000;
    expect(&collateral, "33000000000", "57000000000", "0.55");
    collateral.decimals = 0;
    collateral.amount = 160000;
    expect(&collateral, "7542857142.857142", "9120000000", "0.785714285");
}

/* c = 1,000,000 / 3,000,000: 0.9 / 3 = 0.3 exactly, no third is rounded. */
Test(margin_rules, collateral_concentration)
{
    struct margin_collateral collateral = btc("2");

    collateral.start = 1000000 * UNIT;
    collateral.total = 3000000 * UNIT;
    expect(&collateral, "36000", "114000", "0.3");
    collateral.total = collateral.start;
    expect(&collateral, "108000", "114000", "0.9");
    collateral.total = collateral.start - 1;
    expect(&collateral, "108000", "114000", "0.9");
    /* One unit more: just under 0.9, 107,999.999999892.. */
    collateral.total = collateral.start + 1;
    expect(&collateral, "107999.999999", "114000", "0.899999999");
}

Test(margin_rules, collateral_is_cut)
{
    struct margin_collateral collateral = btc("2");
    struct margin_collateral_value value;

    collateral.amount = AMOUNT_MAX;
    collateral.price = collateral.slow = price_of(PRICE_MAX);
    collateral.decimals = 0;
    collateral.start = AMOUNT_MAX - 1;
    collateral.total = AMOUNT_MAX;
    value = margin_rules_collateral(&collateral, 8, 1000);
    cr_assert(value.initial == 1000 && value.maintenance == 1000);
}

/* 95 % of 100 is 95; of 101 units 95.95, so 95; losses in full. */
Test(margin_rules, gains_and_losses)
{
    cr_assert(margin_rules_gain(100, ratio("0.95"), 0) == 95);
    cr_assert(margin_rules_gain(101, ratio("0.95"), 0) == 95);
    cr_assert(margin_rules_gain(-101, ratio("0.95"), 50) == -101);
    cr_assert(margin_rules_gain(100, ratio("0.95"), 95) == 95);
    cr_assert(margin_rules_gain(100, ratio("0.95"), 94) == 94);
    cr_assert(margin_rules_gain(100, ratio("1"), 0) == 100);
    cr_assert(margin_rules_gain(0, ratio("0.95"), 0) == 0);
}

/* 5 % of 20 is 1, of 21 it is 1.05, so 2. */
Test(margin_rules, debt)
{
    cr_assert(margin_rules_debt(-20, ratio("0.05")) == 1);
    cr_assert(margin_rules_debt(-21, ratio("0.05")) == 2);
    cr_assert(margin_rules_debt(0, ratio("0.05")) == 0);
    cr_assert(margin_rules_debt(21, ratio("0.05")) == 0);
}

/* ---- rule 5 ---------------------------------------------------------------
 */

static enum margin_verdict change(i128 equity, i128 requirement,
                                  i128 equity_after, i128 initial_after,
                                  i128 requirement_after, bool is_reducing)
{
    struct margin_state before = {
        .equity_initial = equity, .equity = equity, .maintenance = requirement};
    struct margin_state after = {.equity_initial = equity_after,
                                 .equity = equity_after,
                                 .initial = initial_after,
                                 .maintenance = requirement_after};

    return margin_rules_change(&before, &after, is_reducing);
}

Test(margin_rules, covered_at_equality)
{
    cr_assert_eq(change(500, 100, 200, 200, 100, false), MARGIN_COVERED);
    cr_assert_eq(change(500, 100, 199, 200, 100, false), MARGIN_REFUSED);
    cr_assert_eq(change(0, 0, 0, 0, 0, false), MARGIN_COVERED);
    cr_assert_eq(change(0, 0, -1, 0, 0, false), MARGIN_REFUSED);
}

/* E 60, MMR 100, half closed: MMR' 50 asks for E' >= 30. */
Test(margin_rules, reducing_keeps_the_ratio)
{
    cr_assert_eq(change(60, 100, 30, 100, 50, true), MARGIN_REDUCES);
    cr_assert_eq(change(60, 100, 29, 100, 50, true), MARGIN_REFUSED);
    cr_assert_eq(change(60, 100, 30, 100, 50, false), MARGIN_REFUSED);
    /* The requirement may stay, not rise. */
    cr_assert_eq(change(60, 100, 60, 200, 100, true), MARGIN_REDUCES);
    cr_assert_eq(change(60, 100, 61, 200, 101, true), MARGIN_REFUSED);
}

/* Closing everything leaves no requirement: equity may not end below zero. */
Test(margin_rules, reducing_to_nothing)
{
    cr_assert_eq(change(60, 100, 0, 0, 0, true), MARGIN_COVERED);
    cr_assert_eq(change(60, 100, 0, 1, 0, true), MARGIN_REDUCES);
    cr_assert_eq(change(60, 100, -1, 0, 0, true), MARGIN_REFUSED);
}

Test(margin_rules, without_requirement_equity_may_not_fall)
{
    cr_assert_eq(change(-5, 0, -5, 0, 0, true), MARGIN_FREE);
    cr_assert_eq(change(-5, 0, -4, 0, 0, true), MARGIN_FREE);
    cr_assert_eq(change(-5, 0, -6, 0, 0, true), MARGIN_REFUSED);
}

/* Below zero the ratio would turn round: -10 / 100 to -9 / 50 is worse by
 * ratio and better by money. */
Test(margin_rules, below_zero)
{
    cr_assert_eq(change(-10, 100, -9, 100, 50, true), MARGIN_NEGATIVE);
    cr_assert_eq(change(-10, 100, -10, 100, 50, true), MARGIN_NEGATIVE);
    cr_assert_eq(change(-10, 100, -11, 100, 50, true), MARGIN_REFUSED);
    cr_assert_eq(change(-10, 100, -10, 100, 101, true), MARGIN_REFUSED);
    cr_assert_eq(change(-10, 100, -10, 100, 50, false), MARGIN_REFUSED);
    /* From zero exactly: E * MMR' = 0 asks for E' >= 0. */
    cr_assert_eq(change(0, 100, 0, 100, 50, true), MARGIN_REDUCES);
    cr_assert_eq(change(0, 100, -1, 100, 50, true), MARGIN_REFUSED);
}

/* Products of 2^61 and 2^61 are compared exactly. */
Test(margin_rules, ratio_of_great_figures)
{
    i128 most = AMOUNT_MAX;

    cr_assert_eq(change(most - 1, most, most - 2, most, most - 1, true),
                 MARGIN_REFUSED);
    cr_assert_eq(change(most - 1, most, most - 1, most, most, true),
                 MARGIN_REDUCES);
}
