/*
 * What the tests of orders share: a funded network, and words for placing,
 * changing and looking. Each test file has its own fixture.
 */
#ifndef CLEARINGD_TESTS_UNIT_ORDER_WORLD_H
#define CLEARINGD_TESTS_UNIT_ORDER_WORLD_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "engine/book.h"
#include "engine/order.h"
#include "engine/position.h"
#include "tests/lib/fixture.h"

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

unused static void stop(void)
{
    fixture_free(&fixture);
}

/* Another network for this test: change fixture.genesis, then start. */
unused static void again(void)
{
    fixture_free(&fixture);
    fixture_genesis(&fixture.genesis);
}

/* ---- helpers ----------------------------------------------------------- */

unused static struct order_terms bid(const char *size, const char *price)
{
    return fixture_limit(BTC_PERP, SIDE_BUY, size, price);
}

unused static struct order_terms ask(const char *size, const char *price)
{
    return fixture_limit(BTC_PERP, SIDE_SELL, size, price);
}

unused static enum result place(uint32_t owner, const struct order_terms *terms)
{
    (void)fixture_order(&fixture, owner, terms);
    return fixture_result(&fixture);
}

unused static enum param refused_param(void)
{
    const struct event *event = fixture_event(&fixture, EVENT_REFUSED, 0);

    cr_assert_not_null(event);
    return event->refused.param;
}

#define EXPECT_REFUSED(owner, terms, why, about)               \
    do {                                                       \
        cr_assert_eq(place(owner, terms), result_##why);       \
        cr_assert_eq(refused_param(), param_##about);          \
        cr_assert_eq(fixture_count(&fixture, EVENT_ORDER), 0); \
    } while (0)

/* The one event about this order in the last command, NULL: none. */
unused static const struct order_view *view_of(uint64_t id)
{
    const struct order_view *found = NULL;

    for (uint32_t i = 0; i < fixture.event_count; i++) {
        const struct event *event = &fixture.events[i];

        if (event->kind != EVENT_ORDER || event->order.id != id)
            continue;
        cr_assert_null(found, "two events about one order");
        found = &event->order;
    }
    return found;
}

unused static void expect_state(uint64_t id, enum order_state state,
                                enum order_reason reason)
{
    const struct order_view *view = view_of(id);

    cr_assert_not_null(view);
    cr_assert_eq(view->state, state);
    cr_assert_eq(view->reason, reason);
}

unused static enum result replace(uint32_t owner, uint64_t id, const char *size,
                                  const char *price, const char *trigger_price)
{
    struct command command = {.kind = COMMAND_REPLACE};

    command.request = fixture_request(&fixture, owner, 0);
    command.replace.order_id = id;
    command.replace.size = base(size);
    command.replace.price = usd(price);
    command.replace.trigger_price = usd(trigger_price);
    fixture_apply(&fixture, &command);
    return fixture_result(&fixture);
}

unused static uint32_t account_slot(uint32_t owner)
{
    for (uint32_t i = 0; i < fixture.engine->account_pool.used; i++) {
        struct account_id id = fixture_account(owner, 0);

        if (account_id_equal(&fixture.engine->accounts[i].id, &id))
            return i;
    }
    cr_assert_fail("no such account");
    return NONE;
}

unused static int64_t position_of(uint32_t owner, uint16_t market)
{
    uint32_t slot = position_find(fixture.engine, account_slot(owner), market);

    return slot == NONE ? 0 : qty_raw(fixture.engine->positions[slot].size);
}

unused static bool is_open(uint64_t id)
{
    return order_find(fixture.engine, id) != NONE;
}

/* Marks and indexes go to this price without a trade. */
unused static void move_btc(const char *price)
{
    fixture_prices(&fixture, price, "3000", "150");
}

unused static void cancel_all(uint32_t owner, uint16_t market,
                              uint32_t expected)
{
    struct command command = {.kind = COMMAND_CANCEL_ALL};

    command.request = fixture_request(&fixture, owner, 0);
    command.cancel_all.market = market;
    fixture_apply(&fixture, &command);
    cr_assert_eq(fixture_result(&fixture), result_ok);
    cr_assert_eq(
        fixture_event(&fixture, EVENT_CANCELLED_COUNT, 0)->cancelled.count,
        expected);
    cr_assert_eq(fixture_count(&fixture, EVENT_ORDER), expected);
}

#endif
