/*
 * A blocking JSON-RPC client for the programs: over a Unix socket (any
 * number of calls may be under way) or over HTTP (one at a time).
 */
#ifndef CLEARINGD_CMD_COMMON_CLIENT_H
#define CLEARINGD_CMD_COMMON_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct client;

/* What went wrong with a call: code and message of the node's error and its
 * data (owned, may be NULL), or code 0 and a text of the transport's. */
struct client_error {
    int code;
    char message[200];
    json_t *data;
};

/* NULL: errno says why. */
struct client *client_open_socket(const char *path);
/* "http://127.0.0.1:8650"; nothing is sent yet. NULL: memory is short. */
struct client *client_open_url(const char *url);
void client_close(struct client *client);

/* Calls and waits. Takes over params (NULL: none). The result is the
 * caller's; NULL: *error, whose data client_error_clear frees. */
json_t *client_call(struct client *client, const char *method, json_t *params,
                    struct client_error *error);
void client_error_clear(struct client_error *error);

/*
 * Many calls under way, Unix socket only: lines go out and come in. A send
 * never deadlocks with a peer that waits for us to read: answers that arrive
 * meanwhile are kept.
 */
/* Sends one line (without newline). False: the connection is gone. */
bool client_send_line(struct client *client, const char *line, size_t size);
/* The next answer line, without newline, valid until the next call; NULL:
 * the connection is gone. */
const char *client_receive_line(struct client *client, size_t *size);
/* Lines already here that client_receive_line gives without waiting. */
bool client_has_line(const struct client *client);

#endif
