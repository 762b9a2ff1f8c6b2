#include "cmd/common/request.h"

#include "rpc/hex.h"
#include "rpc/keccak.h"
#include "rpc/typed_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DEVELOPMENT "clearingd-dev/"
#define DEVELOPMENT_CHAIN 31337

bool network_init(struct network *network, uint64_t chain_id,
                  const struct address *contract)
{
    network->domain = (struct typed_domain){.name = "clearingd",
                                            .version = "1",
                                            .chain_id = chain_id,
                                            .contract = *contract};
    network->hasher = typed_hasher_create(256);
    typed_domain_separator(&network->separator, &network->domain);
    return network->hasher != NULL;
}

void network_free(struct network *network)
{
    typed_hasher_destroy(network->hasher);
    network->hasher = NULL;
}

void network_development(uint64_t *chain_id, struct address *contract)
{
    static const char name[] = DEVELOPMENT "settlement";
    struct hash32 hash;

    keccak256(&hash, name, strlen(name));
    memcpy(contract->bytes, hash.bytes + 12, sizeof contract->bytes);
    *chain_id = DEVELOPMENT_CHAIN;
}

void development_key(struct secp_private *key, const char *name)
{
    char text[128];
    struct hash32 hash;
    int size = snprintf(text, sizeof text, DEVELOPMENT "%s", name);

    keccak256(&hash, text, (size_t)size);
    memcpy(key->bytes, hash.bytes, sizeof key->bytes);
}

uint64_t request_nonce(void)
{
    static uint64_t last;
    struct timespec now;
    uint64_t nonce;

    clock_gettime(CLOCK_REALTIME, &now);
    nonce = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    last = nonce > last ? nonce : last + 1;
    return last;
}

static json_t *signature_text(const struct secp_private *key,
                              const struct hash32 *digest)
{
    struct secp_signature signature;
    char text[HEX_TEXT_SIZE(sizeof signature.bytes)];

    if (!secp_sign(&signature, key, digest))
        return NULL;
    hex_encode(text, signature.bytes, sizeof signature.bytes);
    return json_string(text);
}

/* The message's own members, taken out of its typed data. */
static json_t *members_of(const struct network *network,
                          const struct typed_message *message)
{
    json_t *data = typed_json_data(&network->domain, message);
    json_t *members = json_incref(json_object_get(data, "message"));

    json_decref(data);
    return members;
}

static bool add_signatures(json_t *params, const struct hash32 *digest,
                           const struct secp_private *keys, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < count; i++)
        if (json_array_append_new(list, signature_text(&keys[i], digest))) {
            json_decref(list);
            return false;
        }
    return list && json_object_set_new(params, "signatures", list) == 0;
}

static bool add_signature(json_t *params, const struct typed_message *message,
                          const struct hash32 *digest,
                          const struct secp_private *key)
{
    struct address signer;
    char text[HEX_TEXT_SIZE(sizeof signer.bytes)];

    if (!secp_private_address(&signer, key) ||
        json_object_set_new(params, "signature", signature_text(key, digest)) !=
            0)
        return false;
    if (address_equal(&signer, typed_message_owner(message)))
        return true;
    hex_encode(text, signer.bytes, sizeof signer.bytes);
    return json_object_set_new(params, "signer", json_string(text)) == 0;
}

json_t *request_params(const struct network *network,
                       const struct typed_message *message,
                       const struct secp_private *keys, size_t key_count)
{
    json_t *params = members_of(network, message);
    struct hash32 digest;
    bool is_signed;

    if (!params)
        return NULL;
    typed_digest(network->hasher, &digest, &network->separator, message);
    is_signed = message->kind == TYPED_DEPOSIT
                    ? add_signatures(params, &digest, keys, key_count)
                    : add_signature(params, message, &digest, keys);
    if (!is_signed) {
        json_decref(params);
        return NULL;
    }
    return params;
}

/* ---- reports --------------------------------------------------------- */

static size_t points_of(struct redstone_point *points,
                        const struct report_price *prices, size_t count)
{
    size_t made = 0;

    for (size_t i = 0; i < count; i++) {
        char name[64];
        int size = snprintf(name, sizeof name, "%s__CONF", prices[i].feed);

        redstone_feed_of(points[made].feed, prices[i].feed,
                         strlen(prices[i].feed));
        points[made++].value = prices[i].price;
        if (prices[i].confidence < 0)
            continue;
        redstone_feed_of(points[made].feed, name, (size_t)size);
        points[made++].value = prices[i].confidence;
    }
    return made;
}

char *request_report(const struct report_price *prices, size_t count,
                     uint64_t timestamp_ms, const struct secp_private *keys,
                     size_t key_count)
{
    struct redstone_point points[REDSTONE_PACKAGE_POINTS_MAX];
    size_t capacity = REDSTONE_PAYLOAD_SIZE_MAX, size = 0, made;
    uint8_t *bytes;
    char *text = NULL;

    if (2 * count > REDSTONE_PACKAGE_POINTS_MAX)
        return NULL;
    bytes = malloc(capacity);
    made = points_of(points, prices, count);
    for (size_t i = 0; bytes && i < key_count; i++) {
        size_t more = redstone_sign(bytes + size, capacity - size, points, made,
                                    timestamp_ms, &keys[i]);

        if (more == 0) {
            free(bytes);
            return NULL;
        }
        size += more;
    }
    if (bytes)
        size = redstone_close(bytes, capacity, size, key_count);
    if (bytes && size > 0)
        text = malloc(HEX_TEXT_SIZE(size));
    if (text)
        hex_encode(text, bytes, size);
    free(bytes);
    return text;
}
