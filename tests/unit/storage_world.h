/*
 * What the tests of the journal and the ledger share: a directory of their
 * own, batches whose content follows from their number, and the segment file
 * as plain bytes.
 */
#ifndef CLEARINGD_TESTS_UNIT_STORAGE_WORLD_H
#define CLEARINGD_TESTS_UNIT_STORAGE_WORLD_H

#include "storage/journal.h"
#include "storage/journal_reader.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORLD_PATH_BYTES 256
#define WORLD_FIRST_SEGMENT "0000000000000001.seg"

struct world {
    char dir[WORLD_PATH_BYTES];
    struct hash32 genesis_id;
    struct storage_fault fault;
    /* Of new segments; 0 for the least. */
    uint64_t segment_size;
    uint8_t payload[BATCH_PAYLOAD_BYTES_MAX];
};

/* A fresh directory, in memory where the system has such. */
static inline void world_make(struct world *world)
{
    const char *root = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(world->dir, sizeof world->dir, "%s/clearingd-test-XXXXXX", root);
    cr_assert_not_null(mkdtemp(world->dir));
    for (size_t i = 0; i < HASH32_BYTES; i++)
        world->genesis_id.bytes[i] = (uint8_t)(0xa0 + i);
}

static inline int world_remove_entry(const char *path, const struct stat *info,
                                     int kind, struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    return remove(path);
}

static inline void world_remove(struct world *world)
{
    nftw(world->dir, world_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void world_path(char out[WORLD_PATH_BYTES],
                              const struct world *world, const char *name)
{
    int len = snprintf(out, WORLD_PATH_BYTES, "%s/%s", world->dir, name);
    cr_assert(len > 0 && len < WORLD_PATH_BYTES);
}

/* A batch of count entries, payload_len bytes or as many as the entry headers
 * need, with content that follows from number. */
static inline struct batch world_batch(struct world *world, uint64_t number,
                                       uint64_t first_index, uint32_t count,
                                       uint32_t payload_len)
{
    uint32_t least = count * BATCH_ENTRY_HEADER_BYTES;
    uint32_t len = 0;
    if (payload_len < least)
        payload_len = least;
    uint32_t spare = payload_len - least;
    static uint8_t bytes[BATCH_PAYLOAD_BYTES_MAX];
    for (uint32_t i = 0; i < spare; i++)
        bytes[i] = (uint8_t)(i * 7 + number * 13 + (i >> 8));
    for (uint32_t i = 0; i < count; i++) {
        uint32_t share =
            i + 1 < count ? spare / count : spare - spare / count * (count - 1);
        struct batch_entry entry = {.command = bytes,
                                    .command_len = share - share / 3,
                                    .evidence = bytes + share / 2,
                                    .evidence_len = share / 3};
        cr_assert(batch_payload_add(world->payload, &len,
                                    BATCH_PAYLOAD_BYTES_MAX, &entry));
    }
    cr_assert_eq(len, payload_len);
    return (struct batch){.term = 3 + number / 10,
                          .number = number,
                          .first_index = first_index,
                          .time_ns = 1000 * (int64_t)number,
                          .flags = number % 5 == 0 ? BATCH_CLOSES_BLOCK : 0,
                          .count = count,
                          .payload_len = len,
                          .payload = world->payload};
}

static inline struct journal_options world_options(const struct world *world)
{
    return (struct journal_options){.dir = world->dir,
                                    .segment_size = world->segment_size
                                                        ? world->segment_size
                                                        : SEGMENT_SIZE_MIN,
                                    .genesis_id = world->genesis_id};
}

static inline struct journal *world_open(struct world *world,
                                         struct journal_tail *tail)
{
    struct journal *journal = NULL;
    struct journal_options options = world_options(world);
    enum storage_status status =
        journal_open(&journal, tail, &options, &world->fault);
    cr_assert_eq(status, STORAGE_OK, "%s: %s", storage_status_text(status),
                 world->fault.reason);
    return journal;
}

/* Appends the next batch. */
static inline enum storage_status world_append(struct world *world,
                                               struct journal *journal,
                                               uint32_t count,
                                               uint32_t payload_len)
{
    struct journal_tail tail;
    journal_tail(&tail, journal);
    struct batch batch = world_batch(world, tail.number + 1,
                                     tail.last_index + 1, count, payload_len);
    return journal_append(journal, NULL, &batch, &world->fault);
}

/* A whole file in memory, and back. */
static inline uint8_t *world_load(const struct world *world, const char *name,
                                  size_t *len)
{
    char path[WORLD_PATH_BYTES];
    struct stat info;
    world_path(path, world, name);
    int fd = open(path, O_RDONLY);
    cr_assert(fd >= 0 && fstat(fd, &info) == 0);
    *len = (size_t)info.st_size;
    uint8_t *bytes = malloc(*len + 1);
    cr_assert_not_null(bytes);
    cr_assert_eq(pread(fd, bytes, *len, 0), (ssize_t)*len);
    close(fd);
    return bytes;
}

static inline void world_store(const struct world *world, const char *name,
                               const uint8_t *bytes, size_t from, size_t len)
{
    char path[WORLD_PATH_BYTES];
    world_path(path, world, name);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    cr_assert(fd >= 0);
    cr_assert_eq(pwrite(fd, bytes + from, len, (off_t)from), (ssize_t)len);
    close(fd);
}

/* Reads from from_index to the end; *last gets the chain's last index, *torn
 * the bytes of a torn tail. */
static inline enum storage_status world_read(struct world *world,
                                             uint64_t from_index,
                                             uint64_t *last, uint64_t *torn)
{
    struct journal_reader *reader;
    struct batch_view view;
    struct batch_link link;
    struct journal_place place;
    enum storage_status status = journal_reader_open(
        &reader, world->dir, &world->genesis_id, from_index, &world->fault);
    if (status != STORAGE_OK)
        return status;
    do {
        status =
            journal_reader_next(reader, &view, JOURNAL_TO_END, &world->fault);
    } while (status == STORAGE_OK);
    journal_reader_link(&link, reader);
    journal_reader_place(&place, reader);
    journal_reader_close(reader);
    *last = link.index - 1;
    *torn = place.torn_bytes;
    return status;
}

#endif
