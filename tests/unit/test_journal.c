#include "storage/bytes.h"
#include "storage/datadir.h"
#include "storage_world.h"
#include <nettle/sha2.h>
#include <sys/wait.h>

static struct world world;

static void make(void)
{
    world_make(&world);
}

static void clean(void)
{
    world_remove(&world);
}

TestSuite(journal, .init = make, .fini = clean);

/* Payload lengths on both sides of each sector's end, and the largest. */
static const uint32_t lengths[] = {8,
                                   100,
                                   391,
                                   392,
                                   393,
                                   504 + 391,
                                   504 + 392,
                                   5000,
                                   896,
                                   60000,
                                   65536,
                                   262144,
                                   BATCH_PAYLOAD_BYTES_MAX,
                                   9,
                                   1000,
                                   700000};
enum { LENGTH_COUNT = sizeof lengths / sizeof *lengths };

static uint32_t count_of(uint64_t number)
{
    return number % 3 == 0 && lengths[number % LENGTH_COUNT] > 800 ? 7 : 1;
}

static void assert_same_batch(const struct batch_view *view,
                              const struct batch *expected)
{
    const struct batch *found = &view->batch;
    cr_assert_eq(found->term, expected->term);
    cr_assert_eq(found->number, expected->number);
    cr_assert_eq(found->first_index, expected->first_index);
    cr_assert_eq(found->time_ns, expected->time_ns);
    cr_assert_eq(found->flags, expected->flags);
    cr_assert_eq(found->count, expected->count);
    cr_assert_eq(found->payload_len, expected->payload_len);
    cr_assert_arr_eq(found->payload, expected->payload, found->payload_len);
}

static void fill(struct journal *journal, uint64_t batches)
{
    for (uint64_t n = 1; n <= batches; n++)
        cr_assert_eq(world_append(&world, journal, count_of(n),
                                  lengths[n % LENGTH_COUNT]),
                     STORAGE_OK);
}

/* Reads from an index and compares all there is with what fill has written. */
static void assert_reads_back(uint64_t from_index, uint64_t batches)
{
    struct journal_reader *reader;
    struct batch_view view;
    struct hash32 previous = world.genesis_id;
    uint64_t index = 1;
    cr_assert_eq(journal_reader_open(&reader, world.dir, &world.genesis_id,
                                     from_index, &world.fault),
                 STORAGE_OK);
    for (uint64_t n = 1; n <= batches; n++) {
        struct batch expected = world_batch(&world, n, index, count_of(n),
                                            lengths[n % LENGTH_COUNT]);
        index += expected.count;
        if (index <= from_index)
            continue;
        cr_assert_eq(
            journal_reader_next(reader, &view, JOURNAL_TO_END, &world.fault),
            STORAGE_OK, "batch %lu: %s", n, world.fault.reason);
        assert_same_batch(&view, &expected);
        if (n > 1 && from_index <= 1)
            cr_assert(hash32_equal(&view.previous_hash, &previous));
        previous = view.hash;
    }
    cr_assert_eq(
        journal_reader_next(reader, &view, JOURNAL_TO_END, &world.fault),
        STORAGE_END);
    journal_reader_close(reader);
}

Test(journal, reads_back_what_was_appended_over_many_segments)
{
    struct journal_tail tail;
    struct journal_tail again;
    enum { BATCHES = 40 };
    struct journal *journal = world_open(&world, &tail);
    cr_assert_eq(tail.last_index, 0);
    cr_assert_eq(tail.number, 0);
    cr_assert(hash32_equal(&tail.hash, &world.genesis_id));
    fill(journal, BATCHES);
    cr_assert_gt(journal_segment_count(journal), 4);
    journal_tail(&tail, journal);
    cr_assert_eq(tail.number, BATCHES);
    for (uint64_t from = 0; from <= tail.last_index + 2; from++)
        assert_reads_back(from, BATCHES);
    size_t segments = journal_segment_count(journal);
    journal_close(journal);
    journal = world_open(&world, &again);
    cr_assert_eq(memcmp(&tail, &again, sizeof tail), 0);
    cr_assert_eq(journal_segment_count(journal), segments);
    cr_assert_eq(world_append(&world, journal, 1, 33), STORAGE_OK);
    journal_close(journal);
    journal = world_open(&world, &again);
    cr_assert_eq(again.last_index, tail.last_index + 1);
    cr_assert_eq(again.term, 3 + (BATCHES + 1) / 10);
    cr_assert_eq(again.time_ns, 1000 * (BATCHES + 1));
    journal_close(journal);
}

Test(journal, opens_after_every_single_batch)
{
    struct journal_tail tail;
    for (uint64_t n = 1; n <= 20; n++) {
        struct journal *journal = world_open(&world, &tail);
        cr_assert_eq(tail.number, n - 1);
        cr_assert_eq(world_append(&world, journal, count_of(n),
                                  lengths[n % LENGTH_COUNT]),
                     STORAGE_OK);
        journal_close(journal);
    }
    assert_reads_back(1, 20);
}

static void from_hex(uint8_t *out, const char *hex)
{
    for (size_t i = 0; i < 32; i++) {
        char pair[3] = {hex[2 * i], hex[2 * i + 1], 0};
        out[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
}

/* The bytes are final. Both sectors were made by another implementation
 * (Python: struct, hashlib) from the drawings in the headers: a segment of
 * 2 MiB, and batch 1 of term 5, two commands "abc" with evidence "xy" and "z"
 * without, time 1722816000123456789, closing a block. */
Test(journal, writes_the_bytes_of_another_implementation)
{
    static const char first[] = "abcxy";
    struct journal *journal;
    struct journal_tail tail;
    struct hash32 hash;
    uint8_t expected[32];
    uint8_t payload[64];
    uint32_t payload_len = 0;
    const uint8_t *text = (const uint8_t *)first;
    const uint8_t *last = (const uint8_t *)"z";
    struct batch_entry entries[2] = {{text, 3, 2, text + 3},
                                     {last, 1, 0, NULL}};
    for (int i = 0; i < 2; i++)
        cr_assert(batch_payload_add(payload, &payload_len, sizeof payload,
                                    &entries[i]));
    struct batch batch = {.term = 5,
                          .number = 1,
                          .first_index = 1,
                          .time_ns = 1722816000123456789,
                          .flags = BATCH_CLOSES_BLOCK,
                          .count = 2,
                          .payload_len = payload_len,
                          .payload = payload};
    struct journal_options options = world_options(&world);
    options.segment_size = 2u << 20;
    cr_assert_eq(journal_open(&journal, &tail, &options, &world.fault),
                 STORAGE_OK);
    cr_assert_eq(journal_append(journal, &hash, &batch, &world.fault),
                 STORAGE_OK);
    journal_close(journal);
    from_hex(expected, "a258ae624fd427145ce8722e8cfd6975"
                       "fe8a53b74aabb386b2021850cacac970");
    cr_assert_arr_eq(hash.bytes, expected, 32);
    size_t len;
    uint8_t *file = world_load(&world, "journal/" WORLD_FIRST_SEGMENT, &len);
    cr_assert_eq(len, 2u << 20);
    sha256(&hash, file, 512);
    from_hex(expected, "ba847122b20c30d3a044fc9b59a8142c"
                       "f5867302d1b9206e3c760f0ffbdc065a");
    cr_assert_arr_eq(hash.bytes, expected, 32);
    sha256(&hash, file + 512, 512);
    from_hex(expected, "d0f51deb6e9533f423d89acc9060bda2"
                       "71d304e5d6ff846dbea91d44c8dac894");
    cr_assert_arr_eq(hash.bytes, expected, 32);
    static const uint8_t stamp[8] = {1, 0, 0, 0, 0, 0, 1, 0xf0};
    cr_assert_arr_eq(file + 512 + 504, stamp, 8);
    cr_assert(bytes_all_zero(file + 1024, len - 1024));
    free(file);
}

Test(journal, iterator_gives_entries_and_refuses_lengths_that_do_not_fit)
{
    struct batch batch = world_batch(&world, 1, 1, 3, 100);
    struct batch_iterator iterator;
    struct batch_entry entry;
    batch_entries(&iterator, &batch);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(batch_next(&iterator, &entry), STORAGE_OK);
    cr_assert_eq(batch_next(&iterator, &entry), STORAGE_END);
    cr_assert(batch_is_valid(&batch));
    batch.payload_len--;
    cr_assert_not(batch_is_valid(&batch));
    batch.payload_len += 2;
    cr_assert_not(batch_is_valid(&batch));
    batch.payload_len--;
    static const uint32_t bad[] = {UINT32_MAX, UINT32_MAX - 7, 0x7fffffff, 93};
    for (size_t i = 0; i < 4; i++) {
        bytes_put_le32(world.payload, bad[i]);
        cr_assert_not(batch_is_valid(&batch));
    }
    batch = world_batch(&world, 1, 1, 3, 100);
    batch.count = 2;
    cr_assert_not(batch_is_valid(&batch));
    batch.count = 4;
    cr_assert_not(batch_is_valid(&batch));
    batch.count = 3;
    batch.flags = 2;
    cr_assert_not(batch_is_valid(&batch));
    batch.flags = 1;
    batch.first_index = UINT64_MAX - 4;
    cr_assert(batch_is_valid(&batch));
    batch.first_index = UINT64_MAX - 3;
    cr_assert_not(batch_is_valid(&batch));
}

Test(journal, payload_add_stops_at_the_limit)
{
    uint32_t len = 0;
    struct batch_entry entry = {.command = world.payload,
                                .command_len = BATCH_PAYLOAD_BYTES_MAX - 7};
    static uint8_t out[BATCH_PAYLOAD_BYTES_MAX + 64];
    cr_assert_not(batch_payload_add(out, &len, sizeof out, &entry));
    cr_assert_eq(len, 0);
    entry.command_len--;
    cr_assert_not(
        batch_payload_add(out, &len, BATCH_PAYLOAD_BYTES_MAX - 1, &entry));
    cr_assert(batch_payload_add(out, &len, sizeof out, &entry));
    cr_assert_eq(len, BATCH_PAYLOAD_BYTES_MAX);
    entry.command_len = UINT32_MAX;
    entry.evidence_len = UINT32_MAX;
    cr_assert_not(batch_payload_add(out, &len, sizeof out, &entry));
}

Test(journal, refuses_a_batch_out_of_order_and_lives_on)
{
    struct journal_tail tail;
    struct journal *journal = world_open(&world, &tail);
    cr_assert_eq(world_append(&world, journal, 2, 50), STORAGE_OK);
    struct batch batch = world_batch(&world, 2, 4, 1, 20);
    cr_assert_eq(journal_append(journal, NULL, &batch, NULL),
                 STORAGE_OUT_OF_ORDER);
    batch.first_index = 3;
    batch.number = 3;
    cr_assert_eq(journal_append(journal, NULL, &batch, NULL),
                 STORAGE_OUT_OF_ORDER);
    batch.number = 2;
    batch.count = 0;
    cr_assert_eq(journal_append(journal, NULL, &batch, NULL), STORAGE_INVALID);
    batch.count = 1;
    cr_assert_eq(journal_append(journal, NULL, &batch, NULL), STORAGE_OK);
    journal_close(journal);
}

Test(journal, reader_beside_the_writer_stays_below_its_bound)
{
    struct journal_tail tail;
    struct journal_reader *reader;
    struct batch_view view;
    struct journal *journal = world_open(&world, &tail);
    cr_assert_eq(journal_reader_open(&reader, world.dir, &world.genesis_id, 1,
                                     &world.fault),
                 STORAGE_OK);
    cr_assert_eq(journal_reader_next(reader, &view, 0, &world.fault),
                 STORAGE_END);
    for (uint64_t n = 1; n <= 30; n++) {
        cr_assert_eq(
            world_append(&world, journal, 1, lengths[n % LENGTH_COUNT]),
            STORAGE_OK);
        if (n % 4)
            continue;
        for (uint64_t i = n - 3; i <= n; i++) {
            cr_assert_eq(journal_reader_next(reader, &view, n, &world.fault),
                         STORAGE_OK, "%s", world.fault.reason);
            cr_assert_eq(view.batch.first_index, i);
        }
        cr_assert_eq(journal_reader_next(reader, &view, n, &world.fault),
                     STORAGE_END);
    }
    /* A bound above what exists is an acknowledged batch that is missing. */
    cr_assert_eq(journal_reader_next(reader, &view, 30, &world.fault),
                 STORAGE_OK);
    cr_assert_eq(journal_reader_next(reader, &view, 30, &world.fault),
                 STORAGE_OK);
    cr_assert_eq(journal_reader_next(reader, &view, 31, &world.fault),
                 STORAGE_DAMAGED);
    cr_assert_eq(journal_reader_next(reader, &view, 31, &world.fault),
                 STORAGE_FAILED);
    journal_reader_close(reader);
    journal_close(journal);
}

Test(journal, prunes_whole_segments_and_says_what_is_gone)
{
    struct journal_tail tail;
    struct journal_reader *reader;
    size_t removed;
    struct journal *journal = world_open(&world, &tail);
    for (uint64_t n = 1; n <= 10; n++)
        cr_assert_eq(world_append(&world, journal, 1, 700000), STORAGE_OK);
    cr_assert_eq(journal_segment_count(journal), 10);
    cr_assert_eq(journal_prune(journal, &removed, 1, &world.fault), STORAGE_OK);
    cr_assert_eq(removed, 0);
    cr_assert_eq(journal_prune(journal, &removed, 4, &world.fault), STORAGE_OK);
    cr_assert_eq(removed, 3);
    journal_tail(&tail, journal);
    cr_assert_eq(tail.first_index, 4);
    cr_assert_eq(journal_reader_open(&reader, world.dir, &world.genesis_id, 3,
                                     &world.fault),
                 STORAGE_PRUNED);
    cr_assert_eq(journal_reader_open(&reader, world.dir, &world.genesis_id, 4,
                                     &world.fault),
                 STORAGE_OK);
    journal_reader_close(reader);
    journal_close(journal);
    struct journal_options options = world_options(&world);
    for (options.known_durable_index = 0; options.known_durable_index < 11;
         options.known_durable_index++) {
        enum storage_status status =
            journal_open(&journal, &tail, &options, &world.fault);
        cr_assert_eq(status, options.known_durable_index < 3 ? STORAGE_PRUNED
                                                             : STORAGE_OK);
        if (status == STORAGE_OK)
            journal_close(journal);
    }
    cr_assert_eq(journal_open(&journal, &tail, &options, &world.fault),
                 STORAGE_DAMAGED);
    cr_assert_eq(world.fault.index, 11);
    options.known_durable_index = 10;
    cr_assert_eq(journal_open(&journal, &tail, &options, &world.fault),
                 STORAGE_OK);
    cr_assert_eq(journal_prune(journal, &removed, 99, &world.fault),
                 STORAGE_OK);
    cr_assert_eq(removed, 6);
    cr_assert_eq(journal_segment_count(journal), 1);
    cr_assert_eq(world_append(&world, journal, 1, 700000), STORAGE_OK);
    journal_close(journal);
}

Test(journal, known_hash_must_be_the_hash_at_the_known_index)
{
    struct journal_tail tail;
    struct journal_tail tails[9];
    struct journal *journal = world_open(&world, &tail);
    for (uint64_t n = 1; n <= 8; n++) {
        cr_assert_eq(world_append(&world, journal, 2, 400000), STORAGE_OK);
        journal_tail(&tails[n], journal);
    }
    journal_close(journal);
    struct journal_options options = world_options(&world);
    for (uint64_t n = 1; n <= 8; n++) {
        struct hash32 wrong = tails[n].hash;
        options.known_durable_index = tails[n].last_index;
        options.known_hash = &tails[n].hash;
        cr_assert_eq(journal_open(&journal, &tail, &options, &world.fault),
                     STORAGE_OK);
        journal_close(journal);
        wrong.bytes[31] ^= 1;
        options.known_hash = &wrong;
        cr_assert_eq(journal_open(&journal, &tail, &options, &world.fault),
                     STORAGE_OTHER_HISTORY);
        cr_assert_eq(world.fault.index, tails[n].last_index);
        options.known_hash = &tails[n].hash;
        options.known_durable_index--;
        cr_assert_eq(journal_open(&journal, &tail, &options, &world.fault),
                     STORAGE_OTHER_HISTORY);
    }
    /* The hash is also compared when all up to the index has been pruned. */
    journal = world_open(&world, &tail);
    cr_assert_eq(journal_prune(journal, NULL, 5, NULL), STORAGE_OK);
    journal_tail(&tail, journal);
    cr_assert_eq(tail.first_index, 5);
    journal_close(journal);
    options.known_durable_index = 4;
    options.known_hash = &tails[2].hash;
    cr_assert_eq(journal_open(&journal, &tail, &options, &world.fault),
                 STORAGE_OK);
    journal_close(journal);
    options.known_hash = &tails[3].hash;
    cr_assert_eq(journal_open(&journal, &tail, &options, &world.fault),
                 STORAGE_OTHER_HISTORY);
}

Test(journal, refuses_another_genesis_and_bad_sizes)
{
    struct journal_tail tail;
    struct journal *journal = world_open(&world, &tail);
    cr_assert_eq(world_append(&world, journal, 1, 10), STORAGE_OK);
    journal_close(journal);
    struct journal_options options = world_options(&world);
    options.genesis_id.bytes[0] ^= 1;
    cr_assert_eq(journal_open(&journal, &tail, &options, &world.fault),
                 STORAGE_OTHER_NETWORK);
    options = world_options(&world);
    options.segment_size = SEGMENT_SIZE_MIN - 512;
    cr_assert_eq(journal_open(&journal, &tail, &options, &world.fault),
                 STORAGE_INVALID);
    options.segment_size = SEGMENT_SIZE_MAX + 1;
    cr_assert_eq(journal_open(&journal, &tail, &options, &world.fault),
                 STORAGE_INVALID);
    options.segment_size = SEGMENT_SIZE_MIN + 1;
    cr_assert_eq(journal_open(&journal, &tail, &options, &world.fault),
                 STORAGE_OK);
    journal_close(journal);
}

Test(journal, data_directory_is_locked_against_a_second_holder)
{
    struct datadir first;
    struct datadir second;
    char dir[WORLD_PATH_BYTES];
    char holder[32];
    struct stat info;
    world_path(dir, &world, "deep/er/data");
    cr_assert_eq(datadir_open(&first, dir, &world.genesis_id, &world.fault),
                 STORAGE_OK);
    cr_assert(stat(dir, &info) == 0 && (info.st_mode & 0777) == 0700);
    cr_assert_eq(datadir_open(&second, dir, &world.genesis_id, &world.fault),
                 STORAGE_LOCKED);
    snprintf(holder, sizeof holder, "process %d", (int)getpid());
    cr_assert_not_null(strstr(world.fault.reason, holder));
    pid_t child = fork();
    if (child == 0)
        _exit(datadir_open(&second, dir, &world.genesis_id, NULL) ==
                      STORAGE_LOCKED
                  ? 0
                  : 1);
    int result;
    cr_assert_eq(waitpid(child, &result, 0), child);
    cr_assert_eq(result, 0);
    datadir_close(&first);
    cr_assert_eq(datadir_open(&second, dir, &world.genesis_id, &world.fault),
                 STORAGE_OK);
    datadir_close(&second);
}

static void put_format(const char *text)
{
    char path[WORLD_PATH_BYTES];
    world_path(path, &world, "FORMAT");
    unlink(path);
    world_store(&world, "FORMAT", (const uint8_t *)text, 0, strlen(text));
}

static enum storage_status open_datadir(void)
{
    struct datadir datadir;
    enum storage_status status =
        datadir_open(&datadir, world.dir, &world.genesis_id, &world.fault);
    if (status == STORAGE_OK)
        datadir_close(&datadir);
    return status;
}

Test(journal, data_directory_of_others_is_refused)
{
    struct hash32 found;
    char path[WORLD_PATH_BYTES];
    cr_assert_eq(datadir_genesis(&found, world.dir, &world.fault),
                 STORAGE_NOT_FOUND);
    cr_assert_eq(open_datadir(), STORAGE_OK);
    cr_assert_eq(open_datadir(), STORAGE_OK);
    cr_assert_eq(datadir_genesis(&found, world.dir, &world.fault), STORAGE_OK);
    cr_assert(hash32_equal(&found, &world.genesis_id));
    world.genesis_id.bytes[31] ^= 0x10;
    cr_assert_eq(open_datadir(), STORAGE_OTHER_NETWORK);
    cr_assert_not_null(strstr(world.fault.reason, "a0a1a2a3"));
    world.genesis_id.bytes[31] ^= 0x10;
    put_format("clearingd 2\nsomething else\n");
    cr_assert_eq(open_datadir(), STORAGE_NEWER_FORMAT);
    cr_assert_not_null(strstr(world.fault.reason, "format 2"));
    static const char *const foreign[] = {"", "clearingd", "clearingd x\n",
                                          "clearingd 01\n", "hello\n"};
    for (size_t i = 0; i < 5; i++) {
        put_format(foreign[i]);
        cr_assert_eq(open_datadir(), STORAGE_FOREIGN, "%s", foreign[i]);
    }
    put_format("clearingd 1\ngenesis a0a1\n");
    cr_assert_eq(open_datadir(), STORAGE_DAMAGED);
    world_path(path, &world, "FORMAT");
    cr_assert_eq(unlink(path), 0);
    world_store(&world, "ledger/data.mdb", (const uint8_t *)"x", 0, 1);
    cr_assert_eq(open_datadir(), STORAGE_FOREIGN);
    world_path(path, &world, "ledger/data.mdb");
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(open_datadir(), STORAGE_OK);
}

Test(journal, fault_becomes_one_line)
{
    char line[128];
    char tiny[8];
    struct storage_fault fault;
    storage_fault_set(&fault, STORAGE_DAMAGED, 5, "a/b.seg", "hash differs");
    fault.offset = 512;
    fault.number = 3;
    fault.index = 4;
    storage_fault_text(&fault, line, sizeof line);
    cr_assert_str_eq(line, "damaged: a/b.seg offset 512 batch 3 index 4: hash "
                           "differs (Input/output error)");
    storage_fault_text(&fault, tiny, sizeof tiny);
    cr_assert_str_eq(tiny, "damaged");
    for (int i = 0; i < STORAGE_STATUS_COUNT; i++)
        cr_assert_str_neq(storage_status_text((enum storage_status)i),
                          "unknown");
    cr_assert_str_eq(storage_status_text(STORAGE_STATUS_COUNT), "unknown");
}
