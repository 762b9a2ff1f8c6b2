/*
 * Funding over real time: a book 1 % above the index, an hour of it. The
 * fixture's clock starts at 22:13:20 of a day; the first hour ends 2,800 s
 * later.
 */
#include <criterion/criterion.h>

#include "engine/account.h"
#include "engine/position.h"
#include "tests/lib/fixture.h"

#define TO_THE_HOUR_MS (2800 * 1000)

static const struct market *market_of(const struct fixture *f)
{
    return &f->engine->markets[BTC_PERP];
}

static void begin(struct fixture *f)
{
    fixture_init(f);
    fixture_prices(f, "60000", "3000", "100");
    fixture_deposit(f, 1, 0, USDC, usdc("1000000"));
    fixture_deposit(f, 2, 0, USDC, usdc("1000000"));
    fixture_trade(f, 1, 2, BTC_PERP, "1", "60000");
    fixture_buy(f, 1, BTC_PERP, "1", "60600");
    fixture_sell(f, 2, BTC_PERP, "1", "60700");
}

/* To ms before the first full hour, with reports on the way. */
static void run_to_the_hour(struct fixture *f, int64_t ms)
{
    int64_t left = TO_THE_HOUR_MS - ms -
                   (nanos_raw(f->time) - FIXTURE_START_NS) / NANOS_PER_MS;

    fixture_ticks(f, (uint32_t)(left / 5000), 5000, true);
    fixture_ticks(f, 1, left % 5000 + 1, true);
}

/* Premium 1 %: 1 % - 0.05 % = 0.95 % in 8 hours; 60,000 * 0.95 % / 8 = 71.25
 * for an hour, of which 2,799.9 s count since the first mark. */
Test(funding, accrues_at_the_end_of_the_clocks_hour)
{
    struct fixture f;
    const struct event *event;
    i128 change;

    begin(&f);
    run_to_the_hour(&f, 100);
    cr_assert(market_of(&f)->funding_index == 0);
    cr_assert_eq(rate_raw(market_of(&f)->premium_last),
                 rate_raw(ratio("0.01")));
    fixture_ticks(&f, 1, 100, true);
    event = fixture_event(&f, EVENT_FUNDING, 0);
    cr_assert(event);
    cr_assert_eq(event->funding.market, BTC_PERP);
    cr_assert_eq(rate_raw(event->funding.premium), rate_raw(ratio("0.01")));
    cr_assert_eq(rate_raw(event->funding.rate_8h), rate_raw(ratio("0.0095")));
    change = event->funding.index_change;
    cr_assert(change > (i128)7125000000000000000 / 3600 * 2799);
    cr_assert(change < (i128)7125000000000000000 / 3600 * 2801);
    cr_assert(market_of(&f)->funding_index == change);
    /* ETH has no book: its premium is 0, its rate the interest. */
    cr_assert_eq(fixture_event(&f, EVENT_FUNDING, 1)->funding.market, ETH_PERP);
    cr_assert_eq(rate_raw(fixture_event(&f, EVENT_FUNDING, 1)->funding.rate_8h),
                 rate_raw(ratio("0.0001")));
    fixture_free(&f);
}

/* The long pays, the short receives, the dust is the fund's. */
Test(funding, moves_from_the_longs_to_the_shorts)
{
    struct fixture f;
    struct account_id one = fixture_account(1, 0), two = fixture_account(2, 0);
    int64_t paid, received;
    uint32_t long_slot, short_slot;

    begin(&f);
    run_to_the_hour(&f, 0);
    long_slot = position_find(f.engine, account_find(f.engine, &one), BTC_PERP);
    short_slot =
        position_find(f.engine, account_find(f.engine, &two), BTC_PERP);
    paid = amount_raw(
        position_unsettled(f.engine, &f.engine->positions[long_slot]));
    received = amount_raw(
        position_unsettled(f.engine, &f.engine->positions[short_slot]));
    cr_assert_lt(paid, -amount_raw(usdc("55")));
    cr_assert(-paid - received == 0 || -paid - received == 1);
    fixture_free(&f);
}

/* Six hours without a tick: one hour at most is credited, and as nothing was
 * sampled in the interval that ends, nothing at all. */
Test(funding, missed_intervals_are_dropped)
{
    struct fixture f;
    i128 before;

    begin(&f);
    run_to_the_hour(&f, 0);
    before = market_of(&f)->funding_index;
    fixture_ticks(&f, 2, 1000, true);
    fixture_ticks(&f, 1, 6 * 3600 * 1000, true);
    cr_assert(fixture_event(&f, EVENT_FUNDING, 0));
    cr_assert(market_of(&f)->funding_index - before <=
              (i128)7125000000000000000);
    before = market_of(&f)->funding_index;
    /* On a stale price an interval is dropped as a whole. */
    fixture_ticks(&f, 1, 3600 * 1000, false);
    cr_assert_eq(fixture_count(&f, EVENT_FUNDING), 0);
    cr_assert(market_of(&f)->funding_index == before);
    fixture_free(&f);
}

/* A minute's value is its median: one sample of 1 % among zeros is none. */
Test(funding, a_moment_moves_no_minute)
{
    struct fixture f;
    uint64_t bid;

    fixture_init(&f);
    fixture_prices(&f, "60000", "3000", "100");
    fixture_deposit(&f, 1, 0, USDC, usdc("1000000"));
    fixture_deposit(&f, 2, 0, USDC, usdc("1000000"));
    fixture_sell(&f, 2, BTC_PERP, "1", "60700");
    fixture_ticks(&f, 3, 5000, true);
    bid = fixture_buy(&f, 1, BTC_PERP, "1", "60600");
    fixture_ticks(&f, 1, 5000, true);
    cr_assert_eq(rate_raw(market_of(&f)->premium_last),
                 rate_raw(ratio("0.01")));
    fixture_cancel(&f, 1, bid);
    fixture_ticks(&f, 12, 5000, true);
    cr_assert_geq(market_of(&f)->premium_minutes, 1);
    cr_assert(market_of(&f)->premium_sum == 0);
    fixture_free(&f);
}
