/*
 * The child sends one storage_fault through a pipe and kills itself; the
 * parent believes nothing else: no message, or a short one, and the ledger is
 * damaged. The child dies with its parent, so that it never keeps the data
 * directory's lock alive.
 */
#include "storage/ledger_check.h"
#include "storage/bytes.h"
#include "storage/file.h"
#include "storage/ledger_env.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOUCH_BYTES 4096

struct inspection {
    const char *path;
    const struct hash32 *genesis_id;
    struct storage_fault *fault;
    MDB_txn *txn;
    MDB_dbi tables[LEDGER_TABLE_COUNT];
    /* Of the blocks seen so far. */
    struct block last_block;
    uint64_t block_count;
    uint64_t hash_count;
    /* Makes the reads of values count. */
    volatile uint8_t touched;
};

static enum storage_status damaged(const struct inspection *inspection,
                                   const char *reason)
{
    return storage_fault_set(inspection->fault, STORAGE_DAMAGED, 0,
                             inspection->path, reason);
}

/* Block after block: heights without gaps, hashes linked, indexes joined, and
 * each found under its hash. The first kept block may be any. */
static enum storage_status check_block(struct inspection *inspection,
                                       MDB_val key, MDB_val value)
{
    struct block block;
    struct hash32 hash;
    const struct block *last = &inspection->last_block;
    if (key.mv_size != 8 || value.mv_size != BLOCK_BYTES)
        return damaged(inspection, "a block of another size");
    block_decode(&block, value.mv_data);
    if (block.height != bytes_get_be64(key.mv_data))
        return damaged(inspection, "a block under another height");
    if (inspection->block_count) {
        block_hash(&hash, last);
        if (block.height != last->height + 1 ||
            block.first_index != last->last_index + 1 ||
            !hash32_equal(&hash, &block.previous_hash))
            return damaged(inspection, "a block does not follow the last");
    }
    block_hash(&hash, &block);
    MDB_val name = ledger_val(hash.bytes, HASH32_BYTES);
    MDB_val height;
    int code = mdb_get(inspection->txn, inspection->tables[LEDGER_BLOCK_HASHES],
                       &name, &height);
    if (code != MDB_SUCCESS || height.mv_size != 8 ||
        bytes_get_le64(height.mv_data) != block.height)
        return damaged(inspection, "a block is not found under its hash");
    inspection->last_block = block;
    inspection->block_count++;
    return STORAGE_OK;
}

/* Reads from every page of a value. */
static void touch(struct inspection *inspection, MDB_val value)
{
    const uint8_t *bytes = value.mv_data;
    for (size_t i = 0; i < value.mv_size; i += TOUCH_BYTES)
        inspection->touched ^= bytes[i];
    if (value.mv_size)
        inspection->touched ^= bytes[value.mv_size - 1];
}

/* Shapes of one entry. */
static enum storage_status check_entry(struct inspection *inspection,
                                       enum ledger_table table, MDB_val key,
                                       MDB_val value)
{
    size_t key_bytes = 0;
    touch(inspection, value);
    switch (table) {
    case LEDGER_BLOCKS:
        return check_block(inspection, key, value);
    case LEDGER_BLOCK_HASHES:
        key_bytes = HASH32_BYTES;
        inspection->hash_count++;
        break;
    case LEDGER_EVENTS:
        key_bytes = 8;
        break;
    case LEDGER_ACCOUNT_EVENTS:
        key_bytes = LEDGER_ACCOUNT_KEY_BYTES + 8;
        break;
    case LEDGER_META:
    case LEDGER_RECORDS:
    case LEDGER_TABLE_COUNT:
        break;
    }
    if (key_bytes && key.mv_size != key_bytes)
        return damaged(inspection, "a key of another length");
    return STORAGE_OK;
}

static bool is_after(const uint8_t *last, size_t last_len, MDB_val key)
{
    size_t common = last_len < key.mv_size ? last_len : key.mv_size;
    int order = common ? memcmp(last, key.mv_data, common) : 0;
    return order < 0 || (order == 0 && last_len < key.mv_size);
}

/* Walks one table: as many entries as it says, in rising order. */
static enum storage_status check_table(struct inspection *inspection,
                                       enum ledger_table table)
{
    uint8_t last[LEDGER_RECORD_KEY_BYTES_MAX];
    size_t last_len = 0;
    size_t count = 0;
    MDB_stat stat;
    MDB_cursor *cursor;
    MDB_val key;
    MDB_val value;
    MDB_dbi dbi = inspection->tables[table];
    if (mdb_stat(inspection->txn, dbi, &stat) != MDB_SUCCESS ||
        mdb_cursor_open(inspection->txn, dbi, &cursor) != MDB_SUCCESS)
        return damaged(inspection, "a table cannot be read");
    int code;
    while ((code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) ==
           MDB_SUCCESS) {
        if (key.mv_size > sizeof last || !is_after(last, last_len, key))
            return damaged(inspection, "keys are out of order");
        memcpy(last, key.mv_data, key.mv_size);
        last_len = key.mv_size;
        count++;
        enum storage_status status = check_entry(inspection, table, key, value);
        if (status != STORAGE_OK)
            return status;
    }
    mdb_cursor_close(cursor);
    if (code != MDB_NOTFOUND)
        return ledger_fault(inspection->fault, code, inspection->path,
                            "a table cannot be walked");
    if (count != stat.ms_entries)
        return damaged(inspection, "a table has lost entries");
    return STORAGE_OK;
}

/* A ledger whose first commit never came holds nothing. */
static bool is_blank(const struct inspection *inspection)
{
    MDB_dbi root;
    MDB_stat stat;
    return mdb_dbi_open(inspection->txn, NULL, 0, &root) == MDB_SUCCESS &&
           mdb_stat(inspection->txn, root, &stat) == MDB_SUCCESS &&
           stat.ms_entries == 0;
}

static enum storage_status check_tables(struct inspection *inspection)
{
    if (is_blank(inspection))
        return storage_fault_set(inspection->fault, STORAGE_NOT_FOUND, 0,
                                 inspection->path, "nothing committed yet");
    for (int i = 0; i < LEDGER_TABLE_COUNT; i++) {
        if (mdb_dbi_open(inspection->txn,
                         ledger_table_name((enum ledger_table)i), 0,
                         &inspection->tables[i]) != MDB_SUCCESS)
            return damaged(inspection, "a table is missing");
    }
    struct ledger_position position;
    MDB_dbi meta = inspection->tables[LEDGER_META];
    enum storage_status status =
        ledger_meta_check(inspection->txn, meta, inspection->genesis_id,
                          inspection->path, inspection->fault);
    if (status != STORAGE_OK)
        return status;
    if (ledger_meta_get_position(inspection->txn, meta, &position) !=
        STORAGE_OK)
        return damaged(inspection, "no readable position in meta");
    for (int i = 0; i < LEDGER_TABLE_COUNT; i++) {
        status = check_table(inspection, (enum ledger_table)i);
        if (status != STORAGE_OK)
            return status;
    }
    if (inspection->hash_count != inspection->block_count)
        return damaged(inspection, "blocks and their hashes differ in number");
    if (inspection->block_count &&
        inspection->last_block.last_index > position.applied_index)
        return damaged(inspection, "a block lies after the position");
    return STORAGE_OK;
}

static enum storage_status inspect(struct inspection *inspection)
{
    MDB_env *env;
    enum storage_status status = ledger_env_open(
        &env, inspection->path, MDB_RDONLY, 0, inspection->fault);
    if (status != STORAGE_OK)
        return status;
    int code = mdb_txn_begin(env, NULL, MDB_RDONLY, &inspection->txn);
    if (code != MDB_SUCCESS)
        return ledger_fault(inspection->fault, code, inspection->path,
                            "cannot begin");
    status = check_tables(inspection);
    mdb_txn_abort(inspection->txn);
    mdb_env_close(env);
    return status;
}

/* Makes the process fit to fail: it dies with its parent, leaves no core
 * file, keeps quiet, and a fault of the library ends it at once. */
static bool settle_child(pid_t parent)
{
    static const int faults[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE};
    struct rlimit no_core = {0};
    struct sigaction plain = {.sa_handler = SIG_DFL};
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent ||
        setrlimit(RLIMIT_CORE, &no_core) != 0)
        return false;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        if (sigaction(faults[i], &plain, NULL) != 0)
            return false;
    }
    /* The library, when it gives up, writes to the error output. */
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    return nowhere >= 0 && dup2(nowhere, STDERR_FILENO) >= 0;
}

/* The child's whole life. It ends by the one signal that runs nothing of what
 * it has inherited: no exit handlers, no buffers, no reports. */
static _Noreturn void run_child(int out, pid_t parent, const char *path,
                                const struct hash32 *genesis_id)
{
    struct storage_fault fault = {0};
    struct inspection inspection = {
        .path = path, .genesis_id = genesis_id, .fault = &fault};
    if (settle_child(parent))
        fault.status = inspect(&inspection);
    else
        storage_fault_errno(&fault, errno, path, "cannot settle a child");
    const uint8_t *bytes = (const uint8_t *)&fault;
    size_t done = 0;
    ssize_t put = 1;
    while (put > 0 && done < sizeof fault) {
        put = write(out, bytes + done, sizeof fault - done);
        done += put > 0 ? (size_t)put : 0;
    }
    for (;;)
        kill(getpid(), SIGKILL);
}

/* Reads the child's answer; false when it is not whole. */
static bool hear(int in, struct storage_fault *answer)
{
    uint8_t *bytes = (uint8_t *)answer;
    size_t done = 0;
    while (done < sizeof *answer) {
        ssize_t got = read(in, bytes + done, sizeof *answer - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        done += (size_t)got;
    }
    return true;
}

static enum storage_status ask_child(const char *path,
                                     const struct hash32 *genesis_id,
                                     struct storage_fault *fault)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return storage_fault_errno(fault, errno, path, "cannot make a pipe");
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        run_child(ends[1], parent, path, genesis_id);
    }
    int error = errno;
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return storage_fault_errno(fault, error, path, "cannot fork");
    }
    struct storage_fault answer;
    bool heard = hear(ends[0], &answer);
    close(ends[0]);
    int result = 0;
    while (waitpid(child, &result, 0) < 0 && errno == EINTR)
        continue;
    if (heard) {
        if (fault)
            *fault = answer;
        return answer.status;
    }
    char reason[STORAGE_REASON_BYTES];
    snprintf(reason, sizeof reason,
             "reading it ended the process that tried (signal %d)",
             WIFSIGNALED(result) ? WTERMSIG(result) : 0);
    return storage_fault_set(fault, STORAGE_DAMAGED, 0, path, reason);
}

enum storage_status ledger_check(const char *dir,
                                 const struct hash32 *genesis_id,
                                 struct storage_fault *fault)
{
    char path[STORAGE_FILE_BYTES];
    char file[STORAGE_FILE_BYTES];
    struct stat info = {0};
    if (!file_join(path, sizeof path, dir, "ledger") ||
        !file_join(file, sizeof file, path, "data.mdb"))
        return storage_fault_set(fault, STORAGE_INVALID, 0, dir,
                                 "path too long");
    bool missing = stat(file, &info) != 0 && errno == ENOENT;
    if (missing || info.st_size == 0)
        return storage_fault_set(fault, STORAGE_NOT_FOUND, 0, file,
                                 "no ledger");
    return ask_child(path, genesis_id, fault);
}
