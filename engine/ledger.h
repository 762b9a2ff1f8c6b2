/*
 * PRIVATE: the only way money moves. One call is one double entry.
 */
#ifndef CLEARINGD_ENGINE_LEDGER_H
#define CLEARINGD_ENGINE_LEDGER_H

#include "engine/state.h"

/* Moves amount >= 0 of an asset from one account slot to another, touches
 * both, keeps assets[].deposited (sum of the users' balances), emits
 * EVENT_LEDGER. Zero moves nothing and emits nothing. The caller has checked
 * that the move is allowed; balances may become negative only in the
 * settlement asset or in a house ledger. `market` MARKET_ALL: none;
 * `reference` a trade, order or withdrawal id, or 0. */
void ledger_move(struct engine *engine, uint32_t from, uint32_t to,
                 uint16_t asset, struct amount amount, enum ledger_code code,
                 uint16_t market, uint64_t reference);

/* The same with a sign: a negative amount goes the other way. */
void ledger_move_signed(struct engine *engine, uint32_t from, uint32_t to,
                        uint16_t asset, struct amount amount,
                        enum ledger_code code, uint16_t market,
                        uint64_t reference);

#endif
