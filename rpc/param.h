/*
 * PRIVATE to rpc/: enforcing the method table on parameters.
 */
#ifndef CLEARINGD_RPC_PARAM_H
#define CLEARINGD_RPC_PARAM_H

#include "rpc/call.h"

/* Checks names, types and ranges of the call's parameters against its method
 * (the table's own, the fields of its typed message, signature and signer).
 * False: the call is answered with the error. */
bool param_check(struct rpc_call *call);

/* Fills params from a query string's texts by the method's table. False: the
 * call is answered with the error. */
bool param_from_query(struct rpc_call *call,
                      const struct rpc_query_param *params, size_t count);

/* A 64-bit number: decimal string or JSON integer of 0 to 2^53-1. */
bool param_number64_of(const json_t *value, uint64_t *number);

#endif
