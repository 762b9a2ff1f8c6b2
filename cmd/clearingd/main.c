/*
 * clearingd: options, configuration, genesis, then the node.
 */
#include "cmd/clearingd/genesis_dev.h"
#include "cmd/clearingd/place.h"
#include "daemon/node.h"
#include "rpc/genesis_json.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION "1.0.0"
#define EXIT_REFUSED 1
#define EXIT_USAGE 2
#define DEV_DIRECTORY "clearingd-dev"
#define GENESIS_BYTES_MAX (1u << 20)
#define SIGNERS_CACHED 65536

struct arguments {
    const char *config, *directory, *genesis;
    bool check_only, is_development, is_driven;
};

static void print_usage(FILE *to)
{
    fputs("usage: clearingd [-c FILE] [-D DIR] [-n] [--genesis FILE]\n"
          "                 [--dev] [--clock wall|driven] [--version]\n"
          "  -c FILE          configuration\n"
          "  -D DIR           data directory, above the configuration's\n"
          "  -n               check configuration and genesis, print the\n"
          "                   normalised form, and end\n"
          "  --genesis FILE   genesis, above the configuration's\n"
          "  --dev            the development network, with its built-in\n"
          "                   genesis and the directory ./" DEV_DIRECTORY "\n"
          "  --clock driven   time moves by admin/advance alone (with --dev)\n",
          to);
}

enum option_code {
    OPTION_GENESIS = 256,
    OPTION_DEV,
    OPTION_CLOCK,
    OPTION_VERSION,
    OPTION_HELP
};

static const struct option names[] = {
    {"genesis", required_argument, NULL, OPTION_GENESIS},
    {"dev", no_argument, NULL, OPTION_DEV},
    {"clock", required_argument, NULL, OPTION_CLOCK},
    {"version", no_argument, NULL, OPTION_VERSION},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0}};

static bool take_option(struct arguments *arguments, int code)
{
    switch (code) {
    case 'c':
        arguments->config = optarg;
        return true;
    case 'D':
        arguments->directory = optarg;
        return true;
    case 'n':
        arguments->check_only = true;
        return true;
    case OPTION_GENESIS:
        arguments->genesis = optarg;
        return true;
    case OPTION_DEV:
        arguments->is_development = true;
        return true;
    case OPTION_CLOCK:
        arguments->is_driven = strcmp(optarg, "driven") == 0;
        return arguments->is_driven || strcmp(optarg, "wall") == 0;
    case OPTION_VERSION:
        puts("clearingd " VERSION);
        exit(0);
    case OPTION_HELP:
        print_usage(stdout);
        exit(0);
    default:
        return false;
    }
}

static bool parse_arguments(struct arguments *arguments, int argc, char **argv)
{
    int code;

    while ((code = getopt_long(argc, argv, "c:D:n", names, NULL)) != -1)
        if (!take_option(arguments, code))
            return false;
    return optind == argc &&
           (!arguments->is_driven || arguments->is_development);
}

static int refuse(const char *where, const char *what)
{
    fprintf(stderr, "%s: %s\n", where, what);
    return EXIT_REFUSED;
}

/* Fills what the node is to run with; false: said. */
static bool make_config(struct node_options *options,
                        const struct arguments *arguments)
{
    struct config *config = &options->config;
    char what[1200];

    config_default(&options->base);
    if (arguments->is_development)
        (void)snprintf(options->base.data_dir, sizeof options->base.data_dir,
                       "%s", DEV_DIRECTORY);
    options->as_read = options->base;
    options->config_path = arguments->config;
    if (arguments->config &&
        !config_read(&options->as_read, arguments->config, what, sizeof what)) {
        fprintf(stderr, "%s\n", what);
        return false;
    }
    *config = options->as_read;
    if (arguments->directory)
        (void)snprintf(config->data_dir, sizeof config->data_dir, "%s",
                       arguments->directory);
    if (arguments->genesis)
        (void)snprintf(config->genesis, sizeof config->genesis, "%s",
                       arguments->genesis);
    else if (arguments->is_development)
        config->genesis[0] = '\0';
    return true;
}

/* The file's text, or the built-in one; NULL: said. The caller frees it. */
static char *genesis_text(const struct config *config, size_t *size)
{
    char *text = malloc(GENESIS_BYTES_MAX + 1);
    const char *built_in;
    FILE *file;

    if (!text)
        return NULL;
    if (config->genesis[0] == '\0') {
        built_in = genesis_dev_text(size);
        memcpy(text, built_in, *size);
        return text;
    }
    file = fopen(config->genesis, "r");
    if (!file) {
        fprintf(stderr, "%s:0: %s\n", config->genesis, strerror(errno));
        free(text);
        return NULL;
    }
    *size = fread(text, 1, GENESIS_BYTES_MAX + 1, file);
    fclose(file);
    if (*size > GENESIS_BYTES_MAX) {
        (void)refuse(config->genesis, "is longer than 1 MiB");
        free(text);
        return NULL;
    }
    return text;
}

/* The document, fit for this start; NULL: said. */
static json_t *parse_genesis(const struct arguments *arguments,
                             const char *name, const char *text, size_t size)
{
    struct genesis *genesis = malloc(sizeof *genesis);
    struct genesis_fault fault = {.what = "memory is short"};
    json_t *document = NULL;
    char where[300];

    if (genesis && genesis_json_parse(genesis, &document, &fault, text, size) &&
        genesis->is_development && !arguments->is_development) {
        json_decref(document);
        document = NULL;
        fault = (struct genesis_fault){
            .where = "development",
            .what = "is true: a development network needs --dev"};
    }
    free(genesis);
    if (document)
        return document;
    /* The engine calls instruments markets. */
    if (strncmp(fault.where, "markets[", 8) == 0)
        (void)snprintf(where, sizeof where, "instruments%.90s",
                       fault.where + 7);
    else
        (void)snprintf(where, sizeof where, "%s", fault.where);
    fprintf(stderr, "%s:%u: %s: %s\n", name, place_line(text, size, where),
            where, fault.what);
    return NULL;
}

static json_t *load_genesis(const struct config *config,
                            const struct arguments *arguments)
{
    const char *name =
        config->genesis[0] ? config->genesis : "built-in genesis";
    json_t *document = NULL;
    size_t size = 0;
    char *text = genesis_text(config, &size);

    if (text)
        document = parse_genesis(arguments, name, text, size);
    free(text);
    return document;
}

static int print_checked(const struct config *config, const json_t *genesis)
{
    char *text = json_dumps(genesis, JSON_INDENT(2) | JSON_SORT_KEYS);

    config_print(config, stdout);
    if (text)
        printf("\n%s\n", text);
    free(text);
    return text ? 0 : EXIT_REFUSED;
}

static int run(struct node_options *options, json_t *document)
{
    const struct rpc_limits limits = {.batch_calls_max = 100,
                                      .signers_cached = SIGNERS_CACHED};
    struct genesis_fault fault;
    int code;

    options->service = rpc_service_create(&fault, document, &limits, VERSION);
    if (!options->service)
        return refuse(fault.where, fault.what);
    log_start(options->config.log_level);
    code = node_run(options);
    rpc_service_destroy(options->service);
    return code;
}

int main(int argc, char **argv)
{
    static struct arguments arguments;
    static struct node_options options;
    json_t *document;
    int code;

    if (!parse_arguments(&arguments, argc, argv)) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    if (!make_config(&options, &arguments))
        return EXIT_REFUSED;
    document = load_genesis(&options.config, &arguments);
    if (!document)
        return EXIT_REFUSED;
    options.is_driven = arguments.is_driven;
    if (arguments.check_only)
        code = print_checked(&options.config, document);
    else
        code = run(&options, document);
    json_decref(document);
    return code;
}
