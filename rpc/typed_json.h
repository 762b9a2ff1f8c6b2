/*
 * Typed data as JSON, in the form wallets take (eth_signTypedData_v4): what
 * private/order_debug shows of a request. Not on any fast path.
 */
#ifndef CLEARINGD_RPC_TYPED_JSON_H
#define CLEARINGD_RPC_TYPED_JSON_H

#include "rpc/typed_data.h"

#include <jansson.h>

/* {domain, types, primaryType, message}; types hold EIP712Domain and what the
 * primary type reaches. 64-bit numbers are strings, 32-bit ones numbers. NULL
 * if memory is short or a text is not UTF-8. The caller owns the result. */
must_use json_t *typed_json_data(const struct typed_domain *domain,
                                 const struct typed_message *message);

/* {encoded_data, struct_hash, domain_separator, digest} as 0x hex; NULL if
 * memory is short. The caller owns the result. */
must_use json_t *typed_json_hashes(const struct typed_hasher *hasher,
                                   const struct hash32 *separator,
                                   const struct typed_message *message);

#endif
