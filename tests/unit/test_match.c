/*
 * Matching through engine_apply: what trades with what, at which price, who
 * is passed over and why; and thousands of random orders against a model
 * that looks at everything each time. Mark 60,000, maker 0.02 %, taker
 * 0.05 %.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "engine/account.h"
#include "engine/book.h"
#include "engine/margin.h"
#include "engine/match.h"
#include "engine/order.h"
#include "engine/position.h"
#include "tests/lib/fixture.h"

static struct fixture fixture;

static void fund(void)
{
    fixture_prices(&fixture, "60000", "3000", "150");
    for (uint32_t owner = 1; owner <= 6; owner++)
        fixture_deposit(&fixture, owner, 0, USDC, usdc("10000000"));
}

static void start(void)
{
    fixture_init(&fixture);
    fund();
}

static void start_with(enum self_trade policy)
{
    fixture_free(&fixture);
    fixture_genesis(&fixture.genesis);
    fixture.genesis.self_trade = policy;
    fixture_start(&fixture);
    fund();
}

static void stop(void)
{
    fixture_free(&fixture);
}

TestSuite(match, .init = start, .fini = stop);

/* ---- helpers ----------------------------------------------------------- */

static const struct order_view *view_of(uint64_t id)
{
    for (uint32_t i = 0; i < fixture.event_count; i++)
        if (fixture.events[i].kind == EVENT_ORDER &&
            fixture.events[i].order.id == id)
            return &fixture.events[i].order;
    return NULL;
}

static void expect_state(uint64_t id, enum order_state state,
                         enum order_reason reason, const char *filled)
{
    const struct order_view *view = view_of(id);

    cr_assert_not_null(view);
    cr_assert_eq(view->state, state);
    cr_assert_eq(view->reason, reason);
    cr_assert(qty_equal(view->filled, base(filled)));
}

static void expect_trade(uint32_t n, uint64_t maker, const char *size,
                         const char *price)
{
    const struct event *event = fixture_event(&fixture, EVENT_TRADE, n);

    cr_assert_not_null(event);
    cr_assert_eq(event->trade.maker_order, maker);
    cr_assert(qty_equal(event->trade.size, base(size)));
    cr_assert(price_equal(event->trade.price, usd(price)));
}

static uint32_t account_of(uint32_t owner)
{
    struct account_id id = fixture_account(owner, 0);

    return account_find(fixture.engine, &id);
}

static uint32_t position_slot(uint32_t owner)
{
    return position_find(fixture.engine, account_of(owner), BTC_PERP);
}

static int64_t position_size(uint32_t owner)
{
    uint32_t slot = position_slot(owner);

    return slot == NONE ? 0 : qty_raw(fixture.engine->positions[slot].size);
}

static struct amount cash_of(uint32_t owner)
{
    return *engine_balance(fixture.engine, account_of(owner), USDC);
}

static bool is_open(uint64_t id)
{
    return order_find(fixture.engine, id) != NONE;
}

/* ---- price, time ------------------------------------------------------- */

Test(match, best_prices_trade_first_each_at_its_own)
{
    uint64_t far = fixture_sell(&fixture, 2, BTC_PERP, "1", "60002");
    uint64_t near = fixture_sell(&fixture, 3, BTC_PERP, "1", "60000");
    uint64_t middle = fixture_sell(&fixture, 4, BTC_PERP, "1", "60001");
    uint64_t taker = fixture_buy(&fixture, 1, BTC_PERP, "2.5", "60001.9");

    cr_assert_eq(fixture_count(&fixture, EVENT_TRADE), 2);
    expect_trade(0, near, "1", "60000");
    expect_trade(1, middle, "1", "60001");
    expect_state(taker, ORDER_OPEN, REASON_NONE, "2");
    cr_assert(is_open(far));
}

Test(match, equal_prices_trade_by_arrival)
{
    uint64_t first = fixture_buy(&fixture, 2, BTC_PERP, "1", "60000");
    uint64_t second = fixture_buy(&fixture, 3, BTC_PERP, "1", "60000");
    uint64_t taker = fixture_sell(&fixture, 1, BTC_PERP, "1.5", "59990");

    expect_trade(0, first, "1", "60000");
    expect_trade(1, second, "0.5", "60000");
    expect_state(taker, ORDER_FILLED, REASON_NONE, "1.5");
    expect_state(first, ORDER_FILLED, REASON_NONE, "1");
    expect_state(second, ORDER_OPEN, REASON_NONE, "0.5");
}

Test(match, a_price_outside_the_limit_never_trades)
{
    (void)fixture_sell(&fixture, 2, BTC_PERP, "1", "60000.1");
    (void)fixture_buy(&fixture, 1, BTC_PERP, "1", "60000");
    cr_assert_eq(fixture_count(&fixture, EVENT_TRADE), 0);
    cr_assert(price_equal(book_best_price(fixture.engine, BTC_PERP, SIDE_BUY),
                          usd("60000")));
}

/* 0.5 at 60,010: 30,005 of quote, the taker pays 15.0025, the maker 6.001. */
Test(match, a_trade_tells_everything)
{
    uint64_t maker = fixture_sell(&fixture, 2, BTC_PERP, "1", "60010");
    uint64_t taker = fixture_buy(&fixture, 1, BTC_PERP, "0.5", "60020");
    const struct event *event = fixture_event(&fixture, EVENT_TRADE, 0);
    struct account_id buyer = fixture_account(1, 0);
    struct account_id seller = fixture_account(2, 0);

    cr_assert_eq(event->trade.id, 1);
    cr_assert_eq(event->trade.sequence, 1);
    cr_assert_eq(event->trade.market, BTC_PERP);
    cr_assert_eq(event->trade.taker_side, SIDE_BUY);
    cr_assert_not(event->trade.is_liquidation);
    cr_assert(price_equal(event->trade.mark, usd("60000")));
    cr_assert(price_equal(event->trade.index, usd("60000")));
    cr_assert(account_id_equal(&event->trade.maker, &seller));
    cr_assert(account_id_equal(&event->trade.taker, &buyer));
    cr_assert_eq(event->trade.maker_order, maker);
    cr_assert_eq(event->trade.taker_order, taker);
    cr_assert(amount_equal(event->trade.maker_fee, usdc("6.001")));
    cr_assert(amount_equal(event->trade.taker_fee, usdc("15.0025")));
    cr_assert(amount_equal(view_of(taker)->fee_paid, usdc("15.0025")));
    cr_assert(amount_equal(view_of(maker)->fee_paid, usdc("6.001")));
    cr_assert(amount_equal(view_of(maker)->filled_quote, usdc("30005")));
    cr_assert(amount_equal(cash_of(1), usdc("9999984.9975")));
    cr_assert(amount_equal(cash_of(2), usdc("9999993.999")));
    cr_assert_eq(position_size(1), qty_raw(base("0.5")));
    cr_assert_eq(position_size(2), -qty_raw(base("0.5")));
}

/* The money first, then the trade, then what became of what it touched. */
Test(match, events_come_in_their_order)
{
    static const enum event_kind expected[] = {
        EVENT_LEDGER,   EVENT_LEDGER,   EVENT_TRADE, EVENT_ORDER,
        EVENT_POSITION, EVENT_POSITION, EVENT_ORDER};

    (void)fixture_sell(&fixture, 2, BTC_PERP, "1", "60000");
    (void)fixture_buy(&fixture, 1, BTC_PERP, "0.5", "60000");
    cr_assert_eq(fixture.event_count, 7);
    for (uint32_t i = 0; i < 7; i++)
        cr_assert_eq(fixture.events[i].kind, expected[i], "event %u", i);
}

/* Sold 0.5 of 1 that cost 60,000 at 60,100: 50 of profit, once. */
Test(match, a_position_tells_what_the_command_realised)
{
    const struct event *event;

    fixture_trade(&fixture, 1, 2, BTC_PERP, "1", "60000");
    (void)fixture_buy(&fixture, 3, BTC_PERP, "0.2", "60100");
    (void)fixture_buy(&fixture, 4, BTC_PERP, "0.3", "60100");
    (void)fixture_sell(&fixture, 1, BTC_PERP, "0.5", "60000");
    cr_assert_eq(fixture_count(&fixture, EVENT_POSITION), 3);
    event = NULL;
    for (uint32_t i = 0; i < 3; i++) {
        const struct event *one = fixture_event(&fixture, EVENT_POSITION, i);
        struct account_id id = fixture_account(1, 0);

        if (account_id_equal(&one->position.account, &id))
            event = one;
    }
    cr_assert_not_null(event);
    cr_assert(qty_equal(event->position.size, base("0.5")));
    cr_assert(amount_equal(event->position.cost, usdc("30000")));
    cr_assert(amount_equal(event->position.realised, usdc("50")));
}

Test(match, a_flat_position_is_told_and_then_forgotten)
{
    const struct event *event;

    fixture_trade(&fixture, 1, 2, BTC_PERP, "1", "60000");
    fixture_trade(&fixture, 2, 1, BTC_PERP, "1", "60000");
    cr_assert_eq(fixture_count(&fixture, EVENT_POSITION), 2);
    event = fixture_event(&fixture, EVENT_POSITION, 0);
    cr_assert(qty_is_zero(event->position.size));
    cr_assert_eq(fixture.engine->position_pool.count, 0);
}

/* ---- own orders -------------------------------------------------------- */

Test(match, own_makers_are_cancelled_and_passed_over)
{
    uint64_t own = fixture_sell(&fixture, 1, BTC_PERP, "1", "60000");
    uint64_t other = fixture_sell(&fixture, 2, BTC_PERP, "1", "60000");
    uint64_t taker = fixture_buy(&fixture, 1, BTC_PERP, "1", "60000");

    expect_state(own, ORDER_CANCELLED, REASON_SELF_TRADE, "0");
    expect_state(taker, ORDER_FILLED, REASON_NONE, "1");
    expect_trade(0, other, "1", "60000");
}

Test(match, own_is_the_owner_not_the_sub_account)
{
    struct command command = {.kind = COMMAND_ORDER};
    uint64_t own = fixture_sell(&fixture, 1, BTC_PERP, "1", "60000");

    fixture_deposit(&fixture, 1, 7, USDC, usdc("1000000"));
    command.request = fixture_request(&fixture, 1, 7);
    command.order = fixture_limit(BTC_PERP, SIDE_BUY, "1", "60000");
    fixture_apply(&fixture, &command);
    cr_assert_eq(fixture_count(&fixture, EVENT_TRADE), 0);
    expect_state(own, ORDER_CANCELLED, REASON_SELF_TRADE, "0");
}

Test(match, or_the_taker_is_cancelled)
{
    struct order_terms terms = fixture_limit(BTC_PERP, SIDE_BUY, "3", "60000");
    uint64_t other, own, taker;

    start_with(SELF_TRADE_CANCEL_TAKER);
    other = fixture_sell(&fixture, 2, BTC_PERP, "1", "60000");
    own = fixture_sell(&fixture, 1, BTC_PERP, "1", "60000");
    taker = fixture_order(&fixture, 1, &terms);
    expect_trade(0, other, "1", "60000");
    expect_state(taker, ORDER_CANCELLED, REASON_SELF_TRADE, "1");
    cr_assert(is_open(own));
    /* Now its own order is the first: refused before anything happens. */
    (void)fixture_order(&fixture, 1, &terms);
    cr_assert_eq(fixture_result(&fixture), result_self_trade);
    /* Fill-or-kill sees it coming. */
    (void)fixture_sell(&fixture, 2, BTC_PERP, "1", "59999");
    terms.time_in_force = TIF_FILL_OR_KILL;
    (void)fixture_order(&fixture, 1, &terms);
    cr_assert_eq(fixture_result(&fixture), result_fill_or_kill_unfilled);
}

/* With itself in one account: no position, only fees. */
Test(match, or_it_is_allowed)
{
    uint64_t own, taker;

    start_with(SELF_TRADE_ALLOW);
    own = fixture_sell(&fixture, 1, BTC_PERP, "1", "60000");
    taker = fixture_buy(&fixture, 1, BTC_PERP, "1", "60000");
    expect_trade(0, own, "1", "60000");
    expect_state(taker, ORDER_FILLED, REASON_NONE, "1");
    cr_assert_eq(position_size(1), 0);
    cr_assert(qty_is_zero(fixture.engine->markets[BTC_PERP].open_interest));
    cr_assert(amount_equal(cash_of(1), usdc("9999958")));
}

/* ---- judged just before the fill --------------------------------------- */

/* 10 at 59,000 want 12,000 at a mark of 60,000. At a mark of 58,500 they
 * want 11,700 and 5,000 of loss beside it: too much for 13,000. */
static uint64_t poor_bid(void)
{
    uint64_t id;

    fixture_deposit(&fixture, 9, 0, USDC, usdc("13000"));
    id = fixture_buy(&fixture, 9, BTC_PERP, "10", "59000");
    cr_assert_neq(id, 0);
    fixture_prices(&fixture, "58500", "3000", "150");
    cr_assert(is_open(id));
    return id;
}

Test(match, a_maker_without_margin_is_cancelled_and_passed_over)
{
    uint64_t poor = poor_bid();
    uint64_t other = fixture_buy(&fixture, 2, BTC_PERP, "1", "58900");
    uint64_t taker = fixture_sell(&fixture, 1, BTC_PERP, "1", "58500");

    expect_state(poor, ORDER_CANCELLED, REASON_MARGIN, "0");
    expect_trade(0, other, "1", "58900");
    expect_state(taker, ORDER_FILLED, REASON_NONE, "1");
}

Test(match, fill_or_kill_does_not_count_a_maker_without_margin)
{
    struct order_terms terms = fixture_limit(BTC_PERP, SIDE_SELL, "1", "58500");
    uint64_t poor = poor_bid();

    terms.time_in_force = TIF_FILL_OR_KILL;
    (void)fixture_order(&fixture, 1, &terms);
    cr_assert_eq(fixture_result(&fixture), result_fill_or_kill_unfilled);
    cr_assert(is_open(poor));
    (void)fixture_buy(&fixture, 2, BTC_PERP, "1", "58500");
    expect_state(fixture_order(&fixture, 1, &terms), ORDER_FILLED, REASON_NONE,
                 "1");
    expect_state(poor, ORDER_CANCELLED, REASON_MARGIN, "0");
}

/* 10 at 60,000 want 12,000; the bid for 1 costs 12 of fees, the one for 9
 * behind it 107.99982. */
Test(match, fill_or_kill_adds_up_what_a_maker_would_pay)
{
    struct order_terms terms =
        fixture_limit(BTC_PERP, SIDE_SELL, "10", "59999");
    uint64_t first, second;

    fixture_deposit(&fixture, 9, 0, USDC, usdc("12119"));
    second = fixture_buy(&fixture, 9, BTC_PERP, "9", "59999.9");
    first = fixture_buy(&fixture, 9, BTC_PERP, "1", "60000");
    terms.time_in_force = TIF_FILL_OR_KILL;
    /* Each of them could be paid out of 119, both can't. */
    (void)fixture_order(&fixture, 1, &terms);
    cr_assert_eq(fixture_result(&fixture), result_fill_or_kill_unfilled);
    cr_assert(is_open(first) && is_open(second));
    fixture_deposit(&fixture, 9, 0, USDC, usdc("1"));
    (void)fixture_order(&fixture, 1, &terms);
    cr_assert_eq(fixture_result(&fixture), result_ok);
}

/* Long 10 with 12,700; at 59,500 equity is 7,700. Selling 5 at 57,000 would
 * lose 12,500 more: reducing, but not getting any healthier. */
Test(match, a_taker_that_would_fall_ill_stops)
{
    struct order_terms terms = fixture_limit(BTC_PERP, SIDE_SELL, "5", "57000");
    uint64_t maker, taker;

    fixture_deposit(&fixture, 9, 0, USDC, usdc("13000"));
    fixture_trade(&fixture, 9, 2, BTC_PERP, "10", "60000");
    fixture_prices(&fixture, "59500", "3000", "150");
    maker = fixture_buy(&fixture, 3, BTC_PERP, "5", "57000");
    terms.is_reduce_only = true;
    taker = fixture_order(&fixture, 9, &terms);
    expect_state(taker, ORDER_CANCELLED, REASON_MARGIN, "0");
    cr_assert(is_open(maker));
    cr_assert_null(view_of(maker));
}

/* Two fills of 6.00001 cost 0.003001 each, both at once 0.006001. */
Test(match, a_fill_beyond_max_fee_is_not_made)
{
    struct order_terms terms =
        fixture_limit(BTC_PERP, SIDE_BUY, "0.0002", "60000.1");
    uint64_t taker;

    (void)fixture_sell(&fixture, 2, BTC_PERP, "0.0001", "60000.1");
    (void)fixture_sell(&fixture, 3, BTC_PERP, "0.0001", "60000.1");
    terms.has_max_fee = true;
    terms.max_fee = usdc("0.006001");
    taker = fixture_order(&fixture, 1, &terms);
    expect_state(taker, ORDER_CANCELLED, REASON_MAX_FEE, "0.0001");
    cr_assert(amount_equal(view_of(taker)->fee_paid, usdc("0.003001")));
    terms.time_in_force = TIF_FILL_OR_KILL;
    terms.size = base("0.0001");
    terms.max_fee = usdc("0.003");
    (void)fixture_order(&fixture, 1, &terms);
    cr_assert_eq(fixture_result(&fixture), result_max_fee_too_low);
    terms.max_fee = usdc("0.003001");
    expect_state(fixture_order(&fixture, 1, &terms), ORDER_FILLED, REASON_NONE,
                 "0.0001");
}

/* The same for a maker: 0.002 % of 6.00001 are 0.001201 a fill; 0.002401 for
 * both at once. */
Test(match, a_maker_beyond_its_max_fee_is_cancelled)
{
    struct order_terms terms =
        fixture_limit(BTC_PERP, SIDE_SELL, "0.0002", "60000.1");
    uint64_t maker, taker;

    terms.is_post_only = true;
    terms.has_max_fee = true;
    terms.max_fee = usdc("0.002401");
    maker = fixture_order(&fixture, 2, &terms);
    (void)fixture_buy(&fixture, 1, BTC_PERP, "0.0001", "60000.1");
    expect_state(maker, ORDER_OPEN, REASON_NONE, "0.0001");
    taker = fixture_buy(&fixture, 1, BTC_PERP, "0.0001", "60000.1");
    expect_state(maker, ORDER_CANCELLED, REASON_MAX_FEE, "0.0001");
    expect_state(taker, ORDER_OPEN, REASON_NONE, "0");
}

/* The limit was lowered while the maker's order stood open; the taker, short
 * 4, may always reduce. */
Test(match, a_maker_beyond_the_position_limit_is_cancelled)
{
    uint64_t maker, taker;

    fixture_trade(&fixture, 2, 1, BTC_PERP, "4", "60000");
    maker = fixture_sell(&fixture, 3, BTC_PERP, "5", "60000");
    fixture.is_unchecked = true;
    fixture.engine->genesis.markets[BTC_PERP].position_max = base("3");
    taker = fixture_buy(&fixture, 1, BTC_PERP, "4", "60000");
    expect_state(maker, ORDER_CANCELLED, REASON_POSITION_LIMIT, "0");
    expect_state(taker, ORDER_OPEN, REASON_NONE, "0");
}

Test(match, open_interest_counts_in_quote_at_the_index)
{
    struct engine *engine = fixture.engine;

    fixture_trade(&fixture, 1, 2, BTC_PERP, "4", "60000");
    cr_assert_not(
        match_exceeds_open_interest(engine, BTC_PERP, base("1000000")));
    engine->genesis.markets[BTC_PERP].open_interest_max = usdc("300000");
    cr_assert_not(match_exceeds_open_interest(engine, BTC_PERP, base("1")));
    cr_assert(match_exceeds_open_interest(engine, BTC_PERP, base("1.0001")));
    cr_assert_not(match_exceeds_open_interest(engine, BTC_PERP, base("0")));
    cr_assert_not(match_exceeds_open_interest(engine, BTC_PERP, base("-1")));
}

/* Rule 5: below zero only a reduction is left, and it costs nothing. */
Test(match, an_account_below_zero_pays_no_fee)
{
    struct order_terms terms = fixture_limit(BTC_PERP, SIDE_SELL, "1", "60000");
    const struct event *event;

    fixture_trade(&fixture, 1, 2, BTC_PERP, "1", "60000");
    (void)fixture_buy(&fixture, 3, BTC_PERP, "1", "60000");
    fixture.is_unchecked = true;
    *engine_balance(fixture.engine, account_of(1), USDC) = usdc("-70000");
    terms.is_reduce_only = true;
    (void)fixture_order(&fixture, 1, &terms);
    event = fixture_event(&fixture, EVENT_TRADE, 0);
    cr_assert_not_null(event);
    cr_assert(amount_is_zero(event->trade.taker_fee));
    cr_assert(amount_equal(event->trade.maker_fee, usdc("12")));
    cr_assert(amount_equal(cash_of(1), usdc("-70000")));
}

/* ---- liquidation ------------------------------------------------------- */

Test(match, a_liquidation_takes_up_to_its_limit)
{
    struct match_result result;
    struct amount before;
    uint64_t own, second;

    fixture_trade(&fixture, 1, 2, BTC_PERP, "3", "60000");
    before = cash_of(1);
    own = fixture_buy(&fixture, 1, BTC_PERP, "1", "59950");
    (void)fixture_buy(&fixture, 3, BTC_PERP, "1", "59900");
    second = fixture_buy(&fixture, 4, BTC_PERP, "1", "59800");
    (void)fixture_buy(&fixture, 4, BTC_PERP, "1", "59799.9");
    match_liquidation(fixture.engine, position_slot(1), SIDE_SELL, base("3"),
                      usd("59800"), &result);
    order_flush_touched(fixture.engine);
    cr_assert(qty_equal(result.filled, base("2")));
    cr_assert(amount_equal(result.quote, usdc("119700")));
    cr_assert_not(is_open(own) || is_open(second));
    cr_assert_eq(position_size(1), qty_raw(base("1")));
    /* 300 of loss, and no fee. */
    cr_assert(amount_equal(cash_of(1), amount_sub(before, usdc("300"))));
}

Test(match, a_liquidation_never_turns_a_position_round)
{
    struct match_result result;

    fixture_trade(&fixture, 2, 1, BTC_PERP, "3", "60000");
    (void)fixture_sell(&fixture, 3, BTC_PERP, "5", "60000");
    match_liquidation(fixture.engine, position_slot(1), SIDE_BUY, base("4"),
                      usd("60000"), &result);
    order_flush_touched(fixture.engine);
    cr_assert(qty_equal(result.filled, base("3")));
    cr_assert_eq(position_size(1), 0);
}

/* ---- against a model --------------------------------------------------- */

#define MODEL_ORDERS 4096
#define MODEL_OWNERS 4

struct model_order {
    uint64_t priority;
    uint32_t owner;
    enum side side;
    int64_t price, left; /* ticks of 0.1, lots of 0.0001 */
    bool is_open, is_reduce_only;
};

struct model_trade {
    uint64_t maker, taker;
    int64_t price, size;
};

/* By order id; trades are those of the last command. */
struct model {
    struct model_order orders[MODEL_ORDERS];
    uint64_t next_id, next_priority;
    int64_t positions[MODEL_OWNERS + 1];
    struct model_trade trades[256];
    uint32_t trade_count;
};

static struct model model, trial;

static int64_t model_reducible(const struct model *m, uint32_t owner,
                               enum side side)
{
    int64_t held = m->positions[owner];

    if (side == SIDE_BUY)
        held = -held;
    return held > 0 ? held : 0;
}

static bool model_crosses(const struct model_order *a,
                          const struct model_order *b)
{
    if (a->side == b->side)
        return false;
    return a->side == SIDE_BUY ? a->price >= b->price : a->price <= b->price;
}

/* 0: nobody. */
static uint64_t model_best(const struct model *m,
                           const struct model_order *taker)
{
    uint64_t best = 0;

    for (uint64_t id = 1; id < m->next_id; id++) {
        const struct model_order *order = &m->orders[id];
        const struct model_order *found = &m->orders[best];
        int64_t better = found->price - order->price;

        if (!order->is_open || !model_crosses(taker, order))
            continue;
        if (order->side == SIDE_BUY)
            better = -better;
        if (best == 0 || better > 0 ||
            (better == 0 && order->priority < found->priority))
            best = id;
    }
    return best;
}

static int64_t min_of(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* What is left of a taker that is not on the book; makers that may not trade
 * are closed. True: it may rest. */
static bool model_match(struct model *m, uint64_t id)
{
    struct model_order *taker = &m->orders[id];
    uint64_t best;

    while (taker->left > 0 && (best = model_best(m, taker)) != 0) {
        struct model_order *maker = &m->orders[best];
        int64_t size = min_of(taker->left, maker->left);
        int64_t sign = taker->side == SIDE_BUY ? 1 : -1;

        if (maker->owner == taker->owner) {
            maker->is_open = false;
            continue;
        }
        if (taker->is_reduce_only)
            size = min_of(size, model_reducible(m, taker->owner, taker->side));
        if (size == 0)
            return false;
        if (maker->is_reduce_only)
            size = min_of(size, model_reducible(m, maker->owner, maker->side));
        if (size == 0) {
            maker->is_open = false;
            continue;
        }
        m->trades[m->trade_count++] =
            (struct model_trade){best, id, maker->price, size};
        taker->left -= size;
        maker->left -= size;
        maker->is_open = maker->left > 0;
        m->positions[taker->owner] += sign * size;
        m->positions[maker->owner] -= sign * size;
    }
    return true;
}

static void model_arrive(struct model *m, uint64_t id, enum time_in_force tif)
{
    struct model_order *order = &m->orders[id];

    order->is_open = false;
    order->priority = m->next_priority++;
    m->trade_count = 0;
    if (model_match(m, id) && order->left > 0 && tif == TIF_GOOD_TIL_CANCELLED)
        order->is_open = true;
}

static bool model_would_trade(const struct model *m,
                              const struct model_order *order)
{
    return model_best(m, order) != 0;
}

static bool model_place(const struct model_order *wish, enum time_in_force tif,
                        bool is_post_only)
{
    model.trade_count = 0;
    if (wish->is_reduce_only &&
        model_reducible(&model, wish->owner, wish->side) == 0)
        return false;
    if (is_post_only && model_would_trade(&model, wish))
        return false;
    if (tif == TIF_FILL_OR_KILL) {
        trial = model;
        trial.orders[trial.next_id++] = *wish;
        model_arrive(&trial, trial.next_id - 1, tif);
        if (trial.orders[trial.next_id - 1].left > 0)
            return false;
    }
    model.orders[model.next_id++] = *wish;
    model_arrive(&model, model.next_id - 1, tif);
    return true;
}

static uint64_t seed_now;

static uint64_t random_below(uint64_t bound)
{
    seed_now = seed_now * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (seed_now >> 33) % bound;
}

static void compare_trades(void)
{
    cr_assert_eq(fixture_count(&fixture, EVENT_TRADE), model.trade_count);
    for (uint32_t i = 0; i < model.trade_count; i++) {
        const struct event *event = fixture_event(&fixture, EVENT_TRADE, i);
        const struct model_trade *trade = &model.trades[i];

        cr_assert_eq(event->trade.maker_order, trade->maker);
        cr_assert_eq(event->trade.taker_order, trade->taker);
        cr_assert_eq(price_raw(event->trade.price), trade->price * 10000000);
        cr_assert_eq(qty_raw(event->trade.size), trade->size * 10000);
    }
}

static void compare_all(void)
{
    uint32_t open = 0;

    for (uint64_t id = 1; id < model.next_id; id++) {
        uint32_t slot = order_find(fixture.engine, id);

        cr_assert_eq(slot != NONE, model.orders[id].is_open);
        if (slot == NONE)
            continue;
        open++;
        cr_assert_eq(qty_raw(book_open_size(&fixture.engine->orders[slot])),
                     model.orders[id].left * 10000);
    }
    cr_assert_eq(fixture.engine->order_pool.count, open);
    for (uint32_t owner = 1; owner <= MODEL_OWNERS; owner++)
        cr_assert_eq(position_size(owner), model.positions[owner] * 10000);
}

static void random_place(void)
{
    static const enum time_in_force tifs[] = {
        TIF_GOOD_TIL_CANCELLED, TIF_GOOD_TIL_CANCELLED, TIF_IMMEDIATE_OR_CANCEL,
        TIF_FILL_OR_KILL};
    struct order_terms terms = fixture_limit(BTC_PERP, SIDE_BUY, "0", "0");
    enum time_in_force tif = tifs[random_below(4)];
    struct model_order wish = {.owner =
                                   (uint32_t)(1 + random_below(MODEL_OWNERS)),
                               .side = (enum side)random_below(2),
                               .price = 600000 + (int64_t)random_below(24) - 12,
                               .left = 1 + (int64_t)random_below(60),
                               .is_reduce_only = random_below(4) == 0};

    terms.is_post_only = tif == TIF_GOOD_TIL_CANCELLED && random_below(4) == 0;
    terms.side = (uint8_t)wish.side;
    terms.time_in_force = (uint8_t)tif;
    terms.is_reduce_only = wish.is_reduce_only;
    terms.price = price_of(wish.price * 10000000);
    terms.size = qty_of(wish.left * 10000);

    bool is_expected = model_place(&wish, tif, terms.is_post_only);

    (void)fixture_order(&fixture, wish.owner, &terms);
    cr_assert_eq(fixture_result(&fixture) == result_ok, is_expected,
                 "result %d", fixture_result(&fixture));
    compare_trades();
}

static void random_cancel(void)
{
    uint64_t id = 1 + random_below(model.next_id);
    struct model_order *order = &model.orders[id];
    bool is_open = id < model.next_id && order->is_open;

    model.trade_count = 0;
    cr_assert_eq(fixture_cancel(&fixture, order->owner == 0 ? 1 : order->owner,
                                id) == result_ok,
                 is_open);
    order->is_open = false;
}

static void random_replace(void)
{
    struct command command = {.kind = COMMAND_REPLACE};
    uint64_t id = 1 + random_below(model.next_id);
    struct model_order *order = &model.orders[id];
    int64_t price = 600000 + (int64_t)random_below(24) - 12;
    int64_t left = 1 + (int64_t)random_below(60);
    uint32_t slot = order_find(fixture.engine, id);
    struct qty filled;

    if (id >= model.next_id || !order->is_open)
        return;
    filled = fixture.engine->orders[slot].filled;
    if (fixture.engine->orders[slot].is_post_only ||
        (order->is_reduce_only &&
         model_reducible(&model, order->owner, order->side) == 0))
        return;
    if (price == order->price && left == order->left)
        return;
    command.request = fixture_request(&fixture, order->owner, 0);
    command.replace.order_id = id;
    command.replace.size = qty_add(filled, qty_of(left * 10000));
    command.replace.price = price_of(price * 10000000);
    fixture_apply(&fixture, &command);
    cr_assert_eq(fixture_result(&fixture), result_ok);

    bool keeps = price == order->price && left < order->left;

    model.trade_count = 0;
    order->left = left;
    order->price = price;
    if (!keeps)
        model_arrive(&model, id, TIF_GOOD_TIL_CANCELLED);
    compare_trades();
}

static void run_model(uint64_t seed, uint32_t steps)
{
    seed_now = seed;
    memset(&model, 0, sizeof model);
    model.next_id = 1;
    model.next_priority = 1;
    for (uint32_t step = 0; step < steps; step++) {
        uint64_t kind = random_below(10);

        if (kind < 6)
            random_place();
        else if (kind < 8)
            random_replace();
        else
            random_cancel();
        if (step % 16 == 0)
            compare_all();
    }
    compare_all();
    cr_assert_gt(fixture.engine->trade_count, steps / 10);
}

Test(match, agrees_with_a_model_that_looks_at_everything)
{
    run_model(1, 3000);
}

Test(match, agrees_with_the_model_again)
{
    run_model(2026, 3000);
}
