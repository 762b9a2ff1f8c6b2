/*
 * Typed data: every message against what a wallet's library computed and
 * signed, the primitives against domains and types of others, the JSON form.
 */
#include "rpc/keccak.h"
#include "rpc/keycache.h"
#include "rpc/secp.h"
#include "rpc/typed_data.h"
#include "rpc/typed_json.h"
#include "tests/lib/vectors.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(typed_data);

static struct typed_hasher *hasher_new(void)
{
    struct typed_hasher *hasher = typed_hasher_create(4);

    cr_assert_not_null(hasher);
    return hasher;
}

static void expect_hash(const struct hash32 *hash, const char *expected,
                        const char *what)
{
    struct hash32 known;

    vectors_hex(known.bytes, 32, expected);
    cr_expect_arr_eq(hash->bytes, known.bytes, 32, "%s", what);
}

static struct typed_domain domain_of(const json_t *json)
{
    const json_t *domain = json_object_get(json, "domain");
    struct typed_domain read = {
        .name = vectors_text(domain, "name"),
        .version = vectors_text(domain, "version"),
        .chain_id =
            (uint64_t)json_integer_value(json_object_get(domain, "chainId")),
    };

    vectors_hex(read.contract.bytes, 20,
                vectors_text(domain, "verifyingContract"));
    return read;
}

/* Digest, struct hash, and that the named key signs the very same bytes. */
static void expect_case(const json_t *json, const json_t *row,
                        const struct typed_hasher *hasher)
{
    static struct typed_scratch scratch;
    const char *name = vectors_text(row, "primaryType");
    const json_t *signer = json_object_get(json_object_get(json, "keys"),
                                           vectors_text(row, "signer"));
    struct typed_domain domain = domain_of(json);
    struct hash32 separator, hash;
    struct typed_message message;
    struct secp_private key;
    struct secp_signature signature, expected;

    typed_domain_separator(&separator, &domain);
    vectors_message(&message, &scratch, name, json_object_get(row, "message"));
    typed_struct_hash(hasher, &hash, &message);
    expect_hash(&hash, vectors_text(row, "structHash"), name);
    typed_digest(hasher, &hash, &separator, &message);
    expect_hash(&hash, vectors_text(row, "digest"), name);
    vectors_hex(key.bytes, 32, vectors_text(signer, "privateKey"));
    vectors_hex(expected.bytes, 65, vectors_text(row, "signature"));
    cr_assert(secp_sign(&signature, &key, &hash));
    cr_expect_arr_eq(signature.bytes, expected.bytes, 65, "%s", name);
}

Test(typed_data, agrees_with_a_wallets_library_on_every_message)
{
    json_t *json = vectors_load("typed_data.json");
    struct typed_hasher *hasher = hasher_new();
    struct typed_domain domain = domain_of(json);
    struct hash32 separator;
    size_t i;
    json_t *row;

    typed_domain_separator(&separator, &domain);
    expect_hash(&separator, vectors_text(json, "domainSeparator"), "domain");
    json_array_foreach(json_object_get(json, "cases"), i, row)
        expect_case(json, row, hasher);
    cr_expect_eq(i, 14);
    typed_hasher_destroy(hasher);
    json_decref(json);
}

/* The development keys are hashes of their names. */
Test(typed_data, development_keys_are_hashes_of_names)
{
    json_t *json = vectors_load("typed_data.json");
    const char *name;
    json_t *row;

    json_object_foreach(json_object_get(json, "keys"), name, row)
    {
        struct hash32 hash;
        struct secp_private key;
        struct address address, named;

        keccak256(&hash, name, strlen(name));
        expect_hash(&hash, vectors_text(row, "privateKey"), name);
        memcpy(key.bytes, hash.bytes, 32);
        cr_assert(secp_private_address(&address, &key));
        vectors_hex(named.bytes, 20, vectors_text(row, "address"));
        cr_expect(address_equal(&address, &named), "%s", name);
    }
    json_decref(json);
}

/* As published; VaultWithdraw and RevokeKey among them. */
static const char order_text[] =
    "Order(address owner,uint32 subaccount,string instrument_name,"
    "string direction,string amount,string price,string type,"
    "string time_in_force,uint64 good_til,bool post_only,bool reduce_only,"
    "string trigger_price,string trigger,string max_fee,string label,"
    "uint64 nonce,uint64 expires)";

static const struct {
    enum typed_kind kind;
    const char *text;
} type_texts[] = {
    {TYPED_CANCEL, "Cancel(address owner,uint32 subaccount,string order_id,"
                   "uint64 nonce,uint64 expires)"},
    {TYPED_CANCEL_ALL,
     "CancelAll(address owner,uint32 subaccount,string instrument_name,"
     "uint64 nonce,uint64 expires)"},
    {TYPED_REPLACE,
     "Replace(address owner,uint32 subaccount,string order_id,string amount,"
     "string price,string trigger_price,uint64 nonce,uint64 expires)"},
    {TYPED_TRANSFER,
     "Transfer(address owner,uint32 subaccount,uint32 to_subaccount,"
     "string currency,string amount,uint64 nonce,uint64 expires)"},
    {TYPED_WITHDRAW,
     "Withdraw(address owner,uint32 subaccount,string currency,string amount,"
     "address recipient,uint64 nonce,uint64 expires)"},
    {TYPED_AUTHORIZE_KEY,
     "AuthorizeKey(address owner,address key,string scopes,"
     "uint32[] subaccounts,string[] instruments,string max_exposure,"
     "uint64 key_expires,uint64 nonce,uint64 expires)"},
    {TYPED_REVOKE_KEY,
     "RevokeKey(address owner,address key,uint64 nonce,uint64 expires)"},
    {TYPED_SET_LEVERAGE,
     "SetLeverage(address owner,uint32 subaccount,string instrument_name,"
     "string initial_rate,uint64 nonce,uint64 expires)"},
    {TYPED_VAULT_DEPOSIT,
     "VaultDeposit(address owner,uint32 subaccount,string currency,"
     "string amount,uint64 nonce,uint64 expires)"},
    {TYPED_VAULT_WITHDRAW,
     "VaultWithdraw(address owner,uint32 subaccount,string shares,"
     "uint64 nonce,uint64 expires)"},
    {TYPED_DEPOSIT, "Deposit(address owner,uint32 subaccount,string currency,"
                    "string amount,bytes32 reference)"},
};

Test(typed_data, types_are_the_published_ones)
{
    struct typed_hasher *hasher = hasher_new();
    char batch[1024];

    for (size_t i = 0; i < sizeof type_texts / sizeof *type_texts; i++) {
        const char *text = typed_hasher_type_text(hasher, type_texts[i].kind);
        struct hash32 hash;

        cr_expect_str_eq(text, type_texts[i].text);
        keccak256(&hash, text, strlen(text));
        cr_expect_arr_eq(
            hash.bytes,
            typed_hasher_type_hash(hasher, type_texts[i].kind)->bytes, 32);
    }
    cr_expect_str_eq(typed_hasher_type_text(hasher, TYPED_ORDER), order_text);
    snprintf(batch, sizeof batch,
             "Batch(address owner,uint32 subaccount,Order[] orders,"
             "Cancel[] cancels,uint64 nonce,uint64 expires)%s%s",
             type_texts[0].text, order_text);
    cr_expect_str_eq(typed_hasher_type_text(hasher, TYPED_BATCH), batch);
    cr_expect_null(typed_type_of(TYPED_NONE));
    cr_expect_null(typed_type_of(TYPED_KINDS));
    typed_hasher_destroy(hasher);
}

Test(typed_data, defaults)
{
    struct typed_message message;

    typed_message_init(&message, TYPED_ORDER);
    cr_expect_eq(message.order.type.size, strlen("limit"));
    cr_expect_arr_eq(message.order.type.bytes, "limit", 5);
    cr_expect_arr_eq(message.order.time_in_force.bytes, "good_til_cancelled",
                     18);
    cr_expect_eq(message.order.label.size, 0);
    cr_expect_not(message.order.post_only);
    message.order.nonce = 7;
    message.order.expires = 8;
    message.order.owner.bytes[3] = 9;
    cr_expect_eq(typed_message_nonce(&message), 7);
    cr_expect_eq(typed_message_expires(&message), 8);
    cr_expect_eq(typed_message_owner(&message)->bytes[3], 9);
    for (int kind = TYPED_NONE + 1; kind < TYPED_KINDS; kind++) {
        const struct typed_type *type = typed_type_of((enum typed_kind)kind);

        cr_expect_str_eq(type->fields[0].name, "owner");
        cr_expect_eq(type->fields[0].offset, 0);
        typed_message_init(&message, (enum typed_kind)kind);
        cr_expect_eq(typed_message_nonce(&message), 0);
        cr_expect_eq(typed_message_expires(&message), 0);
        if (kind == TYPED_DEPOSIT)
            continue;
        cr_expect_str_eq(type->fields[type->fields_count - 2].name, "nonce");
        cr_expect_str_eq(type->fields[type->fields_count - 1].name, "expires");
    }
}

/* What is known by heart hashes as what is not, at every size. */
Test(typed_data, learned_texts_hash_alike)
{
    static const char text[] = "BTC_USDC-27MAR26-80000-C_and_longer";
    struct typed_hasher *hasher = hasher_new();
    struct typed_message message;
    struct hash32 before, after;

    typed_message_init(&message, TYPED_CANCEL_ALL);
    message.cancel_all.instrument_name.bytes = text;
    for (size_t size = 1; size < sizeof text; size++) {
        struct typed_hasher *fresh = hasher_new();
        bool fits = size <= TYPED_KNOWN_SIZE_MAX;

        message.cancel_all.instrument_name.size = size;
        typed_struct_hash(fresh, &before, &message);
        cr_expect_eq(typed_hasher_learn(fresh, text, size), fits);
        cr_expect_eq(typed_hasher_learn(fresh, text, size), fits);
        typed_struct_hash(fresh, &after, &message);
        cr_expect_arr_eq(before.bytes, after.bytes, 32);
        typed_struct_hash(hasher, &after, &message);
        cr_expect_arr_eq(before.bytes, after.bytes, 32);
        typed_hasher_destroy(fresh);
    }
    for (size_t size = 1; size <= 4; size++)
        cr_expect(typed_hasher_learn(hasher, text, size));
    cr_expect_not(typed_hasher_learn(hasher, text, 5), "room for four");
    cr_expect(typed_hasher_learn(hasher, "limit", 5), "known already");
    typed_hasher_destroy(hasher);
}

/* An Order of another domain and other fields, from the primitives. */
Test(typed_data, primitives_make_any_type)
{
    static const char type[] =
        "Order(address account,uint64 subaccount,string instrument,uint8 side,"
        "int256 amount,uint256 limitPrice,uint256 maxFee,bool reduceOnly,"
        "uint64 nonce,uint64 expiry)";
    struct typed_domain domain = {
        .name = "Clearing Node", .version = "1", .chain_id = 31337};
    struct secp_private key;
    struct address account;
    struct hash32 words[11], separator, struct_hash, digest;
    struct secp_signature signature, expected;

    memset(key.bytes, 0x11, 32);
    cr_assert(secp_private_address(&account, &key));
    domain.contract.bytes[19] = 0xc1;
    typed_word_text(&words[0], type, strlen(type));
    typed_word_address(&words[1], &account);
    typed_word_uint(&words[2], 7);
    typed_word_text(&words[3], "BTC-PERPETUAL", 13);
    typed_word_uint(&words[4], 0);
    typed_word_int(&words[5], -1500000000);
    typed_word_uint(&words[6], 65000000000000);
    typed_word_int(&words[7], 1000000);
    typed_word_uint(&words[8], false);
    typed_word_uint(&words[9], 1795406400123);
    typed_word_uint(&words[10], 1795410000);
    expect_hash(
        &words[0],
        "b5cabfd0b2a260cadd6e79f1c45bcbea3edbe4f5def9789661bcf752e1be031f",
        "type hash");
    typed_domain_separator(&separator, &domain);
    expect_hash(
        &separator,
        "33e348b37d43e24147f60f15fec106be909ff098041137a3d72ededa48fde1b0",
        "separator");
    keccak256(&struct_hash, words, sizeof words);
    typed_digest_of(&digest, &separator, &struct_hash);
    expect_hash(
        &digest,
        "2de355aab7c0084639404c4d48c00780eab6cc5925c3f90d4607b720681ae6a6",
        "digest");
    cr_assert(secp_sign(&signature, &key, &digest));
    vectors_hex(
        expected.bytes, 65,
        "39f2832a12a962449e8a73c446bbd6f0aa23d40b05c3b370678fbada1a165ea1"
        "52d6292a217b5b48f83fb6e55234eda84bf00dd6ba7bbc572e74ea9bce3052981c");
    cr_expect_arr_eq(signature.bytes, expected.bytes, 65);
}

/* The EIP's own example: a struct within a struct. */
Test(typed_data, the_mail_of_the_eip)
{
    static const char person_type[] = "Person(string name,address wallet)";
    static const char mail_type[] =
        "Mail(Person from,Person to,string contents)"
        "Person(string name,address wallet)";
    static const struct {
        const char *name;
        const char *wallet;
    } persons[] = {
        {"Cow", "CD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"},
        {"Bob", "bBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"},
    };
    struct typed_domain domain = {
        .name = "Ether Mail", .version = "1", .chain_id = 1};
    struct hash32 mail[4], separator, digest;

    memset(domain.contract.bytes, 0xcc, 20);
    typed_word_text(&mail[0], mail_type, strlen(mail_type));
    for (size_t i = 0; i < 2; i++) {
        struct hash32 person[3];
        struct address wallet;

        vectors_hex(wallet.bytes, 20, persons[i].wallet);
        typed_word_text(&person[0], person_type, strlen(person_type));
        typed_word_text(&person[1], persons[i].name, 3);
        typed_word_address(&person[2], &wallet);
        keccak256(&mail[1 + i], person, sizeof person);
    }
    typed_word_text(&mail[3], "Hello, Bob!", 11);
    typed_domain_separator(&separator, &domain);
    keccak256(&digest, mail, sizeof mail);
    typed_digest_of(&digest, &separator, &digest);
    expect_hash(
        &digest,
        "be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2",
        "mail");
}

Test(typed_data, json_repeats_the_message_and_its_types)
{
    json_t *json = vectors_load("typed_data.json");
    struct typed_domain domain = domain_of(json);
    static struct typed_scratch scratch;
    size_t i;
    json_t *row;

    json_array_foreach(json_object_get(json, "cases"), i, row)
    {
        const char *name = vectors_text(row, "primaryType");
        const json_t *types;
        const json_t *read;
        struct typed_message message;
        json_t *made;

        vectors_message(&message, &scratch, name,
                        json_object_get(row, "message"));
        made = typed_json_data(&domain, &message);
        cr_assert_not_null(made);
        cr_expect(json_equal(json_object_get(made, "message"),
                             json_object_get(row, "message")),
                  "%s", name);
        cr_expect_str_eq(vectors_text(made, "primaryType"), name);
        types = json_object_get(made, "types");
        read = json_object_get(types, name);
        cr_expect_eq(json_array_size(read),
                     typed_type_of(message.kind)->fields_count);
        cr_expect_eq(json_object_size(types),
                     message.kind == TYPED_BATCH ? 4 : 2, "%s", name);
        cr_expect_eq(json_array_size(json_object_get(types, "EIP712Domain")),
                     4);
        cr_expect_str_eq(
            vectors_text(json_object_get(made, "domain"), "verifyingContract"),
            "0xF1973e5cd8170D1F2f2AFd16D10bE3B9A66D613f");
        json_decref(made);
    }
    json_decref(json);
}

Test(typed_data, json_gives_the_hashes)
{
    json_t *json = vectors_load("typed_data.json");
    const json_t *row = json_array_get(json_object_get(json, "cases"), 0);
    struct typed_hasher *hasher = hasher_new();
    struct typed_domain domain = domain_of(json);
    static struct typed_scratch scratch;
    struct hash32 separator, hash;
    struct typed_message message;
    uint8_t encoded[TYPED_ENCODED_SIZE_MAX];
    json_t *made;

    typed_domain_separator(&separator, &domain);
    vectors_message(&message, &scratch, "Order",
                    json_object_get(row, "message"));
    made = typed_json_hashes(hasher, &separator, &message);
    cr_assert_not_null(made);
    cr_expect_str_eq(vectors_text(made, "digest"), vectors_text(row, "digest"));
    cr_expect_str_eq(vectors_text(made, "struct_hash"),
                     vectors_text(row, "structHash"));
    cr_expect_str_eq(vectors_text(made, "domain_separator"),
                     vectors_text(json, "domainSeparator"));
    keccak256(&hash, encoded,
              vectors_bytes(encoded, sizeof encoded,
                            vectors_text(made, "encoded_data")));
    expect_hash(&hash, vectors_text(row, "structHash"), "encoded data");
    json_decref(made);
    typed_hasher_destroy(hasher);
    json_decref(json);
}

Test(typed_data, json_refuses_texts_that_are_not_utf8)
{
    struct typed_domain domain = {.name = "clearingd", .version = "1"};
    struct typed_text text = {"\xff", 1};
    struct typed_message message;
    struct typed_order order;

    typed_message_init(&message, TYPED_CANCEL);
    message.cancel.order_id = text;
    cr_expect_null(typed_json_data(&domain, &message));
    typed_body_init(&order, TYPED_ORDER);
    order.label = text;
    typed_message_init(&message, TYPED_BATCH);
    message.batch.orders = (struct typed_orders){&order, 1};
    cr_expect_null(typed_json_data(&domain, &message));
    typed_message_init(&message, TYPED_AUTHORIZE_KEY);
    message.authorize_key.instruments = (struct typed_texts){&text, 1};
    cr_expect_null(typed_json_data(&domain, &message));
}
