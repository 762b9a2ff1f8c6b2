/* Signatures: Wycheproof's cases, Ethereum's bytes, and the rules of form. */
#include "rpc/keccak.h"
#include "rpc/secp.h"
#include "tests/lib/vectors.h"

#include <criterion/criterion.h>
#include <secp256k1.h>
#include <string.h>

TestSuite(secp);

/* Good, but the x of its point is above the order: no v tells of that. */
#define WITHOUT_V 346

/* The order of the group; half of it, rounded down, is the greatest low s. */
static const char order[] =
    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
static const char order_less_one[] =
    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140";
static const char half[] =
    "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0";
static const char half_and_one[] =
    "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1";
static const char one[] =
    "0000000000000000000000000000000000000000000000000000000000000001";
static const char zero[] =
    "0000000000000000000000000000000000000000000000000000000000000000";

static struct secp_signature signature_of(const char *r, const char *s,
                                          uint8_t v)
{
    struct secp_signature signature;

    vectors_hex(signature.bytes, 32, r);
    vectors_hex(signature.bytes + 32, 32, s);
    signature.bytes[64] = v;
    return signature;
}

static struct secp_public public_of(const char *uncompressed)
{
    secp256k1_context *context =
        secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    uint8_t point[65];
    secp256k1_pubkey pubkey;
    struct secp_public key;

    vectors_hex(point, sizeof point, uncompressed);
    cr_assert(secp256k1_ec_pubkey_parse(context, &pubkey, point, sizeof point));
    memcpy(key.bytes, pubkey.data, sizeof key.bytes);
    secp256k1_context_destroy(context);
    return key;
}

static enum secp_status status_of(const char *word)
{
    if (strcmp(word, "ok") == 0)
        return SECP_OK;
    if (strcmp(word, "high_s") == 0)
        return SECP_HIGH_S;
    if (strcmp(word, "malformed") == 0)
        return SECP_MALFORMED;
    cr_assert_str_eq(word, "mismatch");
    return SECP_MISMATCH;
}

/* Recovery with one of the two v finds exactly a good signature's key. */
static bool is_recovered(const struct secp_public *key,
                         const struct hash32 *digest,
                         struct secp_signature signature)
{
    bool found = false;

    for (uint8_t v = 27; v <= 28; v++) {
        struct secp_public recovered;
        struct address a;
        struct address b;

        signature.bytes[64] = v;
        if (secp_recover(&recovered, digest, &signature) != SECP_OK)
            continue;
        secp_address(&a, &recovered);
        secp_address(&b, key);
        found |= address_equal(&a, &b);
    }
    return found;
}

Test(secp, judges_as_wycheproof)
{
    json_t *json = vectors_load("ecdsa.json");
    int count[SECP_MISMATCH + 1] = {0};
    size_t i;
    json_t *row;

    json_array_foreach(json_object_get(json, "verify"), i, row)
    {
        struct secp_public key = public_of(vectors_text(row, "key"));
        enum secp_status expected = status_of(vectors_text(row, "expect"));
        struct secp_signature signature =
            signature_of(vectors_text(row, "r"), vectors_text(row, "s"), 27);
        struct hash32 digest;
        json_int_t id = json_integer_value(json_object_get(row, "id"));

        vectors_hex(digest.bytes, 32, vectors_text(row, "digest"));
        cr_expect_eq(secp_verify(&key, &digest, &signature), expected,
                     "case %lld", (long long)id);
        cr_expect_eq(is_recovered(&key, &digest, signature),
                     expected == SECP_OK && id != WITHOUT_V, "case %lld",
                     (long long)id);
        count[expected]++;
    }
    cr_expect(count[SECP_OK] >= 15 && count[SECP_MISMATCH] >= 8 &&
              count[SECP_HIGH_S] >= 3 && count[SECP_MALFORMED] >= 8);
    json_decref(json);
}

Test(secp, signs_as_other_libraries)
{
    json_t *json = vectors_load("ecdsa.json");
    size_t i;
    json_t *row;

    json_array_foreach(json_object_get(json, "sign"), i, row)
    {
        struct secp_private key;
        struct secp_signature signature;
        struct secp_signature expected;
        struct hash32 digest;
        struct address address;
        struct address named;
        uint8_t message[512];
        size_t size = vectors_bytes(message, sizeof message,
                                    vectors_text(row, "message"));

        vectors_hex(key.bytes, 32, vectors_text(row, "private_key"));
        vectors_hex(expected.bytes, 65, vectors_text(row, "signature"));
        vectors_hex(named.bytes, 20, vectors_text(row, "address"));
        keccak256(&digest, message, size);
        cr_assert(secp_sign(&signature, &key, &digest));
        cr_expect_arr_eq(signature.bytes, expected.bytes, 65, "row %zu", i);
        cr_assert(secp_private_address(&address, &key));
        cr_expect(address_equal(&address, &named), "row %zu", i);
        cr_assert_eq(secp_recover_address(&address, &digest, &expected),
                     SECP_OK);
        cr_expect(address_equal(&address, &named), "row %zu", i);
    }
    cr_expect_eq(i, 12);
    json_decref(json);
}

Test(secp, keeps_the_bounds_of_r_and_s)
{
    const struct {
        const char *r;
        const char *s;
        enum secp_status status;
    } cases[] = {
        {one, one, SECP_OK},
        {zero, one, SECP_MALFORMED},
        {one, zero, SECP_MALFORMED},
        {order_less_one, one, SECP_OK},
        {order, one, SECP_MALFORMED},
        {one, order, SECP_MALFORMED},
        {one, half, SECP_OK},
        {one, half_and_one, SECP_HIGH_S},
        {one, order_less_one, SECP_HIGH_S},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct secp_signature signature =
            signature_of(cases[i].r, cases[i].s, 28);

        cr_expect_eq(secp_check_form(&signature), cases[i].status, "case %zu",
                     i);
    }
}

Test(secp, takes_no_other_v)
{
    struct secp_private private_key;
    struct secp_public key;
    struct secp_signature signature;
    struct hash32 digest = {{1, 2, 3}};
    struct address address;

    memset(private_key.bytes, 0x11, 32);
    cr_assert(secp_sign(&signature, &private_key, &digest));
    cr_assert(secp_public_of(&key, &private_key));
    for (int v = 0; v < 256; v++) {
        bool is_good = v == 27 || v == 28;
        enum secp_status expected = is_good ? SECP_OK : SECP_RECOVERY_ID;

        signature.bytes[64] = (uint8_t)v;
        cr_expect_eq(secp_check_form(&signature), expected, "v %d", v);
        cr_expect_eq(secp_verify(&key, &digest, &signature), expected);
        cr_expect_eq(secp_recover_address(&address, &digest, &signature),
                     expected);
    }
}

/* r = 5 is no x of a point on the curve. */
Test(secp, an_r_off_the_curve_recovers_nobody)
{
    struct secp_signature signature = signature_of(one, one, 27);
    struct hash32 digest = {{1}};
    struct secp_public key;

    signature.bytes[31] = 5;
    cr_expect_eq(secp_recover(&key, &digest, &signature), SECP_MISMATCH);
}

Test(secp, a_wrong_message_recovers_somebody_else)
{
    struct secp_private key;
    struct secp_signature signature;
    struct hash32 digest = {{1}};
    struct hash32 other = {{2}};
    struct address owner;
    struct address found;

    memset(key.bytes, 0x11, 32);
    cr_assert(secp_private_address(&owner, &key));
    cr_assert(secp_sign(&signature, &key, &digest));
    cr_expect_eq(secp_recover_address(&found, &other, &signature), SECP_OK);
    cr_expect_not(address_equal(&found, &owner));
}

Test(secp, refuses_private_keys_out_of_range)
{
    static const char *const bad[] = {zero, order};
    struct secp_private key;
    struct secp_public public_key;
    struct secp_signature signature;
    struct address address;
    struct hash32 digest = {{1}};

    for (size_t i = 0; i < 2; i++) {
        vectors_hex(key.bytes, 32, bad[i]);
        cr_expect_not(secp_sign(&signature, &key, &digest));
        cr_expect_not(secp_public_of(&public_key, &key));
        cr_expect_not(secp_private_address(&address, &key));
    }
    vectors_hex(key.bytes, 32, order_less_one);
    cr_expect(secp_private_address(&address, &key));
    secp_private_wipe(&key);
    for (size_t i = 0; i < 32; i++)
        cr_expect_eq(key.bytes[i], 0);
}

/* The digests are those of ethers' hashMessage. */
Test(secp, personal_messages)
{
    static const struct {
        const char *text;
        const char *digest;
    } cases[] = {
        {"", "0x5f35dce98ba4fba25530a026ed80b2ce"
             "cdaa31091ba4958b99b52ea1d068adad"},
        {"hello world", "0xd9eba16ed0ecae432b71fe008c98cc87"
                        "2bb4cc214d3220a36f365326cf807d68"},
        {"1795406400123", "0xbc8484f67f05b3555c03f2c3ea7d0b5b"
                          "bb85b953e6c2e3ae20f1a3544e3ca6d8"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hash32 digest;
        struct hash32 expected;

        vectors_hex(expected.bytes, 32, cases[i].digest);
        secp_personal_digest(&digest, cases[i].text, strlen(cases[i].text));
        cr_expect_arr_eq(digest.bytes, expected.bytes, 32, "%s", cases[i].text);
    }
}
