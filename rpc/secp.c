/*
 * A thin layer over libsecp256k1: Ethereum's 65 bytes in and out, and the
 * rules the library leaves to its user. It recovers and parses high-s
 * signatures without complaint, so they are refused here first.
 */
#include "rpc/secp.h"

#include "rpc/keccak.h"

#include <pthread.h>
#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define V_BASE 27

STATIC_CHECK(sizeof(struct secp_public) == sizeof(secp256k1_pubkey));

static pthread_once_t context_once = PTHREAD_ONCE_INIT;
static secp256k1_context *context_shared;

/* Without memory or randomness at the start of the process there is nothing
 * to fall back upon: an unblinded context must not sign. */
static void context_make(void)
{
    uint8_t seed[32];

    context_shared = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    check(context_shared != NULL);
    check(getrandom(seed, sizeof seed, 0) == (ssize_t)sizeof seed);
    check(secp256k1_context_randomize(context_shared, seed) == 1);
    explicit_bzero(seed, sizeof seed);
}

static const secp256k1_context *context_get(void)
{
    check(pthread_once(&context_once, context_make) == 0);
    return context_shared;
}

/* The signature in the library's form, after all rules of form. */
static enum secp_status parse(secp256k1_ecdsa_signature *parsed,
                              const struct secp_signature *signature)
{
    const secp256k1_context *context = context_get();
    static const uint8_t zero[32];
    uint8_t v = signature->bytes[64];

    if (v != V_BASE && v != V_BASE + 1)
        return SECP_RECOVERY_ID;
    if (!secp256k1_ecdsa_signature_parse_compact(context, parsed,
                                                 signature->bytes))
        return SECP_MALFORMED;
    if (memcmp(signature->bytes, zero, sizeof zero) == 0 ||
        memcmp(signature->bytes + 32, zero, sizeof zero) == 0)
        return SECP_MALFORMED;
    if (secp256k1_ecdsa_signature_normalize(context, NULL, parsed))
        return SECP_HIGH_S;
    return SECP_OK;
}

enum secp_status secp_check_form(const struct secp_signature *signature)
{
    secp256k1_ecdsa_signature parsed;

    return parse(&parsed, signature);
}

enum secp_status secp_recover(struct secp_public *key,
                              const struct hash32 *digest,
                              const struct secp_signature *signature)
{
    const secp256k1_context *context = context_get();
    secp256k1_ecdsa_recoverable_signature recoverable;
    secp256k1_pubkey recovered;
    enum secp_status status = secp_check_form(signature);

    if (status != SECP_OK)
        return status;
    if (!secp256k1_ecdsa_recoverable_signature_parse_compact(
            context, &recoverable, signature->bytes,
            signature->bytes[64] - V_BASE))
        return SECP_MALFORMED;
    if (!secp256k1_ecdsa_recover(context, &recovered, &recoverable,
                                 digest->bytes))
        return SECP_MISMATCH;
    memcpy(key->bytes, recovered.data, sizeof key->bytes);
    return SECP_OK;
}

enum secp_status secp_recover_address(struct address *signer,
                                      const struct hash32 *digest,
                                      const struct secp_signature *signature)
{
    struct secp_public key;
    enum secp_status status = secp_recover(&key, digest, signature);

    if (status == SECP_OK)
        secp_address(signer, &key);
    return status;
}

enum secp_status secp_verify(const struct secp_public *key,
                             const struct hash32 *digest,
                             const struct secp_signature *signature)
{
    secp256k1_ecdsa_signature parsed;
    secp256k1_pubkey pubkey;
    enum secp_status status = parse(&parsed, signature);

    if (status != SECP_OK)
        return status;
    memcpy(pubkey.data, key->bytes, sizeof pubkey.data);
    if (!secp256k1_ecdsa_verify(context_get(), &parsed, digest->bytes, &pubkey))
        return SECP_MISMATCH;
    return SECP_OK;
}

bool secp_sign(struct secp_signature *signature, const struct secp_private *key,
               const struct hash32 *digest)
{
    const secp256k1_context *context = context_get();
    secp256k1_ecdsa_recoverable_signature recoverable;
    int recovery_id;

    if (!secp256k1_ecdsa_sign_recoverable(context, &recoverable, digest->bytes,
                                          key->bytes, NULL, NULL))
        return false;
    check(secp256k1_ecdsa_recoverable_signature_serialize_compact(
              context, signature->bytes, &recovery_id, &recoverable) == 1);
    /* 2 and 3 mean r wrapped around the order: nobody has ever met one, and
     * Ethereum's form has no place for it. */
    if (recovery_id > 1)
        return false;
    signature->bytes[64] = (uint8_t)(V_BASE + recovery_id);
    return true;
}

bool secp_public_of(struct secp_public *public_key,
                    const struct secp_private *key)
{
    secp256k1_pubkey pubkey;

    if (!secp256k1_ec_pubkey_create(context_get(), &pubkey, key->bytes))
        return false;
    memcpy(public_key->bytes, pubkey.data, sizeof public_key->bytes);
    return true;
}

void secp_address(struct address *address, const struct secp_public *key)
{
    secp256k1_pubkey pubkey;
    uint8_t point[65];
    size_t size = sizeof point;
    struct hash32 hash;

    memcpy(pubkey.data, key->bytes, sizeof pubkey.data);
    check(secp256k1_ec_pubkey_serialize(context_get(), point, &size, &pubkey,
                                        SECP256K1_EC_UNCOMPRESSED) == 1);
    keccak256(&hash, point + 1, sizeof point - 1);
    memcpy(address->bytes, hash.bytes + 12, sizeof address->bytes);
}

bool secp_private_address(struct address *address,
                          const struct secp_private *key)
{
    struct secp_public public_key;

    if (!secp_public_of(&public_key, key))
        return false;
    secp_address(address, &public_key);
    return true;
}

void secp_private_wipe(struct secp_private *key)
{
    explicit_bzero(key->bytes, sizeof key->bytes);
}

void secp_personal_digest(struct hash32 *digest, const void *message,
                          size_t size)
{
    char head[64];
    int head_size = snprintf(head, sizeof head,
                             "\x19"
                             "Ethereum Signed Message:\n%zu",
                             size);
    struct keccak keccak;

    check(head_size > 0 && (size_t)head_size < sizeof head);
    keccak_init(&keccak);
    keccak_update(&keccak, head, (size_t)head_size);
    keccak_update(&keccak, message, size);
    keccak_final(&keccak, digest);
}
