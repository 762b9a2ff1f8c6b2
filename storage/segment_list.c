#include "storage/segment_list.h"
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_DIGITS 16

static const char suffix[] = ".seg";
STATIC_CHECK(NAME_DIGITS + sizeof suffix == SEGMENT_NAME_BYTES);

void segment_name(char out[SEGMENT_NAME_BYTES], uint64_t first_index)
{
    int len = snprintf(out, SEGMENT_NAME_BYTES, "%016" PRIx64 "%s", first_index,
                       suffix);
    check(len == SEGMENT_NAME_BYTES - 1);
}

bool segment_parse_name(uint64_t *first_index, const char *name)
{
    if (strlen(name) != SEGMENT_NAME_BYTES - 1 ||
        strcmp(name + NAME_DIGITS, suffix) != 0)
        return false;
    uint64_t value = 0;
    for (size_t i = 0; i < NAME_DIGITS; i++) {
        uint64_t digit;
        if (name[i] >= '0' && name[i] <= '9')
            digit = (uint64_t)(name[i] - '0');
        else if (name[i] >= 'a' && name[i] <= 'f')
            digit = (uint64_t)(name[i] - 'a') + 10;
        else
            return false;
        value = value << 4 | digit;
    }
    *first_index = value;
    return true;
}

enum storage_status segment_list_add(struct segment_list *list,
                                     uint64_t first_index)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 16;
        uint64_t *grown =
            realloc(list->indexes, capacity * sizeof *list->indexes);
        if (!grown)
            return STORAGE_NO_MEMORY;
        list->indexes = grown;
        list->capacity = capacity;
    }
    list->indexes[list->count++] = first_index;
    return STORAGE_OK;
}

static int compare_indexes(const void *left, const void *right)
{
    uint64_t a;
    uint64_t b;
    memcpy(&a, left, sizeof a);
    memcpy(&b, right, sizeof b);
    return (a > b) - (a < b);
}

static enum storage_status read_names(struct segment_list *out, DIR *dir,
                                      const char *journal_dir,
                                      struct storage_fault *fault)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (!entry && errno)
            return storage_fault_errno(fault, errno, journal_dir,
                                       "cannot list");
        if (!entry)
            return STORAGE_OK;
        uint64_t first_index;
        if (segment_parse_name(&first_index, entry->d_name) &&
            segment_list_add(out, first_index) != STORAGE_OK)
            return storage_fault_set(fault, STORAGE_NO_MEMORY, 0, journal_dir,
                                     NULL);
    }
}

enum storage_status segment_list_read(struct segment_list *out,
                                      const char *journal_dir,
                                      struct storage_fault *fault)
{
    *out = (struct segment_list){0};
    DIR *dir = opendir(journal_dir);
    if (!dir && errno == ENOENT)
        return storage_fault_set(fault, STORAGE_NOT_FOUND, errno, journal_dir,
                                 "no journal");
    if (!dir)
        return storage_fault_errno(fault, errno, journal_dir, "cannot open");
    enum storage_status status = read_names(out, dir, journal_dir, fault);
    closedir(dir);
    if (out->count)
        qsort(out->indexes, out->count, sizeof *out->indexes, compare_indexes);
    return status;
}

size_t segment_list_find(const struct segment_list *list, uint64_t index)
{
    size_t found = list->count;
    for (size_t i = 0; i < list->count && list->indexes[i] <= index; i++)
        found = i;
    return found;
}

void segment_list_drop(struct segment_list *list, size_t n)
{
    check(n <= list->count);
    if (n == 0)
        return;
    list->count -= n;
    memmove(list->indexes, list->indexes + n,
            list->count * sizeof *list->indexes);
}

void segment_list_free(struct segment_list *list)
{
    free(list->indexes);
    *list = (struct segment_list){0};
}
