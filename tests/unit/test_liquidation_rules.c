#include <criterion/criterion.h>

#include "engine/limits.h"
#include "engine/liquidation_rules.h"
#include "tests/lib/fixture.h"

#define DIVISOR INT64_C(10000000000)

Test(liquidation_rules, due_below_the_requirement_strictly)
{
    cr_assert(liquidation_is_due(usdc("99.999999"), usdc("100")));
    cr_assert_not(liquidation_is_due(usdc("100"), usdc("100")));
    cr_assert(liquidation_is_due(usdc("-1"), usdc("0.000001")));
    cr_assert_not(liquidation_is_due(usdc("-1"), usdc("0")));
}

Test(liquidation_rules, over_at_the_buffer)
{
    cr_assert(liquidation_is_over(usdc("102"), usdc("100"), ratio("0.02")));
    cr_assert_not(
        liquidation_is_over(usdc("101.999999"), usdc("100"), ratio("0.02")));
    cr_assert(liquidation_is_over(usdc("0"), usdc("0"), ratio("0.02")));
    cr_assert_not(
        liquidation_is_over(usdc("-0.000001"), usdc("0"), ratio("0.02")));
}

/* 50/100 is deeper than 51/100 and as deep as 5/10; a loss is deeper the
 * smaller the requirement it stands against. */
Test(liquidation_rules, order_by_equity_per_requirement)
{
    cr_assert_lt(
        liquidation_order(usdc("50"), usdc("100"), usdc("51"), usdc("100")), 0);
    cr_assert_eq(
        liquidation_order(usdc("50"), usdc("100"), usdc("5"), usdc("10")), 0);
    cr_assert_lt(
        liquidation_order(usdc("-5"), usdc("10"), usdc("-5"), usdc("11")), 0);
    cr_assert_gt(
        liquidation_order(usdc("1"), usdc("10"), usdc("-1000"), usdc("10000")),
        0);
}

/* ---- rule 7 ------------------------------------------------------------ */

struct bankruptcy_case {
    const char *equity, *maintenance, *notional_change, *maintenance_change,
        *quote;
};

/* dYdX's published cases of the bankruptcy price (its liquidations test, BTC
 * at 50,000 and ETH at 3,000, 10 % maintenance), as equity, requirement and
 * differences of totals. */
static const struct bankruptcy_case dydx_bankruptcies[] = {
    /* 0.1 BTC long at its bankruptcy price, all and half of it */
    {"0", "500", "-5000", "-500", "5000"},
    {"0", "500", "-2500", "-250", "2500"},
    /* the same short */
    {"0", "500", "2500", "-250", "-2500"},
    {"0", "500", "5000", "-500", "-5000"},
    /* 100 beyond it */
    {"-100", "500", "-5000", "-500", "5100"},
    {"-100", "500", "5000", "-500", "-4900"},
    /* ETH of an account that has BTC too: long, short, against a long */
    {"10", "50", "-300", "-30", "294"},
    {"10", "50", "300", "-30", "-306"},
    /* rounded up: 2,775.11 to 2,776, and -2,775.11 to -2,775 */
    {"49987", "5000", "-10.6735", "-1.06735", "0.002776"},
    {"-49987", "5000", "10.6735", "-1.06735", "-0.002775"},
    /* more equity than the position is worth */
    {"50001", "5000", "-50000", "-5000", "-1"},
};

Test(liquidation_rules, bankruptcy_of_dydx_cases)
{
    for (size_t i = 0; i < sizeof dydx_bankruptcies / sizeof *dydx_bankruptcies;
         i++) {
        const struct bankruptcy_case *c = &dydx_bankruptcies[i];
        struct amount quote = liquidation_bankruptcy(
            usdc(c->equity), usdc(c->maintenance), usdc(c->notional_change),
            usdc(c->maintenance_change));

        cr_assert_eq(amount_raw(quote), amount_raw(usdc(c->quote)),
                     "case %zu: %ld", i, amount_raw(quote));
    }
}

/* Closing everything in two parts leaves nothing, whatever the rounding. */
Test(liquidation_rules, bankruptcy_leaves_exactly_nothing)
{
    for (int64_t equity = -7; equity <= 7; equity++) {
        struct amount e = amount_of(equity), q;
        int64_t left = equity;

        /* n = 10 and MM = 3; first 4 of n and 2 of MM. */
        q = liquidation_bankruptcy(e, amount_of(3), amount_of(-4),
                                   amount_of(-2));
        left += amount_raw(q) - 4;
        q = liquidation_bankruptcy(amount_of(left), amount_of(1), amount_of(-6),
                                   amount_of(-1));
        left += amount_raw(q) - 6;
        cr_assert_eq(left, 0);
    }
}

Test(liquidation_rules, price_of_a_quote_is_rounded_for_the_account)
{
    /* 100 for 3: 33.33333333 and a third. */
    cr_assert_eq(price_raw(liquidation_price(usdc("100"), base("3"), DIVISOR)),
                 price_raw(usd("33.33333334")));
    cr_assert_eq(
        price_raw(liquidation_price(usdc("-100"), base("-3"), DIVISOR)),
        price_raw(usd("33.33333333")));
    /* No price is that bad for a seller, none that good for a buyer. */
    cr_assert_eq(price_raw(liquidation_price(usdc("-1"), base("3"), DIVISOR)),
                 0);
    cr_assert_eq(price_raw(liquidation_price(usdc("1"), base("-3"), DIVISOR)),
                 0);
    cr_assert_eq(
        price_raw(liquidation_price(amount_of(AMOUNT_MAX), base("1"), DIVISOR)),
        PRICE_MAX);
}

/* ---- rule 8 ------------------------------------------------------------ */

struct fillable_case {
    const char *equity, *maintenance, *size, *notional, *own, *ba, *smmr,
        *price;
};

/* dYdX's published cases of the fillable price, same test; BTC at 50,000, a
 * spread of a tenth of the maintenance ratio unless it says otherwise. */
static const struct fillable_case dydx_fillables[] = {
    {"499", "500", "0.1", "5000", "500", "1", "0.1", "49999"},
    {"499", "500", "0.1", "5000", "500", "2", "0.1", "49998"},
    {"499", "500", "0.1", "5000", "500", "1", "0.2", "49998"},
    {"499", "500", "-0.1", "-5000", "500", "1", "0.1", "50001"},
    {"499", "500", "-0.1", "-5000", "500", "2", "0.1", "50002"},
    {"499", "500", "-0.1", "-5000", "500", "1", "0.2", "50002"},
    {"0", "500", "0.1", "5000", "500", "1", "0.1", "49500"},
    {"0", "500", "-0.1", "-5000", "500", "1", "0.1", "50500"},
    {"-500", "500", "0.1", "5000", "500", "1", "0.1", "49500"},
    {"-500", "500", "-0.1", "-5000", "500", "1", "0.1", "50500"},
    {"10", "50", "0.1", "300", "30", "1", "0.1", "2976"},
    {"499", "500", "0.1", "5000", "500", "4294.967295", "0.1", "49500"},
    {"499", "500", "0.1", "5000", "500", "1", "0.000001", "49999.99999"},
    {"499", "500", "0.1", "5000", "500", "1", "1", "49990"},
};

static struct fillable_terms fillable_terms(const struct fillable_case *c)
{
    return (struct fillable_terms){
        .equity = usdc(c->equity),
        .maintenance = usdc(c->maintenance),
        .size = base(c->size),
        .notional = usdc(c->notional),
        .position_maintenance = usdc(c->own),
        .ba = ratio(c->ba),
        .smmr = ratio(c->smmr),
        .divisor = DIVISOR,
    };
}

Test(liquidation_rules, fillable_of_dydx_cases)
{
    for (size_t i = 0; i < sizeof dydx_fillables / sizeof *dydx_fillables;
         i++) {
        struct fillable_terms terms = fillable_terms(&dydx_fillables[i]);
        struct price price = liquidation_fillable(&terms);

        cr_assert_eq(price_raw(price), price_raw(usd(dydx_fillables[i].price)),
                     "case %zu: %ld", i, price_raw(price));
    }
}

/* A third is rounded toward the mark, so that no fill is too bad by it. */
Test(liquidation_rules, fillable_is_rounded_toward_the_mark)
{
    struct fillable_case c = {"2", "3", "1", "100", "1", "1", "1", ""};
    struct fillable_terms terms = fillable_terms(&c);

    cr_assert_eq(rate_raw(liquidation_abr(&terms)), 333333333);
    cr_assert_eq(price_raw(liquidation_fillable(&terms)),
                 price_raw(usd("99.66666667")));
    c.size = "-1";
    c.notional = "-100";
    terms = fillable_terms(&c);
    cr_assert_eq(price_raw(liquidation_fillable(&terms)),
                 price_raw(usd("100.33333333")));
}

Test(liquidation_rules, abr_is_clamped)
{
    struct fillable_case c = {"600", "500", "1", "100", "1", "1", "1", ""};
    struct fillable_terms terms = fillable_terms(&c);

    cr_assert_eq(rate_raw(liquidation_abr(&terms)), 0);
    cr_assert_eq(price_raw(liquidation_fillable(&terms)),
                 price_raw(usd("100")));
    terms.equity = usdc("-1");
    cr_assert_eq(rate_raw(liquidation_abr(&terms)), RATE_ONE);
}

/* The greatest of everything in units as coarse as they come: the price is
 * cut, nothing overflows. */
Test(liquidation_rules, fillable_of_extremes)
{
    struct fillable_terms terms = {
        .equity = amount_of(-AMOUNT_MAX),
        .maintenance = amount_of(AMOUNT_MAX),
        .size = qty_of(1),
        .notional = amount_of(NOTIONAL_MAX),
        .position_maintenance = amount_of(NOTIONAL_MAX),
        .ba = ratio("100"),
        .smmr = ratio("100"),
        .divisor = INT64_C(10000000000000000),
    };

    cr_assert_eq(price_raw(liquidation_fillable(&terms)), 1);
    terms.size = qty_of(-1);
    terms.notional = amount_of(-NOTIONAL_MAX);
    cr_assert_eq(price_raw(liquidation_fillable(&terms)), PRICE_MAX);
}

/* ---- rule 9 ------------------------------------------------------------ */

/* Equity 5 against 10: up to 10.2 there are 5.2 missing. At a mark of 100
 * and a limit of 99 a unit frees 0.05 * 1.02 - 0.01 - 0.01 = 0.031 of its
 * 100, so 1.6774... are needed: 1.68 in lots. */
static struct close_terms close_terms(void)
{
    return (struct close_terms){
        .equity = usdc("5"),
        .maintenance = usdc("10"),
        .mark = usd("100"),
        .limit = usd("99"),
        .maintenance_rate = ratio("0.05"),
        .fee_rate = ratio("0.01"),
        .exit_buffer = ratio("0.02"),
        .size = base("20"),
        .lot = base("0.01"),
        .minimum = base("0.01"),
        .step_share = ratio("0.1"),
        .step_min = usdc("1000"),
        .step_max = usdc("100000"),
        .dust = usdc("1000"),
        .divisor = DIVISOR,
    };
}

static void assert_close(const struct close_terms *terms, const char *shortage,
                         const char *size, const char *step)
{
    struct close_size close;

    liquidation_close(terms, &close);
    cr_assert_eq(amount_raw(close.shortage), amount_raw(usdc(shortage)));
    cr_assert_eq(qty_raw(close.size), qty_raw(base(size)), "size %ld",
                 qty_raw(close.size));
    cr_assert_eq(qty_raw(close.step), qty_raw(base(step)), "step %ld",
                 qty_raw(close.step));
}

Test(liquidation_rules, close_cures_the_shortage_up_to_the_lot)
{
    struct close_terms terms = close_terms();

    assert_close(&terms, "5.2", "1.68", "1.68");
    /* A buyer's limit above the mark costs the same. */
    terms.limit = usd("101");
    assert_close(&terms, "5.2", "1.68", "1.68");
    /* 5.2 / 3.1 in lots of 1e-8 is rounded up in the last place. */
    terms.lot = terms.minimum = qty_of(1);
    assert_close(&terms, "5.2", "1.67741936", "1.67741936");
}

Test(liquidation_rules, close_nothing_without_a_shortage)
{
    struct close_terms terms = close_terms();

    terms.equity = usdc("10.2");
    assert_close(&terms, "0", "0", "0");
    terms.equity = usdc("12");
    assert_close(&terms, "-1.8", "0", "0");
}

Test(liquidation_rules, close_all_when_closing_frees_nothing)
{
    struct close_terms terms = close_terms();

    /* 0.051 - 0.01 - 0.041 = 0 */
    terms.limit = usd("95.9");
    assert_close(&terms, "5.2", "20", "10");
    /* a hair above: 5.2 / 1e-7 is more than there is */
    terms.limit = usd("95.90001");
    assert_close(&terms, "5.2", "20", "10");
    terms.limit = usd("50");
    assert_close(&terms, "5.2", "20", "10");
}

Test(liquidation_rules, close_all_when_little_would_remain)
{
    struct close_terms terms = close_terms();

    terms.minimum = base("18.32");
    assert_close(&terms, "5.2", "1.68", "1.68");
    terms.minimum = base("18.33");
    assert_close(&terms, "5.2", "20", "10");
}

/* A thousand times as much: 1,677.42 of 20,000 at 100. A step is at most a
 * tenth of the 2,000,000, cut at 100,000. */
Test(liquidation_rules, steps_are_capped)
{
    struct close_terms terms = close_terms();

    terms.equity = usdc("5000");
    terms.maintenance = usdc("10000");
    terms.size = base("20000");
    assert_close(&terms, "5200", "1677.42", "1000");
    terms.step_max = usdc("150000");
    assert_close(&terms, "5200", "1677.42", "1500");
    terms.step_max = usdc("1000000");
    assert_close(&terms, "5200", "1677.42", "1677.42");
    terms.step_share = ratio("0.05");
    assert_close(&terms, "5200", "1677.42", "1000");
    /* Down to the lot, but never to nothing. */
    terms.lot = terms.minimum = base("7");
    terms.size = base("19999");
    assert_close(&terms, "5200", "1680", "994");
    terms.step_share = ratio("0");
    terms.step_min = usdc("1");
    assert_close(&terms, "5200", "1680", "7");
}

/* 9.99 at 100 is under 1,000 and goes at once, 10 is not. */
Test(liquidation_rules, a_small_position_goes_at_once)
{
    struct close_terms terms = close_terms();

    terms.size = base("9.99");
    terms.step_min = usdc("1");
    assert_close(&terms, "5.2", "9.99", "9.99");
    terms.size = base("10");
    assert_close(&terms, "5.2", "1.68", "1");
}

Test(liquidation_rules, close_of_extremes)
{
    struct close_terms terms = close_terms();
    struct close_size close;

    terms.equity = amount_of(-AMOUNT_MAX / 2);
    terms.maintenance = amount_of(AMOUNT_MAX / 4);
    terms.mark = terms.limit = price_of(1);
    terms.fee_rate = ratio("0.050999999");
    terms.size = qty_of(QTY_MAX - QTY_MAX % qty_raw(terms.lot));
    terms.divisor = 10000;
    terms.dust = usdc("0");
    liquidation_close(&terms, &close);
    cr_assert_eq(qty_raw(close.size), qty_raw(terms.size));
    terms.divisor = INT64_C(10000000000000000);
    liquidation_close(&terms, &close);
    cr_assert_eq(qty_raw(close.size), qty_raw(terms.size));
}

/* ---- rule 10 ----------------------------------------------------------- */

static int64_t fee_rate(const char *equity, const char *maintenance,
                        const char *notional)
{
    return rate_raw(liquidation_fee_rate(ratio("0.015"), ratio("0.05"),
                                         usdc(equity), usdc(maintenance),
                                         usdc(notional)));
}

/* 95 % of (5 % - shortage / 1000), at most 1.5 %. */
Test(liquidation_rules, fee_rate_leaves_headroom)
{
    cr_assert_eq(fee_rate("10", "50", "1000"), rate_raw(ratio("0.0095")));
    cr_assert_eq(fee_rate("49", "50", "1000"), rate_raw(ratio("0.015")));
    cr_assert_eq(fee_rate("60", "50", "1000"), rate_raw(ratio("0.015")));
    cr_assert_eq(fee_rate("0", "50", "1000"), 0);
    cr_assert_eq(fee_rate("-10", "50", "1000"), 0);
    cr_assert_eq(fee_rate("10", "50", "0"), 0);
    /* 0.95 * (0.05 - 40 / 3000) = 0.034833333...; down, and below the most */
    cr_assert_eq(
        rate_raw(liquidation_fee_rate(ratio("0.1"), ratio("0.05"), usdc("10"),
                                      usdc("50"), usdc("3000"))),
        34833333);
}

Test(liquidation_rules, fee_is_at_most_the_surplus)
{
    struct rate rate = ratio("0.0095");

    cr_assert_eq(amount_raw(liquidation_fee(rate, usdc("500"), usdc("10"))),
                 amount_raw(usdc("4.75")));
    cr_assert_eq(amount_raw(liquidation_fee(rate, usdc("500"), usdc("3"))),
                 amount_raw(usdc("3")));
    cr_assert_eq(amount_raw(liquidation_fee(rate, usdc("500"), usdc("-3"))), 0);
    cr_assert_eq(amount_raw(liquidation_fee(rate, amount_of(1000), usdc("10"))),
                 9);
}
