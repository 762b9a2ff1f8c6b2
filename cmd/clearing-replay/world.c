#include "cmd/clearing-replay/world.h"

#include "rpc/address.h"
#include "rpc/decimal.h"
#include "rpc/hex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUORUM 3
#define PRICE_MAX_FACTOR 20
#define NOTIONAL_MOST 10000000000LL /* USD a position may have */

static bool is_stablecoin(const char *name)
{
    static const char *const names[] = {"USDC", "USDT", "DAI", "BUSD", "TUSD"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* How well a quote stands for a dollar: smaller is better. */
static int quote_rank(const char *quote)
{
    if (strcmp(quote, "USD") == 0)
        return 0;
    if (strcmp(quote, "USDT") == 0)
        return 1;
    return is_stablecoin(quote) ? 2 : 3;
}

static uint32_t venue_of(struct world *world, const char *name)
{
    for (uint32_t i = 0; i < world->venue_count; i++)
        if (strcmp(world->venues[i], name) == 0)
            return i;
    if (world->venue_count == WORLD_VENUES_MAX)
        return UINT32_MAX;
    snprintf(world->venues[world->venue_count], HISTORY_NAME_BYTES, "%s", name);
    return world->venue_count++;
}

static struct world_feed *feed_of(struct world *world, const char *base)
{
    struct world_feed *feed;

    for (uint32_t i = 0; i < world->feed_count; i++)
        if (strcmp(world->feeds[i].base, base) == 0)
            return &world->feeds[i];
    if (world->feed_count == WORLD_FEEDS_MAX)
        return NULL;
    feed = &world->feeds[world->feed_count++];
    snprintf(feed->base, sizeof feed->base, "%s", base);
    feed->is_stable = is_stablecoin(base);
    for (uint32_t i = 0; i < WORLD_VENUES_MAX; i++)
        feed->series[i] = UINT32_MAX;
    return feed;
}

/* A venue reports a base from its best series: dollars before stablecoins. */
static bool add_series(struct world *world, uint32_t number)
{
    const struct series *series = &world->history->series[number];
    uint32_t venue = venue_of(world, series->venue);
    struct world_feed *feed = feed_of(world, series->base);
    uint32_t *held;

    if (venue == UINT32_MAX || !feed)
        return false;
    held = &feed->series[venue];
    if (*held == UINT32_MAX)
        feed->venue_count++;
    if (*held == UINT32_MAX ||
        quote_rank(series->quote) <
            quote_rank(world->history->series[*held].quote))
        *held = number;
    return true;
}

/* Tick and lot by the price's size: tick * lot is one millionth of a dollar. */
static void set_steps(struct world_feed *feed)
{
    static const char suffix[] = "_USD-PERPETUAL";
    int64_t power = 1;
    size_t size;

    while (power <= feed->first_price / 10)
        power *= 10;
    feed->tick = power >= 100000 ? power / 100000 : 1;
    feed->lot = 10000000000LL / feed->tick;
    size = strlen(feed->base);
    memcpy(feed->instrument, feed->base, size);
    memcpy(feed->instrument + size, suffix, sizeof suffix);
}

static int by_use(const void *a, const void *b)
{
    const struct world_feed *left = a, *right = b;

    if (left->is_stable != right->is_stable)
        return left->is_stable ? 1 : -1;
    return strcmp(left->base, right->base);
}

static void find_first_prices(struct world *world)
{
    for (uint32_t i = 0; i < world->feed_count; i++) {
        struct world_feed *feed = &world->feeds[i];

        for (size_t j = 0; feed->first_price == 0; j++)
            if (strcmp(
                    world->history->series[world->history->bars[j].series].base,
                    feed->base) == 0)
                feed->first_price = world->history->bars[j].open;
    }
}

bool world_make(struct world *world, const struct history *history, char *what,
                size_t what_size)
{
    *world = (struct world){.history = history, .quorum = QUORUM};
    world->step_ms = history->interval_ms / WORLD_STEPS;
    for (uint32_t i = 0; i < history->series_count; i++)
        if (!add_series(world, i)) {
            snprintf(what, what_size, "too many venues or bases");
            return false;
        }
    find_first_prices(world);
    qsort(world->feeds, world->feed_count, sizeof *world->feeds, by_use);
    for (uint32_t i = 0; i < world->feed_count; i++) {
        struct world_feed *feed = &world->feeds[i];

        set_steps(feed);
        world->market_count += !feed->is_stable;
        if (feed->venue_count < world->quorum)
            world->quorum = feed->venue_count;
    }
    for (uint32_t i = 0; i < world->venue_count; i++) {
        char name[64];

        snprintf(name, sizeof name, "replay/%s", world->venues[i]);
        development_key(&world->reporters[i], name);
    }
    if (world->market_count == 0)
        snprintf(what, what_size, "the history has nothing to trade");
    return world->market_count > 0;
}

/* ---- genesis --------------------------------------------------------- */

static json_t *decimal(int64_t value, unsigned places)
{
    char text[DECIMAL_TEXT_SIZE];

    decimal_format(text, value, places);
    return json_string(text);
}

static json_t *genesis_feed(const struct world *world,
                            const struct world_feed *feed)
{
    char index_name[64];
    json_int_t stale = world->step_ms * 8;

    for (size_t i = 0; i <= strlen(feed->base); i++)
        index_name[i] = (char)(feed->base[i] >= 'A' && feed->base[i] <= 'Z'
                                   ? feed->base[i] + 32
                                   : feed->base[i]);
    snprintf(index_name + strlen(feed->base), 8, "_usd");
    return json_pack(
        "{ss ss so so si sI sI}", "name", feed->base, "index_name", index_name,
        "price_min", decimal(feed->first_price / 1000 + 1, PRICE_PLACES),
        "price_max",
        decimal(feed->first_price * PRICE_MAX_FACTOR, PRICE_PLACES), "quorum",
        (int)(feed->venue_count < QUORUM ? feed->venue_count : QUORUM),
        "age_max_ms", stale / 2, "stale_ms", stale);
}

static json_t *genesis_market(const struct world_feed *feed)
{
    i128 most = (i128)NOTIONAL_MOST * PRICE_ONE * QTY_ONE /
                ((i128)feed->first_price * PRICE_MAX_FACTOR);
    int64_t position_max = (int64_t)(most - most % feed->lot);

    return json_pack("{ss ss ss so so so so ss ss s[{ss ss},{ss ss},{ss ss}]}",
                     "name", feed->instrument, "base", feed->base, "feed",
                     feed->base, "tick_size", decimal(feed->tick, PRICE_PLACES),
                     "lot_size", decimal(feed->lot, QTY_PLACES), "order_min",
                     decimal(feed->lot, QTY_PLACES), "position_max",
                     decimal(position_max, QTY_PLACES), "maintenance_fraction",
                     "0.5", "mark_band", "0.0025", "tiers", "above", "0",
                     "initial_rate", "0.02", "above", "5000000", "initial_rate",
                     "0.05", "above", "50000000", "initial_rate", "0.1");
}

static json_t *genesis_collateral(const struct world_feed *feed)
{
    bool is_stable = feed->is_stable;

    return json_pack("{ss si ss ss ss}", "name", feed->base, "decimals",
                     is_stable ? 6 : 8, "feed", feed->base, "weight_initial",
                     is_stable ? "0.95" : "0.85", "weight_maintenance",
                     is_stable ? "0.97" : "0.9");
}

static json_t *genesis_lists(const struct world *world, json_t *genesis)
{
    json_t *feeds = json_array(), *markets = json_array();
    json_t *assets = json_pack("[{sssi}]", "name", "USD", "decimals", 6);
    uint32_t collaterals = 0;

    for (uint32_t i = 0; i < world->feed_count; i++) {
        const struct world_feed *feed = &world->feeds[i];

        json_array_append_new(feeds, genesis_feed(world, feed));
        if (!feed->is_stable)
            json_array_append_new(markets, genesis_market(feed));
        if ((feed->is_stable || collaterals < 2) && collaterals++ < 8)
            json_array_append_new(assets, genesis_collateral(feed));
    }
    json_object_set_new(genesis, "feeds", feeds);
    json_object_set_new(genesis, "instruments", markets);
    json_object_set_new(genesis, "assets", assets);
    return genesis;
}

/* The addresses of development keys "role/0" … */
static json_t *development_addresses(const char *role, int count)
{
    json_t *list = json_array();

    for (int i = 0; i < count; i++) {
        char name[64], text[ADDRESS_TEXT_SIZE];
        struct secp_private key;
        struct address address;

        snprintf(name, sizeof name, "%s/%d", role, i);
        development_key(&key, name);
        if (secp_private_address(&address, &key)) {
            address_format(text, &address);
            json_array_append_new(list, json_string(text));
        }
    }
    return list;
}

static json_t *reporter_addresses(const struct world *world)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < world->venue_count; i++) {
        char text[ADDRESS_TEXT_SIZE];
        struct address address;

        if (secp_private_address(&address, &world->reporters[i])) {
            address_format(text, &address);
            json_array_append_new(list, json_string(text));
        }
    }
    return list;
}

json_t *world_genesis(const struct world *world, uint32_t traders)
{
    char contract[ADDRESS_TEXT_SIZE];
    struct address address;
    uint64_t chain;
    json_int_t accounts = traders + 4096, tick = world->step_ms / 5;
    json_t *genesis;

    network_development(&chain, &address);
    address_format(contract, &address);
    genesis = json_pack(
        "{sI ss sb ss so si so si sI sI si ss s{sI sI sI sI sI}}", "chain_id",
        (json_int_t)chain, "settlement_contract", contract, "development", 1,
        "settlement_asset", "USD", "reporters", reporter_addresses(world),
        "reporter_quorum", (int)world->quorum, "validators",
        development_addresses("validator", 3), "validator_threshold", 2,
        "tick_interval_ms", tick, "block_interval_ms", 5 * tick,
        "report_future_max_ms", 1000, "insurance_start", "250000", "capacities",
        "accounts", accounts, "positions",
        accounts * (json_int_t)world->market_count, "orders",
        (json_int_t)262144, "nonces", (json_int_t)2097152, "deposits",
        2 * accounts);
    return genesis ? genesis_lists(world, genesis) : NULL;
}

/* ---- prices ---------------------------------------------------------- */

/* The order of the extremes is not in a bar: the one nearer to the open came
 * first. */
static int64_t price_at(const struct bar *bar, uint32_t step)
{
    bool is_low_first = bar->open - bar->low < bar->high - bar->open;

    switch (step) {
    case 0:
        return bar->open;
    case 1:
        return is_low_first ? bar->low : bar->high;
    case 2:
        return is_low_first ? bar->high : bar->low;
    default:
        return bar->close;
    }
}

void world_move(struct world *world, size_t from, size_t to, uint32_t step)
{
    for (size_t i = from; i < to; i++) {
        const struct bar *bar = &world->history->bars[i];

        for (uint32_t f = 0; f < world->feed_count; f++)
            for (uint32_t v = 0; v < world->venue_count; v++)
                if (world->feeds[f].series[v] == bar->series) {
                    world->prices[f][v] = price_at(bar, step);
                    world->prices_at[f][v] = bar->time_ms;
                }
    }
}

static int compare_prices(const void *a, const void *b)
{
    const int64_t *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

int64_t world_price(const struct world *world, uint32_t feed)
{
    int64_t prices[WORLD_VENUES_MAX];
    size_t count = 0;

    for (uint32_t v = 0; v < world->venue_count; v++)
        if (world->prices[feed][v] > 0)
            prices[count++] = world->prices[feed][v];
    qsort(prices, count, sizeof *prices, compare_prices);
    return count ? prices[count / 2] : 0;
}

/* The points of one venue that are of the newest bar or the one before. */
static size_t venue_points(const struct world *world,
                           struct redstone_point *points, uint32_t venue,
                           int64_t time_ms)
{
    size_t count = 0;

    for (uint32_t f = 0; f < world->feed_count; f++) {
        if (world->prices[f][venue] == 0 ||
            world->prices_at[f][venue] + 2 * world->history->interval_ms <=
                time_ms)
            continue;
        redstone_feed_of(points[count].feed, world->feeds[f].base,
                         strlen(world->feeds[f].base));
        points[count++].value = world->prices[f][venue];
    }
    return count;
}

char *world_report(const struct world *world, int64_t time_ms)
{
    struct redstone_point points[WORLD_FEEDS_MAX];
    size_t capacity = REDSTONE_PAYLOAD_SIZE_MAX, size = 0, packages = 0;
    uint8_t *bytes = malloc(capacity);
    char *text = NULL;

    for (uint32_t v = 0; bytes && v < world->venue_count; v++) {
        size_t count = venue_points(world, points, v, time_ms);

        if (count == 0)
            continue;
        size += redstone_sign(bytes + size, capacity - size, points, count,
                              (uint64_t)time_ms, &world->reporters[v]);
        packages++;
    }
    if (packages > 0)
        size = redstone_close(bytes, capacity, size, packages);
    if (packages > 0 && size > 0)
        text = malloc(HEX_TEXT_SIZE(size));
    if (text)
        hex_encode(text, bytes, size);
    free(bytes);
    return text;
}
