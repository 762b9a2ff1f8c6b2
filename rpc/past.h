/*
 * PRIVATE to rpc/: looking through the node's history, command by command.
 *
 * The events of one command are gathered first, so that what belongs together
 * (a trade and the orders it filled) is seen together whichever way the
 * commands go. A look ends when the caller has enough or when
 * PAST_EVENTS_MAX events were passed: then `is_partial` tells so, and an
 * answer says that there is more.
 */
#ifndef CLEARINGD_RPC_PAST_H
#define CLEARINGD_RPC_PAST_H

#include "rpc/call.h"
#include "rpc/rows.h"

/* What one call may look through, and gather of one command. */
#define PAST_EVENTS_MAX 1000000u
#define PAST_GATHERED_MAX 16384u

#define PAST_KIND(kind) (UINT32_C(1) << (kind))

struct past_command {
    uint64_t index;
    struct nanos time;
    const struct event *events; /* of the wanted kinds, as they happened */
    size_t count;
};

struct past {
    struct rpc_history_query query;
    struct nanos from, to; /* of a command's time, both included */
    uint32_t kinds;        /* mask of PAST_KIND */
    /* One command; false: that is enough. */
    bool (*look)(struct past *past, const struct past_command *command);
    const struct rpc_service *service;
    void *ctx;       /* the looker's own */
    bool is_partial; /* stopped by the bound, not by the looker or the end */
};

/* A look at everything up to `index`, newest first, any time; the caller sets
 * what else it wants. */
struct past past_of(const struct rpc_call *call, uint64_t index);

/* Narrows the range of commands to that of past->from and past->to, by the
 * times of the blocks. */
void past_narrow(struct past *past, const struct rpc_node *node);

/* Looks. False: the history could not be read, or memory was short. */
must_use bool past_look(struct past *past, const struct rpc_node *node);

/* A page of rows: at most `count`. */
struct page {
    struct rows rows;
    size_t count;
    bool has_more;
};

struct page page_begin(size_t count);
/* Takes the row's reference; false: the page was full before. */
bool page_add(struct page *page, json_t *row);

#endif
