#include "storage/journal_reader.h"
#include "storage/file.h"
#include <stdlib.h>
#include <string.h>

struct journal_reader {
    char dir[STORAGE_FILE_BYTES];
    struct hash32 genesis_id;
    struct segment segment;
    uint64_t offset;
    uint64_t from_index;
    uint64_t torn_bytes;
    struct batch_link link;
    uint8_t *buffer;
    bool failed;
};

/* Begins to read a segment. */
static void enter(struct journal_reader *reader, const struct segment *segment)
{
    reader->segment = *segment;
    reader->offset = SEGMENT_SECTOR_BYTES;
    reader->link = segment->first;
}

static enum storage_status open_first(struct journal_reader *reader,
                                      struct storage_fault *fault)
{
    struct segment_list list;
    enum storage_status status = segment_list_read(&list, reader->dir, fault);
    size_t at = segment_list_find(&list, reader->from_index);
    bool empty = list.count == 0;
    uint64_t first_index = at < list.count ? list.indexes[at] : 0;
    segment_list_free(&list);
    if (status != STORAGE_OK)
        return status;
    if (empty)
        return storage_fault_set(fault, STORAGE_NOT_FOUND, 0, reader->dir,
                                 "no segments");
    if (first_index == 0)
        return storage_fault_set(fault, STORAGE_PRUNED, 0, reader->dir,
                                 "index lies before the oldest segment");
    struct segment segment;
    status = segment_open(&segment, reader->dir, first_index, false,
                          &reader->genesis_id, fault);
    if (status == STORAGE_OK)
        enter(reader, &segment);
    return status;
}

enum storage_status journal_reader_open(struct journal_reader **out,
                                        const char *dir,
                                        const struct hash32 *genesis_id,
                                        uint64_t from_index,
                                        struct storage_fault *fault)
{
    struct journal_reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return storage_fault_set(fault, STORAGE_NO_MEMORY, 0, dir, NULL);
    reader->segment.fd = -1;
    reader->genesis_id = *genesis_id;
    reader->from_index = from_index ? from_index : 1;
    reader->buffer = malloc(SEGMENT_BATCH_BYTES_MAX);
    enum storage_status status;
    if (!reader->buffer)
        status = storage_fault_set(fault, STORAGE_NO_MEMORY, 0, dir, NULL);
    else if (!file_join(reader->dir, sizeof reader->dir, dir, "journal"))
        status =
            storage_fault_set(fault, STORAGE_INVALID, 0, dir, "path too long");
    else
        status = open_first(reader, fault);
    if (status != STORAGE_OK) {
        journal_reader_close(reader);
        return status;
    }
    *out = reader;
    return STORAGE_OK;
}

static enum storage_status damaged(const struct journal_reader *reader,
                                   const char *reason,
                                   struct storage_fault *fault)
{
    storage_fault_set(fault, STORAGE_DAMAGED, 0, reader->segment.path, reason);
    if (fault) {
        fault->offset = reader->offset;
        fault->number = reader->link.number;
        fault->index = reader->link.index;
    }
    return STORAGE_DAMAGED;
}

/* Whether a segment that begins after this one exists. */
static enum storage_status has_later(bool *later,
                                     const struct journal_reader *reader,
                                     struct storage_fault *fault)
{
    struct segment_list list;
    enum storage_status status = segment_list_read(&list, reader->dir, fault);
    *later = list.count &&
             list.indexes[list.count - 1] > reader->segment.first.index;
    segment_list_free(&list);
    return status;
}

/* No batch here and no segment that continues: fine only at the very end. */
static enum storage_status finish(struct journal_reader *reader,
                                  uint64_t last_index,
                                  struct storage_fault *fault)
{
    if (last_index != JOURNAL_TO_END)
        return damaged(reader, "a batch that was acknowledged is missing",
                       fault);
    bool later;
    enum storage_status status = has_later(&later, reader, fault);
    if (status != STORAGE_OK)
        return status;
    if (later)
        return damaged(reader, "a batch is missing, but later segments exist",
                       fault);
    return STORAGE_END;
}

/* Goes to the segment that begins with the next batch. */
static enum storage_status next_segment(struct journal_reader *reader,
                                        uint64_t last_index,
                                        struct storage_fault *fault)
{
    if (reader->segment.first.index == reader->link.index)
        return finish(reader, last_index, fault);
    struct segment next;
    enum storage_status status =
        segment_open(&next, reader->dir, reader->link.index, false,
                     &reader->genesis_id, fault);
    if (status == STORAGE_NOT_FOUND)
        return finish(reader, last_index, fault);
    if (status != STORAGE_OK)
        return status;
    bool follows =
        next.first.number == reader->link.number &&
        hash32_equal(&next.first.previous_hash, &reader->link.previous_hash);
    segment_close(&reader->segment);
    enter(reader, &next);
    return follows ? STORAGE_OK
                   : damaged(reader, "segment does not follow the one before",
                             fault);
}

/* One step: a batch, or the way into the next segment (*view untouched and
 * *bytes 0). */
static enum storage_status step(struct journal_reader *reader,
                                struct batch_view *view, uint64_t *bytes,
                                uint64_t last_index,
                                struct storage_fault *fault)
{
    enum segment_end end;
    enum storage_status status =
        segment_read_batch(view, bytes, &end, reader->buffer, &reader->segment,
                           reader->offset, &reader->link, fault);
    if (status == STORAGE_OK) {
        reader->offset += *bytes;
        batch_link_advance(&reader->link, view);
    } else if (status == STORAGE_END && end == SEGMENT_END_TORN) {
        reader->torn_bytes = *bytes;
        status = finish(reader, last_index, fault);
    } else if (status == STORAGE_END) {
        *bytes = 0;
        status = next_segment(reader, last_index, fault);
    }
    return status;
}

enum storage_status journal_reader_next(struct journal_reader *reader,
                                        struct batch_view *out,
                                        uint64_t last_index,
                                        struct storage_fault *fault)
{
    if (reader->failed)
        return storage_fault_set(fault, STORAGE_FAILED, 0, reader->segment.path,
                                 NULL);
    reader->torn_bytes = 0;
    while (reader->link.index <= last_index) {
        uint64_t bytes = 0;
        enum storage_status status =
            step(reader, out, &bytes, last_index, fault);
        reader->failed = status != STORAGE_OK && status != STORAGE_END;
        if (status != STORAGE_OK)
            return status;
        if (bytes && batch_last_index(&out->batch) >= reader->from_index)
            return STORAGE_OK;
    }
    return STORAGE_END;
}

void journal_reader_link(struct batch_link *out,
                         const struct journal_reader *reader)
{
    *out = reader->link;
}

void journal_reader_place(struct journal_place *out,
                          const struct journal_reader *reader)
{
    out->segment_index = reader->segment.first.index;
    out->offset = reader->offset;
    out->torn_bytes = reader->torn_bytes;
}

void journal_reader_close(struct journal_reader *reader)
{
    if (!reader)
        return;
    segment_close(&reader->segment);
    free(reader->buffer);
    free(reader);
}
