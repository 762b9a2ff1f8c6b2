/*
 * The daemon's side of the operator's methods: their parameters and answers
 * without the daemon having to know JSON.
 */
#ifndef CLEARINGD_RPC_ADMIN_H
#define CLEARINGD_RPC_ADMIN_H

#include "rpc/message.h"

struct rpc_admin_counts {
    uint64_t connections, queued, held, history_bytes, trades, requests;
};

/* Parameters, checked before by the method table. */
bool rpc_admin_integer(const struct rpc_call *call, const char *name,
                       int64_t *value);
const char *rpc_admin_text(const struct rpc_call *call, const char *name);

/* Answers. */
void rpc_admin_answer_time(struct rpc_call *call, uint64_t index,
                           struct nanos time);
void rpc_admin_answer_status(struct rpc_call *call,
                             const struct rpc_node_status *status,
                             const struct rpc_admin_counts *counts);
void rpc_admin_answer_text(struct rpc_call *call, const char *name,
                           const char *text);
void rpc_admin_answer_index(struct rpc_call *call, const char *name,
                            uint64_t index);
void rpc_admin_refuse(struct rpc_call *call, const char *param,
                      const char *reason);

#endif
