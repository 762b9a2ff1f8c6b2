/*
 * PRIVATE: money in, out and between sub-accounts.
 */
#ifndef CLEARINGD_ENGINE_MONEY_H
#define CLEARINGD_ENGINE_MONEY_H

#include "engine/order.h"

/* Counts the validators' signatures of one deposit message; credits at the
 * threshold, once for ever per reference. */
struct refusal deposit_apply(struct engine *engine,
                             const struct command *command);

/* `key` NULL: the owner signed; else the target must be in the key's list of
 * sub-accounts, too. */
struct refusal transfer_apply(struct engine *engine, uint32_t account,
                              const struct command *command,
                              const struct key *key);

/* Debits the account into HOUSE_WITHDRAWALS and records the withdrawal. */
struct refusal withdraw_apply(struct engine *engine, uint32_t account,
                              const struct command *command);

/* Loading: takes a deposit, a withdrawal as it was. False: it is there
 * already, or no room. */
must_use bool deposit_load(struct engine *engine,
                           const struct deposit *deposit);
must_use bool withdrawal_load(struct engine *engine,
                              const struct withdrawal *withdrawal);

struct refusal leverage_apply(struct engine *engine, uint32_t account,
                              const struct command *command,
                              const struct key *key);

#endif
