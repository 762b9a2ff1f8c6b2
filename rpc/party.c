#include "rpc/party.h"

#include "rpc/write.h"

bool party_is_house(const struct account_id *id)
{
    static const struct address house;

    return address_equal(&id->owner, &house);
}

struct account_id party_house(enum house house, uint32_t number)
{
    return (struct account_id){.subaccount = (uint32_t)house + number};
}

static json_t *market_ledger(const struct rpc_service *service,
                             const char *name, uint32_t market)
{
    return json_pack("{ss ss}", "house", name, "instrument_name",
                     write_instrument(service, (uint16_t)market));
}

static json_t *house_ledger(const struct rpc_service *service, uint32_t number)
{
    static const char *const names[] = {
        [HOUSE_EXTERNAL] = "external",     [HOUSE_FEES] = "fees",
        [HOUSE_TREASURY] = "treasury",     [HOUSE_REPORTERS] = "reporters",
        [HOUSE_VALIDATORS] = "validators", [HOUSE_WITHDRAWALS] = "withdrawals",
        [HOUSE_INTEREST] = "interest",
    };

    if (number < sizeof names / sizeof *names)
        return json_pack("{ss}", "house", names[number]);
    if (number >= HOUSE_FUNDING)
        return market_ledger(service, "funding", number - HOUSE_FUNDING);
    if (number >= HOUSE_CLEARING)
        return market_ledger(service, "clearing", number - HOUSE_CLEARING);
    return json_pack("{ss sI}", "house", "insurance", "pool",
                     (json_int_t)number - HOUSE_INSURANCE);
}

json_t *party_write(const struct rpc_service *service,
                    const struct account_id *id)
{
    if (party_is_house(id))
        return house_ledger(service, id->subaccount);
    return json_pack("{so sI}", "owner", write_address(&id->owner),
                     "subaccount", (json_int_t)id->subaccount);
}
