/*
 * Looks at a doubtful ledger from a child process: a damaged LMDB page may
 * make the library abort or fault, and that must not be our end.
 */
#ifndef CLEARINGD_STORAGE_LEDGER_CHECK_H
#define CLEARINGD_STORAGE_LEDGER_CHECK_H

#include "storage/sha256.h"
#include "storage/status.h"

/* Opens DIR/ledger read-only in a child, walks every database and reads every
 * byte, checks key and value shapes, the chain of blocks (heights and indexes
 * without gaps, none past the position) and their hash index. STORAGE_OK: all
 * whole. STORAGE_NOT_FOUND: no ledger there, or nothing committed yet.
 * STORAGE_DAMAGED with the reason (also when the child died of a signal);
 * STORAGE_OTHER_NETWORK, STORAGE_NEWER_FORMAT, STORAGE_IO. LMDB has no
 * checksums: a flipped bit inside a record's value shows only when the state
 * root made from the records is compared with the last block's. Best called
 * before other threads exist; never while the ledger is open in this
 * process. */
enum storage_status ledger_check(const char *dir,
                                 const struct hash32 *genesis_id,
                                 struct storage_fault *fault) must_use;

#endif
