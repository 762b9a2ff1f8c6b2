/*
 * A journal of one segment as bytes in memory, so that tests can put any state
 * of it on the disk and look at it.
 */
#ifndef CLEARINGD_TESTS_UNIT_JOURNAL_IMAGE_H
#define CLEARINGD_TESTS_UNIT_JOURNAL_IMAGE_H

#include "storage_world.h"

#define IMAGE_SEGMENT "journal/" WORLD_FIRST_SEGMENT

/* A journal of some batches in one segment, as bytes. */
struct image {
    uint8_t *bytes;
    size_t len;
    /* Offset of each batch, and of the end. */
    size_t at[16];
    uint64_t batches;
    uint64_t last_index;
};

static inline void image_make(struct world *world, struct image *out,
                              const uint32_t *payload_lens, uint64_t batches)
{
    struct journal_tail tail;
    struct journal *journal = world_open(world, &tail);
    out->batches = batches;
    out->at[0] = 512;
    for (uint64_t i = 0; i < batches; i++) {
        cr_assert_eq(world_append(world, journal, 2, payload_lens[i]),
                     STORAGE_OK);
        out->at[i + 1] =
            out->at[i] + 512 * segment_batch_sectors(payload_lens[i]);
    }
    out->last_index = 2 * batches;
    journal_close(journal);
    out->bytes = world_load(world, IMAGE_SEGMENT, &out->len);
}

static inline void image_put(const struct world *world,
                             const struct image *image, size_t from, size_t to)
{
    world_store(world, IMAGE_SEGMENT, image->bytes, from, to - from);
}

static inline void image_put_zeros(const struct world *world, size_t from,
                                   size_t len)
{
    static const uint8_t zeros[8192];
    char path[WORLD_PATH_BYTES];
    world_path(path, world, IMAGE_SEGMENT);
    int fd = open(path, O_WRONLY);
    cr_assert(fd >= 0 && len <= sizeof zeros);
    cr_assert_eq(pwrite(fd, zeros, len, (off_t)from), (ssize_t)len);
    close(fd);
}

static inline enum storage_status world_open_known(struct world *world,
                                                   uint64_t known_index)
{
    struct journal *journal;
    struct journal_tail tail;
    struct journal_options options = world_options(world);
    options.known_durable_index = known_index;
    enum storage_status status =
        journal_open(&journal, &tail, &options, &world->fault);
    if (status == STORAGE_OK)
        journal_close(journal);
    return status;
}

#endif
