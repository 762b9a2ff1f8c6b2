#include "daemon/ticket.h"

#include <stdlib.h>
#include <string.h>

struct ticket *ticket_create(struct ticket_pool *pool, size_t size)
{
    struct ticket *ticket = pool->free;

    if (ticket)
        pool->free = ticket->next;
    else
        ticket = malloc(sizeof *ticket);
    if (!ticket)
        return NULL;
    memset(ticket, 0, offsetof(struct ticket, inline_bytes));
    atomic_init(&ticket->is_parsed, false);
    ticket->size = size;
    ticket->bytes =
        size <= TICKET_INLINE_BYTES ? ticket->inline_bytes : malloc(size);
    if (!ticket->bytes) {
        ticket->next = pool->free;
        pool->free = ticket;
        return NULL;
    }
    pool->alive++;
    return ticket;
}

static void free_bytes(struct ticket *ticket)
{
    if (ticket->bytes != ticket->inline_bytes)
        free(ticket->bytes);
    ticket->bytes = NULL;
}

void ticket_destroy(struct ticket_pool *pool, struct ticket *ticket)
{
    free_bytes(ticket);
    rpc_message_destroy(ticket->message);
    free(ticket->reply);
    ticket->next = pool->free;
    pool->free = ticket;
    pool->alive--;
}

void ticket_pool_free(struct ticket_pool *pool)
{
    check(pool->alive == 0);
    while (pool->free) {
        struct ticket *ticket = pool->free;

        pool->free = ticket->next;
        free(ticket);
    }
}

static struct rpc_message *parse_get(const struct ticket *ticket,
                                     const struct rpc_service *service)
{
    struct rpc_query_param params[TICKET_PARAMS_MAX];
    const char *at = ticket->method + strlen(ticket->method) + 1;

    check(ticket->param_count <= TICKET_PARAMS_MAX);
    for (uint32_t i = 0; i < ticket->param_count; i++) {
        params[i].name = at;
        at += strlen(at) + 1;
        params[i].value = at;
        at += strlen(at) + 1;
    }
    return rpc_message_parse_get(service, ticket->method, params,
                                 ticket->param_count, ticket->received_us);
}

void ticket_parse(struct ticket *ticket, const struct rpc_service *service)
{
    if (ticket->method)
        ticket->message = parse_get(ticket, service);
    else
        ticket->message =
            rpc_message_parse(service, ticket->transport, ticket->bytes,
                              ticket->size, ticket->received_us);
    if (ticket->message)
        rpc_message_set_dialect(ticket->message, ticket->dialect);
}
