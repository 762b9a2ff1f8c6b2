/*
 * PRIVATE to rpc/: who stands on a side of a movement of money: an account,
 * or one of the house's ledgers by name.
 */
#ifndef CLEARINGD_RPC_PARTY_H
#define CLEARINGD_RPC_PARTY_H

#include "engine/house.h"
#include "rpc/service.h"

bool party_is_house(const struct account_id *id);

/* The house's own ledger, as an account. */
struct account_id party_house(enum house house, uint32_t number);

/* {owner, subaccount}, or {house} with instrument_name or pool where the
 * ledger has one; a new reference, NULL if memory is short. */
json_t *party_write(const struct rpc_service *service,
                    const struct account_id *id);

#endif
