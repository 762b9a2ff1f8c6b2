/*
 * Accounts are opened, never closed: slots and the chains of an owner's
 * accounts only grow. The house's ledgers come first, so their slots follow
 * from the genesis alone.
 */
#include "engine/account.h"
#include "engine/changes.h"
#include "engine/health.h"
#include "engine/pool.h"

/* The single ledgers HOUSE_EXTERNAL to HOUSE_INTEREST. */
#define HOUSE_SINGLES 7

STATIC_CHECK(HOUSE_INTEREST + 1 == HOUSE_SINGLES);
STATIC_CHECK(HOUSE_INSURANCE + UINT8_MAX < HOUSE_CLEARING);
STATIC_CHECK(HOUSE_CLEARING + MARKETS_MAX <= HOUSE_FUNDING);

static uint32_t pool_number_count(const struct genesis *genesis)
{
    uint32_t count = 1;

    for (uint16_t i = 0; i < genesis->market_count; i++)
        if (genesis->markets[i].pool >= count)
            count = genesis->markets[i].pool + 1u;
    return count;
}

uint32_t house_count(const struct genesis *genesis)
{
    return HOUSE_SINGLES + 2u * genesis->market_count +
           pool_number_count(genesis);
}

/* Singles, clearing and funding of each market, then the funds. */
uint32_t house_slot(const struct engine *engine, enum house house,
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
        return (uint32_t)house;
    case HOUSE_CLEARING:
        check(number < markets);
        return HOUSE_SINGLES + number;
    case HOUSE_FUNDING:
        check(number < markets);
        return HOUSE_SINGLES + markets + number;
    case HOUSE_INSURANCE:
        break;
    }
    return HOUSE_SINGLES + 2 * markets + number;
}

struct account_id house_id(const struct genesis *genesis, uint32_t slot)
{
    struct account_id id = {.subaccount = slot};
    uint32_t markets = genesis->market_count;

    if (slot < HOUSE_SINGLES)
        return id;
    slot -= HOUSE_SINGLES;
    if (slot < markets)
        id.subaccount = HOUSE_CLEARING + slot;
    else if (slot < 2 * markets)
        id.subaccount = HOUSE_FUNDING + slot - markets;
    else
        id.subaccount = HOUSE_INSURANCE + slot - 2 * markets;
    return id;
}

static uint32_t hash_of(const struct account_id *id)
{
    STATIC_CHECK(sizeof *id == 24);
    return idmap_hash_bytes(id, sizeof *id);
}

uint32_t account_find(const struct engine *engine, const struct account_id *id)
{
    uint32_t hash = hash_of(id),
             cursor = idmap_first(&engine->account_map, hash);
    uint32_t slot;

    while ((slot = idmap_next(&engine->account_map, hash, &cursor)) != NONE)
        if (account_id_equal(&engine->accounts[slot].id, id))
            break;
    return slot;
}

uint32_t account_of_owner(const struct engine *engine,
                          const struct address *owner)
{
    uint32_t hash = idmap_hash_bytes(owner, sizeof *owner);
    uint32_t cursor = idmap_first(&engine->owner_map, hash);
    uint32_t slot;

    while ((slot = idmap_next(&engine->owner_map, hash, &cursor)) != NONE)
        if (address_equal(&engine->accounts[slot].id.owner, owner))
            break;
    return slot;
}

bool account_owner_known(const struct engine *engine,
                         const struct address *owner)
{
    uint32_t slot = account_of_owner(engine, owner);

    return slot != NONE && !engine->accounts[slot].is_house;
}

/* Second in the owner's chain, right behind the first. */
static void link_owner(struct engine *engine, uint32_t slot)
{
    struct account *account = &engine->accounts[slot];
    uint32_t first = account_of_owner(engine, &account->id.owner);

    if (first == NONE) {
        account->owner = slot;
        account->owner_next = NONE;
        idmap_insert(
            &engine->owner_map,
            idmap_hash_bytes(&account->id.owner, sizeof account->id.owner),
            slot);
        return;
    }
    account->owner = first;
    account->owner_next = engine->accounts[first].owner_next;
    engine->accounts[first].owner_next = slot;
}

uint32_t account_open(struct engine *engine, const struct account_id *id)
{
    static const struct address house;
    uint32_t slot = account_find(engine, id);
    struct account *account;

    if (slot != NONE)
        return slot;
    slot = pool_take(&engine->account_pool, &engine->accounts[0].owner_next,
                     sizeof *account / sizeof(uint32_t));
    if (slot == NONE)
        return NONE;
    account = &engine->accounts[slot];
    *account = (struct account){.id = *id,
                                .positions = NONE,
                                .is_house = address_equal(&id->owner, &house),
                                .opened = engine->time,
                                .health_at = NONE};
    for (uint16_t i = 0; i < engine->genesis.asset_count; i++)
        *engine_balance(engine, slot, i) = amount_of(0);
    idmap_insert(&engine->account_map, hash_of(id), slot);
    link_owner(engine, slot);
    account_touch(engine, slot);
    return slot;
}

void account_touch(struct engine *engine, uint32_t account)
{
    changes_account(engine, account);
    if (!engine->accounts[account].is_house)
        health_touch(engine, account);
}
