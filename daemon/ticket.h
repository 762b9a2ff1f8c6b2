/*
 * One message from its arrival to its answer. The bytes come from a
 * connection on the loop, a worker parses them, the pipeline goes through the
 * calls, the answer is held until everything it tells about is durable.
 */
#ifndef CLEARINGD_DAEMON_TICKET_H
#define CLEARINGD_DAEMON_TICKET_H

#include "rpc/message.h"

#include <stdatomic.h>

/* Messages up to this size need no memory of their own. */
#define TICKET_INLINE_BYTES 1024u

/* Parts of a GET's query string. */
#define TICKET_PARAMS_MAX 64u

struct ticket {
    struct ticket *next; /* of whatever list it is in */
    uint64_t conn;
    enum rpc_transport transport;
    enum rpc_dialect dialect;
    uint64_t received_us;  /* wall clock, for the envelope */
    uint64_t received_ns;  /* steady clock, for the metrics */
    const char *method;    /* of a GET, in the bytes; else NULL */
    uint32_t param_count;  /* of a GET: name NUL value NUL, in the bytes */
    size_t size;           /* of the bytes */
    char *bytes;           /* inline_bytes or malloc'd */
    atomic_bool is_parsed; /* by a worker: message is set */
    struct rpc_message *message; /* NULL: memory was short */

    /* The pipeline's. */
    uint32_t cursor;     /* the first call not gone through */
    uint32_t unanswered; /* calls behind the cursor still to be answered */
    bool has_history;    /* some of them from the past */
    bool has_submit;     /* something was sequenced */
    uint64_t wait_index; /* what must be durable before the answer */
    char *reply;         /* made ahead, malloc'd */
    size_t reply_size;

    char inline_bytes[TICKET_INLINE_BYTES];
};

/* Tickets used before, to be used again: loop thread only. */
struct ticket_pool {
    struct ticket *free;
    uint32_t alive;
};

/* A ticket with room for size bytes; NULL if memory is short. */
must_use struct ticket *ticket_create(struct ticket_pool *pool, size_t size);

/* Ends a ticket, its message and reply included. */
void ticket_destroy(struct ticket_pool *pool, struct ticket *ticket);

/* Frees what the pool keeps; no ticket may be alive. */
void ticket_pool_free(struct ticket_pool *pool);

/* Fills message from the bytes; any thread. */
void ticket_parse(struct ticket *ticket, const struct rpc_service *service);

#endif
