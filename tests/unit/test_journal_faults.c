#include "journal_image.h"
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* The file calls of the storage under test come by here. Off by default, so
 * that other tests in the same program see the system's own. */
enum injected { INJECT_NOTHING, INJECT_FAIL, INJECT_SHORT, INJECT_CRASH };

static struct {
    enum injected kind;
    /* The call that is hit, counted from 1 over all three functions. */
    long at;
    long calls;
    long writes_after;
    int error;
    bool hit;
    uint64_t seed;
    /* The last write. */
    size_t last_offset;
    size_t last_len;
} inject;

static uint64_t next_random(void)
{
    inject.seed ^= inject.seed << 13;
    inject.seed ^= inject.seed >> 7;
    inject.seed ^= inject.seed << 17;
    return inject.seed;
}

static bool is_hit(void)
{
    if (inject.kind == INJECT_NOTHING || ++inject.calls != inject.at)
        return false;
    inject.hit = true;
    return true;
}

/* What a power cut leaves of a write: any of its sectors, now and then one
 * written from its beginning only. */
static _Noreturn void crash_within(int fd, const uint8_t *bytes, size_t len,
                                   off_t offset)
{
    for (size_t at = 0; at < len; at += 512) {
        size_t n = len - at < 512 ? len - at : 512;
        uint64_t draw = next_random();
        if (draw % 40 == 0)
            n = draw / 64 % n;
        if (draw % 2 == 0)
            syscall(SYS_pwrite64, fd, bytes + at, n, offset + (off_t)at);
    }
    _exit(0);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
    inject.last_offset = (size_t)offset;
    inject.last_len = len;
    if (inject.hit)
        inject.writes_after++;
    if (is_hit()) {
        if (inject.kind == INJECT_CRASH)
            crash_within(fd, bytes, len, offset);
        if (inject.kind == INJECT_SHORT)
            return syscall(SYS_pwrite64, fd, bytes, len / 3 + 1, offset);
        errno = inject.error;
        return -1;
    }
    return syscall(SYS_pwrite64, fd, bytes, len, offset);
}

static int sync_with(long number, int fd)
{
    if (is_hit() && inject.kind != INJECT_SHORT) {
        if (inject.kind == INJECT_CRASH)
            _exit(0);
        errno = inject.error;
        return -1;
    }
    return (int)syscall(number, fd);
}

int fdatasync(int fd)
{
    return sync_with(SYS_fdatasync, fd);
}

int fsync(int fd)
{
    return sync_with(SYS_fsync, fd);
}

static struct world world;

static void make(void)
{
    world_make(&world);
}

static void clean(void)
{
    world_remove(&world);
}

TestSuite(journal_faults, .init = make, .fini = clean);

/* Appends until something fails; *acked gets the last index acknowledged.
 * Three of the batches make the journal roll, some after a preparation. */
static enum storage_status run_scenario(volatile uint64_t *acked)
{
    static const uint32_t lens[] = {40,     300000, 2000,   600000, 9000,
                                    700000, 100,    500000, 512,    1};
    struct journal *journal;
    struct journal_tail tail;
    struct journal_options options = world_options(&world);
    enum storage_status status =
        journal_open(&journal, &tail, &options, &world.fault);
    if (status != STORAGE_OK)
        return status;
    for (uint64_t n = tail.number; n < 10 && status == STORAGE_OK; n++) {
        status = world_append(&world, journal, 1, lens[n]);
        if (status == STORAGE_OK)
            *acked = n + 1;
        if (status == STORAGE_OK && n == 4) {
            do {
                status = journal_prepare(journal, &world.fault);
            } while (status == STORAGE_OK);
            if (status == STORAGE_END)
                status = STORAGE_OK;
        }
    }
    if (status != STORAGE_OK && status != STORAGE_NO_SPACE) {
        long writes = inject.writes_after;
        cr_assert_eq(world_append(&world, journal, 1, 10), STORAGE_FAILED);
        cr_assert_eq(world_append(&world, journal, 1, 10), STORAGE_FAILED);
        cr_assert_eq(inject.writes_after, writes);
    }
    journal_close(journal);
    return status;
}

/* What was acknowledged is there, at most one batch more, and the journal
 * goes on to the end. */
static void assert_recovers(uint64_t acked)
{
    struct journal *journal;
    struct journal_tail tail;
    volatile uint64_t last = 0;
    struct journal_options options = world_options(&world);
    inject.kind = INJECT_NOTHING;
    inject.hit = false;
    options.known_durable_index = acked;
    cr_assert_eq(journal_open(&journal, &tail, &options, &world.fault),
                 STORAGE_OK, "%s", world.fault.reason);
    journal_close(journal);
    cr_assert_geq(tail.last_index, acked);
    cr_assert_leq(tail.last_index, acked + 1);
    cr_assert_eq(run_scenario(&last), STORAGE_OK);
    cr_assert_eq(world_open_known(&world, 10), STORAGE_OK);
}

static void start_again(void)
{
    world_remove(&world);
    world_make(&world);
}

Test(journal_faults, every_failing_call_ends_the_journal_but_no_promise)
{
    static const int errors[] = {EIO, ENOSPC, EDQUOT};
    bool hit = true;
    for (long at = 1; hit; at++) {
        for (size_t i = 0; i < 3; i++) {
            volatile uint64_t acked = 0;
            start_again();
            inject.kind = INJECT_FAIL;
            inject.at = at;
            inject.calls = 0;
            inject.hit = false;
            inject.error = errors[i];
            enum storage_status status = run_scenario(&acked);
            hit = inject.hit;
            if (hit)
                cr_assert_eq(status, i ? STORAGE_NO_SPACE : STORAGE_IO);
            assert_recovers(acked);
        }
        cr_assert_lt(at, 200);
    }
}

Test(journal_faults, short_writes_are_continued)
{
    bool hit = true;
    for (long at = 1; hit; at++) {
        volatile uint64_t acked = 0;
        start_again();
        inject.kind = INJECT_SHORT;
        inject.at = at;
        inject.calls = 0;
        inject.hit = false;
        cr_assert_eq(run_scenario(&acked), STORAGE_OK);
        hit = inject.hit;
        cr_assert_eq(acked, 10);
        assert_recovers(acked);
    }
}

Test(journal_faults, power_cut_within_every_call_loses_nothing_acknowledged,
     .timeout = 300)
{
    volatile uint64_t *acked = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq((void *)(uintptr_t)acked, MAP_FAILED);
    bool finished = false;
    long states = 0;
    for (long at = 1; !finished; at++) {
        for (uint64_t round = 0; round < 6; round++, states++) {
            start_again();
            *acked = 0;
            pid_t child = fork();
            if (child == 0) {
                inject.kind = INJECT_CRASH;
                inject.at = at;
                inject.calls = 0;
                inject.seed = 0x9e3779b97f4a7c15u * (uint64_t)at + round + 1;
                _exit(run_scenario(acked) == STORAGE_OK ? 7 : 8);
            }
            int result;
            cr_assert_eq(waitpid(child, &result, 0), child);
            cr_assert(WIFEXITED(result));
            cr_assert(WEXITSTATUS(result) == 0 || WEXITSTATUS(result) == 7);
            finished = WEXITSTATUS(result) == 7;
            assert_recovers(*acked);
        }
    }
    cr_assert_gt(states, 150);
}

Test(journal_faults, full_disk_while_preparing_leaves_the_journal_usable)
{
    struct journal_tail tail;
    char path[WORLD_PATH_BYTES];
    struct stat info;
    struct journal *journal = world_open(&world, &tail);
    inject.kind = INJECT_FAIL;
    inject.at = 1;
    inject.calls = 0;
    inject.error = ENOSPC;
    cr_assert_eq(journal_prepare(journal, &world.fault), STORAGE_NO_SPACE);
    world_path(path, &world, "journal/next.tmp");
    cr_assert_neq(stat(path, &info), 0);
    cr_assert_eq(world_append(&world, journal, 1, 10), STORAGE_OK);
    enum storage_status status;
    do {
        status = journal_prepare(journal, &world.fault);
    } while (status == STORAGE_OK);
    cr_assert_eq(status, STORAGE_END);
    cr_assert_eq(stat(path, &info), 0);
    cr_assert_eq(info.st_size, SEGMENT_SIZE_MIN);
    journal_close(journal);
    journal = world_open(&world, &tail);
    cr_assert_neq(stat(path, &info), 0);
    journal_close(journal);
}

Test(journal_faults, a_limit_on_file_size_is_a_full_disk)
{
    struct journal_tail tail;
    struct rlimit limit = {.rlim_cur = 2 * SEGMENT_SIZE_MIN,
                           .rlim_max = RLIM_INFINITY};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct journal_options options = world_options(&world);
    struct journal *journal = world_open(&world, &tail);
    journal_close(journal);
    cr_assert_eq(sigaction(SIGXFSZ, &ignore, NULL), 0);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    options.segment_size = 3 * (uint64_t)SEGMENT_SIZE_MIN;
    cr_assert_eq(journal_open(&journal, &tail, &options, &world.fault),
                 STORAGE_OK);
    cr_assert_eq(world_append(&world, journal, 1, 600000), STORAGE_OK);
    cr_assert_eq(world_append(&world, journal, 1, 600000), STORAGE_NO_SPACE);
    cr_assert_eq(world.fault.system_error, EFBIG);
    cr_assert_eq(world_append(&world, journal, 1, 10), STORAGE_FAILED);
    journal_close(journal);
    cr_assert_eq(world_open_known(&world, 1), STORAGE_OK);
}

/* After a failed sync the cache may show what the disk never got. */
Test(journal_faults, open_writes_the_last_batch_again)
{
    static const uint32_t lens[] = {300, 2000};
    struct image image;
    image_make(&world, &image, lens, 2);
    inject.last_len = 0;
    cr_assert_eq(world_open_known(&world, 4), STORAGE_OK);
    cr_assert_eq(inject.last_offset, image.at[1]);
    cr_assert_eq(inject.last_len, image.at[2] - image.at[1]);
    free(image.bytes);
}
