/*
 * PRIVATE to the engine: the records KEY and NONCES.
 */
#ifndef CLEARINGD_ENGINE_RECORD_KEY_H
#define CLEARINGD_ENGINE_RECORD_KEY_H

#include "engine/record_build.h"

/* Key and value of the record, as the engine is. */
void record_key_put(const struct engine *engine, uint32_t key,
                    struct record_build *build);

/* The chunk must be there. */
void record_nonces_put(const struct engine *engine, uint64_t chunk,
                       struct record_build *build);

/* The keys of what is no more. */
void record_key_put_key(const struct address *owner, const struct address *key,
                        struct record_build *build);
void record_nonces_put_key(uint64_t chunk, struct record_build *build);

/* Takes the record into the engine. Bytes that are none, a key that is there,
 * or no room make a reader bad. */
void record_key_get(struct engine *engine, struct bytes_reader *key,
                    struct bytes_reader *value);
void record_nonces_get(struct engine *engine, struct bytes_reader *key,
                       struct bytes_reader *value);

#endif
