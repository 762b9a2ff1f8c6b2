#include "daemon/config.h"

#include <confuse.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PORT_DEFAULT 8650

void config_default(struct config *config)
{
    *config = (struct config){
        .data_dir = "/var/lib/clearingd",
        .genesis = "/etc/clearingd/genesis.json",
        .address = "127.0.0.1",
        .port = PORT_DEFAULT,
        .message_bytes = 262144,
        .connections = 4096,
        .connections_per_address = 256,
        .in_flight = 64,
        .requests_per_second_address = 20000,
        .requests_per_second_account = 10000,
        .checkpoint_interval_ms = 60000,
        .checkpoint_commands = 1000000,
        .workers = 2,
        .metrics = true,
        .log_level = LOG_LEVEL_INFO,
    };
}

/* ---- reading ---------------------------------------------------------- */

/* libconfuse reports through a function without context, and in a section
 * without the file's name. Configuration is read by one thread, at the start
 * and on SIGHUP. */
static const char *report_path;
static char *report_to;
static size_t report_size;

__attribute__((format(printf, 2, 0))) static void
report(cfg_t *cfg, const char *format, va_list args)
{
    char text[512];

    if (!report_to || report_to[0] != '\0')
        return;
    (void)vsnprintf(text, sizeof text, format, args);
    (void)snprintf(report_to, report_size, "%s:%d: %s", report_path,
                   cfg ? cfg->line : 0, text);
}

/* Numbers and what they may be. */
static const struct range {
    const char *name;
    long least, most;
} ranges[] = {
    {"workers", 1, 64},
    {"message_bytes", 1024, 16777216},
    {"in_flight", 1, 65536},
    {"connections", 1, 1000000},
    {"connections_per_address", 1, 1000000},
    {"requests_per_second_address", 0, 100000000},
    {"requests_per_second_account", 0, 100000000},
    {"interval_ms", 1, INT32_MAX},
    {"commands", 1, INT32_MAX},
};

static int check_number(cfg_t *cfg, cfg_opt_t *option)
{
    long value = cfg_opt_getnint(option, 0);
    const struct range *range = ranges;

    while (strcmp(range->name, cfg_opt_name(option)) != 0)
        range++;
    if (value >= range->least && value <= range->most)
        return 0;
    cfg_error(cfg, "%s must be a number from %ld to %ld", range->name,
              range->least, range->most);
    return -1;
}

/* "127.0.0.1:8650", "[::1]:8650", or "". */
static bool parse_listen(const char *text, char *address, size_t size,
                         uint16_t *port)
{
    const char *colon = strrchr(text, ':'), *from = text;
    size_t length;
    char *end;
    long number;

    if (*text == '\0') {
        address[0] = '\0';
        *port = 0;
        return true;
    }
    if (!colon)
        return false;
    length = (size_t)(colon - text);
    if (*text == '[') {
        if (length < 3 || text[length - 1] != ']')
            return false;
        from++;
        length -= 2;
    }
    number = strtol(colon + 1, &end, 10);
    if (length == 0 || length >= size || colon[1] == '\0' || *end != '\0' ||
        number < 0 || number > UINT16_MAX)
        return false;
    memcpy(address, from, length);
    address[length] = '\0';
    *port = (uint16_t)number;
    return true;
}

static int check_listen(cfg_t *cfg, cfg_opt_t *option)
{
    char address[CONFIG_TEXT_BYTES];
    uint16_t port;

    if (parse_listen(cfg_opt_getnstr(option, 0), address, sizeof address,
                     &port))
        return 0;
    cfg_error(cfg, "listen must be ADDRESS:PORT, [ADDRESS]:PORT or empty");
    return -1;
}

static int check_level(cfg_t *cfg, cfg_opt_t *option)
{
    enum log_level level;

    if (log_level_of(&level, cfg_opt_getnstr(option, 0)))
        return 0;
    cfg_error(cfg, "level must be error, warning, info or debug");
    return -1;
}

static int check_path(cfg_t *cfg, cfg_opt_t *option)
{
    if (strlen(cfg_opt_getnstr(option, 0)) < CONFIG_PATH_BYTES)
        return 0;
    cfg_error(cfg, "%s is too long", cfg_opt_name(option));
    return -1;
}

static cfg_opt_t tls_options[] = {CFG_STR("cert", "", CFGF_NONE),
                                  CFG_STR("key", "", CFGF_NONE), CFG_END()};
static cfg_opt_t limit_options[] = {
    CFG_INT("message_bytes", 0, CFGF_NONE),
    CFG_INT("connections", 0, CFGF_NONE),
    CFG_INT("connections_per_address", 0, CFGF_NONE),
    CFG_INT("in_flight", 0, CFGF_NONE),
    CFG_INT("requests_per_second_address", 0, CFGF_NONE),
    CFG_INT("requests_per_second_account", 0, CFGF_NONE),
    CFG_END()};
static cfg_opt_t checkpoint_options[] = {CFG_INT("interval_ms", 0, CFGF_NONE),
                                         CFG_INT("commands", 0, CFGF_NONE),
                                         CFG_END()};
static cfg_opt_t log_options[] = {CFG_STR("level", "info", CFGF_NONE),
                                  CFG_END()};
static cfg_opt_t options[] = {
    CFG_STR("data_dir", "", CFGF_NONE),
    CFG_STR("genesis", "", CFGF_NONE),
    CFG_STR("unix_socket", "", CFGF_NONE),
    CFG_STR("listen", "", CFGF_NONE),
    CFG_STR_LIST("cors_origins", "{}", CFGF_NONE),
    CFG_INT("workers", 0, CFGF_NONE),
    CFG_BOOL("metrics", cfg_true, CFGF_NONE),
    CFG_SEC("tls", tls_options, CFGF_NONE),
    CFG_SEC("limits", limit_options, CFGF_NONE),
    CFG_SEC("checkpoint", checkpoint_options, CFGF_NONE),
    CFG_SEC("log", log_options, CFGF_NONE),
    CFG_END()};

static void set_checks(cfg_t *cfg)
{
    static const char *const numbers[] = {"workers",
                                          "limits|message_bytes",
                                          "limits|in_flight",
                                          "limits|connections",
                                          "limits|connections_per_address",
                                          "limits|requests_per_second_address",
                                          "limits|requests_per_second_account",
                                          "checkpoint|interval_ms",
                                          "checkpoint|commands"};
    static const char *const paths[] = {"data_dir", "genesis", "unix_socket",
                                        "tls|cert", "tls|key"};

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        cfg_set_validate_func(cfg, numbers[i], check_number);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        cfg_set_validate_func(cfg, paths[i], check_path);
    cfg_set_validate_func(cfg, "listen", check_listen);
    cfg_set_validate_func(cfg, "log|level", check_level);
}

static void take_text(char *to, size_t size, cfg_t *cfg, const char *name)
{
    if (cfg_size(cfg, name) > 0 && *cfg_getstr(cfg, name))
        (void)snprintf(to, size, "%s", cfg_getstr(cfg, name));
}

static void take_number(uint32_t *to, cfg_t *cfg, const char *name)
{
    cfg_opt_t *option = cfg_getopt(cfg, name);

    if (option && (option->flags & CFGF_MODIFIED))
        *to = (uint32_t)cfg_getint(cfg, name);
}

static void take_limits(struct config *config, cfg_t *cfg)
{
    take_number(&config->message_bytes, cfg, "limits|message_bytes");
    take_number(&config->connections, cfg, "limits|connections");
    take_number(&config->connections_per_address, cfg,
                "limits|connections_per_address");
    take_number(&config->in_flight, cfg, "limits|in_flight");
    take_number(&config->requests_per_second_address, cfg,
                "limits|requests_per_second_address");
    take_number(&config->requests_per_second_account, cfg,
                "limits|requests_per_second_account");
    take_number(&config->checkpoint_interval_ms, cfg, "checkpoint|interval_ms");
    take_number(&config->checkpoint_commands, cfg, "checkpoint|commands");
    take_number(&config->workers, cfg, "workers");
}

static bool take_origins(struct config *config, cfg_t *cfg)
{
    unsigned count = cfg_size(cfg, "cors_origins");

    if (count > CONFIG_ORIGINS_MAX) {
        cfg_error(cfg, "cors_origins has more than %d entries",
                  CONFIG_ORIGINS_MAX);
        return false;
    }
    for (unsigned i = 0; i < count; i++)
        (void)snprintf(config->origins[i], CONFIG_TEXT_BYTES, "%s",
                       cfg_getnstr(cfg, "cors_origins", i));
    config->origin_count = count;
    return true;
}

static bool take_all(struct config *config, cfg_t *cfg)
{
    cfg_opt_t *listen = cfg_getopt(cfg, "listen");

    take_text(config->data_dir, sizeof config->data_dir, cfg, "data_dir");
    take_text(config->genesis, sizeof config->genesis, cfg, "genesis");
    take_text(config->unix_socket, sizeof config->unix_socket, cfg,
              "unix_socket");
    take_text(config->tls_cert, sizeof config->tls_cert, cfg, "tls|cert");
    take_text(config->tls_key, sizeof config->tls_key, cfg, "tls|key");
    take_limits(config, cfg);
    config->metrics = cfg_getbool(cfg, "metrics") == cfg_true;
    if (listen->flags & CFGF_MODIFIED)
        (void)parse_listen(cfg_getstr(cfg, "listen"), config->address,
                           sizeof config->address, &config->port);
    if (!log_level_of(&config->log_level, cfg_getstr(cfg, "log|level")))
        return false;
    if ((config->tls_cert[0] == '\0') != (config->tls_key[0] == '\0')) {
        cfg_error(cfg, "tls needs both cert and key");
        return false;
    }
    return take_origins(config, cfg);
}

bool config_read(struct config *config, const char *path, char *what,
                 size_t what_size)
{
    cfg_t *cfg = cfg_init(options, CFGF_NONE);
    bool is_good;
    int code;

    what[0] = '\0';
    if (!cfg) {
        (void)snprintf(what, what_size, "memory is short");
        return false;
    }
    report_path = path;
    report_to = what;
    report_size = what_size;
    cfg_set_error_function(cfg, report);
    set_checks(cfg);
    code = cfg_parse(cfg, path);
    if (code == CFG_FILE_ERROR)
        (void)snprintf(what, what_size, "%s:0: %s", path, strerror(errno));
    is_good = code == CFG_SUCCESS && take_all(config, cfg);
    if (!is_good && what[0] == '\0')
        (void)snprintf(what, what_size, "%s:%d: cannot be read", path,
                       cfg->line);
    report_to = NULL;
    cfg_free(cfg);
    return is_good;
}

/* ---- printing --------------------------------------------------------- */

void config_print(const struct config *config, FILE *to)
{
    const char *open = strchr(config->address, ':') ? "[" : "";
    const char *close = *open ? "]" : "";

    fprintf(to, "data_dir = \"%s\"\ngenesis = \"%s\"\n", config->data_dir,
            config->genesis);
    if (config->unix_socket[0])
        fprintf(to, "unix_socket = \"%s\"\n", config->unix_socket);
    else
        fprintf(to, "unix_socket = \"%s/clearingd.sock\"\n", config->data_dir);
    if (config->address[0])
        fprintf(to, "listen = \"%s%s%s:%u\"\n", open, config->address, close,
                config->port);
    else
        fprintf(to, "listen = \"\"\n");
    fprintf(to, "cors_origins = {");
    for (uint32_t i = 0; i < config->origin_count; i++)
        fprintf(to, "%s\"%s\"", i ? ", " : "", config->origins[i]);
    fprintf(to, "}\nworkers = %u\nmetrics = %s\n", config->workers,
            config->metrics ? "true" : "false");
    if (config->tls_cert[0])
        fprintf(to, "tls {\n    cert = \"%s\"\n    key = \"%s\"\n}\n",
                config->tls_cert, config->tls_key);
    fprintf(to,
            "limits {\n    message_bytes = %u\n    connections = %u\n"
            "    connections_per_address = %u\n    in_flight = %u\n"
            "    requests_per_second_address = %u\n"
            "    requests_per_second_account = %u\n}\n",
            config->message_bytes, config->connections,
            config->connections_per_address, config->in_flight,
            config->requests_per_second_address,
            config->requests_per_second_account);
    fprintf(to,
            "checkpoint {\n    interval_ms = %u\n    commands = %u\n}\n"
            "log {\n    level = \"%s\"\n}\n",
            config->checkpoint_interval_ms, config->checkpoint_commands,
            log_level_name(config->log_level));
}

void config_take_over(struct config *config, const struct config *fresh)
{
    config->in_flight = fresh->in_flight;
    config->requests_per_second_address = fresh->requests_per_second_address;
    config->requests_per_second_account = fresh->requests_per_second_account;
    config->metrics = fresh->metrics;
    config->log_level = fresh->log_level;
}

/* One part of the configuration that needs a restart, and its name. */
struct part {
    bool differs;
    const char *name;
};

const char *config_fixed_changes(const struct config *before,
                                 const struct config *after)
{
    const struct part parts[] = {
        {strcmp(before->data_dir, after->data_dir) != 0, "data_dir"},
        {strcmp(before->genesis, after->genesis) != 0, "genesis"},
        {strcmp(before->unix_socket, after->unix_socket) != 0, "unix_socket"},
        {strcmp(before->address, after->address) != 0 ||
             before->port != after->port,
         "listen"},
        {strcmp(before->tls_cert, after->tls_cert) != 0 ||
             strcmp(before->tls_key, after->tls_key) != 0,
         "tls"},
        {before->message_bytes != after->message_bytes, "message_bytes"},
        {before->connections != after->connections ||
             before->connections_per_address != after->connections_per_address,
         "connections"},
        {before->workers != after->workers, "workers"},
        {before->checkpoint_interval_ms != after->checkpoint_interval_ms ||
             before->checkpoint_commands != after->checkpoint_commands,
         "checkpoint"},
        {before->origin_count != after->origin_count ||
             memcmp(before->origins, after->origins, sizeof before->origins) !=
                 0,
         "cors_origins"},
    };
    static char names[256];
    size_t size = 0;

    names[0] = '\0';
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].differs)
            size += (size_t)snprintf(names + size, sizeof names - size, "%s%s",
                                     size ? " " : "", parts[i].name);
    return names;
}
