/*
 * PRIVATE to rpc/: the Deribit root's way of writing. Clients made for
 * Deribit expect decimals as JSON numbers and two of its error codes.
 */
#ifndef CLEARINGD_RPC_DERIBIT_H
#define CLEARINGD_RPC_DERIBIT_H

#include <jansson.h>

/* Rewrites a result or an error in place; the references may be exchanged
 * for new ones. Either may be NULL. */
void deribit_translate(json_t **result, json_t **error);

#endif
