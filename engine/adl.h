/*
 * PRIVATE: auto-deleveraging (rule 12): the last way to close a position,
 * against the accounts on its other side. The plan is engine/adl_rules.h's.
 */
#ifndef CLEARINGD_ENGINE_ADL_H
#define CLEARINGD_ENGINE_ADL_H

#include "engine/adl_rules.h"
#include "engine/state.h"

/* Everyone on the other side of this position, in identity order, as shares
 * in health_scratch; the same for a preview. Returns how many. Costs work in
 * proportion to the market's holders. */
uint32_t adl_gather(struct engine *engine, uint32_t position);

/* Would gathering once more stay within the work of one tick? The first in a
 * tick always does. */
bool adl_has_time(struct engine *engine, uint16_t market);

/* Closes the whole of an account's position at `quote` (signed as what the
 * account receives at its bankruptcy price). One EVENT_ADL for each account
 * on the other side. Returns what the account received (+) or paid (-); what
 * is left open stands in the position. */
struct amount adl_close(struct engine *engine, uint32_t account,
                        uint16_t market, struct amount quote);

#endif
