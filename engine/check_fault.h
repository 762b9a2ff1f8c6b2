/*
 * PRIVATE to the engine: how the parts of engine_check tell what they found.
 * A part returns true when all holds, else false with the fault set.
 */
#ifndef CLEARINGD_ENGINE_CHECK_FAULT_H
#define CLEARINGD_ENGINE_CHECK_FAULT_H

#include "engine/engine.h"

/* Sets the fault (text cut at its room) and returns false. */
static inline bool check_fault(struct engine_fault *fault, const char *what,
                               uint32_t market, uint32_t account)
{
    size_t at = 0;

    for (; what[at] != '\0' && at + 1 < sizeof fault->what; at++)
        fault->what[at] = what[at];
    fault->what[at] = '\0';
    fault->market = market;
    fault->account = account;
    return false;
}

#endif
