/*
 * Positions: cost, realised results and funding, worked out by hand. Units in
 * the pure part are plain integers; in the engine part USDC.
 */
#include "engine/account.h"
#include "engine/position.h"
#include "engine/wide.h"
#include "tests/lib/fixture.h"

#include <criterion/criterion.h>

static void expect_change(int64_t size, int64_t cost, int64_t change,
                          int64_t quote, int64_t size_after, int64_t cost_after,
                          int64_t realised)
{
    struct position_change after = position_change_of(
        qty_of(size), amount_of(cost), qty_of(change), amount_of(quote));

    cr_assert_eq(qty_raw(after.size), size_after, "size %lld",
                 (long long)qty_raw(after.size));
    cr_assert_eq(amount_raw(after.cost), cost_after, "cost %lld",
                 (long long)amount_raw(after.cost));
    cr_assert_eq(amount_raw(after.realised), realised, "realised %lld",
                 (long long)amount_raw(after.realised));
}

/* 3 for 300, 2 more for 210: 5 for 510. A short's cost is what it took in. */
Test(position, opening_adds_to_the_cost)
{
    expect_change(0, 0, 3, 300, 3, 300, 0);
    expect_change(3, 300, 2, 210, 5, 510, 0);
    expect_change(0, 0, -3, 300, -3, -300, 0);
    expect_change(-3, -300, -2, 190, -5, -490, 0);
}

/* Of 3 for 301 one is sold for 110: its cost is floor(301 / 3) = 100, it
 * earned 10. A short of 3 for 301 buys one back for 90: closed cost
 * floor(-301 / 3) = -101, earned 101 - 90 = 11. */
Test(position, a_part_is_realised_pro_rata)
{
    expect_change(3, 301, -1, 110, 2, 201, 10);
    expect_change(-3, -301, 1, 90, -2, -200, 11);
    expect_change(3, 301, -1, 90, 2, 201, -10);
}

Test(position, closing_everything_takes_the_whole_cost)
{
    expect_change(3, 301, -3, 300, 0, 0, -1);
    expect_change(-3, -301, 3, 300, 0, 0, 1);
}

/* 3 long for 300, 5 sold for 551: the closed 3 get floor(551 * 3 / 5) = 330
 * and earn 30, the 2 left are short for the other 221. */
Test(position, a_flip_splits_the_quote)
{
    expect_change(3, 300, -5, 551, -2, -221, 30);
    expect_change(-3, -300, 5, 551, 2, 221, -30);
}

/* Whatever happens: what leaves the cost is the quote less the result. */
Test(position, cost_and_result_are_the_quote)
{
    uint64_t seed = 7;

    for (int i = 0; i < 100000; i++) {
        int64_t size, cost, change, quote, moved;
        struct position_change after;

        seed = seed * UINT64_C(6364136223846793005) + 99;
        size = (int64_t)(seed >> 40) % 1000 - 500;
        cost = (int64_t)(seed >> 20) % 100000;
        change = (int64_t)(seed >> 30) % 999 - 499;
        quote = (int64_t)(seed >> 10 & 0xffff);
        cost = size < 0 ? -cost : size == 0 ? 0 : cost;
        if (change == 0)
            continue;
        after = position_change_of(qty_of(size), amount_of(cost),
                                   qty_of(change), amount_of(quote));
        moved = change > 0 ? quote : -quote;
        cr_assert_eq(amount_raw(after.cost) - cost,
                     moved + amount_raw(after.realised));
        if (size + change == 0)
            cr_assert_eq(amount_raw(after.cost), 0);
    }
}

Test(position, reducing)
{
    cr_assert(position_is_reducing(qty_of(5), qty_of(-1)));
    cr_assert(position_is_reducing(qty_of(5), qty_of(-5)));
    cr_assert(!position_is_reducing(qty_of(5), qty_of(-6)));
    cr_assert(!position_is_reducing(qty_of(5), qty_of(1)));
    cr_assert(position_is_reducing(qty_of(-5), qty_of(5)));
    cr_assert(!position_is_reducing(qty_of(-5), qty_of(6)));
    cr_assert(!position_is_reducing(qty_of(-5), qty_of(-1)));
    cr_assert(!position_is_reducing(qty_of(0), qty_of(1)));
}

Test(position, longs_grow_by)
{
    cr_assert_eq(qty_raw(position_long_change(qty_of(3), qty_of(2))), 2);
    cr_assert_eq(qty_raw(position_long_change(qty_of(3), qty_of(-5))), -3);
    cr_assert_eq(qty_raw(position_long_change(qty_of(-3), qty_of(5))), 2);
    cr_assert_eq(qty_raw(position_long_change(qty_of(-3), qty_of(2))), 0);
}

/* ---- in the engine --------------------------------------------------------
 */

static struct fixture f;

static void setup(void)
{
    fixture_init(&f);
    fixture_prices(&f, "60000", "2500", "150");
    for (uint32_t i = 1; i <= 3; i++)
        fixture_deposit(&f, i, 0, USDC, usdc("100000"));
}

static void teardown(void)
{
    fixture_free(&f);
}

TestSuite(positions, .init = setup, .fini = teardown);

static uint32_t slot_of(uint32_t owner)
{
    struct account_id id = fixture_account(owner, 0);

    return account_find(f.engine, &id);
}

static const struct position *held(uint32_t owner)
{
    uint32_t slot = position_find(f.engine, slot_of(owner), BTC_PERP);

    return slot == NONE ? NULL : &f.engine->positions[slot];
}

static int64_t cash(uint32_t owner)
{
    return amount_raw(*engine_balance(f.engine, slot_of(owner), USDC));
}

/*
 * 1 buys 1 BTC of 2 at 60,000: 30 fee, the maker pays 12. Then 1 sells 0.4 to
 * 3 at 61,000: cost 24,000 leaves, 24,400 come: 400 realised. Costs: 36,000 -
 * 60,000 + 24,400 = 400, and the clearing ledger holds -400.
 */
Test(positions, a_trade_and_a_partial_close)
{
    uint32_t clearing = house_slot(f.engine, HOUSE_CLEARING, BTC_PERP);
    const struct event *event;

    fixture_trade(&f, 1, 2, BTC_PERP, "1", "60000");
    cr_assert_eq(amount_raw(held(1)->cost), amount_raw(usdc("60000")));
    cr_assert_eq(amount_raw(held(2)->cost), amount_raw(usdc("-60000")));
    cr_assert_eq(cash(1), amount_raw(usdc("99970")));
    cr_assert_eq(cash(2), amount_raw(usdc("99988")));
    cr_assert_eq(qty_raw(f.engine->markets[0].open_interest),
                 qty_raw(base("1")));

    fixture_buy(&f, 3, BTC_PERP, "0.4", "61000");
    fixture_sell(&f, 1, BTC_PERP, "0.4", "61000");
    cr_assert_eq(qty_raw(held(1)->size), qty_raw(base("0.6")));
    cr_assert_eq(amount_raw(held(1)->cost), amount_raw(usdc("36000")));
    cr_assert_eq(amount_raw(held(1)->realised), amount_raw(usdc("400")));
    cr_assert_eq(cash(1), amount_raw(usdc("99970")) + amount_raw(usdc("400")) -
                              amount_raw(usdc("12.2")));
    cr_assert_eq(amount_raw(*engine_balance(f.engine, clearing, USDC)),
                 amount_raw(usdc("-400")));
    cr_assert_eq(qty_raw(f.engine->markets[0].open_interest),
                 qty_raw(base("1")));
    cr_assert_eq(fixture_count(&f, EVENT_POSITION), 2);
    event = fixture_event(&f, EVENT_POSITION, 0);
    for (uint32_t i = 0; i < 2; i++) {
        struct account_id one = fixture_account(1, 0);

        event = fixture_event(&f, EVENT_POSITION, i);
        cr_assert_eq(amount_raw(event->position.realised),
                     account_id_equal(&event->position.account, &one)
                         ? amount_raw(usdc("400"))
                         : 0);
    }
}

/* A closed position's object goes, but its last event is told. */
Test(positions, closing_frees_the_object)
{
    fixture_trade(&f, 1, 2, BTC_PERP, "1", "60000");
    cr_assert_eq(f.engine->position_pool.count, 2);
    fixture_trade(&f, 2, 1, BTC_PERP, "1", "60000");
    cr_assert_null(held(1));
    cr_assert_null(held(2));
    cr_assert_eq(f.engine->position_pool.count, 0);
    cr_assert_eq(f.engine->holder_counts[BTC_PERP], 0);
    cr_assert_eq(fixture_count(&f, EVENT_POSITION), 2);
    cr_assert(qty_is_zero(fixture_event(&f, EVENT_POSITION, 0)->position.size));
    cr_assert(qty_is_zero(f.engine->markets[0].open_interest));
}

/* Totals belong to the position now held: a flip begins them anew. */
Test(positions, a_flip_begins_a_new_position)
{
    fixture_trade(&f, 1, 2, BTC_PERP, "1", "60000");
    fixture_trade(&f, 3, 1, BTC_PERP, "1.5", "61000");
    cr_assert_eq(qty_raw(held(1)->size), qty_raw(base("-0.5")));
    cr_assert_eq(amount_raw(held(1)->cost), amount_raw(usdc("-30500")));
    cr_assert(amount_is_zero(held(1)->realised));
    cr_assert_eq(amount_raw(held(3)->cost), amount_raw(usdc("91500")));
}

/*
 * The index moves by 12.3456789 USDC a BTC (1e-17: times 1e17): 1 long of 1
 * owes 12.3456789, pays 12.345679; 2 is owed it, gets 12.345678. What is left
 * is 1 unit: 0.1 kept from the payer and 0.9 from the receiver.
 */
Test(positions, funding_is_owed_up_and_due_down)
{
    uint32_t ledger = house_slot(f.engine, HOUSE_FUNDING, BTC_PERP);
    uint32_t fund = house_slot(f.engine, HOUSE_INSURANCE, 0);
    int64_t before[3], fund_before;
    i128 unit = (i128)INT64_C(1000000000) * INT64_C(10000000000);

    fixture_trade(&f, 1, 2, BTC_PERP, "1", "60000");
    before[1] = cash(1);
    before[2] = cash(2);
    fund_before = amount_raw(*engine_balance(f.engine, fund, USDC));
    f.engine->markets[0].funding_index +=
        (i128)INT64_C(123456789) * INT64_C(10000000000);
    f.engine->price_epoch++;

    cr_assert_eq(amount_raw(position_unsettled(f.engine, held(1))), -12345679);
    cr_assert_eq(amount_raw(position_unsettled(f.engine, held(2))), 12345678);
    position_settle_funding(f.engine,
                            position_find(f.engine, slot_of(1), BTC_PERP));
    cr_assert_eq(cash(1), before[1] - 12345679);
    cr_assert(f.engine->markets[0].funding_fraction == unit / 10);
    position_settle_funding(f.engine,
                            position_find(f.engine, slot_of(2), BTC_PERP));
    cr_assert_eq(cash(2), before[2] + 12345678);
    cr_assert(f.engine->markets[0].funding_fraction == unit);
    cr_assert_eq(amount_raw(*engine_balance(f.engine, ledger, USDC)), 1);
    cr_assert_eq(amount_raw(held(1)->funding), -12345679);

    position_sweep_funding(f.engine);
    cr_assert(f.engine->markets[0].funding_fraction == 0);
    cr_assert_eq(amount_raw(*engine_balance(f.engine, ledger, USDC)), 0);
    cr_assert_eq(amount_raw(*engine_balance(f.engine, fund, USDC)),
                 fund_before + 1);
}

/* A falling index pays the longs; a second settlement finds nothing. */
Test(positions, funding_the_other_way)
{
    uint32_t slot;
    int64_t before;

    fixture_trade(&f, 1, 2, BTC_PERP, "0.5", "60000");
    slot = position_find(f.engine, slot_of(1), BTC_PERP);
    before = cash(1);
    f.engine->markets[0].funding_index -= (i128)3 * INT64_C(100000000000000000);
    position_settle_funding(f.engine, slot);
    cr_assert_eq(cash(1), before + 1500000);
    position_settle_funding(f.engine, slot);
    cr_assert_eq(cash(1), before + 1500000);
    cr_assert(f.engine->markets[0].funding_fraction == 0);
}

/* An index moved by more than 64 bits hold, times the size: 2,000,000 USDC a
 * BTC is 2e23. */
Test(positions, funding_beyond_64_bits)
{
    struct position position = {.size = base("-3"), .market = BTC_PERP};

    f.engine->markets[0].funding_index =
        (i128)2000000 * INT64_C(100000000000000000);
    cr_assert_eq(amount_raw(position_unsettled(f.engine, &position)),
                 amount_raw(usdc("6000000")));
    position.size = qty_neg(base("-3"));
    cr_assert_eq(amount_raw(position_unsettled(f.engine, &position)),
                 amount_raw(usdc("-6000000")));
    f.engine->markets[0].funding_index = 0;
}

/* The chain is by market number whatever the order of opening. */
Test(positions, an_account_holds_its_positions_by_market)
{
    uint32_t account = slot_of(1), at;

    cr_assert_neq(position_open(f.engine, account, SOL_PERP), NONE);
    cr_assert_neq(position_open(f.engine, account, BTC_PERP), NONE);
    cr_assert_neq(position_open(f.engine, account, ETH_PERP), NONE);
    at = f.engine->accounts[account].positions;
    for (uint16_t market = 0; market < 3; market++) {
        cr_assert_eq(f.engine->positions[at].market, market);
        cr_assert_eq(position_find(f.engine, account, market), at);
        cr_assert_eq(position_open(f.engine, account, market), at);
        at = f.engine->positions[at].next;
    }
    cr_assert_eq(at, NONE);
    position_release(f.engine, position_find(f.engine, account, ETH_PERP));
    cr_assert_eq(position_find(f.engine, account, ETH_PERP), NONE);
    cr_assert_neq(position_find(f.engine, account, SOL_PERP), NONE);
    cr_assert_eq(f.engine->holder_counts[ETH_PERP], 0);
    cr_assert_eq(f.engine->holder_counts[SOL_PERP], 1);
}

Test(positions, the_limit_is_inclusive)
{
    struct position position = {.size = base("9999"), .market = BTC_PERP};

    cr_assert(position_within_limit(f.engine, &position, BTC_PERP, base("1")));
    cr_assert(
        !position_within_limit(f.engine, &position, BTC_PERP, base("1.0001")));
    cr_assert(position_within_limit(f.engine, &position, BTC_PERP,
                                    qty_neg(base("19999"))));
    cr_assert(!position_within_limit(f.engine, &position, BTC_PERP,
                                     qty_neg(base("19999.0001"))));
}
