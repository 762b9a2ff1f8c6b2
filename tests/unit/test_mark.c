#include <criterion/criterion.h>

#include "engine/state.h"
#include "tests/lib/fixture.h"

static void begin(struct fixture *f)
{
    fixture_init(f);
    fixture_deposit(f, 1, 0, USDC, usdc("1000000"));
    fixture_deposit(f, 2, 0, USDC, usdc("1000000"));
}

static void assert_mark(const struct fixture *f, const char *mark,
                        const char *ema)
{
    const struct market *market = &f->engine->markets[BTC_PERP];

    cr_assert_eq(price_raw(market->mark), price_raw(usd(mark)), "mark %ld",
                 price_raw(market->mark));
    cr_assert_eq(price_raw(market->ema), price_raw(usd(ema)), "ema %ld",
                 price_raw(market->ema));
}

Test(mark, is_the_index_where_there_is_no_book)
{
    struct fixture f;

    begin(&f);
    assert_mark(&f, "0", "0");
    fixture_prices(&f, "60000", "3000", "100");
    assert_mark(&f, "60000", "0");
    cr_assert_eq(fixture_count(&f, EVENT_MARK), 3);
    fixture_prices(&f, "60010", "3000", "100");
    assert_mark(&f, "60010", "0");
    cr_assert_eq(fixture_count(&f, EVENT_MARK), 1);
    fixture_free(&f);
}

/* A book around 60,015 and an index of 60,000: in 15 s a tenth of the 15. */
Test(mark, follows_the_book_slowly)
{
    struct fixture f;

    begin(&f);
    fixture_prices(&f, "60000", "3000", "100");
    fixture_buy(&f, 1, BTC_PERP, "1", "60010");
    fixture_sell(&f, 2, BTC_PERP, "1", "60020");
    fixture_ticks(&f, 1, 15000, true);
    assert_mark(&f, "60001.5", "1.5");
    cr_assert_eq(price_raw(fixture_event(&f, EVENT_MARK, 0)->mark.ema),
                 price_raw(usd("1.5")));
    fixture_ticks(&f, 1, 15000, true);
    assert_mark(&f, "60002.85", "2.85");
    fixture_free(&f);
}

Test(mark, stands_still_on_a_stale_index)
{
    struct fixture f;

    begin(&f);
    fixture_prices(&f, "60000", "3000", "100");
    fixture_ticks(&f, 1, 31000, false);
    fixture_buy(&f, 1, BTC_PERP, "1", "59000");
    fixture_ticks(&f, 3, 1000, false);
    assert_mark(&f, "60000", "0");
    cr_assert_eq(f.engine->feeds[FEED_BTC].grade, GRADE_STALE);
    fixture_free(&f);
}
