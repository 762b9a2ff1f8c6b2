/*
 * clearing-cli from the inside: what a command gets, and the helpers that all
 * commands share. A command is one row of a table; it returns an exit code:
 * 0 done, 1 refused or failed (said on stderr), 2 wrong usage.
 */
#ifndef CLEARINGD_CMD_CLEARING_CLI_CLI_H
#define CLEARINGD_CMD_CLEARING_CLI_CLI_H

#include "cmd/common/client.h"
#include "cmd/common/request.h"

#define CLI_DONE 0
#define CLI_FAILED 1
#define CLI_USAGE 2

#define CLI_OPTIONS_MAX 24

/* An option of a command: "--name VALUE", or a flag where metavar is NULL. */
struct cli_option {
    const char *name, *metavar, *help;
};

struct cli {
    const char *socket_path; /* NULL: url */
    const char *url;
    const char *data_dir;   /* where the socket is looked for */
    bool json;              /* one JSON document on stdout, nothing else */
    struct client *client;  /* opened when first needed */
    struct network network; /* of the node, when it was asked for */
    bool has_network;
    const struct cli_command *command;
    const char *values[CLI_OPTIONS_MAX]; /* by place in the options table */
    int argc; /* what is left: positional arguments */
    char **argv;
};

struct cli_command {
    const char *name;      /* "order", "key new" */
    const char *arguments; /* positional ones, for the usage text */
    const char *help;
    int least, most;                  /* how many positional arguments */
    const struct cli_option *options; /* ended by name NULL; may be NULL */
    int (*run)(struct cli *cli);
};

/* Tables, each ended by name NULL. */
extern const struct cli_command cli_market_commands[];
extern const struct cli_command cli_account_commands[];
extern const struct cli_command cli_trade_commands[];
extern const struct cli_command cli_key_commands[];
extern const struct cli_command cli_node_commands[];

/* Value of an option of the command under way, NULL: not given. A flag that
 * is given has the value "". */
const char *cli_option_of(const struct cli *cli, const char *name);

/* Messages on stderr; they return the exit code they stand for. */
__attribute__((format(printf, 1, 2))) int cli_fail(const char *format, ...);
__attribute__((format(printf, 1, 2))) int cli_usage(const char *format, ...);

/* Calls the node; NULL: the error has been said. Takes over params. */
json_t *cli_call(struct cli *cli, const char *method, json_t *params);

/* Prints a result: as one JSON document with --json, else by `print`. Takes
 * the reference over. NULL result: CLI_FAILED. */
int cli_show(struct cli *cli, json_t *result,
             void (*print)(const json_t *result));

/* Any JSON value for people: "name  value" lines, tables of lists. */
void cli_print(const json_t *value);

/* Text of a member, "" when it is none; numbers and booleans become text in
 * one of a few static buffers. */
const char *cli_text(const json_t *object, const char *name);

/* The node's signing domain (asked once); false: said. */
bool cli_network(struct cli *cli);

/* The private key that --key (a file of --keys) or --dev-key names; false:
 * said. The caller wipes it. */
bool cli_signing_key(struct cli *cli, struct secp_private *key);

/* A password: the first line of --password-file, or asked for without echo. */
#define CLI_PASSWORD_BYTES_MAX 256
bool cli_password(struct cli *cli, char password[CLI_PASSWORD_BYTES_MAX]);

/* Opens the key file of this name; false: said. */
bool cli_load_key(struct cli *cli, const char *name, struct secp_private *key);

/* Directory of the key files: --keys, $CLEARING_KEYS, ~/.clearing/keys. */
const char *cli_key_directory(struct cli *cli);

/* Owner from --owner, or the address of the signing key; false: said. */
bool cli_owner(struct cli *cli, struct address *owner);

/* Signs and submits a message under the signing key. */
json_t *cli_submit(struct cli *cli, const char *method,
                   const struct typed_message *message,
                   const struct secp_private *key);

/* A text option as the field of a message; absent: "". */
struct typed_text cli_typed(const char *text);

/* A whole number from text; false: it is none. */
bool cli_number(const char *text, uint64_t *number);

/* Milliseconds from now at which a request dies: --expires-in seconds, or a
 * minute, after the node's own time. False: said. */
bool cli_expires(struct cli *cli, uint64_t *expires);

#endif
