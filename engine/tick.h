/*
 * PRIVATE: everything that time does, in one fixed order.
 */
#ifndef CLEARINGD_ENGINE_TICK_H
#define CLEARINGD_ENGINE_TICK_H

#include "engine/state.h"

/* Requests and orders whose time is over; prices; funding; a new price epoch;
 * triggers; fee split; liquidations. */
void tick_apply(struct engine *engine);

#endif
