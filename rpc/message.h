/*
 * One framed message - a JSON-RPC call or a batch of them - from its bytes to
 * its reply.
 *
 *   worker thread   rpc_message_parse: JSON, method table, parameters,
 *                   typed-data hash, signature; each call then is one of
 *                   enum rpc_call_kind
 *   loop thread     in the order of arrival, call by call: rpc_call_read for
 *                   reads, the pipeline applies the command of a submit and
 *                   gives its events to rpc_call_outcome, admin calls go to
 *                   the daemon
 *   reader thread   rpc_call_history for history calls
 *   loop thread     when every call is done: rpc_message_reply, held until
 *                   the applied index of the message is durable
 *
 * A message belongs to one thread at a time. Nothing here logs or blocks
 * (history calls may, on disk).
 */
#ifndef CLEARINGD_RPC_MESSAGE_H
#define CLEARINGD_RPC_MESSAGE_H

#include "rpc/node.h"
#include "rpc/service.h"

enum rpc_transport {
    RPC_UNIX, /* may call admin methods */
    RPC_HTTP_POST,
    RPC_HTTP_GET, /* never submits */
    RPC_WEBSOCKET,
};

enum rpc_call_kind {
    RPC_DONE,    /* answered: an error, or needs no state */
    RPC_READ,    /* wants the engine, on the loop thread */
    RPC_HISTORY, /* wants past events or blocks, off the loop thread */
    RPC_SUBMIT,  /* carries a command to be sequenced */
    RPC_ADMIN,   /* the daemon's own: rpc_call_method names it */
};

/* How urgent a message is at the door of a loaded node, guessed from its
 * bytes alone without parsing: cancels, oracle reports, deposits and admin
 * calls first. A wrong guess costs nothing but its place. */
enum rpc_urgency {
    RPC_URGENT,
    RPC_NORMAL,
};

/* How decimals are written. The Deribit root answers with JSON numbers of up
 * to 15 significant digits and with Deribit's codes for busy and not ready. */
enum rpc_dialect {
    RPC_EXACT,
    RPC_DERIBIT,
};

struct rpc_message;
struct rpc_call;

enum rpc_urgency rpc_peek_urgency(const char *bytes, size_t size);

/* Parses; never NULL but when memory is short. Any thread. `received_us` is
 * the wall clock in microseconds when the message came, for usIn. */
struct rpc_message *rpc_message_parse(const struct rpc_service *service,
                                      enum rpc_transport transport,
                                      const char *bytes, size_t size,
                                      uint64_t received_us);

/* The same for GET: the method from the path ("public/ticker"), parameters
 * as decoded name=value texts, converted by the method's table. */
struct rpc_query_param {
    const char *name, *value;
};
struct rpc_message *rpc_message_parse_get(const struct rpc_service *service,
                                          const char *method,
                                          const struct rpc_query_param *params,
                                          size_t count, uint64_t received_us);

/* RPC_EXACT unless set; before rpc_message_reply. */
void rpc_message_set_dialect(struct rpc_message *message,
                             enum rpc_dialect dialect);

void rpc_message_destroy(struct rpc_message *message);

uint32_t rpc_message_calls(const struct rpc_message *message);
struct rpc_call *rpc_message_call(struct rpc_message *message, uint32_t call);

enum rpc_call_kind rpc_call_kind(const struct rpc_call *call);
/* "private/order"; "" when the call was no request at all. */
const char *rpc_call_method(const struct rpc_call *call);
/* The named parameters, never NULL; borrowed. */
const json_t *rpc_call_params(const struct rpc_call *call);

/* RPC_READ: makes the answer from the engine's state now. */
void rpc_call_read(struct rpc_call *call, const struct engine *engine,
                   const struct rpc_node *node);
/* RPC_HISTORY: makes the answer from the node's past up to `index`. */
void rpc_call_history(struct rpc_call *call, const struct rpc_node *node,
                      uint64_t index);

/* RPC_SUBMIT: the command's bytes (command_encode) and its evidence
 * (evidence_encode), to be journaled as they are. Borrowed. */
const uint8_t *rpc_call_command(const struct rpc_call *call, size_t *size);
const uint8_t *rpc_call_evidence(const struct rpc_call *call, size_t *size);
/* Owner of the request (rate limits per account), NULL: none. */
const struct address *rpc_call_owner(const struct rpc_call *call);

/* The events of a command, in order; borrowed for the call. */
struct rpc_outcome {
    uint64_t index;
    struct nanos time;
    const struct event *events;
    size_t count;
};
/* RPC_SUBMIT: makes the answer from what the command did. An outcome with
 * EVENT_REPEAT turns the call into RPC_HISTORY: rpc_call_history then answers
 * from the first outcome's events. */
void rpc_call_outcome(struct rpc_call *call, const struct rpc_outcome *outcome);

/* Any kind: answers with a result (reference taken over) or an error. */
void rpc_call_result(struct rpc_call *call, json_t *result);
void rpc_call_error(struct rpc_call *call, int code, const char *text,
                    json_t *data);
/* -32005 with data.retry_after_ms; -32001 with data.reason. */
void rpc_call_busy(struct rpc_call *call, uint32_t retry_after_ms);
void rpc_call_not_ready(struct rpc_call *call, const char *reason);

/* The reply's text, malloc'd (the caller frees it), *size without NUL; NULL
 * with *size 0 when nothing is to be sent (only notifications). Every call
 * must be done (the kind is RPC_DONE). */
char *rpc_message_reply(struct rpc_message *message, size_t *size,
                        uint64_t now_us);

/* A ready-made error reply without a message: for what never was parsed. */
size_t rpc_reply_busy(char *text, size_t capacity, uint32_t retry_after_ms);

#endif
