/*
 * PRIVATE to rpc/: JSON parameters into a typed message: the table of
 * rpc/typed_types.h walked once.
 */
#ifndef CLEARINGD_RPC_TYPED_PARAMS_H
#define CLEARINGD_RPC_TYPED_PARAMS_H

#include "rpc/call.h"

/* Fills `message` (spans point into the call's params and `scratch`) from the
 * call's parameters; the kind is the method's. With `direction` not NULL the
 * method implies it: the parameter may be left out, a contradiction is
 * refused. False: the call is answered with the error. */
bool typed_params_read(struct rpc_call *call, struct typed_message *message,
                       struct typed_scratch *scratch, const char *direction);

#endif
