/*
 * PRIVATE: what an owner or a session key has signed, from the checks that
 * every request passes to the command's own function.
 */
#ifndef CLEARINGD_ENGINE_REQUEST_H
#define CLEARINGD_ENGINE_REQUEST_H

#include "engine/order.h"

/*
 * Checks, in this order: expires (not past, at most 24 h ahead), the owner is
 * known, the nonce (a repeat is only told where its first outcome is), the
 * signer's authority; then does what the request asks. From the nonce on the
 * request has used its nonce, refused or not.
 */
void request_apply(struct engine *engine, const struct command *command);

/* Asks for the memory that the request will need. */
void request_prefetch(const struct engine *engine,
                      const struct command *command);

/* EVENT_REFUSED. */
void request_refuse(struct engine *engine, const struct refusal *refusal);

#endif
