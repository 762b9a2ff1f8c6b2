/*
 * Signed requests: the checks that come before every command, in their
 * order, and batches. And one command's frame: index, time, blocks.
 */
#include "engine/account.h"
#include "engine/nonce.h"
#include "engine/request.h"
#include "tests/lib/fixture.h"

#include <criterion/criterion.h>
#include <signal.h>

static struct fixture f;

static void setup(void)
{
    fixture_init(&f);
    fixture_prices(&f, "60000", "2500", "150");
    fixture_deposit(&f, 1, 0, USDC, usdc("100000"));
    fixture_deposit(&f, 2, 0, USDC, usdc("100000"));
}

static void teardown(void)
{
    fixture_free(&f);
}

TestSuite(request, .init = setup, .fini = teardown);

static struct command order_command(uint32_t owner, uint32_t subaccount)
{
    struct command command = {.kind = COMMAND_ORDER};

    command.request = fixture_request(&f, owner, subaccount);
    command.order = fixture_limit(BTC_PERP, SIDE_BUY, "0.1", "59000");
    return command;
}

static enum result apply(struct command *command)
{
    fixture_apply(&f, command);
    return fixture_result(&f);
}

static enum param param_now(void)
{
    return fixture_event(&f, EVENT_REFUSED, 0)->refused.param;
}

/* Dead from `expires` on; at most a day ahead. */
Test(request, life)
{
    struct command command = order_command(1, 0);

    command.request.expires = f.time;
    cr_assert_eq(apply(&command), result_signature_expired);
    cr_assert_eq(param_now(), param_expires);
    command.request.expires = nanos_add(f.time, nanos_of(1));
    cr_assert_eq(apply(&command), result_ok);
    command = order_command(1, 0);
    command.request.expires =
        nanos_add(f.time, nanos_of(24 * NANOS_PER_HOUR + 1));
    cr_assert_eq(apply(&command), result_expires_too_far);
    command.request.expires = nanos_add(f.time, nanos_of(24 * NANOS_PER_HOUR));
    cr_assert_eq(apply(&command), result_ok, "a refusal kept no nonce");
}

Test(request, unknown_owners_leave_nothing)
{
    struct command command = order_command(3, 0);

    cr_assert_eq(apply(&command), result_unknown_account);
    cr_assert_eq(param_now(), param_owner);
    cr_assert_eq(nonce_count(f.engine), 0);
}

/* The house's owner is the zero address, for which nobody may act: neither on
 * a ledger that exists nor on one that does not. */
Test(request, nobody_acts_for_the_house)
{
    struct command command = order_command(1, 0);

    command.request.owner = command.request.signer = (struct address){{0}};
    for (uint32_t i = 0; i < 3; i++) {
        command.request.subaccount = i * 50;
        cr_assert_eq(apply(&command), result_unknown_account);
        cr_assert_eq(param_now(), param_owner);
    }
    command.kind = COMMAND_AUTHORIZE_KEY;
    cr_assert_eq(apply(&command), result_unknown_account);
    cr_assert_eq(nonce_count(f.engine), 0);
}

Test(request, unknown_subaccounts_use_their_nonce)
{
    struct command command = order_command(1, 4);

    cr_assert_eq(apply(&command), result_unknown_account);
    cr_assert_eq(param_now(), param_subaccount);
    cr_assert_eq(nonce_count(f.engine), 1);
}

/* The identical request is told where its first outcome is, and does
 * nothing; so is one that was refused. */
Test(request, repeats)
{
    struct command command = order_command(1, 0);
    uint64_t first;

    cr_assert_eq(apply(&command), result_ok);
    first = command.index;
    cr_assert_eq(apply(&command), result_ok);
    cr_assert_eq(f.event_count, 1);
    cr_assert_eq(f.events[0].kind, EVENT_REPEAT);
    cr_assert_eq(f.events[0].repeat.index, first);
    cr_assert_eq(f.engine->order_pool.count, 1);

    command = order_command(1, 0);
    command.order.size = base("1000");
    cr_assert_eq(apply(&command), result_not_enough_margin);
    first = command.index;
    fixture_deposit(&f, 1, 0, USDC, usdc("100000000"));
    cr_assert_eq(apply(&command), result_ok);
    cr_assert_eq(f.events[0].repeat.index, first);
    cr_assert_eq(f.engine->order_pool.count, 1);
}

Test(request, a_used_nonce)
{
    struct command command = order_command(1, 0);

    cr_assert_eq(apply(&command), result_ok);
    command.request.digest++;
    cr_assert_eq(apply(&command), result_nonce_used);
    cr_assert_eq(param_now(), param_nonce);
}

/* The nonce comes before authority: a stranger's repeat is a repeat. */
Test(request, order_of_checks)
{
    struct command command = order_command(1, 0);

    command.request.signer = fixture_address(77);
    cr_assert_eq(apply(&command), result_signer_not_authorised);
    cr_assert_eq(apply(&command), result_ok);
    cr_assert_eq(f.events[0].kind, EVENT_REPEAT);
    command.request.expires = f.time;
    cr_assert_eq(apply(&command), result_signature_expired);
}

/* ---- what may use the reserved part
 * ------------------------------------------ */

static bool passes_full_window(struct command *command)
{
    command->request = fixture_request(&f, 1, 0);
    return apply(command) != result_nonce_window_full;
}

Test(request, reserved_kinds)
{
    uint64_t id = 1;
    struct command command;
    struct order_terms terms = fixture_limit(BTC_PERP, SIDE_SELL, "1", "61000");

    f.is_unchecked = true;
    fixture_free(&f);
    fixture_genesis(&f.genesis);
    f.genesis.capacities.nonces = 262144;
    f.is_unchecked = true;
    fixture_start(&f);
    fixture_deposit(&f, 1, 0, USDC, usdc("100000"));
    for (uint32_t i = 0; i < NONCES_PER_SIGNER - NONCES_RESERVED; i++) {
        command = (struct command){.kind = COMMAND_SET_LEVERAGE};
        cr_assert(passes_full_window(&command));
    }
    command = (struct command){.kind = COMMAND_SET_LEVERAGE};
    cr_assert(!passes_full_window(&command));
    command = (struct command){.kind = COMMAND_ORDER};
    command.order = terms;
    cr_assert(!passes_full_window(&command));
    command.order.is_reduce_only = true;
    cr_assert(passes_full_window(&command));
    command = (struct command){.kind = COMMAND_CANCEL};
    cr_assert(passes_full_window(&command));
    command = (struct command){.kind = COMMAND_CANCEL_ALL};
    cr_assert(passes_full_window(&command));
    command = (struct command){.kind = COMMAND_REVOKE_KEY};
    cr_assert(passes_full_window(&command));
    command = (struct command){.kind = COMMAND_REPLACE};
    cr_assert(!passes_full_window(&command));
    command = (struct command){.kind = COMMAND_WITHDRAW};
    cr_assert(!passes_full_window(&command));
    command = (struct command){.kind = COMMAND_BATCH};
    command.batch.cancel_count = 1;
    command.batch.cancels = &id;
    cr_assert(passes_full_window(&command));
    command.batch.order_count = 1;
    command.batch.orders = &terms;
    cr_assert(!passes_full_window(&command));
}

/* ---- batches
 * ------------------------------------------------------------------ */

/* Three orders, the second off its tick; two cancels, the first of nothing.
 * Each leg has its number and its own outcome. */
Test(request, batch_legs_stand_alone)
{
    struct order_terms orders[3] = {
        fixture_limit(BTC_PERP, SIDE_BUY, "0.1", "59000"),
        fixture_limit(BTC_PERP, SIDE_BUY, "0.1", "59000.05"),
        fixture_limit(BTC_PERP, SIDE_BUY, "0.2", "58000"),
    };
    uint64_t cancels[2] = {4711, fixture_buy(&f, 1, BTC_PERP, "1", "57500")};
    struct command command = {.kind = COMMAND_BATCH};

    command.request = fixture_request(&f, 1, 0);
    command.batch.order_count = 3;
    command.batch.orders = orders;
    command.batch.cancel_count = 2;
    command.batch.cancels = cancels;
    fixture_apply(&f, &command);
    cr_assert_eq(f.event_count, 5);
    cr_assert_eq(f.events[0].kind, EVENT_ORDER);
    cr_assert_eq(f.events[1].kind, EVENT_REFUSED);
    cr_assert_eq(f.events[1].refused.result, result_price_off_tick);
    cr_assert_eq(f.events[2].kind, EVENT_ORDER);
    cr_assert_eq(f.events[3].kind, EVENT_REFUSED);
    cr_assert_eq(f.events[3].refused.result, result_order_not_found);
    cr_assert_eq(f.events[4].kind, EVENT_ORDER);
    cr_assert_eq(f.events[4].order.state, ORDER_CANCELLED);
    for (uint8_t i = 0; i < 5; i++)
        cr_assert_eq(f.events[i].leg, i);
    cr_assert_eq(f.engine->order_pool.count, 2);
}

Test(request, batches_of_none_or_too_many)
{
    struct order_terms orders[BATCH_LEGS_MAX + 1];
    uint64_t cancels[BATCH_LEGS_MAX + 1] = {0};
    struct command command = {.kind = COMMAND_BATCH};

    for (int i = 0; i <= BATCH_LEGS_MAX; i++)
        orders[i] = fixture_limit(BTC_PERP, SIDE_BUY, "0.0001", "59000");
    command.batch.orders = orders;
    command.batch.cancels = cancels;
    command.request = fixture_request(&f, 1, 0);
    cr_assert_eq(apply(&command), result_batch_invalid);
    command.request = fixture_request(&f, 1, 0);
    command.batch.order_count = 60;
    command.batch.cancel_count = 41;
    cr_assert_eq(apply(&command), result_batch_invalid);
    cr_assert_eq(f.engine->order_pool.count, 0);
    command.request = fixture_request(&f, 1, 0);
    command.batch.cancel_count = 40;
    cr_assert_eq(apply(&command), result_order_not_found);
    cr_assert_eq(f.engine->order_pool.count, 60);
    command.request = fixture_request(&f, 1, 0);
    command.batch.order_count = UINT32_MAX;
    cr_assert_eq(apply(&command), result_batch_invalid);
}

Test(request, cancel_all_is_counted)
{
    struct command command = {.kind = COMMAND_CANCEL_ALL};

    fixture_buy(&f, 1, BTC_PERP, "1", "59000");
    fixture_buy(&f, 1, ETH_PERP, "1", "2450");
    fixture_buy(&f, 2, BTC_PERP, "1", "59000");
    command.request = fixture_request(&f, 1, 0);
    command.cancel_all.market = MARKET_ALL;
    cr_assert_eq(apply(&command), result_ok);
    cr_assert_eq(fixture_event(&f, EVENT_CANCELLED_COUNT, 0)->cancelled.count,
                 2);
    cr_assert_eq(f.engine->order_pool.count, 1);
}

/* ---- the frame
 * ------------------------------------------------------------------ */

Test(request, blocks_are_remembered)
{
    struct command command = {.kind = COMMAND_BLOCK};

    command.block.height = 9;
    command.block.hash.bytes[0] = 0xaa;
    fixture_apply(&f, &command);
    cr_assert_eq(f.events[0].kind, EVENT_BLOCK);
    cr_assert_eq(f.engine->block_height, 9);
    cr_assert_eq(f.engine->block_hash.bytes[0], 0xaa);
    cr_assert_eq(engine_index(f.engine), command.index);
    cr_assert(nanos_equal(engine_time(f.engine), f.time));
}

Test(request, an_index_that_does_not_follow_stops, .signal = SIGABRT)
{
    struct command command = {.kind = COMMAND_TICK};

    command.index = engine_index(f.engine) + 2;
    command.time = f.time;
    engine_apply(f.engine, &command, NULL);
}

Test(request, time_that_runs_back_stops, .signal = SIGABRT)
{
    struct command command = {.kind = COMMAND_TICK};

    command.index = engine_index(f.engine) + 1;
    command.time = nanos_sub(f.time, nanos_of(1));
    engine_apply(f.engine, &command, NULL);
}

/* Without a sink everything happens, nobody is told. */
Test(request, without_a_sink)
{
    struct command command = order_command(1, 0);

    command.index = engine_index(f.engine) + 1;
    command.time = f.time;
    engine_apply(f.engine, &command, NULL);
    cr_assert_eq(f.engine->order_pool.count, 1);
}

/* A hint may name anything; what it names need not exist. */
Test(request, a_hint_changes_nothing)
{
    uint64_t id = fixture_buy(&f, 1, BTC_PERP, "1", "59000");
    struct command commands[] = {
        {.kind = COMMAND_TICK},       {.kind = COMMAND_ORDER},
        {.kind = COMMAND_CANCEL},     {.kind = COMMAND_REPLACE},
        {.kind = COMMAND_CANCEL_ALL}, {.kind = COMMAND_REPORT},
    };
    struct engine_fault fault;

    commands[1].order.market = UINT16_MAX;
    commands[2].cancel.order_id = id;
    commands[3].replace.order_id = UINT64_MAX;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        for (uint32_t owner = 1; owner < 4; owner++) {
            commands[i].request = fixture_request(&f, owner, 0);
            engine_prefetch(f.engine, &commands[i]);
        }
    cr_assert(engine_check(f.engine, &fault), "%s", fault.what);
    cr_assert_eq(nonce_count(f.engine), 1);
    cr_assert_eq(fixture_cancel(&f, 1, id), result_ok);
}
