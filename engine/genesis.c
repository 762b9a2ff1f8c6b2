/*
 * One pass over the definition, stopping at the first thing that is wrong.
 * Paths name fields as they stand in engine/genesis.h; `what` is a sentence
 * for the person who wrote the file. Figures in it are in the unit's smallest
 * part, as the struct has them.
 */
#include "engine/genesis.h"
#include "engine/account.h"
#include "engine/nonce.h"
#include "engine/wide.h"

#define DAY (24 * NANOS_PER_HOUR)

struct walk {
    const struct genesis *genesis;
    struct genesis_fault *fault;
    size_t length; /* of fault->where */
};

/* Appends as much as fits; the text stays ended. */
static void put(char *text, size_t capacity, size_t *length, const char *part)
{
    for (; *part && *length + 1 < capacity; part++)
        text[(*length)++] = *part;
    text[*length] = 0;
}

static void put_number(char *text, size_t capacity, size_t *length, int64_t n)
{
    char digits[24];
    size_t at = sizeof digits - 1;
    uint64_t rest = n < 0 ? -(uint64_t)n : (uint64_t)n;

    digits[at] = 0;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (n < 0)
        digits[--at] = '-';
    put(text, capacity, length, &digits[at]);
}

/* Enters "list[number]."; leave takes the path back to `length`. */
static void enter(struct walk *walk, const char *list, uint32_t number)
{
    char *where = walk->fault->where;
    size_t most = sizeof walk->fault->where;

    put(where, most, &walk->length, list);
    put(where, most, &walk->length, "[");
    put_number(where, most, &walk->length, number);
    put(where, most, &walk->length, "].");
}

static void leave(struct walk *walk, size_t length)
{
    walk->length = length;
    walk->fault->where[length] = 0;
}

/* Writes the fault down; false, so that checks can return it. */
static bool wrong(struct walk *walk, const char *field, const char *what)
{
    size_t length = 0;

    put(walk->fault->where, sizeof walk->fault->where, &walk->length, field);
    put(walk->fault->what, sizeof walk->fault->what, &length, what);
    return false;
}

static bool within(struct walk *walk, const char *field, int64_t value,
                   int64_t least, int64_t most)
{
    char *what = walk->fault->what;
    size_t capacity = sizeof walk->fault->what, length = 0;

    if (value >= least && value <= most)
        return true;
    put(walk->fault->where, sizeof walk->fault->where, &walk->length, field);
    put(what, capacity, &length, "is ");
    put_number(what, capacity, &length, value);
    put(what, capacity, &length, ", must be from ");
    put_number(what, capacity, &length, least);
    put(what, capacity, &length, " to ");
    put_number(what, capacity, &length, most);
    return false;
}

static bool share(struct walk *walk, const char *field, struct rate value)
{
    return within(walk, field, rate_raw(value), 0, RATE_ONE);
}

static bool money(struct walk *walk, const char *field, struct amount value)
{
    return within(walk, field, amount_raw(value), 0, AMOUNT_MAX);
}

static bool span(struct walk *walk, const char *field, struct nanos value,
                 int64_t least, int64_t most)
{
    return within(walk, field, nanos_raw(value), least, most);
}

static bool is_name_byte(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

static bool check_name(struct walk *walk, const char *field,
                       const char name[NAME_BYTES_MAX])
{
    uint32_t length = 0;

    while (length < NAME_BYTES_MAX && name[length]) {
        if (!is_name_byte(name[length]))
            return wrong(walk, field, "may hold A-Z a-z 0-9 _ - . only");
        length++;
    }
    if (length == 0)
        return wrong(walk, field, "is empty");
    if (length == NAME_BYTES_MAX)
        return wrong(walk, field, "is too long");
    return true;
}

static bool same_name(const char *a, const char *b)
{
    uint32_t i = 0;

    while (a[i] && a[i] == b[i])
        i++;
    return a[i] == b[i];
}

/* ---- assets and feeds -------------------------------------------------- */

static bool check_asset(struct walk *walk, uint32_t number)
{
    const struct asset_params *asset = &walk->genesis->assets[number];

    if (!check_name(walk, "name", asset->name) ||
        !within(walk, "decimals", asset->decimals, 0,
                number == ASSET_SETTLEMENT ? 8 : 12) ||
        !share(walk, "weight_initial", asset->weight_initial) ||
        !share(walk, "weight_maintenance", asset->weight_maintenance) ||
        !share(walk, "imf", asset->imf) ||
        !money(walk, "scale_start", asset->scale_start) ||
        !money(walk, "supply_cap", asset->supply_cap))
        return false;
    for (uint32_t i = 0; i < number; i++)
        if (same_name(asset->name, walk->genesis->assets[i].name))
            return wrong(walk, "name", "another asset has it");
    if (rate_cmp(asset->weight_initial, asset->weight_maintenance) > 0)
        return wrong(walk, "weight_initial", "exceeds weight_maintenance");
    if (number != ASSET_SETTLEMENT && asset->feed >= walk->genesis->feed_count)
        return wrong(walk, "feed", "there is no such feed");
    return true;
}

static bool check_feed(struct walk *walk, uint32_t number)
{
    const struct feed_params *feed = &walk->genesis->feeds[number];

    if (!check_name(walk, "name", feed->name) ||
        !check_name(walk, "index_name", feed->index_name) ||
        !within(walk, "price_max", price_raw(feed->price_max), 1, PRICE_MAX) ||
        !within(walk, "price_min", price_raw(feed->price_min), 1,
                price_raw(feed->price_max)) ||
        !within(walk, "quorum", feed->quorum, 1,
                walk->genesis->reporter_count) ||
        !span(walk, "age_max", feed->age_max, 1, DAY) ||
        !share(walk, "confidence_share_max", feed->confidence_share_max) ||
        !within(walk, "deviation_bound", rate_raw(feed->deviation_bound), 1,
                RATE_ONE) ||
        !share(walk, "uncertain_share", feed->uncertain_share) ||
        !span(walk, "stale", feed->stale, 1, DAY) ||
        !within(walk, "step_bound", rate_raw(feed->step_bound), 1, RATE_ONE) ||
        !share(walk, "hour_growth", feed->hour_growth) ||
        !share(walk, "second_growth", feed->second_growth))
        return false;
    for (uint32_t i = 0; i < number; i++) {
        const struct feed_params *other = &walk->genesis->feeds[i];

        if (same_name(feed->name, other->name))
            return wrong(walk, "name", "another feed has it");
        if (same_name(feed->index_name, other->index_name))
            return wrong(walk, "index_name", "another feed has it");
    }
    return true;
}

/* ---- markets ----------------------------------------------------------- */

static bool check_tiers(struct walk *walk, const struct market_params *market)
{
    size_t start = walk->length;
    int64_t above = -1, rate = 0;

    if (!within(walk, "tier_count", market->tier_count, 1, TIERS_MAX))
        return false;
    for (uint32_t i = 0; i < market->tier_count; i++) {
        const struct tier *tier = &market->tiers[i];

        enter(walk, "tiers", i);
        if (!within(walk, "above", amount_raw(tier->above), above + 1,
                    i ? AMOUNT_MAX : 0) ||
            !within(walk, "initial_rate", rate_raw(tier->initial_rate),
                    rate + 1, RATE_ONE))
            return false;
        above = amount_raw(tier->above);
        rate = rate_raw(tier->initial_rate);
        leave(walk, start);
    }
    return true;
}

/* Fills are exact: no price and size may give a part of a unit. */
static bool check_sizes(struct walk *walk, const struct market_params *market)
{
    int64_t divisor = genesis_notional_divisor(walk->genesis);
    struct price most = walk->genesis->feeds[market->feed].price_max;
    int64_t lot;

    if (!within(walk, "tick", price_raw(market->tick), 1, price_raw(most)) ||
        !within(walk, "lot", qty_raw(market->lot), 1, QTY_MAX) ||
        !within(walk, "order_min", qty_raw(market->order_min), 1, QTY_MAX) ||
        !within(walk, "position_max", qty_raw(market->position_max),
                qty_raw(market->order_min), QTY_MAX))
        return false;
    lot = qty_raw(market->lot);
    if (wide_mul(price_raw(market->tick), lot) % divisor != 0)
        return wrong(walk, "lot",
                     "times tick is not a whole number of settlement units");
    if (qty_raw(market->order_min) % lot != 0)
        return wrong(walk, "order_min", "is not a whole number of lots");
    if (qty_raw(market->position_max) % lot != 0)
        return wrong(walk, "position_max", "is not a whole number of lots");
    if (wide_mul(qty_raw(market->position_max), price_raw(most)) / divisor >
        NOTIONAL_MAX)
        return wrong(walk, "position_max",
                     "times the feed's price_max exceeds the greatest notional "
                     "a position may have");
    return true;
}

/* A mark within its band moves a position by at most a quarter of what lies
 * between its two requirements (rule 16). */
static bool check_bands(struct walk *walk, const struct market_params *market)
{
    int64_t first = rate_raw(market->tiers[0].initial_rate);
    i128 between =
        wide_mul(first, RATE_ONE - rate_raw(market->maintenance_fraction));

    if (!within(walk, "band", rate_raw(market->band), 1, RATE_ONE - 1) ||
        !share(walk, "mark_band", market->mark_band))
        return false;
    if (wide_mul(rate_raw(market->mark_band), 4 * RATE_ONE) > between)
        return wrong(walk, "mark_band",
                     "exceeds a quarter of the first tier's initial rate less "
                     "its maintenance rate");
    return true;
}

static bool check_margin(struct walk *walk, const struct market_params *market)
{
    if (!within(walk, "maintenance_fraction",
                rate_raw(market->maintenance_fraction), 1, RATE_ONE) ||
        !money(walk, "open_interest_max", market->open_interest_max) ||
        !money(walk, "oi_lower", market->oi_lower) ||
        !money(walk, "oi_upper", market->oi_upper))
        return false;
    if (!rate_is_zero(market->volatility_reference))
        return wrong(walk, "volatility_reference",
                     "must be 0: there is no volatility estimate");
    return true;
}

static bool check_funding(struct walk *walk, const struct market_params *market)
{
    return within(walk, "impact_notional", amount_raw(market->impact_notional),
                  1, NOTIONAL_MAX) &&
           within(walk, "interest_8h", rate_raw(market->interest_8h), -RATE_ONE,
                  RATE_ONE) &&
           share(walk, "interest_clamp", market->interest_clamp) &&
           share(walk, "funding_hour_max", market->funding_hour_max) &&
           span(walk, "funding_interval", market->funding_interval,
                60 * NANOS_PER_SECOND, 8 * NANOS_PER_HOUR);
}

static bool check_liquidation(struct walk *walk,
                              const struct market_params *market)
{
    return share(walk, "exit_buffer", market->exit_buffer) &&
           within(walk, "fillable_ba", rate_raw(market->fillable_ba), 0,
                  100 * RATE_ONE) &&
           within(walk, "fillable_smmr", rate_raw(market->fillable_smmr), 0,
                  100 * RATE_ONE) &&
           share(walk, "liquidation_fee_max", market->liquidation_fee_max) &&
           within(walk, "step_share", rate_raw(market->step_share), 1,
                  RATE_ONE) &&
           within(walk, "step_max", amount_raw(market->step_max), 1,
                  AMOUNT_MAX) &&
           within(walk, "step_min", amount_raw(market->step_min), 0,
                  amount_raw(market->step_max)) &&
           money(walk, "position_dust", market->position_dust) &&
           share(walk, "insurance_share_day", market->insurance_share_day) &&
           money(walk, "insurance_minute_max", market->insurance_minute_max);
}

static bool check_market(struct walk *walk, uint32_t number)
{
    const struct market_params *market = &walk->genesis->markets[number];

    if (!check_name(walk, "name", market->name) ||
        !check_name(walk, "base", market->base))
        return false;
    for (uint32_t i = 0; i < number; i++)
        if (same_name(market->name, walk->genesis->markets[i].name))
            return wrong(walk, "name", "another instrument has it");
    if (market->feed >= walk->genesis->feed_count)
        return wrong(walk, "feed", "there is no such feed");
    return check_sizes(walk, market) && check_tiers(walk, market) &&
           check_margin(walk, market) && check_bands(walk, market) &&
           check_funding(walk, market) && check_liquidation(walk, market);
}

/* ---- people, fees, the rest -------------------------------------------- */

static bool check_people(struct walk *walk, const char *list,
                         const struct address *people, uint32_t count)
{
    static const struct address nobody;

    for (uint32_t i = 0; i < count; i++) {
        enter(walk, list, i);
        if (address_equal(&people[i], &nobody))
            return wrong(walk, "address", "is zero");
        for (uint32_t j = 0; j < i; j++)
            if (address_equal(&people[i], &people[j]))
                return wrong(walk, "address", "stands in the list twice");
        leave(walk, 0);
    }
    return true;
}

static bool check_lists(struct walk *walk)
{
    const struct genesis *genesis = walk->genesis;

    return within(walk, "reporter_count", genesis->reporter_count,
                  genesis->feed_count > 0, REPORTERS_MAX) &&
           within(walk, "validator_count", genesis->validator_count, 1,
                  VALIDATORS_MAX) &&
           within(walk, "validator_threshold", genesis->validator_threshold, 1,
                  genesis->validator_count) &&
           within(walk, "governor_count", genesis->governor_count, 0,
                  GOVERNORS_MAX) &&
           within(walk, "governor_threshold", genesis->governor_threshold,
                  genesis->governor_count > 0, genesis->governor_count) &&
           within(walk, "guardian_count", genesis->guardian_count, 0,
                  GUARDIANS_MAX) &&
           within(walk, "guardian_threshold", genesis->guardian_threshold,
                  genesis->guardian_count > 0, genesis->guardian_count) &&
           check_people(walk, "reporters", genesis->reporters,
                        genesis->reporter_count) &&
           check_people(walk, "validators", genesis->validators,
                        genesis->validator_count) &&
           check_people(walk, "governors", genesis->governors,
                        genesis->governor_count) &&
           check_people(walk, "guardians", genesis->guardians,
                        genesis->guardian_count);
}

static bool check_fees(struct walk *walk)
{
    const struct fee_params *fees = &walk->genesis->fees;
    int64_t volume = -1;

    if (!within(walk, "fees.tier_count", fees->tier_count, 1, FEE_TIERS_MAX))
        return false;
    for (uint32_t i = 0; i < fees->tier_count; i++) {
        const struct fee_tier *tier = &fees->tiers[i];

        enter(walk, "fees.tiers", i);
        if (!within(walk, "volume", amount_raw(tier->volume), volume + 1,
                    i ? AMOUNT_MAX : 0) ||
            !within(walk, "taker", rate_raw(tier->taker), 0, RATE_ONE / 10) ||
            !within(walk, "maker", rate_raw(tier->maker), -RATE_ONE / 10,
                    RATE_ONE / 10))
            return false;
        volume = amount_raw(tier->volume);
        leave(walk, 0);
    }
    if ((uint64_t)fees->treasury_ppm + fees->reporters_ppm +
            fees->validators_ppm >
        (uint64_t)PPM_ONE)
        return wrong(walk, "fees", "give away more than the whole");
    return true;
}

static bool check_capacities(struct walk *walk)
{
    const struct capacities *most = &walk->genesis->capacities;

    return within(walk, "capacities.accounts", most->accounts,
                  (int64_t)house_count(walk->genesis) + 1,
                  ACCOUNTS_CAPACITY_MAX) &&
           within(walk, "capacities.positions", most->positions, 1,
                  POSITIONS_CAPACITY_MAX) &&
           within(walk, "capacities.orders", most->orders, 1,
                  ORDERS_CAPACITY_MAX) &&
           within(walk, "capacities.levels", most->levels, 1,
                  LEVELS_CAPACITY_MAX) &&
           within(walk, "capacities.triggers", most->triggers, 1,
                  ORDERS_CAPACITY_MAX) &&
           within(walk, "capacities.account_orders", most->account_orders, 1,
                  most->orders) &&
           within(walk, "capacities.keys", most->keys, 1, KEYS_CAPACITY_MAX) &&
           within(walk, "capacities.nonces", most->nonces, 4 * NONCE_CHUNK,
                  NONCES_CAPACITY_MAX) &&
           within(walk, "capacities.deposits", most->deposits, 1,
                  DEPOSITS_CAPACITY_MAX) &&
           within(walk, "capacities.withdrawals", most->withdrawals, 1,
                  WITHDRAWALS_CAPACITY_MAX);
}

static bool check_scalars(struct walk *walk)
{
    const struct genesis *genesis = walk->genesis;

    return within(walk, "self_trade", genesis->self_trade, 0,
                  SELF_TRADE_ALLOW) &&
           share(walk, "gain_weight", genesis->gain_weight) &&
           money(walk, "gain_cap", genesis->gain_cap) &&
           share(walk, "borrow_initial", genesis->borrow_initial) &&
           share(walk, "borrow_maintenance", genesis->borrow_maintenance) &&
           within(walk, "insurance_start", amount_raw(genesis->insurance_start),
                  0, AMOUNT_MAX / 8) &&
           span(walk, "report_future_max", genesis->report_future_max, 0,
                NANOS_PER_HOUR) &&
           span(walk, "tick_interval", genesis->tick_interval, NANOS_PER_MS,
                60 * NANOS_PER_SECOND) &&
           span(walk, "block_interval", genesis->block_interval,
                nanos_raw(genesis->tick_interval), NANOS_PER_HOUR) &&
           within(walk, "block_commands", genesis->block_commands, 1,
                  UINT32_MAX) &&
           span(walk, "start_time", genesis->start_time, 1, NANOS_MAX / 2);
}

/* Calls check for each of a list's members with the path entered. */
static bool each(struct walk *walk, const char *list, uint32_t count,
                 bool (*check_one)(struct walk *walk, uint32_t number))
{
    for (uint32_t i = 0; i < count; i++) {
        enter(walk, list, i);
        if (!check_one(walk, i))
            return false;
        leave(walk, 0);
    }
    return true;
}

bool genesis_check(const struct genesis *genesis, struct genesis_fault *fault)
{
    struct walk walk = {genesis, fault, 0};

    *fault = (struct genesis_fault){0};
    return within(&walk, "asset_count", genesis->asset_count, 1, ASSETS_MAX) &&
           within(&walk, "feed_count", genesis->feed_count, 0, FEEDS_MAX) &&
           within(&walk, "market_count", genesis->market_count, 0,
                  MARKETS_MAX) &&
           check_lists(&walk) &&
           each(&walk, "assets", genesis->asset_count, check_asset) &&
           each(&walk, "feeds", genesis->feed_count, check_feed) &&
           each(&walk, "markets", genesis->market_count, check_market) &&
           check_fees(&walk) && check_scalars(&walk) && check_capacities(&walk);
}

int64_t genesis_notional_divisor(const struct genesis *genesis)
{
    int64_t divisor = 1;

    for (uint32_t i = genesis->assets[ASSET_SETTLEMENT].decimals; i < 16; i++)
        divisor *= 10;
    return divisor;
}
