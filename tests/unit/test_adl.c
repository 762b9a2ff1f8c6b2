/*
 * Deleveraging in the engine: who is on the other side, in which order, and
 * that the sums are exact to the unit.
 */
#include <criterion/criterion.h>

#include "engine/account.h"
#include "engine/adl.h"
#include "engine/health.h"
#include "engine/position.h"
#include "tests/lib/fixture.h"

#define LOSER 1

static uint32_t slot_of(const struct fixture *f, uint32_t owner)
{
    struct account_id id = fixture_account(owner, 0);

    return account_find(f->engine, &id);
}

static int64_t cash_of(const struct fixture *f, uint32_t owner)
{
    return amount_raw(
        *engine_balance(f->engine, slot_of(f, owner), ASSET_SETTLEMENT));
}

static int64_t size_of(const struct fixture *f, uint32_t owner)
{
    uint32_t slot = position_find(f->engine, slot_of(f, owner), BTC_PERP);

    return slot == NONE ? 0 : qty_raw(f->engine->positions[slot].size);
}

/* Winner n has sold `size` to the loser at 60,000, with this much cash. */
struct winner {
    uint32_t owner;
    const char *size, *cash;
};

static void begin(struct fixture *f, const struct winner *winners,
                  uint32_t count, const char *cash)
{
    fixture_init(f);
    fixture_prices(f, "60000", "3000", "100");
    fixture_deposit(f, LOSER, 0, USDC, usdc(cash));
    for (uint32_t i = 0; i < count; i++) {
        fixture_deposit(f, winners[i].owner, 0, USDC, usdc(winners[i].cash));
        fixture_trade(f, LOSER, winners[i].owner, BTC_PERP, winners[i].size,
                      "60000");
    }
}

/* Two winners of one size, one with a hundredth of the other's equity: it
 * goes first, and what the loser gets is what they pay. */
Test(adl, leverage_decides_between_equal_gains)
{
    const struct winner winners[] = {{8, "1", "500000"}, {9, "1", "5000"}};
    struct fixture f;
    int64_t before, after, fund_before, fund_after;
    struct address eight;
    uint32_t fund;

    begin(&f, winners, 2, "2600");
    /* Another holder of shorts in place of the loser's second BTC: the loser
     * sells 1 to 7 and has 1 left. */
    fixture_deposit(&f, 7, 0, USDC, usdc("50000"));
    fixture_trade(&f, 7, LOSER, BTC_PERP, "1", "60000");
    fixture_ticks(&f, 1, 100, true); /* the fees of these trades are split */
    fund = house_slot(f.engine, HOUSE_INSURANCE, 0);
    before = cash_of(&f, LOSER) + cash_of(&f, 8) + cash_of(&f, 9);
    fund_before = amount_raw(*engine_balance(f.engine, fund, 0));
    fixture_prices(&f, "57000", "3000", "100");
    cr_assert_eq(size_of(&f, LOSER), 0);
    cr_assert_eq(fixture_count(&f, EVENT_ADL), 2);
    /* In identity order: 8 gave up little, 9 most. */
    eight = fixture_address(8);
    cr_assert(address_equal(&fixture_event(&f, EVENT_ADL, 0)->adl.account.owner,
                            &eight));
    cr_assert_lt(-size_of(&f, 9), qty_raw(base("0.1")));
    cr_assert_gt(-size_of(&f, 8), qty_raw(base("0.9")));
    cr_assert_eq(size_of(&f, 8) + size_of(&f, 9), -qty_raw(base("1")));
    /* All entered at one price: what one loses the others win. */
    after = cash_of(&f, LOSER) + cash_of(&f, 8) + cash_of(&f, 9);
    fund_after = amount_raw(*engine_balance(f.engine, fund, 0));
    cr_assert_eq(cash_of(&f, LOSER), 0);
    cr_assert_eq(fund_before - fund_after, 0);
    cr_assert_eq(after - before, 0);
    fixture_free(&f);
}

/* The same people in another order of arrival: the same ends. */
Test(adl, the_order_of_arrival_does_not_matter)
{
    const struct winner one[] = {
        {8, "0.3", "3000"}, {9, "0.4", "9000"}, {10, "0.3", "3000"}};
    const struct winner other[] = {
        {10, "0.3", "3000"}, {8, "0.3", "3000"}, {9, "0.4", "9000"}};
    struct fixture f, g;

    begin(&f, one, 3, "1300");
    begin(&g, other, 3, "1300");
    /* A partner for a part, so that there is a choice to make. */
    fixture_deposit(&f, 7, 0, USDC, usdc("50000"));
    fixture_deposit(&g, 7, 0, USDC, usdc("50000"));
    fixture_trade(&f, 7, LOSER, BTC_PERP, "0.3333", "60000");
    fixture_trade(&g, 7, LOSER, BTC_PERP, "0.3333", "60000");
    fixture_prices(&f, "57001.7", "3000", "100");
    fixture_prices(&g, "57001.7", "3000", "100");
    cr_assert_eq(size_of(&f, LOSER), 0);
    cr_assert_eq(fixture_count(&f, EVENT_ADL), fixture_count(&g, EVENT_ADL));
    for (uint32_t i = 7; i <= 10; i++) {
        cr_assert_eq(size_of(&f, i), size_of(&g, i));
        cr_assert_eq(cash_of(&f, i), cash_of(&g, i));
    }
    for (uint32_t i = 0; i < fixture_count(&f, EVENT_ADL); i++) {
        const struct event *a = fixture_event(&f, EVENT_ADL, i);
        const struct event *b = fixture_event(&g, EVENT_ADL, i);

        cr_assert(account_id_equal(&a->adl.account, &b->adl.account));
        cr_assert_eq(qty_raw(a->adl.size), qty_raw(b->adl.size));
        cr_assert_eq(amount_raw(a->adl.quote), amount_raw(b->adl.quote));
    }
    fixture_free(&f);
    fixture_free(&g);
}

static const struct adl_share *share_of(struct fixture *f, uint32_t count,
                                        uint32_t owner)
{
    struct adl_share *shares = health_scratch(f->engine)->shares;

    for (uint32_t i = 0; i < count; i++)
        if (f->engine->positions[shares[i].item].account == slot_of(f, owner))
            return &shares[i];
    return NULL;
}

/* A short against the coin itself is hedged by it: 0.25 BTC of collateral
 * for a short of 1 is a quarter, 2 BTC all. Losers are not looked into. */
Test(adl, coins_hedge_a_short_of_them)
{
    const struct winner winners[] = {
        {8, "1", "5000"}, {9, "1", "5000"}, {10, "1", "5000"}};
    const struct adl_share *share;
    struct fixture f;
    uint32_t position, count;

    begin(&f, winners, 3, "10000");
    fixture_deposit(&f, 8, 0, BTC, coin("0.25"));
    fixture_deposit(&f, 9, 0, BTC, coin("2"));
    fixture_deposit(&f, 10, 0, ETH, coin("10"));
    fixture_prices(&f, "59000", "3000", "100");
    position = position_find(f.engine, slot_of(&f, LOSER), BTC_PERP);
    count = adl_gather(f.engine, position);
    cr_assert_eq(count, 3);
    share = share_of(&f, count, 8);
    cr_assert_eq(rate_raw(share->hedged), rate_raw(ratio("0.25")));
    share = share_of(&f, count, 9);
    cr_assert_eq(rate_raw(share->hedged), RATE_ONE);
    share = share_of(&f, count, 10);
    cr_assert_eq(rate_raw(share->hedged), 0);
    /* 5,000 - 12 of fee + 1,000 of gain + 95 % of 30,000 in ETH. */
    cr_assert_eq(amount_raw(share->equity), amount_raw(usdc("34488")));
    fixture_free(&f);
}

/* A hedged winner is passed over while there are others. */
Test(adl, the_hedged_are_spared)
{
    const struct winner winners[] = {{8, "1", "5000"}, {9, "1", "5000"}};
    struct fixture f;

    begin(&f, winners, 2, "2600");
    fixture_deposit(&f, 7, 0, USDC, usdc("50000"));
    fixture_trade(&f, 7, LOSER, BTC_PERP, "1", "60000");
    fixture_deposit(&f, 8, 0, BTC, coin("1"));
    fixture_prices(&f, "57000", "3000", "100");
    cr_assert_eq(size_of(&f, LOSER), 0);
    cr_assert_eq(size_of(&f, 8), -qty_raw(base("1")));
    cr_assert_eq(size_of(&f, 9), 0);
    fixture_free(&f);
}
