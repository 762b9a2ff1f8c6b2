#include "storage/batch.h"
#include "storage/bytes.h"

static const uint8_t batch_magic[4] = {'c', 'l', 'r', 'B'};

enum {
    AT_MAGIC = 0,
    AT_VERSION = 4,
    AT_FLAGS = 6,
    AT_TERM = 8,
    AT_NUMBER = 16,
    AT_FIRST_INDEX = 24,
    AT_COUNT = 32,
    AT_PAYLOAD_LEN = 36,
    AT_TIME = 40,
    AT_PREVIOUS = 48,
    AT_HASH = 80
};
STATIC_CHECK(AT_HASH == BATCH_HASHED_BYTES);
STATIC_CHECK(AT_HASH + HASH32_BYTES == BATCH_HEADER_BYTES);

bool batch_payload_add(uint8_t *payload, uint32_t *payload_len,
                       uint32_t payload_size, const struct batch_entry *entry)
{
    uint64_t room = payload_size < BATCH_PAYLOAD_BYTES_MAX
                        ? payload_size
                        : BATCH_PAYLOAD_BYTES_MAX;
    uint64_t end = (uint64_t)*payload_len + BATCH_ENTRY_HEADER_BYTES +
                   entry->command_len + entry->evidence_len;
    if (end > room)
        return false;
    uint8_t *at = payload + *payload_len;
    bytes_put_le32(at, entry->command_len);
    bytes_put_le32(at + 4, entry->evidence_len);
    at += BATCH_ENTRY_HEADER_BYTES;
    if (entry->command_len)
        memcpy(at, entry->command, entry->command_len);
    if (entry->evidence_len)
        memcpy(at + entry->command_len, entry->evidence, entry->evidence_len);
    *payload_len = (uint32_t)end;
    return true;
}

void batch_entries(struct batch_iterator *out, const struct batch *batch)
{
    out->next = batch->payload;
    out->bytes_left = batch->payload_len;
    out->entries_left = batch->count;
}

enum storage_status batch_next(struct batch_iterator *iterator,
                               struct batch_entry *out)
{
    if (iterator->entries_left == 0)
        return iterator->bytes_left == 0 ? STORAGE_END : STORAGE_DAMAGED;
    if (iterator->bytes_left < BATCH_ENTRY_HEADER_BYTES)
        return STORAGE_DAMAGED;
    uint32_t command_len = bytes_get_le32(iterator->next);
    uint32_t evidence_len = bytes_get_le32(iterator->next + 4);
    uint64_t need =
        (uint64_t)BATCH_ENTRY_HEADER_BYTES + command_len + evidence_len;
    if (need > iterator->bytes_left)
        return STORAGE_DAMAGED;
    out->command = iterator->next + BATCH_ENTRY_HEADER_BYTES;
    out->command_len = command_len;
    out->evidence = out->command + command_len;
    out->evidence_len = evidence_len;
    iterator->next += need;
    iterator->bytes_left -= (uint32_t)need;
    iterator->entries_left--;
    return STORAGE_OK;
}

bool batch_is_valid(const struct batch *batch)
{
    if (batch->count == 0 || batch->first_index == 0 || batch->number == 0 ||
        batch->payload_len > BATCH_PAYLOAD_BYTES_MAX ||
        (batch->flags & ~BATCH_CLOSES_BLOCK) != 0 ||
        batch->first_index > UINT64_MAX - 1 - batch->count)
        return false;
    struct batch_iterator iterator;
    struct batch_entry entry;
    enum storage_status status;
    batch_entries(&iterator, batch);
    do {
        status = batch_next(&iterator, &entry);
    } while (status == STORAGE_OK);
    return status == STORAGE_END;
}

static void own_hash(struct hash32 *out, const uint8_t *header,
                     const uint8_t *payload, size_t payload_len)
{
    struct sha256 hash;
    sha256_begin(&hash);
    sha256_feed(&hash, header, BATCH_HASHED_BYTES);
    sha256_feed(&hash, payload, payload_len);
    sha256_end(out, &hash);
}

void batch_encode_header(uint8_t out[BATCH_HEADER_BYTES], struct hash32 *hash,
                         const struct batch *batch,
                         const struct hash32 *previous_hash)
{
    memcpy(out + AT_MAGIC, batch_magic, sizeof batch_magic);
    bytes_put_le16(out + AT_VERSION, BATCH_FORMAT);
    bytes_put_le16(out + AT_FLAGS, batch->flags);
    bytes_put_le64(out + AT_TERM, batch->term);
    bytes_put_le64(out + AT_NUMBER, batch->number);
    bytes_put_le64(out + AT_FIRST_INDEX, batch->first_index);
    bytes_put_le32(out + AT_COUNT, batch->count);
    bytes_put_le32(out + AT_PAYLOAD_LEN, batch->payload_len);
    bytes_put_le64(out + AT_TIME, (uint64_t)batch->time_ns);
    memcpy(out + AT_PREVIOUS, previous_hash->bytes, HASH32_BYTES);
    own_hash(hash, out, batch->payload, batch->payload_len);
    memcpy(out + AT_HASH, hash->bytes, HASH32_BYTES);
}

static void read_fields(struct batch_view *out, const uint8_t *bytes)
{
    struct batch *batch = &out->batch;
    batch->flags = bytes_get_le16(bytes + AT_FLAGS);
    batch->term = bytes_get_le64(bytes + AT_TERM);
    batch->number = bytes_get_le64(bytes + AT_NUMBER);
    batch->first_index = bytes_get_le64(bytes + AT_FIRST_INDEX);
    batch->count = bytes_get_le32(bytes + AT_COUNT);
    batch->payload_len = bytes_get_le32(bytes + AT_PAYLOAD_LEN);
    batch->time_ns = (int64_t)bytes_get_le64(bytes + AT_TIME);
    batch->payload = bytes + BATCH_HEADER_BYTES;
    memcpy(out->previous_hash.bytes, bytes + AT_PREVIOUS, HASH32_BYTES);
    memcpy(out->hash.bytes, bytes + AT_HASH, HASH32_BYTES);
}

static enum storage_status check_link(const char **reason,
                                      const struct batch_view *view,
                                      const struct batch_link *link)
{
    if (view->batch.number != link->number)
        *reason = "another batch's number";
    else if (view->batch.first_index != link->index)
        *reason = "first index does not continue";
    else if (!hash32_equal(&view->previous_hash, &link->previous_hash))
        *reason = "does not follow the batch before it";
    else if (!batch_is_valid(&view->batch))
        *reason = "entries do not fit the batch";
    else
        return STORAGE_OK;
    return STORAGE_DAMAGED;
}

enum storage_status batch_decode(struct batch_view *out, const char **reason,
                                 const uint8_t *bytes, size_t len,
                                 const struct batch_link *link)
{
    if (len < BATCH_HEADER_BYTES ||
        memcmp(bytes + AT_MAGIC, batch_magic, sizeof batch_magic) != 0) {
        *reason = "no batch header";
        return STORAGE_DAMAGED;
    }
    read_fields(out, bytes);
    if (out->batch.payload_len > BATCH_PAYLOAD_BYTES_MAX ||
        out->batch.payload_len > len - BATCH_HEADER_BYTES) {
        *reason = "payload length out of bounds";
        return STORAGE_DAMAGED;
    }
    struct hash32 hash;
    own_hash(&hash, bytes, out->batch.payload, out->batch.payload_len);
    if (!hash32_equal(&hash, &out->hash)) {
        *reason = "hash differs";
        return STORAGE_DAMAGED;
    }
    /* Only a hash that holds makes another version believable. */
    if (bytes_get_le16(bytes + AT_VERSION) != BATCH_FORMAT) {
        *reason = "batch of another format version";
        return STORAGE_NEWER_FORMAT;
    }
    return check_link(reason, out, link);
}

void batch_link_advance(struct batch_link *link, const struct batch_view *view)
{
    link->number = view->batch.number + 1;
    link->index = batch_last_index(&view->batch) + 1;
    link->previous_hash = view->hash;
}
