/*
 * PRIVATE: which records a command changed, for checkpoints and the state
 * tree. Off in the live engine; then the calls cost one test.
 */
#ifndef CLEARINGD_ENGINE_CHANGES_H
#define CLEARINGD_ENGINE_CHANGES_H

#include "engine/state.h"

size_t changes_footprint(const struct genesis *genesis);
struct changes *changes_init(void *memory, const struct genesis *genesis);

/* The record of this kind and slot (or number) has to be written again.
 * GLOBAL, FEED, MARKET, ASSET records are always written with every change
 * set and need no call. Call before freeing a slot, too: for an ended order,
 * key, withdrawal or nonce chunk call changes_gone with its identity. */
void changes_account(struct engine *engine, uint32_t account);
void changes_order(struct engine *engine, uint32_t order);
void changes_key(struct engine *engine, uint32_t key);
void changes_deposit(struct engine *engine, uint32_t deposit);
void changes_withdrawal(struct engine *engine, uint32_t withdrawal);
void changes_nonces(struct engine *engine, uint64_t chunk);
void changes_order_gone(struct engine *engine, uint32_t order);
void changes_key_gone(struct engine *engine, uint32_t key);
void changes_nonces_gone(struct engine *engine, uint64_t chunk);

#endif
