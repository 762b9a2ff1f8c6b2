/*
 * PRIVATE to rpc/: a message and its calls from the inside.
 */
#ifndef CLEARINGD_RPC_CALL_H
#define CLEARINGD_RPC_CALL_H

#include "rpc/method.h"

struct rpc_call {
    struct rpc_message *message;
    const struct rpc_method *method; /* NULL: was no request */
    enum rpc_call_kind kind;
    bool is_notification;
    json_t *id;     /* owned; NULL: null */
    json_t *params; /* owned, an object */
    json_t *result; /* owned; one of result and error once done */
    json_t *error;
    uint8_t *command, *evidence; /* owned */
    size_t command_size, evidence_size;
    json_t *notes; /* owned; what preparing leaves for the outcome */
    struct address owner;
    bool has_owner;
    uint64_t order_id;     /* that the request names (cancel, edit), or 0 */
    uint64_t repeat_index; /* of a repeated request: its first command */
};

struct rpc_message {
    const struct rpc_service *service;
    enum rpc_transport transport;
    enum rpc_dialect dialect;
    bool is_batch;
    uint64_t received_us;
    uint32_t count;
    struct rpc_call *calls;
};

#endif
