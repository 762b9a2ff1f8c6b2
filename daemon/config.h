/*
 * clearingd.conf: what one node decides for itself (libconfuse's grammar).
 * Unknown keys and bad values are errors with file and line; everything has
 * a default. What a running node can take over again is marked [reload].
 */
#ifndef CLEARINGD_DAEMON_CONFIG_H
#define CLEARINGD_DAEMON_CONFIG_H

#include "daemon/log.h"

#include <stdio.h>

#define CONFIG_PATH_BYTES 1024
#define CONFIG_ORIGINS_MAX 32
#define CONFIG_TEXT_BYTES 256

struct config {
    char data_dir[CONFIG_PATH_BYTES];
    char genesis[CONFIG_PATH_BYTES];
    char unix_socket[CONFIG_PATH_BYTES]; /* "": clearingd.sock in data_dir */
    char address[CONFIG_TEXT_BYTES];     /* "": no port */
    uint16_t port;
    char tls_cert[CONFIG_PATH_BYTES], tls_key[CONFIG_PATH_BYTES];
    char origins[CONFIG_ORIGINS_MAX][CONFIG_TEXT_BYTES];
    uint32_t origin_count;
    uint32_t message_bytes, connections, connections_per_address;
    uint32_t in_flight;                   /* [reload] */
    uint32_t requests_per_second_address; /* [reload] */
    uint32_t requests_per_second_account; /* [reload] */
    uint32_t checkpoint_interval_ms, checkpoint_commands;
    uint32_t workers;         /* threads that check signatures */
    bool metrics;             /* [reload] */
    enum log_level log_level; /* [reload] */
};

/* All defaults. */
void config_default(struct config *config);

/* Reads a file over what is there. False: *what is "file:line: what is
 * wrong". */
must_use bool config_read(struct config *config, const char *path, char *what,
                          size_t what_size);

/* The normalised form: every key with its value, readable again. */
void config_print(const struct config *config, FILE *to);

/* Takes over what can change in a running node ([reload]). */
void config_take_over(struct config *config, const struct config *fresh);

/* Names, separated by blanks, of what differs and can't change in a running
 * node; "" when nothing does. */
const char *config_fixed_changes(const struct config *before,
                                 const struct config *after);

#endif
