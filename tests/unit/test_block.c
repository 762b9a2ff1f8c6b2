#include "storage/block.h"
#include <criterion/criterion.h>
#include <string.h>

/* The vector was made by another implementation (Python: struct and
 * hashlib) from height 7, indexes 1001 to 1050, time 1722816000123456789 ns
 * and the bytes 0..31, 32..63, 64..95 as hashes. */
static const uint8_t vector_bytes[32] = {
    0x07, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xe9, 0x03, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x1a, 0x04, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x15, 0xcd, 0xb7, 0x34, 0x06, 0xac, 0xe8, 0x17};
static const uint8_t vector_hash[32] = {
    0x56, 0xef, 0x46, 0x85, 0x82, 0x3e, 0xe9, 0x2b, 0x4f, 0x2e, 0xa3,
    0x01, 0x03, 0x15, 0xad, 0x7f, 0x25, 0xed, 0x11, 0xcc, 0x37, 0x93,
    0x2e, 0x5f, 0x9f, 0xd1, 0x84, 0x38, 0x30, 0x64, 0x92, 0x8b};

static struct block vector_block(void)
{
    struct block block = {.height = 7,
                          .first_index = 1001,
                          .last_index = 1050,
                          .time_ns = 1722816000123456789};
    for (uint8_t i = 0; i < 32; i++) {
        block.previous_hash.bytes[i] = i;
        block.journal_hash.bytes[i] = (uint8_t)(i + 32);
        block.state_root.bytes[i] = (uint8_t)(i + 64);
    }
    return block;
}

Test(block, encodes_the_drawn_bytes)
{
    struct block block = vector_block();
    uint8_t bytes[BLOCK_BYTES];
    block_encode(bytes, &block);
    cr_assert_arr_eq(bytes, vector_bytes, sizeof vector_bytes);
    for (uint8_t i = 0; i < 96; i++)
        cr_assert_eq(bytes[32 + i], i);
}

Test(block, hashes_as_another_implementation_does)
{
    struct block block = vector_block();
    struct hash32 hash;
    block_hash(&hash, &block);
    cr_assert_arr_eq(hash.bytes, vector_hash, sizeof vector_hash);
}

Test(block, decodes_what_it_encoded_and_keeps_negative_times)
{
    struct block block = vector_block();
    struct block back;
    uint8_t bytes[BLOCK_BYTES];
    uint8_t again[BLOCK_BYTES];
    block.time_ns = INT64_MIN;
    block.last_index = UINT64_MAX;
    block_encode(bytes, &block);
    block_decode(&back, bytes);
    cr_assert_eq(back.time_ns, INT64_MIN);
    cr_assert_eq(back.last_index, UINT64_MAX);
    cr_assert_eq(back.height, 7);
    block_encode(again, &back);
    cr_assert_arr_eq(bytes, again, sizeof bytes);
}

Test(block, every_bit_stands_under_the_hash)
{
    struct block block = vector_block();
    struct hash32 hash;
    struct hash32 other;
    uint8_t bytes[BLOCK_BYTES];
    block_hash(&hash, &block);
    block_encode(bytes, &block);
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
        struct block changed;
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        block_decode(&changed, bytes);
        block_hash(&other, &changed);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        cr_assert_not(hash32_equal(&hash, &other), "bit %zu", bit);
    }
}
