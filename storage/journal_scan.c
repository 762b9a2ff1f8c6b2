#include "storage/journal_scan.h"

void journal_tail_advance(struct journal_tail *tail,
                          const struct batch_view *view)
{
    tail->last_index = batch_last_index(&view->batch);
    tail->number = view->batch.number;
    tail->term = view->batch.term;
    tail->time_ns = view->batch.time_ns;
    tail->hash = view->hash;
}

/* Compares the chain at the batch that holds the known index. */
static enum storage_status check_known(const struct journal_options *options,
                                       uint64_t end_index,
                                       const struct hash32 *end_hash,
                                       struct storage_fault *fault)
{
    uint64_t known = options->known_durable_index;
    if (!options->known_hash ||
        (end_index == known && hash32_equal(end_hash, options->known_hash)))
        return STORAGE_OK;
    storage_fault_set(fault, STORAGE_OTHER_HISTORY, 0, options->dir,
                      end_index == known
                          ? "the journal has another hash at this index"
                          : "no batch of the journal ends at this index");
    if (fault)
        fault->index = known;
    return STORAGE_OTHER_HISTORY;
}

/* Reads to the end. */
static enum storage_status scan_batches(struct journal_scan *out,
                                        struct journal_reader *reader,
                                        const struct journal_options *options,
                                        struct storage_fault *fault)
{
    uint64_t last_segment = 0;
    struct batch_view view;
    enum storage_status status;
    for (;;) {
        status = journal_reader_next(reader, &view, JOURNAL_TO_END, fault);
        journal_reader_place(&out->place, reader);
        if (status != STORAGE_OK)
            break;
        if (view.batch.first_index <= options->known_durable_index)
            status = check_known(options, batch_last_index(&view.batch),
                                 &view.hash, fault);
        if (status != STORAGE_OK)
            break;
        journal_tail_advance(&out->tail, &view);
        last_segment = out->place.segment_index;
        out->last_offset = out->place.offset - (uint64_t)segment_batch_sectors(
                                                   view.batch.payload_len) *
                                                   SEGMENT_SECTOR_BYTES;
    }
    if (last_segment != out->place.segment_index)
        out->last_offset = 0;
    journal_reader_link(&out->link, reader);
    return status == STORAGE_END ? STORAGE_OK : status;
}

static enum storage_status scan_from(struct journal_scan *out,
                                     struct journal_reader *reader,
                                     const struct journal_options *options,
                                     struct storage_fault *fault)
{
    uint64_t known = options->known_durable_index;
    journal_reader_link(&out->link, reader);
    out->tail.last_index = out->link.index - 1;
    out->tail.number = out->link.number - 1;
    out->tail.hash = out->link.previous_hash;
    enum storage_status status = STORAGE_OK;
    if (known && out->tail.last_index == known)
        status = check_known(options, known, &out->tail.hash, fault);
    if (status == STORAGE_OK)
        status = scan_batches(out, reader, options, fault);
    if (status != STORAGE_OK || out->tail.last_index >= known)
        return status;
    storage_fault_set(fault, STORAGE_DAMAGED, 0, options->dir,
                      "the journal ends before an index known as durable");
    if (fault) {
        fault->offset = out->place.offset;
        fault->number = out->link.number;
        fault->index = out->link.index;
    }
    return STORAGE_DAMAGED;
}

enum storage_status journal_scan(struct journal_scan *out,
                                 const struct journal_options *options,
                                 uint64_t oldest_index,
                                 struct storage_fault *fault)
{
    uint64_t from = options->known_durable_index;
    if (from == oldest_index - 1)
        from = oldest_index;
    *out = (struct journal_scan){.tail.first_index = oldest_index};
    struct journal_reader *reader;
    enum storage_status status = journal_reader_open(
        &reader, options->dir, &options->genesis_id, from, fault);
    if (status != STORAGE_OK)
        return status;
    status = scan_from(out, reader, options, fault);
    journal_reader_close(reader);
    return status;
}
