/*
 * RECORD_KEY: a session key of an owner.
 *
 *   key    kind u8 = 6, owner 20, key 20
 *   value  scopes u32                  mask of enum key_scope
 *          max_exposure i64            0: no limit
 *          expires i64
 *          subaccounts u8 (to 32), markets u8 (to 32); none: all
 *          each subaccount u32, each market u16
 *
 * RECORD_NONCES: requests that were used, in the order of arrival. A chunk is
 * gone when all its requests are dead.
 *
 *   key    kind u8 = 7, chunk u64 big-endian
 *   value  requests u16 (to 256), each:
 *            owner 20, signer 20, nonce u64, digest u64,
 *            index u64                 of the command that used it
 *            expires i64
 */
#include "engine/record_key.h"
#include "engine/key.h"
#include "engine/nonce.h"
#include "engine/pool.h"

#define NONCE_BYTES 72
STATIC_CHECK(RECORD_BUILD_BYTES >= 2 + NONCE_CHUNK * NONCE_BYTES);

void record_key_put_key(const struct address *owner, const struct address *key,
                        struct record_build *build)
{
    record_begin(build, RECORD_KEY);
    bytes_put_address(&build->key, owner);
    bytes_put_address(&build->key, key);
}

void record_key_put(const struct engine *engine, uint32_t slot,
                    struct record_build *build)
{
    const struct key *key = &engine->keys[slot];
    struct bytes_writer *value = &build->value;

    record_key_put_key(&key->owner, &key->key, build);
    bytes_put_u32(value, key->scopes);
    bytes_put_amount(value, key->max_exposure);
    bytes_put_nanos(value, key->expires);
    bytes_put_u8(value, (uint8_t)key->subaccount_count);
    bytes_put_u8(value, (uint8_t)key->market_count);
    for (uint32_t i = 0; i < key->subaccount_count; i++)
        bytes_put_u32(value, key->subaccounts[i]);
    for (uint32_t i = 0; i < key->market_count; i++)
        bytes_put_u16(value, key->markets[i]);
}

void record_nonces_put_key(uint64_t chunk, struct record_build *build)
{
    record_begin(build, RECORD_NONCES);
    bytes_put_u64_be(&build->key, chunk);
}

void record_nonces_put(const struct engine *engine, uint64_t chunk,
                       struct record_build *build)
{
    const struct nonce *entries;
    uint32_t count = nonce_chunk(engine, chunk, &entries);
    struct bytes_writer *value = &build->value;

    record_nonces_put_key(chunk, build);
    bytes_put_u16(value, (uint16_t)count);
    for (uint32_t i = 0; i < count; i++) {
        bytes_put_address(value, &entries[i].owner);
        bytes_put_address(value, &entries[i].signer);
        bytes_put_u64(value, entries[i].nonce);
        bytes_put_u64(value, entries[i].digest);
        bytes_put_u64(value, entries[i].index);
        bytes_put_nanos(value, entries[i].expires);
    }
}

static void lists_get(struct bytes_reader *value, struct key *key)
{
    key->subaccount_count = bytes_get_u8_max(value, KEY_LIST_MAX);
    key->market_count = bytes_get_u8_max(value, KEY_LIST_MAX);
    for (uint32_t i = 0; i < key->subaccount_count && !value->is_bad; i++)
        key->subaccounts[i] = bytes_get_u32(value);
    for (uint32_t i = 0; i < key->market_count && !value->is_bad; i++)
        key->markets[i] = bytes_get_u16(value);
}

void record_key_get(struct engine *engine, struct bytes_reader *key,
                    struct bytes_reader *value)
{
    struct key read = {0};

    read.owner = bytes_get_address(key);
    read.key = bytes_get_address(key);
    read.scopes = bytes_get_u32(value);
    read.max_exposure = bytes_get_amount(value);
    read.expires = bytes_get_nanos(value);
    lists_get(value, &read);
    if (key->is_bad || value->is_bad || !key_load(engine, &read))
        value->is_bad = true;
}

void record_nonces_get(struct engine *engine, struct bytes_reader *key,
                       struct bytes_reader *value)
{
    uint64_t chunk = bytes_get_u64_be(key);
    uint32_t count = bytes_get_u16_max(value, NONCE_CHUNK);
    const struct nonce *there;

    if (key->is_bad || nonce_chunk(engine, chunk, &there) > 0 || count == 0)
        value->is_bad = true;
    for (uint32_t i = 0; i < count && !value->is_bad; i++) {
        struct nonce entry = {0};

        entry.owner = bytes_get_address(value);
        entry.signer = bytes_get_address(value);
        entry.nonce = bytes_get_u64(value);
        entry.digest = bytes_get_u64(value);
        entry.index = bytes_get_u64(value);
        entry.expires = record_get_nanos(value);
        if (!value->is_bad && !nonce_load(engine, chunk, &entry))
            value->is_bad = true;
    }
    engine->loaded.chunks++;
}
