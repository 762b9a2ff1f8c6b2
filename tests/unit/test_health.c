/*
 * The health index against a scan of everybody: nobody unsafe is missed, and
 * who is safe is let alone.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "engine/account.h"
#include "engine/health.h"
#include "engine/margin.h"
#include "tests/lib/fixture.h"

#define MAKER 100
#define TRADERS 40

static uint64_t random_of(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return *seed >> 33;
}

static uint32_t slot_of(const struct fixture *f, uint32_t owner)
{
    struct account_id id = fixture_account(owner, 0);

    return account_find(f->engine, &id);
}

/* Unsafe by its figures, but neither in liquidation nor on the list. */
static uint32_t count_missed(const struct fixture *f)
{
    uint32_t missed = 0;

    for (uint32_t i = 0; i < f->engine->account_pool.used; i++) {
        const struct account *account = &f->engine->accounts[i];
        struct margin margin;

        if (account->is_house)
            continue;
        margin_compute(f->engine, i, &margin);
        if (amount_is_positive(margin.maintenance) &&
            amount_cmp(margin.equity, margin.maintenance) < 0 &&
            !account->is_in_liquidation && !account->is_dirty)
            missed++;
    }
    return missed;
}

/* Whose figures were made anew at this tick. */
static uint32_t count_examined(const struct fixture *f)
{
    uint32_t examined = 0;

    for (uint32_t i = 1; i <= TRADERS; i++)
        examined += f->engine->accounts[slot_of(f, i)].price_epoch ==
                    f->engine->price_epoch;
    return examined;
}

static void prices(struct fixture *f, const int64_t *cents)
{
    for (uint16_t i = 0; i < 3; i++)
        f->prices[i] = price_of(cents[i] * PRICE_ONE / 100);
    f->prices[FEED_USDC] = usd("1");
    fixture_ticks(f, 1, 100, true);
}

/* Traders with every mix of positions and of collateral. */
static void populate(struct fixture *f, uint64_t *seed, int64_t cash)
{
    static const char *const sizes[] = {"1", "20", "500"};
    static const char *const at[] = {"60000", "3000", "100"};

    fixture_prices(f, "60000", "3000", "100");
    fixture_deposit(f, MAKER, 0, USDC, usdc("50000000"));
    for (uint32_t i = 1; i <= TRADERS; i++) {
        fixture_deposit(
            f, i, 0, USDC,
            amount_of((cash + (int64_t)(random_of(seed) % 9000)) * 1000000));
        if (random_of(seed) % 3 == 0)
            fixture_deposit(f, i, 0, BTC,
                            amount_of((int64_t)(random_of(seed) % 20000000)));
        if (random_of(seed) % 3 == 0)
            fixture_deposit(f, i, 0, ETH,
                            amount_of((int64_t)(random_of(seed) % 200000000)));
        for (uint16_t market = 0; market < 3; market++) {
            uint64_t way = random_of(seed) % 3;

            if (way == 0)
                fixture_trade(f, i, MAKER, market, sizes[market], at[market]);
            else if (way == 1)
                fixture_trade(f, MAKER, i, market, sizes[market], at[market]);
        }
    }
}

/* Funding moves in the middle of everything, by up to 0.5 % of the price. */
static void shift_funding(struct fixture *f, uint64_t *seed)
{
    for (uint16_t i = 0; i < 3; i++) {
        struct market *market = &f->engine->markets[i];
        int64_t part = (int64_t)(random_of(seed) % 100) - 50;

        market->funding_index +=
            (i128)price_raw(market->mark) * RATE_ONE * part / 10000;
    }
    f->engine->price_epoch++;
}

static void walk(uint64_t seed)
{
    int64_t cents[] = {6000000, 300000, 10000};
    struct fixture f;
    uint32_t begun = 0;

    fixture_init(&f);
    f.is_unchecked = true; /* the books are not what is tested here */
    populate(&f, &seed, 5500);
    for (int step = 0; step < 400; step++) {
        for (int i = 0; i < 3; i++)
            cents[i] +=
                cents[i] * ((int64_t)(random_of(&seed) % 2001) - 1000) / 200000;
        if (step % 10 == 0)
            shift_funding(&f, &seed);
        if (step % 7 == 0)
            fixture_deposit(&f, (uint32_t)(random_of(&seed) % TRADERS) + 1, 0,
                            USDC,
                            amount_of((int64_t)(random_of(&seed) % 1000000)));
        prices(&f, cents);
        for (uint32_t i = 0; i < f.event_count; i++)
            begun += f.events[i].kind == EVENT_LIQUIDATION &&
                     f.events[i].liquidation.step == STEP_BEGIN;
        cr_assert_eq(count_missed(&f), 0, "step %d", step);
    }
    cr_assert_gt(begun, 3);
    fixture_free(&f);
}

Test(health, nobody_unsafe_is_missed)
{
    for (uint64_t seed = 1; seed <= 8; seed++)
        walk(seed);
}

/* One trader against the maker in 1 BTC, armed at 60,000. */
static void begin_one(struct fixture *f, const char *cash, bool is_long)
{
    fixture_init(f);
    fixture_prices(f, "60000", "3000", "100");
    fixture_deposit(f, MAKER, 0, USDC, usdc("50000000"));
    fixture_deposit(f, 1, 0, USDC, usdc(cash));
    fixture_trade(f, is_long ? 1 : MAKER, is_long ? MAKER : 1, BTC_PERP, "1",
                  "60000");
    fixture_ticks(f, 2, 100, true);
    cr_assert_not(f->engine->accounts[slot_of(f, 1)].is_dirty);
}

/* By this much a long has to pay more (a short less) from now on. */
static void fund(struct fixture *f, const char *amount)
{
    f->engine->markets[BTC_PERP].funding_index +=
        (i128)price_raw(usd(amount)) * RATE_ONE;
    f->engine->price_epoch++;
    fixture_ticks(f, 1, 100, true);
}

static bool is_in_liquidation(const struct fixture *f)
{
    return f->engine->accounts[slot_of(f, 1)].is_in_liquidation;
}

/* 1,300 - 12 (the maker's fee) = 1,288 against 600: 688 to lose. */
Test(health, funding_alone_is_noticed_by_shorts)
{
    struct fixture f;

    begin_one(&f, "1300", false);
    fund(&f, "-688");
    cr_assert_not(is_in_liquidation(&f));
    fund(&f, "-0.01");
    cr_assert(is_in_liquidation(&f));
    fixture_free(&f);
}

/* 1,300 - 30 (the taker's) against 600: 670. */
Test(health, funding_alone_is_noticed_by_longs)
{
    struct fixture f;

    begin_one(&f, "1300", true);
    fund(&f, "670");
    cr_assert_not(is_in_liquidation(&f));
    fund(&f, "0.01");
    cr_assert(is_in_liquidation(&f));
    fixture_free(&f);
}

/* Funding holds a long's equity still while the mark rises: 1,270 is short
 * of 1 % from 127,000 on. */
Test(health, a_requirement_that_grows_alone_is_noticed)
{
    char price[32];
    struct fixture f;

    begin_one(&f, "1300", true);
    for (int step = 1; step <= 67; step++) {
        cr_assert_not(is_in_liquidation(&f));
        snprintf(price, sizeof price, "%d", 60000 + 1000 * step);
        fixture_price(&f, FEED_BTC, price);
        fund(&f, "1000");
    }
    cr_assert_not(is_in_liquidation(&f));
    fixture_price(&f, FEED_BTC, "127001");
    fund(&f, "1");
    cr_assert(is_in_liquidation(&f));
    fixture_free(&f);
}

/* An ETH of collateral counts 95 %; without cash it is all there is against
 * the 600 of 1 BTC. */
Test(health, collateral_that_falls_is_noticed)
{
    struct fixture f;
    uint32_t slot;

    begin_one(&f, "1300", true);
    slot = slot_of(&f, 1);
    fixture_deposit(&f, 1, 0, ETH, coin("1"));
    fixture_ticks(&f, 2, 100, true);
    f.is_unchecked = true;
    *engine_balance(f.engine, slot, USDC) = amount_of(0);
    account_touch(f.engine, slot);
    fixture_ticks(&f, 2, 100, true);
    cr_assert_not(f.engine->accounts[slot].is_dirty);
    /* 631.57 * 0.95 = 599.9915; each step is under 25 %. */
    for (const char *const *eth =
             (const char *const[]){"2400", "1850", "1450", "1150", "900", "700",
                                   "632", NULL};
         *eth; eth++) {
        fixture_prices(&f, "60000", *eth, "100");
        cr_assert_not(is_in_liquidation(&f), "%s", *eth);
    }
    fixture_prices(&f, "60000", "631.57", "100");
    cr_assert(is_in_liquidation(&f));
    fixture_free(&f);
}

/* With a hundred thousand each, moves of a tenth of a percent concern
 * nobody: no account is even read. */
Test(health, the_safe_are_let_alone)
{
    int64_t cents[] = {6000000, 300000, 10000};
    uint64_t seed = 5;
    struct fixture f;

    fixture_init(&f);
    populate(&f, &seed, 100000);
    fixture_ticks(&f, 1, 100, true);
    for (int step = 0; step < 20; step++) {
        for (int i = 0; i < 3; i++)
            cents[i] += step % 2 == 0 ? cents[i] / 1000 : -cents[i] / 1000;
        prices(&f, cents);
        cr_assert_eq(count_examined(&f), 0);
    }
    /* Halved: everyone long is looked at. */
    for (int step = 0; step < 5; step++) {
        for (int i = 0; i < 3; i++)
            cents[i] -= cents[i] / 8;
        prices(&f, cents);
    }
    cr_assert_eq(count_missed(&f), 0);
    fixture_free(&f);
}

/* Forgetting everything costs a look at everybody and changes nothing. */
Test(health, reset_examines_everybody_once)
{
    uint64_t seed = 9;
    struct fixture f;

    fixture_init(&f);
    populate(&f, &seed, 100000);
    fixture_ticks(&f, 2, 100, true);
    health_reset(f.engine);
    fixture_prices(&f, "60001", "3000", "100");
    cr_assert_eq(count_examined(&f), TRADERS);
    cr_assert_eq(fixture_count(&f, EVENT_LIQUIDATION), 0);
    fixture_prices(&f, "60002", "3000", "100");
    cr_assert_eq(count_examined(&f), 0);
    fixture_free(&f);
}
