/*
 * public/get_totals: all money of the node by currency, from the ledgers:
 * what came in from outside, what users have, what the house holds. The
 * difference is zero or the node is broken.
 */
#include "engine/view.h"
#include "rpc/call.h"
#include "rpc/write.h"

/* House ledgers that stand once; clearing and funding are summed. */
static const struct {
    enum house house;
    const char *name;
} singles[] = {
    {HOUSE_INSURANCE, "insurance"},   {HOUSE_FEES, "fees"},
    {HOUSE_TREASURY, "treasury"},     {HOUSE_REPORTERS, "reporters"},
    {HOUSE_VALIDATORS, "validators"}, {HOUSE_WITHDRAWALS, "withdrawals"},
    {HOUSE_INTEREST, "interest"},
};

static i128 by_market(const struct engine *engine, enum house house,
                      uint16_t asset)
{
    i128 sum = 0;

    for (uint16_t m = 0; m < engine_genesis(engine)->market_count; m++)
        sum += amount_raw(view_house(engine, house, m, asset));
    return sum;
}

static json_t *totals_of(const struct rpc_service *service,
                         const struct engine *engine, uint16_t asset)
{
    unsigned places = service->genesis->assets[asset].decimals;
    i128 inside = amount_raw(view_deposited(engine, asset));
    i128 outside = amount_raw(view_house(engine, HOUSE_EXTERNAL, 0, asset));
    i128 clearing = by_market(engine, HOUSE_CLEARING, asset);
    i128 funding = by_market(engine, HOUSE_FUNDING, asset);
    json_t *object = json_object();

    if (!object)
        return NULL;
    write_set(object, "currency", json_string(write_currency(service, asset)));
    write_set(object, "from_outside", write_wide(-outside, places));
    write_set(object, "users", write_wide(inside, places));
    for (size_t i = 0; i < sizeof singles / sizeof *singles; i++) {
        struct amount held = view_house(engine, singles[i].house, 0, asset);

        inside += amount_raw(held);
        write_set(object, singles[i].name, write_amount(service, asset, held));
    }
    inside += clearing + funding;
    write_set(object, "clearing", write_wide(clearing, places));
    write_set(object, "funding", write_wide(funding, places));
    write_set(object, "difference", write_wide(inside + outside, places));
    return object;
}

static void read_totals(struct rpc_call *call, const struct engine *engine,
                        const struct rpc_node *node)
{
    const struct rpc_service *service = call->message->service;
    json_t *list = json_array();

    (void)node;
    for (uint16_t a = 0; list && a < service->genesis->asset_count; a++)
        if (json_array_append_new(list, totals_of(service, engine, a)) != 0) {
            json_decref(list);
            list = NULL;
        }
    rpc_call_result(call, list);
}

static const struct rpc_method methods[] = {
    {"public/get_totals",
     RPC_READ,
     false,
     TYPED_NONE,
     NULL,
     0,
     "All money by currency and ledger; the difference is always 0.",
     "[{currency, from_outside, users, insurance, …, difference}]",
     {.read = read_totals},
     NULL,
     false},
};

const struct rpc_method_table rpc_totals_methods = {
    methods, sizeof methods / sizeof *methods};
