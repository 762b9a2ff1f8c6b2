/*
 * PRIVATE: session keys: what a key other than the owner's may do.
 */
#ifndef CLEARINGD_ENGINE_KEY_H
#define CLEARINGD_ENGINE_KEY_H

#include "engine/order.h"

/* NULL when there is none. Borrowed until the next change of keys. */
const struct key *key_find(const struct engine *engine,
                           const struct address *owner,
                           const struct address *key);

/* May the request's signer act with `scope` for its sub-account? Sets *key
 * to NULL when the owner signed. Order: key known, alive, scope, sub-account.
 * A trade scope contains cancel. */
enum result key_authorise(const struct engine *engine,
                          const struct request *request, uint32_t scope,
                          const struct key **key);

/* Is the sub-account, the market in the key's list (or the list empty)? */
bool key_allows_subaccount(const struct key *key, uint32_t subaccount);
bool key_allows_market(const struct key *key, uint16_t market);

/* Would the sub-account's exposure stay within the key's limit with this
 * order? Exposure: the sum over its markets of the notional at the mark of
 * the greater of |q + buys| and |q - sells|. An order that can only reduce
 * always may. */
bool key_allows_order(const struct engine *engine, const struct key *key,
                      uint32_t account, uint16_t market, enum side side,
                      struct qty size);

struct refusal key_authorize_apply(struct engine *engine,
                                   const struct command *command);
struct refusal key_revoke_apply(struct engine *engine,
                                const struct command *command);

/* Loading: takes a key as it was. False: it is there already, or no room. */
must_use bool key_load(struct engine *engine, const struct key *key);

#endif
