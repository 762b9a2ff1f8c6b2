/*
 * PRIVATE to rpc/: bars for charts, made from the trades of the history.
 */
#ifndef CLEARINGD_RPC_CHART_H
#define CLEARINGD_RPC_CHART_H

#include "rpc/call.h"

/* public/get_tradingview_chart_data. */
void chart_history(struct rpc_call *call, const struct rpc_node *node,
                   uint64_t index);

#endif
