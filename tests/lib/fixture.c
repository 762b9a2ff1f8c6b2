#include "tests/lib/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static _Noreturn void fail(const char *what, const char *where)
{
    fprintf(stderr, "fixture: %s: %s\n", what, where);
    abort();
}

int64_t fixture_decimal(const char *text, unsigned decimals)
{
    const char *at = text;
    bool is_negative = *at == '-';
    int64_t value = 0;
    unsigned after = 0;
    bool has_point = false;

    for (at += is_negative; *at; at++) {
        if (*at == '.' && !has_point) {
            has_point = true;
            continue;
        }
        if (*at == ',' && !has_point)
            continue;
        if (*at < '0' || *at > '9' || (has_point && ++after > decimals))
            fail("not a decimal of the unit", text);
        value = value * 10 + (*at - '0');
    }
    for (; after < decimals; after++)
        value *= 10;
    return is_negative ? -value : value;
}

struct amount usdc(const char *text)
{
    return amount_of(fixture_decimal(text, 6));
}

struct amount coin(const char *text)
{
    return amount_of(fixture_decimal(text, 8));
}

struct price usd(const char *text)
{
    return price_of(fixture_decimal(text, 8));
}

struct qty base(const char *text)
{
    return qty_of(fixture_decimal(text, 8));
}

struct rate ratio(const char *text)
{
    return rate_of(fixture_decimal(text, 9));
}

struct address fixture_address(uint32_t n)
{
    struct address address;

    memset(address.bytes, 0xa0, sizeof address.bytes);
    for (int i = 0; i < 4; i++)
        address.bytes[16 + i] = (uint8_t)(n >> (24 - 8 * i));
    return address;
}

struct account_id fixture_account(uint32_t n, uint32_t subaccount)
{
    return (struct account_id){fixture_address(n), subaccount};
}

/* ---- genesis ---------------------------------------------------------- */

static void name(char *target, const char *text)
{
    snprintf(target, NAME_BYTES_MAX, "%s", text);
}

static void genesis_feed(struct genesis *genesis, const char *id,
                         const char *index_name, const char *most)
{
    struct feed_params *feed = &genesis->feeds[genesis->feed_count++];

    name(feed->name, id);
    name(feed->index_name, index_name);
    feed->price_min = usd("0.01");
    feed->price_max = usd(most);
    feed->quorum = 3;
    feed->age_max = nanos_of(10 * NANOS_PER_SECOND);
    feed->confidence_share_max = ratio("0.1");
    feed->deviation_bound = ratio("0.1");
    feed->uncertain_share = ratio("0.02");
    feed->stale = nanos_of(30 * NANOS_PER_SECOND);
    feed->step_bound = ratio("0.25");
    feed->hour_growth = ratio("0.06");
    feed->second_growth = ratio("0.0003");
}

static void genesis_asset(struct genesis *genesis, const char *id,
                          uint8_t decimals, uint16_t feed)
{
    struct asset_params *asset = &genesis->assets[genesis->asset_count++];

    name(asset->name, id);
    asset->decimals = decimals;
    asset->feed = feed;
    asset->weight_initial = ratio("0.9");
    asset->weight_maintenance = ratio("0.95");
    asset->imf = ratio("0.001");
}

static struct market_params *
genesis_market(struct genesis *genesis, const char *base_name, uint16_t feed)
{
    struct market_params *market = &genesis->markets[genesis->market_count++];

    snprintf(market->name, sizeof market->name, "%s_USDC-PERPETUAL", base_name);
    name(market->base, base_name);
    market->feed = feed;
    market->tier_count = 3;
    market->tiers[0] = (struct tier){usdc("0"), ratio("0.02")};
    market->tiers[1] = (struct tier){usdc("1000000"), ratio("0.05")};
    market->tiers[2] = (struct tier){usdc("10000000"), ratio("0.1")};
    market->maintenance_fraction = ratio("0.5");
    market->band = ratio("0.05");
    market->mark_band = ratio("0.0025");
    market->impact_notional = usdc("10000");
    market->interest_8h = ratio("0.0001");
    market->interest_clamp = ratio("0.0005");
    market->funding_hour_max = ratio("0.04");
    market->funding_interval = nanos_of(NANOS_PER_HOUR);
    market->exit_buffer = ratio("0.02");
    market->fillable_ba = ratio("1");
    market->fillable_smmr = ratio("1.5");
    market->liquidation_fee_max = ratio("0.015");
    market->step_share = ratio("0.1");
    market->step_min = usdc("1000");
    market->step_max = usdc("100000");
    market->position_dust = usdc("1000");
    market->insurance_share_day = ratio("0.1");
    market->insurance_minute_max = usdc("1000000");
    return market;
}

static void genesis_markets(struct genesis *genesis)
{
    struct market_params *market = genesis_market(genesis, "BTC", FEED_BTC);

    market->tick = usd("0.1");
    market->lot = market->order_min = base("0.0001");
    market->position_max = base("10000");
    market = genesis_market(genesis, "ETH", FEED_ETH);
    market->tick = usd("0.01");
    market->lot = market->order_min = base("0.001");
    market->position_max = base("100000");
    market = genesis_market(genesis, "SOL", FEED_SOL);
    market->tick = usd("0.001");
    market->lot = market->order_min = base("0.01");
    market->position_max = base("1000000");
    market->tier_count = 2;
    market->tiers[0] = (struct tier){usdc("0"), ratio("0.05")};
    market->tiers[1] = (struct tier){usdc("500000"), ratio("0.1")};
}

static void genesis_people(struct genesis *genesis)
{
    genesis->reporter_count = 5;
    for (uint32_t i = 0; i < 5; i++)
        genesis->reporters[i] = fixture_address(0xf0000 + i);
    genesis->validator_count = 3;
    genesis->validator_threshold = 2;
    for (uint32_t i = 0; i < 3; i++)
        genesis->validators[i] = fixture_address(0xf1000 + i);
    genesis->governor_count = 5;
    genesis->governor_threshold = 3;
    for (uint32_t i = 0; i < 5; i++)
        genesis->governors[i] = fixture_address(0xf2000 + i);
    genesis->guardian_count = 3;
    genesis->guardian_threshold = 2;
    for (uint32_t i = 0; i < 3; i++)
        genesis->guardians[i] = fixture_address(0xf3000 + i);
}

void fixture_genesis(struct genesis *genesis)
{
    memset(genesis, 0, sizeof *genesis);
    memset(genesis->id.bytes, 0x11, sizeof genesis->id.bytes);
    genesis->is_development = true;
    genesis->chain_id = 31337;
    genesis->settlement_contract = fixture_address(0xfffff);
    genesis_feed(genesis, "BTC", "btc_usd", "1000000");
    genesis_feed(genesis, "ETH", "eth_usd", "100000");
    genesis_feed(genesis, "SOL", "sol_usd", "10000");
    genesis_feed(genesis, "USDC", "usdc_usd", "10");
    genesis_asset(genesis, "USDC", 6, FEED_USDC);
    genesis->assets[0].weight_initial = ratio("1");
    genesis->assets[0].weight_maintenance = ratio("1");
    genesis_asset(genesis, "BTC", 8, FEED_BTC);
    genesis_asset(genesis, "ETH", 8, FEED_ETH);
    genesis_markets(genesis);
    genesis_people(genesis);
    genesis->fees.tier_count = 1;
    genesis->fees.tiers[0] =
        (struct fee_tier){usdc("0"), ratio("0.0002"), ratio("0.0005")};
    genesis->fees.treasury_ppm = 500000;
    genesis->fees.reporters_ppm = 100000;
    genesis->fees.validators_ppm = 100000;
    genesis->self_trade = SELF_TRADE_CANCEL_MAKER;
    genesis->gain_weight = ratio("0.95");
    genesis->borrow_initial = ratio("0.05");
    genesis->borrow_maintenance = ratio("0.03");
    genesis->insurance_start = usdc("1000000");
    genesis->report_future_max = nanos_of(NANOS_PER_SECOND);
    genesis->tick_interval = nanos_of(100 * NANOS_PER_MS);
    genesis->block_interval = nanos_of(NANOS_PER_SECOND);
    genesis->block_commands = 10000;
    genesis->start_time = nanos_of(FIXTURE_START_NS);
    genesis->capacities = (struct capacities){.accounts = 256,
                                              .positions = 512,
                                              .orders = 4096,
                                              .levels = 512,
                                              .triggers = 256,
                                              .account_orders = 256,
                                              .keys = 64,
                                              .nonces = 65536,
                                              .deposits = 1024,
                                              .withdrawals = 256};
}

/* ---- the engine ------------------------------------------------------- */

static void keep_event(struct event_sink *sink, const struct event *event)
{
    struct fixture *fixture = (struct fixture *)sink;

    if (fixture->event_count == fixture->event_capacity) {
        fixture->event_capacity = 2 * fixture->event_capacity + 64;
        fixture->events = realloc(fixture->events, fixture->event_capacity *
                                                       sizeof *fixture->events);
        if (!fixture->events)
            fail("memory", "events");
    }
    fixture->events[fixture->event_count++] = *event;
}

void fixture_start(struct fixture *fixture)
{
    size_t size = engine_footprint(&fixture->genesis);
    struct genesis_fault fault;

    if (size == 0)
        fail(genesis_check(&fixture->genesis, &fault) ? "footprint"
                                                      : fault.what,
             fault.where);
    fixture->memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (fixture->memory == MAP_FAILED)
        fail("memory", "engine");
    fixture->memory_size = size;
    fixture->sink.emit = keep_event;
    fixture->time = fixture->genesis.start_time;
    fixture->next_nonce = 1;
    fixture->engine = engine_init(fixture->memory, &fixture->genesis);
}

void fixture_init(struct fixture *fixture)
{
    memset(fixture, 0, sizeof *fixture);
    fixture_genesis(&fixture->genesis);
    fixture_start(fixture);
}

void fixture_free(struct fixture *fixture)
{
    munmap(fixture->memory, fixture->memory_size);
    free(fixture->events);
    memset(fixture, 0, sizeof *fixture);
}

void fixture_apply(struct fixture *fixture, struct command *command)
{
    struct engine_fault fault;

    command->index = engine_index(fixture->engine) + 1;
    command->time = fixture->time;
    fixture->event_count = 0;
    engine_apply(fixture->engine, command, &fixture->sink);
    if (!fixture->is_unchecked && !engine_check(fixture->engine, &fault))
        fail("engine_check", fault.what);
}

void fixture_tick(struct fixture *fixture, int64_t ms)
{
    struct command command = {.kind = COMMAND_TICK};

    fixture->time = nanos_add(fixture->time, nanos_of(ms * NANOS_PER_MS));
    fixture_apply(fixture, &command);
}

void fixture_ticks(struct fixture *fixture, uint32_t count, int64_t ms,
                   bool with_reports)
{
    for (uint32_t i = 0; i < count; i++) {
        struct command command = {.kind = COMMAND_TICK};

        fixture->time = nanos_add(fixture->time, nanos_of(ms * NANOS_PER_MS));
        if (with_reports)
            fixture_report(fixture);
        fixture_apply(fixture, &command);
    }
}

/* ---- prices ----------------------------------------------------------- */

void fixture_price(struct fixture *fixture, uint16_t feed, const char *price)
{
    fixture->prices[feed] = usd(price);
}

void fixture_report(struct fixture *fixture)
{
    struct report_point points[FEEDS_MAX];
    struct report_package packages[REPORTERS_MAX];
    struct command command = {.kind = COMMAND_REPORT};
    uint32_t count = 0;

    for (uint16_t i = 0; i < fixture->genesis.feed_count; i++)
        if (price_is_positive(fixture->prices[i]))
            points[count++] =
                (struct report_point){.feed = i, .price = fixture->prices[i]};
    for (uint16_t i = 0; i < fixture->genesis.reporter_count; i++)
        packages[i] = (struct report_package){i, fixture->time, count, points};
    command.report.package_count = fixture->genesis.reporter_count;
    command.report.packages = packages;
    fixture_apply(fixture, &command);
}

void fixture_prices(struct fixture *fixture, const char *btc, const char *eth,
                    const char *sol)
{
    fixture_price(fixture, FEED_BTC, btc);
    fixture_price(fixture, FEED_ETH, eth);
    fixture_price(fixture, FEED_SOL, sol);
    fixture_price(fixture, FEED_USDC, "1");
    fixture_ticks(fixture, 1, 100, true);
}

/* ---- requests --------------------------------------------------------- */

void fixture_deposit(struct fixture *fixture, uint32_t owner,
                     uint32_t subaccount, uint16_t asset, struct amount amount)
{
    struct command command = {.kind = COMMAND_DEPOSIT};
    uint64_t number = fixture->next_nonce++;

    command.deposit.account = fixture_account(owner, subaccount);
    command.deposit.asset = asset;
    command.deposit.amount = amount;
    memcpy(command.deposit.reference.bytes, &number, sizeof number);
    memcpy(command.deposit.digest.bytes, &number, sizeof number);
    command.deposit.validators = 3;
    fixture_apply(fixture, &command);
}

struct request fixture_request(struct fixture *fixture, uint32_t owner,
                               uint32_t subaccount)
{
    uint64_t nonce = fixture->next_nonce++;

    return (struct request){
        .owner = fixture_address(owner),
        .subaccount = subaccount,
        .signer = fixture_address(owner),
        .nonce = nonce,
        .expires = nanos_add(fixture->time, nanos_of(60 * NANOS_PER_SECOND)),
        .digest = nonce * UINT64_C(0x9e3779b97f4a7c15)};
}

struct order_terms fixture_limit(uint16_t market, enum side side,
                                 const char *size, const char *price)
{
    return (struct order_terms){.market = market,
                                .side = (uint8_t)side,
                                .type = ORDER_LIMIT,
                                .size = base(size),
                                .price = usd(price)};
}

uint64_t fixture_order(struct fixture *fixture, uint32_t owner,
                       const struct order_terms *terms)
{
    struct command command = {.kind = COMMAND_ORDER};
    struct account_id account = fixture_account(owner, 0);
    uint64_t id = 0;

    command.request = fixture_request(fixture, owner, 0);
    command.order = *terms;
    fixture_apply(fixture, &command);
    if (fixture_result(fixture) != result_ok)
        return 0;
    for (uint32_t i = 0; i < fixture->event_count; i++) {
        const struct event *event = &fixture->events[i];

        /* Makers' orders are older: the new one has the greatest id. */
        if (event->kind == EVENT_ORDER && event->order.id > id &&
            account_id_equal(&event->order.account, &account))
            id = event->order.id;
    }
    return id;
}

uint64_t fixture_buy(struct fixture *fixture, uint32_t owner, uint16_t market,
                     const char *size, const char *price)
{
    struct order_terms terms = fixture_limit(market, SIDE_BUY, size, price);

    return fixture_order(fixture, owner, &terms);
}

uint64_t fixture_sell(struct fixture *fixture, uint32_t owner, uint16_t market,
                      const char *size, const char *price)
{
    struct order_terms terms = fixture_limit(market, SIDE_SELL, size, price);

    return fixture_order(fixture, owner, &terms);
}

enum result fixture_cancel(struct fixture *fixture, uint32_t owner,
                           uint64_t order_id)
{
    struct command command = {.kind = COMMAND_CANCEL};

    command.request = fixture_request(fixture, owner, 0);
    command.cancel.order_id = order_id;
    fixture_apply(fixture, &command);
    return fixture_result(fixture);
}

void fixture_trade(struct fixture *fixture, uint32_t buyer, uint32_t seller,
                   uint16_t market, const char *size, const char *price)
{
    if (fixture_sell(fixture, seller, market, size, price) == 0)
        fail("the seller's order was refused", price);
    if (fixture_buy(fixture, buyer, market, size, price) == 0)
        fail("the buyer's order was refused", price);
    if (fixture_count(fixture, EVENT_TRADE) == 0)
        fail("no trade", price);
}

/* ---- events ----------------------------------------------------------- */

enum result fixture_result(const struct fixture *fixture)
{
    const struct event *event = fixture_event(fixture, EVENT_REFUSED, 0);

    return event ? event->refused.result : result_ok;
}

uint32_t fixture_count(const struct fixture *fixture, enum event_kind kind)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < fixture->event_count; i++)
        count += fixture->events[i].kind == kind;
    return count;
}

const struct event *fixture_event(const struct fixture *fixture,
                                  enum event_kind kind, uint32_t n)
{
    for (uint32_t i = 0; i < fixture->event_count; i++)
        if (fixture->events[i].kind == kind && n-- == 0)
            return &fixture->events[i];
    return NULL;
}
