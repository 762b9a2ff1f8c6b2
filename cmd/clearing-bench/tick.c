/*
 * A price tick with a million accounts and nobody unsafe, and what an account
 * costs in memory. Half of the accounts are long, half short; the price moves
 * by a twentieth of a percent a tick.
 */
#include "cmd/clearing-bench/bench.h"
#include "cmd/clearing-bench/rig.h"
#include "cmd/clearing-bench/stopwatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TICKS 20
#define MID 32000
#define DEPOSIT INT64_C(100000000000) /* 100,000 dollars */
#define LIFE (60 * NANOS_PER_SECOND)

/* Resident memory of this process: the second number of statm, in pages. */
static size_t resident_bytes(void)
{
    char text[128] = "";
    FILE *file = fopen("/proc/self/statm", "r");
    const char *second;

    if (file) {
        if (!fgets(text, sizeof text, file))
            text[0] = '\0';
        fclose(file);
    }
    second = strchr(text, ' ');
    return second ? strtoul(second, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE)
                  : 0;
}

static void trade(struct rig *rig, uint32_t account, bool is_buy)
{
    struct command command = {.kind = COMMAND_ORDER};
    struct request *request = &command.request;

    request->owner = request->signer = rig_owner(account);
    request->nonce = request->digest = ++rig->nonce;
    request->expires = nanos_add(rig->time, nanos_of(LIFE));
    command.order.side = is_buy ? SIDE_BUY : SIDE_SELL;
    command.order.size = qty_of(QTY_ONE);
    command.order.price = price_of(MID * PRICE_ONE);
    rig_apply(rig, &command);
}

/* One report and one tick with a new price; the tick's CPU nanoseconds. */
static uint64_t tick_once(struct rig *rig, int64_t dollars)
{
    struct command command = {.kind = COMMAND_TICK};
    uint64_t begin;

    rig->time = nanos_add(rig->time, nanos_of(100 * NANOS_PER_MS));
    rig->prices[0] = price_of(dollars * PRICE_ONE);
    rig_report(rig);
    begin = cpu_ns();
    rig_apply(rig, &command);
    return cpu_ns() - begin;
}

bool tick_run(struct tick_result *result, uint32_t accounts)
{
    static struct rig rig;
    const struct capacities capacities = {.accounts = accounts + 64,
                                          .positions = accounts + 64,
                                          .orders = 1024,
                                          .levels = 1024,
                                          .triggers = 16,
                                          .account_orders = 16,
                                          .keys = 16,
                                          .nonces =
                                              accounts + accounts / 8 + 65536,
                                          .deposits = accounts + 64,
                                          .withdrawals = 16};
    const char *what;
    size_t before = resident_bytes();
    uint64_t sum = 0;

    rig_genesis(&rig, 1, &capacities);
    if (!rig_start(&rig, false, &what)) {
        fprintf(stderr, "clearing-bench: %s\n", what);
        return false;
    }
    (void)tick_once(&rig, MID);
    for (uint32_t i = 0; i < accounts; i++)
        rig_deposit(&rig, i, amount_of(DEPOSIT));
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
    result->tick_us = (double)sum / 1e3 / TICKS;
    if (rig.refused)
        fprintf(stderr, "clearing-bench: %llu requests were refused\n",
                (unsigned long long)rig.refused);
    rig_stop(&rig);
    return true;
}
