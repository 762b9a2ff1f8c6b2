#include "rpc/service.h"

#include "rpc/genesis_json.h"

#include <stdlib.h>
#include <string.h>

#define DOMAIN_NAME "clearingd"
#define DOMAIN_VERSION "1"

/* Names that stand in requests again and again. */
static void learn_names(struct rpc_service *service)
{
    const struct genesis *genesis = service->genesis;

    for (uint16_t i = 0; i < genesis->market_count; i++)
        typed_hasher_learn(service->hasher, genesis->markets[i].name,
                           strlen(genesis->markets[i].name));
    for (uint8_t i = 0; i < genesis->asset_count; i++)
        typed_hasher_learn(service->hasher, genesis->assets[i].name,
                           strlen(genesis->assets[i].name));
}

struct rpc_service *rpc_service_create(struct genesis_fault *fault,
                                       json_t *genesis_document,
                                       const struct rpc_limits *limits,
                                       const char *version)
{
    struct rpc_service *service = calloc(1, sizeof *service);

    *fault = (struct genesis_fault){.what = "memory is short"};
    if (!service)
        return NULL;
    service->genesis = calloc(1, sizeof *service->genesis);
    service->genesis_document = json_incref(genesis_document);
    service->limits = *limits;
    service->version = version;
    if (!service->genesis ||
        !genesis_json_read(service->genesis, fault, genesis_document)) {
        rpc_service_destroy(service);
        return NULL;
    }
    service->hasher = typed_hasher_create(MARKETS_MAX + ASSETS_MAX);
    service->keys = keycache_create(limits->signers_cached);
    if (!service->hasher || !service->keys) {
        rpc_service_destroy(service);
        return NULL;
    }
    learn_names(service);
    service->domain = (struct typed_domain){
        .name = DOMAIN_NAME,
        .version = DOMAIN_VERSION,
        .chain_id = service->genesis->chain_id,
        .contract = service->genesis->settlement_contract,
    };
    typed_domain_separator(&service->separator, &service->domain);
    return service;
}

void rpc_service_destroy(struct rpc_service *service)
{
    if (!service)
        return;
    keycache_destroy(service->keys);
    typed_hasher_destroy(service->hasher);
    json_decref(service->genesis_document);
    free(service->genesis);
    free(service);
}

static bool is_name(const char *name, const char *text, size_t size)
{
    return strlen(name) == size && memcmp(name, text, size) == 0;
}

bool rpc_market_of(const struct rpc_service *service, uint16_t *market,
                   const char *name, size_t size)
{
    const struct genesis *genesis = service->genesis;

    for (uint16_t i = 0; i < genesis->market_count; i++)
        if (is_name(genesis->markets[i].name, name, size)) {
            *market = i;
            return true;
        }
    return false;
}

bool rpc_asset_of(const struct rpc_service *service, uint16_t *asset,
                  const char *name, size_t size)
{
    const struct genesis *genesis = service->genesis;

    for (uint8_t i = 0; i < genesis->asset_count; i++)
        if (is_name(genesis->assets[i].name, name, size)) {
            *asset = i;
            return true;
        }
    return false;
}

bool rpc_feed_of(const struct rpc_service *service, uint16_t *feed,
                 const char *name, size_t size)
{
    const struct genesis *genesis = service->genesis;

    for (uint16_t i = 0; i < genesis->feed_count; i++)
        if (is_name(genesis->feeds[i].name, name, size) ||
            is_name(genesis->feeds[i].index_name, name, size)) {
            *feed = i;
            return true;
        }
    return false;
}

bool rpc_reporter_of(const struct rpc_service *service, uint16_t *reporter,
                     const struct address *address)
{
    const struct genesis *genesis = service->genesis;

    for (uint8_t i = 0; i < genesis->reporter_count; i++)
        if (address_equal(&genesis->reporters[i], address)) {
            *reporter = i;
            return true;
        }
    return false;
}

bool rpc_validator_of(const struct rpc_service *service, uint8_t *validator,
                      const struct address *address)
{
    const struct genesis *genesis = service->genesis;

    for (uint8_t i = 0; i < genesis->validator_count; i++)
        if (address_equal(&genesis->validators[i], address)) {
            *validator = i;
            return true;
        }
    return false;
}

unsigned rpc_settlement_places(const struct rpc_service *service)
{
    return service->genesis->assets[ASSET_SETTLEMENT].decimals;
}
