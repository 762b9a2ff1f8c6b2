/*
 * Ticks through whole crashes: prices, funding, triggers, fees and
 * liquidations one after the other, with the whole engine checked after
 * every command.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "engine/account.h"
#include "engine/margin.h"
#include "engine/position.h"
#include "tests/lib/fixture.h"

static uint32_t slot_of(const struct fixture *f, uint32_t owner)
{
    struct account_id id = fixture_account(owner, 0);

    return account_find(f->engine, &id);
}

static int64_t size_of(const struct fixture *f, uint32_t owner, uint16_t market)
{
    uint32_t slot = position_find(f->engine, slot_of(f, owner), market);

    return slot == NONE ? 0 : qty_raw(f->engine->positions[slot].size);
}

static int64_t fund_of(const struct fixture *f)
{
    return amount_raw(*engine_balance(f->engine,
                                      house_slot(f->engine, HOUSE_INSURANCE, 0),
                                      ASSET_SETTLEMENT));
}

static struct margin margin_of(const struct fixture *f, uint32_t owner)
{
    struct margin margin;

    margin_compute(f->engine, slot_of(f, owner), &margin);
    return margin;
}

static bool is_in_liquidation(const struct fixture *f, uint32_t owner)
{
    return f->engine->accounts[slot_of(f, owner)].is_in_liquidation;
}

/* A tick at which nothing is new keeps everybody's figures. */
Test(tick, a_quiet_tick_begins_no_epoch)
{
    struct fixture f;
    uint64_t epoch;

    fixture_init(&f);
    fixture_prices(&f, "60000", "3000", "100");
    epoch = f.engine->price_epoch;
    fixture_ticks(&f, 5, 100, true);
    cr_assert_eq(f.engine->price_epoch, epoch);
    cr_assert_eq(f.engine->tick_count, 6);
    cr_assert_eq(nanos_raw(f.engine->tick_time), nanos_raw(f.time));
    fixture_prices(&f, "60000.1", "3000", "100");
    cr_assert_eq(f.engine->price_epoch, epoch + 1);
    fixture_free(&f);
}

#define TRADERS 60

static uint64_t random_of(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return *seed >> 33;
}

static const char *text(char *buffer, size_t size, int64_t tenths)
{
    snprintf(buffer, size, "%ld.%ld", (long)(tenths / 10), (long)(tenths % 10));
    return buffer;
}

/* Traders of 5 to 45 times leverage on both sides, makers around the index,
 * a walk down by a fifth and back; the fixture checks the whole engine after
 * every command. */
static void crash(struct fixture *f, uint64_t seed)
{
    char price[32], other[32];
    int64_t index = 600000; /* in tenths */

    fixture_init(f);
    fixture_prices(f, "60000", "3000", "100");
    fixture_deposit(f, 100, 0, USDC, usdc("5000000"));
    for (uint32_t i = 1; i <= TRADERS; i++) {
        int64_t cash = 1400 + (int64_t)(random_of(&seed) % 10000);

        fixture_deposit(f, i, 0, USDC, amount_of(cash * 1000000));
        if (i % 3 == 0)
            fixture_trade(f, 100, i, BTC_PERP, "1", "60000");
        else
            fixture_trade(f, i, 100, BTC_PERP, "1", "60000");
    }
    for (int step = 0; step < 120; step++) {
        int64_t move = (int64_t)(random_of(&seed) % 9000) - 2000;

        index += step < 60 ? -move : move;
        text(price, sizeof price, index);
        fixture_prices(f, price, "3000", "100");
        for (int64_t depth = 1; depth <= 4; depth++) {

            fixture_buy(f, 100, BTC_PERP, "0.4",
                        text(other, sizeof other, index - 200 * depth));
            fixture_sell(f, 100, BTC_PERP, "0.4",
                         text(other, sizeof other, index + 200 * depth));
        }
        fixture_ticks(f, 2, 100, true);
        cr_assert_geq(fund_of(f), 0);
        for (uint32_t i = 1; i <= TRADERS; i++) {
            struct margin margin = margin_of(f, i);

            /* Nobody unsafe is missed, and a bankrupt one is flat. */
            cr_assert(amount_is_zero(margin.maintenance) ||
                      amount_cmp(margin.equity, margin.maintenance) >= 0 ||
                      is_in_liquidation(f, i));
            cr_assert(amount_is_positive(margin.equity) ||
                      size_of(f, i, BTC_PERP) == 0);
        }
    }
}

Test(tick, crashes_keep_every_invariant)
{
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct fixture f;

        crash(&f, seed);
        fixture_free(&f);
    }
}
