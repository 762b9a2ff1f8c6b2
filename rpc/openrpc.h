/*
 * PRIVATE to rpc/: the OpenRPC document, made from the method table.
 */
#ifndef CLEARINGD_RPC_OPENRPC_H
#define CLEARINGD_RPC_OPENRPC_H

#include "rpc/method.h"

/* The whole document; NULL if memory is short. The caller owns it. `url` is
 * the server's address for tools that call it. */
json_t *openrpc_document(const char *version, const char *url);

#endif
