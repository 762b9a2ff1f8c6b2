#include "cmd/clearing-bench/rig.h"

#include "daemon/memory.h"
#include "rpc/genesis_json.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define REPORTERS 5
#define START_NS (INT64_C(1700000000) * NANOS_PER_SECOND)
#define VALIDATORS_BOTH 3

static void hear(struct event_sink *sink, const struct event *event)
{
    struct rig *rig = (struct rig *)sink;

    if (event->kind == EVENT_TRADE) {
        rig->trades++;
        rig->volume += qty_raw(event->trade.size);
    } else if (event->kind == EVENT_REFUSED) {
        rig->refused++;
        rig->last_refusal = *event;
    } else if (event->kind == EVENT_LIQUIDATION) {
        rig->liquidations++;
    }
}

/* ---- the network ------------------------------------------------------ */

/* People of the house stand apart from accounts. */
static struct address person(uint32_t group, uint32_t number)
{
    return rig_owner(0x40000000u + (group << 16) + number);
}

static void add_market(struct genesis *genesis, uint16_t number)
{
    struct feed_params *feed = &genesis->feeds[number];
    struct market_params *market = &genesis->markets[number];

    genesis_default_feed(feed);
    snprintf(feed->name, sizeof feed->name, "M%02u", number);
    snprintf(feed->index_name, sizeof feed->index_name, "m%02u_usd", number);
    feed->quorum = 3;
    feed->price_max = price_of(100000 * PRICE_ONE);
    genesis_default_market(market);
    snprintf(market->name, sizeof market->name, "M%02u_USDC-PERPETUAL", number);
    snprintf(market->base, sizeof market->base, "M%02u", number);
    market->feed = number;
    market->tick = price_of(PRICE_ONE);
    market->lot = market->order_min = qty_of(RIG_LOT);
    market->position_max = qty_of(100000 * QTY_ONE);
}

static void add_people(struct genesis *genesis)
{
    genesis->reporter_count = REPORTERS;
    for (uint32_t i = 0; i < REPORTERS; i++)
        genesis->reporters[i] = person(0, i);
    genesis->validator_count = genesis->validator_threshold = 2;
    genesis->governor_count = genesis->governor_threshold = 1;
    genesis->guardian_count = genesis->guardian_threshold = 1;
    for (uint32_t i = 0; i < 2; i++)
        genesis->validators[i] = person(1, i);
    genesis->governors[0] = person(2, 0);
    genesis->guardians[0] = person(3, 0);
}

void rig_genesis(struct rig *rig, uint16_t market_count,
                 const struct capacities *capacities)
{
    struct genesis *genesis = &rig->genesis;

    memset(rig, 0, sizeof *rig);
    genesis->chain_id = 31337;
    genesis->settlement_contract = person(4, 0);
    genesis->asset_count = 1;
    genesis_default_asset(&genesis->assets[0]);
    snprintf(genesis->assets[0].name, NAME_BYTES_MAX, "USDC");
    genesis->assets[0].decimals = 6;
    genesis->feed_count = genesis->market_count = market_count;
    for (uint16_t i = 0; i < market_count; i++)
        add_market(genesis, i);
    add_people(genesis);
    genesis->fees.tier_count = 1;
    genesis->fees.tiers[0] =
        (struct fee_tier){amount_of(0), rate_of(200000), rate_of(500000)};
    genesis->self_trade = SELF_TRADE_ALLOW;
    genesis->gain_weight = rate_of(950000000);
    genesis->borrow_initial = rate_of(50000000);
    genesis->borrow_maintenance = rate_of(30000000);
    genesis->report_future_max = nanos_of(NANOS_PER_SECOND);
    genesis->tick_interval = nanos_of(100 * NANOS_PER_MS);
    genesis->block_interval = nanos_of(NANOS_PER_SECOND);
    genesis->block_commands = 10000;
    genesis->start_time = nanos_of(START_NS);
    genesis->capacities = *capacities;
}

/* ---- the engine ------------------------------------------------------- */

bool rig_start(struct rig *rig, bool is_resident, const char **what)
{
    static struct genesis_fault fault;

    rig->memory_size = engine_footprint(&rig->genesis);
    if (rig->memory_size == 0) {
        *what =
            genesis_check(&rig->genesis, &fault) ? "no footprint" : fault.what;
        return false;
    }
    rig->memory = memory_map(rig->memory_size);
    *what = "memory is short";
    if (!rig->memory)
        return false;
    (void)madvise(rig->memory, rig->memory_size, MADV_HUGEPAGE);
    if (is_resident &&
        madvise(rig->memory, rig->memory_size, MADV_POPULATE_WRITE) != 0) {
        rig_stop(rig);
        return false;
    }
    rig->engine = engine_init(rig->memory, &rig->genesis);
    rig->sink.emit = hear;
    rig->time = rig->genesis.start_time;
    rig->nonce = 1;
    return true;
}

void rig_stop(struct rig *rig)
{
    memory_unmap(rig->memory, rig->memory_size);
    rig->memory = NULL;
    rig->engine = NULL;
}

/* Twenty bytes that look like a hash, never zero. */
struct address rig_owner(uint32_t account)
{
    uint64_t state = account;
    struct address owner;

    for (size_t i = 0; i < sizeof owner.bytes; i++) {
        state = (state + UINT64_C(0x9e3779b97f4a7c15)) *
                UINT64_C(0xbf58476d1ce4e5b9);
        state ^= state >> 29;
        owner.bytes[i] = (uint8_t)(state >> 40);
    }
    memcpy(owner.bytes, &account, sizeof account);
    owner.bytes[4] |= 1;
    return owner;
}

void rig_apply(struct rig *rig, struct command *command)
{
    command->index = engine_index(rig->engine) + 1;
    command->time = rig->time;
    engine_apply(rig->engine, command, &rig->sink);
}

void rig_deposit(struct rig *rig, uint32_t account, struct amount amount)
{
    struct command command = {.kind = COMMAND_DEPOSIT};

    command.deposit.account = (struct account_id){rig_owner(account), 0};
    command.deposit.amount = amount;
    command.deposit.validators = VALIDATORS_BOTH;
    memcpy(command.deposit.reference.bytes, &account, sizeof account);
    command.deposit.digest = command.deposit.reference;
    rig_apply(rig, &command);
}

void rig_report(struct rig *rig)
{
    struct report_point points[MARKETS_MAX];
    struct report_package packages[REPORTERS];
    struct command command = {.kind = COMMAND_REPORT};
    uint16_t count = rig->genesis.market_count;

    for (uint16_t i = 0; i < count; i++)
        points[i] = (struct report_point){.feed = i, .price = rig->prices[i]};
    for (uint16_t i = 0; i < REPORTERS; i++)
        packages[i] = (struct report_package){i, rig->time, count, points};
    command.report.package_count = REPORTERS;
    command.report.packages = packages;
    rig_apply(rig, &command);
}

void rig_tick(struct rig *rig)
{
    struct command command = {.kind = COMMAND_TICK};

    rig_report(rig);
    rig_apply(rig, &command);
}
