/*
 * What an open of the journal finds: every batch from the segment that holds
 * the known durable index to the end is read and checked, nothing is changed.
 */
#ifndef CLEARINGD_STORAGE_JOURNAL_SCAN_H
#define CLEARINGD_STORAGE_JOURNAL_SCAN_H

#include "storage/journal.h"
#include "storage/journal_reader.h"

struct journal_scan {
    struct journal_tail tail;
    struct batch_link link;
    /* The end, in the last segment. */
    struct journal_place place;
    /* Where the last batch begins in the last segment, 0 when it lies in an
     * earlier one or was not read. */
    uint64_t last_offset;
};

/* oldest_index: first index of the oldest segment. Results as journal_open. */
enum storage_status journal_scan(struct journal_scan *out,
                                 const struct journal_options *options,
                                 uint64_t oldest_index,
                                 struct storage_fault *fault) must_use;

/* Moves the tail over one more batch. */
void journal_tail_advance(struct journal_tail *tail,
                          const struct batch_view *view);

#endif
