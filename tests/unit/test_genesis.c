/*
 * Each bound of the genesis from both sides: the last value that passes, the
 * first that does not, and the path that the fault names.
 */
#include "engine/account.h"
#include "tests/lib/fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct genesis genesis;

static void setup(void)
{
    fixture_genesis(&genesis);
}

TestSuite(genesis, .init = setup);

static void put(char *name, const char *text)
{
    snprintf(name, NAME_BYTES_MAX, "%s", text);
}

static void accepts(const char *what)
{
    struct genesis_fault fault;

    cr_assert(genesis_check(&genesis, &fault), "%s: %s %s", what, fault.where,
              fault.what);
    cr_assert_eq(fault.where[0], 0);
}

static void refuses(const char *where)
{
    struct genesis_fault fault;

    cr_assert(!genesis_check(&genesis, &fault), "accepted: %s", where);
    cr_assert_str_eq(fault.where, where);
    cr_assert_neq(fault.what[0], 0);
    cr_assert_eq(engine_footprint(&genesis), 0);
}

/* `good` passes, `bad` is refused at `where`; the field keeps `good`. */
#define EDGE(field, good, bad, where) \
    do {                              \
        genesis.field = (good);       \
        accepts(where);               \
        genesis.field = (bad);        \
        refuses(where);               \
        genesis.field = (good);       \
    } while (0)

Test(genesis, the_sample_is_accepted)
{
    accepts("sample");
    cr_assert_eq(engine_footprint(&genesis) % 64, 0);
    cr_assert_gt(engine_footprint(&genesis), 0);
}

Test(genesis, assets)
{
    genesis.markets[0].position_max = base("1");
    EDGE(assets[1].decimals, 12, 13, "assets[1].decimals");
    EDGE(assets[1].feed, 3, 4, "assets[1].feed");
    EDGE(assets[1].weight_maintenance, ratio("1"), rate_of(RATE_ONE + 1),
         "assets[1].weight_maintenance");
    EDGE(assets[2].weight_initial, ratio("0.95"), rate_of(950000001),
         "assets[2].weight_initial");
    EDGE(assets[2].imf, ratio("1"), rate_of(RATE_ONE + 1), "assets[2].imf");
    EDGE(assets[0].supply_cap, amount_of(AMOUNT_MAX), amount_of(-1),
         "assets[0].supply_cap");
    EDGE(assets[0].scale_start, amount_of(0), amount_of(AMOUNT_MAX + 1),
         "assets[0].scale_start");
    genesis.assets[0].feed = 4711; /* the settlement asset needs none */
    accepts("settlement feed");
    genesis.asset_count = 0;
    refuses("asset_count");
}

/* 1e-9 of a unit and finer would leave no room for fees. */
Test(genesis, settlement_decimals)
{
    genesis.market_count = 0;
    EDGE(assets[0].decimals, 8, 9, "assets[0].decimals");
}

Test(genesis, names)
{
    put(genesis.assets[1].name, "USDC");
    refuses("assets[1].name");
    put(genesis.assets[1].name, "");
    refuses("assets[1].name");
    put(genesis.assets[1].name, "a b");
    refuses("assets[1].name");
    memset(genesis.assets[1].name, 'x', NAME_BYTES_MAX);
    refuses("assets[1].name");
    genesis.assets[1].name[NAME_BYTES_MAX - 1] = 0;
    accepts("longest name");
    put(genesis.feeds[2].index_name, "btc_usd");
    refuses("feeds[2].index_name");
    put(genesis.feeds[2].index_name, "x");
    put(genesis.feeds[2].name, "ETH");
    refuses("feeds[2].name");
    put(genesis.feeds[2].name, "SOL");
    put(genesis.markets[2].name, genesis.markets[0].name);
    refuses("markets[2].name");
}

Test(genesis, feeds)
{
    EDGE(feeds[0].quorum, 5, 6, "feeds[0].quorum");
    EDGE(feeds[0].quorum, 1, 0, "feeds[0].quorum");
    EDGE(feeds[3].price_max, price_of(PRICE_MAX), price_of(PRICE_MAX + 1),
         "feeds[3].price_max");
    EDGE(feeds[3].price_min, genesis.feeds[3].price_max,
         price_of(PRICE_MAX + 1), "feeds[3].price_min");
    EDGE(feeds[3].price_min, price_of(1), price_of(0), "feeds[3].price_min");
    EDGE(feeds[1].age_max, nanos_of(1), nanos_of(0), "feeds[1].age_max");
    EDGE(feeds[1].stale, nanos_of(1), nanos_of(0), "feeds[1].stale");
    EDGE(feeds[1].confidence_share_max, ratio("1"), rate_of(RATE_ONE + 1),
         "feeds[1].confidence_share_max");
    EDGE(feeds[1].deviation_bound, rate_of(1), rate_of(0),
         "feeds[1].deviation_bound");
    EDGE(feeds[1].uncertain_share, rate_of(0), rate_of(-1),
         "feeds[1].uncertain_share");
    EDGE(feeds[1].step_bound, rate_of(1), rate_of(0), "feeds[1].step_bound");
    EDGE(feeds[1].hour_growth, rate_of(0), rate_of(-1), "feeds[1].hour_growth");
    EDGE(feeds[1].second_growth, ratio("1"), rate_of(RATE_ONE + 1),
         "feeds[1].second_growth");
    genesis.feed_count = FEEDS_MAX + 1;
    refuses("feed_count");
}

/* tick 0.1 = 1e7, lot 0.0001 = 1e4: 1e11 is 10 units of 1e10. */
Test(genesis, tick_times_lot_is_whole)
{
    genesis.markets[0].tick = price_of(1000000);
    accepts("1 unit");
    genesis.markets[0].tick = price_of(999999);
    refuses("markets[0].lot");
    genesis.markets[0].tick = usd("0.1");
    EDGE(markets[0].order_min, base("0.0002"), base("0.00015"),
         "markets[0].order_min");
    EDGE(markets[0].position_max, base("0.0002"), base("0.0001"),
         "markets[0].position_max");
    EDGE(markets[0].tick, genesis.feeds[0].price_max, usd("1000000.1"),
         "markets[0].tick");
    EDGE(markets[0].lot, base("0.0002"), qty_of(0), "markets[0].lot");
}

/* 2^54 units are 18,014,398,509.481984 USDC: at 1,000,000 a BTC that is
 * 18,014.3985... BTC. */
Test(genesis, greatest_position)
{
    EDGE(markets[0].position_max, base("18014.3985"), base("18014.3986"),
         "markets[0].position_max");
}

Test(genesis, tiers)
{
    EDGE(markets[0].tiers[0].above, usdc("0"), usdc("0.000001"),
         "markets[0].tiers[0].above");
    EDGE(markets[0].tiers[2].above, usdc("1000000.000001"), usdc("1000000"),
         "markets[0].tiers[2].above");
    EDGE(markets[0].tiers[2].initial_rate, rate_of(50000001), ratio("0.05"),
         "markets[0].tiers[2].initial_rate");
    EDGE(markets[0].tiers[2].initial_rate, ratio("1"), rate_of(RATE_ONE + 1),
         "markets[0].tiers[2].initial_rate");
    EDGE(markets[0].tier_count, 1, 0, "markets[0].tier_count");
    EDGE(markets[0].tier_count, 3, TIERS_MAX + 1, "markets[0].tier_count");
    genesis.markets[0].mark_band = rate_of(0);
    EDGE(markets[0].tiers[0].initial_rate, rate_of(1), rate_of(0),
         "markets[0].tiers[0].initial_rate");
}

/* (0.02 - 0.02 * 0.5) / 4 = 0.0025. */
Test(genesis, mark_band)
{
    EDGE(markets[0].mark_band, ratio("0.0025"), rate_of(2500001),
         "markets[0].mark_band");
    genesis.markets[0].mark_band = rate_of(0);
    EDGE(markets[0].maintenance_fraction, ratio("1"), rate_of(RATE_ONE + 1),
         "markets[0].maintenance_fraction");
    EDGE(markets[0].maintenance_fraction, rate_of(1), rate_of(0),
         "markets[0].maintenance_fraction");
    EDGE(markets[0].band, rate_of(1), rate_of(0), "markets[0].band");
    EDGE(markets[0].band, rate_of(RATE_ONE - 1), ratio("1"), "markets[0].band");
}

Test(genesis, market_rates)
{
    EDGE(markets[1].feed, 3, 4, "markets[1].feed");
    genesis.markets[1].feed = FEED_ETH;
    EDGE(markets[1].volatility_reference, rate_of(0), rate_of(1),
         "markets[1].volatility_reference");
    EDGE(markets[1].oi_lower, amount_of(0), amount_of(-1),
         "markets[1].oi_lower");
    EDGE(markets[1].impact_notional, amount_of(1), amount_of(0),
         "markets[1].impact_notional");
    EDGE(markets[1].interest_8h, rate_of(-RATE_ONE), rate_of(-RATE_ONE - 1),
         "markets[1].interest_8h");
    EDGE(markets[1].funding_interval, nanos_of(60 * NANOS_PER_SECOND),
         nanos_of(60 * NANOS_PER_SECOND - 1), "markets[1].funding_interval");
    EDGE(markets[1].exit_buffer, rate_of(0), rate_of(-1),
         "markets[1].exit_buffer");
    EDGE(markets[1].step_share, rate_of(1), rate_of(0),
         "markets[1].step_share");
    EDGE(markets[1].step_min, genesis.markets[1].step_max,
         usdc("100000.000001"), "markets[1].step_min");
    EDGE(markets[1].insurance_minute_max, amount_of(0), amount_of(-1),
         "markets[1].insurance_minute_max");
}

Test(genesis, people)
{
    EDGE(validator_threshold, 3, 4, "validator_threshold");
    EDGE(validator_threshold, 1, 0, "validator_threshold");
    EDGE(governor_threshold, 5, 6, "governor_threshold");
    EDGE(guardian_threshold, 1, 0, "guardian_threshold");
    genesis.guardian_count = genesis.guardian_threshold = 0;
    accepts("no guardians");
    genesis.reporters[4] = genesis.reporters[1];
    refuses("reporters[4].address");
    genesis.reporters[4] = (struct address){{0}};
    refuses("reporters[4].address");
    genesis.reporters[4] = fixture_address(77);
    genesis.validators[0] = genesis.validators[2];
    refuses("validators[2].address");
    genesis.validator_count = 0;
    refuses("validator_count");
}

Test(genesis, fees)
{
    genesis.fees.tier_count = 2;
    genesis.fees.tiers[1] =
        (struct fee_tier){usdc("1"), ratio("-0.0001"), ratio("0.0004")};
    EDGE(fees.tiers[1].volume, amount_of(1), amount_of(0),
         "fees.tiers[1].volume");
    EDGE(fees.tiers[0].taker, rate_of(0), rate_of(-1), "fees.tiers[0].taker");
    EDGE(fees.tiers[1].maker, ratio("-0.1"), rate_of(-100000001),
         "fees.tiers[1].maker");
    EDGE(fees.treasury_ppm, 800000, 800001, "fees");
    EDGE(fees.tier_count, 1, 0, "fees.tier_count");
}

Test(genesis, scalars)
{
    EDGE(gain_weight, ratio("1"), rate_of(RATE_ONE + 1), "gain_weight");
    EDGE(insurance_start, amount_of(AMOUNT_MAX / 8),
         amount_of(AMOUNT_MAX / 8 + 1), "insurance_start");
    EDGE(tick_interval, nanos_of(NANOS_PER_MS), nanos_of(NANOS_PER_MS - 1),
         "tick_interval");
    EDGE(block_interval, nanos_of(NANOS_PER_MS), nanos_of(NANOS_PER_MS - 1),
         "block_interval");
    EDGE(block_commands, 1, 0, "block_commands");
    EDGE(start_time, nanos_of(1), nanos_of(0), "start_time");
    EDGE(self_trade, SELF_TRADE_ALLOW, SELF_TRADE_ALLOW + 1, "self_trade");
}

/* 7 single ledgers, 3 markets with 2 each, one fund: 14, and one user. */
Test(genesis, capacities)
{
    cr_assert_eq(house_count(&genesis), 14);
    EDGE(capacities.accounts, 15, 14, "capacities.accounts");
    EDGE(capacities.account_orders, genesis.capacities.orders,
         genesis.capacities.orders + 1, "capacities.account_orders");
    EDGE(capacities.nonces, 1024, 1023, "capacities.nonces");
    EDGE(capacities.levels, 1, 0, "capacities.levels");
    EDGE(capacities.levels, LEVELS_CAPACITY_MAX, LEVELS_CAPACITY_MAX + 1,
         "capacities.levels");
    EDGE(capacities.withdrawals, 1, 0, "capacities.withdrawals");
    genesis.markets[1].pool = 3;
    cr_assert_eq(house_count(&genesis), 17);
    genesis.capacities.accounts = 17;
    refuses("capacities.accounts");
}

Test(genesis, the_sentence_has_the_figures)
{
    struct genesis_fault fault;

    genesis.feeds[1].quorum = 6;
    cr_assert(!genesis_check(&genesis, &fault));
    cr_assert_str_eq(fault.what, "is 6, must be from 1 to 5");
    genesis.feeds[1].quorum = 1;
    genesis.assets[1].supply_cap = amount_of(-5);
    cr_assert(!genesis_check(&genesis, &fault));
    cr_assert_str_eq(fault.what,
                     "is -5, must be from 0 to 2305843009213693952");
}

Test(genesis, notional_divisor)
{
    cr_assert_eq(genesis_notional_divisor(&genesis), INT64_C(10000000000));
    genesis.assets[0].decimals = 8;
    cr_assert_eq(genesis_notional_divisor(&genesis), INT64_C(100000000));
}
