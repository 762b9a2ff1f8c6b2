/*
 * The LMDB environment under the ledger, for the ledger's own files alone:
 * what is open, the map's lock, and what the library's errors mean.
 */
#ifndef CLEARINGD_STORAGE_LEDGER_ENV_H
#define CLEARINGD_STORAGE_LEDGER_ENV_H

#include "storage/ledger.h"
#include <lmdb.h>
#include <pthread.h>

enum ledger_table {
    LEDGER_META,
    LEDGER_RECORDS,
    LEDGER_BLOCKS,
    LEDGER_BLOCK_HASHES,
    LEDGER_EVENTS,
    LEDGER_ACCOUNT_EVENTS,
    LEDGER_TABLE_COUNT
};

#define LEDGER_POSITION_BYTES 48
#define LEDGER_READERS_MAX 126

struct ledger {
    MDB_env *env;
    MDB_dbi tables[LEDGER_TABLE_COUNT];
    /* The map may only be resized while nobody reads: a read holds this
     * shared, ledger_grow alone. */
    pthread_rwlock_t map_lock;
    /* The open write transaction and its thread. */
    MDB_txn *txn;
    pthread_t writer;
    uint64_t applied_index;
};

/* Name of a table's database. */
const char *ledger_table_name(enum ledger_table table);

/* What a return code of LMDB means here. MDB_SUCCESS is STORAGE_OK. */
enum storage_status ledger_status(int code);

/* The same with a fault; errno values and LMDB's own texts are kept. */
enum storage_status ledger_fault(struct storage_fault *fault, int code,
                                 const char *path, const char *reason);

/* Opens the environment at path (an existing directory). flags: MDB_RDONLY or
 * 0. Nothing is left open on failure. */
enum storage_status ledger_env_open(MDB_env **out, const char *path,
                                    unsigned flags, uint64_t map_bytes,
                                    struct storage_fault *fault) must_use;

/* Checks format and genesis in an open meta table. STORAGE_NOT_FOUND when the
 * table is empty. */
enum storage_status ledger_meta_check(MDB_txn *txn, MDB_dbi meta,
                                      const struct hash32 *genesis_id,
                                      const char *path,
                                      struct storage_fault *fault) must_use;

/* Writes format, genesis and the first position into an empty meta table. */
enum storage_status
ledger_meta_create(MDB_txn *txn, MDB_dbi meta,
                   const struct hash32 *genesis_id) must_use;

enum storage_status
ledger_meta_get_position(MDB_txn *txn, MDB_dbi meta,
                         struct ledger_position *out) must_use;
enum storage_status
ledger_meta_put_position(MDB_txn *txn, MDB_dbi meta,
                         const struct ledger_position *position) must_use;

/* LMDB's view of len bytes; it never writes through it. */
static inline MDB_val ledger_val(const void *bytes, size_t len)
{
    union {
        const void *in;
        void *out;
    } data = {.in = bytes};
    return (MDB_val){.mv_size = len, .mv_data = data.out};
}

#endif
