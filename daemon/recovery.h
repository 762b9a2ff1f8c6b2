/*
 * From a data directory to two engines at the journal's end.
 *
 *   lock -> check the ledger in a child process -> open it -> open the journal
 *   (which must reach at least as far, with the same hash) -> load the newest
 *   checkpoint into the live engine and the second one -> replay the journal's
 *   tail into the live engine; the second engine's thread does the same by
 *   itself and writes it down.
 */
#ifndef CLEARINGD_DAEMON_RECOVERY_H
#define CLEARINGD_DAEMON_RECOVERY_H

#include "daemon/history.h"
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
    struct history *history; /* holds the events of the tail */
    struct nanos block_time; /* end of the last block in the journal */
    uint64_t block_index;
};

/* Fills everything. False: *what says why not; call recovery_close all the
 * same. */
must_use bool recovery_open(struct recovery *recovery, const char *dir,
                            const struct genesis *genesis, char *what,
                            size_t what_size);

/* Closes and frees everything that is there. */
void recovery_close(struct recovery *recovery);

#endif
