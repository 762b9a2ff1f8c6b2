/*
 * PRIVATE: sub-accounts and the house's ledgers, one table.
 */
#ifndef CLEARINGD_ENGINE_ACCOUNT_H
#define CLEARINGD_ENGINE_ACCOUNT_H

#include "engine/state.h"

/* Slot, or NONE when it was never opened. */
uint32_t account_find(const struct engine *engine, const struct account_id *id);

/* The slot, opening the account when there is none; NONE: no room. House
 * accounts are opened by engine_init, in the order of house_slot. */
uint32_t account_open(struct engine *engine, const struct account_id *id);

/* Slot of a house ledger; `number` is the market of clearing and funding, the
 * pool of insurance, 0 otherwise. */
uint32_t house_slot(const struct engine *engine, enum house house,
                    uint32_t number);

/* How many house accounts a genesis needs (they count in its capacity), and
 * the identity of the one that stands at a slot below that. */
uint32_t house_count(const struct genesis *genesis);
struct account_id house_id(const struct genesis *genesis, uint32_t slot);

/* Slot of the owner's first account, NONE when there is none; owner_next leads
 * to the others. */
uint32_t account_of_owner(const struct engine *engine,
                          const struct address *owner);

/* Has any sub-account of this owner been opened? (unknown_account) The house
 * is nobody that could ask for something. */
bool account_owner_known(const struct engine *engine,
                         const struct address *owner);

/* Its record must be written again; a user's account is also examined for
 * health at the next tick. */
void account_touch(struct engine *engine, uint32_t account);

#endif
