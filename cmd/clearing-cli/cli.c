#include "cmd/clearing-cli/cli.h"

#include "rpc/address.h"
#include "rpc/keystore.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define EXPIRES_SECONDS 60

const char *cli_option_of(const struct cli *cli, const char *name)
{
    const struct cli_option *options = cli->command->options;

    for (int i = 0; options && options[i].name; i++)
        if (strcmp(options[i].name, name) == 0)
            return cli->values[i];
    return NULL;
}

__attribute__((format(printf, 1, 0))) static void say(const char *format,
                                                      va_list args)
{
    fputs("clearing-cli: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

int cli_fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(format, args);
    va_end(args);
    return CLI_FAILED;
}

int cli_usage(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(format, args);
    va_end(args);
    return CLI_USAGE;
}

/* ---- the node -------------------------------------------------------- */

static bool open_client(struct cli *cli)
{
    if (cli->client)
        return true;
    cli->client = cli->url ? client_open_url(cli->url)
                           : client_open_socket(cli->socket_path);
    if (!cli->client)
        cli_fail("no node answers at %s: %s",
                 cli->url ? cli->url : cli->socket_path, strerror(errno));
    return cli->client != NULL;
}

json_t *cli_call(struct cli *cli, const char *method, json_t *params)
{
    struct client_error error = {0};
    json_t *result;
    char *data;

    if (!open_client(cli)) {
        json_decref(params);
        return NULL;
    }
    result = client_call(cli->client, method, params, &error);
    if (result)
        return result;
    data = error.data ? json_dumps(error.data, JSON_COMPACT) : NULL;
    if (error.code)
        cli_fail("%s: %s (%d)%s%s", method, error.message, error.code,
                 data ? " " : "", data ? data : "");
    else
        cli_fail("%s: %s", method, error.message);
    free(data);
    client_error_clear(&error);
    return NULL;
}

bool cli_network(struct cli *cli)
{
    json_t *result, *genesis;
    const char *text;
    struct address contract;

    if (cli->has_network)
        return true;
    result = cli_call(cli, "public/get_genesis", NULL);
    if (!result)
        return false;
    genesis = json_object_get(result, "genesis");
    text = cli_text(genesis, "settlement_contract");
    if (address_parse(&contract, text, strlen(text)) == ADDRESS_OK)
        cli->has_network = network_init(
            &cli->network,
            (uint64_t)json_integer_value(json_object_get(genesis, "chain_id")),
            &contract);
    json_decref(result);
    if (!cli->has_network)
        cli_fail("the node's genesis makes no sense");
    return cli->has_network;
}

bool cli_expires(struct cli *cli, uint64_t *expires)
{
    const char *text = cli_option_of(cli, "expires-in");
    uint64_t seconds = EXPIRES_SECONDS;
    json_t *now;

    if (text && !cli_number(text, &seconds)) {
        cli_usage("--expires-in must be a number of seconds");
        return false;
    }
    now = cli_call(cli, "public/get_time", NULL);
    *expires = (uint64_t)json_integer_value(now) + seconds * 1000;
    json_decref(now);
    return now != NULL;
}

json_t *cli_submit(struct cli *cli, const char *method,
                   const struct typed_message *message,
                   const struct secp_private *key)
{
    json_t *params = request_params(&cli->network, message, key, 1);

    if (!params) {
        cli_fail("the request could not be signed");
        return NULL;
    }
    return cli_call(cli, method, params);
}

/* ---- keys ------------------------------------------------------------ */

const char *cli_key_directory(struct cli *cli)
{
    static char path[4096];
    const char *given = cli_option_of(cli, "keys");
    const char *home = getenv("HOME");

    if (!given)
        given = getenv("CLEARING_KEYS");
    if (given)
        return given;
    snprintf(path, sizeof path, "%s/.clearing/keys", home ? home : ".");
    return path;
}

/* A line from the terminal without echo, or from a pipe as it comes. */
static bool read_hidden(char password[CLI_PASSWORD_BYTES_MAX])
{
    struct termios before, hidden;
    bool is_terminal = tcgetattr(STDIN_FILENO, &before) == 0;
    bool is_read;

    if (is_terminal) {
        hidden = before;
        hidden.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
        fputs("Password: ", stderr);
    }
    is_read = fgets(password, CLI_PASSWORD_BYTES_MAX, stdin) != NULL;
    if (is_terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fputc('\n', stderr);
    }
    password[strcspn(password, "\n")] = '\0';
    return is_read;
}

bool cli_password(struct cli *cli, char password[CLI_PASSWORD_BYTES_MAX])
{
    const char *path = cli_option_of(cli, "password-file");
    FILE *file;
    bool is_read;

    if (!path)
        return read_hidden(password);
    file = fopen(path, "r");
    is_read = file && fgets(password, CLI_PASSWORD_BYTES_MAX, file) != NULL;
    if (file)
        fclose(file);
    password[strcspn(password, "\n")] = '\0';
    return is_read;
}

bool cli_load_key(struct cli *cli, const char *name, struct secp_private *key)
{
    char path[8192], text[KEYSTORE_SIZE_MAX], password[CLI_PASSWORD_BYTES_MAX];
    enum keystore_status status;
    FILE *file;
    size_t size;

    snprintf(path, sizeof path, "%s/%s.json", cli_key_directory(cli), name);
    file = fopen(path, "r");
    if (!file) {
        cli_fail("%s: %s", path, strerror(errno));
        return false;
    }
    size = fread(text, 1, sizeof text, file);
    fclose(file);
    if (!cli_password(cli, password)) {
        cli_fail("no password given");
        return false;
    }
    status = keystore_decrypt(key, text, size, password, strlen(password));
    explicit_bzero(password, sizeof password);
    if (status != KEYSTORE_OK)
        cli_fail("%s: %s", path, keystore_status_text(status));
    return status == KEYSTORE_OK;
}

bool cli_signing_key(struct cli *cli, struct secp_private *key)
{
    const char *name = cli_option_of(cli, "key");
    const char *development = cli_option_of(cli, "dev-key");

    if ((name != NULL) == (development != NULL)) {
        cli_usage("either --key NAME or --dev-key NAME must be given");
        return false;
    }
    if (name)
        return cli_load_key(cli, name, key);
    development_key(key, development);
    return true;
}

bool cli_owner(struct cli *cli, struct address *owner)
{
    const char *text = cli_option_of(cli, "owner");
    struct secp_private key;
    bool is_known;

    if (text) {
        is_known = address_parse(owner, text, strlen(text)) == ADDRESS_OK;
        if (!is_known)
            cli_usage("--owner must be an address");
        return is_known;
    }
    if (!cli_signing_key(cli, &key))
        return false;
    is_known = secp_private_address(owner, &key);
    secp_private_wipe(&key);
    return is_known;
}

/* ---- small things ---------------------------------------------------- */

struct typed_text cli_typed(const char *text)
{
    return (struct typed_text){text, text ? strlen(text) : 0};
}

bool cli_number(const char *text, uint64_t *number)
{
    char *end;

    errno = 0;
    *number = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0;
}
