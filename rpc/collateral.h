/*
 * PRIVATE to rpc/: what a collateral balance counts for, from the engine's
 * views by the rule of SPEC, collateral value.
 */
#ifndef CLEARINGD_RPC_COLLATERAL_H
#define CLEARINGD_RPC_COLLATERAL_H

#include "engine/view.h"
#include "rpc/service.h"

#include <jansson.h>

struct collateral {
    struct amount initial, maintenance; /* settlement units, down */
    struct rate effective;              /* initial weight with size and c */
};

/* Value of an amount >= 0; the settlement asset counts as it is. */
struct collateral collateral_of(const struct engine *engine, uint16_t asset,
                                struct amount amount);

/* The most of `amount` whose leaving lowers the initial value by at most
 * `free` settlement units. */
struct amount collateral_releasable(const struct engine *engine, uint16_t asset,
                                    struct amount amount, struct amount free);

/* One row for every asset the account holds (or owes); a new reference, NULL
 * if memory is short. */
json_t *collateral_rows(const struct rpc_service *service,
                        const struct engine *engine,
                        const struct view_account *account);

#endif
