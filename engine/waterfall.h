/*
 * PRIVATE: closing one position of an account in liquidation: through the
 * book, beyond the bankruptcy price with the fund's money, against winners;
 * each only where the one before could do no more (rules 7 to 10 and 12).
 */
#ifndef CLEARINGD_ENGINE_WATERFALL_H
#define CLEARINGD_ENGINE_WATERFALL_H

#include "engine/state.h"

/* May positions of this market be closed now: its price valid or uncertain,
 * the market not quarantined. */
bool waterfall_is_open(const struct engine *engine, uint16_t market);

/*
 * One turn of the account's position in an open market; it must have a size.
 *
 * With equity left: one capped step through the book; where that fills
 * nothing, the same step with the fund's money. Without: all of it through
 * the book, then with the fund's money, what remains against winners.
 * An EVENT_LIQUIDATION for each step that closed something.
 */
void waterfall_turn(struct engine *engine, uint32_t account, uint16_t market);

/* An event with the account's figures as they are now; the caller fills in
 * what its step did, then emits. */
void waterfall_event(struct engine *engine, uint32_t account, uint16_t market,
                     uint8_t step, struct event *event);

#endif
