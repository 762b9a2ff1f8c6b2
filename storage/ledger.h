/*
 * The ledger: LMDB in DIR/ledger, a checkpoint of the state at some index
 * plus blocks and history. It follows the journal and can be made again from
 * it; the journal is the truth.
 *
 * Named databases (integers inside keys big-endian, inside values
 * little-endian):
 *   meta            "format"   -> u32 = 1
 *                   "genesis"  -> genesis id 32
 *                   "position" -> applied index u64, batch number u64,
 *                                 journal hash 32 (of that batch)
 *   records         record key -> record value            (caller's bytes)
 *   blocks          height u64 -> block 128               (storage/block.h)
 *   block_hashes    block hash 32 -> height u64
 *   events          first index of batch u64 -> packed events
 *   account_events  account key 24 || first index u64 -> small value
 *
 * Only LMDB's default sync mode, no duplicate keys, no nested transactions:
 * the rest loses data or has open faults. One write transaction a checkpoint,
 * begun and committed in one thread, one thread for all writing. Reads
 * (storage/ledger_reader.h) come from any thread.
 *
 * A full map: a put or the commit answers STORAGE_MAP_FULL and the whole
 * transaction is gone (begin no longer holds). The caller then calls
 * ledger_grow, ledger_begin and makes the same puts again:
 *
 *   do {
 *       status = begin, puts, commit (first that is not STORAGE_OK);
 *   } while (status == STORAGE_MAP_FULL &&
 *            (status = ledger_grow(ledger)) == STORAGE_OK);
 */
#ifndef CLEARINGD_STORAGE_LEDGER_H
#define CLEARINGD_STORAGE_LEDGER_H

#include "storage/block.h"
#include "storage/status.h"

#define LEDGER_FORMAT 1
#define LEDGER_ACCOUNT_KEY_BYTES 24
/* LMDB's limit. */
#define LEDGER_RECORD_KEY_BYTES_MAX 511
#define LEDGER_MAP_BYTES_DEFAULT ((uint64_t)1 << 30)

struct ledger;

struct ledger_options {
    /* The data directory; LMDB lies in DIR/ledger, made when missing. */
    const char *dir;
    struct hash32 genesis_id;
    /* First size of the map in bytes, 0 = default; address space, not disk.
     * Rounded up to whole pages; 1 MiB at least. */
    uint64_t map_bytes;
};

/* Where the checkpoint stands: the last applied command, its batch, and that
 * batch's hash. Before the first: 0, 0, genesis id. */
struct ledger_position {
    uint64_t applied_index;
    uint64_t batch_number;
    struct hash32 journal_hash;
};

/* Opens or creates. STORAGE_OTHER_NETWORK, STORAGE_NEWER_FORMAT,
 * STORAGE_DAMAGED (what the library notices; a doubtful ledger goes through
 * ledger_check first, as liblmdb may abort the process), STORAGE_IO, ... */
enum storage_status ledger_open(struct ledger **out,
                                const struct ledger_options *options,
                                struct storage_fault *fault) must_use;

/* Closes; an open transaction is dropped; ledger may be NULL. No read may be
 * running. */
void ledger_close(struct ledger *ledger);

/* Begins the write transaction. Any result but STORAGE_OK, here and in the
 * functions up to commit, means that no transaction is open any more and
 * nothing of it was kept. Calling them out of turn is STORAGE_INVALID. */
enum storage_status ledger_begin(struct ledger *ledger) must_use;

/* key 1 to LEDGER_RECORD_KEY_BYTES_MAX bytes; value may be empty. */
enum storage_status ledger_put_record(struct ledger *ledger, const void *key,
                                      size_t key_len, const void *value,
                                      size_t value_len) must_use;
/* A missing record is no error. */
enum storage_status ledger_delete_record(struct ledger *ledger, const void *key,
                                         size_t key_len) must_use;
/* Stored under its height and its hash; the same block again is no error,
 * another one of the same height is STORAGE_OTHER_HISTORY. */
enum storage_status ledger_put_block(struct ledger *ledger,
                                     const struct block *block) must_use;
enum storage_status ledger_put_events(struct ledger *ledger,
                                      uint64_t first_index, const void *bytes,
                                      size_t len) must_use;
enum storage_status ledger_put_account_event(
    struct ledger *ledger, const uint8_t account[LEDGER_ACCOUNT_KEY_BYTES],
    uint64_t first_index, const void *value, size_t value_len) must_use;

/* Commits with the new position, which may not go back (STORAGE_INVALID). The
 * caller has seen the journal durable up to applied_index. */
enum storage_status
ledger_commit(struct ledger *ledger,
              const struct ledger_position *position) must_use;

/* Drops the open transaction, if any. */
void ledger_abort(struct ledger *ledger);

/* Doubles the map. Waits until running reads have ended; no transaction may
 * be open. */
enum storage_status ledger_grow(struct ledger *ledger) must_use;

/* Writes a compacted copy of the last commit into path, an existing empty
 * directory, and syncs it. Any thread; the writer may go on meanwhile, but
 * ledger_grow waits for it. */
enum storage_status ledger_backup(struct ledger *ledger, const char *path,
                                  struct storage_fault *fault) must_use;

/* Bytes of the map, and bytes of it in use at the last commit. */
void ledger_usage(struct ledger *ledger, uint64_t *map_bytes,
                  uint64_t *used_bytes);

#endif
