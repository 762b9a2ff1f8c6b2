/*
 * Key files: the definition's own examples, a wallet's files, our own, and
 * files that lie or ask for too much. scrypt by the RFC's examples.
 */
#include "rpc/keystore.h"
#include "rpc/scrypt.h"
#include "tests/lib/vectors.h"

#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

TestSuite(keystore);

/* From RFC 7914; the fourth, of 1 GB, is left out. */
Test(keystore, scrypt_of_the_rfc)
{
    static const struct {
        const char *password;
        const char *salt;
        struct scrypt_cost cost;
        const char *derived;
    } cases[] = {
        {"",
         "",
         {16, 1, 1},
         "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
         "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"},
        {"password",
         "NaCl",
         {1024, 8, 16},
         "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
         "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"},
        {"pleaseletmein",
         "SodiumChloride",
         {16384, 8, 1},
         "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
         "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t expected[64];
        uint8_t derived[64];

        vectors_hex(expected, 64, cases[i].derived);
        cr_assert(scrypt_derive(derived, 64, cases[i].password,
                                strlen(cases[i].password),
                                (const uint8_t *)cases[i].salt,
                                strlen(cases[i].salt), &cases[i].cost));
        cr_expect_arr_eq(derived, expected, 64, "case %zu", i);
    }
}

/* Every shape of cost against another implementation. */
Test(keystore, scrypt_agrees_with_openssl)
{
    for (uint32_t r = 1; r <= 9; r++) {
        for (uint32_t p = 1; p <= 3; p++) {
            struct scrypt_cost cost = {2u << (r + p) % 7, r, p};
            uint8_t expected[32];
            uint8_t derived[32];

            cr_assert(EVP_PBE_scrypt("secret", 6, (const uint8_t *)"grain", 5,
                                     cost.n, r, p, 1u << 26, expected,
                                     sizeof expected));
            cr_assert(scrypt_derive(derived, sizeof derived, "secret", 6,
                                    (const uint8_t *)"grain", 5, &cost));
            cr_expect_arr_eq(derived, expected, sizeof derived);
        }
    }
}

static enum keystore_status open_json(struct secp_private *key,
                                      const json_t *file, const char *password)
{
    char *text = json_dumps(file, 0);
    enum keystore_status status;

    cr_assert_not_null(text);
    status =
        keystore_decrypt(key, text, strlen(text), password, strlen(password));
    free(text);
    return status;
}

Test(keystore, opens_the_files_of_others)
{
    json_t *json = vectors_load("keystore.json");
    const char *name;
    json_t *row;
    int count = 0;

    json_object_foreach(json_object_get(json, "cases"), name, row)
    {
        const json_t *file = json_object_get(row, "file");
        struct secp_private key = {{0}};
        uint8_t secret[32];

        vectors_hex(secret, 32, vectors_text(row, "secret"));
        cr_expect_eq(open_json(&key, file, vectors_text(row, "password")),
                     KEYSTORE_OK, "%s", name);
        cr_expect_arr_eq(key.bytes, secret, 32, "%s", name);
        count++;
    }
    cr_expect_eq(count, 5);
    json_decref(json);
}

Test(keystore, opens_its_own)
{
    struct secp_private key;
    struct secp_private opened = {{0}};
    char text[KEYSTORE_TEXT_SIZE];
    char again[KEYSTORE_TEXT_SIZE];

    memset(key.bytes, 0x5c, 32);
    cr_assert_eq(keystore_encrypt(text, &key, "p\0q", 3, KEYSTORE_LIGHT),
                 KEYSTORE_OK);
    cr_assert_eq(keystore_encrypt(again, &key, "p\0q", 3, KEYSTORE_LIGHT),
                 KEYSTORE_OK);
    cr_expect_str_neq(text, again, "salt, IV and id are fresh");
    cr_expect_eq(keystore_decrypt(&opened, text, strlen(text), "p", 1),
                 KEYSTORE_PASSWORD);
    cr_expect_eq(opened.bytes[0], 0);
    cr_expect_eq(keystore_decrypt(&opened, text, strlen(text), "p\0q", 3),
                 KEYSTORE_OK);
    cr_expect_arr_eq(opened.bytes, key.bytes, 32);
    memset(key.bytes, 0, 32);
    cr_expect_eq(keystore_encrypt(text, &key, "", 0, KEYSTORE_LIGHT),
                 KEYSTORE_KEY);
}

/* The cheapest recorded file, with one member replaced; NULL: removed. */
static enum keystore_status open_with(const char *place, const char *member,
                                      json_t *value)
{
    json_t *json = vectors_load("keystore.json");
    json_t *row =
        json_object_get(json_object_get(json, "cases"), "ethers_geth");
    json_t *object = json_object_get(row, "file");
    json_t *file = object;
    struct secp_private key = {{0}};
    enum keystore_status status;

    if (place[0] != '\0')
        object = json_object_get(object, "Crypto");
    if (strcmp(place, "crypto") != 0 && place[0] != '\0')
        object = json_object_get(object, place);
    if (value == NULL)
        json_object_del(object, member);
    else
        json_object_set_new(object, member, value);
    status = open_json(&key, file, vectors_text(row, "password"));
    cr_expect(status == KEYSTORE_OK || key.bytes[0] == 0);
    json_decref(json);
    return status;
}

static enum keystore_status open_cost(json_int_t n, json_int_t r, json_int_t p)
{
    json_t *params = json_pack("{s:i, s:s, s:I, s:I, s:I}", "dklen", 32, "salt",
                               "00", "n", n, "r", r, "p", p);

    return open_with("crypto", "kdfparams", params);
}

/* KEYSTORE_PASSWORD here says that the cost was paid: the salt is another. */
Test(keystore, refuses_costs_beyond_its_bounds)
{
    cr_expect_eq(open_cost(2, 1, 1), KEYSTORE_PASSWORD);
    cr_expect_eq(open_cost(2, 64, 64), KEYSTORE_PASSWORD);
    cr_expect_eq(open_cost(2, 65, 1), KEYSTORE_LIMITS);
    cr_expect_eq(open_cost(2, 1, 65), KEYSTORE_LIMITS);
    cr_expect_eq(open_cost(1 << 19, 8, 1), KEYSTORE_LIMITS);
    cr_expect_eq(open_cost(1 << 22, 1, 1), KEYSTORE_LIMITS);
    cr_expect_eq(open_cost(1 << 18, 8, 4), KEYSTORE_LIMITS);
    cr_expect_eq(open_cost(INT64_C(1) << 31, 1, 1), KEYSTORE_LIMITS);
    cr_expect_eq(open_cost(INT64_C(1) << 62, 1, 1), KEYSTORE_LIMITS);
    cr_expect_eq(open_cost(1, 8, 1), KEYSTORE_MALFORMED);
    cr_expect_eq(open_cost(0, 8, 1), KEYSTORE_MALFORMED);
    cr_expect_eq(open_cost(-2, 8, 1), KEYSTORE_MALFORMED);
    cr_expect_eq(open_cost(1023, 8, 1), KEYSTORE_MALFORMED);
    cr_expect_eq(open_cost(1024, 0, 1), KEYSTORE_MALFORMED);
    cr_expect_eq(open_cost(1024, 8, 0), KEYSTORE_MALFORMED);
}

static enum keystore_status open_rounds(json_t *rounds, const char *prf)
{
    json_t *json = vectors_load("keystore.json");
    json_t *row =
        json_object_get(json_object_get(json, "cases"), "definition_pbkdf2");
    json_t *params = json_object_get(
        json_object_get(json_object_get(row, "file"), "crypto"), "kdfparams");
    struct secp_private key;
    enum keystore_status status;

    json_object_set_new(params, "c", rounds);
    json_object_set_new(params, "prf", json_string(prf));
    status = open_json(&key, json_object_get(row, "file"), "testpassword");
    json_decref(json);
    return status;
}

Test(keystore, bounds_the_rounds_of_pbkdf2)
{
    json_int_t most = KEYSTORE_PBKDF2_ROUNDS_MAX;

    cr_expect_eq(open_rounds(json_integer(1), "hmac-sha256"),
                 KEYSTORE_PASSWORD);
    cr_expect_eq(open_rounds(json_integer(0), "hmac-sha256"),
                 KEYSTORE_MALFORMED);
    cr_expect_eq(open_rounds(json_integer(most + 1), "hmac-sha256"),
                 KEYSTORE_LIMITS);
    cr_expect_eq(open_rounds(json_string("1"), "hmac-sha256"),
                 KEYSTORE_MALFORMED);
    cr_expect_eq(open_rounds(json_integer(1), "hmac-sha512"),
                 KEYSTORE_UNSUPPORTED);
}

Test(keystore, refuses_other_files)
{
    static char long_salt[2 * KEYSTORE_SALT_SIZE_MAX + 3];

    memset(long_salt, '0', sizeof long_salt - 1);
    cr_expect_eq(open_with("", "more", json_true()), KEYSTORE_OK);
    cr_expect_eq(open_with("", "address", NULL), KEYSTORE_OK);
    cr_expect_eq(open_with("", "id", NULL), KEYSTORE_OK);
    cr_expect_eq(open_with("", "version", json_integer(1)),
                 KEYSTORE_UNSUPPORTED);
    cr_expect_eq(open_with("", "version", json_string("3")),
                 KEYSTORE_MALFORMED);
    cr_expect_eq(open_with("", "Crypto", NULL), KEYSTORE_MALFORMED);
    cr_expect_eq(open_with("", "Crypto", json_array()), KEYSTORE_MALFORMED);
    cr_expect_eq(open_with("", "address", json_string("00")),
                 KEYSTORE_MALFORMED);
    cr_expect_eq(
        open_with("", "address",
                  json_string("0000000000000000000000000000000000000001")),
        KEYSTORE_KEY);
    cr_expect_eq(open_with("crypto", "cipher", json_string("aes-256-ctr")),
                 KEYSTORE_UNSUPPORTED);
    cr_expect_eq(open_with("crypto", "kdf", json_string("argon2id")),
                 KEYSTORE_UNSUPPORTED);
    cr_expect_eq(open_with("crypto", "mac", NULL), KEYSTORE_MALFORMED);
    cr_expect_eq(open_with("crypto", "ciphertext", json_string("00")),
                 KEYSTORE_MALFORMED);
    cr_expect_eq(open_with("cipherparams", "iv", json_string("00")),
                 KEYSTORE_MALFORMED);
    cr_expect_eq(open_with("kdfparams", "dklen", json_integer(64)),
                 KEYSTORE_UNSUPPORTED);
    cr_expect_eq(open_with("kdfparams", "salt", json_string("0")),
                 KEYSTORE_MALFORMED);
    cr_expect_eq(open_with("kdfparams", "salt", json_string("0g")),
                 KEYSTORE_MALFORMED);
    cr_expect_eq(open_with("kdfparams", "salt", json_string(long_salt)),
                 KEYSTORE_LIMITS);
    cr_expect_eq(
        open_with("crypto", "ciphertext",
                  json_string("000000000000000000000000000000000000000000000000"
                              "0000000000000000")),
        KEYSTORE_PASSWORD);
}

Test(keystore, refuses_what_is_no_json)
{
    static const char *const texts[] = {
        "", "{", "[]", "null", "{}", "{\"version\":3,\"version\":3}"};
    static char large[KEYSTORE_SIZE_MAX + 1];
    struct secp_private key;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        cr_expect_eq(keystore_decrypt(&key, texts[i], strlen(texts[i]), "", 0),
                     KEYSTORE_MALFORMED, "%s", texts[i]);
    memset(large, ' ', sizeof large);
    cr_expect_eq(keystore_decrypt(&key, large, sizeof large - 1, "", 0),
                 KEYSTORE_MALFORMED);
    cr_expect_eq(keystore_decrypt(&key, large, sizeof large, "", 0),
                 KEYSTORE_LIMITS);
}

Test(keystore, has_a_word_on_every_status)
{
    for (int status = KEYSTORE_OK; status <= KEYSTORE_MEMORY; status++)
        cr_expect_not_null(keystore_status_text((enum keystore_status)status));
}
