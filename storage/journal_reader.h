/*
 * Reads batches in order, from any index, checking hashes and links from the
 * beginning of the segment it starts in. It never changes anything and may
 * run beside the writer of the same process when each call is bounded by an
 * index the writer has reported durable: below that bound the files are
 * constant. Not shared between threads; any number of readers may exist.
 */
#ifndef CLEARINGD_STORAGE_JOURNAL_READER_H
#define CLEARINGD_STORAGE_JOURNAL_READER_H

#include "storage/segment.h"

/* As a bound: read to the end, where a torn tail ends the journal too. Only
 * while nobody writes. */
#define JOURNAL_TO_END UINT64_MAX

struct journal_reader;

/* Opens DIR/journal at the batch that holds from_index (0 as 1).
 * STORAGE_PRUNED when it lies before the oldest segment, STORAGE_NOT_FOUND
 * without any segment. from_index may lie after the end. */
enum storage_status journal_reader_open(struct journal_reader **out,
                                        const char *dir,
                                        const struct hash32 *genesis_id,
                                        uint64_t from_index,
                                        struct storage_fault *fault) must_use;

/* The next batch, valid until the next call. Its first index may lie before
 * from_index, never its last. STORAGE_END: the next batch begins after
 * last_index (call again with a higher one), or, for JOURNAL_TO_END, the
 * journal ends. A batch that must exist under the bound and does not is
 * STORAGE_DAMAGED. After a fault the reader returns STORAGE_FAILED. */
enum storage_status journal_reader_next(struct journal_reader *reader,
                                        struct batch_view *out,
                                        uint64_t last_index,
                                        struct storage_fault *fault) must_use;

/* What the next batch must carry; after STORAGE_END the chain's end. */
void journal_reader_link(struct batch_link *out,
                         const struct journal_reader *reader);

/* Where the next batch would be read, and how many bytes of a torn tail the
 * last STORAGE_END found there (0: a clean end). */
struct journal_place {
    /* First index of the segment, which names its file. */
    uint64_t segment_index;
    uint64_t offset;
    uint64_t torn_bytes;
};

void journal_reader_place(struct journal_place *out,
                          const struct journal_reader *reader);

/* Closes; reader may be NULL. */
void journal_reader_close(struct journal_reader *reader);

#endif
