/* The node: status, blocks, the audit of a data directory. */
#include "cmd/clearing-cli/cli.h"

#include "daemon/audit.h"
#include "rpc/genesis_json.h"
#include "rpc/hex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define AUDIT_THREADS_MAX 64

static int run_status(struct cli *cli)
{
    return cli_show(cli, cli_call(cli, "public/status", NULL), cli_print);
}

static int run_block(struct cli *cli)
{
    json_t *params = NULL;
    uint64_t height;

    if (cli->argc > 0 && strncmp(cli->argv[0], "0x", 2) == 0)
        params = json_pack("{ss}", "hash", cli->argv[0]);
    else if (cli->argc > 0) {
        if (!cli_number(cli->argv[0], &height))
            return cli_usage("the block is named by height or hash");
        params = json_pack("{sI}", "height", (json_int_t)height);
    }
    return cli_show(cli, cli_call(cli, "public/get_block", params), cli_print);
}

static int run_checkpoint(struct cli *cli)
{
    return cli_show(cli, cli_call(cli, "admin/checkpoint", NULL), cli_print);
}

static int run_totals(struct cli *cli)
{
    return cli_show(cli, cli_call(cli, "public/get_totals", NULL), cli_print);
}

static int run_methods(struct cli *cli)
{
    json_t *document = cli_call(cli, "rpc.discover", NULL);
    json_t *methods = json_incref(json_object_get(document, "methods"));

    if (!document || cli->json) {
        json_decref(methods);
        return cli_show(cli, document, cli_print);
    }
    json_decref(document);
    for (size_t i = 0; i < json_array_size(methods); i++)
        printf("%-40s %s\n", cli_text(json_array_get(methods, i), "name"),
               cli_text(json_array_get(methods, i), "summary"));
    json_decref(methods);
    return CLI_DONE;
}

/* ---- audit ------------------------------------------------------------ */

struct bar {
    bool is_quiet, is_terminal;
    struct timespec started;
    uint64_t told;
};

static double seconds_since(const struct timespec *then)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - then->tv_sec) +
           (double)(now.tv_nsec - then->tv_nsec) / 1e9;
}

/* How long the journal is nobody knows before its end: what is done, and how
 * fast. */
static void draw(void *ctx, uint64_t index, uint64_t blocks)
{
    struct bar *bar = ctx;
    double seconds = seconds_since(&bar->started);

    if (bar->is_quiet || (!bar->is_terminal && index < bar->told + 100000))
        return;
    bar->told = index;
    fprintf(stderr, "%saudit: %llu commands, %llu blocks, %.0f a second%s",
            bar->is_terminal ? "\r" : "", (unsigned long long)index,
            (unsigned long long)blocks,
            seconds > 0 ? (double)index / seconds : 0.0,
            bar->is_terminal ? "  " : "\n");
}

static json_t *hash_text(const struct hash32 *hash)
{
    char text[HEX_TEXT_SIZE(sizeof hash->bytes)];

    hex_encode(text, hash->bytes, sizeof hash->bytes);
    return json_string(text);
}

static json_t *steps_of(const struct audit_result *result)
{
    static const char *const names[] = {[STEP_BEGIN] = "begin",
                                        [STEP_CANCEL] = "cancel",
                                        [STEP_BOOK] = "book",
                                        [STEP_INSURANCE] = "insurance",
                                        [STEP_ADL] = "adl",
                                        [STEP_DEFICIT] = "deficit",
                                        [STEP_SHORTFALL] = "shortfall",
                                        [STEP_END] = "end"};
    json_t *object = json_object();

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        json_object_set_new(
            object, names[i],
            json_integer((json_int_t)result->liquidation_steps[i]));
    return object;
}

static json_t *audit_json(const struct audit_result *result, double seconds)
{
    return json_pack(
        "{sI sI sI sI sI sI so sI so so sI sf}", "commands",
        (json_int_t)result->commands, "blocks", (json_int_t)result->blocks,
        "signatures", (json_int_t)result->signatures, "events",
        (json_int_t)result->events, "trades",
        (json_int_t)result->events_by_kind[EVENT_TRADE], "liquidations",
        (json_int_t)result->liquidation_steps[STEP_BEGIN], "waterfall",
        steps_of(result), "journaled_height",
        (json_int_t)result->journaled_height, "state_root",
        hash_text(&result->journaled_root), "replay_root",
        hash_text(&result->replayed_root), "torn_bytes",
        (json_int_t)result->torn_bytes, "seconds", seconds);
}

/* The network's definition: --genesis, else what the node left beside its
 * journal. */
static json_t *load_genesis(struct cli *cli, const char *dir)
{
    const char *given = cli_option_of(cli, "genesis");
    char path[4096];
    json_error_t error;
    json_t *document;

    if (given)
        (void)snprintf(path, sizeof path, "%s", given);
    else
        (void)snprintf(path, sizeof path, "%s/genesis.json", dir);
    document = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!document)
        cli_fail("%s: %s", path, error.text);
    return document;
}

static int report(struct cli *cli, const struct audit_result *result,
                  bool is_good, double seconds)
{
    int code;

    if (!is_good)
        return cli_fail("the first difference is at command %llu: %s",
                        (unsigned long long)result->fault_index, result->fault);
    code = cli_show(cli, audit_json(result, seconds), cli_print);
    if (!cli->json)
        puts("everything agrees");
    return code;
}

static int run_audit(struct cli *cli)
{
    const struct rpc_limits limits = {.batch_calls_max = 1,
                                      .signers_cached = 65536};
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct bar bar = {.is_quiet = cli_option_of(cli, "quiet") != NULL,
                      .is_terminal = isatty(STDERR_FILENO)};
    struct audit_options options = {
        .data_dir = cli->argv[0],
        .threads = cores < 1                   ? 1
                   : cores > AUDIT_THREADS_MAX ? AUDIT_THREADS_MAX
                                               : (uint32_t)cores,
        .skip_signatures = cli_option_of(cli, "no-signatures") != NULL,
        .progress = draw,
        .ctx = &bar,
    };
    static struct audit_result result;
    struct genesis_fault fault;
    struct rpc_service *service;
    json_t *document = load_genesis(cli, cli->argv[0]);
    bool is_good;
    double seconds;

    if (!document)
        return CLI_FAILED;
    service = rpc_service_create(&fault, document, &limits, "audit");
    json_decref(document);
    if (!service)
        return cli_fail("genesis: %s: %s", fault.where, fault.what);
    options.service = service;
    clock_gettime(CLOCK_MONOTONIC, &bar.started);
    is_good = audit_run(&result, &options);
    seconds = seconds_since(&bar.started);
    if (bar.is_terminal && !bar.is_quiet)
        fputc('\n', stderr);
    rpc_service_destroy(service);
    return report(cli, &result, is_good, seconds);
}

static const struct cli_option audit_options_table[] = {
    {"genesis", "FILE", "the network's genesis (DIR/genesis.json)"},
    {"no-signatures", NULL, "replay only, for speed"},
    {"quiet", NULL, "no progress"},
    {NULL, NULL, NULL}};

const struct cli_command cli_node_commands[] = {
    {"status", "", "how the node stands", 0, 0, NULL, run_status},
    {"block", "[HEIGHT|HASH]", "a block, the newest without a name", 0, 1, NULL,
     run_block},
    {"totals", "", "all money by currency and ledger", 0, 0, NULL, run_totals},
    {"methods", "", "every method of the node", 0, 0, NULL, run_methods},
    {"checkpoint", "", "write the ledger now (Unix socket)", 0, 0, NULL,
     run_checkpoint},
    {"audit", "DIR", "replay a data directory's journal and check everything",
     1, 1, audit_options_table, run_audit},
    {NULL, NULL, NULL, 0, 0, NULL, NULL}};
