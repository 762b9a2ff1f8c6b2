/*
 * Whole liquidations on the fixture's network. BTC at 60,000: 1 BTC needs
 * 1,200 initially and 600 (1 %) maintenance; buying it costs a taker 30.
 */
#include <criterion/criterion.h>

#include "engine/account.h"
#include "engine/margin.h"
#include "engine/position.h"
#include "tests/lib/fixture.h"

#define ALICE 1
#define BOB 2   /* the other side */
#define CAROL 3 /* bids */
#define DAVE 4
#define ERIN 5

static void begin(struct fixture *f)
{
    fixture_init(f);
    fixture_prices(f, "60000", "3000", "100");
    fixture_deposit(f, BOB, 0, USDC, usdc("1000000"));
    fixture_deposit(f, CAROL, 0, USDC, usdc("1000000"));
}

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

static int64_t cash_of(const struct fixture *f, uint32_t owner)
{
    return amount_raw(
        *engine_balance(f->engine, slot_of(f, owner), ASSET_SETTLEMENT));
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

/* The nth step of a kind in the last command; NULL: not so many. */
static const struct event *step_of(const struct fixture *f,
                                   enum liquidation_step step, uint32_t n)
{
    for (uint32_t i = 0; i < f->event_count; i++)
        if (f->events[i].kind == EVENT_LIQUIDATION &&
            f->events[i].liquidation.step == step && n-- == 0)
            return &f->events[i];
    return NULL;
}

/* Alice (or whoever) buys 1 BTC at 60,000 from Bob with this deposit. */
static void go_long(struct fixture *f, uint32_t owner, const char *deposit)
{
    fixture_deposit(f, owner, 0, USDC, usdc(deposit));
    fixture_trade(f, owner, BOB, BTC_PERP, "1", "60000");
}

/* ---- when ------------------------------------------------------------- */

/* At 59,300 the requirement is 593 and the loss 700: 1,293 + 30 of fees is
 * the edge. */
Test(liquidation, equity_equal_to_the_requirement_is_safe)
{
    struct fixture f;

    begin(&f);
    go_long(&f, ALICE, "1323");
    fixture_prices(&f, "59300", "3000", "100");
    cr_assert_eq(amount_raw(margin_of(&f, ALICE).equity),
                 amount_raw(usdc("593")));
    cr_assert_eq(fixture_count(&f, EVENT_LIQUIDATION), 0);
    cr_assert_not(is_in_liquidation(&f, ALICE));
    fixture_free(&f);
}

Test(liquidation, a_unit_less_is_not)
{
    struct fixture f;

    begin(&f);
    go_long(&f, ALICE, "1322.999999");
    fixture_prices(&f, "59300", "3000", "100");
    cr_assert(step_of(&f, STEP_BEGIN, 0));
    cr_assert(is_in_liquidation(&f, ALICE));
    fixture_free(&f);
}

/* ---- step 1 and 2 ----------------------------------------------------- */

Test(liquidation, risky_orders_go_first_and_reducing_ones_stay)
{
    struct fixture f;
    struct order_terms reduce =
        fixture_limit(BTC_PERP, SIDE_SELL, "0.5", "60500");
    uint64_t risky, reducing;

    begin(&f);
    go_long(&f, ALICE, "1600");
    risky = fixture_buy(&f, ALICE, SOL_PERP, "10", "96");
    reduce.is_reduce_only = true;
    reducing = fixture_order(&f, ALICE, &reduce);
    cr_assert(risky && reducing);
    fixture_prices(&f, "59000", "3000", "100");
    cr_assert(step_of(&f, STEP_BEGIN, 0));
    cr_assert(step_of(&f, STEP_CANCEL, 0));
    cr_assert_eq(fixture_event(&f, EVENT_ORDER, 0)->order.id, risky);
    cr_assert_eq(fixture_event(&f, EVENT_ORDER, 0)->order.reason,
                 REASON_LIQUIDATION);
    cr_assert_eq(fixture_cancel(&f, ALICE, reducing), result_ok);
    fixture_free(&f);
}

/*
 * Equity 570 against 593 at 59,300. Missing up to the buffer: 34.86; the fee
 * rate is 95 % of 1 % - 23/59,300, nearly all of the headroom, so the whole
 * BTC would be needed; a step is a tenth of it. Bankruptcy at 58,730,
 * fillable 59,300 - (1 - 570/593) * 1.5 * 593 = 59,265.5: that is the limit.
 * 0.1 at 59,290 brings 5,929, 56 more than bankrupt; fee 54.140865.
 */
Test(liquidation, a_step_through_the_book_with_its_figures)
{
    struct fixture f;
    const struct event *event;

    begin(&f);
    go_long(&f, ALICE, "1300");
    fixture_buy(&f, CAROL, BTC_PERP, "0.5", "59290");
    fixture_prices(&f, "59300", "3000", "100");
    event = step_of(&f, STEP_BOOK, 0);
    cr_assert(event && !step_of(&f, STEP_BOOK, 1));
    cr_assert_eq(amount_raw(event->liquidation.equity),
                 amount_raw(usdc("570")));
    cr_assert_eq(amount_raw(event->liquidation.maintenance),
                 amount_raw(usdc("593")));
    cr_assert_eq(qty_raw(event->liquidation.size), qty_raw(base("-0.1")));
    cr_assert_eq(price_raw(event->liquidation.limit),
                 price_raw(usd("59265.5")));
    cr_assert_eq(price_raw(event->liquidation.bankruptcy),
                 price_raw(usd("58730")));
    cr_assert_eq(amount_raw(event->liquidation.quote),
                 amount_raw(usdc("5929")));
    cr_assert_eq(amount_raw(event->liquidation.fee),
                 amount_raw(usdc("54.140865")));
    cr_assert_eq(amount_raw(event->liquidation.insurance), 0);
    cr_assert_eq(size_of(&f, ALICE, BTC_PERP), qty_raw(base("0.9")));
    cr_assert_not(step_of(&f, STEP_INSURANCE, 0));
    fixture_free(&f);
}

/* A bid below the limit is not taken while there is equity to wait with. */
Test(liquidation, nothing_is_sold_below_the_limit)
{
    struct fixture f;

    begin(&f);
    go_long(&f, ALICE, "1300");
    fixture_buy(&f, CAROL, BTC_PERP, "0.5", "59265.4");
    fixture_prices(&f, "59300", "3000", "100");
    cr_assert(step_of(&f, STEP_BEGIN, 0));
    cr_assert_eq(fixture_count(&f, EVENT_TRADE), 0);
    cr_assert_eq(size_of(&f, ALICE, BTC_PERP), qty_raw(base("1")));
    cr_assert_eq(cash_of(&f, ALICE), amount_raw(usdc("1270")));
    fixture_free(&f);
}

/* Between the requirement and 2 % over it an account stays in; above it is
 * out for good. */
Test(liquidation, exit_buffer_prevents_flapping)
{
    struct fixture f;

    begin(&f);
    go_long(&f, ALICE, "1300");
    fixture_prices(&f, "59300", "3000", "100");
    cr_assert(is_in_liquidation(&f, ALICE));
    /* 604.86 is the edge for 593; 604.86 - 570 = 34.86 of a deposit. */
    fixture_deposit(&f, ALICE, 0, USDC, usdc("34.859999"));
    fixture_ticks(&f, 3, 100, true);
    cr_assert(is_in_liquidation(&f, ALICE));
    fixture_deposit(&f, ALICE, 0, USDC, usdc("0.000001"));
    fixture_ticks(&f, 1, 100, true);
    cr_assert(step_of(&f, STEP_END, 0));
    cr_assert_not(is_in_liquidation(&f, ALICE));
    /* Down by less than the buffer: it does not begin again. */
    fixture_prices(&f, "59290", "3000", "100");
    cr_assert_eq(fixture_count(&f, EVENT_LIQUIDATION), 0);
    fixture_prices(&f, "59260", "3000", "100");
    cr_assert(step_of(&f, STEP_BEGIN, 0));
    fixture_free(&f);
}

/* With bids all the way the account is brought back step by step, and what
 * is left of it is above the buffer. */
Test(liquidation, steps_end_when_the_account_is_healthy)
{
    struct fixture f;
    int64_t fund;
    int ticks = 0;

    begin(&f);
    f.engine->genesis.markets[BTC_PERP].liquidation_fee_max = ratio("0.001");
    fund = fund_of(&f);
    go_long(&f, ALICE, "1300");
    fixture_buy(&f, CAROL, BTC_PERP, "5", "59299");
    fixture_prices(&f, "59300", "3000", "100");
    while (is_in_liquidation(&f, ALICE) && ticks++ < 50)
        fixture_ticks(&f, 1, 100, true);
    cr_assert_not(is_in_liquidation(&f, ALICE));
    cr_assert(step_of(&f, STEP_END, 0));
    cr_assert(size_of(&f, ALICE, BTC_PERP) > 0);
    cr_assert_geq(amount_wide(margin_of(&f, ALICE).equity) * 100,
                  amount_wide(margin_of(&f, ALICE).maintenance) * 102);
    cr_assert_gt(fund_of(&f), fund);
    fixture_free(&f);
}

/* ---- step 5 ------------------------------------------------------------ */

/*
 * At 58,500 Alice (1,270 of cash) has lost 1,500: equity -230, bankruptcy at
 * 58,730. Carol bids 0.4 at 58,400, above the fillable 58,500 - 1.5 * 585 =
 * 57,622.5: the fund pays 330 a BTC, 132 in all; what remains goes to Bob at
 * 58,730, who gives up 230 a BTC.
 */
static void fall_below_zero(struct fixture *f)
{
    begin(f);
    go_long(f, ALICE, "1300");
    fixture_buy(f, CAROL, BTC_PERP, "0.4", "58400");
    fixture_prices(f, "58500", "3000", "100");
}

Test(liquidation, waterfall_goes_book_fund_winners_in_one_tick)
{
    struct fixture f;
    const struct event *fund, *adl, *receipt;

    fall_below_zero(&f);
    cr_assert(step_of(&f, STEP_BEGIN, 0));
    cr_assert_not(step_of(&f, STEP_BOOK, 0));
    fund = step_of(&f, STEP_INSURANCE, 0);
    adl = step_of(&f, STEP_ADL, 0);
    cr_assert(fund && adl && fund < adl);
    cr_assert(step_of(&f, STEP_END, 0));
    cr_assert_not(step_of(&f, STEP_DEFICIT, 0));

    cr_assert_eq(qty_raw(fund->liquidation.size), qty_raw(base("-0.4")));
    cr_assert_eq(amount_raw(fund->liquidation.equity),
                 amount_raw(usdc("-230")));
    cr_assert_eq(price_raw(fund->liquidation.limit), price_raw(usd("57622.5")));
    cr_assert_eq(price_raw(fund->liquidation.bankruptcy),
                 price_raw(usd("58730")));
    cr_assert_eq(amount_raw(fund->liquidation.quote),
                 amount_raw(usdc("23360")));
    cr_assert_eq(amount_raw(fund->liquidation.insurance),
                 amount_raw(usdc("132")));

    cr_assert_eq(amount_raw(adl->liquidation.equity), amount_raw(usdc("-138")));
    cr_assert_eq(qty_raw(adl->liquidation.size), qty_raw(base("-0.6")));
    cr_assert_eq(amount_raw(adl->liquidation.quote), amount_raw(usdc("35238")));
    receipt = fixture_event(&f, EVENT_ADL, 0);
    cr_assert_eq(qty_raw(receipt->adl.size), qty_raw(base("0.6")));
    cr_assert_eq(amount_raw(receipt->adl.quote), amount_raw(usdc("-35238")));
    cr_assert_eq(amount_raw(receipt->adl.taken), amount_raw(usdc("138")));

    cr_assert_eq(size_of(&f, ALICE, BTC_PERP), 0);
    cr_assert_eq(cash_of(&f, ALICE), 0);
    cr_assert_not(is_in_liquidation(&f, ALICE));
    fixture_free(&f);
}

/* A fund of 1,000 may lose 100 of it here today: 0.3 BTC at 330. */
Test(liquidation, the_funds_day_is_capped)
{
    struct fixture f;
    const struct event *fund;

    memset(&f, 0, sizeof f);
    fixture_genesis(&f.genesis);
    f.genesis.insurance_start = usdc("1000");
    f.genesis.fees.treasury_ppm = 1000000;
    f.genesis.fees.reporters_ppm = f.genesis.fees.validators_ppm = 0;
    fixture_start(&f);
    fixture_prices(&f, "60000", "3000", "100");
    fixture_deposit(&f, BOB, 0, USDC, usdc("1000000"));
    fixture_deposit(&f, CAROL, 0, USDC, usdc("1000000"));
    go_long(&f, ALICE, "1300");
    fixture_buy(&f, CAROL, BTC_PERP, "0.4", "58400");
    fixture_prices(&f, "58500", "3000", "100");
    fund = step_of(&f, STEP_INSURANCE, 0);
    cr_assert(fund);
    cr_assert_eq(qty_raw(fund->liquidation.size), qty_raw(base("-0.303")));
    cr_assert_eq(amount_raw(fund->liquidation.insurance),
                 amount_raw(usdc("99.99")));
    cr_assert_eq(fund_of(&f), amount_raw(usdc("900.01")));
    cr_assert(step_of(&f, STEP_ADL, 0));
    cr_assert_eq(cash_of(&f, ALICE), 0);
    fixture_free(&f);
}

/* While there is equity the fund pays only where the book gave nothing: at
 * 58,740 (equity 10, bankruptcy 58,730) it adds 30 a BTC to bids of 58,700,
 * one step of a tenth, and winners are not touched. */
Test(liquidation, an_account_with_equity_is_not_deleveraged)
{
    struct fixture f;
    const struct event *fund;

    begin(&f);
    go_long(&f, ALICE, "1300");
    fixture_buy(&f, CAROL, BTC_PERP, "0.05", "58700");
    fixture_prices(&f, "58740", "3000", "100");
    fund = step_of(&f, STEP_INSURANCE, 0);
    cr_assert(fund);
    cr_assert_not(step_of(&f, STEP_BOOK, 0));
    cr_assert_not(step_of(&f, STEP_ADL, 0));
    cr_assert_eq(qty_raw(fund->liquidation.size), qty_raw(base("-0.05")));
    cr_assert_eq(amount_raw(fund->liquidation.insurance),
                 amount_raw(usdc("1.5")));
    fixture_ticks(&f, 5, 100, true);
    cr_assert_eq(fixture_count(&f, EVENT_ADL), 0);
    cr_assert_eq(size_of(&f, ALICE, BTC_PERP), qty_raw(base("0.95")));
    cr_assert_eq(amount_raw(margin_of(&f, ALICE).equity),
                 amount_raw(usdc("9.5")));
    fixture_free(&f);
}

/* ---- the end of it ----------------------------------------------------- */

/* Bob sold to Alice at 60,000 and to nobody else: his gain is as large as
 * her loss. At 58,000 she is 730 short, and he gives it up. */
Test(liquidation, an_empty_book_ends_in_deleveraging)
{
    struct fixture f;

    begin(&f);
    go_long(&f, ALICE, "1300");
    fixture_prices(&f, "58000", "3000", "100");
    cr_assert(step_of(&f, STEP_ADL, 0));
    cr_assert_not(step_of(&f, STEP_INSURANCE, 0));
    cr_assert_eq(size_of(&f, ALICE, BTC_PERP), 0);
    cr_assert_eq(size_of(&f, BOB, BTC_PERP), 0);
    cr_assert_eq(cash_of(&f, ALICE), 0);
    /* 1,000,000 - maker fee 12 + the 1,270 that Alice had. */
    cr_assert_eq(cash_of(&f, BOB), amount_raw(usdc("1001258")));
    fixture_free(&f);
}

/* Carol took over Bob's short at 58,300: her entry, so her gain at 58,000 is
 * 300 and Alice's 730 are not all there. 430 are left for the fund. */
static void leave_a_deficit(struct fixture *f, const char *fund)
{
    memset(f, 0, sizeof *f);
    fixture_genesis(&f->genesis);
    f->genesis.insurance_start = usdc(fund);
    f->genesis.fees.treasury_ppm = 1000000;
    f->genesis.fees.reporters_ppm = f->genesis.fees.validators_ppm = 0;
    fixture_start(f);
    fixture_prices(f, "60000", "3000", "100");
    fixture_deposit(f, BOB, 0, USDC, usdc("1000000"));
    fixture_deposit(f, CAROL, 0, USDC, usdc("1000000"));
    go_long(f, ALICE, "1300");
    fixture_trade(f, BOB, CAROL, BTC_PERP, "1", "58300");
    cr_assert_eq(size_of(f, BOB, BTC_PERP), 0);
    fixture_prices(f, "58000", "3000", "100");
}

Test(liquidation, what_winners_do_not_have_the_fund_pays)
{
    struct fixture f;
    const struct event *deficit;

    leave_a_deficit(&f, "1000000");
    deficit = step_of(&f, STEP_DEFICIT, 0);
    cr_assert(deficit && deficit > step_of(&f, STEP_ADL, 0));
    cr_assert_eq(amount_raw(fixture_event(&f, EVENT_ADL, 0)->adl.taken),
                 amount_raw(usdc("300")));
    cr_assert_eq(amount_raw(deficit->liquidation.insurance),
                 amount_raw(usdc("430")));
    cr_assert_not(step_of(&f, STEP_SHORTFALL, 0));
    cr_assert(step_of(&f, STEP_END, 0));
    cr_assert_eq(cash_of(&f, ALICE), 0);
    cr_assert_eq(fund_of(&f), amount_raw(usdc("999570")));
    fixture_free(&f);
}

Test(liquidation, what_the_fund_can_not_pay_stays_as_a_debt)
{
    struct fixture f;
    const struct event *shortfall;

    leave_a_deficit(&f, "100");
    cr_assert_eq(
        amount_raw(step_of(&f, STEP_DEFICIT, 0)->liquidation.insurance),
        amount_raw(usdc("100")));
    shortfall = step_of(&f, STEP_SHORTFALL, 0);
    cr_assert(shortfall);
    cr_assert_eq(amount_raw(shortfall->liquidation.quote),
                 amount_raw(usdc("-330")));
    cr_assert_eq(fund_of(&f), 0);
    cr_assert_eq(cash_of(&f, ALICE), amount_raw(usdc("-330")));
    cr_assert(is_in_liquidation(&f, ALICE));
    /* Nothing more is said of it, until somebody pays. */
    fixture_ticks(&f, 3, 100, true);
    cr_assert_eq(fixture_count(&f, EVENT_LIQUIDATION), 0);
    fixture_deposit(&f, ALICE, 0, USDC, usdc("330"));
    fixture_ticks(&f, 1, 100, true);
    cr_assert(step_of(&f, STEP_END, 0));
    cr_assert_not(is_in_liquidation(&f, ALICE));
    fixture_free(&f);
}

/* ---- who ---------------------------------------------------------------- */

/* Three longs with less and less cash, one book: the deepest is served
 * first, whoever opened an account first. */
static void three_in_a_row(struct fixture *f, const uint32_t *owners,
                           const char *const *deposits)
{
    begin(f);
    for (int i = 0; i < 3; i++)
        go_long(f, owners[i], deposits[i]);
    fixture_buy(f, CAROL, BTC_PERP, "0.15", "59290");
    fixture_prices(f, "59300", "3000", "100");
}

static void record(const struct fixture *f, int64_t *figures)
{
    uint32_t n = 0;

    for (uint32_t i = ALICE; i <= ERIN; i++) {
        figures[n++] = cash_of(f, i);
        figures[n++] = size_of(f, i, BTC_PERP);
    }
    figures[n] = fund_of(f);
}

Test(liquidation, the_deepest_goes_first_whatever_came_first)
{
    const uint32_t one[] = {ALICE, DAVE, ERIN}, other[] = {ERIN, ALICE, DAVE};
    const char *const one_deposits[] = {"1320", "1290", "1300"};
    const char *const other_deposits[] = {"1300", "1320", "1290"};
    struct account_id dave = fixture_account(DAVE, 0);
    struct account_id erin = fixture_account(ERIN, 0);
    int64_t first[11], second[11];
    struct fixture f;

    three_in_a_row(&f, one, one_deposits);
    cr_assert(account_id_equal(&step_of(&f, STEP_BOOK, 0)->liquidation.account,
                               &dave));
    cr_assert(account_id_equal(&step_of(&f, STEP_BOOK, 1)->liquidation.account,
                               &erin));
    cr_assert_eq(qty_raw(step_of(&f, STEP_BOOK, 1)->liquidation.size),
                 qty_raw(base("-0.05")));
    cr_assert_not(step_of(&f, STEP_BOOK, 2));
    record(&f, first);
    fixture_free(&f);

    three_in_a_row(&f, other, other_deposits);
    record(&f, second);
    cr_assert_arr_eq(first, second, sizeof first);
    fixture_free(&f);
}

/* Alike to the unit: identity decides. */
Test(liquidation, equals_go_by_identity)
{
    const uint32_t owners[] = {ERIN, DAVE, ALICE};
    const char *const deposits[] = {"1300", "1300", "1300"};
    struct account_id alice = fixture_account(ALICE, 0);
    struct account_id dave = fixture_account(DAVE, 0);
    struct fixture f;

    three_in_a_row(&f, owners, deposits);
    cr_assert(account_id_equal(&step_of(&f, STEP_BOOK, 0)->liquidation.account,
                               &alice));
    cr_assert(account_id_equal(&step_of(&f, STEP_BOOK, 1)->liquidation.account,
                               &dave));
    fixture_free(&f);
}

/* ---- prices that may not be used --------------------------------------- */

/* BTC falls silent at 59,300, where Alice is unsafe; ETH goes on and Dave is
 * served there (10 ETH from 3,000: 300 of requirement). */
Test(liquidation, a_stale_feed_stops_its_own_market_alone)
{
    struct fixture f;
    struct account_id dave = fixture_account(DAVE, 0);

    begin(&f);
    go_long(&f, ALICE, "1400");
    fixture_deposit(&f, DAVE, 0, USDC, usdc("700"));
    fixture_trade(&f, DAVE, BOB, ETH_PERP, "10", "3000");
    fixture_prices(&f, "59500", "3000", "100");
    cr_assert_eq(fixture_count(&f, EVENT_LIQUIDATION), 0);
    /* BTC: no reports any more, half a minute later it is stale. */
    f.prices[FEED_BTC] = price_of(0);
    fixture_ticks(&f, 80, 500, true);
    cr_assert_eq(f.engine->feeds[FEED_BTC].grade, GRADE_STALE);
    /* Alice loses her cover (as if by a debit) and nothing happens. */
    f.is_unchecked = true;
    engine_balance(f.engine, slot_of(&f, ALICE), ASSET_SETTLEMENT)->raw -=
        amount_raw(usdc("1200"));
    account_touch(f.engine, slot_of(&f, ALICE));
    fixture_price(&f, FEED_ETH, "2960");
    fixture_ticks(&f, 1, 100, true);
    cr_assert(step_of(&f, STEP_BEGIN, 0));
    cr_assert(account_id_equal(&step_of(&f, STEP_BEGIN, 0)->liquidation.account,
                               &dave));
    cr_assert_not(step_of(&f, STEP_BEGIN, 1));
    cr_assert_eq(size_of(&f, ALICE, BTC_PERP), qty_raw(base("1")));
    /* The feed speaks again: now it is Alice's turn. */
    fixture_price(&f, FEED_BTC, "59500");
    fixture_ticks(&f, 1, 100, true);
    cr_assert(step_of(&f, STEP_ADL, 0));
    cr_assert_eq(size_of(&f, ALICE, BTC_PERP), 0);
    fixture_free(&f);
}

/* In a cross silo the stale position stays and the other one is closed. */
Test(liquidation, a_stale_position_is_left_and_the_others_go)
{
    struct fixture f;

    begin(&f);
    go_long(&f, ALICE, "2000");
    fixture_trade(&f, ALICE, BOB, ETH_PERP, "10", "3000");
    f.prices[FEED_BTC] = price_of(0);
    fixture_ticks(&f, 80, 500, true);
    fixture_price(&f, FEED_ETH, "2700");
    fixture_ticks(&f, 2, 100, true);
    cr_assert_eq(size_of(&f, ALICE, ETH_PERP), 0);
    cr_assert_eq(size_of(&f, ALICE, BTC_PERP), qty_raw(base("1")));
    cr_assert(is_in_liquidation(&f, ALICE));
    fixture_free(&f);
}

/* A fall of 30 % in one step is not believed until three aggregates agree;
 * then it is acted upon. */
Test(liquidation, a_jump_is_acted_upon_once_it_is_believed)
{
    struct fixture f;

    begin(&f);
    go_long(&f, ALICE, "1300");
    fixture_prices(&f, "42000", "3000", "100");
    cr_assert_eq(f.engine->feeds[FEED_BTC].grade, GRADE_VOLATILE);
    cr_assert_eq(fixture_count(&f, EVENT_LIQUIDATION), 0);
    fixture_ticks(&f, 1, 1000, false);
    fixture_ticks(&f, 1, 1000, true);
    cr_assert_eq(f.engine->feeds[FEED_BTC].grade, GRADE_VOLATILE);
    cr_assert_eq(fixture_count(&f, EVENT_LIQUIDATION), 0);
    fixture_ticks(&f, 1, 1000, true);
    cr_assert_eq(f.engine->feeds[FEED_BTC].grade, GRADE_UNCERTAIN);
    cr_assert(step_of(&f, STEP_ADL, 0));
    cr_assert_eq(size_of(&f, ALICE, BTC_PERP), 0);
    fixture_free(&f);
}

/* ---- after a restart ---------------------------------------------------- */

static void load_record(void *ctx, const struct record *record)
{
    struct fixture *f = ctx;

    cr_assert(engine_load(f->engine, record->key, record->key_size,
                          record->value, record->value_size));
}

/* In the middle of it: Alice and Dave are in liquidation, a feed has jumped.
 * An engine made from the records goes on with the same events. */
Test(liquidation, a_reloaded_engine_goes_on_alike)
{
    struct fixture f, g;

    begin(&f);
    go_long(&f, ALICE, "1300");
    go_long(&f, DAVE, "1305");
    go_long(&f, ERIN, "3000");
    fixture_buy(&f, CAROL, BTC_PERP, "0.7", "59290");
    fixture_prices(&f, "59300", "3000", "100");
    fixture_prices(&f, "59300", "3000", "70");
    cr_assert(is_in_liquidation(&f, ALICE) && is_in_liquidation(&f, DAVE));

    fixture_init(&g);
    engine_records(f.engine, load_record, &g);
    cr_assert(engine_load_end(g.engine));
    g.time = f.time;
    g.next_nonce = f.next_nonce;
    memcpy(g.prices, f.prices, sizeof f.prices);
    for (int step = 0; step < 30; step++) {
        const char *price = step < 15 ? "59300" : "58000";

        fixture_prices(&f, price, "3000", "70");
        fixture_prices(&g, price, "3000", "70");
        cr_assert_eq(f.event_count, g.event_count, "step %d", step);
        for (uint32_t i = 0; i < f.event_count; i++) {
            uint8_t a[EVENT_BYTES_MAX], b[EVENT_BYTES_MAX];
            size_t size = event_encode(a, sizeof a, &f.events[i]);

            cr_assert_eq(event_encode(b, sizeof b, &g.events[i]), size);
            cr_assert_arr_eq(a, b, size, "step %d, event %u", step, i);
        }
    }
    cr_assert_eq(size_of(&f, ALICE, BTC_PERP), 0);
    fixture_free(&f);
    fixture_free(&g);
}
