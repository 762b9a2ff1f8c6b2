/*
 * The engine's outside: its memory, its birth, and one command's way through
 * it. What is signed by an owner or a session key goes through
 * engine/request.h, time through engine/tick.h; the rest is here.
 */
#include "engine/account.h"
#include "engine/layout.h"
#include "engine/ledger.h"
#include "engine/money.h"
#include "engine/oracle.h"
#include "engine/order.h"
#include "engine/request.h"
#include "engine/tick.h"

size_t engine_footprint(const struct genesis *genesis)
{
    struct genesis_fault fault;

    return genesis_check(genesis, &fault) ? layout_size(genesis) : 0;
}

/* House ledgers take the first slots, in the order house_slot counts. */
static void open_house(struct engine *engine)
{
    uint32_t count = house_count(&engine->genesis);

    for (uint32_t slot = 0; slot < count; slot++) {
        struct account_id id = house_id(&engine->genesis, slot);

        check(account_open(engine, &id) == slot);
    }
    ledger_move(engine, house_slot(engine, HOUSE_EXTERNAL, 0),
                house_slot(engine, HOUSE_INSURANCE, 0), ASSET_SETTLEMENT,
                engine->genesis.insurance_start, LEDGER_GENESIS, MARKET_ALL, 0);
}

static void start_markets(struct engine *engine)
{
    struct nanos now = engine->time;

    for (uint16_t i = 0; i < engine->genesis.feed_count; i++)
        engine->feeds[i].grade = GRADE_NONE;
    for (uint16_t i = 0; i < engine->genesis.asset_count; i++)
        engine->assets[i].concentration = rate_of(RATE_ONE);
    for (uint16_t i = 0; i < engine->genesis.market_count; i++) {
        struct market *market = &engine->markets[i];

        market->params = &engine->genesis.markets[i];
        market->mark_time = market->funding_time = market->minute_start = now;
        market->insurance_minute_start = market->insurance_day_start = now;
    }
}

struct engine *engine_init(void *memory, const struct genesis *genesis)
{
    struct engine *engine = memory;

    check((uintptr_t)memory % 64 == 0);
    engine->genesis = *genesis;
    engine->notional_divisor = genesis_notional_divisor(genesis);
    engine->time = engine->tick_time = genesis->start_time;
    engine->price_epoch = 1;
    engine->next_order = engine->next_trade = 1;
    engine->next_withdrawal = engine->next_priority = 1;
    layout_init(engine);
    start_markets(engine);
    open_house(engine);
    return engine;
}

void engine_prefetch(const struct engine *engine, const struct command *command)
{
    if (command->kind >= COMMAND_ORDER)
        request_prefetch(engine, command);
}

uint64_t engine_index(const struct engine *engine)
{
    return engine->index;
}

struct nanos engine_time(const struct engine *engine)
{
    return engine->time;
}

const struct genesis *engine_genesis(const struct engine *engine)
{
    return &engine->genesis;
}

/* The block was made from state outside the engine; here it is only where
 * the next one links to. */
static void block_apply(struct engine *engine, const struct command *command)
{
    struct event event = {.kind = EVENT_BLOCK};

    engine->block_height = command->block.height;
    engine->block_hash = command->block.hash;
    event.block.height = command->block.height;
    engine_emit(engine, &event);
}

static void deposit(struct engine *engine, const struct command *command)
{
    struct refusal refusal = deposit_apply(engine, command);

    if (refusal.result != result_ok)
        request_refuse(engine, &refusal);
}

static void apply(struct engine *engine, const struct command *command)
{
    switch (command->kind) {
    case COMMAND_TICK:
        tick_apply(engine);
        break;
    case COMMAND_BLOCK:
        block_apply(engine, command);
        break;
    case COMMAND_DEPOSIT:
        deposit(engine, command);
        break;
    case COMMAND_REPORT:
        oracle_report(engine, command);
        break;
    case COMMAND_ORDER:
    case COMMAND_CANCEL:
    case COMMAND_CANCEL_ALL:
    case COMMAND_REPLACE:
    case COMMAND_BATCH:
    case COMMAND_TRANSFER:
    case COMMAND_WITHDRAW:
    case COMMAND_AUTHORIZE_KEY:
    case COMMAND_REVOKE_KEY:
    case COMMAND_SET_LEVERAGE:
        request_apply(engine, command);
        break;
    }
}

void engine_apply(struct engine *engine, const struct command *command,
                  struct event_sink *sink)
{
    check(command->index == engine->index + 1);
    check(nanos_cmp(command->time, engine->time) >= 0);
    engine->index = command->index;
    engine->time = command->time;
    engine->sink = sink;
    engine->leg = 0;
    apply(engine, command);
    order_flush_touched(engine);
    engine->sink = NULL;
}
