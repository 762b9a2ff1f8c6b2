/*
 * PRIVATE: the waterfall (rules 6 to 10, 12): who is unsafe, and what is
 * done about it, step by step, in ticks.
 */
#ifndef CLEARINGD_ENGINE_LIQUIDATION_H
#define CLEARINGD_ENGINE_LIQUIDATION_H

#include "engine/state.h"

/* Tick: examines every account whose health may have changed, most
 * underwater first, and takes at most one step per position. */
void liquidation_tick(struct engine *engine);

#endif
