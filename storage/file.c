#include "storage/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool file_join(char *out, size_t size, const char *dir, const char *name)
{
    int len = snprintf(out, size, "%s/%s", dir, name);
    return len >= 0 && (size_t)len < size;
}

enum storage_status file_write(int fd, const void *data, size_t len,
                               uint64_t offset, const char *path,
                               struct storage_fault *fault)
{
    const uint8_t *bytes = data;
    size_t done = 0;
    while (done < len) {
        ssize_t put =
            pwrite(fd, bytes + done, len - done, (off_t)(offset + done));
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return storage_fault_errno(fault, put < 0 ? errno : EIO, path,
                                       "cannot write");
        done += (size_t)put;
    }
    return STORAGE_OK;
}

enum storage_status file_sync(int fd, const char *path,
                              struct storage_fault *fault)
{
    if (fdatasync(fd) != 0)
        return storage_fault_errno(fault, errno, path, "cannot sync");
    return STORAGE_OK;
}

enum storage_status file_sync_dir(const char *dir, struct storage_fault *fault)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return storage_fault_errno(fault, errno, dir, "cannot open");
    int failed = fsync(fd);
    int error = errno;
    close(fd);
    if (failed)
        return storage_fault_errno(fault, error, dir, "cannot sync");
    return STORAGE_OK;
}

/* The directory that holds dir's name. */
static void parent_of(char *out, size_t size, const char *dir)
{
    size_t len = strlen(dir);
    while (len > 1 && dir[len - 1] == '/')
        len--;
    while (len > 0 && dir[len - 1] != '/')
        len--;
    while (len > 1 && dir[len - 1] == '/')
        len--;
    if (len == 0 || len >= size) {
        dir = ".";
        len = 1;
    }
    memcpy(out, dir, len);
    out[len] = 0;
}

enum storage_status file_make_dir(const char *dir, struct storage_fault *fault)
{
    if (mkdir(dir, 0700) != 0) {
        int error = errno;
        struct stat info;
        if (error == EEXIST && stat(dir, &info) == 0 && S_ISDIR(info.st_mode))
            return STORAGE_OK;
        return storage_fault_errno(fault, error, dir, "cannot make directory");
    }
    char parent[STORAGE_FILE_BYTES];
    parent_of(parent, sizeof parent, dir);
    return file_sync_dir(parent, fault);
}
