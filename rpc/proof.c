#include "rpc/proof.h"

#include "rpc/write.h"

/* A 128-bit sum as a decimal of its asset; beyond 127 bits it can't be. */
static json_t *sums_of(const struct rpc_service *service,
                       const struct rpc_proof_sum *sums)
{
    const struct genesis *genesis = service->genesis;
    json_t *list = json_array();

    for (uint8_t a = 0; list && a < genesis->asset_count; a++) {
        unsigned places = genesis->assets[a].decimals;

        json_array_append_new(
            list, json_pack("{ss so so}", "currency", genesis->assets[a].name,
                            "credit", write_wide((i128)sums[a].credit, places),
                            "debit", write_wide((i128)sums[a].debit, places)));
    }
    return list;
}

static json_t *siblings_of(const struct rpc_service *service,
                           const struct rpc_proof *proof)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < proof->sibling_count; i++) {
        const struct rpc_proof_sibling *sibling = &proof->siblings[i];

        json_array_append_new(
            list, json_pack("{si so so}", "bit", (int)sibling->bit, "hash",
                            write_hash(&sibling->hash), "sums",
                            sums_of(service, sibling->sums)));
    }
    return list;
}

json_t *rpc_proof_json(const struct rpc_service *service,
                       const struct rpc_proof *proof)
{
    json_t *leaf = json_pack(
        "{so sI so so so}", "owner", write_address(&proof->account.owner),
        "subaccount", (json_int_t)proof->account.subaccount, "record",
        write_hex(proof->value, proof->value_size), "record_hash",
        write_hash(&proof->value_hash), "sums", sums_of(service, proof->sums));

    return json_pack("{sI so so s{so so} so so}", "height",
                     (json_int_t)proof->height, "leaf", leaf, "siblings",
                     siblings_of(service, proof), "accounts", "hash",
                     write_hash(&proof->accounts_hash), "sums",
                     sums_of(service, proof->root_sums), "records_hash",
                     write_hash(&proof->records_hash), "state_root",
                     write_hash(&proof->state_root));
}
