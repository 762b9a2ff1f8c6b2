#include "storage/ledger_reader.h"
#include "storage/bytes.h"
#include "storage/ledger_env.h"

/* One read: the map's lock shared, a transaction, and a cursor on a table. */
struct reading {
    struct ledger *ledger;
    MDB_txn *txn;
    MDB_cursor *cursor;
};

static void end_reading(struct reading *reading)
{
    if (reading->cursor)
        mdb_cursor_close(reading->cursor);
    if (reading->txn)
        mdb_txn_abort(reading->txn);
    check(pthread_rwlock_unlock(&reading->ledger->map_lock) == 0);
}

static enum storage_status begin_reading(struct reading *reading,
                                         struct ledger *ledger,
                                         enum ledger_table table)
{
    *reading = (struct reading){.ledger = ledger};
    check(pthread_rwlock_rdlock(&ledger->map_lock) == 0);
    int code = mdb_txn_begin(ledger->env, NULL, MDB_RDONLY, &reading->txn);
    if (code == MDB_SUCCESS)
        code = mdb_cursor_open(reading->txn, ledger->tables[table],
                               &reading->cursor);
    else
        reading->txn = NULL;
    if (code != MDB_SUCCESS) {
        reading->cursor = NULL;
        end_reading(reading);
    }
    return ledger_status(code);
}

static struct ledger_bytes as_bytes(MDB_val value)
{
    return (struct ledger_bytes){.data = value.mv_data, .len = value.mv_size};
}

/* The end of a walk is no error. */
static enum storage_status walked(int code)
{
    return code == MDB_NOTFOUND ? STORAGE_OK : ledger_status(code);
}

enum storage_status ledger_position(struct ledger *ledger,
                                    struct ledger_position *out)
{
    struct reading reading;
    enum storage_status status = begin_reading(&reading, ledger, LEDGER_META);
    if (status != STORAGE_OK)
        return status;
    status =
        ledger_meta_get_position(reading.txn, ledger->tables[LEDGER_META], out);
    end_reading(&reading);
    return status;
}

/* One value of a table, copied. */
static enum storage_status get(struct ledger *ledger, enum ledger_table table,
                               MDB_val key, void *out, size_t *len, size_t size)
{
    struct reading reading;
    enum storage_status status = begin_reading(&reading, ledger, table);
    if (status != STORAGE_OK)
        return status;
    MDB_val value;
    status =
        ledger_status(mdb_cursor_get(reading.cursor, &key, &value, MDB_SET));
    if (status == STORAGE_OK) {
        *len = value.mv_size;
        size_t copied = value.mv_size < size ? value.mv_size : size;
        if (copied)
            memcpy(out, value.mv_data, copied);
    }
    end_reading(&reading);
    return status;
}

enum storage_status ledger_record(struct ledger *ledger, void *value,
                                  size_t *value_len, size_t size,
                                  const void *key, size_t key_len)
{
    return get(ledger, LEDGER_RECORDS, ledger_val(key, key_len), value,
               value_len, size);
}

enum storage_status
ledger_each_record(struct ledger *ledger, const void *prefix, size_t prefix_len,
                   bool (*visit)(void *context, struct ledger_bytes key,
                                 struct ledger_bytes value),
                   void *context)
{
    struct reading reading;
    enum storage_status status =
        begin_reading(&reading, ledger, LEDGER_RECORDS);
    if (status != STORAGE_OK)
        return status;
    MDB_val key = ledger_val(prefix, prefix_len);
    MDB_val value;
    int code = mdb_cursor_get(reading.cursor, &key, &value,
                              prefix_len ? MDB_SET_RANGE : MDB_FIRST);
    while (code == MDB_SUCCESS && key.mv_size >= prefix_len &&
           (prefix_len == 0 || memcmp(key.mv_data, prefix, prefix_len) == 0)) {
        if (!visit(context, as_bytes(key), as_bytes(value)))
            break;
        code = mdb_cursor_get(reading.cursor, &key, &value, MDB_NEXT);
    }
    end_reading(&reading);
    return walked(code);
}

enum storage_status ledger_block(struct ledger *ledger, struct block *out,
                                 uint64_t height)
{
    uint8_t key[8];
    uint8_t bytes[BLOCK_BYTES];
    size_t len;
    bytes_put_be64(key, height);
    enum storage_status status =
        get(ledger, LEDGER_BLOCKS, ledger_val(key, sizeof key), bytes, &len,
            sizeof bytes);
    if (status != STORAGE_OK)
        return status;
    if (len != BLOCK_BYTES)
        return STORAGE_DAMAGED;
    block_decode(out, bytes);
    return STORAGE_OK;
}

enum storage_status ledger_block_by_hash(struct ledger *ledger,
                                         struct block *out,
                                         const struct hash32 *hash)
{
    uint8_t height[8];
    size_t len;
    enum storage_status status =
        get(ledger, LEDGER_BLOCK_HASHES, ledger_val(hash->bytes, HASH32_BYTES),
            height, &len, sizeof height);
    if (status != STORAGE_OK)
        return status;
    if (len != sizeof height)
        return STORAGE_DAMAGED;
    status = ledger_block(ledger, out, bytes_get_le64(height));
    return status == STORAGE_NOT_FOUND ? STORAGE_DAMAGED : status;
}

enum storage_status ledger_last_block(struct ledger *ledger, struct block *out)
{
    struct reading reading;
    enum storage_status status = begin_reading(&reading, ledger, LEDGER_BLOCKS);
    if (status != STORAGE_OK)
        return status;
    MDB_val key;
    MDB_val value;
    status =
        ledger_status(mdb_cursor_get(reading.cursor, &key, &value, MDB_LAST));
    if (status == STORAGE_OK && value.mv_size != BLOCK_BYTES)
        status = STORAGE_DAMAGED;
    if (status == STORAGE_OK)
        block_decode(out, value.mv_data);
    end_reading(&reading);
    return status;
}

/* Goes to the last key not above the one given, or the first after it. */
static int seek_holding(MDB_cursor *cursor, MDB_val *key, MDB_val *value)
{
    uint64_t wanted = bytes_get_be64(key->mv_data);
    int code = mdb_cursor_get(cursor, key, value, MDB_SET_RANGE);
    if (code == MDB_NOTFOUND)
        return mdb_cursor_get(cursor, key, value, MDB_LAST);
    if (code != MDB_SUCCESS || key->mv_size != 8 ||
        bytes_get_be64(key->mv_data) == wanted)
        return code;
    code = mdb_cursor_get(cursor, key, value, MDB_PREV);
    return code == MDB_NOTFOUND ? mdb_cursor_get(cursor, key, value, MDB_FIRST)
                                : code;
}

enum storage_status
ledger_events_from(struct ledger *ledger, uint64_t from_index, uint64_t limit,
                   bool (*visit)(void *context, uint64_t first_index,
                                 struct ledger_bytes events),
                   void *context)
{
    struct reading reading;
    enum storage_status status = begin_reading(&reading, ledger, LEDGER_EVENTS);
    if (status != STORAGE_OK)
        return status;
    uint8_t from[8];
    bytes_put_be64(from, from_index);
    MDB_val key = ledger_val(from, sizeof from);
    MDB_val value;
    int code = seek_holding(reading.cursor, &key, &value);
    for (uint64_t i = 0; i < limit && code == MDB_SUCCESS; i++) {
        if (key.mv_size != sizeof from) {
            code = MDB_CORRUPTED;
            break;
        }
        if (!visit(context, bytes_get_be64(key.mv_data), as_bytes(value)))
            break;
        code = mdb_cursor_get(reading.cursor, &key, &value, MDB_NEXT);
    }
    end_reading(&reading);
    return walked(code);
}

/* Goes to the account's first entry in the order wanted. */
static int seek_account(MDB_cursor *cursor, MDB_val *key, MDB_val *value,
                        enum ledger_order order)
{
    uint8_t wanted[LEDGER_ACCOUNT_KEY_BYTES + 8];
    memcpy(wanted, key->mv_data, sizeof wanted);
    int code = mdb_cursor_get(cursor, key, value, MDB_SET_RANGE);
    if (order == LEDGER_OLDEST_FIRST)
        return code;
    if (code == MDB_NOTFOUND)
        return mdb_cursor_get(cursor, key, value, MDB_LAST);
    if (code == MDB_SUCCESS &&
        (key->mv_size != sizeof wanted ||
         memcmp(key->mv_data, wanted, sizeof wanted) != 0))
        code = mdb_cursor_get(cursor, key, value, MDB_PREV);
    return code;
}

enum storage_status ledger_account_events(
    struct ledger *ledger, const uint8_t account[LEDGER_ACCOUNT_KEY_BYTES],
    uint64_t from_index, uint64_t limit, enum ledger_order order,
    bool (*visit)(void *context, uint64_t first_index,
                  struct ledger_bytes value),
    void *context)
{
    struct reading reading;
    enum storage_status status =
        begin_reading(&reading, ledger, LEDGER_ACCOUNT_EVENTS);
    if (status != STORAGE_OK)
        return status;
    uint8_t from[LEDGER_ACCOUNT_KEY_BYTES + 8];
    memcpy(from, account, LEDGER_ACCOUNT_KEY_BYTES);
    bytes_put_be64(from + LEDGER_ACCOUNT_KEY_BYTES, from_index);
    MDB_val key = ledger_val(from, sizeof from);
    MDB_val value;
    int code = seek_account(reading.cursor, &key, &value, order);
    for (uint64_t i = 0; i < limit && code == MDB_SUCCESS; i++) {
        const uint8_t *bytes = key.mv_data;
        if (key.mv_size != sizeof from ||
            memcmp(bytes, account, LEDGER_ACCOUNT_KEY_BYTES) != 0)
            break;
        uint64_t index = bytes_get_be64(bytes + LEDGER_ACCOUNT_KEY_BYTES);
        if (!visit(context, index, as_bytes(value)))
            break;
        code =
            mdb_cursor_get(reading.cursor, &key, &value,
                           order == LEDGER_OLDEST_FIRST ? MDB_NEXT : MDB_PREV);
    }
    end_reading(&reading);
    return walked(code);
}
