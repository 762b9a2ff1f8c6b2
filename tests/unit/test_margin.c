/*
 * Margin of accounts: the sums kept change by change against those made from
 * scratch, and what may happen, worked out by hand on the fixture's network
 * (BTC: 2 % to 1,000,000, half of it maintenance; fees 0.02 % and 0.05 %).
 */
#include "engine/account.h"
#include "engine/margin.h"
#include "engine/order.h"
#include "engine/position.h"
#include "tests/lib/fixture.h"

#include <criterion/criterion.h>
#include <string.h>

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

TestSuite(margin, .init = setup, .fini = teardown);

static uint32_t slot_of(uint32_t owner)
{
    struct account_id id = fixture_account(owner, 0);

    return account_find(f.engine, &id);
}

static struct margin margin_now(uint32_t owner)
{
    struct margin kept, made;

    margin_compute(f.engine, slot_of(owner), &made);
    margin_read(f.engine, slot_of(owner), &kept);
    cr_assert_eq(memcmp(&kept, &made, sizeof kept), 0,
                 "kept sums are not those made from scratch");
    return kept;
}

static void is(struct amount value, const char *expected)
{
    cr_assert_eq(amount_raw(value), amount_raw(usdc(expected)),
                 "%lld is not %s", (long long)amount_raw(value), expected);
}

Test(margin, of_cash_alone)
{
    struct margin margin = margin_now(1);

    is(margin.cash, "100000");
    is(margin.equity, "100000");
    is(margin.equity_initial, "100000");
    is(margin.equity_withdrawal, "100000");
    is(margin.initial, "0");
    is(margin.maintenance_open, "0");
}

/* 1 BTC bought at 60,000, now at 61,000: gain 1,000, of which 950 count for
 * initial margin and nothing for a withdrawal. IM 2 % of 61,000 = 1,220. */
Test(margin, of_a_gain)
{
    struct margin margin;

    fixture_trade(&f, 1, 2, BTC_PERP, "1", "60000");
    fixture_prices(&f, "61000", "2500", "150");
    margin = margin_now(1);
    is(margin.cash, "99970");
    is(margin.gain, "1000");
    is(margin.equity, "100970");
    is(margin.equity_initial, "100920");
    is(margin.equity_withdrawal, "99970");
    is(margin.initial, "1220");
    is(margin.maintenance, "610");
    is(margin.initial_open, "1220");
    margin = margin_now(2);
    is(margin.gain, "-1000");
    is(margin.equity_initial, "98988");
    is(margin.equity_withdrawal, "98988");
}

/* Gains and losses meet before they are weighed: +1,000 in BTC and -400 in
 * ETH count 0.95 * 600 = 570. */
Test(margin, sums_results_before_weighing_them)
{
    struct margin margin;

    fixture_trade(&f, 1, 2, BTC_PERP, "1", "60000");
    fixture_trade(&f, 1, 3, ETH_PERP, "10", "2500");
    fixture_prices(&f, "61000", "2460", "150");
    margin = margin_now(1);
    is(margin.gain, "600");
    is(margin.equity_initial, "100527.5"); /* 99,970 - 12.5 + 570 */
}

Test(margin, gain_cap)
{
    fixture_free(&f);
    fixture_genesis(&f.genesis);
    f.genesis.gain_cap = usdc("500");
    fixture_start(&f);
    fixture_prices(&f, "60000", "2500", "150");
    fixture_deposit(&f, 1, 0, USDC, usdc("100000"));
    fixture_deposit(&f, 2, 0, USDC, usdc("100000"));
    fixture_trade(&f, 1, 2, BTC_PERP, "1", "60000");
    fixture_prices(&f, "61000", "2500", "150");
    is(margin_now(1).equity_initial, "100470");
}

/* Open orders: long 1, buys of 2 below, sells of 5 above: |1 + 2| = 3 against
 * |1 - 5| = 4: the short side is worse. 4 * 60,000 * 2 % = 4,800. */
Test(margin, counts_the_worse_side)
{
    struct margin margin;

    fixture_trade(&f, 1, 2, BTC_PERP, "1", "60000");
    fixture_buy(&f, 1, BTC_PERP, "2", "59000");
    is(margin_now(1).initial_open, "3600");
    fixture_sell(&f, 1, BTC_PERP, "5", "61000");
    margin = margin_now(1);
    is(margin.initial_open, "4800");
    is(margin.maintenance_open, "2400");
    is(margin.initial, "1200");
    is(margin.maintenance, "600");
}

/* A buy of 2 at 60,100 would lose 200 against the mark: it is added to both
 * requirements, with nobody there to trade with. Reduce-only orders and the
 * other side's good prices add nothing. */
Test(margin, counts_what_orders_would_lose)
{
    struct order_terms terms = fixture_limit(BTC_PERP, SIDE_SELL, "1", "60500");
    struct margin margin;

    fixture_buy(&f, 1, BTC_PERP, "2", "60100");
    margin = margin_now(1);
    is(margin.initial_open, "2600");
    is(margin.maintenance_open, "1400");
    is(margin.maintenance, "0");
    fixture_trade(&f, 2, 3, BTC_PERP, "1", "60600");
    terms.is_reduce_only = true;
    cr_assert_neq(fixture_order(&f, 2, &terms), 0);
    is(margin_now(2).initial_open, "1200");
}

/* Half a unit of loss is one unit for the position, not one per order: three
 * sells of 0.0001 a third of a dollar-cent under the mark. */
Test(margin, rounds_the_orders_loss_once)
{
    struct margin margin;

    fixture_price(&f, FEED_BTC, "60000.0001");
    fixture_ticks(&f, 1, 100, true);
    for (int i = 0; i < 3; i++)
        fixture_sell(&f, 1, BTC_PERP, "0.0001", "60000");
    margin = margin_now(1);
    /* Each would lose 0.00000001 USDC, a hundredth of a unit: together 0.03,
     * so one unit. N = 0.0003 * 60,000.0001 = 18.00000003: up to a unit 18
     * for a short is 18,000,001 units, 2 % of it 360,000.02, so 360,001. */
    cr_assert_eq(amount_raw(margin.initial_open), 360002);
}

/* The same from the order's end: fills, cancels and replaces keep the sums
 * (margin_now compares them with those from scratch). */
Test(margin, sums_follow_every_change)
{
    uint64_t first = fixture_buy(&f, 1, BTC_PERP, "2", "60100"), second;

    margin_now(1);
    second = fixture_buy(&f, 1, BTC_PERP, "1", "59000");
    fixture_sell(&f, 2, BTC_PERP, "0.5", "60050");
    is(margin_now(1).maintenance, "300");
    margin_now(2);
    fixture_tick(&f, 100);
    margin_now(1);
    cr_assert_eq(fixture_cancel(&f, 1, second), result_ok);
    margin_now(1);
    cr_assert_eq(fixture_cancel(&f, 1, first), result_ok);
    is(margin_now(1).maintenance_open, "300");
    is(margin_now(1).initial_open, "600");
}

/* 2 BTC of collateral: 108,000 and 114,000. */
Test(margin, of_collateral)
{
    struct margin margin;

    fixture_deposit(&f, 1, 0, BTC, coin("2"));
    margin = margin_now(1);
    is(margin.equity, "214000");
    is(margin.equity_initial, "208000");
    is(margin.equity_withdrawal, "208000");
    fixture_prices(&f, "50000", "2500", "150");
    is(margin_now(1).equity, "195000");
}

/* Owing 2,000: 5 % and 3 % of it are asked for, with no position at all. */
Test(margin, of_a_debt)
{
    struct margin margin;

    fixture_deposit(&f, 4, 0, BTC, coin("2"));
    fixture_trade(&f, 4, 2, BTC_PERP, "1", "60000");
    fixture_prices(&f, "58030", "2500", "150");
    fixture_trade(&f, 2, 4, BTC_PERP, "1", "58030");
    margin = margin_now(4);
    /* 30 for the buy, 58030 * 0.02 % = 11.606 for the resting sale. */
    is(margin.cash, "-2011.606");
    is(margin.initial, "100.5803");
    is(margin.maintenance, "60.34818");
    is(margin.initial_open, "100.5803");
}

/* Confidence 12 of the index: IM + 12 a BTC, MM as before. */
Test(margin, of_an_uncertain_price)
{
    fixture_trade(&f, 1, 2, BTC_PERP, "2", "60000");
    f.engine->feeds[FEED_BTC].confidence = usd("12");
    f.engine->price_epoch++;
    is(margin_now(1).initial, "2424");
    is(margin_now(1).maintenance, "1200");
}

/* An own rate of 10 % of 60,000. */
Test(margin, of_an_own_rate)
{
    uint32_t slot;

    fixture_trade(&f, 1, 2, BTC_PERP, "1", "60000");
    slot = position_find(f.engine, slot_of(1), BTC_PERP);
    f.engine->positions[slot].own_rate = ratio("0.1");
    margin_position_changed(f.engine, slot);
    is(margin_now(1).initial, "6000");
    is(margin_now(1).maintenance, "600");
    fixture_buy(&f, 1, BTC_PERP, "0.5", "59000");
    is(margin_now(1).initial_open, "9000");
    f.engine->positions[slot].own_rate = ratio("0");
    margin_position_changed(f.engine, slot);
    is(margin_now(1).initial_open, "1800");
}

/* Open interest 10 BTC = 600,000 between 500,000 and 900,000: g = 0.25 at the
 * next tick. IM of 10 BTC: 12,000 + 0.25 * 588,000 = 159,000: more than 1
 * has, but its maintenance did not move. */
Test(margin, of_crowded_markets)
{
    struct margin margin;

    fixture_free(&f);
    fixture_genesis(&f.genesis);
    f.genesis.markets[0].oi_lower = usdc("500000");
    f.genesis.markets[0].oi_upper = usdc("900000");
    fixture_start(&f);
    fixture_prices(&f, "60000", "2500", "150");
    fixture_deposit(&f, 1, 0, USDC, usdc("100000"));
    fixture_deposit(&f, 2, 0, USDC, usdc("1000000"));
    fixture_trade(&f, 1, 2, BTC_PERP, "10", "60000");
    cr_assert(margin_inputs_changed(f.engine));
    is(margin_now(1).initial, "12000");
    fixture_prices(&f, "60000", "2500", "150");
    cr_assert(!margin_inputs_changed(f.engine));
    margin = margin_now(1);
    is(margin.initial, "159000");
    is(margin.maintenance, "6000");
    /* More risk is refused, less is welcome. */
    cr_assert_eq(fixture_buy(&f, 1, BTC_PERP, "0.0001", "59000"), 0);
    cr_assert_eq(fixture_result(&f), result_not_enough_margin);
    cr_assert_neq(fixture_sell(&f, 1, BTC_PERP, "1", "61000"), 0);
}

/* 5 BTC of 20 in all, scale_start 300,000 of 1,200,000: c = 0.25 from the
 * next tick on. 5 * 60,000 * 0.9 * 0.25 = 67,500. */
Test(margin, of_concentrated_collateral)
{
    fixture_free(&f);
    fixture_genesis(&f.genesis);
    f.genesis.assets[BTC].scale_start = usdc("300000");
    fixture_start(&f);
    fixture_prices(&f, "60000", "2500", "150");
    fixture_deposit(&f, 1, 0, BTC, coin("5"));
    fixture_deposit(&f, 2, 0, BTC, coin("15"));
    is(margin_now(1).equity_initial, "270000");
    fixture_prices(&f, "60000", "2500", "150");
    is(margin_now(1).equity_initial, "67500");
    is(margin_now(1).equity, "285000");
}

/* ---- may it? --------------------------------------------------------------
 */

static bool admits(uint32_t owner, enum side side, const char *size,
                   const char *price, const char *fee)
{
    struct margin_gap gap;

    return margin_admits_order(f.engine, slot_of(owner), BTC_PERP, side,
                               base(size), usd(price), usdc(fee), &gap);
}

/* 100,000 carry 83.3333 BTC at 2 % only to 1,000,000, then 5 %: B(N) =
 * 0.05 N - 30,000 = 100,000 gives N = 2,600,000 = 43.3333 BTC. */
Test(margin, admits_orders_up_to_the_requirement)
{
    struct margin_gap gap;

    cr_assert(admits(1, SIDE_BUY, "43.3333", "60000", "0"));
    cr_assert(!admits(1, SIDE_BUY, "43.3334", "60000", "0"));
    cr_assert(admits(1, SIDE_SELL, "43.3333", "60000", "0"));
    cr_assert(!admits(1, SIDE_SELL, "43.3334", "60000", "0"));
    /* 43.3333 * 60,000 = 2,599,998: 99,999.9 needed, 0.1 left for a fee. */
    cr_assert(admits(1, SIDE_BUY, "43.3333", "60000", "0.1"));
    cr_assert(!admits(1, SIDE_BUY, "43.3333", "60000", "0.100001"));
    cr_assert(!margin_admits_order(f.engine, slot_of(1), BTC_PERP, SIDE_BUY,
                                   base("43.3333"), usd("60000"),
                                   usdc("0.100001"), &gap));
    is(gap.required, "99999.9");
    is(gap.available, "99999.899999");
    /* A limit above the mark costs its loss: 40 * 60,000 = 2,400,000 needs
     * 90,000, and 40 * 250 = 10,000 are the rest. */
    cr_assert(admits(1, SIDE_BUY, "40", "60250", "0"));
    cr_assert(!admits(1, SIDE_BUY, "40", "60250.1", "0"));
}

/* Under its initial requirement (40 BTC need 90,000 at 60,000; at 58,000 the
 * loss of 80,000 leaves 18,800 for 86,000) an account may still reduce, in
 * any number of orders, but not turn round. */
Test(margin, admits_what_only_reduces)
{
    struct margin margin;

    fixture_deposit(&f, 2, 0, USDC, usdc("10000000"));
    fixture_trade(&f, 1, 2, BTC_PERP, "40", "60000");
    f.engine->markets[0].mark = usd("58000");
    f.engine->price_epoch++;
    margin = margin_now(1);
    cr_assert(amount_cmp(margin.equity_initial, margin.initial_open) < 0);
    cr_assert(admits(1, SIDE_SELL, "40", "59000", "100"));
    cr_assert(admits(1, SIDE_SELL, "40", "55000", "100"));
    cr_assert(!admits(1, SIDE_SELL, "40.0001", "59000", "0"));
    cr_assert(!admits(1, SIDE_BUY, "0.0001", "50000", "0"));
    f.engine->markets[0].mark = usd("60000");
    f.engine->price_epoch++;
    cr_assert_neq(fixture_sell(&f, 1, BTC_PERP, "15", "60001"), 0);
    f.engine->markets[0].mark = usd("58000");
    f.engine->price_epoch++;
    cr_assert(admits(1, SIDE_SELL, "25", "59000", "0"));
    cr_assert(!admits(1, SIDE_SELL, "25.0001", "59000", "0"));
}

/*
 * 40 BTC at 59,000: 58,800 of equity against 88,000 initial and 44,000
 * maintenance. A sale above the mark may wait; one below it, whose loss would
 * be added to the requirements, trades what it can and does not wait.
 */
Test(margin, what_reduces_may_not_rest_at_a_loss)
{
    const struct event *event;

    f.is_unchecked = true;
    fixture_deposit(&f, 2, 0, USDC, usdc("10000000"));
    fixture_trade(&f, 1, 2, BTC_PERP, "40", "60000");
    f.engine->markets[0].mark = usd("59000");
    f.engine->price_epoch++;
    is(margin_now(1).equity, "58800");
    is(margin_now(1).initial, "88000");
    fixture_sell(&f, 1, BTC_PERP, "5", "59000");
    event = fixture_event(&f, EVENT_ORDER, 0);
    cr_assert_eq(event->order.state, ORDER_OPEN);
    fixture_sell(&f, 1, BTC_PERP, "5", "58999.9");
    event = fixture_event(&f, EVENT_ORDER, 0);
    cr_assert_eq(event->order.state, ORDER_CANCELLED);
    cr_assert_eq(event->order.reason, REASON_MARGIN);
    fixture_buy(&f, 2, BTC_PERP, "2", "58950");
    fixture_sell(&f, 1, BTC_PERP, "5", "58900");
    cr_assert_eq(fixture_count(&f, EVENT_TRADE), 1);
    event = fixture_event(&f, EVENT_TRADE, 0);
    cr_assert_eq(qty_raw(event->trade.size), qty_raw(base("2")));
    event = fixture_event(&f, EVENT_ORDER, fixture_count(&f, EVENT_ORDER) - 1);
    cr_assert_eq(event->order.reason, REASON_MARGIN);
    cr_assert_eq(qty_raw(event->order.filled), qty_raw(base("2")));
    is(margin_now(1).maintenance_open, "41050"); /* 38 BTC: 2,242,000 */
}

/*
 * The same account closes 10 of its 40 at 58,000: equity 18,800 (100,000 -
 * 1,200 fee - 80,000), MMR of 2,320,000 = 43,000, of 30 BTC (1,740,000)
 * 28,500. The ratio asks for E' >= 18,800 * 28,500 / 43,000 = 12,460.465..:
 * it may lose 6,339.534883 by price and fee, not a unit more.
 */
Test(margin, admits_fills_that_keep_the_ratio)
{
    uint32_t slot;
    struct margin margin;

    fixture_deposit(&f, 2, 0, USDC, usdc("10000000"));
    fixture_trade(&f, 1, 2, BTC_PERP, "40", "60000");
    f.engine->markets[0].mark = usd("58000");
    f.engine->price_epoch++;
    margin = margin_now(1);
    is(margin.equity, "18800");
    is(margin.maintenance, "43000");
    slot = position_find(f.engine, slot_of(1), BTC_PERP);
    cr_assert(margin_admits_fill(f.engine, slot, qty_neg(base("10")),
                                 usdc("580000"), usdc("6339.534883"), qty_of(0),
                                 price_of(0)));
    cr_assert(!margin_admits_fill(f.engine, slot, qty_neg(base("10")),
                                  usdc("580000"), usdc("6339.534884"),
                                  qty_of(0), price_of(0)));
    cr_assert(margin_admits_fill(f.engine, slot, qty_neg(base("10")),
                                 usdc("573660.465117"), usdc("0"), qty_of(0),
                                 price_of(0)));
    cr_assert(!margin_admits_fill(f.engine, slot, qty_neg(base("10")),
                                  usdc("573660.465116"), usdc("0"), qty_of(0),
                                  price_of(0)));
    /* Adding is no reduction, however small. */
    cr_assert(!margin_admits_fill(f.engine, slot, base("0.0001"), usdc("5.8"),
                                  usdc("0"), qty_of(0), price_of(0)));
}

/* What a fill is judged by is what the account is afterwards. */
Test(margin, a_fill_is_foreseen_exactly)
{
    uint32_t slot;
    struct margin margin;

    fixture_trade(&f, 1, 2, BTC_PERP, "0.3333", "60000");
    fixture_prices(&f, "60123.45", "2500", "150");
    slot = position_find(f.engine, slot_of(1), BTC_PERP);
    for (int i = 0; i < 2; i++) {
        struct amount spare;

        margin = margin_now(1);
        spare = amount_sub(margin.equity_initial, margin.initial_open);
        /* Buying 1 at the mark's tick takes 2 % of it and the fee; the last
         * unit of fee that fits is found, one more does not. */
        struct amount low = usdc("0"), high = spare;

        while (amount_cmp(amount_add(low, amount_of(1)), high) < 0) {
            struct amount middle =
                amount_of((amount_raw(low) + amount_raw(high)) / 2);

            if (margin_admits_fill(f.engine, slot, base("1"), usdc("60123.4"),
                                   middle, qty_of(0), price_of(0)))
                low = middle;
            else
                high = middle;
        }
        position_fill(f.engine, slot, base("1"), usdc("60123.4"), 0);
        margin = margin_now(1);
        cr_assert_eq(
            amount_raw(amount_sub(margin.equity_initial, margin.initial_open)),
            amount_raw(low));
    }
}

/* A resting order's own share of the requirement is used up by its fill. */
Test(margin, a_makers_fill_frees_its_order)
{
    uint32_t slot;

    /* 42.5 BTC are 2,550,000: they need 97,500 of 100,000 while they rest. */
    cr_assert_neq(fixture_buy(&f, 1, BTC_PERP, "42.5", "60000"), 0);
    slot = position_find(f.engine, slot_of(1), BTC_PERP);
    cr_assert(margin_admits_fill(f.engine, slot, base("42.5"), usdc("2550000"),
                                 usdc("2500"), base("42.5"), usd("60000")));
    cr_assert(!margin_admits_fill(f.engine, slot, base("42.5"), usdc("2550000"),
                                  usdc("2500.000001"), base("42.5"),
                                  usd("60000")));
    /* A part of it leaves the rest standing. */
    cr_assert(margin_admits_fill(f.engine, slot, base("2.5"), usdc("150000"),
                                 usdc("2500"), base("2.5"), usd("60000")));
    /* Counted twice it would not fit: 45 BTC need 105,000. */
    cr_assert(!margin_admits_fill(f.engine, slot, base("2.5"), usdc("150000"),
                                  usdc("0"), qty_of(0), price_of(0)));
}

/* 1 BTC at 60,000 and 1,000 up: 99,970 may go down to 1,220, the gain of
 * 1,000 does not count. */
Test(margin, admits_withdrawals_without_gains)
{
    struct margin_gap gap;

    fixture_trade(&f, 1, 2, BTC_PERP, "1", "60000");
    fixture_prices(&f, "61000", "2500", "150");
    cr_assert(margin_admits_withdrawal(f.engine, slot_of(1), USDC,
                                       usdc("98750"), &gap));
    cr_assert(!margin_admits_withdrawal(f.engine, slot_of(1), USDC,
                                        usdc("98750.000001"), &gap));
    is(gap.required, "1220");
    is(gap.available, "1219.999999");
    /* The loser's loss counts in full: 99,988 - 1,000 - 1,220. */
    cr_assert(margin_admits_withdrawal(f.engine, slot_of(2), USDC,
                                       usdc("97768"), &gap));
    cr_assert(!margin_admits_withdrawal(f.engine, slot_of(2), USDC,
                                        usdc("97768.000001"), &gap));
}

/* 2 BTC beside 100,000 USDC with 3,600,000 of notional: B = 150,000. 1 BTC is
 * worth 54,000: 100,000 - 1,800 fee + 54,000 = 152,200 is enough, 0.95 BTC
 * (51,300) less the fee is not. */
Test(margin, admits_withdrawals_of_collateral)
{
    struct margin_gap gap;

    fixture_deposit(&f, 1, 0, BTC, coin("2"));
    fixture_deposit(&f, 2, 0, USDC, usdc("10000000"));
    fixture_trade(&f, 1, 2, BTC_PERP, "60", "60000");
    cr_assert(
        margin_admits_withdrawal(f.engine, slot_of(1), BTC, coin("1"), &gap));
    cr_assert(!margin_admits_withdrawal(f.engine, slot_of(1), BTC, coin("1.05"),
                                        &gap));
    is(gap.required, "150000");
    is(gap.available, "149500");
}

/* Great figures are bounded, not wrapped: the greatest balances at the
 * greatest price. */
Test(margin, great_collateral_is_cut)
{
    struct amount initial, maintenance;

    f.engine->feeds[FEED_BTC].price = price_of(PRICE_MAX);
    margin_collateral(f.engine, BTC, amount_of(AMOUNT_MAX), &initial,
                      &maintenance);
    cr_assert_eq(amount_raw(initial), INT64_C(1) << 56);
    cr_assert_eq(amount_raw(maintenance), INT64_C(1) << 56);
}

/* Nothing is recomputed while the epoch lasts, everything after it. */
Test(margin, a_new_epoch_makes_all_anew)
{
    uint64_t epoch;

    fixture_trade(&f, 1, 2, BTC_PERP, "1", "60000");
    margin_now(1);
    epoch = f.engine->price_epoch;
    cr_assert_eq(f.engine->accounts[slot_of(1)].price_epoch, epoch);
    fixture_prices(&f, "59000", "2500", "150");
    cr_assert_gt(f.engine->price_epoch, epoch);
    is(margin_now(1).gain, "-1000");
    cr_assert_eq(f.engine->accounts[slot_of(1)].price_epoch,
                 f.engine->price_epoch);
}
