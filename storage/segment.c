/*
 * Reading a place in a segment back, and deciding what an unreadable one is.
 *
 * Facts the decision rests on:
 *  - a segment is zero-filled and synced before its first batch, and a torn
 *    tail is zeroed and synced before its place is used again: a sector that
 *    was never written since is all zero;
 *  - one batch is in flight: its sectors are the only ones that a crash can
 *    leave in any mixture of old (zero) and new; every batch before it was
 *    synced, nothing after it was begun;
 *  - a disk writes a sector whole, or from its beginning and breaks off: then
 *    its last byte is still zero, which in a written stamp never is.
 *
 * So where batch n is expected at place P, and n does not read back whole:
 *  - all sectors from P to the segment's end zero: the clean end;
 *  - each nonzero sector from P on either carries the stamp (n, its ordinal
 *    from P, one and the same count c), or has no stamp and lies within the
 *    batch, and at least one of the c sectors has no stamp: a torn tail,
 *    never acknowledged, may be cut;
 *  - anything else is damage. All c stamps there but the hash wrong: every
 *    sector was written, so bits have changed since. A stamp of another
 *    batch: n was synced before that one was begun, so n was whole once. A
 *    stamp of no batch, or extents that disagree: no crash writes that.
 * A flipped bit in header, length, payload, padding or stamp of any batch
 * ends in one of the last cases; the length field decides nothing, as the
 * extent stands in every stamp.
 *
 * What cannot be told apart: the last batch of all, some of whose sectors
 * have turned into zeros after it was synced. Only somebody who remembers the
 * acknowledgement can know (known_durable_index in storage/journal.h).
 */
#include "storage/segment.h"
#include "storage/bytes.h"
#include "storage/file.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define STAMP_MARK 0xF000u
#define SCAN_SECTORS 512

static const uint8_t segment_magic[4] = {'c', 'l', 'r', 'S'};

enum {
    AT_VERSION = 4,
    AT_ZERO = 6,
    AT_SIZE = 8,
    AT_FIRST_INDEX = 16,
    AT_FIRST_NUMBER = 24,
    AT_GENESIS = 32,
    AT_PREVIOUS = 64,
    AT_HASH = 96,
    AT_REST = 128,
    AT_STAMP = SEGMENT_CONTENT_BYTES
};
STATIC_CHECK((BATCH_HEADER_BYTES + BATCH_PAYLOAD_BYTES_MAX +
              SEGMENT_CONTENT_BYTES - 1) /
                 SEGMENT_CONTENT_BYTES ==
             SEGMENT_BATCH_SECTORS_MAX);
STATIC_CHECK(SEGMENT_BATCH_SECTORS_MAX < (int)(0x10000 - STAMP_MARK));

struct stamp {
    uint32_t number;
    uint32_t ordinal;
    uint32_t count;
    bool present;
    bool marked;
};

/* What the sectors from the expected place on have shown so far. */
struct evidence {
    uint32_t count;
    uint32_t stamped;
    uint64_t partial_end;
};

void segment_encode_header(uint8_t out[SEGMENT_SECTOR_BYTES], uint64_t size,
                           const struct hash32 *genesis_id,
                           const struct batch_link *first)
{
    memset(out, 0, SEGMENT_SECTOR_BYTES);
    memcpy(out, segment_magic, sizeof segment_magic);
    bytes_put_le16(out + AT_VERSION, SEGMENT_FORMAT);
    bytes_put_le64(out + AT_SIZE, size);
    bytes_put_le64(out + AT_FIRST_INDEX, first->index);
    bytes_put_le64(out + AT_FIRST_NUMBER, first->number);
    memcpy(out + AT_GENESIS, genesis_id->bytes, HASH32_BYTES);
    memcpy(out + AT_PREVIOUS, first->previous_hash.bytes, HASH32_BYTES);
    struct hash32 hash;
    sha256(&hash, out, AT_HASH);
    memcpy(out + AT_HASH, hash.bytes, HASH32_BYTES);
}

static enum storage_status
fault_at(struct storage_fault *fault, enum storage_status status,
         const struct segment *segment, uint64_t offset,
         const struct batch_link *link, const char *reason)
{
    storage_fault_set(fault, status, 0, segment->path, reason);
    if (fault) {
        fault->offset = offset;
        fault->number = link->number;
        fault->index = link->index;
    }
    return status;
}

enum storage_status segment_read(uint8_t *out, size_t len,
                                 const struct segment *segment, uint64_t offset,
                                 struct storage_fault *fault)
{
    size_t done = 0;
    while (done < len) {
        ssize_t got =
            pread(segment->fd, out + done, len - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            storage_fault_errno(fault, errno, segment->path, "cannot read");
            if (fault)
                fault->offset = offset;
            return STORAGE_IO;
        }
        if (got == 0)
            return fault_at(fault, STORAGE_DAMAGED, segment, offset,
                            &segment->first, "file ends early");
        done += (size_t)got;
    }
    return STORAGE_OK;
}

static enum storage_status
check_header(struct segment *segment, const uint8_t *sector,
             uint64_t file_bytes, uint64_t first_index,
             const struct hash32 *genesis_id, struct storage_fault *fault)
{
    struct batch_link *first = &segment->first;
    segment->size = bytes_get_le64(sector + AT_SIZE);
    first->index = bytes_get_le64(sector + AT_FIRST_INDEX);
    first->number = bytes_get_le64(sector + AT_FIRST_NUMBER);
    memcpy(first->previous_hash.bytes, sector + AT_PREVIOUS, HASH32_BYTES);
    struct hash32 hash;
    sha256(&hash, sector, AT_HASH);
    const char *reason = NULL;
    enum storage_status status = STORAGE_DAMAGED;
    bool is_first = first->number == 1;
    if (memcmp(sector, segment_magic, sizeof segment_magic) != 0) {
        reason = "no segment header";
    } else if (memcmp(sector + AT_HASH, hash.bytes, HASH32_BYTES) != 0) {
        reason = "segment header's hash differs";
    } else if (bytes_get_le16(sector + AT_VERSION) != SEGMENT_FORMAT) {
        status = STORAGE_NEWER_FORMAT;
        reason = "segment of another format version";
    } else if (memcmp(sector + AT_GENESIS, genesis_id->bytes, HASH32_BYTES)) {
        status = STORAGE_OTHER_NETWORK;
        reason = "segment of another genesis";
    } else if (segment->size != file_bytes) {
        reason = "file has another size than its header says";
    } else if (first->index != first_index) {
        reason = "file name and header disagree";
    } else if (first->number == 0 || is_first != (first->index == 1) ||
               (is_first && !hash32_equal(&first->previous_hash, genesis_id)) ||
               segment->size % SEGMENT_SECTOR_BYTES != 0 ||
               segment->size < SEGMENT_SIZE_MIN ||
               segment->size > SEGMENT_SIZE_MAX ||
               bytes_get_le16(sector + AT_ZERO) != 0 ||
               !bytes_all_zero(sector + AT_REST,
                               SEGMENT_SECTOR_BYTES - AT_REST)) {
        reason = "segment header is inconsistent";
    }
    if (!reason)
        return STORAGE_OK;
    struct batch_link place = {.index = first_index};
    return fault_at(fault, status, segment, 0, &place, reason);
}

static enum storage_status open_and_check(struct segment *out,
                                          uint64_t first_index,
                                          const struct hash32 *genesis_id,
                                          struct storage_fault *fault)
{
    struct stat info;
    uint8_t sector[SEGMENT_SECTOR_BYTES];
    if (fstat(out->fd, &info) != 0)
        return storage_fault_errno(fault, errno, out->path, "cannot stat");
    out->first = (struct batch_link){.index = first_index};
    enum storage_status status =
        segment_read(sector, sizeof sector, out, 0, fault);
    if (status != STORAGE_OK)
        return status;
    return check_header(out, sector, (uint64_t)info.st_size, first_index,
                        genesis_id, fault);
}

enum storage_status segment_open(struct segment *out, const char *journal_dir,
                                 uint64_t first_index, bool writable,
                                 const struct hash32 *genesis_id,
                                 struct storage_fault *fault)
{
    char name[SEGMENT_NAME_BYTES];
    segment_name(name, first_index);
    out->fd = -1;
    if (!file_join(out->path, sizeof out->path, journal_dir, name))
        return storage_fault_set(fault, STORAGE_INVALID, 0, journal_dir,
                                 "path too long");
    out->fd = open(out->path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (out->fd < 0) {
        int error = errno;
        if (error == ENOENT)
            return storage_fault_set(fault, STORAGE_NOT_FOUND, error, out->path,
                                     "segment is missing");
        return storage_fault_errno(fault, error, out->path, "cannot open");
    }
    enum storage_status status =
        open_and_check(out, first_index, genesis_id, fault);
    if (status != STORAGE_OK)
        segment_close(out);
    return status;
}

void segment_close(struct segment *segment)
{
    if (segment->fd >= 0)
        close(segment->fd);
    segment->fd = -1;
}

uint32_t segment_batch_sectors(uint32_t payload_len)
{
    return (BATCH_HEADER_BYTES + payload_len + SEGMENT_CONTENT_BYTES - 1) /
           SEGMENT_CONTENT_BYTES;
}

size_t segment_encode_batch(uint8_t *out, struct hash32 *hash,
                            const struct batch *batch,
                            const struct hash32 *previous_hash)
{
    uint32_t count = segment_batch_sectors(batch->payload_len);
    const uint8_t *payload = batch->payload;
    size_t left = batch->payload_len;
    for (uint32_t i = 0; i < count; i++) {
        uint8_t *sector = out + (size_t)i * SEGMENT_SECTOR_BYTES;
        size_t at = 0;
        if (i == 0) {
            batch_encode_header(sector, hash, batch, previous_hash);
            at = BATCH_HEADER_BYTES;
        }
        size_t len = SEGMENT_CONTENT_BYTES - at;
        if (len > left)
            len = left;
        memcpy(sector + at, payload, len);
        payload += len;
        left -= len;
        memset(sector + at + len, 0, SEGMENT_CONTENT_BYTES - at - len);
        bytes_put_le32(sector + AT_STAMP, (uint32_t)batch->number);
        bytes_put_le16(sector + AT_STAMP + 4, (uint16_t)i);
        bytes_put_le16(sector + AT_STAMP + 6, (uint16_t)(STAMP_MARK + count));
    }
    return (size_t)count * SEGMENT_SECTOR_BYTES;
}

static struct stamp read_stamp(const uint8_t *sector)
{
    const uint8_t *at = sector + AT_STAMP;
    uint32_t last = bytes_get_le16(at + 6);
    return (struct stamp){.number = bytes_get_le32(at),
                          .ordinal = bytes_get_le16(at + 4),
                          .count = last & ~STAMP_MARK,
                          .present = at[7] != 0,
                          .marked = (last & STAMP_MARK) == STAMP_MARK};
}

/* True when the stamp is the one of that batch's sector i. */
static bool stamp_fits(const struct stamp *stamp, uint64_t number, uint64_t i)
{
    return stamp->marked && stamp->number == (uint32_t)number &&
           stamp->ordinal == i && stamp->ordinal < stamp->count &&
           stamp->count <= SEGMENT_BATCH_SECTORS_MAX;
}

/* Loads the sectors of a batch if all of them carry its stamps: *count, else
 * 0. */
static enum storage_status load_sectors(uint32_t *count, uint8_t *buffer,
                                        const struct segment *segment,
                                        uint64_t offset, uint64_t number,
                                        struct storage_fault *fault)
{
    *count = 0;
    if (segment->size - offset < SEGMENT_SECTOR_BYTES)
        return STORAGE_OK;
    enum storage_status status =
        segment_read(buffer, SEGMENT_SECTOR_BYTES, segment, offset, fault);
    if (status != STORAGE_OK)
        return status;
    struct stamp first = read_stamp(buffer);
    uint64_t bytes = (uint64_t)first.count * SEGMENT_SECTOR_BYTES;
    if (!stamp_fits(&first, number, 0) || bytes > segment->size - offset)
        return STORAGE_OK;
    status = segment_read(buffer + SEGMENT_SECTOR_BYTES,
                          bytes - SEGMENT_SECTOR_BYTES, segment,
                          offset + SEGMENT_SECTOR_BYTES, fault);
    if (status != STORAGE_OK)
        return status;
    for (uint32_t i = 1; i < first.count; i++) {
        struct stamp stamp =
            read_stamp(buffer + (size_t)i * SEGMENT_SECTOR_BYTES);
        if (!stamp_fits(&stamp, number, i) || stamp.count != first.count)
            return STORAGE_OK;
    }
    *count = first.count;
    return STORAGE_OK;
}

/* Takes the stamps out, so that header and payload lie in one piece, and
 * checks them. */
static enum storage_status decode_sectors(struct batch_view *out,
                                          const char **reason, uint8_t *buffer,
                                          uint32_t count,
                                          const struct batch_link *link)
{
    for (uint32_t i = 1; i < count; i++)
        memmove(buffer + (size_t)i * SEGMENT_CONTENT_BYTES,
                buffer + (size_t)i * SEGMENT_SECTOR_BYTES,
                SEGMENT_CONTENT_BYTES);
    size_t len = (size_t)count * SEGMENT_CONTENT_BYTES;
    enum storage_status status = batch_decode(out, reason, buffer, len, link);
    if (status != STORAGE_OK)
        return status;
    size_t used = BATCH_HEADER_BYTES + (size_t)out->batch.payload_len;
    *reason = "sectors beyond the payload";
    if (segment_batch_sectors(out->batch.payload_len) != count)
        return STORAGE_DAMAGED;
    *reason = "padding is not zero";
    return bytes_all_zero(buffer + used, len - used) ? STORAGE_OK
                                                     : STORAGE_DAMAGED;
}

/* Adds sector i from the expected place to the evidence; a reason when no
 * crash can have left it so. */
static const char *weigh_sector(struct evidence *evidence,
                                const uint8_t *sector, uint64_t number,
                                uint64_t i)
{
    if (bytes_all_zero(sector, SEGMENT_SECTOR_BYTES))
        return NULL;
    struct stamp stamp = read_stamp(sector);
    if (!stamp.present) {
        evidence->partial_end = i + 1;
        return i < SEGMENT_BATCH_SECTORS_MAX ? NULL
                                             : "stray bytes after the end";
    }
    if (!stamp_fits(&stamp, number, i))
        return "sector is neither empty nor of the batch expected here";
    if (evidence->count && evidence->count != stamp.count)
        return "sectors disagree about the batch's length";
    evidence->count = stamp.count;
    evidence->stamped++;
    return NULL;
}

static const char *judge(const struct evidence *evidence, uint64_t sectors_left)
{
    if (evidence->count == 0)
        return NULL;
    if (evidence->count > sectors_left)
        return "batch reaches over the segment's end";
    if (evidence->partial_end > evidence->count)
        return "stray bytes after the batch";
    /* All there after all: the disk answers differently each time. */
    if (evidence->stamped == evidence->count)
        return "sectors change from one reading to the next";
    return NULL;
}

/* Tells clean end, torn tail and damage apart, see the file's head. */
static enum storage_status
classify(uint64_t *bytes, enum segment_end *end, uint8_t *buffer,
         const struct segment *segment, uint64_t offset,
         const struct batch_link *link, struct storage_fault *fault)
{
    struct evidence evidence = {0};
    uint64_t sectors = (segment->size - offset) / SEGMENT_SECTOR_BYTES;
    const char *reason = NULL;
    for (uint64_t i = 0; i < sectors; i += SCAN_SECTORS) {
        uint64_t n = sectors - i < SCAN_SECTORS ? sectors - i : SCAN_SECTORS;
        uint64_t at = offset + i * SEGMENT_SECTOR_BYTES;
        enum storage_status status =
            segment_read(buffer, n * SEGMENT_SECTOR_BYTES, segment, at, fault);
        if (status != STORAGE_OK)
            return status;
        for (uint64_t j = 0; j < n; j++) {
            reason = weigh_sector(&evidence, buffer + j * SEGMENT_SECTOR_BYTES,
                                  link->number, i + j);
            if (reason)
                return fault_at(fault, STORAGE_DAMAGED, segment, offset, link,
                                reason);
        }
    }
    reason = judge(&evidence, sectors);
    if (reason)
        return fault_at(fault, STORAGE_DAMAGED, segment, offset, link, reason);
    uint64_t extent = evidence.count > evidence.partial_end
                          ? evidence.count
                          : evidence.partial_end;
    *bytes = extent * SEGMENT_SECTOR_BYTES;
    *end = extent ? SEGMENT_END_TORN : SEGMENT_END_CLEAN;
    return STORAGE_END;
}

enum storage_status segment_read_batch(struct batch_view *out, uint64_t *bytes,
                                       enum segment_end *end, uint8_t *buffer,
                                       const struct segment *segment,
                                       uint64_t offset,
                                       const struct batch_link *link,
                                       struct storage_fault *fault)
{
    uint32_t count;
    enum storage_status status =
        load_sectors(&count, buffer, segment, offset, link->number, fault);
    if (status != STORAGE_OK)
        return status;
    if (count == 0)
        return classify(bytes, end, buffer, segment, offset, link, fault);
    const char *reason;
    status = decode_sectors(out, &reason, buffer, count, link);
    if (status != STORAGE_OK)
        return fault_at(fault, status, segment, offset, link, reason);
    *bytes = (uint64_t)count * SEGMENT_SECTOR_BYTES;
    return STORAGE_OK;
}
