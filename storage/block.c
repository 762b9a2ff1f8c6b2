#include "storage/block.h"
#include "storage/bytes.h"

static const char block_domain[] = "clearingd block 1";

void block_encode(uint8_t out[BLOCK_BYTES], const struct block *block)
{
    bytes_put_le64(out, block->height);
    bytes_put_le64(out + 8, block->first_index);
    bytes_put_le64(out + 16, block->last_index);
    bytes_put_le64(out + 24, (uint64_t)block->time_ns);
    memcpy(out + 32, block->previous_hash.bytes, HASH32_BYTES);
    memcpy(out + 64, block->journal_hash.bytes, HASH32_BYTES);
    memcpy(out + 96, block->state_root.bytes, HASH32_BYTES);
}

void block_decode(struct block *out, const uint8_t bytes[BLOCK_BYTES])
{
    out->height = bytes_get_le64(bytes);
    out->first_index = bytes_get_le64(bytes + 8);
    out->last_index = bytes_get_le64(bytes + 16);
    out->time_ns = (int64_t)bytes_get_le64(bytes + 24);
    memcpy(out->previous_hash.bytes, bytes + 32, HASH32_BYTES);
    memcpy(out->journal_hash.bytes, bytes + 64, HASH32_BYTES);
    memcpy(out->state_root.bytes, bytes + 96, HASH32_BYTES);
}

void block_hash(struct hash32 *out, const struct block *block)
{
    uint8_t bytes[BLOCK_BYTES];
    block_encode(bytes, block);
    struct sha256 hash;
    sha256_begin(&hash);
    sha256_feed(&hash, block_domain, sizeof block_domain - 1);
    sha256_feed(&hash, bytes, sizeof bytes);
    sha256_end(out, &hash);
}
