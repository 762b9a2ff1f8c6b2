/*
 * Accounts, their owners, the house's ledgers, and moves between balances.
 */
#include "engine/account.h"
#include "engine/ledger.h"
#include "tests/lib/fixture.h"

#include <criterion/criterion.h>
#include <signal.h>

static struct fixture f;

static void setup(void)
{
    fixture_init(&f);
}

static void teardown(void)
{
    fixture_free(&f);
}

TestSuite(account, .init = setup, .fini = teardown);

static uint32_t open_of(uint32_t owner, uint32_t subaccount)
{
    struct account_id id = fixture_account(owner, subaccount);

    return account_open(f.engine, &id);
}

static uint32_t find_of(uint32_t owner, uint32_t subaccount)
{
    struct account_id id = fixture_account(owner, subaccount);

    return account_find(f.engine, &id);
}

static bool knows(uint32_t owner)
{
    struct address address = fixture_address(owner);

    return account_owner_known(f.engine, &address);
}

Test(account, is_found_after_opening_only)
{
    uint32_t slot;

    cr_assert_eq(find_of(1, 0), NONE);
    slot = open_of(1, 0);
    cr_assert_eq(find_of(1, 0), slot);
    cr_assert_eq(open_of(1, 0), slot);
    cr_assert_eq(find_of(1, 1), NONE);
    cr_assert_eq(find_of(2, 0), NONE);
    cr_assert(nanos_equal(f.engine->accounts[slot].opened, f.engine->time));
}

Test(account, owners_are_known_by_any_subaccount)
{
    cr_assert(!knows(1));
    open_of(1, UINT32_MAX);
    cr_assert(knows(1));
    cr_assert(!knows(2));
}

/* One owner's accounts share `owner` and stand in one chain. */
Test(account, of_one_owner)
{
    uint32_t first = open_of(1, 5), seen = 0, slots[3];

    open_of(2, 0);
    slots[0] = first;
    slots[1] = open_of(1, 3);
    slots[2] = open_of(1, 9);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(f.engine->accounts[slots[i]].owner, first);
    cr_assert_neq(f.engine->accounts[find_of(2, 0)].owner, first);
    for (uint32_t i = first; i != NONE; i = f.engine->accounts[i].owner_next)
        for (int k = 0; k < 3; k++)
            seen |= (uint32_t)(slots[k] == i) << k;
    cr_assert_eq(seen, 7);
}

/* 256 in all, 14 of them the house's. */
Test(account, capacity)
{
    for (uint32_t i = 0; i < 256 - 14; i++)
        cr_assert_neq(open_of(i + 1, 0), NONE);
    cr_assert_eq(open_of(1000, 0), NONE);
    cr_assert_neq(open_of(1, 0), NONE);
    cr_assert(!knows(1000));
}

Test(account, the_houses_ledgers)
{
    static const struct {
        enum house ledger;
        uint32_t number, subaccount;
    } all[] = {
        {HOUSE_EXTERNAL, 0, 0},    {HOUSE_FEES, 0, 1},
        {HOUSE_TREASURY, 0, 2},    {HOUSE_REPORTERS, 0, 3},
        {HOUSE_VALIDATORS, 0, 4},  {HOUSE_WITHDRAWALS, 0, 5},
        {HOUSE_INTEREST, 0, 6},    {HOUSE_INSURANCE, 0, 100},
        {HOUSE_CLEARING, 0, 1000}, {HOUSE_CLEARING, 2, 1002},
        {HOUSE_FUNDING, 1, 2001},
    };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        uint32_t slot = house_slot(f.engine, all[i].ledger, all[i].number);
        struct account_id id = {.subaccount = all[i].subaccount};

        cr_assert_eq(account_find(f.engine, &id), slot);
        cr_assert(f.engine->accounts[slot].is_house);
    }
}

/* The fund's start is owed by the outside. */
Test(account, the_funds_start)
{
    uint32_t fund = house_slot(f.engine, HOUSE_INSURANCE, 0);
    uint32_t outside = house_slot(f.engine, HOUSE_EXTERNAL, 0);

    cr_assert_eq(amount_raw(*engine_balance(f.engine, fund, USDC)),
                 amount_raw(usdc("1000000")));
    cr_assert_eq(amount_raw(*engine_balance(f.engine, outside, USDC)),
                 amount_raw(usdc("-1000000")));
}

/* ---- moves ------------------------------------------------------------------
 */

static void take(struct event_sink *sink, const struct event *event)
{
    struct fixture *fixture = (struct fixture *)sink;

    (void)event;
    fixture->event_count++;
}

Test(account, a_move_is_one_double_entry)
{
    uint32_t outside = house_slot(f.engine, HOUSE_EXTERNAL, 0);
    uint32_t slot = open_of(1, 0);

    f.engine->sink = &f.sink;
    f.sink.emit = take;
    ledger_move(f.engine, outside, slot, BTC, coin("2"), LEDGER_DEPOSIT,
                MARKET_ALL, 0);
    cr_assert_eq(f.event_count, 1);
    cr_assert_eq(amount_raw(*engine_balance(f.engine, slot, BTC)),
                 amount_raw(coin("2")));
    cr_assert_eq(amount_raw(*engine_balance(f.engine, outside, BTC)),
                 amount_raw(coin("-2")));
    cr_assert_eq(amount_raw(f.engine->assets[BTC].deposited),
                 amount_raw(coin("2")));
    ledger_move(f.engine, outside, slot, BTC, coin("0"), LEDGER_DEPOSIT,
                MARKET_ALL, 0);
    cr_assert_eq(f.event_count, 1, "nothing moved, nothing told");
}

Test(account, the_event_of_a_move)
{
    const struct event *event;

    fixture_deposit(&f, 1, 3, USDC, usdc("5"));
    event = fixture_event(&f, EVENT_LEDGER, 0);
    cr_assert_eq(event->ledger.from.subaccount, HOUSE_EXTERNAL);
    cr_assert_eq(event->ledger.to.subaccount, 3);
    cr_assert_eq(event->ledger.asset, USDC);
    cr_assert_eq(event->ledger.market, MARKET_ALL);
    cr_assert_eq(amount_raw(event->ledger.amount), amount_raw(usdc("5")));
    cr_assert_eq(amount_raw(event->ledger.from_balance),
                 amount_raw(usdc("-1000005")));
    cr_assert_eq(amount_raw(event->ledger.to_balance), amount_raw(usdc("5")));
}

Test(account, a_signed_move_turns_round)
{
    uint32_t a = open_of(1, 0), b = open_of(2, 0);

    ledger_move_signed(f.engine, a, b, USDC, usdc("3"), LEDGER_REALISED, 0, 1);
    ledger_move_signed(f.engine, a, b, USDC, usdc("-5"), LEDGER_REALISED, 0, 1);
    cr_assert_eq(amount_raw(*engine_balance(f.engine, a, USDC)),
                 amount_raw(usdc("2")));
    cr_assert_eq(amount_raw(*engine_balance(f.engine, b, USDC)),
                 amount_raw(usdc("-2")));
}

/* Only the settlement asset may be owed. */
Test(account, collateral_is_never_owed, .signal = SIGABRT)
{
    ledger_move(f.engine, open_of(1, 0), open_of(2, 0), BTC, coin("1"),
                LEDGER_TRANSFER, MARKET_ALL, 0);
}

Test(account, a_negative_move_stops, .signal = SIGABRT)
{
    ledger_move(f.engine, open_of(1, 0), open_of(2, 0), USDC, usdc("-1"),
                LEDGER_TRANSFER, MARKET_ALL, 0);
}
