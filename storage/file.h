/*
 * The few file operations that journal, data directory and ledger share. All
 * writing goes through plain pwrite, fdatasync and fsync.
 */
#ifndef CLEARINGD_STORAGE_FILE_H
#define CLEARINGD_STORAGE_FILE_H

#include "storage/status.h"

/* out = dir/name; false when it does not fit into size bytes. */
bool file_join(char *out, size_t size, const char *dir,
               const char *name) must_use;

/* Writes all len bytes at offset, going on after short writes. path is for the
 * fault. */
enum storage_status file_write(int fd, const void *data, size_t len,
                               uint64_t offset, const char *path,
                               struct storage_fault *fault) must_use;

/* fdatasync, never repeated: a second one may succeed without the data. */
enum storage_status file_sync(int fd, const char *path,
                              struct storage_fault *fault) must_use;

/* Makes the names in a directory durable. */
enum storage_status file_sync_dir(const char *dir,
                                  struct storage_fault *fault) must_use;

/* Makes one directory (mode 0700) and its name durable; one that exists is no
 * error. */
enum storage_status file_make_dir(const char *dir,
                                  struct storage_fault *fault) must_use;

#endif
