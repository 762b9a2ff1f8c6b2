/*
 * Evidence: the signed request in binary, kept in the journal beside the
 * command it became, so that an audit can check every signature from the
 * journal alone. Strings stand as they were sent ("0.10" is not "0.1").
 *
 *   kind u8
 *   kinds of enum typed_kind (1 to 127):
 *       the message's fields in typed order:
 *           address 20, bytes32 32, bool u8 0 or 1, integers little-endian,
 *           string u16 size and bytes, array u16 count and elements
 *       a leg of a Batch leaves out owner, subaccount, nonce and expires:
 *       they are the batch's own
 *       Deposit: n u8 (1 to 255), n x signature 65
 *       others:  signer 20, signature 65
 *   EVIDENCE_REPORT:
 *       size u32, the RedStone payload's bytes
 *
 * Nothing may follow. Kinds and layouts are final; new ones are appended.
 */
#ifndef CLEARINGD_RPC_EVIDENCE_H
#define CLEARINGD_RPC_EVIDENCE_H

#include "rpc/redstone.h"
#include "rpc/secp.h"
#include "rpc/typed_data.h"

#define EVIDENCE_REPORT 128

/* No evidence is longer: the largest is a Batch of the greatest texts. */
#define EVIDENCE_SIZE_MAX (160 * 1024)

struct evidence {
    uint8_t kind;                 /* enum typed_kind or EVIDENCE_REPORT */
    struct typed_message message; /* typed kinds */
    struct address signer;        /* typed kinds but Deposit: who signed */
    /* Typed kinds: one, for a Deposit 1 to 255. A span like the texts. */
    const struct secp_signature *signatures;
    size_t signatures_count;
    const uint8_t *payload; /* EVIDENCE_REPORT */
    size_t payload_size;
};

/* Writes the evidence; returns its size, or 0 when it does not fit into
 * `capacity`, a text or array is longer than its limit, or a leg of a Batch
 * does not carry the batch's own values. */
must_use size_t evidence_encode(uint8_t *bytes, size_t capacity,
                                const struct evidence *evidence);

/* Reads evidence; its spans point into bytes and scratch. False unless bytes
 * are exactly what evidence_encode writes for some evidence. */
must_use bool evidence_decode(struct evidence *evidence,
                              struct typed_scratch *scratch,
                              const uint8_t *bytes, size_t size);

/* The digest the signatures are of, for typed kinds; false for others. */
must_use bool evidence_digest(const struct typed_hasher *hasher,
                              struct hash32 *digest,
                              const struct hash32 *separator,
                              const struct evidence *evidence);

#endif
