/*
 * Reads and writes Web3 Secret Storage, version 3. The file is parsed into
 * `struct parts` and judged there, before any costly step.
 */
#include "rpc/keystore.h"

#include "rpc/hex.h"
#include "rpc/keccak.h"
#include "rpc/scrypt.h"

#include <jansson.h>
#include <nettle/aes.h>
#include <nettle/ctr.h>
#include <nettle/memops.h>
#include <nettle/pbkdf2.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define SALT_SIZE 32
#define DERIVED_SIZE 32
#define VERSION 3

STATIC_CHECK(SALT_SIZE <= KEYSTORE_SALT_SIZE_MAX);

/* What a file says, in binary. */
struct parts {
    bool is_scrypt; /* else PBKDF2 */
    struct scrypt_cost cost;
    uint32_t rounds;
    uint8_t salt[KEYSTORE_SALT_SIZE_MAX];
    size_t salt_size;
    uint8_t iv[AES_BLOCK_SIZE];
    uint8_t ciphertext[32];
    uint8_t mac[32];
    bool has_address;
    struct address address;
};

/* ---- the file's form ---- */

static bool text_is(const json_t *value, const char *text)
{
    return json_is_string(value) && strcmp(json_string_value(value), text) == 0;
}

/* Digits of either case, with or without "0x": wallets differ. */
static const char *digits_of(const json_t *value, size_t *size)
{
    const char *text = json_string_value(value);

    if (text == NULL)
        return NULL;
    *size = json_string_length(value);
    if (*size >= 2 && text[0] == '0' && text[1] == 'x') {
        *size -= 2;
        return text + 2;
    }
    return text;
}

static bool read_bytes(uint8_t *bytes, size_t size, const json_t *value)
{
    size_t digits_size;
    const char *digits = digits_of(value, &digits_size);

    return digits != NULL && hex_decode_bare(bytes, size, digits, digits_size);
}

/* 1 to max; beyond it KEYSTORE_LIMITS. */
static enum keystore_status read_number(uint32_t *number, uint32_t max,
                                        const json_t *value)
{
    json_int_t given = json_integer_value(value);

    if (!json_is_integer(value) || given < 1)
        return KEYSTORE_MALFORMED;
    if (given > (json_int_t)max)
        return KEYSTORE_LIMITS;
    *number = (uint32_t)given;
    return KEYSTORE_OK;
}

static enum keystore_status read_scrypt(struct parts *parts,
                                        const json_t *params)
{
    struct scrypt_cost *cost = &parts->cost;
    enum keystore_status status =
        read_number(&cost->n, UINT32_MAX, json_object_get(params, "n"));

    if (status == KEYSTORE_OK)
        status =
            read_number(&cost->r, SCRYPT_R_MAX, json_object_get(params, "r"));
    if (status == KEYSTORE_OK)
        status =
            read_number(&cost->p, SCRYPT_P_MAX, json_object_get(params, "p"));
    if (status != KEYSTORE_OK)
        return status;
    if (cost->n < 2 || (cost->n & (cost->n - 1)) != 0)
        return KEYSTORE_MALFORMED;
    if ((uint64_t)cost->n * cost->r > KEYSTORE_SCRYPT_BYTES_MAX / 128 ||
        (uint64_t)cost->n * cost->r * cost->p > KEYSTORE_SCRYPT_WORK_MAX)
        return KEYSTORE_LIMITS;
    return KEYSTORE_OK;
}

static enum keystore_status read_derivation(struct parts *parts,
                                            const json_t *crypto)
{
    const json_t *kdf = json_object_get(crypto, "kdf");
    const json_t *params = json_object_get(crypto, "kdfparams");
    const json_t *size = json_object_get(params, "dklen");
    size_t digits_size;
    const char *digits =
        digits_of(json_object_get(params, "salt"), &digits_size);

    if (digits == NULL || digits_size % 2 != 0 || !json_is_integer(size))
        return KEYSTORE_MALFORMED;
    if (json_integer_value(size) != DERIVED_SIZE)
        return KEYSTORE_UNSUPPORTED;
    parts->salt_size = digits_size / 2;
    if (parts->salt_size > KEYSTORE_SALT_SIZE_MAX)
        return KEYSTORE_LIMITS;
    if (!hex_decode_bare(parts->salt, parts->salt_size, digits, digits_size))
        return KEYSTORE_MALFORMED;
    if (text_is(kdf, "scrypt")) {
        parts->is_scrypt = true;
        return read_scrypt(parts, params);
    }
    if (!text_is(kdf, "pbkdf2") ||
        !text_is(json_object_get(params, "prf"), "hmac-sha256"))
        return KEYSTORE_UNSUPPORTED;
    return read_number(&parts->rounds, KEYSTORE_PBKDF2_ROUNDS_MAX,
                       json_object_get(params, "c"));
}

static enum keystore_status read_parts(struct parts *parts, const json_t *root)
{
    const json_t *crypto = json_object_get(root, "crypto");
    const json_t *version = json_object_get(root, "version");
    const json_t *address = json_object_get(root, "address");

    memset(parts, 0, sizeof *parts);
    if (crypto == NULL) /* early wallets */
        crypto = json_object_get(root, "Crypto");
    if (!json_is_object(crypto) || !json_is_integer(version))
        return KEYSTORE_MALFORMED;
    if (json_integer_value(version) != VERSION ||
        !text_is(json_object_get(crypto, "cipher"), "aes-128-ctr"))
        return KEYSTORE_UNSUPPORTED;
    if (!read_bytes(
            parts->iv, sizeof parts->iv,
            json_object_get(json_object_get(crypto, "cipherparams"), "iv")) ||
        !read_bytes(parts->ciphertext, sizeof parts->ciphertext,
                    json_object_get(crypto, "ciphertext")) ||
        !read_bytes(parts->mac, sizeof parts->mac,
                    json_object_get(crypto, "mac")))
        return KEYSTORE_MALFORMED;
    parts->has_address = json_is_string(address);
    if (parts->has_address &&
        !read_bytes(parts->address.bytes, sizeof parts->address.bytes, address))
        return KEYSTORE_MALFORMED;
    return read_derivation(parts, crypto);
}

/* ---- the cipher ---- */

static bool derive(uint8_t derived[DERIVED_SIZE], const struct parts *parts,
                   const char *password, size_t password_size)
{
    if (parts->is_scrypt)
        return scrypt_derive(derived, DERIVED_SIZE, password, password_size,
                             parts->salt, parts->salt_size, &parts->cost);
    pbkdf2_hmac_sha256(password_size, (const uint8_t *)password, parts->rounds,
                       parts->salt_size, parts->salt, DERIVED_SIZE, derived);
    return true;
}

/* The second half of the derived key vouches for the ciphertext. */
static void mac_of(struct hash32 *mac, const uint8_t derived[DERIVED_SIZE],
                   const uint8_t ciphertext[32])
{
    struct keccak keccak;

    keccak_init(&keccak);
    keccak_update(&keccak, derived + DERIVED_SIZE / 2, DERIVED_SIZE / 2);
    keccak_update(&keccak, ciphertext, 32);
    keccak_final(&keccak, mac);
    explicit_bzero(&keccak, sizeof keccak);
}

/* Both directions; the first half of the derived key is the cipher's. */
static void apply_cipher(uint8_t out[32], const uint8_t in[32],
                         const uint8_t derived[DERIVED_SIZE],
                         const uint8_t iv[AES_BLOCK_SIZE])
{
    struct aes128_ctx aes;
    uint8_t counter[AES_BLOCK_SIZE];

    memcpy(counter, iv, sizeof counter);
    aes128_set_encrypt_key(&aes, derived);
    ctr_crypt(&aes, (nettle_cipher_func *)aes128_encrypt, AES_BLOCK_SIZE,
              counter, 32, out, in);
    explicit_bzero(&aes, sizeof aes);
}

static enum keystore_status open_parts(struct secp_private *key,
                                       const struct parts *parts,
                                       const char *password,
                                       size_t password_size)
{
    uint8_t derived[DERIVED_SIZE];
    struct secp_private opened;
    struct address address;
    struct hash32 mac;
    enum keystore_status status = KEYSTORE_OK;

    if (!derive(derived, parts, password, password_size))
        return KEYSTORE_MEMORY;
    mac_of(&mac, derived, parts->ciphertext);
    if (!memeql_sec(mac.bytes, parts->mac, sizeof mac.bytes)) {
        explicit_bzero(derived, sizeof derived);
        return KEYSTORE_PASSWORD;
    }
    apply_cipher(opened.bytes, parts->ciphertext, derived, parts->iv);
    if (!secp_private_address(&address, &opened) ||
        (parts->has_address && !address_equal(&address, &parts->address)))
        status = KEYSTORE_KEY;
    else
        *key = opened;
    secp_private_wipe(&opened);
    explicit_bzero(derived, sizeof derived);
    return status;
}

enum keystore_status keystore_decrypt(struct secp_private *key,
                                      const char *text, size_t size,
                                      const char *password,
                                      size_t password_size)
{
    struct parts parts;
    enum keystore_status status;
    json_t *root;

    if (size > KEYSTORE_SIZE_MAX)
        return KEYSTORE_LIMITS;
    root = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    status = read_parts(&parts, root);
    json_decref(root);
    if (status != KEYSTORE_OK)
        return status;
    return open_parts(key, &parts, password, password_size);
}

/* ---- writing ---- */

/* A random id in the form of RFC 4122, version 4. */
static void uuid_format(char text[37], uint8_t random[16])
{
    static const uint8_t sizes[] = {4, 2, 2, 2, 6};
    size_t from = 0;

    random[6] = (random[6] & 0x0f) | 0x40;
    random[8] = (random[8] & 0x3f) | 0x80;
    for (size_t i = 0; i < sizeof sizes; i++) {
        if (i > 0)
            *text++ = '-';
        hex_encode_bare(text, random + from, sizes[i]);
        text += 2 * sizes[i];
        from += sizes[i];
    }
}

static void write_parts(char text[KEYSTORE_TEXT_SIZE],
                        const struct parts *parts, uint8_t id_random[16])
{
    char address[41], ciphertext[65], iv[33], salt[65], mac[65], id[37];
    int size;

    hex_encode_bare(address, parts->address.bytes, sizeof parts->address.bytes);
    hex_encode_bare(ciphertext, parts->ciphertext, sizeof parts->ciphertext);
    hex_encode_bare(iv, parts->iv, sizeof parts->iv);
    hex_encode_bare(salt, parts->salt, parts->salt_size);
    hex_encode_bare(mac, parts->mac, sizeof parts->mac);
    uuid_format(id, id_random);
    size =
        snprintf(text, KEYSTORE_TEXT_SIZE,
                 "{\"version\":%d,\"id\":\"%s\",\"address\":\"%s\",\"crypto\":{"
                 "\"cipher\":\"aes-128-ctr\",\"cipherparams\":{\"iv\":\"%s\"},"
                 "\"ciphertext\":\"%s\",\"kdf\":\"scrypt\",\"kdfparams\":{"
                 "\"dklen\":%d,\"n\":%u,\"r\":%u,\"p\":%u,\"salt\":\"%s\"},"
                 "\"mac\":\"%s\"}}",
                 VERSION, id, address, iv, ciphertext, DERIVED_SIZE,
                 parts->cost.n, parts->cost.r, parts->cost.p, salt, mac);
    check(size > 0 && size < KEYSTORE_TEXT_SIZE);
}

enum keystore_status keystore_encrypt(char text[KEYSTORE_TEXT_SIZE],
                                      const struct secp_private *key,
                                      const char *password,
                                      size_t password_size,
                                      enum keystore_strength strength)
{
    uint32_t n = strength == KEYSTORE_LIGHT ? 1u << 13 : 1u << 18;
    struct parts parts = {.is_scrypt = true,
                          .cost = {.n = n, .r = 8, .p = 1},
                          .salt_size = SALT_SIZE};
    uint8_t random[SALT_SIZE + AES_BLOCK_SIZE + 16];
    uint8_t derived[DERIVED_SIZE];
    struct hash32 mac;

    if (!secp_private_address(&parts.address, key))
        return KEYSTORE_KEY;
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return KEYSTORE_MEMORY;
    memcpy(parts.salt, random, SALT_SIZE);
    memcpy(parts.iv, random + SALT_SIZE, sizeof parts.iv);
    if (!derive(derived, &parts, password, password_size))
        return KEYSTORE_MEMORY;
    apply_cipher(parts.ciphertext, key->bytes, derived, parts.iv);
    mac_of(&mac, derived, parts.ciphertext);
    memcpy(parts.mac, mac.bytes, sizeof parts.mac);
    explicit_bzero(derived, sizeof derived);
    write_parts(text, &parts, random + SALT_SIZE + AES_BLOCK_SIZE);
    return KEYSTORE_OK;
}

const char *keystore_status_text(enum keystore_status status)
{
    static const char *const texts[] = {
        [KEYSTORE_OK] = "ok",
        [KEYSTORE_MALFORMED] = "not an Ethereum key file",
        [KEYSTORE_UNSUPPORTED] =
            "unsupported version, cipher or key derivation",
        [KEYSTORE_LIMITS] = "asks for more memory or work than is allowed",
        [KEYSTORE_PASSWORD] = "wrong password, or the file is damaged",
        [KEYSTORE_KEY] = "its content is not the key of its address",
        [KEYSTORE_MEMORY] = "out of memory or randomness",
    };

    return texts[status];
}
