#include "engine/view.h"
#include "engine/account.h"
#include "engine/book.h"
#include "engine/margin.h"
#include "engine/nonce.h"
#include "engine/oracle.h"
#include "engine/order.h"
#include "engine/position.h"
#include "engine/records.h"

/* ---- prices ----------------------------------------------------------- */

bool view_feed(const struct engine *engine, uint16_t number,
               struct view_feed *view)
{
    const struct feed *feed = &engine->feeds[number % FEEDS_MAX];

    if (number >= engine->genesis.feed_count)
        return false;
    *view = (struct view_feed){.price = feed->price,
                               .confidence = feed->confidence,
                               .price_time = feed->price_time,
                               .grade = (enum grade)feed->grade,
                               .used = feed->used,
                               .slow = feed->slow};
    return true;
}

bool view_report(const struct engine *engine, uint16_t feed, uint16_t reporter,
                 struct view_report *view)
{
    const struct report *report;

    if (feed >= engine->genesis.feed_count ||
        reporter >= engine->genesis.reporter_count)
        return false;
    report = &engine->feeds[feed].reports[reporter];
    *view = (struct view_report){report->timestamp, report->price,
                                 report->confidence};
    return true;
}

/* ---- markets ---------------------------------------------------------- */

static void best_of(const struct engine *engine, uint16_t market,
                    enum side side, struct price *price, struct qty *size)
{
    struct view_level level = {0};

    (void)view_depth(engine, market, side, &level, 1);
    *price = level.price;
    *size = level.size;
}

bool view_market(const struct engine *engine, uint16_t number,
                 struct view_market *view)
{
    const struct market *market = &engine->markets[number % MARKETS_MAX];

    if (number >= engine->genesis.market_count)
        return false;
    *view = (struct view_market){.state = (enum market_state)market->state,
                                 .grade = oracle_grade(engine, number),
                                 .index = oracle_index(engine, number),
                                 .mark = market->mark,
                                 .ema = market->ema,
                                 .last = market->last,
                                 .mark_time = market->mark_time,
                                 .open_interest = market->open_interest,
                                 .oi_factor = market->oi_factor,
                                 .trade_sequence = market->trade_sequence,
                                 .book_sequence = market->book_sequence,
                                 .volume = market->volume,
                                 .volume_quote = market->volume_quote,
                                 .funding_rate = market->funding_rate,
                                 .premium_last = market->premium_last,
                                 .funding_index = market->funding_index,
                                 .funding_time = market->funding_time};
    best_of(engine, number, SIDE_BUY, &view->best_bid, &view->best_bid_size);
    best_of(engine, number, SIDE_SELL, &view->best_ask, &view->best_ask_size);
    return true;
}

uint32_t view_depth(const struct engine *engine, uint16_t market,
                    enum side side, struct view_level *levels,
                    uint32_t capacity)
{
    const struct book_side *book_side;

    if (market >= engine->genesis.market_count)
        return 0;
    book_side = &engine->markets[market].book.sides[side];
    for (uint32_t i = 0; i < book_side->count && i < capacity; i++) {
        const struct level *level =
            &engine->levels[book_side->levels[book_side->count - 1 - i].level];

        levels[i] =
            (struct view_level){level->price, level->size, level->count};
    }
    return book_side->count;
}

/* ---- orders ----------------------------------------------------------- */

bool view_order(const struct engine *engine, uint64_t order_id,
                struct order_view *view)
{
    uint32_t slot = order_find(engine, order_id);

    if (slot == NONE)
        return false;
    order_view_of(engine, slot, view);
    return true;
}

/* The user's account, or NONE. */
static uint32_t user_find(const struct engine *engine,
                          const struct account_id *id)
{
    uint32_t slot = account_find(engine, id);

    return slot != NONE && engine->accounts[slot].is_house ? NONE : slot;
}

/* First of the account's positions, or NONE. */
static uint32_t positions_of(const struct engine *engine,
                             const struct account_id *id)
{
    uint32_t slot = user_find(engine, id);

    return slot == NONE ? NONE : engine->accounts[slot].positions;
}

uint32_t view_orders(const struct engine *engine, const struct account_id *id,
                     uint16_t market, struct order_view *orders,
                     uint32_t capacity)
{
    uint32_t count = 0;

    for (uint32_t i = positions_of(engine, id); i != NONE;
         i = engine->positions[i].next) {
        const struct position *position = &engine->positions[i];

        if (market != MARKET_ALL && market != position->market)
            continue;
        for (uint32_t slot = position->orders; slot != NONE;
             slot = engine->links[slot].own_next) {
            if (count < capacity)
                order_view_of(engine, slot, &orders[count]);
            count++;
        }
    }
    return count;
}

/* ---- accounts --------------------------------------------------------- */

static void margin_of(const struct engine *engine, uint32_t slot,
                      struct view_margin *view)
{
    struct margin margin;

    margin_compute(engine, slot, &margin);
    *view = (struct view_margin){.cash = margin.cash,
                                 .gain = margin.gain,
                                 .equity = margin.equity,
                                 .equity_initial = margin.equity_initial,
                                 .equity_withdrawal = margin.equity_withdrawal,
                                 .initial = margin.initial,
                                 .maintenance = margin.maintenance,
                                 .initial_open = margin.initial_open,
                                 .maintenance_open = margin.maintenance_open};
}

bool view_account(const struct engine *engine, const struct account_id *id,
                  struct view_account *view)
{
    uint32_t slot = user_find(engine, id);
    const struct account *account;

    if (slot == NONE)
        return false;
    account = &engine->accounts[slot];
    *view =
        (struct view_account){.id = account->id,
                              .is_in_liquidation = account->is_in_liquidation,
                              .opened = account->opened,
                              .order_count = account->order_count,
                              .balance_count = engine->genesis.asset_count};
    for (uint16_t i = 0; i < engine->genesis.asset_count; i++)
        view->balances[i] = *engine_balance(engine, slot, i);
    for (uint32_t i = account->positions; i != NONE;
         i = engine->positions[i].next)
        view->position_count += !qty_is_zero(engine->positions[i].size);
    margin_of(engine, slot, &view->margin);
    return true;
}

static void position_view_of(const struct engine *engine,
                             const struct position *position,
                             struct view_position *view)
{
    struct exposure exposure;

    margin_exposure(engine, position, &exposure);
    *view = (struct view_position){
        .market = position->market,
        .size = position->size,
        .cost = position->cost,
        .own_rate = position->own_rate,
        .open_buys = position->open_buys,
        .open_sells = position->open_sells,
        .realised = position->realised,
        .funding = position->funding,
        .unsettled = position_unsettled(engine, position),
        .notional = exposure.notional,
        .gain = exposure.gain,
        .initial = exposure.initial,
        .maintenance = exposure.maintenance,
        .initial_open = exposure.initial_open,
        .maintenance_open = exposure.maintenance_open};
}

uint32_t view_positions(const struct engine *engine,
                        const struct account_id *id,
                        struct view_position *positions, uint32_t capacity)
{
    uint32_t count = 0;

    for (uint32_t i = positions_of(engine, id); i != NONE;
         i = engine->positions[i].next) {
        if (count < capacity)
            position_view_of(engine, &engine->positions[i], &positions[count]);
        count++;
    }
    return count;
}

bool view_position(const struct engine *engine, const struct account_id *id,
                   uint16_t market, struct view_position *position)
{
    for (uint32_t i = positions_of(engine, id); i != NONE;
         i = engine->positions[i].next)
        if (engine->positions[i].market == market) {
            position_view_of(engine, &engine->positions[i], position);
            return true;
        }
    return false;
}

/* A sorted list that keeps its least `capacity` items: where a new one goes,
 * or capacity. The later items move up, the last one falls off the end. */
static uint32_t make_place(void *items, size_t size, uint32_t count,
                           uint32_t capacity, const void *key,
                           int (*compare)(const void *a, const void *b))
{
    uint8_t *bytes = items;
    uint32_t filled = count < capacity ? count : capacity;
    uint32_t at = filled;

    while (at > 0 && compare(key, bytes + (at - 1) * size) < 0)
        at--;
    if (at < capacity) {
        uint32_t moved = filled < capacity ? filled - at : filled - at - 1;

        memmove(bytes + (at + 1) * size, bytes + at * size, moved * size);
    }
    return at;
}

static int compare_u32(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

    return (left > right) - (left < right);
}

uint32_t view_subaccounts(const struct engine *engine,
                          const struct address *owner, uint32_t *subaccounts,
                          uint32_t capacity)
{
    uint32_t count = 0;
    uint32_t slot = account_of_owner(engine, owner);

    if (slot == NONE || engine->accounts[slot].is_house)
        return 0;
    for (; slot != NONE; slot = engine->accounts[slot].owner_next) {
        uint32_t number = engine->accounts[slot].id.subaccount;
        uint32_t at = make_place(subaccounts, sizeof *subaccounts, count,
                                 capacity, &number, compare_u32);

        if (at < capacity)
            subaccounts[at] = number;
        count++;
    }
    return count;
}

/* ---- session keys and withdrawals -------------------------------------- */

static int compare_keys(const void *a, const void *b)
{
    const struct view_key *left = a, *right = b;

    return address_cmp(&left->key, &right->key);
}

uint32_t view_keys(const struct engine *engine, const struct address *owner,
                   struct view_key *keys, uint32_t capacity)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < engine->key_pool.used; i++) {
        const struct key *key = &engine->keys[i];
        struct view_key view;
        uint32_t at;

        if (!address_equal(&key->owner, owner) || !records_key_lives(engine, i))
            continue;
        view = (struct view_key){.key = key->key,
                                 .scopes = key->scopes,
                                 .subaccount_count = key->subaccount_count,
                                 .market_count = key->market_count,
                                 .max_exposure = key->max_exposure,
                                 .expires = key->expires};
        memcpy(view.subaccounts, key->subaccounts, sizeof view.subaccounts);
        memcpy(view.markets, key->markets, sizeof view.markets);
        at = make_place(keys, sizeof *keys, count, capacity, &view,
                        compare_keys);
        if (at < capacity)
            keys[at] = view;
        count++;
    }
    return count;
}

/* Withdrawals are never taken away: the last slot is the newest. */
uint32_t view_withdrawals(const struct engine *engine,
                          const struct account_id *id,
                          struct view_withdrawal *withdrawals,
                          uint32_t capacity)
{
    uint32_t count = 0;

    for (uint32_t i = engine->withdrawal_pool.used; i > 0; i--) {
        const struct withdrawal *at = &engine->withdrawals[i - 1];

        if (!account_id_equal(&at->account, id))
            continue;
        if (count < capacity)
            withdrawals[count] =
                (struct view_withdrawal){at->id,        at->asset, at->amount,
                                         at->recipient, at->time,  at->index};
        count++;
    }
    return count;
}

/* ---- the whole -------------------------------------------------------- */

static bool is_ledger(const struct engine *engine, enum house house,
                      uint32_t number)
{
    uint32_t markets = engine->genesis.market_count;

    switch (house) {
    case HOUSE_EXTERNAL:
    case HOUSE_FEES:
    case HOUSE_TREASURY:
    case HOUSE_REPORTERS:
    case HOUSE_VALIDATORS:
    case HOUSE_WITHDRAWALS:
    case HOUSE_INTEREST:
        return number == 0;
    case HOUSE_CLEARING:
    case HOUSE_FUNDING:
        return number < markets;
    case HOUSE_INSURANCE:
        return house_slot(engine, house, 0) + (uint64_t)number <
               house_count(&engine->genesis);
    }
    return false;
}

struct amount view_house(const struct engine *engine, enum house house,
                         uint32_t number, uint16_t asset)
{
    if (asset >= engine->genesis.asset_count ||
        !is_ledger(engine, house, number))
        return amount_of(0);
    return *engine_balance(engine, house_slot(engine, house, number), asset);
}

struct amount view_deposited(const struct engine *engine, uint16_t asset)
{
    return asset < engine->genesis.asset_count ? engine->assets[asset].deposited
                                               : amount_of(0);
}

void view_counters(const struct engine *engine, struct view_counters *view)
{
    *view =
        (struct view_counters){.index = engine->index,
                               .tick_count = engine->tick_count,
                               .block_height = engine->block_height,
                               .trade_count = engine->trade_count,
                               .next_order = engine->next_order,
                               .time = engine->time,
                               .tick_time = engine->tick_time,
                               .block_hash = engine->block_hash,
                               .accounts = engine->account_pool.count,
                               .positions = engine->position_pool.count,
                               .orders = engine->order_pool.count,
                               .levels = engine->level_pool.count,
                               .keys = engine->key_pool.count,
                               .nonces = nonce_count(engine),
                               .deposits = engine->deposit_pool.count,
                               .withdrawals = engine->withdrawal_pool.count};
}
