/*
 * PRIVATE: the insurance fund of a pool of markets: what it may pay, and
 * paying. Its balance is HOUSE_INSURANCE's and never negative.
 */
#ifndef CLEARINGD_ENGINE_INSURANCE_H
#define CLEARINGD_ENGINE_INSURANCE_H

#include "engine/state.h"

/* The fund that stands behind this market. */
struct amount insurance_balance(const struct engine *engine, uint16_t market);

/* What it may still pay beyond bankruptcy prices in this market now: within
 * its balance, its share of the day's (of the clock; of what it held when the
 * day was first asked about) and its most a minute. Turns the windows. */
struct amount insurance_available(struct engine *engine, uint16_t market);

/* Pays the account for a close beyond its bankruptcy price; amount is at most
 * what is available. */
void insurance_pay(struct engine *engine, uint16_t market, uint32_t account,
                   struct amount amount);

/* Takes a liquidation fee for the fund. */
void insurance_take(struct engine *engine, uint16_t market, uint32_t account,
                    struct amount amount);

/* Is there any money for a deficit? */
bool insurance_can_cover(const struct engine *engine);

/* Pays as much as there is of what an account is short of; returns it. */
struct amount insurance_cover(struct engine *engine, uint32_t account,
                              struct amount deficit);

#endif
