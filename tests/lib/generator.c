#include "tests/lib/generator.h"

#include "engine/view.h"
#include "tests/lib/fixture.h"

#include <stdlib.h>
#include <string.h>

#define SESSION_KEYS 3
#define KEY_ADDRESS 0xe0000u

enum mood {
    MOOD_CALM,
    MOOD_RISE,
    MOOD_FALL,
    MOOD_CRASH,
    MOOD_LEAP,    /* a crash upwards */
    MOOD_SILENCE, /* no reports */
    MOOD_DISSENT, /* reporters far apart */

};

/* ---- the network ------------------------------------------------------ */

static int64_t pick(struct random_state *random, const int64_t *values,
                    size_t count)
{
    return values[random_below(random, count)];
}

#define PICK(random, ...)                        \
    pick(random, (const int64_t[]){__VA_ARGS__}, \
         sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

static void draw_capacities(struct random_state *random,
                            struct capacities *most)
{
    if (random_chance(random, 60))
        return;
    /* So small that each is met. */
    most->accounts = (uint32_t)PICK(random, 24, 40);
    most->positions = (uint32_t)PICK(random, 12, 40, 80);
    most->orders = (uint32_t)PICK(random, 16, 60, 200);
    most->levels = (uint32_t)PICK(random, 8, 24, 60);
    most->triggers = (uint32_t)PICK(random, 2, 8);
    most->account_orders = (uint32_t)PICK(random, 4, 12);
    most->keys = (uint32_t)PICK(random, 2, 6);
    most->nonces = (uint32_t)PICK(random, 1024, 1300, 4000);
    most->deposits = (uint32_t)PICK(random, 40, 200);
    most->withdrawals = (uint32_t)PICK(random, 2, 20);
}

static void draw_fees(struct random_state *random, struct fee_params *fees)
{
    if (random_chance(random, 50))
        return;
    fees->tier_count = 3;
    fees->tiers[0] =
        (struct fee_tier){usdc("0"), ratio("0.0002"), ratio("0.0005")};
    fees->tiers[1] =
        (struct fee_tier){usdc("100000"), ratio("0"), ratio("0.0004")};
    fees->tiers[2] =
        (struct fee_tier){usdc("2000000"), ratio("-0.0003"), ratio("0.0003")};
    fees->treasury_ppm = (uint32_t)PICK(random, 0, 333333, 400000);
    fees->reporters_ppm = (uint32_t)PICK(random, 0, 1, 300000);
    fees->validators_ppm = (uint32_t)PICK(random, 0, 200000, 300000);
}

static void draw_market(struct random_state *random,
                        struct market_params *market)
{
    market->open_interest_max =
        amount_of(PICK(random, 0, 0, 3000000000000, 50000000000));
    if (random_chance(random, 50)) {
        market->oi_lower = usdc("100000");
        market->oi_upper = usdc("2000000");
    }
    market->maintenance_fraction = rate_of(PICK(random, 500000000, 600000000));
    if (random_chance(random, 20))
        market->order_min = qty_of(qty_raw(market->lot) * 50);
    if (random_chance(random, 20))
        market->position_max = qty_of(qty_raw(market->position_max) / 1000);
    market->mark_band = rate_of(PICK(random, 2000000, 1000000));
    market->impact_notional = amount_of(PICK(random, 10000000000, 1000000000));
    market->funding_interval =
        nanos_of(PICK(random, NANOS_PER_HOUR, 5 * 60 * NANOS_PER_SECOND));
    market->insurance_minute_max =
        amount_of(PICK(random, 1000000000000, 100000000, 0));
    market->insurance_share_day = rate_of(PICK(random, 100000000, 1000000000));
    market->step_max = amount_of(PICK(random, 100000000000, 5000000000));
    market->step_min = amount_of(PICK(random, 1000000000, 200000000));
}

static void draw_genesis(struct random_state *random, struct genesis *genesis)
{
    fixture_genesis(genesis);
    draw_capacities(random, &genesis->capacities);
    draw_fees(random, &genesis->fees);
    genesis->self_trade = (enum self_trade)random_below(random, 3);
    genesis->gain_cap = amount_of(PICK(random, 0, 1000000000000, 20000000));
    genesis->insurance_start =
        amount_of(PICK(random, 0, 1000000, 2000000000, 1000000000000));
    for (uint32_t i = 0; i < genesis->market_count; i++)
        draw_market(random, &genesis->markets[i]);
    for (uint32_t i = 1; i < genesis->asset_count; i++) {
        genesis->assets[i].supply_cap =
            amount_of(PICK(random, 0, 0, 600000000));
        genesis->assets[i].scale_start =
            amount_of(PICK(random, 0, 0, 100000000000));
    }
    for (uint32_t i = 0; i < genesis->feed_count; i++) {
        genesis->feeds[i].stale =
            nanos_of(PICK(random, 30, 3) * NANOS_PER_SECOND);
        genesis->feeds[i].quorum = (uint32_t)PICK(random, 3, 1, 5);
    }
}

void generator_init(struct generator *generator, uint64_t seed,
                    struct genesis *genesis)
{
    struct random_state *random = &generator->random;
    static const char *const start[] = {"60000", "2500", "150", "1"};

    memset(generator, 0, sizeof *generator);
    random->word = seed;
    draw_genesis(random, genesis);
    generator->bytes = malloc(COMMAND_BYTES_MAX);
    if (!generator->bytes)
        abort();
    generator->time = genesis->start_time;
    generator->owners = (uint32_t)PICK(random, 4, 8, 20);
    generator->wild = (uint32_t)PICK(random, 0, 2, 8);
    generator->next_nonce = 1;
    for (uint32_t i = 0; i < 4; i++)
        generator->prices[i] = usd(start[i]);
}

void generator_free(struct generator *generator)
{
    for (uint32_t i = 0; i < GENERATOR_MEMORY; i++)
        free(generator->memory[i]);
    free(generator->bytes);
}

/* ---- parts ------------------------------------------------------------ */

static bool is_wild(struct generator *generator)
{
    return random_chance(&generator->random, generator->wild);
}

static uint16_t draw_market_number(struct generator *generator,
                                   const struct engine *engine)
{
    uint16_t count = engine_genesis(engine)->market_count;

    if (is_wild(generator))
        return (uint16_t)random_wild(&generator->random);
    return (uint16_t)random_below(&generator->random, count);
}

static uint16_t draw_asset(struct generator *generator,
                           const struct engine *engine)
{
    if (is_wild(generator))
        return (uint16_t)random_wild(&generator->random);
    if (random_chance(&generator->random, 60))
        return ASSET_SETTLEMENT;
    return (uint16_t)random_below(&generator->random,
                                  engine_genesis(engine)->asset_count);
}

static uint32_t draw_subaccount(struct generator *generator)
{
    if (is_wild(generator))
        return (uint32_t)random_wild(&generator->random);
    if (random_chance(&generator->random, 80))
        return 0;
    return (uint32_t)random_below(&generator->random, 3);
}

/* Trader number 0 comes often, the last one hardly ever. */
static struct account_id draw_account(struct generator *generator)
{
    struct account_id id;
    uint64_t most = 1 + random_below(&generator->random, generator->owners);

    id.owner =
        fixture_address((uint32_t)random_below(&generator->random, most));
    if (is_wild(generator))
        memset(id.owner.bytes, random_chance(&generator->random, 50) ? 0 : 7,
               sizeof id.owner.bytes);
    id.subaccount = draw_subaccount(generator);
    return id;
}

/* Log-uniform up to about `most`. */
static int64_t draw_up_to(struct random_state *random, int64_t most)
{
    int64_t value = most >> random_below(random, 12);

    return value > 0 ? random_between(random, 1, value) : 1;
}

static int64_t near_multiple(struct generator *generator, int64_t value,
                             int64_t unit)
{
    if (!is_wild(generator))
        value = value / unit * unit;
    return is_wild(generator) ? random_wild(&generator->random) : value;
}

static struct amount draw_amount(struct generator *generator, uint16_t asset,
                                 int64_t most)
{
    if (is_wild(generator))
        return amount_of(random_wild(&generator->random));
    if (asset != ASSET_SETTLEMENT)
        most = 300000000; /* three whole coins */
    return amount_of(draw_up_to(&generator->random, most));
}

/* Within a few per mille of the mark mostly; now and then far away. */
static struct price draw_price(struct generator *generator,
                               const struct engine *engine, uint16_t number)
{
    const struct genesis *genesis = engine_genesis(engine);
    struct random_state *random = &generator->random;
    struct view_market market;
    int64_t price, share;

    if (!view_market(engine, number, &market))
        return price_of(random_wild(random));
    price = price_raw(market.mark);
    if (price == 0 || random_chance(random, 3))
        price = price_raw(generator->prices[genesis->markets[number].feed]);
    share = PICK(random, 300, 300, 1000, 1000, 5000, 40000, 60000, 500000);
    price += price / 1000000 * random_between(random, -share, share);
    return price_of(near_multiple(generator, price,
                                  price_raw(genesis->markets[number].tick)));
}

static struct qty draw_size(struct generator *generator,
                            const struct engine *engine, uint16_t number)
{
    const struct genesis *genesis = engine_genesis(engine);
    int64_t price, most;

    if (number >= genesis->market_count)
        return qty_of(random_wild(&generator->random));
    /* Up to so much of quote; rarely what a position may be, or more. */
    price = price_raw(generator->prices[genesis->markets[number].feed]);
    most = (int64_t)((i128)PICK(&generator->random, 20000, 300000, 300000,
                                3000000) *
                     PRICE_ONE * QTY_ONE / (price > 0 ? price : 1));
    if (random_chance(&generator->random, 1))
        most = qty_raw(genesis->markets[number].position_max) * 2;
    most = draw_up_to(&generator->random, most);
    return qty_of(
        near_multiple(generator, most, qty_raw(genesis->markets[number].lot)));
}

/* Ids are given out one by one: the young are often still alive. */
static uint64_t draw_order_id(struct generator *generator,
                              const struct engine *engine)
{
    struct view_counters counters;
    uint64_t youngest, span;

    view_counters(engine, &counters);
    youngest = counters.next_order;
    span = youngest < 40 ? youngest : 40;
    if (is_wild(generator))
        return (uint64_t)random_wild(&generator->random);
    return youngest - random_below(&generator->random, span + 1);
}

static void draw_label(struct generator *generator, struct label *label)
{
    if (!random_chance(&generator->random, 10))
        return;
    label->length =
        (uint8_t)random_below(&generator->random, LABEL_BYTES_MAX + 1);
    random_bytes(&generator->random, label->bytes, label->length);
}

static void draw_terms(struct generator *generator, const struct engine *engine,
                       struct order_terms *terms)
{
    struct random_state *random = &generator->random;

    memset(terms, 0, sizeof *terms);
    terms->market = draw_market_number(generator, engine);
    terms->side = (uint8_t)random_below(random, 2);
    terms->type = (uint8_t)PICK(random, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5);
    terms->time_in_force = (uint8_t)PICK(random, 0, 0, 0, 0, 1, 2, 3);
    terms->is_post_only = random_chance(random, 10);
    terms->is_reduce_only = random_chance(random, 12);
    terms->has_max_fee = random_chance(random, 10);
    terms->size = draw_size(generator, engine, terms->market);
    if (terms->type != ORDER_MARKET && terms->type != ORDER_STOP_MARKET &&
        terms->type != ORDER_TAKE_MARKET)
        terms->price = draw_price(generator, engine, terms->market);
    if (terms->type >= ORDER_STOP_LIMIT) {
        terms->trigger = (uint8_t)PICK(random, 1, 1, 2, 3);
        terms->trigger_price = draw_price(generator, engine, terms->market);
    }
    if (terms->time_in_force == TIF_GOOD_TIL_TIME)
        terms->good_til = nanos_add(
            generator->time, nanos_of(draw_up_to(random, NANOS_PER_HOUR) -
                                      PICK(random, 0, 0, 0, NANOS_PER_SECOND)));
    if (terms->has_max_fee)
        terms->max_fee = amount_of(draw_up_to(random, 200000000));
    if (is_wild(generator)) {
        terms->trigger = (uint8_t)random_below(random, 4);
        terms->price = price_of(random_wild(random));
        terms->trigger_price = price_of(random_wild(random));
        terms->good_til = nanos_of(random_wild(random));
    }
    draw_label(generator, &terms->label);
}

/* Mostly one that is there. */
static struct account_id draw_known(struct generator *generator,
                                    const struct engine *engine)
{
    struct account_id id = draw_account(generator);
    struct view_account account;

    for (uint32_t i = 0; i < 3 && !view_account(engine, &id, &account); i++)
        id = draw_account(generator);
    return id;
}

static void draw_request(struct generator *generator,
                         const struct engine *engine, struct request *request)
{
    struct random_state *random = &generator->random;
    struct account_id id = draw_known(generator, engine);

    request->owner = id.owner;
    request->subaccount = id.subaccount;
    request->signer = id.owner;
    if (random_chance(random, 8))
        request->signer = fixture_address(
            KEY_ADDRESS + (uint32_t)random_below(random, SESSION_KEYS));
    request->nonce = generator->next_nonce++;
    if (random_chance(random, 2))
        request->nonce -= random_below(random, request->nonce + 1);
    request->expires = nanos_add(
        generator->time,
        nanos_of(PICK(random, 1, 5, 60, 60, 60, 60, 3600, 3600, 80000) *
                 NANOS_PER_SECOND));
    if (random_chance(random, 1))
        request->expires =
            nanos_add(generator->time, nanos_of(REQUEST_LIFE_MAX +
                                                random_between(random, -1, 1)));
    if (is_wild(generator))
        request->expires = nanos_of(random_wild(random));
    request->digest = random_u64(random);
}

/* ---- prices ----------------------------------------------------------- */

static void move_price(struct random_state *random, uint32_t mood,
                       struct price *price)
{
    int64_t raw = price_raw(*price);
    int64_t millionth = raw / 1000000 + 1;

    switch (mood) {
    case MOOD_RISE:
        raw += millionth * random_between(random, 0, 6000);
        break;
    case MOOD_FALL:
        raw -= millionth * random_between(random, 0, 6000);
        break;
    case MOOD_CRASH:
        raw -= millionth * random_between(random, 0, 60000);
        break;
    case MOOD_LEAP:
        raw += millionth * random_between(random, 0, 60000);
        break;
    default:
        raw += millionth * random_between(random, -800, 800);
        break;
    }
    /* Between a cent and what a feed takes, the way back is steeper. */
    if (raw < 20000000)
        raw = raw * 2 + 1000000;
    if (raw > INT64_C(9000000000000))
        raw = raw / 2;
    *price = price_of(raw);
}

static void move_prices(struct generator *generator)
{
    struct random_state *random = &generator->random;

    if (random_chance(random, 9))
        generator->mood = (uint32_t)PICK(
            random, MOOD_CALM, MOOD_CALM, MOOD_RISE, MOOD_RISE, MOOD_FALL,
            MOOD_FALL, MOOD_CRASH, MOOD_LEAP, MOOD_SILENCE, MOOD_DISSENT);
    else if (generator->mood >= MOOD_CRASH && random_chance(random, 10))
        generator->mood = MOOD_CALM;
    for (uint32_t i = 0; i < 3; i++)
        if (random_chance(random, 70))
            move_price(random, generator->mood, &generator->prices[i]);
}

static void draw_points(struct generator *generator,
                        const struct engine *engine,
                        struct report_package *package,
                        struct report_point *points)
{
    struct random_state *random = &generator->random;
    uint16_t feeds = engine_genesis(engine)->feed_count;
    int64_t noise = generator->mood == MOOD_DISSENT ? 80000 : 300;

    package->points = points;
    for (uint16_t i = 0; i < feeds; i++) {
        struct report_point *point = &points[package->point_count];
        int64_t price = price_raw(generator->prices[i]);

        if (random_chance(random, 4))
            continue;
        point->feed = is_wild(generator) ? (uint16_t)random_u64(random) : i;
        price += price / 1000000 * random_between(random, -noise, noise);
        point->price =
            price_of(is_wild(generator) ? random_wild(random) : price);
        point->confidence = price_of(
            random_chance(random, 10) ? price / PICK(random, 5, 40, 1000) : 0);
        if (is_wild(generator))
            point->confidence = price_of(random_wild(random));
        package->point_count++;
    }
}

static void draw_report(struct generator *generator,
                        const struct engine *engine, struct command *command)
{
    struct random_state *random = &generator->random;
    struct command_buffer *draft = &generator->draft;
    uint32_t count = 0;

    move_prices(generator);
    for (uint16_t i = 0; i < engine_genesis(engine)->reporter_count; i++) {
        struct report_package *package = &draft->packages[count];

        if (random_chance(random, generator->mood == MOOD_SILENCE ? 80 : 5))
            continue;
        package->reporter =
            is_wild(generator) ? (uint16_t)random_u64(random) : i;
        package->timestamp = nanos_sub(
            generator->time,
            nanos_of(PICK(random, 0, 0, 0, 1, 2000, 20000) * NANOS_PER_MS));
        if (is_wild(generator))
            package->timestamp = nanos_of(random_wild(random));
        package->point_count = 0;
        draw_points(generator, engine, package,
                    &draft->points[count * REPORT_POINTS_MAX]);
        count++;
    }
    command->report.package_count = count;
    command->report.packages = draft->packages;
}

/* ---- kinds ------------------------------------------------------------ */

static void draw_deposit(struct generator *generator,
                         const struct engine *engine, struct command *command)
{
    struct random_state *random = &generator->random;
    uint64_t number = generator->next_reference;

    command->deposit.account = draw_account(generator);
    command->deposit.asset = draw_asset(generator, engine);
    command->deposit.amount =
        draw_amount(generator, command->deposit.asset, INT64_C(40000000000));
    /* The same reference may come again, with the same words or others. */
    if (random_chance(random, 80))
        generator->next_reference++;
    memset(&command->deposit.reference, 0, sizeof command->deposit.reference);
    memset(&command->deposit.digest, 0, sizeof command->deposit.digest);
    memcpy(command->deposit.reference.bytes, &number, sizeof number);
    if (random_chance(random, 5))
        number = random_u64(random);
    memcpy(command->deposit.digest.bytes, &number, sizeof number);
    command->deposit.validators = random_chance(random, 80)
                                      ? (uint64_t)PICK(random, 3, 5, 6, 7)
                                      : random_below(random, 8);
    if (is_wild(generator))
        command->deposit.validators = random_u64(random);
}

static void draw_replace(struct generator *generator,
                         const struct engine *engine, struct command *command)
{
    struct random_state *random = &generator->random;
    struct order_view order;
    uint16_t market = 0;

    command->replace.order_id = draw_order_id(generator, engine);
    command->replace.size = qty_of(0);
    command->replace.price = price_of(0);
    command->replace.trigger_price = price_of(0);
    if (view_order(engine, command->replace.order_id, &order)) {
        market = order.terms.market;
        if (random_chance(random, 80)) {
            command->request.owner = order.account.owner;
            command->request.subaccount = order.account.subaccount;
            command->request.signer = order.account.owner;
        }
    }
    if (random_chance(random, 60))
        command->replace.size = draw_size(generator, engine, market);
    if (random_chance(random, 60))
        command->replace.price = draw_price(generator, engine, market);
    if (random_chance(random, 10))
        command->replace.trigger_price = draw_price(generator, engine, market);
}

/* The order's own owner asks, mostly. */
static void draw_cancel(struct generator *generator,
                        const struct engine *engine, struct command *command)
{
    struct order_view order;

    command->cancel.order_id = draw_order_id(generator, engine);
    if (random_chance(&generator->random, 80) &&
        view_order(engine, command->cancel.order_id, &order)) {
        command->request.owner = order.account.owner;
        command->request.subaccount = order.account.subaccount;
        command->request.signer = order.account.owner;
    }
}

static void draw_batch(struct generator *generator, const struct engine *engine,
                       struct command *command)
{
    struct random_state *random = &generator->random;
    struct command_buffer *draft = &generator->draft;
    uint32_t orders = (uint32_t)random_below(random, 6);
    uint32_t cancels = (uint32_t)random_below(random, 6);

    if (is_wild(generator))
        orders = (uint32_t)random_below(random, BATCH_LEGS_MAX + 1);
    for (uint32_t i = 0; i < orders; i++)
        draw_terms(generator, engine, &draft->orders[i]);
    for (uint32_t i = 0; i < cancels; i++)
        draft->cancels[i] = draw_order_id(generator, engine);
    command->batch.order_count = orders;
    command->batch.cancel_count = cancels;
    command->batch.orders = draft->orders;
    command->batch.cancels = draft->cancels;
}

static void draw_authorize(struct generator *generator,
                           const struct engine *engine, struct command *command)
{
    struct random_state *random = &generator->random;
    struct command_buffer *draft = &generator->draft;
    uint32_t subaccounts = random_chance(random, 70) ? 0 : 2;
    uint32_t markets = random_chance(random, 70) ? 0 : 2;

    command->authorize.key = fixture_address(
        KEY_ADDRESS + (uint32_t)random_below(random, SESSION_KEYS));
    command->authorize.scopes = (uint32_t)PICK(random, 1, 2, 3, 4, 7, 0, 8);
    for (uint32_t i = 0; i < subaccounts; i++)
        draft->subaccounts[i] = draw_subaccount(generator);
    for (uint32_t i = 0; i < markets; i++)
        draft->markets[i] = draw_market_number(generator, engine);
    command->authorize.subaccount_count = subaccounts;
    command->authorize.market_count = markets;
    command->authorize.subaccounts = draft->subaccounts;
    command->authorize.markets = draft->markets;
    command->authorize.max_exposure =
        amount_of(PICK(random, 0, 0, 10000000000, 100000000));
    command->authorize.expires = nanos_add(
        generator->time, nanos_of(draw_up_to(random, 10 * NANOS_PER_HOUR)));
    if (is_wild(generator)) {
        command->authorize.expires = nanos_of(random_wild(random));
        command->authorize.max_exposure = amount_of(random_wild(random));
    }
}

static void draw_block(struct generator *generator, const struct engine *engine,
                       struct command *command)
{
    struct view_counters counters;

    view_counters(engine, &counters);
    memset(&command->block, 0, sizeof command->block);
    command->block.height = counters.block_height + 1;
    command->block.last_index = counters.index;
    command->block.time = counters.time;
    random_bytes(&generator->random, command->block.hash.bytes, 32);
}

static void draw_money(struct generator *generator, const struct engine *engine,
                       struct command *command)
{
    struct random_state *random = &generator->random;

    switch ((int)command->kind) {
    case COMMAND_TRANSFER:
        command->transfer.to_subaccount = draw_subaccount(generator);
        command->transfer.asset = draw_asset(generator, engine);
        command->transfer.amount = draw_amount(
            generator, command->transfer.asset, INT64_C(50000000000));
        break;
    case COMMAND_WITHDRAW:
        command->withdraw.asset = draw_asset(generator, engine);
        command->withdraw.amount = draw_amount(
            generator, command->withdraw.asset, INT64_C(50000000000));
        random_bytes(random, command->withdraw.recipient.bytes, 20);
        break;
    case COMMAND_SET_LEVERAGE:
        command->leverage.market = draw_market_number(generator, engine);
        command->leverage.initial_rate =
            rate_of(PICK(random, 0, 20000000, 50000000, 100000000, 1000000000,
                         1000000001, 1));
        break;
    }
}

static void draw_body(struct generator *generator, const struct engine *engine,
                      struct command *command)
{
    switch (command->kind) {
    case COMMAND_TICK:
        break;
    case COMMAND_BLOCK:
        draw_block(generator, engine, command);
        break;
    case COMMAND_DEPOSIT:
        draw_deposit(generator, engine, command);
        break;
    case COMMAND_REPORT:
        draw_report(generator, engine, command);
        break;
    case COMMAND_ORDER:
        draw_terms(generator, engine, &command->order);
        break;
    case COMMAND_CANCEL:
        draw_cancel(generator, engine, command);
        break;
    case COMMAND_CANCEL_ALL:
        command->cancel_all.market =
            random_chance(&generator->random, 50)
                ? MARKET_ALL
                : draw_market_number(generator, engine);
        break;
    case COMMAND_REPLACE:
        draw_replace(generator, engine, command);
        break;
    case COMMAND_BATCH:
        draw_batch(generator, engine, command);
        break;
    case COMMAND_AUTHORIZE_KEY:
        draw_authorize(generator, engine, command);
        break;
    case COMMAND_REVOKE_KEY:
        command->revoke.key = fixture_address(
            KEY_ADDRESS +
            (uint32_t)random_below(&generator->random, SESSION_KEYS));
        break;
    case COMMAND_TRANSFER:
    case COMMAND_WITHDRAW:
    case COMMAND_SET_LEVERAGE:
        draw_money(generator, engine, command);
        break;
    }
}

/* ---- the next --------------------------------------------------------- */

static enum command_kind draw_kind(struct generator *generator)
{
    static const struct {
        uint8_t kind, weight;
    } table[] = {
        {COMMAND_TICK, 22},      {COMMAND_BLOCK, 1},
        {COMMAND_DEPOSIT, 4},    {COMMAND_REPORT, 14},
        {COMMAND_ORDER, 36},     {COMMAND_CANCEL, 5},
        {COMMAND_CANCEL_ALL, 1}, {COMMAND_REPLACE, 5},
        {COMMAND_BATCH, 4},      {COMMAND_TRANSFER, 2},
        {COMMAND_WITHDRAW, 2},   {COMMAND_AUTHORIZE_KEY, 2},
        {COMMAND_REVOKE_KEY, 1}, {COMMAND_SET_LEVERAGE, 1},
    };
    uint64_t at = random_below(&generator->random, 100);

    /* A network begins with money and prices. */
    if (generator->index < 3 * (uint64_t)generator->owners)
        return COMMAND_DEPOSIT;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (at < table[i].weight)
            return (enum command_kind)table[i].kind;
        at -= table[i].weight;
    }
    return COMMAND_TICK;
}

static void draw_time(struct generator *generator, enum command_kind kind)
{
    struct random_state *random = &generator->random;
    int64_t step =
        random_chance(random, 50) ? 0 : random_between(random, 0, 40);

    if (kind == COMMAND_TICK)
        step = PICK(random, 100, 100, 100, 100, 500, 1000, 7000);
    if (kind == COMMAND_TICK && random_chance(random, 2))
        step = PICK(random, 60000, 600000, 3600000, 90000000);
    generator->time = nanos_add(generator->time, nanos_of(step * NANOS_PER_MS));
}

/* Handed out before, now again: the same bytes, or with one changed. False:
 * what came of it is no command. */
static bool recall(struct generator *generator, struct command *command)
{
    struct random_state *random = &generator->random;
    uint64_t at = random_below(random, GENERATOR_MEMORY);
    size_t size = generator->memory_sizes[at];

    if (size == 0)
        return false;
    memcpy(generator->bytes, generator->memory[at], size);
    if (random_chance(random, 60))
        generator->bytes[random_below(random, size)] =
            (uint8_t)random_u64(random);
    return command_decode(command, &generator->buffer, generator->bytes, size);
}

static void keep(struct generator *generator, size_t size)
{
    uint64_t at = random_below(&generator->random, GENERATOR_MEMORY);

    free(generator->memory[at]);
    generator->memory[at] = malloc(size);
    if (!generator->memory[at])
        abort();
    memcpy(generator->memory[at], generator->bytes, size);
    generator->memory_sizes[at] = size;
}

static void make(struct generator *generator, const struct engine *engine,
                 struct command *command)
{
    struct command draft = {.kind = draw_kind(generator)};
    size_t size;

    draw_time(generator, draft.kind);
    if (draft.kind >= COMMAND_ORDER)
        draw_request(generator, engine, &draft.request);
    draw_body(generator, engine, &draft);
    size = command_encode(generator->bytes, COMMAND_BYTES_MAX, &draft);
    if (size == 0 ||
        !command_decode(command, &generator->buffer, generator->bytes, size))
        abort();
    keep(generator, size);
}

void generator_next(struct generator *generator, const struct engine *engine,
                    struct command *command)
{
    if (!random_chance(&generator->random, 3) || !recall(generator, command))
        make(generator, engine, command);
    generator->kinds[command->kind]++;
    command->index = ++generator->index;
    command->time = generator->time;
}
