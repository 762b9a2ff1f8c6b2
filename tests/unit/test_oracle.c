#include <criterion/criterion.h>

#include "engine/oracle.h"
#include "tests/lib/fixture.h"

/* One package of one reporter with one point, its time in ms from now. */
static const struct event *report(struct fixture *f, uint16_t reporter,
                                  uint16_t feed, const char *price,
                                  const char *confidence, int64_t ms)
{
    struct report_point point = {feed, usd(price), usd(confidence)};
    struct report_package package = {
        reporter, nanos_add(f->time, nanos_of(ms * NANOS_PER_MS)), 1, &point};
    struct command command = {.kind = COMMAND_REPORT};

    command.report.package_count = 1;
    command.report.packages = &package;
    fixture_apply(f, &command);
    return fixture_event(f, EVENT_REPORT, 0);
}

static void assert_report(const struct event *event, enum result result,
                          uint32_t accepted)
{
    cr_assert(event);
    cr_assert_eq(event->report.result, result);
    cr_assert_eq(event->report.accepted, accepted);
}

static enum grade grade_of(const struct fixture *f)
{
    return (enum grade)f->engine->feeds[FEED_BTC].grade;
}

static void assert_price(const struct fixture *f, const char *price,
                         enum grade grade)
{
    cr_assert_eq(price_raw(f->engine->feeds[FEED_BTC].price),
                 price_raw(usd(price)));
    cr_assert_eq(grade_of(f), grade);
}

Test(oracle, reports_are_refused_each_for_its_reason)
{
    struct fixture f;

    fixture_init(&f);
    assert_report(report(&f, 0, FEED_BTC, "60000", "0", 0), result_ok, 1);
    assert_report(report(&f, 0, FEED_BTC, "60000", "0", 0),
                  result_report_not_newer, 0);
    assert_report(report(&f, 5, FEED_BTC, "60000", "0", 0),
                  result_report_signer_unknown, 0);
    assert_report(report(&f, 1, 4, "60000", "0", 0), result_report_feed_unknown,
                  0);
    assert_report(report(&f, 1, FEED_BTC, "60000", "0", 1001),
                  result_report_from_future, 0);
    assert_report(report(&f, 1, FEED_BTC, "60000", "0", -10001),
                  result_report_too_old, 0);
    assert_report(report(&f, 1, FEED_BTC, "0", "0", 0),
                  result_report_value_invalid, 0);
    assert_report(report(&f, 1, FEED_BTC, "-1", "0", 0),
                  result_report_value_invalid, 0);
    assert_report(report(&f, 1, FEED_BTC, "1000000.00000001", "0", 0),
                  result_report_value_invalid, 0);
    assert_report(report(&f, 1, FEED_BTC, "0.00999999", "0", 0),
                  result_report_value_invalid, 0);
    assert_report(report(&f, 1, FEED_BTC, "60000", "-1", 0),
                  result_report_value_invalid, 0);
    assert_report(report(&f, 1, FEED_BTC, "60000", "60000.1", 0),
                  result_report_value_invalid, 0);
    /* On the edges. */
    assert_report(report(&f, 1, FEED_BTC, "60000", "0", -10000), result_ok, 1);
    assert_report(report(&f, 1, FEED_BTC, "1000000", "0", 1000), result_ok, 1);
    fixture_free(&f);
}

Test(oracle, a_package_keeps_its_good_points)
{
    struct fixture f;
    struct report_point points[] = {{FEED_BTC, usd("60000"), {0}},
                                    {FEED_ETH, usd("0"), {0}},
                                    {99, usd("1"), {0}},
                                    {FEED_SOL, usd("100"), {0}},
                                    {FEED_BTC, usd("61000"), {0}}};
    struct report_package package = {2, {0}, 5, points};
    struct command command = {.kind = COMMAND_REPORT};

    fixture_init(&f);
    package.timestamp = f.time;
    command.report.package_count = 1;
    command.report.packages = &package;
    fixture_apply(&f, &command);
    assert_report(fixture_event(&f, EVENT_REPORT, 0),
                  result_report_value_invalid, 2);
    cr_assert_eq(price_raw(f.engine->feeds[FEED_BTC].reports[2].price),
                 price_raw(usd("60000")));
    cr_assert_eq(price_raw(f.engine->feeds[FEED_SOL].reports[2].price),
                 price_raw(usd("100")));
    fixture_free(&f);
}

/* Prices stand still between ticks; two reports are no quorum. */
Test(oracle, a_quorum_makes_a_price_at_the_tick)
{
    struct fixture f;
    const struct event *event;

    fixture_init(&f);
    cr_assert_eq(grade_of(&f), GRADE_NONE);
    report(&f, 0, FEED_BTC, "60000", "10", 0);
    report(&f, 1, FEED_BTC, "60010", "10", 0);
    fixture_tick(&f, 100);
    assert_price(&f, "0", GRADE_NONE);
    cr_assert_eq(fixture_count(&f, EVENT_INDEX), 0);
    report(&f, 2, FEED_BTC, "60020", "10", 0);
    assert_price(&f, "0", GRADE_NONE);
    fixture_tick(&f, 100);
    /* 59990 60000 60000 60010 60010 60010 60020 60020 60030 */
    assert_price(&f, "60010", GRADE_VALID);
    event = fixture_event(&f, EVENT_INDEX, 0);
    cr_assert_eq(price_raw(event->index.confidence), price_raw(usd("10")));
    cr_assert_eq(event->index.used, 3);
    cr_assert_eq(price_raw(event->index.slow), price_raw(usd("60010")));
    cr_assert_eq(price_raw(oracle_index(f.engine, BTC_PERP)),
                 price_raw(usd("60010")));
    /* Nothing new: nothing said. */
    fixture_tick(&f, 100);
    cr_assert_eq(fixture_count(&f, EVENT_INDEX), 0);
    fixture_free(&f);
}

/* Reports of 60 s: used for 10 s; the price is stale after 30. */
Test(oracle, a_price_grows_old)
{
    struct fixture f;

    fixture_init(&f);
    fixture_prices(&f, "60000", "3000", "100");
    assert_price(&f, "60000", GRADE_VALID);
    fixture_tick(&f, 29900);
    assert_price(&f, "60000", GRADE_VALID);
    fixture_tick(&f, 100);
    assert_price(&f, "60000", GRADE_VALID);
    fixture_tick(&f, 1);
    assert_price(&f, "60000", GRADE_STALE);
    cr_assert_eq(fixture_count(&f, EVENT_INDEX), 4);
    fixture_prices(&f, "60100", "3000", "100");
    assert_price(&f, "60100", GRADE_VALID);
    fixture_free(&f);
}

/* A vote that has aged out no longer counts, though nothing new came. */
Test(oracle, old_votes_leave_the_aggregate)
{
    struct fixture f;

    fixture_init(&f);
    report(&f, 0, FEED_BTC, "61000", "0", -5000);
    for (uint16_t i = 1; i < 4; i++)
        report(&f, i, FEED_BTC, "60000", "0", 0);
    fixture_tick(&f, 100);
    cr_assert_eq(f.engine->feeds[FEED_BTC].used, 4);
    fixture_tick(&f, 6000);
    cr_assert_eq(f.engine->feeds[FEED_BTC].used, 3);
    fixture_free(&f);
}

/* A reporter that has become unsure takes its older vote back with it. */
Test(oracle, an_unsure_vote_replaces_a_sure_one)
{
    struct fixture f;

    fixture_init(&f);
    for (uint16_t i = 0; i < 3; i++)
        report(&f, i, FEED_BTC, "60000", "0", 0);
    fixture_tick(&f, 100);
    cr_assert_eq(f.engine->feeds[FEED_BTC].used, 3);
    assert_report(report(&f, 0, FEED_BTC, "60000", "6001", 0), result_ok, 1);
    fixture_tick(&f, 100);
    assert_price(&f, "60000", GRADE_VALID);
    cr_assert_eq(f.engine->feeds[FEED_BTC].used, 3); /* of the last one made */
    fixture_tick(&f, 30000);
    assert_price(&f, "60000", GRADE_STALE);
    fixture_free(&f);
}

/* 2 % of 60,000 is 1,200. */
Test(oracle, a_wide_confidence_is_uncertain)
{
    struct fixture f;

    fixture_init(&f);
    for (uint16_t i = 0; i < 5; i++)
        report(&f, i, FEED_BTC, "60000", "1200", 0);
    fixture_tick(&f, 100);
    assert_price(&f, "60000", GRADE_VALID);
    for (uint16_t i = 0; i < 5; i++)
        report(&f, i, FEED_BTC, "60000", "1200.1", 0);
    fixture_tick(&f, 100);
    assert_price(&f, "60000", GRADE_UNCERTAIN);
    fixture_free(&f);
}

/* 60,000 -> 40,000 is a step of a third: three rounds of reports. Ticks
 * without new reports don't count. */
Test(oracle, a_step_must_be_reported_three_times)
{
    struct fixture f;

    fixture_init(&f);
    fixture_prices(&f, "60000", "3000", "100");
    fixture_prices(&f, "40000", "3000", "100");
    assert_price(&f, "40000", GRADE_VOLATILE);
    fixture_ticks(&f, 5, 100, false);
    assert_price(&f, "40000", GRADE_VOLATILE);
    /* Two of five reporters are no new round. */
    report(&f, 0, FEED_BTC, "39000", "0", 0);
    report(&f, 1, FEED_BTC, "39000", "0", 0);
    fixture_tick(&f, 100);
    assert_price(&f, "40000", GRADE_VOLATILE);
    fixture_prices(&f, "40100", "3000", "100");
    assert_price(&f, "40100", GRADE_VOLATILE);
    fixture_prices(&f, "39900", "3000", "100");
    assert_price(&f, "39900", GRADE_UNCERTAIN);
    fixture_prices(&f, "39900", "3000", "100");
    assert_price(&f, "39900", GRADE_VALID);
    fixture_free(&f);
}

Test(oracle, the_slow_price_moves_each_ten_seconds)
{
    struct fixture f;
    struct feed *feed;

    fixture_init(&f);
    feed = &f.engine->feeds[FEED_BTC];
    fixture_prices(&f, "60000", "3000", "100");
    fixture_prices(&f, "66000", "3000", "100");
    cr_assert_eq(price_raw(feed->slow), price_raw(usd("60000")));
    fixture_tick(&f, 9899);
    cr_assert_eq(price_raw(feed->slow), price_raw(usd("60000")));
    fixture_prices(&f, "66000", "3000", "100");
    /* 9.999 + 0.1 s at 0.03 % a second; the hour is only 20 min old. */
    cr_assert_eq(price_raw(feed->slow), price_raw(usd("60181.782")));
    fixture_free(&f);
}
