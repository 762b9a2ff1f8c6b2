#include <criterion/criterion.h>

#include "engine/funding_rules.h"
#include "tests/lib/fixture.h"

static int64_t premium(const char *index, const char *bid, const char *ask)
{
    return rate_raw(funding_premium(usd(index), usd(bid), usd(ask)));
}

Test(funding_rules, premium_of_impact_prices)
{
    cr_assert_eq(premium("100", "101", "102"), rate_raw(ratio("0.01")));
    cr_assert_eq(premium("100", "98", "99"), rate_raw(ratio("-0.01")));
    cr_assert_eq(premium("100", "99", "101"), 0);
    cr_assert_eq(premium("100", "100", "100"), 0);
    /* One side can't fill the notional. */
    cr_assert_eq(premium("100", "0", "102"), 0);
    cr_assert_eq(premium("100", "101", "0"), 0);
    /* Toward zero. */
    cr_assert_eq(premium("3", "4", "5"), 333333333);
    cr_assert_eq(premium("3", "1", "2"), -333333333);
}

Test(funding_rules, mean_toward_zero)
{
    cr_assert_eq(rate_raw(funding_mean(10, 4)), 2);
    cr_assert_eq(rate_raw(funding_mean(-10, 4)), -2);
    cr_assert_eq(rate_raw(funding_mean(5, 0)), 0);
}

static int64_t rate(const char *mean, const char *initial, const char *hour)
{
    struct funding_terms terms = {
        .interest = ratio("0.0001"),
        .clamp = ratio("0.0005"),
        .initial_rate = ratio(initial),
        .maintenance_fraction = ratio("0.5"),
        .hour_max = ratio(hour),
    };

    return rate_raw(funding_rate(ratio(mean), &terms));
}

Test(funding_rules, rate_pulls_toward_interest_and_is_clamped)
{
    /* Within 0.05 % of interest: exactly interest. */
    cr_assert_eq(rate("0.0002", "0.02", "0.04"), rate_raw(ratio("0.0001")));
    cr_assert_eq(rate("0.0006", "0.02", "0.04"), rate_raw(ratio("0.0001")));
    cr_assert_eq(rate("-0.0004", "0.02", "0.04"), rate_raw(ratio("0.0001")));
    cr_assert_eq(rate("0.0007", "0.02", "0.04"), rate_raw(ratio("0.0002")));
    cr_assert_eq(rate("0.001", "0.02", "0.04"), rate_raw(ratio("0.0005")));
    cr_assert_eq(rate("-0.001", "0.02", "0.04"), rate_raw(ratio("-0.0005")));
    /* 6 * (2 % - 1 %) = 6 %. */
    cr_assert_eq(rate("0.1", "0.02", "0.04"), rate_raw(ratio("0.06")));
    cr_assert_eq(rate("-0.1", "0.02", "0.04"), rate_raw(ratio("-0.06")));
    cr_assert_eq(rate("0.0605", "0.02", "0.04"), rate_raw(ratio("0.06")));
    cr_assert_eq(rate("0.0604", "0.02", "0.04"), rate_raw(ratio("0.0599")));
    /* 0.4 % an hour = 3.2 % in eight. */
    cr_assert_eq(rate("0.1", "0.02", "0.004"), rate_raw(ratio("0.032")));
}

static i128 change(const char *r, const char *price, int64_t nanos)
{
    return funding_change(ratio(r), usd(price), nanos_of(nanos));
}

/* 0.01 % of 60,000 in 8 hours is 6; an hour of it 0.75 = 7.5e16 * 1e-17. */
Test(funding_rules, index_change_is_capped_at_an_hour)
{
    const i128 one_hour = INT64_C(75000000000000000);

    cr_assert(change("0.0001", "60000", NANOS_PER_HOUR) == one_hour);
    cr_assert(change("0.0001", "60000", 5 * NANOS_PER_HOUR) == one_hour);
    cr_assert(change("-0.0001", "60000", NANOS_PER_HOUR) == -one_hour);
    cr_assert(change("0.0001", "60000", NANOS_PER_HOUR / 2) == one_hour / 2);
    cr_assert(change("0.0001", "60000", 0) == 0);
}

/* An eighth of the product: 7/8, 9/8, -15/8. */
Test(funding_rules, index_change_is_cut_toward_zero)
{
    cr_assert(
        funding_change(rate_of(1), price_of(7), nanos_of(NANOS_PER_HOUR)) == 0);
    cr_assert(
        funding_change(rate_of(1), price_of(9), nanos_of(NANOS_PER_HOUR)) == 1);
    cr_assert(funding_change(rate_of(-1), price_of(15),
                             nanos_of(NANOS_PER_HOUR)) == -1);
}

/* The greatest price at the greatest rate: nothing overflows. */
Test(funding_rules, index_change_of_extremes)
{
    i128 most = funding_change(ratio("0.32"), price_of(PRICE_MAX),
                               nanos_of(NANOS_PER_HOUR));

    cr_assert(most == (i128)40000000 * PRICE_MAX);
}
