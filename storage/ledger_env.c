#include "storage/ledger_env.h"
#include "storage/bytes.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static const char *const table_names[LEDGER_TABLE_COUNT] = {
    [LEDGER_META] = "meta",     [LEDGER_RECORDS] = "records",
    [LEDGER_BLOCKS] = "blocks", [LEDGER_BLOCK_HASHES] = "block_hashes",
    [LEDGER_EVENTS] = "events", [LEDGER_ACCOUNT_EVENTS] = "account_events",
};

static const char key_format[] = "format";
static const char key_genesis[] = "genesis";
static const char key_position[] = "position";

const char *ledger_table_name(enum ledger_table table)
{
    return table_names[table];
}

static enum storage_status status_of_errno(int code)
{
    if (code == ENOSPC || code == EDQUOT || code == EFBIG)
        return STORAGE_NO_SPACE;
    if (code == ENOMEM)
        return STORAGE_NO_MEMORY;
    return code == EINVAL ? STORAGE_INVALID : STORAGE_IO;
}

enum storage_status ledger_status(int code)
{
    switch (code) {
    case MDB_SUCCESS:
        return STORAGE_OK;
    case MDB_NOTFOUND:
        return STORAGE_NOT_FOUND;
    case MDB_MAP_FULL:
        return STORAGE_MAP_FULL;
    case MDB_BAD_VALSIZE:
    case MDB_READERS_FULL:
        return STORAGE_INVALID;
    case MDB_PANIC:
    case MDB_BAD_TXN:
        return STORAGE_FAILED;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE:
        return STORAGE_DAMAGED;
    default:
        return code > 0 ? status_of_errno(code) : STORAGE_FAILED;
    }
}

enum storage_status ledger_fault(struct storage_fault *fault, int code,
                                 const char *path, const char *reason)
{
    if (code >= 0)
        return storage_fault_set(fault, ledger_status(code), code, path,
                                 reason);
    char text[STORAGE_REASON_BYTES];
    int len = snprintf(text, sizeof text, "%s: %s", reason, mdb_strerror(code));
    return storage_fault_set(fault, ledger_status(code), 0, path,
                             len > 0 ? text : reason);
}

enum storage_status ledger_env_open(MDB_env **out, const char *path,
                                    unsigned flags, uint64_t map_bytes,
                                    struct storage_fault *fault)
{
    MDB_env *env;
    int code = mdb_env_create(&env);
    if (code != MDB_SUCCESS)
        return ledger_fault(fault, code, path, "cannot create environment");
    code = mdb_env_set_maxdbs(env, LEDGER_TABLE_COUNT);
    if (code == MDB_SUCCESS)
        code = mdb_env_set_maxreaders(env, LEDGER_READERS_MAX);
    if (code == MDB_SUCCESS && map_bytes)
        code = mdb_env_set_mapsize(env, map_bytes);
    /* Without MDB_NOTLS a thread could hold one read only, and its slot would
     * outlive the read. */
    if (code == MDB_SUCCESS)
        code = mdb_env_open(env, path, flags | MDB_NOTLS, 0600);
    if (code != MDB_SUCCESS) {
        mdb_env_close(env);
        return ledger_fault(fault, code, path, "cannot open");
    }
    *out = env;
    return STORAGE_OK;
}

static enum storage_status get_fixed(MDB_txn *txn, MDB_dbi meta,
                                     const char *name, void *out, size_t len)
{
    MDB_val key = ledger_val(name, strlen(name));
    MDB_val value;
    int code = mdb_get(txn, meta, &key, &value);
    if (code != MDB_SUCCESS)
        return ledger_status(code);
    if (value.mv_size != len)
        return STORAGE_DAMAGED;
    memcpy(out, value.mv_data, len);
    return STORAGE_OK;
}

static enum storage_status put_fixed(MDB_txn *txn, MDB_dbi meta,
                                     const char *name, const void *bytes,
                                     size_t len)
{
    MDB_val key = ledger_val(name, strlen(name));
    MDB_val value = ledger_val(bytes, len);
    return ledger_status(mdb_put(txn, meta, &key, &value, 0));
}

enum storage_status ledger_meta_check(MDB_txn *txn, MDB_dbi meta,
                                      const struct hash32 *genesis_id,
                                      const char *path,
                                      struct storage_fault *fault)
{
    uint8_t format[4];
    struct hash32 found;
    enum storage_status status =
        get_fixed(txn, meta, key_format, format, sizeof format);
    if (status != STORAGE_OK)
        return storage_fault_set(fault, status, 0, path,
                                 "no readable format in meta");
    if (bytes_get_le32(format) > LEDGER_FORMAT)
        return storage_fault_set(fault, STORAGE_NEWER_FORMAT, 0, path,
                                 "the ledger has a newer format");
    status = get_fixed(txn, meta, key_genesis, found.bytes, HASH32_BYTES);
    if (status == STORAGE_OK && !hash32_equal(&found, genesis_id))
        return storage_fault_set(fault, STORAGE_OTHER_NETWORK, 0, path,
                                 "the ledger is of another genesis");
    if (status == STORAGE_OK && bytes_get_le32(format) == LEDGER_FORMAT)
        return STORAGE_OK;
    return storage_fault_set(fault, STORAGE_DAMAGED, 0, path,
                             "no readable genesis in meta");
}

enum storage_status ledger_meta_create(MDB_txn *txn, MDB_dbi meta,
                                       const struct hash32 *genesis_id)
{
    uint8_t format[4];
    struct ledger_position position = {.journal_hash = *genesis_id};
    bytes_put_le32(format, LEDGER_FORMAT);
    enum storage_status status =
        put_fixed(txn, meta, key_format, format, sizeof format);
    if (status == STORAGE_OK)
        status =
            put_fixed(txn, meta, key_genesis, genesis_id->bytes, HASH32_BYTES);
    if (status == STORAGE_OK)
        status = ledger_meta_put_position(txn, meta, &position);
    return status;
}

enum storage_status ledger_meta_get_position(MDB_txn *txn, MDB_dbi meta,
                                             struct ledger_position *out)
{
    uint8_t bytes[LEDGER_POSITION_BYTES];
    enum storage_status status =
        get_fixed(txn, meta, key_position, bytes, sizeof bytes);
    if (status != STORAGE_OK)
        return status == STORAGE_NOT_FOUND ? STORAGE_DAMAGED : status;
    out->applied_index = bytes_get_le64(bytes);
    out->batch_number = bytes_get_le64(bytes + 8);
    memcpy(out->journal_hash.bytes, bytes + 16, HASH32_BYTES);
    return STORAGE_OK;
}

enum storage_status
ledger_meta_put_position(MDB_txn *txn, MDB_dbi meta,
                         const struct ledger_position *position)
{
    uint8_t bytes[LEDGER_POSITION_BYTES];
    bytes_put_le64(bytes, position->applied_index);
    bytes_put_le64(bytes + 8, position->batch_number);
    memcpy(bytes + 16, position->journal_hash.bytes, HASH32_BYTES);
    return put_fixed(txn, meta, key_position, bytes, sizeof bytes);
}
