/*
 * The password hash scrypt, RFC 7914. OpenSSL's refuses n >= 2^(16 r), which
 * the RFC asks for and the Web3 Secret Storage definition's own example and
 * some wallets' files (n = 2^18, r = 1, p = 8) don't keep to; the computation
 * is the same beyond it, so that those files open too.
 */
#ifndef CLEARINGD_RPC_SCRYPT_H
#define CLEARINGD_RPC_SCRYPT_H

#include "engine/base.h"

struct scrypt_cost {
    uint32_t n; /* rounds: a power of two, 2 and above */
    uint32_t r; /* block: 128 * r bytes; 1 to SCRYPT_R_MAX */
    uint32_t p; /* independent runs; 1 to SCRYPT_P_MAX */
};

#define SCRYPT_R_MAX 64
#define SCRYPT_P_MAX 64

/* Takes 128 * n * r bytes of memory while it runs and wipes them. False only
 * if they can't be had. The cost must be within the ranges above. */
must_use bool scrypt_derive(uint8_t *derived, size_t size, const char *password,
                            size_t password_size, const uint8_t *salt,
                            size_t salt_size, const struct scrypt_cost *cost);

#endif
