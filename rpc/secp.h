/*
 * secp256k1 signatures as Ethereum writes them: r(32) s(32) v(1), big-endian,
 * s in the lower half of the order, v 27 or 28.
 *
 * One library context serves the process. It is made on first use and
 * blinded with kernel randomness once, before any thread can see it; after
 * that it is only read, so every function here may run in any thread.
 *
 * Recovery always finds some address, for a wrong message too: the result
 * means something only after comparison with an expected address.
 */
#ifndef CLEARINGD_RPC_SECP_H
#define CLEARINGD_RPC_SECP_H

#include "engine/units.h"

struct secp_signature {
    uint8_t bytes[65];
};

/* A private key; wipe it with secp_private_wipe when done. */
struct secp_private {
    uint8_t bytes[32];
};

/* A parsed public key in the library's own form (secp256k1_pubkey): only for
 * this machine's memory, never for disk or wire. */
struct secp_public {
    uint8_t bytes[64];
};

enum secp_status {
    SECP_OK,
    SECP_RECOVERY_ID, /* v is neither 27 nor 28 */
    SECP_MALFORMED,   /* r or s is zero or not below the order */
    SECP_HIGH_S,      /* the twin with s in the upper half */
    SECP_MISMATCH,    /* well formed, but not this signer's for this digest */
};

/* The v, range and low-s rules alone; no curve arithmetic. One of the first
 * four statuses. */
must_use enum secp_status
secp_check_form(const struct secp_signature *signature);

/* The key that signed the digest, if any could have. SECP_MISMATCH when r
 * belongs to no point. */
must_use enum secp_status secp_recover(struct secp_public *key,
                                       const struct hash32 *digest,
                                       const struct secp_signature *signature);

/* The address that signed the digest: secp_recover and secp_address. */
must_use enum secp_status
secp_recover_address(struct address *signer, const struct hash32 *digest,
                     const struct secp_signature *signature);

/* Whether (r, s) is the key's signature of the digest. v must be 27 or 28,
 * which of the two is not looked at. */
must_use enum secp_status secp_verify(const struct secp_public *key,
                                      const struct hash32 *digest,
                                      const struct secp_signature *signature);

/* Signs with the deterministic nonce of RFC 6979: the bytes equal those of
 * other Ethereum libraries. False if the private key is zero or not below the
 * order. */
must_use bool secp_sign(struct secp_signature *signature,
                        const struct secp_private *key,
                        const struct hash32 *digest);

/* False if the private key is zero or not below the order. */
must_use bool secp_public_of(struct secp_public *public_key,
                             const struct secp_private *key);

/* The last 20 bytes of the Keccak-256 of the key's x and y. */
void secp_address(struct address *address, const struct secp_public *key);

/* Address of a private key; false as secp_public_of. */
must_use bool secp_private_address(struct address *address,
                                   const struct secp_private *key);

/* Overwrites the key in a way the compiler keeps. */
void secp_private_wipe(struct secp_private *key);

/* The digest of an EIP-191 personal message: Keccak-256 of
 * "\x19Ethereum Signed Message:\n", the decimal size, the message. */
void secp_personal_digest(struct hash32 *digest, const void *message,
                          size_t size);

#endif
