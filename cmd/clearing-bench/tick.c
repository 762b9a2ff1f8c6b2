/*
 * A price tick with a million accounts and nobody unsafe, and what an account
 * costs in memory. Half of the accounts are long, half short; the price moves
 * by a twentieth of a percent a tick.
 */
#include "cmd/clearing-bench/bench.h"
#include "cmd/clearing-bench/rig.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TICKS 20
#define MID 32000
#define DOLLARS 100000

static size_t resident_bytes(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (file) {
        if (fscanf(file, "%*u %lu", &pages) != 1)
            pages = 0;
        fclose(file);
    }
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void trade(struct rig *rig, uint32_t account, bool is_buy)
{
    struct command command = {.kind = COMMAND_ORDER};

    rig_request(rig, &command, account, 1);
    command.order.side = is_buy ? SIDE_BUY : SIDE_SELL;
    command.order.size = qty_of(QTY_ONE);
    command.order.price = price_of(MID * PRICE_ONE);
    rig_apply(rig, &command);
}

/* One tick with a new price; its CPU seconds. */
static double tick_once(struct rig *rig, int64_t dollars)
{
    double begin;

    rig->time = nanos_add(rig->time, nanos_of(50 * NANOS_PER_MS));
    rig_report(rig, dollars);
    begin = bench_cpu();
    rig_tick(rig, 50);
    return bench_cpu() - begin;
}

bool tick_run(struct tick_result *result, uint32_t accounts)
{
    static struct rig rig;
    size_t before;
    double sum = 0;

    rig_genesis(&rig, 1);
    rig.genesis.capacities.accounts = accounts + 64;
    rig.genesis.capacities.positions = accounts + 64;
    rig.genesis.capacities.nonces = accounts + 64;
    rig.genesis.capacities.deposits = accounts + 64;
    before = resident_bytes();
    if (!rig_start(&rig))
        return false;
    rig_report(&rig, MID);
    rig_tick(&rig, 100);
    for (uint32_t i = 0; i < accounts; i++)
        rig_deposit(&rig, i, DOLLARS);
    for (uint32_t i = 0; i + 1 < accounts; i += 2) {
        trade(&rig, i, false);
        trade(&rig, i + 1, true);
    }
    result->bytes_per_account = (double)(resident_bytes() - before) / accounts;
    /* The first ticks look at everybody once: they all have just traded. */
    for (int i = 0; i < 4; i++)
        (void)tick_once(&rig, MID + i * 16);
    for (int i = 0; i < TICKS; i++)
        sum += tick_once(&rig, MID + (i % 4) * 16);
    result->tick_us = sum * 1e6 / TICKS;
    if (rig.refused)
        fprintf(stderr, "clearing-bench: %llu refused, the first: %d\n",
                (unsigned long long)rig.refused, (int)rig.first_refusal);
    rig_stop(&rig);
    return true;
}
