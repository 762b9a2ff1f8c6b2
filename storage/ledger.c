#include "storage/ledger.h"
#include "storage/bytes.h"
#include "storage/file.h"
#include "storage/ledger_env.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define MAP_BYTES_MIN ((uint64_t)1 << 20)
#define MAP_BYTES_MAX ((uint64_t)1 << 46)

/* Ends a failed step: the transaction is gone. */
static enum storage_status drop(struct ledger *ledger,
                                enum storage_status status)
{
    ledger_abort(ledger);
    return status;
}

/* True when a transaction is open; only its own thread may use it. */
static bool is_open(const struct ledger *ledger)
{
    if (!ledger->txn)
        return false;
    check(pthread_equal(ledger->writer, pthread_self()));
    return true;
}

/* Opens the tables, making them and the meta entries in a new ledger. */
static enum storage_status open_tables(struct ledger *ledger, MDB_txn *txn,
                                       const struct ledger_options *options,
                                       const char *path,
                                       struct storage_fault *fault)
{
    for (int i = 0; i < LEDGER_TABLE_COUNT; i++) {
        int code = mdb_dbi_open(txn, ledger_table_name((enum ledger_table)i),
                                MDB_CREATE, &ledger->tables[i]);
        if (code != MDB_SUCCESS)
            return ledger_fault(fault, code, path, "cannot open a table");
    }
    MDB_stat stat;
    MDB_dbi meta = ledger->tables[LEDGER_META];
    struct ledger_position position;
    int code = mdb_stat(txn, meta, &stat);
    enum storage_status status = ledger_status(code);
    if (status == STORAGE_OK && stat.ms_entries == 0)
        status = ledger_meta_create(txn, meta, &options->genesis_id);
    if (status != STORAGE_OK)
        return storage_fault_set(fault, status, 0, path, "cannot write meta");
    status = ledger_meta_check(txn, meta, &options->genesis_id, path, fault);
    if (status != STORAGE_OK)
        return status;
    status = ledger_meta_get_position(txn, meta, &position);
    if (status != STORAGE_OK)
        return storage_fault_set(fault, status, 0, path,
                                 "no readable position in meta");
    ledger->applied_index = position.applied_index;
    return STORAGE_OK;
}

static enum storage_status open_ledger(struct ledger *ledger,
                                       const struct ledger_options *options,
                                       const char *path,
                                       struct storage_fault *fault)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t map =
        options->map_bytes ? options->map_bytes : LEDGER_MAP_BYTES_DEFAULT;
    if (map < MAP_BYTES_MIN)
        map = MAP_BYTES_MIN;
    if (map > MAP_BYTES_MAX)
        return storage_fault_set(fault, STORAGE_INVALID, 0, path,
                                 "map size out of range");
    map = (map + page - 1) / page * page;
    enum storage_status status = file_make_dir(path, fault);
    if (status == STORAGE_OK)
        status = ledger_env_open(&ledger->env, path, 0, map, fault);
    if (status != STORAGE_OK)
        return status;
    MDB_txn *txn;
    int code = mdb_txn_begin(ledger->env, NULL, 0, &txn);
    if (code != MDB_SUCCESS)
        return ledger_fault(fault, code, path, "cannot begin");
    status = open_tables(ledger, txn, options, path, fault);
    if (status != STORAGE_OK) {
        mdb_txn_abort(txn);
        return status;
    }
    code = mdb_txn_commit(txn);
    if (code != MDB_SUCCESS)
        return ledger_fault(fault, code, path, "cannot commit");
    return file_sync_dir(path, fault);
}

/* A waiting ledger_grow goes before new reads, else it might wait for ever. */
static bool make_lock(pthread_rwlock_t *lock)
{
    pthread_rwlockattr_t attributes;
    if (pthread_rwlockattr_init(&attributes) != 0)
        return false;
    bool made =
        pthread_rwlockattr_setkind_np(
            &attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP) == 0 &&
        pthread_rwlock_init(lock, &attributes) == 0;
    pthread_rwlockattr_destroy(&attributes);
    return made;
}

enum storage_status ledger_open(struct ledger **out,
                                const struct ledger_options *options,
                                struct storage_fault *fault)
{
    char path[STORAGE_FILE_BYTES];
    if (!file_join(path, sizeof path, options->dir, "ledger"))
        return storage_fault_set(fault, STORAGE_INVALID, 0, options->dir,
                                 "path too long");
    struct ledger *ledger = calloc(1, sizeof *ledger);
    if (!ledger || !make_lock(&ledger->map_lock)) {
        free(ledger);
        return storage_fault_set(fault, STORAGE_NO_MEMORY, 0, path, NULL);
    }
    enum storage_status status = open_ledger(ledger, options, path, fault);
    if (status != STORAGE_OK) {
        ledger_close(ledger);
        return status;
    }
    *out = ledger;
    return STORAGE_OK;
}

void ledger_close(struct ledger *ledger)
{
    if (!ledger)
        return;
    ledger_abort(ledger);
    if (ledger->env)
        mdb_env_close(ledger->env);
    pthread_rwlock_destroy(&ledger->map_lock);
    free(ledger);
}

enum storage_status ledger_begin(struct ledger *ledger)
{
    if (ledger->txn)
        return drop(ledger, STORAGE_INVALID);
    int code = mdb_txn_begin(ledger->env, NULL, 0, &ledger->txn);
    if (code != MDB_SUCCESS) {
        ledger->txn = NULL;
        return ledger_status(code);
    }
    ledger->writer = pthread_self();
    return STORAGE_OK;
}

static enum storage_status put(struct ledger *ledger, enum ledger_table table,
                               MDB_val key, MDB_val value)
{
    if (!is_open(ledger))
        return STORAGE_INVALID;
    int code = mdb_put(ledger->txn, ledger->tables[table], &key, &value, 0);
    return code == MDB_SUCCESS ? STORAGE_OK : drop(ledger, ledger_status(code));
}

enum storage_status ledger_put_record(struct ledger *ledger, const void *key,
                                      size_t key_len, const void *value,
                                      size_t value_len)
{
    return put(ledger, LEDGER_RECORDS, ledger_val(key, key_len),
               ledger_val(value, value_len));
}

enum storage_status ledger_delete_record(struct ledger *ledger, const void *key,
                                         size_t key_len)
{
    if (!is_open(ledger))
        return STORAGE_INVALID;
    MDB_val name = ledger_val(key, key_len);
    int code =
        mdb_del(ledger->txn, ledger->tables[LEDGER_RECORDS], &name, NULL);
    if (code == MDB_SUCCESS || code == MDB_NOTFOUND)
        return STORAGE_OK;
    return drop(ledger, ledger_status(code));
}

/* STORAGE_OK when the height is free, STORAGE_END when this block is there. */
static enum storage_status probe_block(struct ledger *ledger, MDB_val key,
                                       const uint8_t bytes[BLOCK_BYTES])
{
    MDB_val found;
    int code =
        mdb_get(ledger->txn, ledger->tables[LEDGER_BLOCKS], &key, &found);
    if (code == MDB_NOTFOUND)
        return STORAGE_OK;
    if (code != MDB_SUCCESS)
        return ledger_status(code);
    bool same = found.mv_size == BLOCK_BYTES &&
                memcmp(found.mv_data, bytes, BLOCK_BYTES) == 0;
    return same ? STORAGE_END : STORAGE_OTHER_HISTORY;
}

enum storage_status ledger_put_block(struct ledger *ledger,
                                     const struct block *block)
{
    if (!is_open(ledger))
        return STORAGE_INVALID;
    uint8_t height_be[8];
    uint8_t height_le[8];
    uint8_t bytes[BLOCK_BYTES];
    struct hash32 hash;
    bytes_put_be64(height_be, block->height);
    bytes_put_le64(height_le, block->height);
    block_encode(bytes, block);
    block_hash(&hash, block);
    MDB_val key = ledger_val(height_be, sizeof height_be);
    enum storage_status status = probe_block(ledger, key, bytes);
    if (status == STORAGE_END)
        return STORAGE_OK;
    if (status != STORAGE_OK)
        return drop(ledger, status);
    status = put(ledger, LEDGER_BLOCKS, key, ledger_val(bytes, sizeof bytes));
    if (status == STORAGE_OK)
        status = put(ledger, LEDGER_BLOCK_HASHES,
                     ledger_val(hash.bytes, HASH32_BYTES),
                     ledger_val(height_le, sizeof height_le));
    return status;
}

enum storage_status ledger_put_events(struct ledger *ledger,
                                      uint64_t first_index, const void *bytes,
                                      size_t len)
{
    uint8_t key[8];
    bytes_put_be64(key, first_index);
    return put(ledger, LEDGER_EVENTS, ledger_val(key, sizeof key),
               ledger_val(bytes, len));
}

enum storage_status ledger_put_account_event(
    struct ledger *ledger, const uint8_t account[LEDGER_ACCOUNT_KEY_BYTES],
    uint64_t first_index, const void *value, size_t value_len)
{
    uint8_t key[LEDGER_ACCOUNT_KEY_BYTES + 8];
    memcpy(key, account, LEDGER_ACCOUNT_KEY_BYTES);
    bytes_put_be64(key + LEDGER_ACCOUNT_KEY_BYTES, first_index);
    return put(ledger, LEDGER_ACCOUNT_EVENTS, ledger_val(key, sizeof key),
               ledger_val(value, value_len));
}

enum storage_status ledger_commit(struct ledger *ledger,
                                  const struct ledger_position *position)
{
    if (!is_open(ledger))
        return STORAGE_INVALID;
    if (position->applied_index < ledger->applied_index)
        return drop(ledger, STORAGE_INVALID);
    enum storage_status status = ledger_meta_put_position(
        ledger->txn, ledger->tables[LEDGER_META], position);
    if (status != STORAGE_OK)
        return drop(ledger, status);
    /* The library frees the transaction whatever it answers. */
    int code = mdb_txn_commit(ledger->txn);
    ledger->txn = NULL;
    if (code != MDB_SUCCESS)
        return ledger_status(code);
    ledger->applied_index = position->applied_index;
    return STORAGE_OK;
}

void ledger_abort(struct ledger *ledger)
{
    if (!is_open(ledger))
        return;
    mdb_txn_abort(ledger->txn);
    ledger->txn = NULL;
}

enum storage_status ledger_grow(struct ledger *ledger)
{
    if (ledger->txn)
        return drop(ledger, STORAGE_INVALID);
    MDB_envinfo info;
    check(pthread_rwlock_wrlock(&ledger->map_lock) == 0);
    enum storage_status status =
        ledger_status(mdb_env_info(ledger->env, &info));
    if (status == STORAGE_OK && info.me_mapsize > MAP_BYTES_MAX / 2)
        status = STORAGE_NO_SPACE;
    if (status == STORAGE_OK)
        status = ledger_status(
            mdb_env_set_mapsize(ledger->env, 2 * info.me_mapsize));
    check(pthread_rwlock_unlock(&ledger->map_lock) == 0);
    return status;
}

/* The library writes the copy but does not sync it. */
static enum storage_status sync_copy(const char *path,
                                     struct storage_fault *fault)
{
    char file[STORAGE_FILE_BYTES];
    if (!file_join(file, sizeof file, path, "data.mdb"))
        return storage_fault_set(fault, STORAGE_INVALID, 0, path,
                                 "path too long");
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return storage_fault_errno(fault, errno, file, "cannot open");
    enum storage_status status = file_sync(fd, file, fault);
    close(fd);
    return status == STORAGE_OK ? file_sync_dir(path, fault) : status;
}

enum storage_status ledger_backup(struct ledger *ledger, const char *path,
                                  struct storage_fault *fault)
{
    check(pthread_rwlock_rdlock(&ledger->map_lock) == 0);
    int code = mdb_env_copy2(ledger->env, path, MDB_CP_COMPACT);
    check(pthread_rwlock_unlock(&ledger->map_lock) == 0);
    if (code != MDB_SUCCESS)
        return ledger_fault(fault, code, path, "cannot copy the ledger");
    return sync_copy(path, fault);
}

void ledger_usage(struct ledger *ledger, uint64_t *map_bytes,
                  uint64_t *used_bytes)
{
    MDB_envinfo info;
    MDB_stat stat;
    check(pthread_rwlock_rdlock(&ledger->map_lock) == 0);
    int failed = mdb_env_info(ledger->env, &info);
    failed |= mdb_env_stat(ledger->env, &stat);
    check(pthread_rwlock_unlock(&ledger->map_lock) == 0);
    check(failed == MDB_SUCCESS);
    *map_bytes = info.me_mapsize;
    *used_bytes = (info.me_last_pgno + 1) * stat.ms_psize;
}
