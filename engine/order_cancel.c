/*
 * Orders that end because somebody asks for it, their time is over, or their
 * account is being liquidated. Several at once end in the order of their
 * ids, whatever order the account's lists have.
 */
#include "engine/account.h"
#include "engine/key.h"
#include "engine/order.h"

static struct refusal refuse(enum result result, enum param param)
{
    return (struct refusal){.result = result, .param = param};
}

static const struct refusal done = {.result = result_ok};

struct refusal order_own(const struct engine *engine, uint32_t account,
                         uint64_t order_id, const struct key *key,
                         uint32_t *slot)
{
    *slot = order_find(engine, order_id);
    if (*slot == NONE && order_id > 0 && order_id < engine->next_order)
        return refuse(result_already_closed, param_order_id);
    if (*slot == NONE || engine->orders[*slot].account != account)
        return refuse(result_order_not_found, param_order_id);
    if (key && !key_allows_market(key, engine->orders[*slot].market))
        return refuse(result_key_instrument, param_order_id);
    return done;
}

struct refusal order_cancel_by_id(struct engine *engine, uint32_t account,
                                  uint64_t order_id, const struct key *key)
{
    uint32_t slot;
    struct refusal refusal = order_own(engine, account, order_id, key, &slot);

    if (refusal.result == result_ok)
        order_end(engine, slot, ORDER_CANCELLED, REASON_USER);
    return refusal;
}

/* Which of an account's orders. */
struct choice {
    uint16_t market; /* MARKET_ALL: all */
    const struct key *key;
    bool is_risky_only;
};

/* The positions' lists descend by id, so each is read from its end. */
struct merge {
    uint32_t count;
    uint32_t at[MARKETS_MAX]; /* order slots, NONE: list is through */
};

static uint32_t skip(const struct engine *engine, uint32_t slot,
                     const struct choice *choice)
{
    while (slot != NONE && choice->is_risky_only &&
           engine->orders[slot].is_reduce_only)
        slot = engine->links[slot].own_previous;
    return slot;
}

static void merge_start(const struct engine *engine, uint32_t account,
                        const struct choice *choice, struct merge *merge)
{
    uint32_t position = engine->accounts[account].positions;

    merge->count = 0;
    for (; position != NONE; position = engine->positions[position].next) {
        uint16_t market = engine->positions[position].market;
        uint32_t slot = engine->positions[position].orders;

        if (slot == NONE ||
            (choice->market != MARKET_ALL && choice->market != market) ||
            (choice->key && !key_allows_market(choice->key, market)))
            continue;
        while (engine->links[slot].own_next != NONE)
            slot = engine->links[slot].own_next;
        merge->at[merge->count++] = skip(engine, slot, choice);
    }
}

/* The order with the smallest id of those that are left, NONE at the end. */
static uint32_t merge_next(const struct engine *engine,
                           const struct choice *choice, struct merge *merge)
{
    uint32_t *least = NULL;
    uint32_t slot;

    for (uint32_t i = 0; i < merge->count; i++)
        if (merge->at[i] != NONE && (!least || engine->orders[merge->at[i]].id <
                                                   engine->orders[*least].id))
            least = &merge->at[i];
    if (!least)
        return NONE;
    slot = *least;
    *least = skip(engine, engine->links[slot].own_previous, choice);
    return slot;
}

static uint32_t cancel_chosen(struct engine *engine, uint32_t account,
                              const struct choice *choice,
                              enum order_reason reason)
{
    struct merge merge;
    uint32_t count = 0, slot;

    merge_start(engine, account, choice, &merge);
    while ((slot = merge_next(engine, choice, &merge)) != NONE) {
        order_end(engine, slot, ORDER_CANCELLED, reason);
        count++;
    }
    return count;
}

struct refusal order_cancel_all(struct engine *engine, uint32_t account,
                                uint16_t market, const struct key *key,
                                uint32_t *count)
{
    struct choice choice = {.market = market, .key = key};

    *count = 0;
    if (market != MARKET_ALL && market >= engine->genesis.market_count)
        return refuse(result_invalid_instrument, param_instrument_name);
    if (market != MARKET_ALL && key && !key_allows_market(key, market))
        return refuse(result_key_instrument, param_instrument_name);
    *count = cancel_chosen(engine, account, &choice, REASON_USER);
    return done;
}

uint32_t order_cancel_risky(struct engine *engine, uint32_t account)
{
    struct choice choice = {.market = MARKET_ALL, .is_risky_only = true};

    return cancel_chosen(engine, account, &choice, REASON_LIQUIDATION);
}

void order_expire(struct engine *engine)
{
    const struct heap_entry *next;

    while ((next = heap_top(&engine->order_times)) != NULL &&
           next->key <= nanos_raw(engine->time))
        order_end(engine, next->item, ORDER_EXPIRED, REASON_TIME);
}
