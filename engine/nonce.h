/*
 * PRIVATE: once-only requests (rule 21). Used nonces are remembered until
 * their request's `expires`, in chunks of NONCE_CHUNK by arrival (one record
 * a chunk; it goes when all its requests are dead), found through a hash
 * index, and let go by a wheel of seconds at ticks.
 */
#ifndef CLEARINGD_ENGINE_NONCE_H
#define CLEARINGD_ENGINE_NONCE_H

#include "engine/state.h"

#define NONCE_CHUNK 256

enum nonce_outcome {
    NONCE_FRESH,  /* remembered now */
    NONCE_REPEAT, /* the identical request: *index is its first one */
    NONCE_USED,   /* another request has it */
    NONCE_FULL,   /* the signer's window or the node's is full */
};

/* How many chunks there can be at once. */
uint32_t nonce_chunk_capacity(uint32_t nonces);

size_t nonce_footprint(const struct genesis *genesis);
struct nonces *nonce_init(void *memory, const struct genesis *genesis);

/* Looks the request up and, when fresh, remembers it under the engine's
 * index. `is_reserved`: a cancel, reduction or revocation, which may use the
 * part of the window set apart. */
enum nonce_outcome nonce_use(struct engine *engine,
                             const struct request *request, bool is_reserved,
                             uint64_t *index);

/* Asks for the memory that nonce_use will need. */
void nonce_prefetch(const struct engine *engine, const struct request *request);

/* Tick: forgets requests whose second of `expires` has passed. Until then a
 * dead one still counts in its signer's window; its nonce is free for another
 * request from `expires` on. */
void nonce_expire(struct engine *engine);

/* Records of chunks. Visits the chunk numbers alive, ascending. */
void nonce_each_chunk(const struct engine *engine,
                      void (*visit)(void *ctx, uint64_t chunk), void *ctx);
/* The entries of a chunk in arrival order, dead ones included while the
 * chunk lives; returns how many. NULL and 0 when there is no such chunk. */
uint32_t nonce_chunk(const struct engine *engine, uint64_t chunk,
                     const struct nonce **entries);
/* Loading: appends an entry to a chunk; false when there is no room. */
must_use bool nonce_load(struct engine *engine, uint64_t chunk,
                         const struct nonce *entry);
/* After the last nonce_load, and after the engine's tick_time is loaded:
 * forgets what was forgotten when the records were written. */
void nonce_load_end(struct engine *engine);

/* How many are alive: for metrics. */
uint32_t nonce_count(const struct engine *engine);

#endif
