/*
 * The journal, the truth: DIR/journal/ of segment files (storage/segment.h)
 * that hold hash-chained batches (storage/batch.h). A batch is durable when
 * journal_append has returned STORAGE_OK: one write, one fdatasync.
 *
 * Life of a segment: "next.tmp" is filled with zeros ahead of time
 * (journal_prepare), gets its header, is synced, renamed to its final name,
 * the directory synced; only then a batch is written. A file with a final
 * name is therefore whole in length and header for ever.
 *
 * After a failed write or sync the journal refuses for ever: what the disk
 * holds is unknown until a new open reads it. Open writes the last batch
 * again and syncs it, since after a failed sync the page cache may show bytes
 * the disk never got.
 *
 * One thread at a time may call these functions (the journal thread); readers
 * (storage/journal_reader.h) may run beside it in any thread.
 */
#ifndef CLEARINGD_STORAGE_JOURNAL_H
#define CLEARINGD_STORAGE_JOURNAL_H

#include "storage/batch.h"

#define JOURNAL_SEGMENT_BYTES_DEFAULT (64u << 20)

struct journal;

struct journal_options {
    /* The data directory; the journal lies in DIR/journal. */
    const char *dir;
    /* Size of new segments in bytes, 0 = default; rounded up to 512; from
     * SEGMENT_SIZE_MIN to SEGMENT_SIZE_MAX. Old segments keep theirs. */
    uint64_t segment_size;
    struct hash32 genesis_id;
    /* Highest index known from elsewhere (the ledger) to have been durable, 0
     * when none. Segments wholly before it are checked by header alone. */
    uint64_t known_durable_index;
    /* Hash of the batch that ends at known_durable_index, or NULL. */
    const struct hash32 *known_hash;
};

struct journal_tail {
    /* Index of the oldest command kept; last_index + 1 when none is. */
    uint64_t first_index;
    /* The last batch: 0, 0, 0, 0 and the genesis id before the first (term
     * and time are 0 too if all that is kept is an empty segment). */
    uint64_t last_index;
    uint64_t number;
    uint64_t term;
    int64_t time_ns;
    struct hash32 hash;
    /* Bytes of an unfinished last batch that this open cut off. */
    uint64_t cut_bytes;
};

/* Opens or creates, checks every batch from known_durable_index's segment on,
 * cuts a torn tail (never acknowledged) off. Refuses with
 *  STORAGE_DAMAGED       a bad batch that is not a torn tail, a missing
 *                        segment, or an end before known_durable_index
 *  STORAGE_OTHER_HISTORY known_hash is not the hash at known_durable_index
 *  STORAGE_PRUNED        the batch after known_durable_index is gone
 *  STORAGE_OTHER_NETWORK, STORAGE_NEWER_FORMAT, STORAGE_IO, ...
 * and names file, offset, batch and index in fault. Nothing is changed before
 * the whole check has passed. The caller holds the directory's lock. */
enum storage_status journal_open(struct journal **out,
                                 struct journal_tail *tail,
                                 const struct journal_options *options,
                                 struct storage_fault *fault) must_use;

/* Writes and syncs one batch; its number and first_index must be the tail's
 * next ones (else STORAGE_OUT_OF_ORDER, or STORAGE_INVALID for a batch that
 * batch_is_valid refuses: nothing is written and the journal lives on). hash
 * (may be NULL) gets its hash. Any other result is final: STORAGE_FAILED from
 * then on, and the batch may or may not be found at the next open. */
enum storage_status journal_append(struct journal *journal, struct hash32 *hash,
                                   const struct batch *batch,
                                   struct storage_fault *fault) must_use;

/* Does a bounded piece (1 MiB written and synced) of preparing the next
 * segment. STORAGE_OK: call again when idle; STORAGE_END: nothing to do;
 * STORAGE_NO_SPACE: the piece is given up and tried again at the next call,
 * the journal lives on; else as a failed append. */
enum storage_status journal_prepare(struct journal *journal,
                                    struct storage_fault *fault) must_use;

/* Removes segments all of whose commands lie before keep_from_index, oldest
 * first; never the last segment. *removed (may be NULL) counts them. A failure
 * leaves the journal usable. */
enum storage_status journal_prune(struct journal *journal, size_t *removed,
                                  uint64_t keep_from_index,
                                  struct storage_fault *fault) must_use;

/* The end of what is durable. */
void journal_tail(struct journal_tail *out, const struct journal *journal);

/* Number of segment files, and their bytes. */
size_t journal_segment_count(const struct journal *journal);

/* Closes; journal may be NULL. Everything appended is already durable. */
void journal_close(struct journal *journal);

#endif
