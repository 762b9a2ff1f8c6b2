/*
 * One connection: a libuv stream with its input, its output queue and its end.
 * What the bytes mean is decided by its phase: lines (net/lines.h), HTTP
 * (net/web_http.h) or WebSocket (net/web_socket.h), with TLS (net/tls.h)
 * between the stream and the phase if the port has it.
 *
 * A life goes LIVE -> CLOSING (output is still written, input thrown away) ->
 * LINGER (our side is shut, the peer reads what we sent and closes) -> DEAD
 * (the handle is closing, the number is free again); or from anywhere to
 * DOOMED, which becomes DEAD at the next settling. Handlers are called only
 * from callbacks of libuv, so that no function of net/server.h calls back into
 * the daemon: it marks, and the flush list settles it in the same iteration.
 */
#ifndef CLEARINGD_NET_CONN_H
#define CLEARINGD_NET_CONN_H

#include <netinet/in.h>
#include <sys/queue.h>
#include <uv.h>

#include "net/buffer.h"
#include "net/http.h"
#include "net/queue.h"
#include "net/server.h"

struct tls;
struct tls_context;
struct listener;

enum conn_phase {
    CONN_LINES,
    CONN_HTTP,    /* between requests, or a request is coming in */
    CONN_WAITING, /* a request is with the daemon */
    CONN_WEBSOCKET,
};

enum conn_end {
    CONN_LIVE,
    CONN_CLOSING,
    CONN_LINGER,
    CONN_DOOMED,
    CONN_DEAD,
};

struct conn {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_pipe_t pipe;
        uv_tcp_t tcp;
    } uv;
    struct net_server *server;
    uint64_t id;
    uint32_t slot;
    enum net_kind kind;
    enum conn_phase phase;
    enum conn_end end;
    bool counted; /* among the server's conns_count */
    bool opened;  /* on_open accepted, on_close is owed */
    bool paused;
    bool reading;
    bool writing; /* a uv_write is in flight */
    bool peer_ended;
    bool flush_listed;
    bool resume_listed;

    /* Of the current HTTP request. */
    bool keep_alive;
    bool head_only;
    bool continued;
    const char *cors_origin; /* one of the server's, or NULL */

    bool pinged;
    bool message_open;     /* a fragmented message is in message */
    size_t websocket_path; /* place among the options' */

    size_t scanned;    /* input already searched for an end */
    size_t needed;     /* input worth another look */
    uint64_t since_ms; /* the phase's or the end's begin */
    uint64_t heard_ms; /* last input */
    uint64_t taken_ms; /* last time the peer took output */
    size_t taken_left; /* libuv's write queue at the last sweep */
    uint64_t messages_in;
    uint64_t messages_out;

    struct buffer in;
    struct buffer message;
    struct queue out;  /* plain bytes */
    struct queue wire; /* TLS records */
    uv_write_t write;
    size_t write_len;
    struct tls *tls;
    uint32_t uid;
    char peer[INET6_ADDRSTRLEN];
    TAILQ_ENTRY(conn) flush_entry;
    TAILQ_ENTRY(conn) resume_entry;
};

TAILQ_HEAD(conn_list, conn);

#define NET_READ_BYTES 65536

struct net_server {
    struct uv_loop_s *loop;
    struct net_options options; /* texts are our own copies */
    struct net_handler handler;
    struct tls_context *tls; /* NULL: plain */
    struct net_stats stats;

    struct conn **slots;
    uint32_t *generations;
    uint32_t *slots_free;
    uint32_t slots_count;
    uint32_t slots_free_count;
    uint32_t conns_count; /* without those refused for their number */

    struct conn_list flush_list;
    struct conn_list resume_list;
    uint32_t resume_count;

    struct listener *listeners;
    size_t listeners_count;
    uint16_t port;

    uv_prepare_t flusher; /* writes what an iteration has queued */
    uv_idle_t resumer;    /* runs while paused input waits for its turn */
    uv_timer_t sweeper;   /* looks for overdue connections */
    uint32_t handles_open;

    bool draining;
    bool ending;
    uint64_t end_ms; /* the grace ends; 0: none */
    void (*done)(void *ctx);
    void *done_ctx;

    char read_bytes[NET_READ_BYTES];
    char plain_bytes[NET_READ_BYTES];
    char scratch[HTTP_HEAD_BYTES_MAX + 64];
};

/* Takes the connection that waits at a listening stream. One above the limits
 * is told so and closed. False: no memory to take it, it still waits. */
bool conn_accept(struct net_server *server, uv_stream_t *listener,
                 bool is_unix);

/* Ends the daemon's view of a connection and begins another under a new
 * number, of another kind. False: the handler refused, conn is closing. */
bool conn_open(struct conn *conn, enum net_kind kind);

/* Queues bytes; false and doomed if there is no memory or the queue is over
 * its limit. */
bool conn_write(struct conn *conn, const char *bytes, size_t len);

/* The same, taking over a malloc'd buffer in any case. */
bool conn_write_owned(struct conn *conn, char *bytes, size_t len);

/* Output is written, input thrown away, then closed. */
void conn_finish(struct conn *conn);

/* Closed without more ado, when it is next settled. */
void conn_doom(struct conn *conn);

/* Kept input is looked at again, from the loop. */
void conn_wake(struct conn *conn);

/* Flushed and settled later in this iteration of the loop, or in the next. */
void conn_settle_later(struct conn *conn);

/* What a callback of libuv does last: dead if doomed, reading as its state
 * asks. conn may be gone afterwards. */
void conn_settle(struct conn *conn);

/* Writes what can be written now. */
void conn_flush(struct conn *conn);

/* Takes kept input further after net_resume or net_http_reply. */
void conn_continue(struct conn *conn);

/* The orderly end of this connection because the server ends. */
void conn_retire(struct conn *conn);

/* Defined by net/server.c: a handle of the server's is closed; the resumer
 * has work. */
void server_handle_closed(struct net_server *server);
void server_resume(struct net_server *server);

#endif
