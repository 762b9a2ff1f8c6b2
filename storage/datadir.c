#include "storage/datadir.h"
#include "storage/file.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FORMAT_BYTES_MAX 256
#define HEX_DIGITS (2 * HASH32_BYTES)

static const char format_head[] = "clearingd ";
static const char genesis_head[] = "\ngenesis ";

static void hash_to_hex(char out[HEX_DIGITS + 1], const struct hash32 *hash)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < HASH32_BYTES; i++) {
        out[2 * i] = digits[hash->bytes[i] >> 4];
        out[2 * i + 1] = digits[hash->bytes[i] & 15];
    }
    out[HEX_DIGITS] = 0;
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return -1;
}

static bool hash_from_hex(struct hash32 *out, const char *text)
{
    for (size_t i = 0; i < HASH32_BYTES; i++) {
        int high = hex_value(text[2 * i]);
        int low = high < 0 ? -1 : hex_value(text[2 * i + 1]);
        if (low < 0)
            return false;
        out->bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* The version at the text's beginning, at most 6 digits; NULL when there is
 * none, else where it ends. */
static const char *parse_version(uint32_t *version, const char *text)
{
    if (strncmp(text, format_head, sizeof format_head - 1) != 0)
        return NULL;
    const char *at = text + sizeof format_head - 1;
    const char *begin = at;
    *version = 0;
    while (*at >= '0' && *at <= '9' && at - begin < 6)
        *version = 10 * *version + (uint32_t)(*at++ - '0');
    return at == begin || *begin == '0' ? NULL : at;
}

static enum storage_status parse_format(struct hash32 *genesis_id,
                                        const char *text, const char *path,
                                        struct storage_fault *fault)
{
    uint32_t version;
    const char *at = parse_version(&version, text);
    if (!at)
        return storage_fault_set(fault, STORAGE_FOREIGN, 0, path,
                                 "not a format file of clearingd");
    if (version > DATADIR_FORMAT) {
        char reason[STORAGE_REASON_BYTES];
        snprintf(reason, sizeof reason,
                 "the data has format %" PRIu32
                 ", this program knows formats up to %d",
                 version, DATADIR_FORMAT);
        return storage_fault_set(fault, STORAGE_NEWER_FORMAT, 0, path, reason);
    }
    size_t head = sizeof genesis_head - 1;
    if (strncmp(at, genesis_head, head) != 0 ||
        strlen(at) != head + HEX_DIGITS + 1 || at[head + HEX_DIGITS] != '\n' ||
        !hash_from_hex(genesis_id, at + head))
        return storage_fault_set(fault, STORAGE_DAMAGED, 0, path,
                                 "the genesis line is not readable");
    return STORAGE_OK;
}

static enum storage_status read_text(char out[FORMAT_BYTES_MAX],
                                     const char *path,
                                     struct storage_fault *fault)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return storage_fault_set(fault, STORAGE_NOT_FOUND, ENOENT, path,
                                 "no data directory");
    if (fd < 0)
        return storage_fault_errno(fault, errno, path, "cannot open");
    ssize_t len = pread(fd, out, FORMAT_BYTES_MAX - 1, 0);
    int error = errno;
    close(fd);
    if (len < 0)
        return storage_fault_errno(fault, error, path, "cannot read");
    out[len] = 0;
    return STORAGE_OK;
}

static enum storage_status join(char out[STORAGE_FILE_BYTES], const char *dir,
                                const char *name, struct storage_fault *fault)
{
    if (file_join(out, STORAGE_FILE_BYTES, dir, name))
        return STORAGE_OK;
    return storage_fault_set(fault, STORAGE_INVALID, 0, dir, "path too long");
}

enum storage_status datadir_genesis(struct hash32 *genesis_id, const char *dir,
                                    struct storage_fault *fault)
{
    char path[STORAGE_FILE_BYTES];
    char text[FORMAT_BYTES_MAX];
    enum storage_status status = join(path, dir, "FORMAT", fault);
    if (status == STORAGE_OK)
        status = read_text(text, path, fault);
    if (status == STORAGE_OK)
        status = parse_format(genesis_id, text, path, fault);
    return status;
}

/* Makes DIR's missing parents and DIR. */
static enum storage_status make_tree(const char *dir,
                                     struct storage_fault *fault)
{
    char part[STORAGE_FILE_BYTES];
    size_t len = strlen(dir);
    if (len == 0 || len >= sizeof part)
        return storage_fault_set(fault, STORAGE_INVALID, 0, dir,
                                 "path empty or too long");
    for (size_t i = 1; i <= len; i++) {
        if (dir[i] != '/' && dir[i] != 0)
            continue;
        memcpy(part, dir, i);
        part[i] = 0;
        enum storage_status status = file_make_dir(part, fault);
        if (status != STORAGE_OK)
            return status;
    }
    return STORAGE_OK;
}

/* The lock is taken on the open file, so it ends with the last holder. */
static enum storage_status lock(struct datadir *out, const char *path,
                                struct storage_fault *fault)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return storage_fault_errno(fault, errno, path, "cannot open");
    struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char text[32] = {0};
    if (fcntl(fd, F_OFD_SETLK, &range) != 0) {
        int error = errno;
        ssize_t len = pread(fd, text, sizeof text - 1, 0);
        close(fd);
        if (error != EAGAIN && error != EACCES)
            return storage_fault_errno(fault, error, path, "cannot lock");
        char reason[STORAGE_REASON_BYTES];
        text[len > 0 ? strcspn(text, "\n") : 0] = 0;
        snprintf(reason, sizeof reason, "held by process %s",
                 text[0] ? text : "(unknown)");
        return storage_fault_set(fault, STORAGE_LOCKED, 0, path, reason);
    }
    int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    enum storage_status status = STORAGE_OK;
    if (ftruncate(fd, 0) != 0)
        status = storage_fault_errno(fault, errno, path, "cannot truncate");
    else
        status = file_write(fd, text, (size_t)len, 0, path, fault);
    if (status != STORAGE_OK)
        close(fd);
    else
        out->lock_fd = fd;
    return status;
}

/* *empty: no entries but "." and "..". */
static enum storage_status look_into(bool *empty, const char *path,
                                     struct storage_fault *fault)
{
    DIR *dir = opendir(path);
    if (!dir)
        return storage_fault_errno(fault, errno, path, "cannot open");
    const struct dirent *entry;
    *empty = true;
    do {
        errno = 0;
        entry = readdir(dir);
        if (entry && strcmp(entry->d_name, ".") != 0 &&
            strcmp(entry->d_name, "..") != 0)
            *empty = false;
    } while (entry);
    int error = errno;
    closedir(dir);
    if (error)
        return storage_fault_errno(fault, error, path, "cannot list");
    return STORAGE_OK;
}

/* FORMAT appears whole or not at all. */
static enum storage_status write_format(const char *dir, const char *path,
                                        const struct hash32 *genesis_id,
                                        struct storage_fault *fault)
{
    char hex[HEX_DIGITS + 1];
    char text[FORMAT_BYTES_MAX];
    char temporary[STORAGE_FILE_BYTES];
    enum storage_status status = join(temporary, dir, "FORMAT.tmp", fault);
    if (status != STORAGE_OK)
        return status;
    hash_to_hex(hex, genesis_id);
    int len = snprintf(text, sizeof text, "%s%d%s%s\n", format_head,
                       DATADIR_FORMAT, genesis_head, hex);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return storage_fault_errno(fault, errno, temporary, "cannot create");
    status = file_write(fd, text, (size_t)len, 0, temporary, fault);
    if (status == STORAGE_OK)
        status = file_sync(fd, temporary, fault);
    close(fd);
    if (status != STORAGE_OK)
        return status;
    if (rename(temporary, path) != 0)
        return storage_fault_errno(fault, errno, path, "cannot rename");
    return file_sync_dir(dir, fault);
}

/* Checks FORMAT against the network, or writes it into an unused directory. */
static enum storage_status settle_format(const char *dir, bool unused,
                                         const struct hash32 *genesis_id,
                                         struct storage_fault *fault)
{
    char path[STORAGE_FILE_BYTES];
    struct hash32 found;
    enum storage_status status = join(path, dir, "FORMAT", fault);
    if (status == STORAGE_OK)
        status = datadir_genesis(&found, dir, fault);
    if (status == STORAGE_NOT_FOUND && unused)
        return write_format(dir, path, genesis_id, fault);
    if (status == STORAGE_NOT_FOUND)
        return storage_fault_set(fault, STORAGE_FOREIGN, 0, path,
                                 "missing, but journal or ledger hold files");
    if (status != STORAGE_OK || hash32_equal(&found, genesis_id))
        return status;
    char reason[STORAGE_REASON_BYTES];
    char data_hex[HEX_DIGITS + 1];
    char own_hex[HEX_DIGITS + 1];
    hash_to_hex(data_hex, &found);
    hash_to_hex(own_hex, genesis_id);
    snprintf(reason, sizeof reason,
             "the data is of genesis %s, not of this one, %s", data_hex,
             own_hex);
    return storage_fault_set(fault, STORAGE_OTHER_NETWORK, 0, path, reason);
}

static enum storage_status open_locked(const char *dir,
                                       const struct hash32 *genesis_id,
                                       struct storage_fault *fault)
{
    static const char *const folders[] = {"journal", "ledger"};
    bool unused = true;
    enum storage_status status = STORAGE_OK;
    for (size_t i = 0; i < 2 && status == STORAGE_OK; i++) {
        char path[STORAGE_FILE_BYTES];
        bool empty = true;
        status = join(path, dir, folders[i], fault);
        if (status == STORAGE_OK)
            status = file_make_dir(path, fault);
        if (status == STORAGE_OK)
            status = look_into(&empty, path, fault);
        unused = unused && empty;
    }
    if (status == STORAGE_OK)
        status = settle_format(dir, unused, genesis_id, fault);
    return status;
}

enum storage_status datadir_open(struct datadir *out, const char *dir,
                                 const struct hash32 *genesis_id,
                                 struct storage_fault *fault)
{
    char path[STORAGE_FILE_BYTES];
    enum storage_status status = make_tree(dir, fault);
    if (status == STORAGE_OK)
        status = join(path, dir, "LOCK", fault);
    if (status == STORAGE_OK)
        status = lock(out, path, fault);
    if (status != STORAGE_OK)
        return status;
    status = open_locked(dir, genesis_id, fault);
    if (status != STORAGE_OK)
        datadir_close(out);
    return status;
}

void datadir_close(struct datadir *datadir)
{
    if (datadir->lock_fd >= 0)
        close(datadir->lock_fd);
    datadir->lock_fd = -1;
}
