/* Key files: Ethereum's V3 keystore, one file a key. */
#include "cmd/clearing-cli/cli.h"

#include "rpc/address.h"
#include "rpc/hex.h"
#include "rpc/keystore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 8192

/* Makes the directory and its parents, for the owner alone. */
static bool make_directories(const char *path)
{
    char part[PATH_BYTES];

    snprintf(part, sizeof part, "%s", path);
    for (char *at = part + 1; *at; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        if (mkdir(part, 0700) != 0 && errno != EEXIST)
            return false;
        *at = '/';
    }
    return mkdir(part, 0700) == 0 || errno == EEXIST;
}

static bool is_file_name(const char *name)
{
    return *name && *name != '.' && !strchr(name, '/') && strlen(name) < 200;
}

/* A new file only: an existing key is never overwritten. */
static int write_key_file(struct cli *cli, const char *name, const char *text)
{
    char path[PATH_BYTES];
    size_t size = strlen(text);
    bool is_written;
    int fd;

    if (!make_directories(cli_key_directory(cli)))
        return cli_fail("%s: %s", cli_key_directory(cli), strerror(errno));
    snprintf(path, sizeof path, "%s/%s.json", cli_key_directory(cli), name);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return cli_fail("%s: %s", path, strerror(errno));
    is_written = write(fd, text, size) == (ssize_t)size && fsync(fd) == 0;
    if (close(fd) != 0 || !is_written)
        return cli_fail("%s: could not be written", path);
    return CLI_DONE;
}

static int save_key(struct cli *cli, const struct secp_private *key)
{
    char text[KEYSTORE_TEXT_SIZE], password[CLI_PASSWORD_BYTES_MAX];
    char owner[ADDRESS_TEXT_SIZE];
    struct address address;
    enum keystore_status status;
    int code;

    if (!secp_private_address(&address, key))
        return cli_fail("that is no private key");
    if (!cli_password(cli, password))
        return cli_fail("no password given");
    status = keystore_encrypt(text, key, password, strlen(password),
                              cli_option_of(cli, "light") ? KEYSTORE_LIGHT
                                                          : KEYSTORE_STANDARD);
    explicit_bzero(password, sizeof password);
    if (status != KEYSTORE_OK)
        return cli_fail("%s", keystore_status_text(status));
    code = write_key_file(cli, cli->argv[0], text);
    if (code != CLI_DONE)
        return code;
    address_format(owner, &address);
    return cli_show(
        cli, json_pack("{ss ss}", "name", cli->argv[0], "address", owner),
        cli_print);
}

static int run_new(struct cli *cli)
{
    struct secp_private key;
    struct address address;
    int code;

    if (!is_file_name(cli->argv[0]))
        return cli_usage("the name must be fit for a file");
    do
        if (getrandom(key.bytes, sizeof key.bytes, 0) != sizeof key.bytes)
            return cli_fail("no randomness");
    while (!secp_private_address(&address, &key));
    code = save_key(cli, &key);
    secp_private_wipe(&key);
    return code;
}

/* A bare private key in hex; V3 files of other wallets are used as they are,
 * by putting them into the directory. */
static int run_import(struct cli *cli)
{
    const char *from = cli_option_of(cli, "from");
    const char *development = cli_option_of(cli, "dev-key");
    struct secp_private key;
    char text[256];
    FILE *file;
    int code;

    if (!is_file_name(cli->argv[0]))
        return cli_usage("the name must be fit for a file");
    if ((from != NULL) == (development != NULL))
        return cli_usage("either --from FILE or --dev-key NAME must be given");
    if (development) {
        development_key(&key, development);
    } else {
        file = fopen(from, "r");
        if (!file)
            return cli_fail("%s: %s", from, strerror(errno));
        if (!fgets(text, sizeof text, file))
            text[0] = '\0';
        fclose(file);
        text[strcspn(text, "\r\n")] = '\0';
        if (!hex_decode(key.bytes, sizeof key.bytes, text, strlen(text)))
            return cli_fail("%s: must hold 0x and 64 hex digits", from);
    }
    code = save_key(cli, &key);
    secp_private_wipe(&key);
    return code;
}

static json_t *describe(const char *directory, const char *file)
{
    char path[PATH_BYTES], name[256];
    json_t *content, *entry;

    snprintf(path, sizeof path, "%s/%s", directory, file);
    snprintf(name, sizeof name, "%.*s", (int)(strlen(file) - 5), file);
    content = json_load_file(path, 0, NULL);
    entry = json_pack("{ss ss+}", "name", name, "address", "0x",
                      cli_text(content, "address"));
    json_decref(content);
    return entry;
}

static int run_list(struct cli *cli)
{
    const char *directory = cli_key_directory(cli);
    json_t *list = json_array();
    struct dirent **entries;
    int count = scandir(directory, &entries, NULL, alphasort);

    for (int i = 0; i < count; i++) {
        const char *file = entries[i]->d_name;
        size_t size = strlen(file);

        if (list && size > 5 && strcmp(file + size - 5, ".json") == 0)
            json_array_append_new(list, describe(directory, file));
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return cli_show(cli, list, cli_print);
}

#define FILE_OPTIONS                                                \
    {"keys", "DIR", "directory of the key files"},                  \
        {"password-file", "FILE", "first line seals the key file"}, \
    {                                                               \
        "light", NULL, "cheaper key derivation"                     \
    }

static const struct cli_option new_options[] = {FILE_OPTIONS,
                                                {NULL, NULL, NULL}};
static const struct cli_option import_options[] = {
    FILE_OPTIONS,
    {"from", "FILE", "a private key in hex"},
    {"dev-key", "NAME", "a development key, as trader/0"},
    {NULL, NULL, NULL}};
static const struct cli_option list_options[] = {
    {"keys", "DIR", "directory of the key files"}, {NULL, NULL, NULL}};

const struct cli_command cli_key_commands[] = {
    {"key new", "NAME", "make a key and seal it into a file", 1, 1, new_options,
     run_new},
    {"key import", "NAME", "seal a known key into a file", 1, 1, import_options,
     run_import},
    {"key list", "", "the key files and their addresses", 0, 0, list_options,
     run_list},
    {NULL, NULL, NULL, 0, 0, NULL, NULL}};
