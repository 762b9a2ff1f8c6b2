/*
 * PRIVATE to the engine: the record MARKET.
 */
#ifndef CLEARINGD_ENGINE_RECORD_MARKET_H
#define CLEARINGD_ENGINE_RECORD_MARKET_H

#include "engine/record_build.h"

/* Key and value of the record, as the engine is. */
void record_market_put(const struct engine *engine, uint16_t market,
                       struct record_build *build);

/* Takes the record into the engine. Bytes that are none make a reader bad. */
void record_market_get(struct engine *engine, struct bytes_reader *key,
                       struct bytes_reader *value);

#endif
