/*
 * PRIVATE to rpc/: what all signed methods share.
 */
#ifndef CLEARINGD_RPC_SIGNED_H
#define CLEARINGD_RPC_SIGNED_H

#include "rpc/call.h"
#include "rpc/decode.h"

/* Parameters -> typed message -> signature checked -> command and evidence.
 * `direction` as in typed_params_read. The call is a submit afterwards, or
 * answered with the error. */
void signed_prepare(struct rpc_call *call, const char *direction);

/* Answers with what decoding refused: -32602 for grammar, else its code. */
void signed_answer_fault(struct rpc_call *call,
                         const struct decode_fault *fault);

/* The refusal among the events of one leg, or NULL. */
const struct event *signed_refusal(const struct rpc_outcome *outcome,
                                   uint8_t leg);

/* Answers with the refusal of leg 0 if there is one: true. */
bool signed_refused(struct rpc_call *call, const struct rpc_outcome *outcome);

/* First event of a kind in a leg, or NULL. */
const struct event *signed_event(const struct rpc_outcome *outcome,
                                 enum event_kind kind, uint8_t leg);

/* Adds index and timestamp, answers. Takes the reference; NULL answers with
 * an internal error. */
void signed_answer(struct rpc_call *call, json_t *result,
                   const struct rpc_outcome *outcome);

#endif
