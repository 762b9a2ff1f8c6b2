/*
 * Is the state what the journal says: `clearing-cli audit` on the node's
 * directory, as anybody would run it.
 */
#ifndef CLEARINGD_CMD_CLEARING_REPLAY_PROOF_H
#define CLEARINGD_CMD_CLEARING_REPLAY_PROOF_H

#include "cmd/clearing-replay/node.h"

/* The audit's JSON; NULL: it could not be run or found a difference (said on
 * stderr by the audit itself). The caller owns it. */
json_t *proof_of(const struct node *node, bool is_quiet);

#endif
