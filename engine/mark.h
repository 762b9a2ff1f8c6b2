/*
 * PRIVATE: mark prices (rule 16). Funding is engine/funding.h.
 */
#ifndef CLEARINGD_ENGINE_MARK_H
#define CLEARINGD_ENGINE_MARK_H

#include "engine/state.h"

/* Tick, after oracle_tick: new marks of all markets with a usable index,
 * EVENT_MARK where one changed. A market whose price is stale or not positive
 * keeps its last mark. True when any changed. */
bool mark_tick(struct engine *engine);

#endif
