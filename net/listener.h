/*
 * Listening sockets: our own Unix path and TCP port, and inherited ones.
 */
#ifndef CLEARINGD_NET_LISTENER_H
#define CLEARINGD_NET_LISTENER_H

#include <sys/stat.h>

#include "net/conn.h"

struct listener {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_pipe_t pipe;
        uv_tcp_t tcp;
    } uv;
    struct net_server *server;
    int fd; /* until libuv has it, then -1 */
    bool is_unix;
    bool inherited;
    bool started;
    bool owed;  /* a connection waits that there was no memory for */
    char *path; /* of our own socket file, NULL: none */
    dev_t device;
    ino_t inode;
};

/* Binds a Unix socket file; one that nobody answers on is replaced. The file
 * has its mode before anybody can connect. */
enum net_result listener_bind_unix(struct listener *listener, const char *path,
                                   uint32_t mode);

/* Binds a numeric address; port 0: any free one. */
enum net_result listener_bind_tcp(struct listener *listener,
                                  const char *address, uint16_t port);

/* Takes an inherited listening socket. */
enum net_result listener_adopt(struct listener *listener, int fd);

/* The TCP port, 0 for Unix. */
uint16_t listener_port(const struct listener *listener);

/* Gives the socket to the loop. On failure the handle must still be closed by
 * listener_close if listener->started. */
enum net_result listener_start(struct listener *listener,
                               struct net_server *server);

/* Tries again what there was no memory for. */
void listener_retry(struct listener *listener);

/* Stops listening and removes our socket file, if it is still ours. Harmless
 * on one that is closed or never was bound. */
void listener_close(struct listener *listener);

#endif
