/*
 * PRIVATE: orders that wait for a price. Per market, kind of price and
 * direction there is one heap, the next to fire on top.
 */
#ifndef CLEARINGD_ENGINE_ORDER_TRIGGER_H
#define CLEARINGD_ENGINE_ORDER_TRIGGER_H

#include "engine/state.h"

/* Is this a type that waits? */
bool order_trigger_is_type(uint8_t type);

/* Is there room for one more like this (market, side, type, trigger)? */
bool order_trigger_has_room(const struct engine *engine,
                            const struct order *order);

/* Puts a linked order (trigger set, not on the book) where it waits; there
 * must be room. Takes it out again; `trigger` stays. */
void order_trigger_wait(struct engine *engine, uint32_t order);
void order_trigger_leave(struct engine *engine, uint32_t order);

#endif
