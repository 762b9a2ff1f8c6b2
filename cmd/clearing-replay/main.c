/*
 * clearing-replay: a price history through a real node with simulated people.
 */
#include "cmd/clearing-replay/node.h"
#include "cmd/clearing-replay/proof.h"
#include "cmd/clearing-replay/report.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define EXIT_DONE 0
#define EXIT_FAILED 1
#define EXIT_USAGE 2
#define TRADERS_MOST 100000

struct options {
    uint32_t traders;
    uint64_t seed, speed;
    const char *out, *directory;
    const char *socket_path; /* of a running node; NULL: a private one */
    bool keep, quiet;
};

static int fail(const char *what)
{
    fprintf(stderr, "clearing-replay: %s\n", what);
    return EXIT_FAILED;
}

static void print_usage(FILE *to)
{
    fputs("usage: clearing-replay --history FILE.csv[.gz] [--history …]\n"
          "  --traders N    simulated traders (1000)\n"
          "  --seed N       of all that is drawn (1)\n"
          "  --speed max|N  as fast as it goes, or N times real time (max)\n"
          "  --out FILE     the report as JSON\n"
          "  --socket PATH  a running development node with a driven clock, "
          "whose\n"
          "                 genesis a replay of the same history has made\n"
          "  --dir DIR      directory of the private node (a temporary one)\n"
          "  --keep         leave the node's directory where it is\n"
          "  --quiet        no progress\n",
          to);
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* One line that is drawn over on a terminal, a line each tenth elsewhere. */
static void progress(const struct options *options, const struct stage *stage,
                     size_t done, size_t all)
{
    static unsigned last = 1000;
    unsigned percent = (unsigned)(done * 100 / all);
    bool is_terminal = isatty(STDERR_FILENO);
    time_t seconds = (time_t)(stage->now_ms / 1000);
    struct tm when;
    char text[32];

    if (options->quiet || percent == last ||
        (!is_terminal && percent % 10 != 0))
        return;
    last = percent;
    gmtime_r(&seconds, &when);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M", &when);
    fprintf(stderr, "%s[%-20.*s] %3u%%  %s UTC  %llu requests%s",
            is_terminal ? "\r" : "", (int)(percent / 5), "####################",
            percent, text, (unsigned long long)stage->counts.requests,
            is_terminal && percent < 100 ? "" : "\n");
}

static bool play(struct stage *stage, const struct options *options)
{
    const struct history *history = stage->world->history;
    size_t from = 0, to;

    if (!stage_open(stage, history->bars[0].time_ms - stage->world->step_ms))
        return false;
    while (from < history->count) {
        for (to = from; to < history->count && history->bars[to].time_ms ==
                                                   history->bars[from].time_ms;)
            to++;
        for (uint32_t step = 0; step < WORLD_STEPS; step++)
            if (!stage_moment(stage, from, to, step,
                              (int64_t)(from * 1000000 / history->count)))
                return false;
        from = to;
        progress(options, stage, from, history->count);
    }
    return stage_close(stage);
}

/* Everything while the node lives: the play and the questions at the end. */
static json_t *perform(const struct options *options, struct world *world,
                       const struct node *node)
{
    struct crowd crowd;
    struct stage stage = {.world = world,
                          .crowd = &crowd,
                          .speed = options->speed,
                          .tick_ms = world->step_ms / 5};
    struct address contract;
    uint64_t chain;
    json_t *report = NULL;
    char *before;

    network_development(&chain, &contract);
    if (!network_init(&stage.network, chain, &contract) ||
        !crowd_make(&crowd, world, options->traders, options->seed))
        return NULL;
    stage.talk = talk_open(node->socket_path);
    before = stage.talk ? report_insurance(&stage) : NULL;
    if (before && play(&stage, options))
        report = report_make(&stage, before);
    free(before);
    talk_close(stage.talk);
    crowd_free(&crowd);
    network_free(&stage.network);
    return report;
}

static void introduce(const struct world *world, const struct options *options)
{
    const struct history *history = world->history;

    printf("%zu bars of %lld seconds, %u markets, %u venues as reporters, "
           "%u traders\n",
           history->count, (long long)(history->interval_ms / 1000),
           world->market_count, world->venue_count, options->traders);
    if (world->quorum < 3)
        printf("there are fewer than 3 venues: the private network's quorum "
               "is lowered to %u\n",
               world->quorum);
    fflush(stdout);
}

static bool finish(json_t *report, const struct options *options,
                   const struct node *node, double started)
{
    json_t *audit;
    bool is_good;

    puts("the node has stopped; its journal is now replayed from the first "
         "command");
    fflush(stdout);
    audit = proof_of(node, options->quiet);
    is_good = report_judge(report, audit, now() - started);
    json_decref(audit);
    report_print(report);
    if (options->out &&
        json_dump_file(report, options->out, JSON_INDENT(2)) != 0)
        is_good = fail("the report cannot be written") == EXIT_DONE;
    return is_good;
}

static int replay(const struct options *options, struct world *world)
{
    json_t *genesis = world_genesis(world, options->traders), *report;
    double started = now();
    struct node node;
    char what[4400];
    bool is_good;

    introduce(world, options);
    if (!genesis ||
        !node_start(&node, options->directory, genesis, what, sizeof what))
        return fail(genesis ? what : "memory is short");
    json_decref(genesis);
    report = perform(options, world, &node);
    if (!node_stop(&node) || !report) {
        fprintf(stderr, "clearing-replay: see %s/clearingd.log\n",
                node.directory);
        json_decref(report);
        return fail("the node did not hold out to the end");
    }
    is_good = finish(report, options, &node, started);
    json_decref(report);
    if (!options->keep)
        node_remove(&node);
    return is_good ? EXIT_DONE : EXIT_FAILED;
}

/* Against a node that somebody else runs: it goes on afterwards, so the
 * journal is theirs to audit, and the node's own sums stand in the report. */
static int replay_attached(const struct options *options, struct world *world)
{
    struct node node = {0};
    double started = now();
    json_t *report;
    bool is_good;

    introduce(world, options);
    (void)snprintf(node.socket_path, sizeof node.socket_path, "%s",
                   options->socket_path);
    report = perform(options, world, &node);
    if (!report)
        return fail("the node does not answer, or is not of this history");
    is_good = report_judge_attached(report, now() - started);
    report_print(report);
    if (options->out &&
        json_dump_file(report, options->out, JSON_INDENT(2)) != 0)
        is_good = fail("the report cannot be written") == EXIT_DONE;
    json_decref(report);
    return is_good ? EXIT_DONE : EXIT_FAILED;
}

static bool number_of(const char *text, uint64_t most, uint64_t *number)
{
    char *end;

    *number = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && *number <= most;
}

enum option_code {
    OPTION_HISTORY = 1,
    OPTION_TRADERS,
    OPTION_SEED,
    OPTION_SPEED,
    OPTION_OUT,
    OPTION_DIR,
    OPTION_SOCKET,
    OPTION_URL,
    OPTION_KEEP,
    OPTION_QUIET,
    OPTION_HELP
};

static const struct option names[] = {
    {"history", required_argument, NULL, OPTION_HISTORY},
    {"traders", required_argument, NULL, OPTION_TRADERS},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"speed", required_argument, NULL, OPTION_SPEED},
    {"out", required_argument, NULL, OPTION_OUT},
    {"dir", required_argument, NULL, OPTION_DIR},
    {"socket", required_argument, NULL, OPTION_SOCKET},
    {"url", required_argument, NULL, OPTION_URL},
    {"keep", no_argument, NULL, OPTION_KEEP},
    {"quiet", no_argument, NULL, OPTION_QUIET},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0}};

/* EXIT_DONE, or the code to end with (said). */
static int take_option(int code, struct options *options,
                       struct history *history)
{
    uint64_t number = 0;
    char what[512];

    switch ((enum option_code)code) {
    case OPTION_HISTORY:
        if (history_read(history, optarg, what, sizeof what))
            return EXIT_DONE;
        return fail(what);
    case OPTION_TRADERS:
        if (!number_of(optarg, TRADERS_MOST, &number) || number == 0)
            break;
        options->traders = (uint32_t)number;
        return EXIT_DONE;
    case OPTION_SEED:
        if (!number_of(optarg, UINT64_MAX, &options->seed))
            break;
        return EXIT_DONE;
    case OPTION_SPEED:
        if (strcmp(optarg, "max") != 0 &&
            !number_of(optarg, 1000000, &options->speed))
            break;
        return EXIT_DONE;
    case OPTION_OUT:
        options->out = optarg;
        return EXIT_DONE;
    case OPTION_DIR:
        options->directory = optarg;
        options->keep = true;
        return EXIT_DONE;
    case OPTION_SOCKET:
        options->socket_path = optarg;
        return EXIT_DONE;
    case OPTION_URL:
        return fail("a replay moves the node's clock, which is possible over "
                    "the Unix socket alone: use --socket");
    case OPTION_KEEP:
        options->keep = true;
        return EXIT_DONE;
    case OPTION_QUIET:
        options->quiet = true;
        return EXIT_DONE;
    case OPTION_HELP:
        print_usage(stdout);
        exit(EXIT_DONE);
    }
    print_usage(stderr);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    static struct history history;
    static struct world world;
    struct options options = {.traders = 1000, .seed = 1};
    char what[512], directory[64];
    int code, result;

    while ((code = getopt_long(argc, argv, "", names, NULL)) != -1) {
        result = take_option(code, &options, &history);
        if (result != EXIT_DONE)
            return result;
    }
    if (optind < argc || !history_finish(&history)) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    if (!world_make(&world, &history, what, sizeof what))
        return fail(what);
    if (!options.directory) {
        snprintf(directory, sizeof directory, "/tmp/clearing-replay.%ld",
                 (long)getpid());
        options.directory = directory;
    }
    result = options.socket_path ? replay_attached(&options, &world)
                                 : replay(&options, &world);
    history_free(&history);
    return result;
}
