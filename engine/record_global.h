/*
 * PRIVATE to the engine: the records GLOBAL and ASSET.
 */
#ifndef CLEARINGD_ENGINE_RECORD_GLOBAL_H
#define CLEARINGD_ENGINE_RECORD_GLOBAL_H

#include "engine/record_build.h"

/* Key and value of the record, as the engine is. */
void record_global_put(const struct engine *engine, struct record_build *build);
void record_asset_put(const struct engine *engine, uint16_t asset,
                      struct record_build *build);

/* Takes the record into the engine. Bytes that are none make a reader bad. */
void record_global_get(struct engine *engine, struct bytes_reader *value);
void record_asset_get(struct engine *engine, struct bytes_reader *key,
                      struct bytes_reader *value);

#endif
