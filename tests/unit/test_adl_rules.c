#include <criterion/criterion.h>

#include "engine/adl_rules.h"
#include "tests/lib/fixture.h"

#define DIVISOR INT64_C(10000000000)
#define SHARES 8
#define ROUNDS 20 /* more than are done without sorting */

static struct adl_share share(const char *size, const char *cost,
                              const char *equity)
{
    return (struct adl_share){
        .size = base(size), .cost = usdc(cost), .equity = usdc(equity)};
}

static struct adl_terms terms_of(const char *size, const char *lot,
                                 const char *quote)
{
    return (struct adl_terms){
        .size = base(size),
        .lot = base(lot),
        .mark = usd("100"),
        .quote = usdc(quote),
        .divisor = DIVISOR,
    };
}

static void assert_given(const struct adl_share *s, const char *given,
                         const char *quote, const char *taken)
{
    cr_assert_eq(qty_raw(s->given), qty_raw(base(given)), "given %ld",
                 qty_raw(s->given));
    cr_assert_eq(amount_raw(s->quote), amount_raw(usdc(quote)), "quote %ld",
                 amount_raw(s->quote));
    cr_assert_eq(amount_raw(s->taken), amount_raw(usdc(taken)), "taken %ld",
                 amount_raw(s->taken));
}

/* ---- weights ----------------------------------------------------------- */

static i128 weight(struct adl_share s)
{
    return adl_weight(&s, usd("100"), DIVISOR);
}

/* 1e-17 each: 1.0 is 1e17. */
#define UNIT ((i128)100000000 * 1000000000)

/* A short of 4 from 120: profit 80 of 480, 400 against an equity of 100, so
 * 4 * 0.166666667 * 4. */
Test(adl_rules, weight_is_size_times_profit_times_leverage)
{
    cr_assert(weight(share("-4", "-480", "100")) ==
              (i128)4 * 4 * 166666667 * 100000000);
    /* A long of 2 from 80: 40 of 160 is 0.25, 200 against 800 is 0.25. */
    cr_assert(weight(share("2", "160", "800")) == UNIT / 8);
}

Test(adl_rules, weight_of_a_hedged_part_is_nothing)
{
    struct adl_share s = share("2", "160", "800");

    s.hedged = ratio("0.75");
    cr_assert(weight(s) == UNIT / 32);
    s.hedged = ratio("1");
    cr_assert(weight(s) == 0);
}

Test(adl_rules, weight_ratios_are_clamped)
{
    /* Profit 200 of a cost of 0 counts 10; 200 against 10^6 counts 0.01. */
    cr_assert(weight(share("2", "0", "1000000")) == UNIT / 5);
    /* Equity under zero: leverage counts 100. */
    cr_assert(weight(share("2", "160", "-5")) == 50 * UNIT);
    /* No profit or a loss: nothing. */
    cr_assert(weight(share("2", "200", "10")) == 0);
    cr_assert(weight(share("2", "300", "10")) == 0);
    cr_assert(weight(share("-2", "-150", "10")) == 0);
}

/* ---- spreading --------------------------------------------------------- */

/* The same by brute force: rounds of cutting until nobody is over. */
static int64_t naive_spread(const int64_t *room, const int64_t *pull,
                            int64_t *given, uint32_t count, int64_t left)
{
    bool is_cut[ROUNDS] = {false};
    bool again = true;

    while (again) {
        int64_t sum = 0;

        again = false;
        for (uint32_t i = 0; i < count; i++)
            sum += is_cut[i] ? 0 : pull[i];
        for (uint32_t i = 0; i < count && sum > 0; i++)
            if (!is_cut[i] && pull[i] > 0 && left * pull[i] >= room[i] * sum)
                is_cut[i] = again = true;
        for (uint32_t i = 0; i < count; i++) {
            if (is_cut[i] && given[i] == 0) {
                given[i] = room[i];
                left -= room[i];
            }
        }
        if (again)
            continue;
        int64_t spread = left;

        for (uint32_t i = 0; i < count && sum > 0; i++) {
            if (is_cut[i])
                continue;
            given[i] = spread * pull[i] / sum;
            left -= given[i];
        }
    }
    for (uint32_t i = 0; i < count && left > 0; i++) {
        if (pull[i] > 0 && given[i] < room[i]) {
            given[i]++;
            left--;
        }
    }
    return left;
}

Test(adl_rules, spread_equals_brute_force)
{
    uint64_t seed = 11;

    for (int run = 0; run < 20000; run++) {
        struct adl_share shares[SHARES] = {{0}};
        int64_t room[SHARES], pull[SHARES], given[SHARES] = {0}, total = 0;
        uint32_t scratch[SHARES], count;
        struct qty left;
        int64_t size;

#define DRAW(n) \
    (int64_t)((seed = seed * UINT64_C(6364136223846793005) + 99) >> 33) % (n)
        count = (uint32_t)(DRAW(SHARES) + 1);
        for (uint32_t i = 0; i < count; i++) {
            room[i] = DRAW(12) + 1;
            pull[i] = DRAW(4) == 0 ? 0 : DRAW(30);
            shares[i].size = qty_of(-room[i]);
            shares[i].pull = pull[i];
        }
        size = DRAW(40) + 1;
        left = adl_spread(shares, scratch, count, qty_of(size), qty_of(1));
        cr_assert_eq(qty_raw(left),
                     naive_spread(room, pull, given, count, size));
        for (uint32_t i = 0; i < count; i++) {
            cr_assert_eq(qty_raw(shares[i].given), given[i]);
            cr_assert_eq(qty_raw(shares[i].part), given[i]);
            total += given[i];
        }
        cr_assert_eq(total + qty_raw(left), size);
    }
}

/* Rooms such that every round of brute force cuts exactly one more. */
Test(adl_rules, spread_of_many_rounds)
{
    struct adl_share shares[ROUNDS] = {{0}};
    int64_t room[ROUNDS], pull[ROUNDS], given[ROUNDS] = {0};
    int64_t size = INT64_C(100000000000000000), left = size;
    int64_t low = 0, high = size / ROUNDS;
    uint32_t scratch[ROUNDS];

    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint32_t place = (7 * i + 3) % ROUNDS;

        room[place] = low + (high - low) / 2 + 1;
        pull[place] = 1;
        shares[place].size = qty_of(room[place]);
        shares[place].pull = 1;
        left -= room[place];
        low = high;
        high = i + 1 < ROUNDS ? left / (ROUNDS - i - 1) : high;
    }
    left = naive_spread(room, pull, given, ROUNDS, size);
    cr_assert_eq(
        qty_raw(adl_spread(shares, scratch, ROUNDS, qty_of(size), qty_of(1))),
        left);
    for (uint32_t i = 0; i < ROUNDS; i++)
        cr_assert_eq(qty_raw(shares[i].given), given[i], "%u", i);
}

/* 10 lots of 0.5 over pulls 1, 1, 1: three each and one for the first. */
Test(adl_rules, spread_in_lots_with_the_rest_in_order)
{
    struct adl_share shares[3] = {{0}};
    uint32_t scratch[3];
    struct qty left;

    for (int i = 0; i < 3; i++) {
        shares[i].size = base("20");
        shares[i].pull = 1;
    }
    left = adl_spread(shares, scratch, 3, base("5"), base("0.5"));
    cr_assert(qty_is_zero(left));
    cr_assert_eq(qty_raw(shares[0].given), qty_raw(base("2")));
    cr_assert_eq(qty_raw(shares[1].given), qty_raw(base("1.5")));
    cr_assert_eq(qty_raw(shares[2].given), qty_raw(base("1.5")));
}

/* ---- plans ------------------------------------------------------------- */

/* A long of 5 goes bankrupt at 104: worth 520. Shorts: A has 4 from 120 with
 * little equity (weight 2.67), B 4 from 110 with much (0.18). A's share of 5
 * is 4.68, cut at its 4; B takes 1. */
Test(adl_rules, plan_by_weight_at_the_bankruptcy_price)
{
    struct adl_share shares[] = {share("-4", "-480", "100"),
                                 share("-4", "-440", "800")};
    struct adl_terms terms = terms_of("5", "0.01", "520");
    uint32_t scratch[2];

    cr_assert(qty_is_zero(adl_plan(shares, scratch, 2, &terms)));
    assert_given(&shares[0], "4", "416", "16");
    assert_given(&shares[1], "1", "104", "4");
}

/* A short from 102 has 2 a unit to lose; at 104 it is closed at 102, and the
 * rest of the price is for the last resort. Likewise a long. */
Test(adl_rules, plan_takes_no_more_than_the_gain)
{
    struct adl_share shorts[] = {share("-5", "-510", "100")};
    struct adl_share longs[] = {share("5", "490", "100")};
    struct adl_terms terms = terms_of("5", "0.01", "520");
    uint32_t scratch[1];

    cr_assert(qty_is_zero(adl_plan(shorts, scratch, 1, &terms)));
    assert_given(&shorts[0], "5", "510", "10");
    terms.quote = usdc("480");
    cr_assert(qty_is_zero(adl_plan(longs, scratch, 1, &terms)));
    assert_given(&longs[0], "5", "490", "10");
    /* Where the bankrupt short would have to be paid to leave. */
    terms.quote = usdc("-3");
    cr_assert(qty_is_zero(adl_plan(longs, scratch, 1, &terms)));
    assert_given(&longs[0], "5", "490", "10");
}

/* Better than the mark: the counterparty gains by it. */
Test(adl_rules, plan_may_be_better_than_the_mark)
{
    struct adl_share shares[] = {share("-5", "-510", "100")};
    struct adl_terms terms = terms_of("5", "0.01", "495");
    uint32_t scratch[1];

    cr_assert(qty_is_zero(adl_plan(shares, scratch, 1, &terms)));
    assert_given(&shares[0], "5", "495", "-5");
}

/* Nobody wins: by size at the mark, 2.4 and 1.6 of 4. */
Test(adl_rules, second_pass_by_size_at_the_mark)
{
    struct adl_share shares[] = {share("-3", "-270", "100"),
                                 share("-2", "-180", "100")};
    struct adl_terms terms = terms_of("4", "0.1", "500");
    uint32_t scratch[2];

    cr_assert(qty_is_zero(adl_plan(shares, scratch, 2, &terms)));
    assert_given(&shares[0], "2.4", "240", "0");
    assert_given(&shares[1], "1.6", "160", "0");
}

/* The winner's 2 do not suffice: they go at 104, the loser's 3 at 100. */
Test(adl_rules, what_winners_can_not_take_goes_on)
{
    struct adl_share shares[] = {share("-3", "-270", "100"),
                                 share("-2", "-400", "100")};
    struct adl_terms terms = terms_of("5", "0.1", "520");
    uint32_t scratch[2];

    cr_assert(qty_is_zero(adl_plan(shares, scratch, 2, &terms)));
    assert_given(&shares[0], "3", "300", "0");
    assert_given(&shares[1], "2", "208", "8");
    /* A side that is too small says what it could not take. */
    terms.size = base("6");
    cr_assert_eq(qty_raw(adl_plan(shares, scratch, 2, &terms)),
                 qty_raw(base("1")));
    cr_assert(qty_raw(adl_plan(shares, scratch, 0, &terms)) ==
              qty_raw(base("6")));
}

/* Quotes are differences of running totals: three thirds of 10 are 10. */
Test(adl_rules, the_parts_of_the_quote_add_up)
{
    struct adl_share shares[] = {share("-1", "-480", "100"),
                                 share("-1", "-480", "100"),
                                 share("-1", "-480", "100")};
    struct adl_terms terms = terms_of("3", "1", "310.000001");
    uint32_t scratch[3];
    int64_t sum = 0;

    cr_assert(qty_is_zero(adl_plan(shares, scratch, 3, &terms)));
    for (int i = 0; i < 3; i++)
        sum += amount_raw(shares[i].quote);
    cr_assert_eq(sum, amount_raw(usdc("310.000001")));
}
