/*
 * A segment: one preallocated, zero-filled file of the journal.
 *
 * Name: first index of its first batch, 16 hex digits, ".seg". Sector 0 is
 * the segment's header; batches follow, each on whole 512-byte sectors.
 *
 * Segment header (little-endian), rest of the sector zero:
 *    0  magic "clrS"               4
 *    4  format version = 1         u16
 *    6  zero                       u16
 *    8  file size                  u64   a cut or grown file shows
 *   16  first index                u64
 *   24  first number               u64
 *   32  genesis id                 32
 *   64  hash of the batch before   32    number 1: the genesis id
 *   96  own hash                   32    SHA-256(bytes 0..95)
 *
 * Sector of a batch:
 *    0  504 bytes of the batch (storage/batch.h), the last sector's rest zero
 *  504  batch number, low half     u32   } the stamp
 *  508  ordinal of the sector      u16   } 0 .. count - 1
 *  510  0xF000 + sector count      u16   } count 1 .. 2081
 *
 * The stamp's last byte is never zero (its upper four bits are set) and is the
 * sector's last (a sector written from its beginning and broken off has none);
 * the stamp names
 * number, place and extent in every sector, so that no flipped length can
 * hide where a batch ends. How recovery uses it: storage/segment.c.
 */
#ifndef CLEARINGD_STORAGE_SEGMENT_H
#define CLEARINGD_STORAGE_SEGMENT_H

#include "storage/batch.h"
#include "storage/segment_list.h"

#define SEGMENT_FORMAT 1
#define SEGMENT_SECTOR_BYTES 512
#define SEGMENT_CONTENT_BYTES 504
#define SEGMENT_BATCH_SECTORS_MAX 2081
#define SEGMENT_BATCH_BYTES_MAX \
    (SEGMENT_BATCH_SECTORS_MAX * SEGMENT_SECTOR_BYTES)
/* Header and one largest batch. */
#define SEGMENT_SIZE_MIN (SEGMENT_BATCH_BYTES_MAX + SEGMENT_SECTOR_BYTES)
#define SEGMENT_SIZE_MAX ((uint64_t)1 << 40)

/* An open segment file and what its header says. */
struct segment {
    int fd;
    uint64_t size;
    struct batch_link first;
    /* DIR/journal/NAME, for faults. */
    char path[STORAGE_FILE_BYTES];
};

/* What stands where the next batch would begin. */
enum segment_end {
    /* Nothing but zeros. */
    SEGMENT_END_CLEAN,
    /* Parts of a batch whose write never finished. */
    SEGMENT_END_TORN
};

/* The header's 512 bytes. */
void segment_encode_header(uint8_t out[SEGMENT_SECTOR_BYTES], uint64_t size,
                           const struct hash32 *genesis_id,
                           const struct batch_link *first);

/* Opens the file of a first index and checks header, name, network and size.
 * STORAGE_NOT_FOUND without the file. */
enum storage_status segment_open(struct segment *out, const char *journal_dir,
                                 uint64_t first_index, bool writable,
                                 const struct hash32 *genesis_id,
                                 struct storage_fault *fault) must_use;
void segment_close(struct segment *segment);

/* Reads exactly len bytes at offset; STORAGE_DAMAGED when the file ends
 * before. */
enum storage_status segment_read(uint8_t *out, size_t len,
                                 const struct segment *segment, uint64_t offset,
                                 struct storage_fault *fault) must_use;

/* Whole sectors a batch of that payload takes. */
uint32_t segment_batch_sectors(uint32_t payload_len);

/* Lays a batch out on sectors with stamps; out has room for
 * SEGMENT_BATCH_BYTES_MAX. Returns the bytes used. */
size_t segment_encode_batch(uint8_t *out, struct hash32 *hash,
                            const struct batch *batch,
                            const struct hash32 *previous_hash);

/* Reads the batch at offset that must continue link. buffer has
 * SEGMENT_BATCH_BYTES_MAX bytes; the view points into it. STORAGE_OK: *bytes
 * is its extent. STORAGE_END: *end says what stands there, *bytes how many
 * bytes from offset on must be zeroed before the place is used again (0 when
 * clean). Else a fault. */
enum storage_status segment_read_batch(struct batch_view *out, uint64_t *bytes,
                                       enum segment_end *end, uint8_t *buffer,
                                       const struct segment *segment,
                                       uint64_t offset,
                                       const struct batch_link *link,
                                       struct storage_fault *fault) must_use;

#endif
