#include "journal_image.h"
#include "storage/bytes.h"

/* States of the files as crashes, decay and strangers leave them. */
static struct world world;

static void make(void)
{
    world_make(&world);
}

static void clean(void)
{
    world_remove(&world);
}

TestSuite(journal_damage, .init = make, .fini = clean);

static uint64_t random_state;

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* The file holds a torn last batch: it must be found, refused when known to
 * be durable, cut, and its place used again. */
static void assert_torn_and_cut(const struct image *image, bool clean_end)
{
    struct journal_tail tail;
    struct journal *journal;
    uint64_t last = 0;
    uint64_t torn = 0;
    cr_assert_eq(world_read(&world, 1, &last, &torn), STORAGE_END, "%s",
                 world.fault.reason);
    cr_assert_eq(last, image->last_index - 2);
    cr_assert_eq(torn == 0, clean_end);
    cr_assert_eq(world_open_known(&world, image->last_index), STORAGE_DAMAGED);
    cr_assert_eq(world_open_known(&world, image->last_index - 1),
                 STORAGE_DAMAGED);
    cr_assert_eq(world.fault.index, image->last_index - 1);
    journal = world_open(&world, &tail);
    cr_assert_eq(tail.last_index, image->last_index - 2);
    cr_assert_eq(tail.cut_bytes, torn);
    cr_assert_eq(world_read(&world, 1, &last, &torn), STORAGE_END);
    cr_assert_eq(torn, 0);
    cr_assert_eq(world_append(&world, journal, 1, 600), STORAGE_OK);
    journal_close(journal);
    cr_assert_eq(world_open_known(&world, image->last_index - 1), STORAGE_OK);
}

/* Leaves of the last batch only the sectors whose bit is set. */
static void put_torn(const struct image *image, const bool *written)
{
    size_t begin = image->at[image->batches - 1];
    size_t end = image->at[image->batches];
    static const uint8_t zeros[512];
    static uint8_t clear[SEGMENT_BATCH_BYTES_MAX];
    memcpy(clear, image->bytes + begin, end - begin);
    for (size_t i = 0; begin + 512 * i < end; i++) {
        if (!written[i])
            memcpy(clear + 512 * i, zeros, 512);
    }
    char path[WORLD_PATH_BYTES];
    world_path(path, &world, IMAGE_SEGMENT);
    int fd = open(path, O_WRONLY);
    cr_assert(fd >= 0);
    cr_assert_eq(pwrite(fd, clear, end - begin, (off_t)begin),
                 (ssize_t)(end - begin));
    /* What a test before has appended in its place. */
    cr_assert_eq(pwrite(fd, image->bytes + end, 4096, (off_t)end), 4096);
    close(fd);
}

Test(journal_damage, torn_tail_in_every_mixture_of_six_sectors)
{
    static const uint32_t lens[] = {700, 40, 2900};
    struct image image;
    image_make(&world, &image, lens, 3);
    cr_assert_eq(image.at[3] - image.at[2], 6 * 512);
    for (unsigned mixture = 0; mixture < 63; mixture++) {
        bool written[6];
        for (unsigned i = 0; i < 6; i++)
            written[i] = (mixture >> i) % 2;
        put_torn(&image, written);
        assert_torn_and_cut(&image, mixture == 0);
    }
    image_put(&world, &image, 0, image.len);
    cr_assert_eq(world_open_known(&world, 6), STORAGE_OK);
    free(image.bytes);
}

Test(journal_damage, torn_tail_of_many_sectors)
{
    enum { SECTORS = 400 };
    static const uint32_t lens[] = {100, 5000,
                                    504 * SECTORS - BATCH_HEADER_BYTES};
    static bool written[SECTORS];
    struct image image;
    uint64_t last = 0;
    uint64_t torn = 0;
    image_make(&world, &image, lens, 3);
    random_state = 12345;
    for (size_t round = 0; round < 3 * SECTORS; round++) {
        size_t place = round % SECTORS;
        for (size_t i = 0; i < SECTORS; i++)
            written[i] = round < SECTORS       ? i < place
                         : round < 2 * SECTORS ? i != place
                                               : next_random() % 3 != 0;
        written[place] = false;
        put_torn(&image, written);
        if (round % 20 == 0) {
            assert_torn_and_cut(&image, round == 0);
            continue;
        }
        cr_assert_eq(world_read(&world, 1, &last, &torn), STORAGE_END, "%s",
                     world.fault.reason);
        cr_assert_eq(last, 4);
        cr_assert_eq(torn > 0, round > 0);
    }
    free(image.bytes);
}

Test(journal_damage, torn_tail_broken_off_at_every_byte)
{
    static const uint32_t lens[] = {10, 900};
    struct image image;
    uint64_t last = 0;
    uint64_t torn = 0;
    image_make(&world, &image, lens, 2);
    size_t begin = image.at[1];
    uint8_t *whole = malloc(image.len);
    cr_assert_not_null(whole);
    memcpy(whole, image.bytes, image.len);
    cr_assert_eq(image.at[2] - begin, 3 * 512);
    for (size_t n = 0; n < 3 * 512; n++) {
        memset(image.bytes + begin, 0, 3 * 512);
        memcpy(image.bytes + begin, whole + begin, n);
        image_put(&world, &image, begin, image.at[2]);
        enum storage_status status = world_read(&world, 1, &last, &torn);
        cr_assert_eq(status, STORAGE_END, "%zu: %s", n, world.fault.reason);
        cr_assert_eq(last, 2);
        cr_assert_eq(torn > 0, n > 0);
    }
    free(whole);
    free(image.bytes);
}

/* One flipped bit: the reader and the open must name it and change nothing. */
static void assert_flip_is_damage(struct image *image, size_t byte,
                                  unsigned bit, bool with_open)
{
    uint64_t last = 0;
    uint64_t torn = 0;
    size_t batch = 0;
    while (image->at[batch + 1] <= byte)
        batch++;
    image->bytes[byte] ^= (uint8_t)(1u << bit);
    image_put(&world, image, byte, byte + 1);
    cr_assert_eq(world_read(&world, 1, &last, &torn), STORAGE_DAMAGED,
                 "byte %zu bit %u", byte, bit);
    cr_assert_eq(world.fault.number, batch + 1, "byte %zu", byte);
    cr_assert_eq(world.fault.index, 2 * batch + 1);
    cr_assert_eq(world.fault.offset, image->at[batch]);
    cr_assert_not_null(strstr(world.fault.file, WORLD_FIRST_SEGMENT));
    if (with_open)
        cr_assert_eq(world_open_known(&world, 0), STORAGE_DAMAGED);
    image->bytes[byte] ^= (uint8_t)(1u << bit);
    image_put(&world, image, byte, byte + 1);
}

Test(journal_damage, every_flipped_bit_of_headers_stamps_and_padding_is_damage)
{
    static const uint32_t lens[] = {300, 1200, 1300};
    struct image image;
    image_make(&world, &image, lens, 3);
    for (size_t batch = 0; batch < 3; batch++) {
        size_t begin = image.at[batch];
        size_t used = begin;
        for (size_t byte = 0; byte < BATCH_HEADER_BYTES; byte++) {
            for (unsigned bit = 0; bit < 8; bit++)
                assert_flip_is_damage(&image, begin + byte, bit, bit == 3);
        }
        for (; used < image.at[batch + 1]; used += 512) {
            for (unsigned bit = 0; bit < 64; bit++)
                assert_flip_is_damage(&image, used + 504 + bit / 8, bit % 8,
                                      false);
        }
        /* The padding before the last stamp, and samples of all else. */
        for (size_t byte = image.at[batch + 1] - 20;
             byte < image.at[batch + 1] - 8; byte++)
            assert_flip_is_damage(&image, byte, (unsigned)byte % 8, false);
        for (size_t byte = begin; byte < image.at[batch + 1]; byte += 3)
            assert_flip_is_damage(&image, byte, (unsigned)byte / 3 % 8, false);
    }
    cr_assert_eq(world_open_known(&world, 6), STORAGE_OK);
    free(image.bytes);
}

Test(journal_damage, every_flipped_bit_of_the_segment_header_is_refused)
{
    static const uint32_t lens[] = {300};
    struct image image;
    image_make(&world, &image, lens, 1);
    for (size_t bit = 0; bit < 8 * 512; bit++) {
        image.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        image_put(&world, &image, bit / 8, bit / 8 + 1);
        cr_assert_eq(world_open_known(&world, 0), STORAGE_DAMAGED, "bit %zu",
                     bit);
        cr_assert_eq(world.fault.offset, 0);
        image.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        image_put(&world, &image, bit / 8, bit / 8 + 1);
    }
    free(image.bytes);
}

Test(journal_damage, zeroed_sectors_before_the_last_batch_are_damage)
{
    static const uint32_t lens[] = {300, 1200, 40, 1300};
    struct image image;
    uint64_t last = 0;
    uint64_t torn = 0;
    image_make(&world, &image, lens, 4);
    for (size_t at = 512; at < image.at[3]; at += 512) {
        for (size_t n = 512; at + n <= image.at[3]; n += 512) {
            image_put_zeros(&world, at, n);
            cr_assert_eq(world_read(&world, 1, &last, &torn), STORAGE_DAMAGED);
            cr_assert_eq(world_open_known(&world, 0), STORAGE_DAMAGED);
            image_put(&world, &image, at, at + n);
        }
    }
    /* The last batch: nothing tells it from a torn one but a memory. */
    for (size_t at = image.at[3]; at < image.at[4]; at += 512) {
        image_put_zeros(&world, at, 512);
        cr_assert_eq(world_open_known(&world, 7), STORAGE_DAMAGED);
        cr_assert_eq(world_open_known(&world, 8), STORAGE_DAMAGED);
        cr_assert_eq(world_read(&world, 1, &last, &torn), STORAGE_END);
        cr_assert_eq(last, 6);
        image_put(&world, &image, at, at + 512);
    }
    cr_assert_eq(world_open_known(&world, 8), STORAGE_OK);
    free(image.bytes);
}

Test(journal_damage, stray_and_stale_bytes_behind_the_end_are_damage)
{
    static const uint32_t lens[] = {300, 1200, 1300};
    struct image image;
    uint64_t last = 0;
    uint64_t torn = 0;
    uint8_t *whole;
    world.segment_size = 3u << 20;
    image_make(&world, &image, lens, 3);
    whole = malloc(image.len);
    cr_assert_not_null(whole);
    memcpy(whole, image.bytes, image.len);
    /* An old batch copied behind the end, or over another one. */
    memcpy(image.bytes + image.at[3], whole + image.at[1], 512);
    image_put(&world, &image, 0, image.len);
    cr_assert_eq(world_read(&world, 1, &last, &torn), STORAGE_DAMAGED);
    memcpy(image.bytes, whole, image.len);
    memcpy(image.bytes + image.at[2], whole + image.at[1],
           image.at[2] - image.at[1]);
    image_put(&world, &image, 0, image.len);
    cr_assert_eq(world_read(&world, 1, &last, &torn), STORAGE_DAMAGED);
    cr_assert_eq(world.fault.number, 3);
    /* Single bytes: where the next batch may come to lie they might be of a
     * write that broke off, farther away they cannot be. */
    memcpy(image.bytes, whole, image.len);
    size_t far = image.at[3] + SEGMENT_BATCH_BYTES_MAX;
    image.bytes[far - 9] = 1;
    image_put(&world, &image, 0, image.len);
    cr_assert_eq(world_read(&world, 1, &last, &torn), STORAGE_END);
    cr_assert_eq(torn, SEGMENT_BATCH_BYTES_MAX);
    image.bytes[far - 9] = 0;
    image.bytes[far] = 1;
    image_put(&world, &image, 0, image.len);
    cr_assert_eq(world_read(&world, 1, &last, &torn), STORAGE_DAMAGED);
    image.bytes[far] = 0;
    image.bytes[image.len - 1] = 1;
    image_put(&world, &image, 0, image.len);
    cr_assert_eq(world_read(&world, 1, &last, &torn), STORAGE_DAMAGED);
    free(whole);
    free(image.bytes);
}

Test(journal_damage, missing_cut_and_foreign_segments_are_damage)
{
    char path[WORLD_PATH_BYTES];
    char away[WORLD_PATH_BYTES];
    struct journal_tail tail;
    struct journal *journal = world_open(&world, &tail);
    for (int n = 0; n < 4; n++)
        cr_assert_eq(world_append(&world, journal, 1, 700000), STORAGE_OK);
    journal_close(journal);
    world_path(away, &world, "away");
    for (unsigned n = 2; n <= 4; n++) {
        char name[64];
        snprintf(name, sizeof name, "journal/%016x.seg", n);
        world_path(path, &world, name);
        cr_assert_eq(rename(path, away), 0);
        cr_assert_eq(world_open_known(&world, 0),
                     n < 4 ? STORAGE_DAMAGED : STORAGE_OK);
        cr_assert_eq(world_open_known(&world, n), STORAGE_DAMAGED);
        cr_assert_eq(rename(away, path), 0);
        cr_assert_eq(world_open_known(&world, 4), STORAGE_OK);
    }
    world_path(path, &world, "journal/0000000000000002.seg");
    cr_assert_eq(truncate(path, SEGMENT_SIZE_MIN - 512), 0);
    cr_assert_eq(world_open_known(&world, 0), STORAGE_DAMAGED);
    cr_assert_eq(world_open_known(&world, 4), STORAGE_DAMAGED);
    cr_assert_eq(truncate(path, 0), 0);
    cr_assert_eq(world_open_known(&world, 0), STORAGE_DAMAGED);
    world_path(path, &world, "journal/" WORLD_FIRST_SEGMENT);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(world_open_known(&world, 0), STORAGE_PRUNED);
}

/* A sector with the stamp of a batch and nothing else. */
static void put_stamp(struct image *image, size_t at, uint32_t number,
                      uint16_t ordinal, uint16_t count)
{
    uint8_t *stamp = image->bytes + at + SEGMENT_CONTENT_BYTES;
    bytes_put_le32(stamp, number);
    bytes_put_le16(stamp + 4, ordinal);
    bytes_put_le16(stamp + 6, (uint16_t)(0xf000 + count));
    image_put(&world, image, at, at + 512);
}

Test(journal_damage, stamps_that_contradict_each_other_are_damage)
{
    static const uint32_t lens[] = {300, 700000};
    struct image image;
    uint64_t last;
    uint64_t torn;
    image_make(&world, &image, lens, 2);
    size_t end = image.at[2];
    put_stamp(&image, end, 3, 0, 3);
    put_stamp(&image, end + 1024, 3, 2, 3);
    cr_assert_eq(world_read(&world, 1, &last, &torn), STORAGE_END);
    cr_assert_eq(torn, 3 * 512);
    /* Bytes behind the extent that the stamps name. */
    image.bytes[end + 5 * 512] = 1;
    image_put(&world, &image, end, end + 4096);
    cr_assert_eq(world_read(&world, 1, &last, &torn), STORAGE_DAMAGED);
    image.bytes[end + 5 * 512] = 0;
    image_put(&world, &image, end, end + 4096);
    put_stamp(&image, end + 1024, 3, 2, 4);
    cr_assert_eq(world_read(&world, 1, &last, &torn), STORAGE_DAMAGED);
    put_stamp(&image, end + 1024, 3, 3, 3);
    cr_assert_eq(world_read(&world, 1, &last, &torn), STORAGE_DAMAGED);
    put_stamp(&image, end + 1024, 4, 2, 3);
    cr_assert_eq(world_read(&world, 1, &last, &torn), STORAGE_DAMAGED);
    /* An extent over the segment's end. */
    image_put_zeros(&world, end + 1024, 512);
    put_stamp(&image, end, 3, 0, SEGMENT_BATCH_SECTORS_MAX);
    cr_assert_eq(world_read(&world, 1, &last, &torn), STORAGE_DAMAGED);
    put_stamp(&image, end, 3, 0, (uint16_t)((image.len - end) / 512));
    cr_assert_eq(world_read(&world, 1, &last, &torn), STORAGE_END);
    put_stamp(&image, end, 3, 0, (uint16_t)((image.len - end) / 512 + 1));
    cr_assert_eq(world_read(&world, 1, &last, &torn), STORAGE_DAMAGED);
    free(image.bytes);
}

/* Puts a hash that holds on a batch of one or two sectors. */
static void seal(struct image *image, size_t at)
{
    uint8_t bytes[2 * SEGMENT_CONTENT_BYTES];
    struct hash32 hash;
    memcpy(bytes, image->bytes + at, SEGMENT_CONTENT_BYTES);
    memcpy(bytes + SEGMENT_CONTENT_BYTES, image->bytes + at + 512,
           SEGMENT_CONTENT_BYTES);
    uint32_t len = bytes_get_le32(bytes + 36);
    cr_assert_leq(len, sizeof bytes - BATCH_HEADER_BYTES);
    memmove(bytes + BATCH_HASHED_BYTES, bytes + BATCH_HEADER_BYTES, len);
    sha256(&hash, bytes, BATCH_HASHED_BYTES + len);
    memcpy(image->bytes + at + BATCH_HASHED_BYTES, hash.bytes, HASH32_BYTES);
    image_put(&world, image, at, at + 1024);
}

/* Each change carries its own right hash: the links alone must find it. */
Test(journal_damage, sealed_forgeries_do_not_fit_the_chain)
{
    static const uint32_t lens[] = {300, 700};
    static const size_t places[] = {20, 24, 31, 32, 48, 79, 6, 7, 112, 116};
    struct image image;
    uint64_t last;
    uint64_t torn;
    image_make(&world, &image, lens, 2);
    size_t at = image.at[1];
    seal(&image, at);
    cr_assert_eq(world_open_known(&world, 4), STORAGE_OK);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        image.bytes[at + places[i]] ^= 2;
        seal(&image, at);
        cr_assert_eq(world_read(&world, 1, &last, &torn), STORAGE_DAMAGED,
                     "byte %zu", places[i]);
        cr_assert_null(strstr(world.fault.reason, "hash differs"));
        image.bytes[at + places[i]] ^= 2;
    }
    /* A payload that would need one sector, on two. */
    bytes_put_le32(image.bytes + at + 32, 1);
    bytes_put_le32(image.bytes + at + 36, 100);
    bytes_put_le32(image.bytes + at + 112, 92);
    bytes_put_le32(image.bytes + at + 116, 0);
    seal(&image, at);
    cr_assert_eq(world_read(&world, 1, &last, &torn), STORAGE_DAMAGED);
    cr_assert_not_null(strstr(world.fault.reason, "beyond the payload"));
    free(image.bytes);
}

Test(journal_damage, segments_under_other_names_or_of_other_chains_are_damage)
{
    char path[WORLD_PATH_BYTES];
    char other[WORLD_PATH_BYTES];
    struct journal_tail tail;
    struct journal *journal = world_open(&world, &tail);
    uint64_t last;
    uint64_t torn;
    size_t len;
    for (int n = 0; n < 2; n++)
        cr_assert_eq(world_append(&world, journal, 1, 700000), STORAGE_OK);
    journal_close(journal);
    const char *name = "journal/0000000000000002.seg";
    world_path(path, &world, name);
    world_path(other, &world, "journal/0000000000000003.seg");
    cr_assert_eq(rename(path, other), 0);
    cr_assert_eq(world_read(&world, 3, &last, &torn), STORAGE_DAMAGED);
    cr_assert_eq(rename(other, path), 0);
    /* Another hash before it, under a right hash of the header. */
    struct hash32 hash;
    uint8_t *bytes = world_load(&world, name, &len);
    bytes[64] ^= 1;
    sha256(&hash, bytes, 96);
    memcpy(bytes + 96, hash.bytes, HASH32_BYTES);
    world_store(&world, name, bytes, 0, 512);
    cr_assert_eq(world_read(&world, 1, &last, &torn), STORAGE_DAMAGED);
    cr_assert_not_null(strstr(world.fault.reason, "follow the one before"));
    bytes[64] ^= 1;
    bytes[24] ^= 4;
    sha256(&hash, bytes, 96);
    memcpy(bytes + 96, hash.bytes, HASH32_BYTES);
    world_store(&world, name, bytes, 0, 512);
    cr_assert_eq(world_read(&world, 1, &last, &torn), STORAGE_DAMAGED);
    cr_assert_not_null(strstr(world.fault.reason, "follow the one before"));
    free(bytes);
}

/* The same chain, one batch of a later version with a hash that holds. */
Test(journal_damage, newer_versions_are_named_as_such)
{
    static const uint32_t lens[] = {300, 40};
    struct image image;
    image_make(&world, &image, lens, 2);
    uint8_t *batch = image.bytes + image.at[1];
    uint8_t hashed[BATCH_HASHED_BYTES + 40];
    struct hash32 hash;
    bytes_put_le16(batch + 4, BATCH_FORMAT + 1);
    memcpy(hashed, batch, BATCH_HASHED_BYTES);
    memcpy(hashed + BATCH_HASHED_BYTES, batch + BATCH_HEADER_BYTES, 40);
    sha256(&hash, hashed, sizeof hashed);
    memcpy(batch + BATCH_HASHED_BYTES, hash.bytes, HASH32_BYTES);
    image_put(&world, &image, 0, image.len);
    cr_assert_eq(world_open_known(&world, 0), STORAGE_NEWER_FORMAT);
    cr_assert_eq(world.fault.number, 2);
    bytes_put_le16(image.bytes + 4, SEGMENT_FORMAT + 1);
    sha256(&hash, image.bytes, 96);
    memcpy(image.bytes + 96, hash.bytes, HASH32_BYTES);
    image_put(&world, &image, 0, image.len);
    cr_assert_eq(world_open_known(&world, 0), STORAGE_NEWER_FORMAT);
    free(image.bytes);
}
