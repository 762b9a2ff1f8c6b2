/*
 * PRIVATE to the engine: walks over all records.
 */
#ifndef CLEARINGD_ENGINE_RECORDS_H
#define CLEARINGD_ENGINE_RECORDS_H

#include "engine/record_build.h"

/* Visits GLOBAL and every FEED, MARKET and ASSET: they are in every change
 * set. */
void records_network(const struct engine *engine, struct record_build *build,
                     record_visitor *visit, void *ctx);

/* Is there an order, a session key, in this slot below the pool's `used`? */
bool records_order_lives(const struct engine *engine, uint32_t order);
bool records_key_lives(const struct engine *engine, uint32_t key);

#endif
