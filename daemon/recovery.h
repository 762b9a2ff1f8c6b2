/*
 * From a data directory to two engines at the journal's end.
 *
 *   lock -> check the ledger in a child process -> open it -> open the journal
 *   (which must reach at least as far, with the same hash) -> load the newest
 *   checkpoint into the live engine and the second one -> replay the journal's
 *   tail into the live engine. The second engine's thread, which runs by then,
 *   follows the same tail from the journal's files and writes it down; the
 *   replay waits for it when too many events wait for a checkpoint, so a tail
 *   of any length needs bounded memory.
 */
#ifndef CLEARINGD_DAEMON_RECOVERY_H
#define CLEARINGD_DAEMON_RECOVERY_H

#include "daemon/history.h"
#include "daemon/ledger_thread.h"
#include "daemon/shadow.h"
#include "storage/datadir.h"
#include "storage/journal.h"
#include "storage/ledger.h"

struct recovery {
    struct datadir datadir;
    bool is_locked;
    struct ledger *ledger;
    struct ledger_position position; /* of the ledger */
    struct journal *journal;
    struct journal_tail tail;
    struct shadow *shadow; /* at the ledger's position */
    struct engine *engine; /* the live one, at the journal's end */
    size_t engine_size;
    struct history *history; /* then holds the events of the tail */
    struct nanos block_time; /* end of the last block in the journal */
    uint64_t block_index;
};

/* Fills everything, both engines at the checkpoint. False: *what says why
 * not; call recovery_close all the same. */
must_use bool recovery_open(struct recovery *recovery, const char *dir,
                            const struct genesis *genesis, char *what,
                            size_t what_size);

/* Brings the live engine to the journal's end; `ledger` was started on what
 * recovery_open left. False: *what says why not. */
must_use bool recovery_replay(struct recovery *recovery, const char *dir,
                              struct ledger_thread *ledger, char *what,
                              size_t what_size);

/* Closes and frees everything that is there. */
void recovery_close(struct recovery *recovery);

#endif
