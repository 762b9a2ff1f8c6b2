/*
 * Session keys: who may act, for what, where, how far and until when.
 */
#include "engine/account.h"
#include "engine/key.h"
#include "tests/lib/fixture.h"

#include <criterion/criterion.h>

#define SIGNER 900

static struct fixture f;

static void setup(void)
{
    fixture_init(&f);
    fixture_prices(&f, "60000", "2500", "150");
    fixture_deposit(&f, 1, 0, USDC, usdc("100000"));
    fixture_deposit(&f, 1, 7, USDC, usdc("100000"));
    fixture_deposit(&f, 2, 0, USDC, usdc("100000"));
}

static void teardown(void)
{
    fixture_free(&f);
}

TestSuite(key, .init = setup, .fini = teardown);

static struct command authorization(uint32_t scopes)
{
    struct command command = {.kind = COMMAND_AUTHORIZE_KEY};

    command.request = fixture_request(&f, 1, 0);
    command.authorize.key = fixture_address(SIGNER);
    command.authorize.scopes = scopes;
    command.authorize.expires =
        nanos_add(f.time, nanos_of(60 * NANOS_PER_SECOND));
    return command;
}

static enum result authorise(uint32_t scopes)
{
    struct command command = authorization(scopes);

    fixture_apply(&f, &command);
    return fixture_result(&f);
}

/* A command of owner 1 by the session key. */
static struct command by_key(enum command_kind kind, uint32_t subaccount)
{
    struct command command = {.kind = kind};

    command.request = fixture_request(&f, 1, subaccount);
    command.request.signer = fixture_address(SIGNER);
    return command;
}

static enum result result_of(struct command *command)
{
    fixture_apply(&f, command);
    return fixture_result(&f);
}

static enum result order_by_key(uint16_t market, const char *size)
{
    struct command command = by_key(COMMAND_ORDER, 0);

    command.order = fixture_limit(market, SIDE_BUY, size,
                                  market == BTC_PERP ? "59000" : "2450");
    return result_of(&command);
}

Test(key, an_unknown_signer_is_not_authorised)
{
    cr_assert_eq(order_by_key(BTC_PERP, "0.1"), result_signer_not_authorised);
    cr_assert_eq(authorise(SCOPE_TRADE), result_ok);
    cr_assert_eq(order_by_key(BTC_PERP, "0.1"), result_ok);
}

/* A key is the owner's who authorised it, not everybody's. */
Test(key, belongs_to_its_owner)
{
    struct command command;

    cr_assert_eq(authorise(SCOPE_TRADE), result_ok);
    command = by_key(COMMAND_ORDER, 0);
    command.request.owner = fixture_address(2);
    command.order = fixture_limit(BTC_PERP, SIDE_BUY, "0.1", "59000");
    cr_assert_eq(result_of(&command), result_signer_not_authorised);
}

Test(key, the_event_tells_the_key)
{
    struct command command = authorization(SCOPE_TRADE | SCOPE_TRANSFER);
    const struct event *event;

    cr_assert_eq(result_of(&command), result_ok);
    event = fixture_event(&f, EVENT_KEY, 0);
    cr_assert_eq(event->key.scopes, SCOPE_TRADE | SCOPE_TRANSFER);
    cr_assert(address_equal(&event->key.key, &command.authorize.key));
    cr_assert(address_equal(&event->key.owner, &command.request.owner));
    cr_assert(nanos_equal(event->key.expires, command.authorize.expires));
}

/* By scope: what each key may. */
Test(key, scopes)
{
    static const uint32_t scopes[] = {SCOPE_TRADE, SCOPE_CANCEL,
                                      SCOPE_TRANSFER};
    static const bool may_trade[] = {true, false, false};
    static const bool may_cancel[] = {true, true, false};
    static const bool may_transfer[] = {false, false, true};

    for (int i = 0; i < 3; i++) {
        struct command command;

        cr_assert_eq(authorise(scopes[i]), result_ok);
        cr_assert_eq(order_by_key(BTC_PERP, "0.1"),
                     may_trade[i] ? result_ok : result_key_scope);
        command = by_key(COMMAND_CANCEL_ALL, 0);
        command.cancel_all.market = MARKET_ALL;
        cr_assert_eq(result_of(&command),
                     may_cancel[i] ? result_ok : result_key_scope);
        command = by_key(COMMAND_TRANSFER, 0);
        command.transfer.to_subaccount = 7;
        command.transfer.amount = usdc("1");
        cr_assert_eq(result_of(&command),
                     may_transfer[i] ? result_ok : result_key_scope);
        command = by_key(COMMAND_SET_LEVERAGE, 0);
        cr_assert_eq(result_of(&command),
                     may_trade[i] ? result_ok : result_key_scope);
        command = by_key(COMMAND_REPLACE, 0);
        cr_assert_eq(result_of(&command),
                     may_trade[i] ? result_order_not_found : result_key_scope);
    }
}

/* No scope lets a key withdraw or manage keys. */
Test(key, what_only_the_owner_may)
{
    struct command command;

    cr_assert_eq(authorise(SCOPE_TRADE | SCOPE_CANCEL | SCOPE_TRANSFER),
                 result_ok);
    command = by_key(COMMAND_WITHDRAW, 0);
    command.withdraw.amount = usdc("1");
    cr_assert_eq(result_of(&command), result_key_scope);
    command = by_key(COMMAND_REVOKE_KEY, 0);
    command.revoke.key = fixture_address(SIGNER);
    cr_assert_eq(result_of(&command), result_key_scope);
    command = authorization(SCOPE_TRADE);
    command.request.signer = fixture_address(SIGNER);
    cr_assert_eq(result_of(&command), result_key_scope);
}

/* A batch with orders is trading, one of cancels alone is not. */
Test(key, batches)
{
    uint64_t id = 4711;
    struct order_terms terms = fixture_limit(BTC_PERP, SIDE_BUY, "1", "59000");
    struct command command;

    cr_assert_eq(authorise(SCOPE_CANCEL), result_ok);
    command = by_key(COMMAND_BATCH, 0);
    command.batch.cancel_count = 1;
    command.batch.cancels = &id;
    cr_assert_eq(result_of(&command), result_order_not_found);
    command = by_key(COMMAND_BATCH, 0);
    command.batch.cancel_count = 1;
    command.batch.cancels = &id;
    command.batch.order_count = 1;
    command.batch.orders = &terms;
    cr_assert_eq(result_of(&command), result_key_scope);
}

/* The last moment is the one before `expires`. */
Test(key, expires)
{
    struct command command = authorization(SCOPE_TRADE);

    command.authorize.expires = nanos_add(f.time, nanos_of(2));
    cr_assert_eq(result_of(&command), result_ok);
    f.time = nanos_add(f.time, nanos_of(1));
    cr_assert_eq(order_by_key(BTC_PERP, "0.1"), result_ok);
    f.time = nanos_add(f.time, nanos_of(1));
    cr_assert_eq(order_by_key(BTC_PERP, "0.1"), result_key_expired);
    cr_assert_eq(authorise(SCOPE_TRADE), result_ok);
    cr_assert_eq(order_by_key(BTC_PERP, "0.1"), result_ok);
}

Test(key, subaccounts)
{
    uint32_t list[] = {7, 9};
    struct command command = authorization(SCOPE_TRADE | SCOPE_TRANSFER);

    command.authorize.subaccount_count = 2;
    command.authorize.subaccounts = list;
    cr_assert_eq(result_of(&command), result_ok);
    cr_assert_eq(order_by_key(BTC_PERP, "0.1"), result_key_subaccount);
    command = by_key(COMMAND_ORDER, 7);
    command.order = fixture_limit(BTC_PERP, SIDE_BUY, "0.1", "59000");
    cr_assert_eq(result_of(&command), result_ok);
    /* Money may only go where the key may act, too. */
    command = by_key(COMMAND_TRANSFER, 7);
    command.transfer.to_subaccount = 0;
    command.transfer.amount = usdc("1");
    cr_assert_eq(result_of(&command), result_key_subaccount);
    command = by_key(COMMAND_TRANSFER, 7);
    command.transfer.to_subaccount = 9;
    command.transfer.amount = usdc("1");
    cr_assert_eq(result_of(&command), result_ok);
}

Test(key, markets)
{
    uint16_t list[] = {ETH_PERP};
    struct command command = authorization(SCOPE_TRADE);

    command.authorize.market_count = 1;
    command.authorize.markets = list;
    cr_assert_eq(result_of(&command), result_ok);
    cr_assert_eq(order_by_key(BTC_PERP, "0.1"), result_key_instrument);
    cr_assert_eq(order_by_key(ETH_PERP, "0.1"), result_ok);
    command = by_key(COMMAND_SET_LEVERAGE, 0);
    command.leverage.market = BTC_PERP;
    cr_assert_eq(result_of(&command), result_key_instrument);
}

/* 12,000 of exposure: 0.2 BTC at the mark of 60,000 (the limit price does not
 * matter), shared with what else is open; reducing is always allowed. */
Test(key, exposure)
{
    struct command command = authorization(SCOPE_TRADE);

    command.authorize.max_exposure = usdc("12000");
    cr_assert_eq(result_of(&command), result_ok);
    cr_assert_eq(order_by_key(BTC_PERP, "0.2001"), result_key_exposure);
    cr_assert_eq(order_by_key(BTC_PERP, "0.2"), result_ok);
    cr_assert_eq(order_by_key(ETH_PERP, "0.001"), result_key_exposure);
    command = by_key(COMMAND_CANCEL_ALL, 0);
    command.cancel_all.market = MARKET_ALL;
    cr_assert_eq(result_of(&command), result_ok);

    fixture_trade(&f, 1, 2, BTC_PERP, "0.5", "60000"); /* by the owner */
    cr_assert_eq(order_by_key(BTC_PERP, "0.0001"), result_key_exposure);
    command = by_key(COMMAND_ORDER, 0);
    command.order = fixture_limit(BTC_PERP, SIDE_SELL, "0.5", "61000");
    cr_assert_eq(result_of(&command), result_ok);
}

Test(key, exposure_of_both_sides)
{
    const struct key *key;
    struct command command = authorization(SCOPE_TRADE);
    struct account_id id = fixture_account(1, 0);
    struct address owner = fixture_address(1), signer = fixture_address(SIGNER);
    uint32_t slot;

    command.authorize.max_exposure = usdc("12000");
    cr_assert_eq(result_of(&command), result_ok);
    fixture_buy(&f, 1, BTC_PERP, "0.15", "59000");
    key = key_find(f.engine, &owner, &signer);
    slot = account_find(f.engine, &id);
    cr_assert(key_allows_order(f.engine, key, slot, BTC_PERP, SIDE_SELL,
                               base("0.2")));
    cr_assert(!key_allows_order(f.engine, key, slot, BTC_PERP, SIDE_SELL,
                                base("0.2001")));
    cr_assert(key_allows_order(f.engine, key, slot, BTC_PERP, SIDE_BUY,
                               base("0.05")));
    cr_assert(!key_allows_order(f.engine, key, slot, BTC_PERP, SIDE_BUY,
                                base("0.0501")));
}

Test(key, revoked)
{
    struct command command = {.kind = COMMAND_REVOKE_KEY};

    cr_assert_eq(authorise(SCOPE_TRADE), result_ok);
    command.request = fixture_request(&f, 1, 0);
    command.revoke.key = fixture_address(SIGNER);
    cr_assert_eq(result_of(&command), result_ok);
    cr_assert_eq(fixture_event(&f, EVENT_KEY, 0)->key.scopes, 0);
    cr_assert_eq(order_by_key(BTC_PERP, "0.1"), result_signer_not_authorised);
    command.request = fixture_request(&f, 1, 0);
    cr_assert_eq(result_of(&command), result_key_unknown);
    cr_assert_eq(f.engine->key_pool.count, 0);
}

/* Authorised again it has the new terms only. */
Test(key, authorised_again)
{
    uint16_t list[] = {ETH_PERP};
    struct command command = authorization(SCOPE_TRADE);

    command.authorize.market_count = 1;
    command.authorize.markets = list;
    cr_assert_eq(result_of(&command), result_ok);
    cr_assert_eq(authorise(SCOPE_TRADE), result_ok);
    cr_assert_eq(order_by_key(BTC_PERP, "0.1"), result_ok);
    cr_assert_eq(f.engine->key_pool.count, 1);
}

Test(key, terms_that_are_refused)
{
    uint16_t list[] = {3};
    struct command command = authorization(0);

    cr_assert_eq(result_of(&command), result_key_invalid);
    command = authorization(8);
    cr_assert_eq(result_of(&command), result_key_invalid);
    command = authorization(SCOPE_TRADE);
    command.authorize.key = fixture_address(1);
    cr_assert_eq(result_of(&command), result_key_invalid);
    command = authorization(SCOPE_TRADE);
    command.authorize.key = (struct address){{0}};
    cr_assert_eq(result_of(&command), result_key_invalid);
    command = authorization(SCOPE_TRADE);
    command.authorize.expires = f.time;
    cr_assert_eq(result_of(&command), result_key_invalid);
    cr_assert_eq(fixture_event(&f, EVENT_REFUSED, 0)->refused.param,
                 param_key_expires);
    command = authorization(SCOPE_TRADE);
    command.authorize.expires = nanos_add(f.time, nanos_of(1));
    cr_assert_eq(result_of(&command), result_ok);
    command = authorization(SCOPE_TRADE);
    command.authorize.market_count = 1;
    command.authorize.markets = list;
    cr_assert_eq(result_of(&command), result_invalid_instrument);
    command = authorization(SCOPE_TRADE);
    command.authorize.max_exposure = amount_of(-1);
    cr_assert_eq(result_of(&command), result_key_invalid);
}

Test(key, capacity)
{
    struct command command;

    for (uint32_t i = 0; i < f.genesis.capacities.keys; i++) {
        command = authorization(SCOPE_CANCEL);
        command.authorize.key = fixture_address(2000 + i);
        cr_assert_eq(result_of(&command), result_ok);
    }
    cr_assert_eq(authorise(SCOPE_CANCEL), result_key_capacity);
    command = (struct command){.kind = COMMAND_REVOKE_KEY};
    command.request = fixture_request(&f, 1, 0);
    command.revoke.key = fixture_address(2003);
    cr_assert_eq(result_of(&command), result_ok);
    cr_assert_eq(authorise(SCOPE_CANCEL), result_ok);
}
