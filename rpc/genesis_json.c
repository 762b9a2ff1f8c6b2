#include "rpc/genesis_json.h"

#include "rpc/decimal.h"
#include "rpc/fields.h"

#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define ASSET(name, kind, member, required)                         \
    {                                                               \
        name, kind, offsetof(struct asset_params, member), required \
    }
#define FEED(name, kind, member, required)                         \
    {                                                              \
        name, kind, offsetof(struct feed_params, member), required \
    }
#define MARKET(name, kind, member, required)                         \
    {                                                                \
        name, kind, offsetof(struct market_params, member), required \
    }
#define ROOT(name, kind, member, required)                     \
    {                                                          \
        name, kind, offsetof(struct genesis, member), required \
    }

/* Amounts of an asset's row are in that asset's own unit but scale_start,
 * which is value: settlement units. It has a table of its own. */
static const struct field asset_fields[] = {
    ASSET("name", FIELD_NAME, name, true),
    ASSET("decimals", FIELD_U8, decimals, true),
    ASSET("weight_initial", FIELD_RATE, weight_initial, false),
    ASSET("weight_maintenance", FIELD_RATE, weight_maintenance, false),
    ASSET("imf", FIELD_RATE, imf, false),
    ASSET("supply_cap", FIELD_AMOUNT, supply_cap, false),
};
static const struct field asset_value_fields[] = {
    ASSET("scale_start", FIELD_AMOUNT, scale_start, false),
};
static const char *const asset_others[] = {
    "name", "decimals",   "weight_initial", "weight_maintenance",
    "imf",  "supply_cap", "feed",           "scale_start",
    NULL};

static const struct field feed_fields[] = {
    FEED("name", FIELD_NAME, name, true),
    FEED("index_name", FIELD_NAME, index_name, true),
    FEED("price_min", FIELD_PRICE, price_min, false),
    FEED("price_max", FIELD_PRICE, price_max, false),
    FEED("quorum", FIELD_U32, quorum, false),
    FEED("age_max_ms", FIELD_MS, age_max, false),
    FEED("confidence_share_max", FIELD_RATE, confidence_share_max, false),
    FEED("deviation_bound", FIELD_RATE, deviation_bound, false),
    FEED("uncertain_share", FIELD_RATE, uncertain_share, false),
    FEED("stale_ms", FIELD_MS, stale, false),
    FEED("step_bound", FIELD_RATE, step_bound, false),
    FEED("hour_growth", FIELD_RATE, hour_growth, false),
    FEED("second_growth", FIELD_RATE, second_growth, false),
};

static const struct field market_fields[] = {
    MARKET("name", FIELD_NAME, name, false),
    MARKET("base", FIELD_NAME, base, false),
    MARKET("pool", FIELD_U8, pool, false),
    MARKET("tick_size", FIELD_PRICE, tick, false),
    MARKET("lot_size", FIELD_QTY, lot, false),
    MARKET("order_min", FIELD_QTY, order_min, false),
    MARKET("position_max", FIELD_QTY, position_max, false),
    MARKET("open_interest_max", FIELD_AMOUNT, open_interest_max, false),
    MARKET("maintenance_fraction", FIELD_RATE, maintenance_fraction, false),
    MARKET("oi_lower", FIELD_AMOUNT, oi_lower, false),
    MARKET("oi_upper", FIELD_AMOUNT, oi_upper, false),
    MARKET("volatility_reference", FIELD_RATE, volatility_reference, false),
    MARKET("band", FIELD_RATE, band, false),
    MARKET("mark_band", FIELD_RATE, mark_band, false),
    MARKET("impact_notional", FIELD_AMOUNT, impact_notional, false),
    MARKET("interest_8h", FIELD_RATE, interest_8h, false),
    MARKET("interest_clamp", FIELD_RATE, interest_clamp, false),
    MARKET("funding_hour_max", FIELD_RATE, funding_hour_max, false),
    MARKET("funding_interval_ms", FIELD_MS, funding_interval, false),
    MARKET("exit_buffer", FIELD_RATE, exit_buffer, false),
    MARKET("fillable_ba", FIELD_RATE, fillable_ba, false),
    MARKET("fillable_smmr", FIELD_RATE, fillable_smmr, false),
    MARKET("liquidation_fee_max", FIELD_RATE, liquidation_fee_max, false),
    MARKET("step_share", FIELD_RATE, step_share, false),
    MARKET("step_min", FIELD_AMOUNT, step_min, false),
    MARKET("step_max", FIELD_AMOUNT, step_max, false),
    MARKET("position_dust", FIELD_AMOUNT, position_dust, false),
    MARKET("insurance_share_day", FIELD_RATE, insurance_share_day, false),
    MARKET("insurance_minute_max", FIELD_AMOUNT, insurance_minute_max, false),
};
static const char *const market_others[] = {"feed", "tiers", NULL};

static const struct field tier_fields[] = {
    {"above", FIELD_AMOUNT, offsetof(struct tier, above), true},
    {"initial_rate", FIELD_RATE, offsetof(struct tier, initial_rate), true},
};

static const struct field fee_tier_fields[] = {
    {"volume", FIELD_AMOUNT, offsetof(struct fee_tier, volume), true},
    {"maker", FIELD_RATE, offsetof(struct fee_tier, maker), true},
    {"taker", FIELD_RATE, offsetof(struct fee_tier, taker), true},
};
static const struct field fee_fields[] = {
    {"treasury_ppm", FIELD_U32, offsetof(struct fee_params, treasury_ppm),
     false},
    {"reporters_ppm", FIELD_U32, offsetof(struct fee_params, reporters_ppm),
     false},
    {"validators_ppm", FIELD_U32, offsetof(struct fee_params, validators_ppm),
     false},
};
static const char *const fee_others[] = {"tiers", NULL};

static const struct field capacity_fields[] = {
#define CAPACITY(name)                                             \
    {                                                              \
#name, FIELD_U32, offsetof(struct capacities, name), false \
    }
    CAPACITY(accounts),    CAPACITY(positions), CAPACITY(orders),
    CAPACITY(levels),      CAPACITY(triggers),  CAPACITY(account_orders),
    CAPACITY(keys),        CAPACITY(nonces),    CAPACITY(deposits),
    CAPACITY(withdrawals),
};

static const struct field root_fields[] = {
    ROOT("chain_id", FIELD_U64, chain_id, true),
    ROOT("settlement_contract", FIELD_ADDRESS, settlement_contract, true),
    ROOT("development", FIELD_BOOL, is_development, false),
    ROOT("validator_threshold", FIELD_U8, validator_threshold, true),
    ROOT("governor_threshold", FIELD_U8, governor_threshold, false),
    ROOT("guardian_threshold", FIELD_U8, guardian_threshold, false),
    ROOT("gain_weight", FIELD_RATE, gain_weight, false),
    ROOT("gain_cap", FIELD_AMOUNT, gain_cap, false),
    ROOT("borrow_initial", FIELD_RATE, borrow_initial, false),
    ROOT("borrow_maintenance", FIELD_RATE, borrow_maintenance, false),
    ROOT("insurance_start", FIELD_AMOUNT, insurance_start, false),
    ROOT("report_future_max_ms", FIELD_MS, report_future_max, false),
    ROOT("tick_interval_ms", FIELD_MS, tick_interval, false),
    ROOT("block_interval_ms", FIELD_MS, block_interval, false),
    ROOT("block_commands", FIELD_U32, block_commands, false),
    ROOT("start_time_ms", FIELD_MS, start_time, false),
};
static const char *const root_others[] = {
    "settlement_asset", "assets",      "feeds",      "reporters",
    "reporter_quorum",  "instruments", "validators", "governors",
    "guardians",        "fees",        "capacities", "self_trade",
    "description",      NULL};

void genesis_default_asset(struct asset_params *asset)
{
    *asset = (struct asset_params){
        .decimals = 8,
        .weight_initial = rate_of(900000000),
        .weight_maintenance = rate_of(950000000),
    };
}

void genesis_default_feed(struct feed_params *feed)
{
    *feed = (struct feed_params){
        .price_min = price_of(1),
        .price_max = price_of(1000000 * PRICE_ONE),
        .age_max = nanos_of(10 * NANOS_PER_SECOND),
        .confidence_share_max = rate_of(100000000),
        .deviation_bound = rate_of(100000000),
        .uncertain_share = rate_of(20000000),
        .stale = nanos_of(30 * NANOS_PER_SECOND),
        .step_bound = rate_of(250000000),
        .hour_growth = rate_of(60000000),
        .second_growth = rate_of(300000),
    };
}

void genesis_default_market(struct market_params *market)
{
    int64_t unit = 1000000; /* USDC */

    *market = (struct market_params){
        .tier_count = 1,
        .tiers = {{amount_of(0), rate_of(20000000)}},
        .maintenance_fraction = rate_of(500000000),
        .band = rate_of(50000000),
        .mark_band = rate_of(2500000),
        .impact_notional = amount_of(10000 * unit),
        .interest_8h = rate_of(100000),
        .interest_clamp = rate_of(500000),
        .funding_hour_max = rate_of(40000000),
        .funding_interval = nanos_of(NANOS_PER_HOUR),
        .exit_buffer = rate_of(20000000),
        .fillable_ba = rate_of(RATE_ONE),
        .fillable_smmr = rate_of(1500000000),
        .liquidation_fee_max = rate_of(15000000),
        .step_share = rate_of(100000000),
        .step_min = amount_of(1000 * unit),
        .step_max = amount_of(100000 * unit),
        .position_dust = amount_of(1000 * unit),
        .insurance_share_day = rate_of(100000000),
        .insurance_minute_max = amount_of(1000000 * unit),
    };
}

static void default_root(struct genesis *genesis)
{
    int64_t unit = 1000000;

    *genesis = (struct genesis){
        .gain_weight = rate_of(950000000),
        .gain_cap = amount_of(1000000 * unit),
        .borrow_initial = rate_of(50000000),
        .borrow_maintenance = rate_of(30000000),
        .report_future_max = nanos_of(NANOS_PER_SECOND),
        .tick_interval = nanos_of(100 * NANOS_PER_MS),
        .block_interval = nanos_of(NANOS_PER_SECOND),
        .block_commands = 10000,
        .start_time = nanos_of(NANOS_PER_MS),
        .self_trade = SELF_TRADE_CANCEL_MAKER,
        .fees = {.tier_count = 1,
                 .tiers = {{amount_of(0), rate_of(200000), rate_of(500000)}},
                 .treasury_ppm = 500000,
                 .reporters_ppm = 50000,
                 .validators_ppm = 50000},
        .capacities = {.accounts = 65536,
                       .positions = 131072,
                       .orders = 131072,
                       .levels = 65536,
                       .triggers = 16384,
                       .account_orders = 1000,
                       .keys = 16384,
                       .nonces = 1048576,
                       .deposits = 262144,
                       .withdrawals = 65536},
    };
}

static void path_of(char path[96], const char *list, size_t index)
{
    snprintf(path, 96, "%s[%zu]", list, index);
}

/* The array under `name` with 0..most entries; absent counts as empty unless
 * required. */
static bool list_of(const json_t *document, struct genesis_fault *fault,
                    const char *name, size_t most, bool is_required,
                    size_t *count)
{
    const json_t *list = json_object_get(document, name);

    *count = json_array_size(list);
    if (!list && !is_required)
        return true;
    if (!json_is_array(list) || (is_required && *count == 0))
        return fields_fault(fault, name, "must be a list that is not empty");
    if (*count > most)
        return fields_fault(fault, name, "has more than %zu entries", most);
    return true;
}

static bool read_addresses(const json_t *document, struct genesis_fault *fault,
                           const char *name, struct address *addresses,
                           size_t most, bool is_required, uint8_t *filled)
{
    const struct field row = {"address", FIELD_ADDRESS, 0, true};
    const json_t *list = json_object_get(document, name);
    size_t count;

    if (!list_of(document, fault, name, most, is_required, &count))
        return false;
    for (size_t i = 0; i < count; i++) {
        char path[96];
        json_t *wrapped = json_pack("{sO}", row.name, json_array_get(list, i));
        bool is_read;

        path_of(path, name, i);
        is_read =
            fields_read(&addresses[i], fault, wrapped, path, &row, 1, NULL, 0);
        json_decref(wrapped);
        if (!is_read)
            return false;
    }
    *filled = (uint8_t)count;
    return true;
}

static bool find_feed(const struct genesis *genesis,
                      struct genesis_fault *fault, const char *where,
                      const json_t *object, uint16_t *feed)
{
    const char *name = json_string_value(json_object_get(object, "feed"));

    if (!name)
        return fields_fault(fault, where, "\"feed\" must name a feed");
    for (uint16_t i = 0; i < genesis->feed_count; i++)
        if (strcmp(genesis->feeds[i].name, name) == 0) {
            *feed = i;
            return true;
        }
    return fields_fault(fault, where, "\"feed\": there is no feed %.40s", name);
}

static bool read_feeds(struct genesis *genesis, struct genesis_fault *fault,
                       const json_t *document)
{
    const json_t *list = json_object_get(document, "feeds");
    const json_t *quorum = json_object_get(document, "reporter_quorum");
    size_t count;

    if (!list_of(document, fault, "feeds", FEEDS_MAX, true, &count))
        return false;
    if (!json_is_integer(quorum) || json_integer_value(quorum) < 1 ||
        json_integer_value(quorum) > REPORTERS_MAX)
        return fields_fault(fault, "reporter_quorum",
                            "must be a number from 1 to %d", REPORTERS_MAX);
    for (size_t i = 0; i < count; i++) {
        char path[96];
        struct feed_params *feed = &genesis->feeds[i];

        path_of(path, "feeds", i);
        genesis_default_feed(feed);
        feed->quorum = (uint32_t)json_integer_value(quorum);
        if (!fields_read(feed, fault, json_array_get(list, i), path,
                         feed_fields, COUNT(feed_fields), NULL, 0))
            return false;
    }
    genesis->feed_count = (uint16_t)count;
    return true;
}

static bool read_asset(struct genesis *genesis, struct genesis_fault *fault,
                       const json_t *object, size_t index)
{
    struct asset_params *asset = &genesis->assets[index];
    char path[96];

    path_of(path, "assets", index);
    genesis_default_asset(asset);
    /* First for its decimals, in which its own amounts are then read. */
    if (!fields_read(asset, fault, object, path, asset_fields, 2, asset_others,
                     0))
        return false;
    if (asset->decimals > 12)
        return fields_fault(fault, path, "\"decimals\" must be at most 12");
    if (!fields_read(asset, fault, object, path, asset_fields,
                     COUNT(asset_fields), asset_others, asset->decimals) ||
        !fields_read(asset, fault, object, path, asset_value_fields,
                     COUNT(asset_value_fields), asset_others,
                     genesis->assets[0].decimals))
        return false;
    return index == ASSET_SETTLEMENT ||
           find_feed(genesis, fault, path, object, &asset->feed);
}

static bool read_assets(struct genesis *genesis, struct genesis_fault *fault,
                        const json_t *document)
{
    const json_t *list = json_object_get(document, "assets");
    const char *settlement =
        json_string_value(json_object_get(document, "settlement_asset"));
    size_t count;

    if (!list_of(document, fault, "assets", ASSETS_MAX, true, &count))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!read_asset(genesis, fault, json_array_get(list, i), i))
            return false;
    if (!settlement || strcmp(settlement, genesis->assets[0].name) != 0)
        return fields_fault(fault, "settlement_asset",
                            "must be the first of \"assets\"");
    genesis->asset_count = (uint8_t)count;
    return true;
}

static bool read_tiers(struct market_params *market,
                       struct genesis_fault *fault, const json_t *object,
                       const char *where, unsigned decimals)
{
    const json_t *list = json_object_get(object, "tiers");
    size_t count;

    if (!list)
        return true;
    if (!list_of(object, fault, "tiers", TIERS_MAX, true, &count))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!fields_read(&market->tiers[i], fault, json_array_get(list, i),
                         where, tier_fields, COUNT(tier_fields), NULL,
                         decimals))
            return false;
    market->tier_count = (uint8_t)count;
    return true;
}

bool genesis_json_market(struct market_params *market,
                         struct genesis_fault *fault, const json_t *object,
                         unsigned decimals)
{
    return fields_read(market, fault, object, "parameters", market_fields,
                       COUNT(market_fields), market_others, decimals) &&
           read_tiers(market, fault, object, "parameters", decimals);
}

static bool read_markets(struct genesis *genesis, struct genesis_fault *fault,
                         const json_t *document)
{
    const json_t *list = json_object_get(document, "instruments");
    unsigned decimals = genesis->assets[0].decimals;
    size_t count;

    if (!list_of(document, fault, "instruments", MARKETS_MAX, true, &count))
        return false;
    for (size_t i = 0; i < count; i++) {
        const json_t *object = json_array_get(list, i);
        struct market_params *market = &genesis->markets[i];
        char path[96];

        path_of(path, "instruments", i);
        genesis_default_market(market);
        if (!fields_read(market, fault, object, path, market_fields,
                         COUNT(market_fields), market_others, decimals) ||
            !read_tiers(market, fault, object, path, decimals) ||
            !find_feed(genesis, fault, path, object, &market->feed))
            return false;
    }
    genesis->market_count = (uint16_t)count;
    return true;
}

static bool read_fees(struct genesis *genesis, struct genesis_fault *fault,
                      const json_t *document)
{
    const json_t *object = json_object_get(document, "fees");
    const json_t *tiers = json_object_get(object, "tiers");
    unsigned decimals = genesis->assets[0].decimals;
    size_t count;

    if (!object)
        return true;
    if (!fields_read(&genesis->fees, fault, object, "fees", fee_fields,
                     COUNT(fee_fields), fee_others, decimals))
        return false;
    if (!tiers)
        return true;
    if (!list_of(object, fault, "tiers", FEE_TIERS_MAX, true, &count))
        return false;
    for (size_t i = 0; i < count; i++) {
        char path[96];

        path_of(path, "fees.tiers", i);
        if (!fields_read(&genesis->fees.tiers[i], fault,
                         json_array_get(tiers, i), path, fee_tier_fields,
                         COUNT(fee_tier_fields), NULL, decimals))
            return false;
    }
    genesis->fees.tier_count = (uint8_t)count;
    return true;
}

static bool read_rest(struct genesis *genesis, struct genesis_fault *fault,
                      const json_t *document)
{
    static const char *const policies[] = {
        [SELF_TRADE_CANCEL_MAKER] = "cancel_maker",
        [SELF_TRADE_CANCEL_TAKER] = "cancel_taker",
        [SELF_TRADE_ALLOW] = "allow",
    };
    const json_t *capacities = json_object_get(document, "capacities");
    const json_t *policy = json_object_get(document, "self_trade");
    size_t i = 0;

    if (capacities &&
        !fields_read(&genesis->capacities, fault, capacities, "capacities",
                     capacity_fields, COUNT(capacity_fields), NULL, 0))
        return false;
    if (policy) {
        while (i < COUNT(policies) &&
               !(json_is_string(policy) &&
                 strcmp(json_string_value(policy), policies[i]) == 0))
            i++;
        if (i == COUNT(policies))
            return fields_fault(fault, "self_trade",
                                "must be cancel_maker, cancel_taker or allow");
        genesis->self_trade = (enum self_trade)i;
    }
    return read_addresses(document, fault, "reporters", genesis->reporters,
                          REPORTERS_MAX, true, &genesis->reporter_count) &&
           read_addresses(document, fault, "validators", genesis->validators,
                          VALIDATORS_MAX, true, &genesis->validator_count) &&
           read_addresses(document, fault, "governors", genesis->governors,
                          GOVERNORS_MAX, false, &genesis->governor_count) &&
           read_addresses(document, fault, "guardians", genesis->guardians,
                          GUARDIANS_MAX, false, &genesis->guardian_count);
}

static bool set_identity(struct genesis *genesis, const json_t *document)
{
    struct sha256_ctx hash;
    char *text = genesis_json_canonical(document);

    if (!text)
        return false;
    sha256_init(&hash);
    sha256_update(&hash, strlen(text), (const uint8_t *)text);
    sha256_digest(&hash, sizeof genesis->id.bytes, genesis->id.bytes);
    free(text);
    return true;
}

bool genesis_json_read(struct genesis *genesis, struct genesis_fault *fault,
                       const json_t *document)
{
    unsigned decimals;

    default_root(genesis);
    if (!json_is_object(document))
        return fields_fault(fault, "", "must be a JSON object");
    if (!read_feeds(genesis, fault, document) ||
        !read_assets(genesis, fault, document))
        return false;
    decimals = genesis->assets[0].decimals;
    if (!fields_read(genesis, fault, document, "genesis", root_fields,
                     COUNT(root_fields), root_others, decimals) ||
        !read_markets(genesis, fault, document) ||
        !read_fees(genesis, fault, document) ||
        !read_rest(genesis, fault, document))
        return false;
    if (!set_identity(genesis, document))
        return fields_fault(fault, "", "memory is short");
    return genesis_check(genesis, fault);
}

bool genesis_json_parse(struct genesis *genesis, json_t **document,
                        struct genesis_fault *fault, const char *text,
                        size_t size)
{
    json_error_t error;
    json_t *parsed = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    bool is_read;

    if (!parsed) {
        char where[96];

        snprintf(where, sizeof where, "line %d", error.line);
        return fields_fault(fault, where, "%.140s", error.text);
    }
    is_read = genesis_json_read(genesis, fault, parsed);
    if (is_read && document)
        *document = parsed;
    else
        json_decref(parsed);
    return is_read;
}

char *genesis_json_canonical(const json_t *document)
{
    return json_dumps(document, JSON_SORT_KEYS | JSON_COMPACT);
}

json_t *genesis_json_of_market(const struct genesis *genesis, uint16_t market)
{
    const struct market_params *params = &genesis->markets[market];
    unsigned decimals = genesis->assets[0].decimals;
    json_t *object = json_object(), *tiers = json_array();
    bool is_done = object && tiers &&
                   fields_write(object, params, market_fields,
                                COUNT(market_fields), decimals);

    for (uint8_t i = 0; is_done && i < params->tier_count; i++) {
        json_t *tier = json_object();

        is_done = tier &&
                  fields_write(tier, &params->tiers[i], tier_fields,
                               COUNT(tier_fields), decimals) &&
                  json_array_append(tiers, tier) == 0;
        json_decref(tier);
    }
    is_done = is_done &&
              json_object_set_new(
                  object, "feed",
                  json_string(genesis->feeds[params->feed].name)) == 0 &&
              json_object_set(object, "tiers", tiers) == 0;
    json_decref(tiers);
    if (!is_done) {
        json_decref(object);
        return NULL;
    }
    return object;
}
