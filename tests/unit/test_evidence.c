/*
 * Evidence: the bytes as drawn, every message there and back, and every
 * damaged form refused.
 */
#include "rpc/evidence.h"
#include "rpc/keycache.h"
#include "tests/lib/vectors.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(evidence);

static struct typed_scratch given_scratch;
static struct typed_scratch read_scratch;
static uint8_t bytes[EVIDENCE_SIZE_MAX];
static uint8_t again[EVIDENCE_SIZE_MAX];

static struct secp_signature signature_of(uint8_t first)
{
    struct secp_signature signature;

    for (size_t i = 0; i < sizeof signature.bytes; i++)
        signature.bytes[i] = (uint8_t)(first + i);
    return signature;
}

/* Evidence of a recorded message with its recorded signature. */
static void evidence_of(struct evidence *evidence,
                        struct secp_signature *signature, const json_t *json,
                        const json_t *row)
{
    const json_t *signer = json_object_get(json_object_get(json, "keys"),
                                           vectors_text(row, "signer"));

    memset(evidence, 0, sizeof *evidence);
    vectors_message(&evidence->message, &given_scratch,
                    vectors_text(row, "primaryType"),
                    json_object_get(row, "message"));
    evidence->kind = (uint8_t)evidence->message.kind;
    vectors_hex(signature->bytes, 65, vectors_text(row, "signature"));
    vectors_hex(evidence->signer.bytes, 20, vectors_text(signer, "address"));
    evidence->signatures = signature;
    evidence->signatures_count = 1;
}

/* The journal alone gives the digest that was signed. */
Test(evidence, is_enough_to_check_every_signature)
{
    json_t *json = vectors_load("typed_data.json");
    struct typed_hasher *hasher = typed_hasher_create(0);
    struct keycache *cache = keycache_create(16);
    struct hash32 separator;
    size_t i;
    json_t *row;

    vectors_hex(separator.bytes, 32, vectors_text(json, "domainSeparator"));
    json_array_foreach(json_object_get(json, "cases"), i, row)
    {
        struct evidence given, read;
        struct secp_signature signature;
        struct hash32 digest, expected;
        size_t size;

        evidence_of(&given, &signature, json, row);
        size = evidence_encode(bytes, sizeof bytes, &given);
        cr_assert_neq(size, 0);
        cr_assert(evidence_decode(&read, &read_scratch, bytes, size));
        cr_assert(evidence_digest(hasher, &digest, &separator, &read));
        vectors_hex(expected.bytes, 32, vectors_text(row, "digest"));
        cr_expect_arr_eq(digest.bytes, expected.bytes, 32);
        cr_expect_eq(read.signatures_count, 1);
        if (given.kind != TYPED_DEPOSIT)
            cr_expect_eq(keycache_check_signature(
                             cache, &digest, read.signatures, &read.signer),
                         SECP_OK);
        cr_expect_eq(evidence_encode(again, sizeof again, &read), size);
        cr_expect_arr_eq(again, bytes, size);
    }
    keycache_destroy(cache);
    typed_hasher_destroy(hasher);
    json_decref(json);
}

/* The layout is final: these bytes are in journals. */
Test(evidence, bytes_of_a_cancel)
{
    static const char expected[] =
        "02"
        "000102030405060708090a0b0c0d0e0f10111213" /* owner */
        "07000000"                                 /* subaccount */
        "0600"                                     /* "ETH-42" */
        "4554482d3432"
        "0807060504030201"                         /* nonce */
        "18ff1506a2010000"                         /* expires */
        "202122232425262728292a2b2c2d2e2f30313233" /* signer */
        "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f"
        "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f80";
    struct secp_signature signature = signature_of(0x40);
    struct evidence evidence = {
        .kind = TYPED_CANCEL, .signatures = &signature, .signatures_count = 1};
    uint8_t known[256];
    size_t size = vectors_bytes(known, sizeof known, expected);

    typed_message_init(&evidence.message, TYPED_CANCEL);
    for (uint8_t i = 0; i < 20; i++) {
        evidence.message.cancel.owner.bytes[i] = i;
        evidence.signer.bytes[i] = (uint8_t)(0x20 + i);
    }
    evidence.message.cancel.subaccount = 7;
    evidence.message.cancel.order_id = (struct typed_text){"ETH-42", 6};
    evidence.message.cancel.nonce = UINT64_C(0x0102030405060708);
    evidence.message.cancel.expires = UINT64_C(0x000001a20615ff18);
    cr_assert_eq(evidence_encode(bytes, sizeof bytes, &evidence), size);
    cr_expect_arr_eq(bytes, known, size);
}

Test(evidence, bytes_of_a_report)
{
    static const uint8_t known[] = {128, 3, 0, 0, 0, 9, 8, 7};
    struct evidence evidence = {
        .kind = EVIDENCE_REPORT, .payload = known + 5, .payload_size = 3};
    struct evidence read;
    struct hash32 digest;
    struct hash32 separator = {{0}};
    struct typed_hasher *hasher = typed_hasher_create(0);

    cr_assert_eq(evidence_encode(bytes, sizeof bytes, &evidence), sizeof known);
    cr_expect_arr_eq(bytes, known, sizeof known);
    cr_assert(evidence_decode(&read, &read_scratch, bytes, sizeof known));
    cr_expect_eq(read.payload_size, 3);
    cr_expect_arr_eq(read.payload, known + 5, 3);
    cr_expect_not(evidence_digest(hasher, &digest, &separator, &read));
    typed_hasher_destroy(hasher);
}

Test(evidence, kinds_never_change)
{
    static const char *const names[] = {
        "",
        "Order",
        "Cancel",
        "CancelAll",
        "Replace",
        "Batch",
        "Transfer",
        "Withdraw",
        "AuthorizeKey",
        "RevokeKey",
        "SetLeverage",
        "VaultDeposit",
        "VaultWithdraw",
        "Deposit",
    };

    for (int i = 1; i < (int)(sizeof names / sizeof *names); i++)
        cr_expect_str_eq(typed_type_of((enum typed_kind)i)->name, names[i]);
    cr_expect_eq(EVIDENCE_REPORT, 128);
}

/* One evidence of each recorded message and of a report. */
static void each(void (*visit)(const struct evidence *evidence))
{
    json_t *json = vectors_load("typed_data.json");
    static const uint8_t payload[40] = {1, 2, 3};
    struct evidence report = {.kind = EVIDENCE_REPORT,
                              .payload = payload,
                              .payload_size = sizeof payload};
    size_t i;
    json_t *row;

    json_array_foreach(json_object_get(json, "cases"), i, row)
    {
        struct evidence evidence;
        struct secp_signature signature;

        evidence_of(&evidence, &signature, json, row);
        visit(&evidence);
    }
    visit(&report);
    json_decref(json);
}

/* Exact allocations, so that the sanitizer sees a step too far. */
static void expect_lengths(const struct evidence *evidence)
{
    size_t size = evidence_encode(bytes, sizeof bytes, evidence);
    struct evidence read;

    cr_assert_neq(size, 0);
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *part = malloc(cut + 1);

        cr_assert_not_null(part);
        memcpy(part, bytes, cut);
        cr_expect_not(evidence_decode(&read, &read_scratch, part, cut),
                      "kind %d: %zu of %zu bytes", evidence->kind, cut, size);
        cr_expect_eq(evidence_encode(part, cut, evidence), 0);
        free(part);
    }
    cr_expect_eq(evidence_encode(again, size, evidence), size);
    bytes[size] = 0;
    cr_expect_not(evidence_decode(&read, &read_scratch, bytes, size + 1));
}

Test(evidence, refuses_every_other_length)
{
    each(expect_lengths);
}

/* Whatever a changed byte still decodes to encodes to those very bytes: there
 * are no two forms of one evidence. */
static void expect_canonical(const struct evidence *evidence)
{
    size_t size = evidence_encode(bytes, sizeof bytes, evidence);
    static const uint8_t changes[] = {0x01, 0x02, 0x80, 0xff};

    for (size_t i = 0; i < size; i++) {
        for (size_t c = 0; c < sizeof changes; c++) {
            struct evidence read;

            bytes[i] ^= changes[c];
            if (evidence_decode(&read, &read_scratch, bytes, size)) {
                cr_expect_eq(evidence_encode(again, sizeof again, &read), size);
                cr_expect_arr_eq(again, bytes, size);
            }
            bytes[i] ^= changes[c];
        }
    }
}

Test(evidence, has_one_form_only)
{
    each(expect_canonical);
}

Test(evidence, refuses_unknown_kinds_and_flags)
{
    struct evidence read;
    uint8_t zeros[512] = {0};

    for (int kind = 0; kind < 256; kind++) {
        zeros[0] = (uint8_t)kind;
        if (kind == 0 || (kind >= TYPED_KINDS && kind != EVIDENCE_REPORT))
            for (size_t size = 1; size <= sizeof zeros; size++)
                cr_assert_not(
                    evidence_decode(&read, &read_scratch, zeros, size));
    }
    cr_expect_not(evidence_decode(&read, &read_scratch, zeros, 0));
}

Test(evidence, holds_a_deposits_signatures)
{
    struct secp_signature signatures[256];
    struct evidence evidence = {.kind = TYPED_DEPOSIT,
                                .signatures = signatures};
    struct evidence read;
    size_t size;

    typed_message_init(&evidence.message, TYPED_DEPOSIT);
    for (size_t i = 0; i < 256; i++)
        signatures[i] = signature_of((uint8_t)i);
    cr_expect_eq(evidence_encode(bytes, sizeof bytes, &evidence), 0);
    evidence.signatures_count = 256;
    cr_expect_eq(evidence_encode(bytes, sizeof bytes, &evidence), 0);
    evidence.signatures_count = 255;
    size = evidence_encode(bytes, sizeof bytes, &evidence);
    cr_assert_eq(size, 1 + 20 + 4 + 2 + 2 + 32 + 1 + 255 * 65);
    cr_assert(evidence_decode(&read, &read_scratch, bytes, size));
    cr_expect_eq(read.signatures_count, 255);
    cr_expect_arr_eq(read.signatures[254].bytes, signatures[254].bytes, 65);
    /* None at all. */
    bytes[61] = 0;
    cr_expect_not(evidence_decode(&read, &read_scratch, bytes, 62));
}

Test(evidence, a_request_has_one_signature)
{
    struct secp_signature signatures[2] = {{{0}}, {{0}}};
    struct evidence evidence = {.kind = TYPED_CANCEL, .signatures = signatures};

    typed_message_init(&evidence.message, TYPED_CANCEL);
    for (size_t count = 0; count <= 2; count++) {
        evidence.signatures_count = count;
        cr_expect_eq(evidence_encode(bytes, sizeof bytes, &evidence) != 0,
                     count == 1);
    }
}

/* A Batch of the longest texts and most legs, which must fit the bound. */
static void fill_batch(struct evidence *evidence, size_t text_size)
{
    static char text[TYPED_TEXT_MAX + 1];
    struct typed_text longest = {text, text_size};
    struct typed_batch *batch = &evidence->message.batch;

    memset(text, 'x', sizeof text);
    typed_message_init(&evidence->message, TYPED_BATCH);
    batch->nonce = 1;
    for (size_t i = 0; i < TYPED_ITEMS_MAX; i++) {
        struct typed_order *order = &given_scratch.orders[i];

        typed_body_init(order, TYPED_ORDER);
        for (size_t f = 0; f < typed_type_of(TYPED_ORDER)->fields_count; f++) {
            const struct typed_field *field =
                &typed_type_of(TYPED_ORDER)->fields[f];

            if (field->kind == TYPED_FIELD_STRING)
                memcpy((uint8_t *)order + field->offset, &longest,
                       sizeof longest);
        }
        order->nonce = 1;
        typed_body_init(&given_scratch.cancels[i], TYPED_CANCEL);
        given_scratch.cancels[i].order_id = longest;
        given_scratch.cancels[i].nonce = 1;
    }
    batch->orders =
        (struct typed_orders){given_scratch.orders, TYPED_ITEMS_MAX};
    batch->cancels =
        (struct typed_cancels){given_scratch.cancels, TYPED_ITEMS_MAX};
}

Test(evidence, keeps_its_limits)
{
    struct secp_signature signature = signature_of(1);
    struct evidence evidence = {
        .kind = TYPED_BATCH, .signatures = &signature, .signatures_count = 1};
    struct evidence read;
    size_t size;

    fill_batch(&evidence, TYPED_TEXT_MAX);
    size = evidence_encode(bytes, sizeof bytes, &evidence);
    cr_assert_neq(size, 0);
    cr_expect(evidence_decode(&read, &read_scratch, bytes, size));
    cr_expect_eq(read.message.batch.orders.count, TYPED_ITEMS_MAX);
    cr_expect_eq(read.message.batch.cancels.items[99].nonce, 1);
    fill_batch(&evidence, TYPED_TEXT_MAX + 1);
    cr_expect_eq(evidence_encode(bytes, sizeof bytes, &evidence), 0);
    fill_batch(&evidence, 1);
    evidence.message.batch.orders.count = TYPED_ITEMS_MAX + 1;
    cr_expect_eq(evidence_encode(bytes, sizeof bytes, &evidence), 0);
    evidence.message.batch.orders.count = 1;
    cr_expect_neq(evidence_encode(bytes, sizeof bytes, &evidence), 0);
}

Test(evidence, a_leg_has_its_batchs_own_values)
{
    struct secp_signature signature = signature_of(1);
    struct evidence evidence = {
        .kind = TYPED_BATCH, .signatures = &signature, .signatures_count = 1};

    for (int change = 0; change < 9; change++) {
        struct typed_order *order = &given_scratch.orders[3];
        struct typed_cancel *cancel = &given_scratch.cancels[5];

        fill_batch(&evidence, 1);
        order->owner.bytes[19] ^= change == 1;
        order->subaccount += change == 2;
        order->nonce += change == 3;
        order->expires += change == 4;
        cancel->owner.bytes[0] ^= change == 5;
        cancel->subaccount += change == 6;
        cancel->nonce += change == 7;
        cancel->expires += change == 8;
        cr_expect_eq(evidence_encode(bytes, sizeof bytes, &evidence) != 0,
                     change == 0, "change %d", change);
    }
}
