#include "storage/status.h"
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const texts[STORAGE_STATUS_COUNT] = {
    [STORAGE_OK] = "ok",
    [STORAGE_END] = "end",
    [STORAGE_NOT_FOUND] = "not found",
    [STORAGE_INVALID] = "invalid argument",
    [STORAGE_OUT_OF_ORDER] = "out of order",
    [STORAGE_NO_MEMORY] = "out of memory",
    [STORAGE_NO_SPACE] = "no space",
    [STORAGE_IO] = "input/output failed",
    [STORAGE_FAILED] = "refused after an earlier failure",
    [STORAGE_LOCKED] = "locked",
    [STORAGE_FOREIGN] = "not a data directory of clearingd",
    [STORAGE_NEWER_FORMAT] = "written by a newer version",
    [STORAGE_OTHER_NETWORK] = "of another network",
    [STORAGE_DAMAGED] = "damaged",
    [STORAGE_OTHER_HISTORY] = "of another history",
    [STORAGE_PRUNED] = "pruned",
    [STORAGE_MAP_FULL] = "map full",
    [STORAGE_OVERFLOW] = "sum too large",
};

const char *storage_status_text(enum storage_status status)
{
    if ((unsigned)status >= STORAGE_STATUS_COUNT)
        return "unknown";
    return texts[status];
}

static void copy_text(char *out, size_t size, const char *text)
{
    size_t len = text ? strlen(text) : 0;
    if (len >= size)
        len = size - 1;
    if (len)
        memcpy(out, text, len);
    out[len] = 0;
}

enum storage_status storage_fault_set(struct storage_fault *fault,
                                      enum storage_status status,
                                      int system_error, const char *file,
                                      const char *reason)
{
    if (fault) {
        fault->status = status;
        fault->system_error = system_error;
        fault->offset = 0;
        fault->number = 0;
        fault->index = 0;
        copy_text(fault->file, sizeof fault->file, file);
        copy_text(fault->reason, sizeof fault->reason, reason);
    }
    return status;
}

enum storage_status storage_fault_errno(struct storage_fault *fault,
                                        int system_error, const char *file,
                                        const char *reason)
{
    enum storage_status status = STORAGE_IO;
    if (system_error == ENOSPC || system_error == EDQUOT ||
        system_error == EFBIG)
        status = STORAGE_NO_SPACE;
    else if (system_error == ENOMEM)
        status = STORAGE_NO_MEMORY;
    return storage_fault_set(fault, status, system_error, file, reason);
}

/* Appends printf-like text at *at, never past size - 1. */
__attribute__((format(printf, 4, 5))) static void
append_text(char *out, size_t size, size_t *at, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(out + *at, size - *at, format, arguments);
    va_end(arguments);
    if (len > 0)
        *at += (size_t)len < size - *at ? (size_t)len : size - *at - 1;
}

void storage_fault_text(const struct storage_fault *fault, char *out,
                        size_t size)
{
    size_t at = 0;
    out[0] = 0;
    append_text(out, size, &at, "%s", storage_status_text(fault->status));
    if (fault->file[0])
        append_text(out, size, &at, ": %s", fault->file);
    if (fault->offset || fault->number || fault->index)
        append_text(out, size, &at,
                    " offset %" PRIu64 " batch %" PRIu64 " index %" PRIu64,
                    fault->offset, fault->number, fault->index);
    if (fault->reason[0])
        append_text(out, size, &at, ": %s", fault->reason);
    if (fault->system_error)
        append_text(out, size, &at, " (%s)",
                    strerrordesc_np(fault->system_error));
}
