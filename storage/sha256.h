/*
 * SHA-256, the one hash of everything that is ours on disk and in proofs; a
 * thin cover over nettle, so that the rest of the room names no library.
 */
#ifndef CLEARINGD_STORAGE_SHA256_H
#define CLEARINGD_STORAGE_SHA256_H

#include "engine/units.h"
#include <nettle/sha2.h>

#define HASH32_BYTES 32

/* struct hash32, the value itself, is the engine's: the bytes in the order the
 * algorithm gives them. */
STATIC_CHECK(sizeof(struct hash32) == HASH32_BYTES);

struct sha256 {
    struct sha256_ctx context;
};

/* Starts a message, feeds len bytes (may be 0), ends it. The names keep clear
 * of nettle's macros. */
void sha256_begin(struct sha256 *hash);
void sha256_feed(struct sha256 *hash, const void *data, size_t len);
void sha256_end(struct hash32 *out, struct sha256 *hash);

/* The hash of len bytes in one call. */
void sha256(struct hash32 *out, const void *data, size_t len);

bool hash32_equal(const struct hash32 *left, const struct hash32 *right);

#endif
