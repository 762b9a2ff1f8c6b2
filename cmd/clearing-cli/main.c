/*
 * clearing-cli: options, the command table, usage.
 */
#include "cmd/clearing-cli/cli.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VERSION_TEXT "clearing-cli 1.0.0"

static const struct cli_command *const tables[] = {
    cli_node_commands,  cli_market_commands, cli_account_commands,
    cli_trade_commands, cli_key_commands,
};
#define TABLES (sizeof tables / sizeof *tables)

static void print_overview(FILE *to)
{
    fputs("usage: clearing-cli [--socket PATH | --url URL | -D DIR] [--json] "
          "COMMAND ...\n\n",
          to);
    for (size_t i = 0; i < TABLES; i++)
        for (const struct cli_command *c = tables[i]; c->name; c++)
            fprintf(to, "  %-22s %s\n", c->name, c->help);
    fputs("\nclearing-cli help COMMAND tells a command's options.\n", to);
}

static void print_usage(FILE *to, const struct cli_command *command)
{
    fprintf(to, "usage: clearing-cli %s %s\n%s\n", command->name,
            command->arguments, command->help);
    for (const struct cli_option *o = command->options; o && o->name; o++) {
        char head[64];

        snprintf(head, sizeof head, "--%s %s", o->name,
                 o->metavar ? o->metavar : "");
        fprintf(to, "  %-24s %s\n", head, o->help);
    }
}

/* The command that the first one or two words name; *words how many. */
static const struct cli_command *find(int argc, char **argv, int *words)
{
    char two[64];

    for (*words = argc > 1 ? 2 : 1; *words > 0; --*words) {
        if (*words == 2)
            snprintf(two, sizeof two, "%s %s", argv[0], argv[1]);
        else
            snprintf(two, sizeof two, "%s", argv[0]);
        for (size_t i = 0; i < TABLES; i++)
            for (const struct cli_command *c = tables[i]; c->name; c++)
                if (strcmp(c->name, two) == 0)
                    return c;
    }
    return NULL;
}

/* Place of an option in the command's table, -1: there is none. */
static int place_of(const struct cli_command *command, const char *name,
                    size_t size)
{
    for (int i = 0; command->options && command->options[i].name; i++)
        if (strlen(command->options[i].name) == size &&
            memcmp(command->options[i].name, name, size) == 0)
            return i;
    return -1;
}

/* Sorts the arguments into options and positional ones, which move to the
 * front of argv. False: said. */
static bool parse_arguments(struct cli *cli, int argc, char **argv)
{
    cli->argv = argv;
    for (int i = 0; i < argc; i++) {
        const char *name = argv[i] + 2, *value = NULL;
        int place;

        if (strncmp(argv[i], "--", 2) != 0) {
            argv[cli->argc++] = argv[i];
            continue;
        }
        value = strchr(name, '=');
        place = place_of(cli->command, name,
                         value ? (size_t)(value - name) : strlen(name));
        if (place < 0) {
            cli_usage("%s: unknown option %s", cli->command->name, argv[i]);
            return false;
        }
        if (!cli->command->options[place].metavar)
            cli->values[place] = "";
        else if (value)
            cli->values[place] = value + 1;
        else if (++i < argc)
            cli->values[place] = argv[i];
        else {
            cli_usage("--%s needs a value", name);
            return false;
        }
    }
    if (cli->argc >= cli->command->least && cli->argc <= cli->command->most)
        return true;
    print_usage(stderr, cli->command);
    return false;
}

/* Global options stand before the command. Returns how many words they take,
 * or -1 when they are wrong (said). */
static int parse_globals(struct cli *cli, int argc, char **argv)
{
    int i = 1;

    for (; i < argc && argv[i][0] == '-'; i++) {
        bool has_value = i + 1 < argc;

        if (strcmp(argv[i], "--json") == 0)
            cli->json = true;
        else if (strcmp(argv[i], "--url") == 0 && has_value)
            cli->url = argv[++i];
        else if (strcmp(argv[i], "--socket") == 0 && has_value)
            cli->socket_path = argv[++i];
        else if (strcmp(argv[i], "-D") == 0 && has_value)
            cli->data_dir = argv[++i];
        else if (strcmp(argv[i], "--version") == 0) {
            puts(VERSION_TEXT);
            exit(CLI_DONE);
        } else if (strcmp(argv[i], "--help") == 0 ||
                   strcmp(argv[i], "-h") == 0) {
            print_overview(stdout);
            exit(CLI_DONE);
        } else {
            cli_usage("unknown option %s", argv[i]);
            return -1;
        }
    }
    return i;
}

static int print_help(int argc, char **argv)
{
    int words;
    const struct cli_command *command =
        argc > 0 ? find(argc, argv, &words) : NULL;

    if (command)
        print_usage(stdout, command);
    else
        print_overview(stdout);
    return CLI_DONE;
}

int main(int argc, char **argv)
{
    struct cli cli = {.data_dir = "clearingd-dev"};
    char path[PATH_MAX];
    int at = parse_globals(&cli, argc, argv), words, code;

    if (at < 0)
        return CLI_USAGE;
    if (at == argc) {
        print_overview(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[at], "help") == 0)
        return print_help(argc - at - 1, argv + at + 1);
    cli.command = find(argc - at, argv + at, &words);
    if (!cli.command)
        return cli_usage("unknown command %s", argv[at]);
    at += words;
    if (!parse_arguments(&cli, argc - at, argv + at))
        return CLI_USAGE;
    snprintf(path, sizeof path, "%s/clearingd.sock", cli.data_dir);
    if (!cli.socket_path && !cli.url)
        cli.socket_path = path;
    code = cli.command->run(&cli);
    client_close(cli.client);
    if (cli.has_network)
        network_free(&cli.network);
    return code;
}
