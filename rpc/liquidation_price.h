/*
 * PRIVATE to rpc/: at which mark of a market the account would become
 * liquidatable, all other prices standing still.
 */
#ifndef CLEARINGD_RPC_LIQUIDATION_PRICE_H
#define CLEARINGD_RPC_LIQUIDATION_PRICE_H

#include "engine/view.h"

/*
 * For a long the highest mark at which equity is below the maintenance
 * requirement, for a short the lowest; exact to 1e-8. 0: no mark from 0 to
 * the greatest price of the market's feed does it (or there is no position).
 * Pending funding and the values of collateral stay as they are.
 */
struct price rpc_liquidation_price(const struct genesis *genesis,
                                   const struct view_margin *margin,
                                   const struct view_position *position);

#endif
