/*
 * The past: events packed in the ledger, and the newest ones, which no
 * checkpoint has written yet, in memory. A pack leaves memory only after the
 * checkpoint that holds it is committed, so a reader that looks into memory
 * first and into the ledger for what is missing there finds everything once.
 *
 * The loop adds and the ledger's thread drops; readers may be in any thread.
 */
#ifndef CLEARINGD_DAEMON_HISTORY_H
#define CLEARINGD_DAEMON_HISTORY_H

#include "daemon/draft.h"
#include "daemon/pack.h"
#include "rpc/node.h"
#include "storage/ledger.h"

/* With so many bytes waiting for a checkpoint the node takes nothing new. */
#define HISTORY_BYTES_MAX ((size_t)192 << 20)

struct history;

/* ledger stays the caller's. NULL if memory is short. */
must_use struct history *history_create(struct ledger *ledger);
void history_destroy(struct history *history); /* may be NULL */

/* Adds the events of commands first_index to last_index, which follow the
 * ones before; takes a hold. False: memory is short. */
must_use bool history_add(struct history *history, struct packed *packed,
                          uint64_t first_index, uint64_t last_index);

/* Lets go of what ends at or before index. */
void history_drop(struct history *history, uint64_t index);

/* Bytes in memory. */
size_t history_bytes(struct history *history);

/* As in rpc/node.h. */
bool history_visit(struct history *history,
                   const struct rpc_history_query *query,
                   rpc_history_visitor *visit, void *visitor);

#endif
