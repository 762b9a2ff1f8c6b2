/*
 * Private keys in files: the Web3 Secret Storage definition, version 3, as
 * wallets write and read it. Key derivation by scrypt or PBKDF2-HMAC-SHA-256,
 * AES-128-CTR, and a Keccak-256 code over derived key and ciphertext that is
 * compared in constant time before anything is decrypted.
 *
 * A file may come from a stranger. Before any work is done, its costs are
 * held against the bounds below: a file beyond them is KEYSTORE_LIMITS.
 */
#ifndef CLEARINGD_RPC_KEYSTORE_H
#define CLEARINGD_RPC_KEYSTORE_H

#include "rpc/secp.h"

/* Bounds on what a file may ask for: memory of scrypt (128 * n * r), its work
 * (n * r * p, twice the standard's), rounds of PBKDF2, size of the file. */
#define KEYSTORE_SCRYPT_BYTES_MAX (256u << 20)
#define KEYSTORE_SCRYPT_WORK_MAX (1u << 22)
#define KEYSTORE_PBKDF2_ROUNDS_MAX (1u << 21)
#define KEYSTORE_SIZE_MAX 16384
#define KEYSTORE_SALT_SIZE_MAX 64

/* Room for what keystore_encrypt writes, with the final NUL. */
#define KEYSTORE_TEXT_SIZE 640

enum keystore_status {
    KEYSTORE_OK,
    KEYSTORE_MALFORMED,   /* not JSON of this form */
    KEYSTORE_UNSUPPORTED, /* another version, cipher or derivation */
    KEYSTORE_LIMITS,      /* costs beyond the bounds */
    KEYSTORE_PASSWORD,    /* the code differs: wrong password or damaged */
    KEYSTORE_KEY,         /* the content is no key, or not the named address */
    KEYSTORE_MEMORY,      /* memory or randomness is short */
};

/* scrypt with r = 8, p = 1. */
enum keystore_strength {
    KEYSTORE_LIGHT,    /* n = 2^13: 8 MB, tens of milliseconds */
    KEYSTORE_STANDARD, /* n = 2^18: 256 MB, about a second */
};

/* Opens a key file. *key is set only when KEYSTORE_OK; the caller wipes it.
 * Blocks for up to two or three seconds: not for an event loop. */
must_use enum keystore_status keystore_decrypt(struct secp_private *key,
                                               const char *text, size_t size,
                                               const char *password,
                                               size_t password_size);

/* Writes a key file as one line of JSON and NUL, with fresh salt, IV and id.
 * KEYSTORE_OK, KEYSTORE_KEY or KEYSTORE_MEMORY. */
must_use enum keystore_status keystore_encrypt(char text[KEYSTORE_TEXT_SIZE],
                                               const struct secp_private *key,
                                               const char *password,
                                               size_t password_size,
                                               enum keystore_strength strength);

/* A word on each status for people. */
const char *keystore_status_text(enum keystore_status status);

#endif
