/* The configuration file: defaults, every key, every kind of mistake with its
 * line, and the normalised form that reads as itself. */
#include "daemon/config.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(config);

static char path[] = "/tmp/clearingd-config-XXXXXX";

/* Reads this text; what is "" when it is good. */
static bool read_text(struct config *config, const char *text, char *what)
{
    FILE *file;
    int fd;
    bool is_read;

    memcpy(path + strlen(path) - 6, "XXXXXX", 6);
    fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    file = fdopen(fd, "w");
    fputs(text, file);
    fclose(file);
    config_default(config);
    is_read = config_read(config, path, what, 1200);
    unlink(path);
    return is_read;
}

Test(config, an_empty_file_is_the_defaults)
{
    struct config config, defaults;
    char what[1200];

    cr_assert(read_text(&config, "# nothing\n", what), "%s", what);
    config_default(&defaults);
    cr_expect_str_eq(config.data_dir, defaults.data_dir);
    cr_expect_eq(config.port, 8650);
    cr_expect_str_eq(config.address, "127.0.0.1");
    cr_expect_eq(config.message_bytes, 262144u);
    cr_expect(config.metrics);
    cr_expect_eq(config.log_level, LOG_LEVEL_INFO);
}

Test(config, every_key_is_taken)
{
    struct config config;
    char what[1200];

    cr_assert(read_text(&config,
                        "data_dir = \"/x\"\ngenesis = \"/g\"\n"
                        "unix_socket = \"/s\"\nlisten = \"[::1]:99\"\n"
                        "cors_origins = {\"https://a\", \"*\"}\n"
                        "workers = 3\nmetrics = false\n"
                        "tls {\n cert = \"c\"\n key = \"k\"\n}\n"
                        "limits {\n message_bytes = 2000\n connections = 5\n"
                        " connections_per_address = 2\n in_flight = 7\n"
                        " requests_per_second_address = 0\n"
                        " requests_per_second_account = 9\n}\n"
                        "checkpoint {\n interval_ms = 11\n commands = 12\n}\n"
                        "log {\n level = \"debug\"\n}\n",
                        what),
              "%s", what);
    cr_expect_str_eq(config.address, "::1");
    cr_expect_eq(config.port, 99);
    cr_expect_eq(config.origin_count, 2u);
    cr_expect_str_eq(config.origins[1], "*");
    cr_expect_eq(config.workers, 3u);
    cr_expect_not(config.metrics);
    cr_expect_str_eq(config.tls_key, "k");
    cr_expect_eq(config.connections_per_address, 2u);
    cr_expect_eq(config.requests_per_second_address, 0u);
    cr_expect_eq(config.requests_per_second_account, 9u);
    cr_expect_eq(config.checkpoint_commands, 12u);
    cr_expect_eq(config.log_level, LOG_LEVEL_DEBUG);
}

Test(config, mistakes_are_named_with_their_line)
{
    static const struct {
        const char *text, *line;
    } cases[] = {
        {"colour = \"blue\"\n", ":1:"},
        {"\n\nworkers = 0\n", ":3:"},
        {"limits {\n in_flight = -1\n}\n", ":2:"},
        {"listen = \"here\"\n", ":1:"},
        {"listen = \"127.0.0.1:99999\"\n", ":1:"},
        {"log {\n level = \"loud\"\n}\n", ":2:"},
        {"limits {\n speed = 3\n}\n", ":2:"},
        {"data_dir = \n", ":"},
        {"tls {\n cert = \"c\"\n}\n", ":"},
        {"workers = many\n", ":1:"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct config config;
        char what[1200];

        cr_expect_not(read_text(&config, cases[i].text, what), "%s",
                      cases[i].text);
        cr_expect_not_null(strstr(what, cases[i].line), "%s gave: %s",
                           cases[i].text, what);
    }
}

Test(config, a_missing_file_is_a_fault)
{
    struct config config;
    char what[1200];

    config_default(&config);
    cr_expect_not(
        config_read(&config, "/nonexistent/x.conf", what, sizeof what));
    cr_expect_not_null(strstr(what, "/nonexistent/x.conf"));
}

Test(config, the_normalised_form_reads_as_itself)
{
    struct config config, again;
    char *first = NULL, *second = NULL, what[1200];
    size_t size;
    FILE *to = open_memstream(&first, &size);

    cr_assert(read_text(&config,
                        "workers = 5\nlisten = \"[::1]:1\"\n"
                        "cors_origins = {\"a\"}\n",
                        what));
    config_print(&config, to);
    fclose(to);
    cr_assert(read_text(&again, first, what), "%s", what);
    to = open_memstream(&second, &size);
    config_print(&again, to);
    fclose(to);
    cr_expect_str_eq(first, second);
    free(first);
    free(second);
}

Test(config, a_reload_names_what_needs_a_restart)
{
    struct config before, after;

    config_default(&before);
    after = before;
    after.log_level = LOG_LEVEL_DEBUG;
    after.requests_per_second_account = 1;
    cr_expect_str_eq(config_fixed_changes(&before, &after), "");
    after.workers = 9;
    after.port = 1;
    cr_expect_str_eq(config_fixed_changes(&before, &after), "listen workers");
}
