/*
 * What storage answers. Every function that can fail returns one of these;
 * where the place matters it also fills a storage_fault, from which one line
 * for the operator is made. Nothing in this room logs or exits.
 */
#ifndef CLEARINGD_STORAGE_STATUS_H
#define CLEARINGD_STORAGE_STATUS_H

#include "engine/base.h"

enum storage_status {
    STORAGE_OK = 0,
    /* Nothing more to read. */
    STORAGE_END,
    STORAGE_NOT_FOUND,
    /* An argument is outside its documented range; nothing was changed. */
    STORAGE_INVALID,
    /* The batch does not continue the journal; nothing was written. */
    STORAGE_OUT_OF_ORDER,
    STORAGE_NO_MEMORY,
    STORAGE_NO_SPACE,
    /* A system call failed, see system_error. */
    STORAGE_IO,
    /* An earlier write or sync failed: it refuses until opened again. */
    STORAGE_FAILED,
    /* Another process holds the directory. */
    STORAGE_LOCKED,
    /* The directory holds something that is not ours. */
    STORAGE_FOREIGN,
    /* Written by a newer version. */
    STORAGE_NEWER_FORMAT,
    /* Of another genesis. */
    STORAGE_OTHER_NETWORK,
    /* Bytes that were complete once are wrong or missing now. */
    STORAGE_DAMAGED,
    /* Journal and ledger, each whole, tell different histories. */
    STORAGE_OTHER_HISTORY,
    /* The index asked for lies before the oldest segment kept. */
    STORAGE_PRUNED,
    /* The ledger's map is full: ledger_grow, then the same puts again. */
    STORAGE_MAP_FULL,
    /* A sum would reach 2^127. */
    STORAGE_OVERFLOW,
    STORAGE_STATUS_COUNT
};

#define STORAGE_FILE_BYTES 512
#define STORAGE_REASON_BYTES 192

/* Where and why. Fields that do not apply are 0 or empty. */
struct storage_fault {
    enum storage_status status;
    /* errno of the failed call, else 0. */
    int system_error;
    /* Byte offset within the file. */
    uint64_t offset;
    /* Batch number and command index at that place. */
    uint64_t number;
    uint64_t index;
    char file[STORAGE_FILE_BYTES];
    char reason[STORAGE_REASON_BYTES];
};

/* A short English text; "unknown" outside the enum. Never NULL. */
const char *storage_status_text(enum storage_status status);

/* Fills a fault (fault may be NULL) and returns the status, so that a failing
 * function ends in one line. Place fields become 0; texts are cut to fit;
 * system_error is an errno or 0. reason may be NULL. */
enum storage_status storage_fault_set(struct storage_fault *fault,
                                      enum storage_status status,
                                      int system_error, const char *file,
                                      const char *reason);

/* Same for a failed system call: ENOSPC, EDQUOT and EFBIG become
 * STORAGE_NO_SPACE, ENOMEM STORAGE_NO_MEMORY, all else STORAGE_IO. */
enum storage_status storage_fault_errno(struct storage_fault *fault,
                                        int system_error, const char *file,
                                        const char *reason);

/* Writes one line without a line end, always terminated, cut to size (> 0):
 * "damaged: DIR/journal/….seg offset 1024 batch 7 index 31: reason (errno
 * text)". */
void storage_fault_text(const struct storage_fault *fault, char *out,
                        size_t size);

#endif
