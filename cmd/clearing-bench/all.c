/*
 * Every figure of `make bench`, each beside its yardstick of the same run
 * where the yardsticks are there.
 */
#include "cmd/clearing-bench/bench.h"
#include "cmd/clearing-bench/flow.h"
#include "cmd/clearing-bench/stopwatch.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE_BYTES 512
#define FLOW_OPERATIONS "1000000"
#define NO_RATIO (-1.0)

struct suite {
    json_t *figures;
    const char *yardsticks; /* NULL: none */
    const char *directory;
    double verify_us; /* CPU of one signature check; 0: not known */
    double sync_p50_us, sync_p99_us;
};

/* ---- programs --------------------------------------------------------- */

/* A program whose standard output we read. */
struct output {
    FILE *file;
    pid_t pid;
};

/* Starts the words of a command line, separated by blanks. */
static bool output_open(struct output *output, const char *directory,
                        const char *command)
{
    char line[3 * PATH_MAX], program[2 * PATH_MAX], *words[16] = {0}, *rest;
    int ends[2], count = 0;

    (void)snprintf(line, sizeof line, "%s", command);
    rest = line;
    while (count < 15 && (words[count] = strsep(&rest, " ")))
        count++;
    (void)snprintf(program, sizeof program, "%s/%s", directory, words[0]);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    output->pid = fork();
    if (output->pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        execv(program, words);
        _exit(127);
    }
    close(ends[1]);
    output->file = fdopen(ends[0], "r");
    return output->pid > 0 && output->file;
}

static void output_close(struct output *output)
{
    fclose(output->file);
    (void)waitpid(output->pid, NULL, 0);
}

/* ---- yardsticks ------------------------------------------------------- */

/* Runs a yardstick and looks in its output for the number after `key`.
 * False: it is not there. */
static bool measure(const struct suite *suite, const char *command,
                    const char *line_has, const char *key, double *value)
{
    char line[LINE_BYTES];
    bool is_found = false;
    struct output output;

    if (!suite->yardsticks || !output_open(&output, suite->yardsticks, command))
        return false;
    while (fgets(line, sizeof line, output.file)) {
        const char *at = strstr(line, line_has);

        at = at ? strstr(at, key) : NULL;
        if (!at || is_found)
            continue;
        at += strlen(key);
        at += strspn(at, " \":=");
        *value = (double)strtoul(at, NULL, 10);
        at = strchr(at, '.');
        if (at && at[1] >= '0' && at[1] <= '9')
            *value += (at[1] - '0') / 10.0;
        is_found = *value > 0;
    }
    output_close(&output);
    return is_found;
}

static double ratio_to(double value, double yardstick)
{
    return yardstick > 0 ? value / yardstick : NO_RATIO;
}

/* ---- the engine ------------------------------------------------------- */

static void flow_figures(struct suite *suite, uint32_t symbols, uint32_t depth)
{
    char path[PATH_MAX], command[PATH_MAX + 128], name[64];
    double reference = 0, unused;

    (void)snprintf(path, sizeof path, "%s/flow", suite->directory);
    (void)snprintf(command, sizeof command, "flowgen %u %u %s 42 %s", symbols,
                   depth, FLOW_OPERATIONS, path);
    if (!measure(suite, command, "timed", "timed", &unused))
        return;
    (void)snprintf(command, sizeof command, "eng_ref %u %u %s 42", symbols,
                   depth, FLOW_OPERATIONS);
    if (!measure(suite, command, "cpu_ns_op", "cpu_ns_op", &reference))
        reference = 0;
    for (int margin = 0; margin < 2; margin++) {
        struct flow_options options = {path, symbols, depth, margin == 1};
        struct flow_result result;
        const char *what;

        if (!flow_run(&result, &options, &what)) {
            fprintf(stderr, "clearing-bench: flow: %s\n", what);
            continue;
        }
        (void)snprintf(name, sizeof name, "engine_flow_margin_%s_%ux%u",
                       margin ? "on" : "off", symbols, depth);
        bench_figure(suite->figures, name, result.ns_per_op, "ns/op", "eng_ref",
                     ratio_to(result.ns_per_op, reference));
    }
    (void)unlink(path);
}

static void tick_figures(struct suite *suite)
{
    struct tick_result result;
    double soa64 = 0;

    if (!measure(suite, "margin_bench 1000000 16 soa64", "margin_soa64",
                 "cpu_us_per_tick mean", &soa64))
        soa64 = 0;
    if (!tick_run(&result, 1000000))
        return;
    bench_figure(suite->figures, "tick_1m", result.tick_us, "us",
                 "margin_bench soa64", ratio_to(result.tick_us, soa64));
    bench_figure(suite->figures, "bytes_per_account", result.bytes_per_account,
                 "bytes", "", NO_RATIO);
}

/* ---- a node ----------------------------------------------------------- */

static bool sibling(char path[PATH_MAX], const char *name)
{
    ssize_t size = readlink("/proc/self/exe", path, PATH_MAX - 32);
    char *slash;

    if (size < 0)
        return false;
    path[size] = '\0';
    slash = strrchr(path, '/');
    memcpy(slash + 1, name, strlen(name) + 1);
    return access(path, X_OK) == 0;
}

static void write_config(const char *directory)
{
    char path[PATH_MAX];
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/clearingd.conf", directory);
    file = fopen(path, "w");
    if (!file)
        return;
    fprintf(file,
            "data_dir = \"%s/data\"\nunix_socket = \"%s/node.sock\"\n"
            "listen = \"\"\nlog {\n    level = \"warning\"\n}\n"
            "limits {\n    in_flight = 256\n"
            "    requests_per_second_account = 0\n}\n",
            directory, directory);
    (void)fclose(file);
}

static int start_node(const char *directory)
{
    char program[PATH_MAX], config[PATH_MAX], socket[PATH_MAX];
    int pid;

    write_config(directory);
    (void)snprintf(config, sizeof config, "%s/clearingd.conf", directory);
    (void)snprintf(socket, sizeof socket, "%s/node.sock", directory);
    if (!sibling(program, "clearingd"))
        return 0;
    pid = fork();
    if (pid == 0) {
        execl(program, program, "--dev", "-c", config, (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 200 && access(socket, F_OK) != 0; i++)
        wall_sleep_until(wall_ns() + 50000000);
    return pid > 0 ? pid : 0;
}

static void stop_node(int pid)
{
    if (pid > 0 && kill(pid, SIGTERM) == 0)
        (void)waitpid(pid, NULL, 0);
}

static void order_figures(struct suite *suite, int pid, const char *socket)
{
    struct orders_options options = {.socket_path = socket,
                                     .connections = 4,
                                     .in_flight = 32,
                                     .batch = 1,
                                     .count = 40000,
                                     .node_pid = pid};
    struct orders_result single, batch, paced;
    double cpu_us;

    if (!orders_run(&single, &options) || single.accepted == 0)
        return;
    cpu_us = single.node_cpu_seconds * 1e6 / (double)single.accepted;
    bench_figure(suite->figures, "signed_orders", cpu_us, "CPU us/order",
                 "one verify", ratio_to(cpu_us, suite->verify_us));
    bench_figure(suite->figures, "signed_orders_wall",
                 (double)single.accepted / single.wall_seconds, "orders/s", "",
                 NO_RATIO);
    options.batch = 50;
    options.count = 2000;
    if (orders_run(&batch, &options) && batch.accepted > 0) {
        cpu_us = batch.node_cpu_seconds * 1e6 / (double)batch.accepted;
        bench_figure(suite->figures, "signed_orders_batch", cpu_us,
                     "CPU us/order", "one verify",
                     ratio_to(cpu_us, suite->verify_us));
        bench_figure(suite->figures, "signed_orders_batch_wall",
                     (double)batch.accepted / batch.wall_seconds, "orders/s",
                     "", NO_RATIO);
    }
    options.batch = 1;
    options.count = 20000;
    options.rate = (double)single.accepted / single.wall_seconds / 2;
    if (!orders_run(&paced, &options))
        return;
    bench_figure(suite->figures, "ack_latency_p50", (double)paced.p50_ns / 1e3,
                 "us", "fdatasync p50",
                 ratio_to((double)paced.p50_ns / 1e3, suite->sync_p50_us));
    bench_figure(suite->figures, "ack_latency_p99", (double)paced.p99_ns / 1e3,
                 "us", "fdatasync p99",
                 ratio_to((double)paced.p99_ns / 1e3, suite->sync_p99_us));
}

/* Commands a second of an audit without signatures of what the node wrote. */
static void replay_figure(struct suite *suite)
{
    char program[PATH_MAX], command[2 * PATH_MAX], line[4096];
    json_t *result = NULL;
    struct output output;
    double seconds;

    if (!sibling(program, "clearing-cli"))
        return;
    *strrchr(program, '/') = '\0';
    (void)snprintf(command, sizeof command,
                   "clearing-cli --json audit %s/data --no-signatures --quiet",
                   suite->directory);
    if (!output_open(&output, program, command))
        return;
    if (fgets(line, sizeof line, output.file))
        result = json_loads(line, 0, NULL);
    output_close(&output);
    seconds = json_number_value(json_object_get(result, "seconds"));
    if (seconds > 0)
        bench_figure(suite->figures, "replay",
                     json_number_value(json_object_get(result, "commands")) /
                         seconds,
                     "commands/s", "", NO_RATIO);
    json_decref(result);
}

static int remove_entry(const char *path, const struct stat *status, int kind,
                        struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

static void measure_limits(struct suite *suite)
{
    char command[PATH_MAX + 16];

    if (!measure(suite, "lim_crypto", "ecdsa_verify_us", "ecdsa_verify_us",
                 &suite->verify_us))
        suite->verify_us = 0;
    (void)snprintf(command, sizeof command, "lim_io %s", suite->directory);
    if (!measure(suite, command, "fdatasync_overwrite_4096B", "p50_us",
                 &suite->sync_p50_us))
        suite->sync_p50_us = 0;
    if (!measure(suite, command, "fdatasync_overwrite_4096B", "p99_us",
                 &suite->sync_p99_us))
        suite->sync_p99_us = 0;
}

bool all_run(json_t *figures, const char *yardsticks, const char *directory)
{
    struct suite suite = {figures, yardsticks, directory, 0, 0, 0};
    char socket[PATH_MAX];
    int pid;

    if (mkdir(directory, 0700) != 0)
        return false;
    if (!yardsticks)
        puts("no yardsticks here: figures stand alone, the flow is skipped");
    measure_limits(&suite);
    flow_figures(&suite, 1, 1000);
    flow_figures(&suite, 1, 10000);
    flow_figures(&suite, 16, 10000);
    tick_figures(&suite);
    (void)snprintf(socket, sizeof socket, "%s/node.sock", directory);
    pid = start_node(directory);
    if (pid > 0) {
        order_figures(&suite, pid, socket);
        stop_node(pid);
        replay_figure(&suite);
    }
    (void)nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return json_array_size(figures) > 0;
}
