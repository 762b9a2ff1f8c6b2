/*
 * The data directory: one node's, one network's, one format's.
 *
 *   DIR/LOCK      held by an open-file lock for the daemon's life; the text
 *                 is the holder's process id, for people
 *   DIR/FORMAT    "clearingd 1\ngenesis <64 hex digits>\n"
 *   DIR/journal/  segment files (storage/journal.h)
 *   DIR/ledger/   LMDB (storage/ledger.h)
 *
 * The lock, not the file's presence, says that a daemon runs: it vanishes
 * with its process, so a kill leaves nothing to clean up.
 */
#ifndef CLEARINGD_STORAGE_DATADIR_H
#define CLEARINGD_STORAGE_DATADIR_H

#include "storage/sha256.h"
#include "storage/status.h"

#define DATADIR_FORMAT 1

struct datadir {
    int lock_fd;
};

/* Creates DIR with its parents and its folders (mode 0700) where missing,
 * takes the lock, writes FORMAT on first use and checks it later.
 * STORAGE_LOCKED names the holder, STORAGE_NEWER_FORMAT the two versions,
 * STORAGE_OTHER_NETWORK both genesis ids; STORAGE_FOREIGN: journal/ or
 * ledger/ hold files but FORMAT is missing or not ours. Anything but
 * STORAGE_OK leaves no lock behind. */
enum storage_status datadir_open(struct datadir *out, const char *dir,
                                 const struct hash32 *genesis_id,
                                 struct storage_fault *fault) must_use;

/* Reads FORMAT without locking or changing anything, for tools that look at a
 * stopped node. STORAGE_NOT_FOUND without one. */
enum storage_status datadir_genesis(struct hash32 *genesis_id, const char *dir,
                                    struct storage_fault *fault) must_use;

/* Gives the lock back. */
void datadir_close(struct datadir *datadir);

#endif
