/*
 * What the tests of matching share: a funded network and words for placing and
 * looking. Each test file has its own fixture.
 */
#ifndef CLEARINGD_TESTS_UNIT_MATCH_WORLD_H
#define CLEARINGD_TESTS_UNIT_MATCH_WORLD_H

#include "engine/account.h"
#include "engine/book.h"
#include "engine/margin.h"
#include "engine/match.h"
#include "engine/order.h"
#include "engine/position.h"
#include "tests/lib/fixture.h"
#include <criterion/criterion.h>
#include <string.h>

/* Not every file needs every one of them. */
#define unused __attribute__((unused))

static struct fixture fixture;

unused static void fund(void)
{
    fixture_prices(&fixture, "60000", "3000", "150");
    for (uint32_t owner = 1; owner <= 6; owner++)
        fixture_deposit(&fixture, owner, 0, USDC, usdc("10000000"));
}

unused static void start(void)
{
    fixture_init(&fixture);
    fund();
}

unused static void start_with(enum self_trade policy)
{
    fixture_free(&fixture);
    fixture_genesis(&fixture.genesis);
    fixture.genesis.self_trade = policy;
    fixture_start(&fixture);
    fund();
}

unused static void stop(void)
{
    fixture_free(&fixture);
}

/* ---- helpers ----------------------------------------------------------- */

unused static const struct order_view *view_of(uint64_t id)
{
    for (uint32_t i = 0; i < fixture.event_count; i++)
        if (fixture.events[i].kind == EVENT_ORDER &&
            fixture.events[i].order.id == id)
            return &fixture.events[i].order;
    return NULL;
}

unused static void expect_state(uint64_t id, enum order_state state,
                                enum order_reason reason, const char *filled)
{
    const struct order_view *view = view_of(id);

    cr_assert_not_null(view);
    cr_assert_eq(view->state, state);
    cr_assert_eq(view->reason, reason);
    cr_assert(qty_equal(view->filled, base(filled)));
}

unused static void expect_trade(uint32_t n, uint64_t maker, const char *size,
                                const char *price)
{
    const struct event *event = fixture_event(&fixture, EVENT_TRADE, n);

    cr_assert_not_null(event);
    cr_assert_eq(event->trade.maker_order, maker);
    cr_assert(qty_equal(event->trade.size, base(size)));
    cr_assert(price_equal(event->trade.price, usd(price)));
}

unused static uint32_t account_of(uint32_t owner)
{
    struct account_id id = fixture_account(owner, 0);

    return account_find(fixture.engine, &id);
}

unused static uint32_t position_slot(uint32_t owner)
{
    return position_find(fixture.engine, account_of(owner), BTC_PERP);
}

unused static int64_t position_size(uint32_t owner)
{
    uint32_t slot = position_slot(owner);

    return slot == NONE ? 0 : qty_raw(fixture.engine->positions[slot].size);
}

unused static struct amount cash_of(uint32_t owner)
{
    return *engine_balance(fixture.engine, account_of(owner), USDC);
}

unused static bool is_open(uint64_t id)
{
    return order_find(fixture.engine, id) != NONE;
}

#endif
