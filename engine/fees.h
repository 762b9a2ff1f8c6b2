/*
 * PRIVATE: trading fees (rule 20).
 */
#ifndef CLEARINGD_ENGINE_FEES_H
#define CLEARINGD_ENGINE_FEES_H

#include "engine/state.h"

/* What a fill costs the maker and the taker: rates of their tiers, charged
 * up, rebates down and never above the taker's fee of the same fill. */
void fees_of_fill(const struct engine *engine, uint32_t maker, uint32_t taker,
                  struct amount quote, struct amount *maker_fee,
                  struct amount *taker_fee);

/* The most a fill of this value can cost the account as a taker. */
struct amount fees_taker_max(const struct engine *engine, uint32_t account,
                             struct amount quote);

/* Moves a fee (or, negative, a rebate) between the account and HOUSE_FEES. */
void fees_charge(struct engine *engine, uint32_t account, struct amount fee,
                 uint16_t market, uint64_t trade_id);

/* Counts a fill into the account's trailing volume (where the schedule has
 * more than one tier). */
void fees_count_volume(struct engine *engine, uint32_t account,
                       struct amount quote);

/* Volume of today and the VOLUME_DAYS - 1 days before, and the tier it gives:
 * an index into the schedule. */
struct amount fees_volume(const struct engine *engine, uint32_t account);
uint32_t fees_tier(const struct engine *engine, uint32_t account);

/* Tick: splits what HOUSE_FEES holds; the remainder to the fund. */
void fees_split(struct engine *engine);

#endif
