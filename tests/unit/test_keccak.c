/* Keccak-256 against other implementations, around every block boundary. */
#include "rpc/keccak.h"
#include "tests/lib/vectors.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(keccak);

#define SIZE_MAX_TESTED 4096

static void expect_hash(const void *bytes, size_t size, const char *expected)
{
    struct hash32 hash;
    struct hash32 known;

    vectors_hex(known.bytes, sizeof known.bytes, expected);
    keccak256(&hash, bytes, size);
    cr_expect_arr_eq(hash.bytes, known.bytes, sizeof hash.bytes, "%zu bytes",
                     size);
}

Test(keccak, agrees_with_other_implementations)
{
    json_t *json = vectors_load("keccak.json");
    uint8_t bytes[SIZE_MAX_TESTED];
    size_t i;
    json_t *row;

    json_array_foreach(json_object_get(json, "patterns"), i, row)
    {
        size_t size = (size_t)json_integer_value(json_object_get(row, "size"));

        for (size_t b = 0; b < size; b++)
            bytes[b] = (uint8_t)(7 * b + size);
        expect_hash(bytes, size, vectors_text(row, "hash"));
    }
    cr_expect(i >= 20);
    json_array_foreach(json_object_get(json, "data"), i, row)
    {
        size_t size =
            vectors_bytes(bytes, sizeof bytes, vectors_text(row, "data"));

        expect_hash(bytes, size, vectors_text(row, "hash"));
    }
    cr_expect(i >= 20);
    json_decref(json);
}

/* SHA3-256 of nothing is a7ffc6f8...: only the padding tells them apart. */
Test(keccak, is_not_sha3)
{
    expect_hash(NULL, 0,
                "c5d2460186f7233c927e7db2dcc703c0"
                "e500b653ca82273b7bfad8045d85a470");
}

Test(keccak, in_pieces_is_the_same)
{
    uint8_t bytes[3 * KECCAK_RATE + 5];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 31 + 1);
    for (size_t first = 0; first <= sizeof bytes; first++) {
        struct hash32 whole;
        struct hash32 pieces;
        struct keccak keccak;
        size_t second = (sizeof bytes - first) / 2;

        keccak256(&whole, bytes, sizeof bytes);
        keccak_init(&keccak);
        keccak_update(&keccak, bytes, first);
        keccak_update(&keccak, NULL, 0);
        keccak_update(&keccak, bytes + first, second);
        keccak_update(&keccak, bytes + first + second,
                      sizeof bytes - first - second);
        keccak_final(&keccak, &pieces);
        cr_expect_arr_eq(whole.bytes, pieces.bytes, sizeof whole.bytes,
                         "first piece %zu", first);
    }
}

static void expect_rows(const char *name, const char *data, const char *hash)
{
    json_t *rows = vectors_load_shared(name);
    uint8_t bytes[SIZE_MAX_TESTED];
    size_t i;
    json_t *row;

    json_array_foreach(rows, i, row)
    {
        size_t size =
            vectors_bytes(bytes, sizeof bytes, vectors_text(row, data));

        expect_hash(bytes, size, vectors_text(row, hash));
    }
    json_decref(rows);
}

Test(keccak, agrees_with_the_larger_sets)
{
    expect_rows("ethers_hashes_even.json.gz", "data", "keccak256");
    expect_rows("firedancer_keccak256_even.json", "msg_hex", "keccak256");
}
