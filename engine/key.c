/*
 * A session key belongs to one owner; the same address may be another
 * owner's key, too. An expired key stays until it is revoked or authorised
 * again: it refuses with its own reason.
 */
#include "engine/key.h"
#include "engine/account.h"
#include "engine/changes.h"
#include "engine/pool.h"
#include "engine/position.h"
#include "engine/wide.h"

#define SCOPES_ALL (SCOPE_TRADE | SCOPE_CANCEL | SCOPE_TRANSFER)
#define STRIDE (sizeof(struct key) / sizeof(uint32_t))

STATIC_CHECK(sizeof(struct key) % sizeof(uint32_t) == 0);

static struct refusal refuse(enum result result, enum param param)
{
    return (struct refusal){.result = result, .param = param};
}

static uint32_t hash_of(const struct address *owner, const struct address *key)
{
    struct address both[2] = {*owner, *key};

    return idmap_hash_bytes(both, sizeof both);
}

static uint32_t find(const struct engine *engine, const struct address *owner,
                     const struct address *key)
{
    uint32_t hash = hash_of(owner, key), slot;
    uint32_t cursor = idmap_first(&engine->key_map, hash);

    while ((slot = idmap_next(&engine->key_map, hash, &cursor)) != NONE)
        if (address_equal(&engine->keys[slot].key, key) &&
            address_equal(&engine->keys[slot].owner, owner))
            break;
    return slot;
}

const struct key *key_find(const struct engine *engine,
                           const struct address *owner,
                           const struct address *key)
{
    uint32_t slot = find(engine, owner, key);

    return slot == NONE ? NULL : &engine->keys[slot];
}

bool key_allows_subaccount(const struct key *key, uint32_t subaccount)
{
    for (uint32_t i = 0; i < key->subaccount_count; i++)
        if (key->subaccounts[i] == subaccount)
            return true;
    return key->subaccount_count == 0;
}

bool key_allows_market(const struct key *key, uint16_t market)
{
    for (uint32_t i = 0; i < key->market_count; i++)
        if (key->markets[i] == market)
            return true;
    return key->market_count == 0;
}

enum result key_authorise(const struct engine *engine,
                          const struct request *request, uint32_t scope,
                          const struct key **key)
{
    uint32_t scopes;

    *key = NULL;
    if (address_equal(&request->owner, &request->signer))
        return result_ok;
    *key = key_find(engine, &request->owner, &request->signer);
    if (!*key)
        return result_signer_not_authorised;
    if (nanos_cmp((*key)->expires, engine->time) <= 0)
        return result_key_expired;
    scopes = (*key)->scopes;
    if (scopes & SCOPE_TRADE)
        scopes |= SCOPE_CANCEL;
    if ((scopes & scope) == 0)
        return result_key_scope;
    if (!key_allows_subaccount(*key, request->subaccount))
        return result_key_subaccount;
    return result_ok;
}

/* ---- exposure ------------------------------------------------------------ */

/* Notional at the mark of the greater side, rounded up; in 128 bits, for
 * the order may be of any size. */
static i128 exposure_of(const struct engine *engine, uint16_t market,
                        struct qty size, struct qty buys, struct qty sells)
{
    i128 high = wide_abs((i128)qty_raw(size) + qty_raw(buys));
    i128 low = wide_abs((i128)qty_raw(size) - qty_raw(sells));

    return wide_div_ceil(wide_max(high, low) *
                             price_raw(engine->markets[market].mark),
                         engine->notional_divisor);
}

/* Everything but the position in this market (NONE: everything). */
static i128 exposure_beside(const struct engine *engine, uint32_t account,
                            uint32_t beside)
{
    i128 sum = 0;

    for (uint32_t i = engine->accounts[account].positions; i != NONE;
         i = engine->positions[i].next) {
        const struct position *position = &engine->positions[i];

        if (i != beside)
            sum += exposure_of(engine, position->market, position->size,
                               position->open_buys, position->open_sells);
    }
    return sum;
}

bool key_allows_order(const struct engine *engine, const struct key *key,
                      uint32_t account, uint16_t market, enum side side,
                      struct qty size)
{
    static const struct position none;
    uint32_t slot = position_find(engine, account, market);
    const struct position *position =
        slot == NONE ? &none : &engine->positions[slot];
    struct qty buys = position->open_buys, sells = position->open_sells;

    if (amount_is_zero(key->max_exposure))
        return true;
    if (side == SIDE_BUY)
        buys = qty_add(buys, size);
    else
        sells = qty_add(sells, size);
    if (position_is_reducing(position->size,
                             side == SIDE_BUY ? buys : qty_neg(sells)))
        return true;
    return exposure_beside(engine, account, slot) +
               exposure_of(engine, market, position->size, buys, sells) <=
           amount_wide(key->max_exposure);
}

/* ---- commands ------------------------------------------------------------ */

static struct refusal check_terms(const struct engine *engine,
                                  const struct command *command)
{
    static const struct address nobody;
    const struct address *key = &command->authorize.key;

    if (address_equal(key, &nobody) ||
        address_equal(key, &command->request.owner))
        return refuse(result_key_invalid, param_key);
    if (command->authorize.scopes == 0 ||
        (command->authorize.scopes & ~(uint32_t)SCOPES_ALL) != 0)
        return refuse(result_key_invalid, param_scopes);
    if (command->authorize.subaccount_count > KEY_LIST_MAX)
        return refuse(result_key_invalid, param_subaccount);
    if (command->authorize.market_count > KEY_LIST_MAX)
        return refuse(result_key_invalid, param_instrument_name);
    for (uint32_t i = 0; i < command->authorize.market_count; i++)
        if (command->authorize.markets[i] >= engine->genesis.market_count)
            return refuse(result_invalid_instrument, param_instrument_name);
    if (amount_is_negative(command->authorize.max_exposure))
        return refuse(result_key_invalid, param_amount);
    if (nanos_cmp(command->authorize.expires, engine->time) <= 0)
        return refuse(result_key_invalid, param_key_expires);
    return refuse(result_ok, param_none);
}

static void tell(struct engine *engine, const struct key *key, uint32_t scopes)
{
    struct event event = {.kind = EVENT_KEY};

    event.key.owner = key->owner;
    event.key.key = key->key;
    event.key.scopes = scopes;
    event.key.expires = key->expires;
    engine_emit(engine, &event);
}

/* The key's slot, taken when it is new; NONE: no room. */
static uint32_t open_slot(struct engine *engine, const struct address *owner,
                          const struct address *key)
{
    uint32_t slot = find(engine, owner, key);

    if (slot != NONE)
        return slot;
    slot = pool_take(&engine->key_pool, &engine->keys[0].next_free, STRIDE);
    if (slot == NONE)
        return NONE;
    engine->keys[slot] = (struct key){.owner = *owner, .key = *key};
    idmap_insert(&engine->key_map, hash_of(owner, key), slot);
    return slot;
}

struct refusal key_authorize_apply(struct engine *engine,
                                   const struct command *command)
{
    struct refusal refusal = check_terms(engine, command);
    struct key *key;
    uint32_t slot;

    if (refusal.result != result_ok)
        return refusal;
    slot = open_slot(engine, &command->request.owner, &command->authorize.key);
    if (slot == NONE)
        return refuse(result_key_capacity, param_key);
    key = &engine->keys[slot];
    key->scopes = command->authorize.scopes;
    key->subaccount_count = command->authorize.subaccount_count;
    key->market_count = command->authorize.market_count;
    for (uint32_t i = 0; i < key->subaccount_count; i++)
        key->subaccounts[i] = command->authorize.subaccounts[i];
    for (uint32_t i = 0; i < key->market_count; i++)
        key->markets[i] = command->authorize.markets[i];
    key->max_exposure = command->authorize.max_exposure;
    key->expires = command->authorize.expires;
    changes_key(engine, slot);
    tell(engine, key, key->scopes);
    return refuse(result_ok, param_none);
}

struct refusal key_revoke_apply(struct engine *engine,
                                const struct command *command)
{
    const struct address *owner = &command->request.owner;
    uint32_t slot = find(engine, owner, &command->revoke.key);

    if (slot == NONE)
        return refuse(result_key_unknown, param_key);
    tell(engine, &engine->keys[slot], 0);
    changes_key_gone(engine, slot);
    idmap_remove(&engine->key_map, hash_of(owner, &command->revoke.key), slot);
    pool_give(&engine->key_pool, &engine->keys[0].next_free, STRIDE, slot);
    return refuse(result_ok, param_none);
}

bool key_load(struct engine *engine, const struct key *key)
{
    uint32_t slot;

    if (find(engine, &key->owner, &key->key) != NONE)
        return false;
    slot = open_slot(engine, &key->owner, &key->key);
    if (slot == NONE)
        return false;
    engine->keys[slot] = *key;
    return true;
}
