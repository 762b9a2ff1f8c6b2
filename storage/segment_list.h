/*
 * The segment files of a journal directory, by the first index in their
 * names: 16 lower-case hex digits and ".seg".
 */
#ifndef CLEARINGD_STORAGE_SEGMENT_LIST_H
#define CLEARINGD_STORAGE_SEGMENT_LIST_H

#include "storage/status.h"

#define SEGMENT_NAME_BYTES 21

/* First indexes, ascending. */
struct segment_list {
    uint64_t *indexes;
    size_t count;
    size_t capacity;
};

/* The file name of a first index, and back; false when name is not one. */
void segment_name(char out[SEGMENT_NAME_BYTES], uint64_t first_index);
bool segment_parse_name(uint64_t *first_index, const char *name) must_use;

/* Lists a directory; other files are passed over. Free with
 * segment_list_free, also after an error. */
enum storage_status segment_list_read(struct segment_list *out,
                                      const char *journal_dir,
                                      struct storage_fault *fault) must_use;

/* Adds one after all others. STORAGE_NO_MEMORY. */
enum storage_status segment_list_add(struct segment_list *list,
                                     uint64_t first_index) must_use;

/* Position of the last segment whose first index is not above index; count
 * when there is none. */
size_t segment_list_find(const struct segment_list *list, uint64_t index);

/* Forgets the first n. */
void segment_list_drop(struct segment_list *list, size_t n);

void segment_list_free(struct segment_list *list);

#endif
