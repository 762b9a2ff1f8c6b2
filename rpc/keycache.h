/*
 * Public keys of signers seen before, by address: checking a signature under
 * a known key is cheaper than recovering the key.
 *
 * A table of sets of four entries, its size fixed at creation; a full set
 * gives up its entries in turn. Each entry is a sequence lock: readers copy
 * and look whether a writer was there, writers that meet another writer go
 * away, as a lost insertion only costs one more recovery. Nobody waits. The
 * set of an address depends on a secret, so that nobody can aim addresses at
 * one set.
 *
 * The answer never depends on what happens to be cached: see
 * keycache_check_signature.
 */
#ifndef CLEARINGD_RPC_KEYCACHE_H
#define CLEARINGD_RPC_KEYCACHE_H

#include "rpc/secp.h"

struct keycache;

/* Room for at least `capacity` keys (1 to 2^24), 96 bytes each, rounded up to
 * a power of two. NULL if memory is short. The caller destroys it. */
must_use struct keycache *keycache_create(size_t capacity);

/* Takes NULL too. */
void keycache_destroy(struct keycache *cache);

/* Whether the address's key is known; any thread. */
must_use bool keycache_find(const struct keycache *cache,
                            struct secp_public *key,
                            const struct address *address);

/* Remembers a key; it must be the address's. Any thread. */
void keycache_insert(struct keycache *cache, const struct address *address,
                     const struct secp_public *key);

/* Whether `claimed` signed the digest; any thread. Under the known key if
 * there is one, else by recovery, and then the key is remembered. A
 * signature whose v is the other of 27 and 28 is treated alike in both cases:
 * it is the claimed signer's and is accepted. SECP_MISMATCH if somebody else
 * signed, or something else was signed; the form's own statuses otherwise. */
must_use enum secp_status
keycache_check_signature(struct keycache *cache, const struct hash32 *digest,
                         const struct secp_signature *signature,
                         const struct address *claimed);

#endif
