#include <criterion/criterion.h>

#include "engine/mark_rules.h"
#include "tests/lib/fixture.h"

/* Index 60,000 with a band of 0.25 % = 150; a book 12 to 18 above it. */
static struct mark_inputs full(void)
{
    return (struct mark_inputs){
        .index = usd("60000"),
        .impact_bid = usd("60010"),
        .impact_ask = usd("60020"),
        .best_bid = usd("60012"),
        .best_ask = usd("60018"),
        .last = usd("60030"),
        .ema = usd("0"),
        .dt = nanos_of(MARK_TAU),
        .band = ratio("0.0025"),
    };
}

static void assert_mark(const struct mark_inputs *inputs, const char *mark,
                        const char *ema)
{
    struct price m, e;

    mark_of(inputs, &m, &e);
    cr_assert_eq(price_raw(m), price_raw(usd(mark)), "mark %ld", price_raw(m));
    cr_assert_eq(price_raw(e), price_raw(usd(ema)), "ema %ld", price_raw(e));
}

/* d = 60015 - 60000 = 15, the average takes it over in full after tau; the
 * book's vote is median(60012, 60018, 60030) = 60018. */
Test(mark_rules, median_of_index_average_and_book)
{
    struct mark_inputs inputs = full();

    assert_mark(&inputs, "60015", "15");
    /* In 15 s a tenth of the way: 1.5, and the average is in the middle. */
    inputs.dt = nanos_of(MARK_TAU / 10);
    assert_mark(&inputs, "60001.5", "1.5");
    /* More than tau counts as tau. */
    inputs.dt = nanos_of(7 * MARK_TAU);
    assert_mark(&inputs, "60015", "15");
    inputs.dt = nanos_of(0);
    assert_mark(&inputs, "60000", "0");
}

Test(mark_rules, the_books_vote_can_be_the_middle)
{
    struct mark_inputs inputs = full();

    inputs.ema = usd("100");
    inputs.dt = nanos_of(0);
    inputs.last = usd("60013");
    assert_mark(&inputs, "60013", "100");
    inputs.last = usd("1");
    assert_mark(&inputs, "60012", "100");
    /* Without a trade: the middle of the book. */
    inputs.last = usd("0");
    assert_mark(&inputs, "60015", "100");
}

/* A side is missing: d = 0 and the book votes with the index; the average
 * falls back, 15 - 15 * 15 / 150 = 13.5. */
Test(mark_rules, an_empty_side_votes_with_the_index)
{
    struct mark_inputs inputs = full();

    inputs.best_bid = inputs.impact_bid = usd("0");
    inputs.ema = usd("15");
    inputs.dt = nanos_of(MARK_TAU / 10);
    assert_mark(&inputs, "60000", "13.5");
}

/* Too thin for the impact notional: d = 0, but best prices still vote. */
Test(mark_rules, a_thin_book_has_no_distance)
{
    struct mark_inputs inputs = full();

    inputs.impact_ask = usd("0");
    inputs.ema = usd("30");
    assert_mark(&inputs, "60000", "0");
    inputs.dt = nanos_of(MARK_TAU / 10);
    assert_mark(&inputs, "60018", "27");
}

/* A book 1,000 away: d is cut to the band, and so is the mark, also when the
 * average comes from a time of a wider band. */
Test(mark_rules, everything_stays_within_the_band)
{
    struct mark_inputs inputs = full();

    inputs.impact_bid = usd("60900");
    inputs.impact_ask = usd("61100");
    inputs.best_bid = usd("60950");
    inputs.best_ask = usd("61050");
    inputs.last = usd("61000");
    assert_mark(&inputs, "60150", "150");
    inputs.ema = usd("300");
    inputs.dt = nanos_of(0);
    assert_mark(&inputs, "60150", "300");
    inputs.impact_bid = inputs.best_bid = usd("59000");
    inputs.impact_ask = inputs.best_ask = inputs.last = usd("59001");
    inputs.ema = usd("0");
    inputs.dt = nanos_of(MARK_TAU);
    assert_mark(&inputs, "59850", "-150");
}

/* Toward zero both ways: 1e-8 * 1 / 3 is nothing. */
Test(mark_rules, the_averages_step_is_cut_toward_zero)
{
    struct mark_inputs inputs = full();
    struct price mark, ema;

    inputs.index = price_of(1000);
    inputs.band = ratio("0.5");
    inputs.impact_bid = inputs.impact_ask = price_of(1002);
    inputs.dt = nanos_of(MARK_TAU / 3);
    mark_of(&inputs, &mark, &ema);
    cr_assert_eq(price_raw(ema), 0);
    inputs.impact_bid = inputs.impact_ask = price_of(998);
    mark_of(&inputs, &mark, &ema);
    cr_assert_eq(price_raw(ema), 0);
    inputs.impact_bid = inputs.impact_ask = price_of(997);
    mark_of(&inputs, &mark, &ema);
    cr_assert_eq(price_raw(ema), -1);
}
