/*
 * PRIVATE: premium samples and the cumulative funding index (rule 17). What
 * a position owes by it is settled when it is touched (engine/position.h).
 */
#ifndef CLEARINGD_ENGINE_FUNDING_H
#define CLEARINGD_ENGINE_FUNDING_H

#include "engine/state.h"

/* Tick, after mark_tick: takes a premium sample of each market, closes
 * minutes of the clock, and at the end of a funding interval of the clock
 * moves the funding index (EVENT_FUNDING). True when an index moved. */
bool funding_tick(struct engine *engine);

#endif
