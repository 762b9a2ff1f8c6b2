#include "storage/ledger_check.h"
#include "storage/ledger_reader.h"
#include "storage_world.h"
#include <pthread.h>

static struct world world;

static void make(void)
{
    world_make(&world);
}

static void clean(void)
{
    world_remove(&world);
}

TestSuite(ledger, .init = make, .fini = clean);

static struct ledger *open_ledger(uint64_t map_bytes)
{
    struct ledger *ledger = NULL;
    struct ledger_options options = {.dir = world.dir,
                                     .genesis_id = world.genesis_id,
                                     .map_bytes = map_bytes};
    cr_assert_eq(ledger_open(&ledger, &options, &world.fault), STORAGE_OK, "%s",
                 world.fault.reason);
    return ledger;
}

static struct ledger_position position_at(uint64_t index)
{
    struct ledger_position position = {.applied_index = index,
                                       .batch_number = index / 2};
    sha256(&position.journal_hash, &index, sizeof index);
    return position;
}

static void put_record(struct ledger *ledger, const char *key,
                       const char *value)
{
    cr_assert_eq(
        ledger_put_record(ledger, key, strlen(key), value, strlen(value)),
        STORAGE_OK);
}

static void commit(struct ledger *ledger, uint64_t index)
{
    struct ledger_position position = position_at(index);
    cr_assert_eq(ledger_commit(ledger, &position), STORAGE_OK);
}

static struct block block_at(uint64_t height, const struct hash32 *previous)
{
    struct block block = {.height = height,
                          .first_index = 10 * height - 9,
                          .last_index = 10 * height,
                          .time_ns = (int64_t)height * 1000000000,
                          .previous_hash = *previous};
    sha256(&block.state_root, &height, sizeof height);
    return block;
}

/* What the callbacks have seen, as text. */
struct seen {
    char text[4096];
    size_t len;
    size_t calls;
    size_t stop_after;
};

static bool see_record(void *context, struct ledger_bytes key,
                       struct ledger_bytes value)
{
    struct seen *seen = context;
    int len = snprintf(seen->text + seen->len, sizeof seen->text - seen->len,
                       "%.*s=%.*s ", (int)key.len, (const char *)key.data,
                       (int)value.len, (const char *)value.data);
    seen->len += (size_t)len;
    return ++seen->calls != seen->stop_after;
}

static bool see_events(void *context, uint64_t index, struct ledger_bytes value)
{
    struct seen *seen = context;
    int len =
        snprintf(seen->text + seen->len, sizeof seen->text - seen->len,
                 "%lu=%.*s ", index, (int)value.len, (const char *)value.data);
    seen->len += (size_t)len;
    return ++seen->calls != seen->stop_after;
}

static const char *records(struct ledger *ledger, const char *prefix,
                           size_t stop_after)
{
    static struct seen seen;
    seen = (struct seen){.stop_after = stop_after};
    cr_assert_eq(
        ledger_each_record(ledger, prefix, strlen(prefix), see_record, &seen),
        STORAGE_OK);
    return seen.text;
}

Test(ledger, begins_at_the_genesis_and_keeps_what_was_committed)
{
    struct ledger_position position;
    struct ledger *ledger = open_ledger(0);
    cr_assert_eq(ledger_position(ledger, &position), STORAGE_OK);
    cr_assert_eq(position.applied_index, 0);
    cr_assert_eq(position.batch_number, 0);
    cr_assert(hash32_equal(&position.journal_hash, &world.genesis_id));
    cr_assert_eq(ledger_begin(ledger), STORAGE_OK);
    put_record(ledger, "a1", "one");
    put_record(ledger, "b1", "");
    put_record(ledger, "a2", "two");
    put_record(ledger, "a", "zero");
    cr_assert_str_eq(records(ledger, "", 0), "");
    commit(ledger, 20);
    ledger_close(ledger);
    ledger = open_ledger(0);
    cr_assert_eq(ledger_position(ledger, &position), STORAGE_OK);
    struct ledger_position expected = position_at(20);
    cr_assert_eq(memcmp(&position, &expected, sizeof position), 0);
    cr_assert_str_eq(records(ledger, "", 0), "a=zero a1=one a2=two b1= ");
    cr_assert_str_eq(records(ledger, "a", 0), "a=zero a1=one a2=two ");
    cr_assert_str_eq(records(ledger, "a1", 0), "a1=one ");
    cr_assert_str_eq(records(ledger, "c", 0), "");
    cr_assert_str_eq(records(ledger, "", 2), "a=zero a1=one ");
    cr_assert_eq(ledger_begin(ledger), STORAGE_OK);
    put_record(ledger, "a1", "other");
    cr_assert_eq(ledger_delete_record(ledger, "a2", 2), STORAGE_OK);
    cr_assert_eq(ledger_delete_record(ledger, "zz", 2), STORAGE_OK);
    commit(ledger, 21);
    cr_assert_str_eq(records(ledger, "", 0), "a=zero a1=other b1= ");
    char value[3];
    size_t len;
    cr_assert_eq(ledger_record(ledger, value, &len, 3, "a1", 2), STORAGE_OK);
    cr_assert_eq(len, 5);
    cr_assert_arr_eq(value, "oth", 3);
    cr_assert_eq(ledger_record(ledger, value, &len, 3, "a2", 2),
                 STORAGE_NOT_FOUND);
    ledger_close(ledger);
    cr_assert_eq(ledger_check(world.dir, &world.genesis_id, &world.fault),
                 STORAGE_OK, "%s", world.fault.reason);
}

Test(ledger, aborted_and_misused_transactions_change_nothing)
{
    char long_key[LEDGER_RECORD_KEY_BYTES_MAX + 1] = {0};
    struct ledger_position position = position_at(5);
    struct ledger *ledger = open_ledger(0);
    cr_assert_eq(ledger_put_record(ledger, "a", 1, "b", 1), STORAGE_INVALID);
    cr_assert_eq(ledger_delete_record(ledger, "a", 1), STORAGE_INVALID);
    cr_assert_eq(ledger_commit(ledger, &position), STORAGE_INVALID);
    ledger_abort(ledger);
    cr_assert_eq(ledger_begin(ledger), STORAGE_OK);
    put_record(ledger, "a", "b");
    ledger_abort(ledger);
    cr_assert_str_eq(records(ledger, "", 0), "");
    cr_assert_eq(ledger_begin(ledger), STORAGE_OK);
    put_record(ledger, "a", "b");
    cr_assert_eq(ledger_put_record(ledger, "", 0, "b", 1), STORAGE_INVALID);
    cr_assert_eq(ledger_commit(ledger, &position), STORAGE_INVALID);
    cr_assert_eq(ledger_begin(ledger), STORAGE_OK);
    cr_assert_eq(ledger_put_record(ledger, long_key, sizeof long_key, "b", 1),
                 STORAGE_INVALID);
    cr_assert_eq(ledger_begin(ledger), STORAGE_OK);
    cr_assert_eq(
        ledger_put_record(ledger, long_key, sizeof long_key - 1, "b", 1),
        STORAGE_OK);
    commit(ledger, 5);
    cr_assert_eq(ledger_begin(ledger), STORAGE_OK);
    put_record(ledger, "a", "b");
    position = position_at(4);
    cr_assert_eq(ledger_commit(ledger, &position), STORAGE_INVALID);
    cr_assert_eq(ledger_begin(ledger), STORAGE_OK);
    commit(ledger, 5);
    cr_assert_eq(ledger_position(ledger, &position), STORAGE_OK);
    cr_assert_eq(position.applied_index, 5);
    ledger_close(ledger);
}

static void put_blocks(struct ledger *ledger, uint64_t from, uint64_t to,
                       struct hash32 *previous)
{
    for (uint64_t height = from; height <= to; height++) {
        struct block block = block_at(height, previous);
        cr_assert_eq(ledger_put_block(ledger, &block), STORAGE_OK);
        block_hash(previous, &block);
    }
}

Test(ledger, finds_blocks_by_height_and_hash_and_refuses_a_second_one)
{
    struct block found;
    struct hash32 previous = world.genesis_id;
    struct ledger *ledger = open_ledger(0);
    cr_assert_eq(ledger_last_block(ledger, &found), STORAGE_NOT_FOUND);
    cr_assert_eq(ledger_begin(ledger), STORAGE_OK);
    put_blocks(ledger, 1, 300, &previous);
    commit(ledger, 3000);
    cr_assert_eq(ledger_last_block(ledger, &found), STORAGE_OK);
    cr_assert_eq(found.height, 300);
    cr_assert_eq(ledger_block_by_hash(ledger, &found, &previous), STORAGE_OK);
    cr_assert_eq(found.height, 300);
    cr_assert_eq(ledger_block(ledger, &found, 256), STORAGE_OK);
    cr_assert_eq(found.last_index, 2560);
    cr_assert_eq(ledger_block(ledger, &found, 0), STORAGE_NOT_FOUND);
    cr_assert_eq(ledger_block(ledger, &found, 301), STORAGE_NOT_FOUND);
    cr_assert_eq(ledger_block_by_hash(ledger, &found, &world.genesis_id),
                 STORAGE_NOT_FOUND);
    cr_assert_eq(ledger_block(ledger, &found, 300), STORAGE_OK);
    cr_assert_eq(ledger_begin(ledger), STORAGE_OK);
    cr_assert_eq(ledger_put_block(ledger, &found), STORAGE_OK);
    found.time_ns++;
    cr_assert_eq(ledger_put_block(ledger, &found), STORAGE_OTHER_HISTORY);
    cr_assert_eq(ledger_begin(ledger), STORAGE_OK);
    commit(ledger, 3000);
    ledger_close(ledger);
    cr_assert_eq(ledger_check(world.dir, &world.genesis_id, &world.fault),
                 STORAGE_OK, "%s", world.fault.reason);
}

static const char *events(struct ledger *ledger, uint64_t from, uint64_t limit)
{
    static struct seen seen;
    seen = (struct seen){0};
    cr_assert_eq(ledger_events_from(ledger, from, limit, see_events, &seen),
                 STORAGE_OK);
    return seen.text;
}

Test(ledger, walks_events_from_the_batch_that_holds_an_index)
{
    struct ledger *ledger = open_ledger(0);
    cr_assert_str_eq(events(ledger, 0, 9), "");
    cr_assert_eq(ledger_begin(ledger), STORAGE_OK);
    static const uint64_t firsts[] = {5, 9, 256, 70000};
    static const char *const texts[] = {"five", "nine", "", "many"};
    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(
            ledger_put_events(ledger, firsts[i], texts[i], strlen(texts[i])),
            STORAGE_OK);
    commit(ledger, 70001);
    cr_assert_str_eq(events(ledger, 0, 9), "5=five 9=nine 256= 70000=many ");
    cr_assert_str_eq(events(ledger, 4, 1), "5=five ");
    cr_assert_str_eq(events(ledger, 5, 1), "5=five ");
    cr_assert_str_eq(events(ledger, 8, 2), "5=five 9=nine ");
    cr_assert_str_eq(events(ledger, 9, 2), "9=nine 256= ");
    cr_assert_str_eq(events(ledger, 69999, 9), "256= 70000=many ");
    cr_assert_str_eq(events(ledger, UINT64_MAX, 9), "70000=many ");
    cr_assert_str_eq(events(ledger, 5, 0), "");
    ledger_close(ledger);
}

static const char *account_events(struct ledger *ledger, uint8_t account,
                                  uint64_t from, uint64_t limit,
                                  enum ledger_order order)
{
    static struct seen seen;
    uint8_t key[LEDGER_ACCOUNT_KEY_BYTES];
    memset(key, account, sizeof key);
    seen = (struct seen){0};
    cr_assert_eq(ledger_account_events(ledger, key, from, limit, order,
                                       see_events, &seen),
                 STORAGE_OK);
    return seen.text;
}

Test(ledger, walks_one_accounts_events_both_ways)
{
    struct ledger *ledger = open_ledger(0);
    const enum ledger_order old = LEDGER_OLDEST_FIRST;
    const enum ledger_order new = LEDGER_NEWEST_FIRST;
    cr_assert_str_eq(account_events(ledger, 7, UINT64_MAX, 9, new), "");
    cr_assert_eq(ledger_begin(ledger), STORAGE_OK);
    for (uint8_t account = 6; account <= 8; account++) {
        uint8_t key[LEDGER_ACCOUNT_KEY_BYTES];
        memset(key, account, sizeof key);
        for (uint64_t index = 1; index < 2000; index *= 6) {
            char digit = (char)('0' + account);
            cr_assert_eq(
                ledger_put_account_event(ledger, key, index, &digit, 1),
                STORAGE_OK);
        }
    }
    commit(ledger, 2000);
    cr_assert_str_eq(account_events(ledger, 7, 0, 9, old),
                     "1=7 6=7 36=7 216=7 1296=7 ");
    cr_assert_str_eq(account_events(ledger, 7, 6, 2, old), "6=7 36=7 ");
    cr_assert_str_eq(account_events(ledger, 7, 7, 2, old), "36=7 216=7 ");
    cr_assert_str_eq(account_events(ledger, 7, 1297, 2, old), "");
    cr_assert_str_eq(account_events(ledger, 8, 1297, 2, old), "");
    cr_assert_str_eq(account_events(ledger, 7, UINT64_MAX, 9, new),
                     "1296=7 216=7 36=7 6=7 1=7 ");
    cr_assert_str_eq(account_events(ledger, 8, UINT64_MAX, 2, new),
                     "1296=8 216=8 ");
    cr_assert_str_eq(account_events(ledger, 7, 36, 2, new), "36=7 6=7 ");
    cr_assert_str_eq(account_events(ledger, 7, 35, 2, new), "6=7 1=7 ");
    cr_assert_str_eq(account_events(ledger, 7, 0, 2, new), "");
    cr_assert_str_eq(account_events(ledger, 6, 0, 2, new), "");
    cr_assert_str_eq(account_events(ledger, 9, UINT64_MAX, 2, new), "");
    cr_assert_str_eq(account_events(ledger, 5, UINT64_MAX, 2, new), "");
    ledger_close(ledger);
}

/* A value no map of a megabyte holds many of. */
static enum storage_status put_much(struct ledger *ledger, uint64_t index)
{
    static char value[100000];
    memset(value, 'v', sizeof value);
    enum storage_status status = ledger_begin(ledger);
    for (int i = 0; i < 40 && status == STORAGE_OK; i++) {
        char key[40];
        snprintf(key, sizeof key, "key %02d %lu", i, index);
        status =
            ledger_put_record(ledger, key, strlen(key), value, sizeof value);
    }
    struct ledger_position position = position_at(index);
    return status == STORAGE_OK ? ledger_commit(ledger, &position) : status;
}

struct reading_thread {
    struct ledger *ledger;
    volatile bool stop;
    uint64_t positions;
};

static void *read_on(void *context)
{
    struct reading_thread *thread = context;
    uint64_t last = 0;
    while (!thread->stop) {
        struct ledger_position position;
        struct ledger_position expected;
        cr_assert_eq(ledger_position(thread->ledger, &position), STORAGE_OK);
        expected = position_at(position.applied_index);
        cr_assert_geq(position.applied_index, last);
        if (position.applied_index)
            cr_assert(
                hash32_equal(&position.journal_hash, &expected.journal_hash));
        last = position.applied_index;
        thread->positions++;
    }
    return NULL;
}

Test(ledger, grows_when_full_beside_readers)
{
    struct ledger *ledger = open_ledger(1);
    struct reading_thread thread = {.ledger = ledger};
    pthread_t id;
    unsigned grown = 0;
    uint64_t map;
    uint64_t used;
    cr_assert_eq(pthread_create(&id, NULL, read_on, &thread), 0);
    for (uint64_t index = 1; index <= 5; index++) {
        enum storage_status status;
        while ((status = put_much(ledger, index)) == STORAGE_MAP_FULL) {
            struct ledger_position position;
            cr_assert_eq(ledger_position(ledger, &position), STORAGE_OK);
            cr_assert_eq(position.applied_index, index - 1);
            cr_assert_eq(ledger_grow(ledger), STORAGE_OK);
            grown++;
        }
        cr_assert_eq(status, STORAGE_OK);
    }
    thread.stop = true;
    cr_assert_eq(pthread_join(id, NULL), 0);
    cr_assert_geq(grown, 4);
    cr_assert_gt(thread.positions, 0);
    ledger_usage(ledger, &map, &used);
    cr_assert_gt(used, 20000000);
    cr_assert_leq(used, map);
    ledger_close(ledger);
    ledger = open_ledger(1);
    struct ledger_position position;
    cr_assert_eq(ledger_position(ledger, &position), STORAGE_OK);
    cr_assert_eq(position.applied_index, 5);
    ledger_close(ledger);
}

Test(ledger, backup_is_a_ledger_of_its_own)
{
    char copy[WORLD_PATH_BYTES];
    char inner[WORLD_PATH_BYTES];
    struct ledger *ledger = open_ledger(0);
    cr_assert_eq(put_much(ledger, 1), STORAGE_OK);
    world_path(copy, &world, "copy");
    world_path(inner, &world, "copy/ledger");
    cr_assert_eq(mkdir(copy, 0700), 0);
    cr_assert_neq(ledger_backup(ledger, inner, &world.fault), STORAGE_OK);
    cr_assert_eq(mkdir(inner, 0700), 0);
    cr_assert_eq(ledger_backup(ledger, inner, &world.fault), STORAGE_OK, "%s",
                 world.fault.reason);
    cr_assert_eq(put_much(ledger, 2), STORAGE_OK);
    ledger_close(ledger);
    cr_assert_eq(ledger_check(copy, &world.genesis_id, &world.fault),
                 STORAGE_OK, "%s", world.fault.reason);
    struct ledger_options options = {.dir = copy,
                                     .genesis_id = world.genesis_id};
    struct ledger_position position;
    cr_assert_eq(ledger_open(&ledger, &options, &world.fault), STORAGE_OK);
    cr_assert_eq(ledger_position(ledger, &position), STORAGE_OK);
    cr_assert_eq(position.applied_index, 1);
    ledger_close(ledger);
}

Test(ledger, another_network_is_refused)
{
    struct ledger *ledger = open_ledger(0);
    struct ledger_options options = {.dir = world.dir,
                                     .genesis_id = world.genesis_id};
    ledger_close(ledger);
    options.genesis_id.bytes[3] ^= 1;
    cr_assert_eq(ledger_open(&ledger, &options, &world.fault),
                 STORAGE_OTHER_NETWORK);
    cr_assert_eq(ledger_check(world.dir, &options.genesis_id, &world.fault),
                 STORAGE_OTHER_NETWORK);
}

/* A small ledger with something in every table. */
static void fill_ledger(void)
{
    uint8_t account[LEDGER_ACCOUNT_KEY_BYTES] = {1};
    struct hash32 previous = world.genesis_id;
    struct ledger *ledger = open_ledger(0);
    cr_assert_eq(put_much(ledger, 1), STORAGE_OK);
    cr_assert_eq(ledger_begin(ledger), STORAGE_OK);
    put_blocks(ledger, 1, 200, &previous);
    for (uint64_t i = 0; i < 500; i++) {
        cr_assert_eq(ledger_put_events(ledger, i, "events", 6), STORAGE_OK);
        cr_assert_eq(ledger_put_account_event(ledger, account, i, "x", 1),
                     STORAGE_OK);
    }
    commit(ledger, 2000);
    ledger_close(ledger);
}

Test(ledger, check_tells_missing_from_whole)
{
    cr_assert_eq(ledger_check(world.dir, &world.genesis_id, &world.fault),
                 STORAGE_NOT_FOUND);
    fill_ledger();
    cr_assert_eq(ledger_check(world.dir, &world.genesis_id, &world.fault),
                 STORAGE_OK, "%s", world.fault.reason);
}

/* Pages are overwritten or the file is cut; some hits lie in free pages or
 * inside values, where the library has no sums: those may pass, none may end
 * this process, and most must be found. */
Test(ledger, check_survives_and_finds_damaged_pages, .timeout = 120)
{
    enum { PAGE = 4096 };
    char path[WORLD_PATH_BYTES];
    size_t len;
    size_t found = 0;
    size_t tried = 0;
    fill_ledger();
    uint8_t *whole = world_load(&world, "ledger/data.mdb", &len);
    uint8_t *bytes = malloc(len);
    cr_assert_not_null(bytes);
    world_path(path, &world, "ledger/data.mdb");
    for (size_t page = 0; page * PAGE < len; page++) {
        /* The big values' own pages are all alike: a few of them do. */
        if (whole[page * PAGE + 20] == 'v' && page % 97)
            continue;
        memcpy(bytes, whole, len);
        memset(bytes + page * PAGE, page % 2 ? 0xff : 0, PAGE);
        world_store(&world, "ledger/data.mdb", bytes, 0, len);
        enum storage_status status =
            ledger_check(world.dir, &world.genesis_id, &world.fault);
        cr_assert(status == STORAGE_OK || status == STORAGE_DAMAGED ||
                  status == STORAGE_NOT_FOUND || status == STORAGE_IO ||
                  status == STORAGE_NEWER_FORMAT || status == STORAGE_INVALID);
        tried++;
        found += status != STORAGE_OK;
    }
    cr_assert_gt(tried, 20);
    cr_assert_gt(2 * found, tried, "%zu of %zu", found, tried);
    world_store(&world, "ledger/data.mdb", whole, 0, len);
    cr_assert_eq(truncate(path, (off_t)(len / 2)), 0);
    cr_assert_eq(ledger_check(world.dir, &world.genesis_id, &world.fault),
                 STORAGE_DAMAGED);
    cr_assert_eq(truncate(path, 100), 0);
    cr_assert_neq(ledger_check(world.dir, &world.genesis_id, &world.fault),
                  STORAGE_OK);
    world_store(&world, "ledger/data.mdb", whole, 0, len);
    cr_assert_eq(ledger_check(world.dir, &world.genesis_id, &world.fault),
                 STORAGE_OK);
    free(whole);
    free(bytes);
}

/* A block whose bytes changed no longer carries the hash it is found by. */
Test(ledger, check_finds_a_flipped_bit_in_a_block)
{
    size_t len;
    struct hash32 root;
    uint64_t height = 123;
    fill_ledger();
    uint8_t *bytes = world_load(&world, "ledger/data.mdb", &len);
    sha256(&root, &height, sizeof height);
    unsigned flips = 0;
    for (size_t at = 0; at + 32 <= len; at++) {
        if (memcmp(bytes + at, root.bytes, 32) != 0)
            continue;
        bytes[at + 5] ^= 4;
        flips++;
    }
    cr_assert_gt(flips, 0);
    world_store(&world, "ledger/data.mdb", bytes, 0, len);
    cr_assert_eq(ledger_check(world.dir, &world.genesis_id, &world.fault),
                 STORAGE_DAMAGED);
    cr_assert_not_null(strstr(world.fault.reason, "block"));
    free(bytes);
}

static enum storage_status check_with_block(const struct block *block,
                                            uint64_t position)
{
    struct hash32 previous = world.genesis_id;
    struct ledger *ledger = open_ledger(0);
    cr_assert_eq(ledger_begin(ledger), STORAGE_OK);
    put_blocks(ledger, 1, 2, &previous);
    cr_assert_eq(ledger_put_block(ledger, block), STORAGE_OK);
    commit(ledger, position);
    ledger_close(ledger);
    enum storage_status status =
        ledger_check(world.dir, &world.genesis_id, &world.fault);
    world_remove(&world);
    world_make(&world);
    return status;
}

Test(ledger, check_wants_blocks_to_follow_each_other)
{
    struct hash32 previous;
    struct block block = block_at(1, &world.genesis_id);
    block_hash(&previous, &block);
    block = block_at(2, &previous);
    block_hash(&previous, &block);
    const struct block right = block_at(3, &previous);
    cr_assert_eq(check_with_block(&right, 30), STORAGE_OK);
    cr_assert_eq(check_with_block(&right, 29), STORAGE_DAMAGED);
    block = right;
    block.height = 4;
    cr_assert_eq(check_with_block(&block, 30), STORAGE_DAMAGED);
    block = right;
    block.first_index++;
    cr_assert_eq(check_with_block(&block, 30), STORAGE_DAMAGED);
    block = right;
    block.previous_hash.bytes[0] ^= 1;
    cr_assert_eq(check_with_block(&block, 30), STORAGE_DAMAGED);
}
