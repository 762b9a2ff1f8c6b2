#include "storage/journal.h"
#include "storage/file.h"
#include "storage/journal_scan.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PREPARE_BYTES ((size_t)1 << 20)

static const char spare_name[] = "next.tmp";

struct journal {
    char dir[STORAGE_FILE_BYTES];
    char spare_path[STORAGE_FILE_BYTES];
    uint64_t segment_size;
    struct hash32 genesis_id;
    struct segment_list list;
    /* The last segment, and where its next batch goes. */
    struct segment segment;
    uint64_t offset;
    /* The segment being prepared, -1 when not begun. */
    int spare_fd;
    uint64_t spare_filled;
    struct batch_link link;
    struct journal_tail tail;
    /* Room for the largest batch on sectors. */
    uint8_t *buffer;
    uint8_t *zeros;
    bool failed;
};

/* The size asked for, rounded up to sectors. */
static uint64_t segment_bytes(const struct journal_options *options)
{
    uint64_t size = options->segment_size;
    if (size == 0)
        size = JOURNAL_SEGMENT_BYTES_DEFAULT;
    if (size > SEGMENT_SIZE_MAX)
        return size;
    return (size + SEGMENT_SECTOR_BYTES - 1) / SEGMENT_SECTOR_BYTES *
           SEGMENT_SECTOR_BYTES;
}

/* A failure that leaves the disk's state unknown: no more of this journal. */
static enum storage_status fail(struct journal *journal,
                                enum storage_status status)
{
    if (status != STORAGE_OK)
        journal->failed = true;
    return status;
}

static void drop_spare(struct journal *journal)
{
    if (journal->spare_fd >= 0)
        close(journal->spare_fd);
    journal->spare_fd = -1;
    journal->spare_filled = 0;
}

static enum storage_status open_spare(struct journal *journal,
                                      struct storage_fault *fault)
{
    journal->spare_fd =
        open(journal->spare_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    journal->spare_filled = 0;
    if (journal->spare_fd < 0)
        return storage_fault_errno(fault, errno, journal->spare_path,
                                   "cannot create");
    return STORAGE_OK;
}

/* A full disk is no reason to stop while the current segment has room; the
 * bytes taken are given back. */
static enum storage_status give_up_spare(struct journal *journal,
                                         enum storage_status status)
{
    if (status != STORAGE_NO_SPACE)
        return fail(journal, status);
    drop_spare(journal);
    unlink(journal->spare_path);
    return status;
}

enum storage_status journal_prepare(struct journal *journal,
                                    struct storage_fault *fault)
{
    if (journal->failed)
        return storage_fault_set(fault, STORAGE_FAILED, 0, journal->dir, NULL);
    enum storage_status status = STORAGE_OK;
    if (journal->spare_fd < 0)
        status = open_spare(journal, fault);
    uint64_t left = journal->segment_size - journal->spare_filled;
    size_t len = left < PREPARE_BYTES ? (size_t)left : PREPARE_BYTES;
    if (status == STORAGE_OK && len == 0)
        return STORAGE_END;
    if (status == STORAGE_OK)
        status = file_write(journal->spare_fd, journal->zeros, len,
                            journal->spare_filled, journal->spare_path, fault);
    if (status != STORAGE_OK)
        return give_up_spare(journal, status);
    journal->spare_filled += len;
    return fail(journal,
                file_sync(journal->spare_fd, journal->spare_path, fault));
}

/* Header, sync, final name, directory: in this order, see the header. */
static enum storage_status name_spare(struct journal *journal,
                                      struct segment *next,
                                      struct storage_fault *fault)
{
    uint8_t sector[SEGMENT_SECTOR_BYTES];
    char name[SEGMENT_NAME_BYTES];
    segment_name(name, journal->link.index);
    if (!file_join(next->path, sizeof next->path, journal->dir, name))
        return storage_fault_set(fault, STORAGE_INVALID, 0, journal->dir,
                                 "path too long");
    next->fd = journal->spare_fd;
    next->size = journal->segment_size;
    next->first = journal->link;
    segment_encode_header(sector, next->size, &journal->genesis_id,
                          &next->first);
    enum storage_status status =
        file_write(next->fd, sector, sizeof sector, 0, next->path, fault);
    if (status == STORAGE_OK)
        status = file_sync(next->fd, next->path, fault);
    if (status != STORAGE_OK)
        return status;
    if (rename(journal->spare_path, next->path) != 0)
        return storage_fault_errno(fault, errno, next->path, "cannot rename");
    return file_sync_dir(journal->dir, fault);
}

/* Makes the next segment the current one. */
static enum storage_status roll(struct journal *journal,
                                struct storage_fault *fault)
{
    enum storage_status status;
    do {
        status = journal_prepare(journal, fault);
    } while (status == STORAGE_OK);
    if (status != STORAGE_END)
        return status;
    struct segment next;
    status = segment_list_add(&journal->list, journal->link.index);
    if (status != STORAGE_OK)
        return storage_fault_set(fault, status, 0, journal->dir, NULL);
    status = name_spare(journal, &next, fault);
    if (status != STORAGE_OK)
        return status;
    segment_close(&journal->segment);
    journal->segment = next;
    journal->offset = SEGMENT_SECTOR_BYTES;
    journal->spare_fd = -1;
    journal->spare_filled = 0;
    return STORAGE_OK;
}

static enum storage_status write_batch(struct journal *journal,
                                       struct batch_view *view,
                                       struct storage_fault *fault)
{
    size_t bytes =
        segment_encode_batch(journal->buffer, &view->hash, &view->batch,
                             &journal->link.previous_hash);
    enum storage_status status = STORAGE_OK;
    if (journal->segment.size - journal->offset < bytes)
        status = roll(journal, fault);
    if (status == STORAGE_OK)
        status = file_write(journal->segment.fd, journal->buffer, bytes,
                            journal->offset, journal->segment.path, fault);
    if (status == STORAGE_OK)
        status = file_sync(journal->segment.fd, journal->segment.path, fault);
    if (status == STORAGE_OK)
        journal->offset += bytes;
    return status;
}

enum storage_status journal_append(struct journal *journal, struct hash32 *hash,
                                   const struct batch *batch,
                                   struct storage_fault *fault)
{
    if (journal->failed)
        return storage_fault_set(fault, STORAGE_FAILED, 0, journal->dir, NULL);
    if (!batch_is_valid(batch))
        return storage_fault_set(fault, STORAGE_INVALID, 0, journal->dir,
                                 "batch breaks its own rules");
    if (batch->number != journal->link.number ||
        batch->first_index != journal->link.index)
        return storage_fault_set(fault, STORAGE_OUT_OF_ORDER, 0, journal->dir,
                                 "batch does not continue the journal");
    struct batch_view view = {.batch = *batch};
    enum storage_status status = write_batch(journal, &view, fault);
    if (status != STORAGE_OK)
        return fail(journal, status);
    batch_link_advance(&journal->link, &view);
    journal_tail_advance(&journal->tail, &view);
    if (hash)
        *hash = view.hash;
    return STORAGE_OK;
}

enum storage_status journal_prune(struct journal *journal, size_t *removed,
                                  uint64_t keep_from_index,
                                  struct storage_fault *fault)
{
    size_t n = 0;
    enum storage_status status = STORAGE_OK;
    struct segment_list *list = &journal->list;
    while (n + 1 < list->count && list->indexes[n + 1] <= keep_from_index) {
        char name[SEGMENT_NAME_BYTES];
        char path[STORAGE_FILE_BYTES];
        segment_name(name, list->indexes[n]);
        check(file_join(path, sizeof path, journal->dir, name));
        if (unlink(path) != 0 && errno != ENOENT) {
            status = storage_fault_errno(fault, errno, path, "cannot remove");
            break;
        }
        n++;
    }
    segment_list_drop(list, n);
    journal->tail.first_index = list->indexes[0];
    if (removed)
        *removed = n;
    if (n && status == STORAGE_OK)
        status = file_sync_dir(journal->dir, fault);
    return status;
}

void journal_tail(struct journal_tail *out, const struct journal *journal)
{
    *out = journal->tail;
}

size_t journal_segment_count(const struct journal *journal)
{
    return journal->list.count;
}

void journal_close(struct journal *journal)
{
    if (!journal)
        return;
    drop_spare(journal);
    segment_close(&journal->segment);
    segment_list_free(&journal->list);
    free(journal->buffer);
    free(journal->zeros);
    free(journal);
}

/* Writes a range of the current segment once more: after a failed sync of an
 * earlier process the page cache may hold bytes that the disk does not. */
static enum storage_status rewrite(struct journal *journal, uint64_t from,
                                   uint64_t to, struct storage_fault *fault)
{
    size_t len = (size_t)(to - from);
    check(from <= to && len <= SEGMENT_BATCH_BYTES_MAX);
    const struct segment *segment = &journal->segment;
    enum storage_status status =
        segment_read(journal->buffer, len, segment, from, fault);
    if (status == STORAGE_OK)
        status = file_write(segment->fd, journal->buffer, len, from,
                            segment->path, fault);
    return status;
}

/* Opens the last segment for writing, as the scan left it: the torn tail
 * zeroed, all that counts on disk for sure. */
static enum storage_status resume(struct journal *journal,
                                  const struct journal_scan *found,
                                  struct storage_fault *fault)
{
    struct segment *segment = &journal->segment;
    uint64_t end = found->place.offset;
    enum storage_status status =
        segment_open(segment, journal->dir, found->place.segment_index, true,
                     &journal->genesis_id, fault);
    if (status == STORAGE_OK)
        status = rewrite(journal, 0, SEGMENT_SECTOR_BYTES, fault);
    if (status == STORAGE_OK && found->last_offset)
        status = rewrite(journal, found->last_offset, end, fault);
    if (status == STORAGE_OK && found->place.torn_bytes) {
        size_t len = (size_t)found->place.torn_bytes;
        memset(journal->buffer, 0, len);
        status = file_write(segment->fd, journal->buffer, len, end,
                            segment->path, fault);
    }
    if (status == STORAGE_OK)
        status = file_sync(segment->fd, segment->path, fault);
    if (status == STORAGE_OK)
        status = file_sync_dir(journal->dir, fault);
    journal->link = found->link;
    journal->tail = found->tail;
    journal->tail.cut_bytes = found->place.torn_bytes;
    journal->offset = end;
    return status;
}

/* The first segment of a new network. */
static enum storage_status begin(struct journal *journal,
                                 const struct journal_options *options,
                                 struct storage_fault *fault)
{
    if (options->known_durable_index) {
        storage_fault_set(fault, STORAGE_DAMAGED, 0, journal->dir,
                          "no segments, but commands are known as durable");
        if (fault)
            fault->index = options->known_durable_index;
        return STORAGE_DAMAGED;
    }
    journal->link = (struct batch_link){
        .number = 1, .index = 1, .previous_hash = options->genesis_id};
    journal->tail =
        (struct journal_tail){.first_index = 1, .hash = options->genesis_id};
    return roll(journal, fault);
}

/* Looks at the header of every segment before the one that index lies in. */
static enum storage_status check_older(const struct journal *journal,
                                       uint64_t index,
                                       struct storage_fault *fault)
{
    size_t end = segment_list_find(&journal->list, index);
    enum storage_status status = STORAGE_OK;
    for (size_t i = 0; i < end && end < journal->list.count; i++) {
        struct segment segment;
        status = segment_open(&segment, journal->dir, journal->list.indexes[i],
                              false, &journal->genesis_id, fault);
        if (status != STORAGE_OK)
            break;
        segment_close(&segment);
    }
    return status;
}

static enum storage_status open_files(struct journal *journal,
                                      const struct journal_options *options,
                                      struct storage_fault *fault)
{
    enum storage_status status = file_make_dir(journal->dir, fault);
    if (status == STORAGE_OK)
        status = segment_list_read(&journal->list, journal->dir, fault);
    if (status != STORAGE_OK)
        return status;
    struct journal_scan found;
    if (journal->list.count) {
        status = check_older(journal, options->known_durable_index, fault);
        if (status == STORAGE_OK)
            status =
                journal_scan(&found, options, journal->list.indexes[0], fault);
        if (status == STORAGE_OK)
            status = resume(journal, &found, fault);
    } else {
        status = begin(journal, options, fault);
    }
    if (status == STORAGE_OK && journal->spare_fd < 0 &&
        unlink(journal->spare_path) != 0 && errno != ENOENT)
        status = storage_fault_errno(fault, errno, journal->spare_path,
                                     "cannot remove");
    return status;
}

/* Fills a zeroed journal with what it needs before any file. */
static enum storage_status prepare_memory(struct journal *journal,
                                          const struct journal_options *options,
                                          struct storage_fault *fault)
{
    journal->segment.fd = -1;
    journal->spare_fd = -1;
    journal->genesis_id = options->genesis_id;
    journal->segment_size = segment_bytes(options);
    journal->buffer = malloc(SEGMENT_BATCH_BYTES_MAX);
    journal->zeros = calloc(1, PREPARE_BYTES);
    if (!journal->buffer || !journal->zeros)
        return storage_fault_set(fault, STORAGE_NO_MEMORY, 0, options->dir,
                                 NULL);
    if (!file_join(journal->dir, sizeof journal->dir - SEGMENT_NAME_BYTES,
                   options->dir, "journal") ||
        !file_join(journal->spare_path, sizeof journal->spare_path,
                   journal->dir, spare_name))
        return storage_fault_set(fault, STORAGE_INVALID, 0, options->dir,
                                 "path too long");
    return STORAGE_OK;
}

enum storage_status journal_open(struct journal **out,
                                 struct journal_tail *tail,
                                 const struct journal_options *options,
                                 struct storage_fault *fault)
{
    uint64_t size = segment_bytes(options);
    if (size < SEGMENT_SIZE_MIN || size > SEGMENT_SIZE_MAX)
        return storage_fault_set(fault, STORAGE_INVALID, 0, options->dir,
                                 "segment size out of range");
    struct journal *journal = calloc(1, sizeof *journal);
    if (!journal)
        return storage_fault_set(fault, STORAGE_NO_MEMORY, 0, options->dir,
                                 NULL);
    enum storage_status status = prepare_memory(journal, options, fault);
    if (status == STORAGE_OK)
        status = open_files(journal, options, fault);
    if (status != STORAGE_OK) {
        journal_close(journal);
        return status;
    }
    *tail = journal->tail;
    *out = journal;
    return STORAGE_OK;
}
