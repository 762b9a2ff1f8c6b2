/*
 * From messages to commands and back to the audit: deposits, reports, and
 * that a journaled command stands or falls with every byte of its evidence.
 */
#include "rpc/decode.h"
#include "rpc/hex.h"
#include "tests/lib/fixture.h"
#include "tests/lib/rpc_world.h"
#include "tests/lib/vectors.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define TRADER "trader/0"
#define BTC_PERPETUAL "BTC_USDC-PERPETUAL"

static struct rpc_world world;

static void start(void)
{
    rpc_world_start(&world);
}

static void end(void)
{
    rpc_world_end(&world);
}

TestSuite(rpc_decode, .init = start, .fini = end);

/* ---- the audit -------------------------------------------------------- */

static bool is_accepted(const uint8_t *command, size_t command_size,
                        const uint8_t *evidence, size_t evidence_size)
{
    const char *why = NULL;
    bool is_right = decode_audit(world.service, &why, command, command_size,
                                 evidence, evidence_size, true);

    cr_expect_not_null(why);
    return is_right;
}

/* Any changed, missing or added byte of the last submit is noticed, but the
 * v of an owner's signature: either of 27 and 28 names the same signer. */
static void expect_every_byte_counts(void)
{
    uint8_t *command = world.command, *evidence = world.evidence;
    size_t command_size = world.command_size;
    size_t evidence_size = world.evidence_size;

    cr_expect(is_accepted(command, command_size, evidence, evidence_size));
    for (size_t i = 0; i < command_size; i++) {
        command[i] ^= 1;
        cr_expect_not(
            is_accepted(command, command_size, evidence, evidence_size),
            "command byte %zu", i);
        command[i] ^= 1;
    }
    for (size_t i = 0; i < evidence_size; i++) {
        evidence[i] ^= 0x40;
        cr_expect_not(
            is_accepted(command, command_size, evidence, evidence_size),
            "evidence byte %zu of %zu", i, evidence_size);
        evidence[i] ^= 0x40;
    }
    cr_expect_not(
        is_accepted(command, command_size - 1, evidence, evidence_size));
    cr_expect_not(
        is_accepted(command, command_size, evidence, evidence_size - 1));
    command[command_size] = evidence[evidence_size] = 0;
    cr_expect_not(
        is_accepted(command, command_size + 1, evidence, evidence_size));
    cr_expect_not(
        is_accepted(command, command_size, evidence, evidence_size + 1));
    cr_expect_not(is_accepted(command, 0, evidence, 0));
}

Test(rpc_decode, audit_of_an_order)
{
    rpc_world_deposit(&world, TRADER, "USDC", "1000");
    rpc_world_prices(&world, "60000", "2500", "150");
    json_decref(
        rpc_world_order(&world, TRADER, BTC_PERPETUAL, "buy", "0.01", "60000"));
    expect_every_byte_counts();
}

Test(rpc_decode, audit_of_a_batch)
{
    rpc_world_deposit(&world, TRADER, "USDC", "1000");
    rpc_world_prices(&world, "60000", "2500", "150");
    json_decref(rpc_world_request(
        &world, "private/mass", "Batch", TRADER,
        json_pack("{s[{ss ss ss ss ss}] s[{ss}]}", "orders", "instrument_name",
                  BTC_PERPETUAL, "direction", "buy", "amount", "0.01", "price",
                  "59000", "label", "x", "cancels", "order_id", "BTC-1")));
    expect_every_byte_counts();
}

Test(rpc_decode, audit_of_a_deposit)
{
    rpc_world_deposit(&world, TRADER, "USDC", "1000");
    expect_every_byte_counts();
}

/* A report is evidence as it came, what is left out of the command included,
 * so only the sound packages' bytes decide. */
Test(rpc_decode, audit_of_a_report)
{
    rpc_world_prices(&world, "60000", "2500", "150");
    expect_every_byte_counts();
}

Test(rpc_decode, audit_without_signatures_still_compares)
{
    const char *why;

    rpc_world_deposit(&world, TRADER, "USDC", "1000");
    json_decref(rpc_world_request(&world, "private/cancel_all", "CancelAll",
                                  TRADER, json_object()));
    world.evidence[world.evidence_size - 10] ^= 1; /* within s */
    cr_expect(decode_audit(world.service, &why, world.command,
                           world.command_size, world.evidence,
                           world.evidence_size, false));
    cr_expect_not(decode_audit(world.service, &why, world.command,
                               world.command_size, world.evidence,
                               world.evidence_size, true));
    cr_expect_str_eq(why, "the signature is not the signer's");
    world.command[world.command_size - 1] ^= 1;
    cr_expect_not(decode_audit(world.service, &why, world.command,
                               world.command_size, world.evidence,
                               world.evidence_size, false));
    cr_expect_str_eq(why, "the command is not what was signed");
}

/* ---- deposits --------------------------------------------------------- */

/* The two attestations of one deposit that a wallet's library signed. */
static json_t *attestation(size_t which)
{
    json_t *json = vectors_load("typed_data.json"), *row, *params = NULL;
    size_t i, seen = 0;

    json_array_foreach(
        json_object_get(json, "cases"), i,
        row) if (strcmp(vectors_text(row, "primaryType"), "Deposit") == 0 &&
                 seen++ == which)
    {
        params = json_deep_copy(json_object_get(row, "message"));
        json_object_set(params, "signature", json_object_get(row, "signature"));
    }
    json_decref(json);
    cr_assert_not_null(params);
    return params;
}

Test(rpc_decode, a_deposit_needs_the_threshold)
{
    json_t *result, *again;

    result = rpc_world_call(&world, "public/submit_deposit", attestation(0));
    cr_expect_eq(integer_at(result, "signatures"), 1);
    cr_expect_eq(integer_at(result, "threshold"), 2);
    cr_expect(json_is_false(at(result, "credited")));
    json_decref(result);
    /* The same validator again counts once. */
    result = rpc_world_call(&world, "public/submit_deposit", attestation(0));
    cr_expect_eq(integer_at(result, "signatures"), 1);
    json_decref(result);
    result = rpc_world_call(&world, "public/submit_deposit", attestation(1));
    cr_expect_eq(integer_at(result, "signatures"), 2);
    cr_expect(json_is_true(at(result, "credited")));
    json_decref(result);
    /* And the same again for a repeat: credited once. */
    result = rpc_world_call(&world, "public/submit_deposit", attestation(1));
    cr_expect(json_is_true(at(result, "credited")));
    json_decref(result);
    again =
        rpc_world_call(&world, "private/get_account_summary",
                       json_pack("{ss}", "owner", rpc_world_address(TRADER)));
    cr_expect_str_eq(text_at(again, "balance"), "10000");
    json_decref(again);
}

static int deposit_code(json_t *params, const char *param)
{
    return rpc_world_code(&world, "public/submit_deposit", params, param);
}

Test(rpc_decode, deposits_are_the_validators)
{
    json_t *params = attestation(0);

    json_object_set_new(params, "amount", json_string("10001"));
    cr_expect_eq(deposit_code(params, "signature"), 20039);
    params = attestation(0);
    json_object_set_new(params, "signatures", json_pack("[s]", "0x00"));
    cr_expect_eq(deposit_code(json_incref(params), "signatures"), -32602);
    json_object_del(params, "signature");
    cr_expect_eq(deposit_code(json_incref(params), "signature"), -32602);
    json_object_set_new(params, "signatures", json_array());
    cr_expect_eq(deposit_code(json_incref(params), "signatures"), -32602);
    json_object_del(params, "signatures");
    cr_expect_eq(deposit_code(params, "signatures"), -32602);
    cr_expect_eq(engine_index(world.engine), 1);
}

Test(rpc_decode, a_reference_is_one_deposits_for_ever)
{
    json_t *params, *signatures = json_array(), *original = attestation(0);

    json_decref(
        rpc_world_call(&world, "public/submit_deposit", attestation(0)));
    json_decref(
        rpc_world_call(&world, "public/submit_deposit", attestation(1)));
    /* Another message under its reference. */
    params = json_pack("{ss ss ss sO}", "owner", rpc_world_address("trader/1"),
                       "currency", "USDC", "amount", "1", "reference",
                       json_object_get(original, "reference"));
    for (int i = 0; i < 2; i++)
        json_array_append_new(
            signatures,
            rpc_world_signature(&world, "Deposit",
                                i ? "validator/1" : "validator/0", params));
    json_object_set_new(params, "signatures", signatures);
    cr_expect_eq(deposit_code(params, "reference"), 20040);
    json_decref(original);
}

/* ---- reports ---------------------------------------------------------- */

static json_t *payload_of(const uint8_t *bytes, size_t size)
{
    char *text = malloc(HEX_TEXT_SIZE(size));
    json_t *params;

    cr_assert_not_null(text);
    hex_encode(text, bytes, size);
    params = json_pack("{ss}", "payload", text);
    free(text);
    return params;
}

Test(rpc_decode, a_report_is_answered_package_by_package)
{
    uint8_t bytes[8192];
    size_t size = rpc_world_payload(bytes, sizeof bytes, 3, RPC_WORLD_START_MS,
                                    "60000", "2500", "150");
    json_t *result;

    bytes[10] ^= 1; /* the first package's feed: another signer */
    result = rpc_world_call(&world, "public/submit_oracle_report",
                            payload_of(bytes, size));
    cr_expect_eq(json_array_size(at(result, "packages")), 3);
    cr_expect(json_is_false(at(result, "packages.0.accepted")));
    cr_expect_eq(integer_at(result, "packages.0.error.code"), 20041);
    cr_expect(json_is_true(at(result, "packages.1.accepted")));
    cr_expect_str_eq(text_at(result, "packages.1.signer"),
                     rpc_world_address("reporter/1"));
    cr_expect_eq(integer_at(result, "packages.1.timestamp"),
                 RPC_WORLD_START_MS);
    cr_expect(json_is_true(at(result, "packages.2.accepted")));
    cr_expect_eq(integer_at(result, "index"), 2);
    json_decref(result);
    /* The same again: not newer. */
    result = rpc_world_call(&world, "public/submit_oracle_report",
                            payload_of(bytes, size));
    cr_expect(json_is_false(at(result, "packages.1.accepted")));
    cr_expect_eq(integer_at(result, "packages.1.error.code"), 20042);
    json_decref(result);
}

Test(rpc_decode, strangers_future_and_past)
{
    static const struct {
        int64_t shift;
        int code;
    } cases[] = {{1000, 0}, {1001, 20043}, {3600000, 20043}, {-10000, 0}};
    uint8_t bytes[8192];

    for (size_t i = 0; i < 4; i++) {
        size_t size = rpc_world_payload(bytes, sizeof bytes, 1,
                                        RPC_WORLD_START_MS + cases[i].shift,
                                        "60000", "2500", "150");
        json_t *result;

        rpc_world_end(&world);
        rpc_world_start(&world);
        result = rpc_world_call(&world, "public/submit_oracle_report",
                                payload_of(bytes, size));
        if (cases[i].code)
            cr_expect_eq(integer_at(result, "packages.0.error.code"),
                         cases[i].code, "%zu", i);
        else
            cr_expect(json_is_true(at(result, "packages.0.accepted")), "%zu",
                      i);
        json_decref(result);
    }
}

/* The package of the protocol's own check vector: a reporter of nobody's. */
Test(rpc_decode, both_forms_of_a_report_are_read)
{
    json_t *json = vectors_load("redstone.json");
    const json_t *one = json_object_get(json, "one");
    json_t *result;

    result = rpc_world_call(
        &world, "public/submit_oracle_report",
        json_pack("{ss}", "payload", vectors_text(one, "payload")));
    cr_expect_eq(integer_at(result, "packages.0.error.code"), 20041);
    cr_expect_str_eq(text_at(result, "packages.0.signer"),
                     "0x1563915e194D8CfBA1943570603F7606A3115508");
    cr_expect(json_is_null(at(result, "index")));
    json_decref(result);
    result = rpc_world_call(
        &world, "public/submit_oracle_report",
        json_pack("{sO}", "package", json_object_get(one, "package")));
    cr_expect_str_eq(text_at(result, "packages.0.signer"),
                     "0x1563915e194D8CfBA1943570603F7606A3115508");
    json_decref(result);
    cr_expect_eq(engine_index(world.engine), 1);
    json_decref(json);
}

Test(rpc_decode, broken_payloads_are_bad_parameters)
{
    uint8_t bytes[8192];
    size_t size = rpc_world_payload(bytes, sizeof bytes, 2, RPC_WORLD_START_MS,
                                    "60000", "2500", "150");

    for (size_t cut = 0; cut < size; cut += 7) {
        json_t *params = payload_of(bytes + cut, size - cut - 1);

        cr_expect_eq(rpc_world_code(&world, "public/submit_oracle_report",
                                    params, "payload"),
                     -32602, "%zu", cut);
    }
    cr_expect_eq(rpc_world_code(&world, "public/submit_oracle_report",
                                json_pack("{s{}}", "package"), "package"),
                 -32602);
    cr_expect_eq(
        rpc_world_code(&world, "public/submit_oracle_report",
                       json_pack("{s{} ss}", "package", "payload", "0x"),
                       "payload"),
        -32602);
    cr_expect_eq(engine_index(world.engine), 1);
}
