/*
 * clearing-bench: modes and their options.
 */
#include "cmd/clearing-bench/bench.h"
#include "cmd/clearing-bench/flow.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_USAGE 2

static int usage(FILE *to)
{
    fputs("usage: clearing-bench flow --file FILE --symbols N --depth D "
          "[--margin on|off]\n"
          "       clearing-bench orders --socket PATH [--connections N] "
          "[--in-flight N]\n"
          "                      [--batch N] [--count N] [--rate N] "
          "[--pid PID]\n"
          "       clearing-bench tick [--accounts N]\n"
          "       clearing-bench all --out FILE [--yardsticks DIR]\n",
          to);
    return EXIT_USAGE;
}

enum option_code {
    OPTION_SOCKET = 1,
    OPTION_CONNECTIONS,
    OPTION_IN_FLIGHT,
    OPTION_BATCH,
    OPTION_COUNT,
    OPTION_RATE,
    OPTION_PID,
    OPTION_ACCOUNTS,
    OPTION_OUT,
    OPTION_YARDSTICKS,
};

static const struct option names[] = {
    {"socket", required_argument, NULL, OPTION_SOCKET},
    {"connections", required_argument, NULL, OPTION_CONNECTIONS},
    {"in-flight", required_argument, NULL, OPTION_IN_FLIGHT},
    {"batch", required_argument, NULL, OPTION_BATCH},
    {"count", required_argument, NULL, OPTION_COUNT},
    {"rate", required_argument, NULL, OPTION_RATE},
    {"pid", required_argument, NULL, OPTION_PID},
    {"accounts", required_argument, NULL, OPTION_ACCOUNTS},
    {"out", required_argument, NULL, OPTION_OUT},
    {"yardsticks", required_argument, NULL, OPTION_YARDSTICKS},
    {NULL, 0, NULL, 0}};

struct arguments {
    struct orders_options orders;
    uint32_t accounts;
    const char *out, *yardsticks;
};

/* A number above zero, else 0. */
static uint32_t number(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    return *text >= '0' && *text <= '9' && *end == '\0' && value <= UINT32_MAX
               ? (uint32_t)value
               : 0;
}

static bool take(struct arguments *arguments, int code)
{
    struct orders_options *orders = &arguments->orders;

    switch ((enum option_code)code) {
    case OPTION_SOCKET:
        orders->socket_path = optarg;
        return true;
    case OPTION_CONNECTIONS:
        return (orders->connections = number(optarg)) > 0;
    case OPTION_IN_FLIGHT:
        return (orders->in_flight = number(optarg)) > 0;
    case OPTION_BATCH:
        orders->batch = number(optarg);
        return orders->batch > 0 && orders->batch <= 100;
    case OPTION_COUNT:
        return (orders->count = number(optarg)) > 0;
    case OPTION_RATE:
        orders->rate = number(optarg);
        return orders->rate > 0;
    case OPTION_PID:
        orders->node_pid = (int)number(optarg);
        return orders->node_pid > 0;
    case OPTION_ACCOUNTS:
        return (arguments->accounts = number(optarg)) > 1;
    case OPTION_OUT:
        arguments->out = optarg;
        return true;
    case OPTION_YARDSTICKS:
        arguments->yardsticks = optarg;
        return true;
    }
    return false;
}

static int run_orders(const struct arguments *arguments)
{
    struct orders_result result;

    if (!arguments->orders.socket_path)
        return usage(stderr);
    if (!orders_run(&result, &arguments->orders))
        return 1;
    printf("{\"accepted\": %llu, \"refused\": %llu, \"busy\": %llu, "
           "\"wall_seconds\": %.3f, \"orders_per_second\": %.0f, "
           "\"node_cpu_us_per_order\": %.2f, \"p50_us\": %.0f, "
           "\"p99_us\": %.0f}\n",
           (unsigned long long)result.accepted,
           (unsigned long long)result.refused, (unsigned long long)result.busy,
           result.wall_seconds, (double)result.accepted / result.wall_seconds,
           result.accepted
               ? result.node_cpu_seconds * 1e6 / (double)result.accepted
               : 0.0,
           (double)result.p50_ns / 1e3, (double)result.p99_ns / 1e3);
    return 0;
}

static int run_tick(const struct arguments *arguments)
{
    struct tick_result result;

    if (!tick_run(&result, arguments->accounts))
        return 1;
    printf("{\"tick_us\": %.1f, \"bytes_per_account\": %.0f}\n", result.tick_us,
           result.bytes_per_account);
    return 0;
}

static void print_figures(const json_t *figures)
{
    for (size_t i = 0; i < json_array_size(figures); i++) {
        const json_t *figure = json_array_get(figures, i);
        const json_t *ratio = json_object_get(figure, "ratio");

        printf("%-34s %14.2f %-14s",
               json_string_value(json_object_get(figure, "name")),
               json_number_value(json_object_get(figure, "value")),
               json_string_value(json_object_get(figure, "unit")));
        if (json_is_real(ratio))
            printf(" %9.3f x %s", json_real_value(ratio),
                   json_string_value(json_object_get(figure, "against")));
        putchar('\n');
    }
}

static int run_all(const struct arguments *arguments)
{
    json_t *figures = json_array();
    char directory[64];
    bool is_good;

    (void)snprintf(directory, sizeof directory, "/tmp/clearing-bench.%ld",
                   (long)getpid());
    is_good = all_run(figures, arguments->yardsticks, directory);
    print_figures(figures);
    if (arguments->out &&
        json_dump_file(figures, arguments->out, JSON_INDENT(2)) != 0)
        is_good = false;
    json_decref(figures);
    return is_good ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {
        .orders = {.connections = 2,
                   .in_flight = 32,
                   .batch = 1,
                   .count = 20000},
        .accounts = 1000000,
    };
    int code;

    if (argc < 2)
        return usage(stderr);
    if (strcmp(argv[1], "flow") == 0)
        return flow_main(argc - 1, argv + 1);
    optind = 2;
    while ((code = getopt_long(argc, argv, "", names, NULL)) != -1)
        if (!take(&arguments, code))
            return usage(stderr);
    if (optind < argc)
        return usage(stderr);
    if (strcmp(argv[1], "orders") == 0)
        return run_orders(&arguments);
    if (strcmp(argv[1], "tick") == 0)
        return run_tick(&arguments);
    return strcmp(argv[1], "all") == 0 ? run_all(&arguments) : usage(stderr);
}
