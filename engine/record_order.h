/*
 * PRIVATE to the engine: the record ORDER.
 */
#ifndef CLEARINGD_ENGINE_RECORD_ORDER_H
#define CLEARINGD_ENGINE_RECORD_ORDER_H

#include "engine/record_build.h"

/* Key and value of the record, as the engine is. */
void record_order_put(const struct engine *engine, uint32_t order,
                      struct record_build *build);

/* The key of an order that is no more. */
void record_order_put_key(uint64_t id, struct record_build *build);

/* Takes the record into the engine and links the order everywhere, opening
 * its account and position where their record comes later. Bytes that are
 * none, an id that is there, or no room make a reader bad. */
void record_order_get(struct engine *engine, struct bytes_reader *key,
                      struct bytes_reader *value);

#endif
