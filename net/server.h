/*
 * The node's doors: newline-delimited messages on a Unix socket, HTTP and
 * WebSocket on one TCP port (TLS by option). Bytes in, bytes out; what they
 * mean is the daemon's.
 *
 * Everything runs on the one thread of the loop given to net_server_create.
 * A connection is named by a number (slot and generation): a number of a
 * connection that is gone is harmless, every function then does nothing and
 * says so. Handlers may call every function here. None of these functions
 * calls a handler before it returns: what they cause comes from the loop.
 */
#ifndef CLEARINGD_NET_SERVER_H
#define CLEARINGD_NET_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base.h"

struct uv_loop_s;
struct net_server;

/* 0 is never a connection. */
#define NET_CONN_NONE ((uint64_t)0)

enum net_kind {
    NET_UNIX,
    NET_HTTP,
    NET_WEBSOCKET,
};

enum net_result {
    NET_OK,
    NET_NO_MEMORY,
    NET_OPTION_INVALID, /* limits of zero, bad address, path too long */
    NET_SOCKET_BUSY,    /* another process answers on unix_path */
    NET_LISTEN_FAILED,  /* bind or listen; errno says why */
    NET_LIBRARY_FAILED, /* a handle of libuv could not be made */
    NET_TLS_FAILED,     /* certificate or key unreadable or not a pair */
};

/* Bytes owned by somebody else. */
struct net_bytes {
    const char *data;
    size_t len;
};

/*
 * Everything pointed to must live until net_server_create returns; net copies
 * what it keeps. Times are milliseconds, 0: no limit.
 */
struct net_options {
    const char *unix_path; /* NULL: no Unix socket of our own */
    uint32_t unix_mode;    /* permission bits of the socket file */
    const char *address;   /* numeric IPv4 or IPv6, NULL: no port of our own */
    uint16_t port;         /* 0: any free one, see net_port */
    const char *tls_certificate_path; /* PEM chain, NULL: plain TCP */
    const char *tls_key_path;
    /* Listening sockets inherited (systemd's LISTEN_FDS), of either family;
     * net owns them from a successful create on. They come beside unix_path
     * and address: leave those NULL where a socket was inherited. */
    const int *listen_fds;
    size_t listen_fds_count;

    size_t message_bytes_max;   /* a line, a WebSocket message, an HTTP body */
    size_t out_queue_bytes_max; /* per connection; a reader slower is closed */
    uint32_t connections_max;
    uint32_t connections_per_address_max; /* TCP only */

    uint64_t request_ms_max; /* TLS handshake + head + body of one request */
    uint64_t idle_ms_max;    /* HTTP keep-alive without a request */
    uint64_t unix_idle_ms_max;
    uint64_t ping_ms;      /* WebSocket: silence until we send a ping ... */
    uint64_t pong_ms_max;  /* ... and silence until we hang up */
    uint64_t stall_ms_max; /* output waiting, the peer takes none of it */

    const char *const *cors_origins; /* exact origins, or one "*" */
    size_t cors_origins_count;
    const char *const *websocket_paths; /* upgrades elsewhere: 404 */
    size_t websocket_paths_count;

    /* Ready-made JSON bodies without newline. */
    struct net_bytes oversize_reply; /* message too long, then closed */
    struct net_bytes busy_reply;     /* too many connections, or refused by
                                      * on_open; HTTP status 503, then closed */
};

/* One decoded "name=value" (or bare "name") of a query string: percent
 * escapes and '+' are already resolved; text is NUL-terminated. */
struct net_query {
    const char *text;
    size_t len;
};

enum net_method {
    NET_GET, /* HEAD too: net drops the reply's body */
    NET_POST,
};

/* Valid during on_http only. All texts are NUL-terminated and never NULL;
 * a header that was not sent is an empty text. */
struct net_http_request {
    enum net_method method;
    const char *path; /* decoded, begins with '/', no "..", no query */
    size_t path_len;
    const struct net_query *queries; /* in the order sent */
    size_t queries_count;
    const char *origin;
    const char *authorization;
    const char *content_type;
    const char *body; /* may hold any byte */
    size_t body_len;
};

/* Extra response headers, or-ed together. */
enum net_header {
    NET_HEADER_NONE = 0,
    NET_HEADER_RETRY_AFTER = 1,  /* Retry-After: 1 */
    NET_HEADER_ALLOW_GET = 2,    /* Allow: GET, HEAD, OPTIONS (with a 405) */
    NET_HEADER_ALLOW_POST = 4,   /* Allow: POST, OPTIONS (with a 405) */
    NET_HEADER_AUTHENTICATE = 8, /* WWW-Authenticate: deri-hmac-sha256 */
    NET_HEADER_PAGE = 16,        /* Content-Security-Policy: only ourselves */
    NET_HEADER_CLOSE = 32,       /* close the connection after this reply */
};

struct net_handler {
    void *ctx;
    /* A peer arrived: a Unix connection, the first HTTP request of a TCP
     * connection, or a WebSocket handshake (an HTTP connection that upgrades
     * is first closed, then opened under a new number). peer is the numeric
     * address without port, or "unix". False refuses: busy_reply, closed, and
     * no on_close follows. */
    bool (*on_open)(void *ctx, uint64_t conn, enum net_kind kind,
                    const char *peer);
    /* One line (without its newline and a '\r' before it; empty lines are
     * skipped) or one text message, at most message_bytes_max. bytes are valid
     * during the call and not NUL-terminated. */
    void (*on_message)(void *ctx, uint64_t conn, const char *bytes, size_t len);
    /* One request; exactly one net_http_reply must follow, now or later. The
     * next request of the connection comes only after it. */
    void (*on_http)(void *ctx, uint64_t conn,
                    const struct net_http_request *request);
    /* Follows each accepted on_open once; conn is dead already. */
    void (*on_close)(void *ctx, uint64_t conn);
};

struct net_stats {
    uint64_t unix_open; /* connections now, by kind; TCP connections that */
    uint64_t http_open; /* have not upgraded count as HTTP */
    uint64_t websocket_open;
    uint64_t accepted;        /* the rest are totals since the start */
    uint64_t refused_limit;   /* by the limits on connections */
    uint64_t refused_handler; /* by on_open */
    uint64_t closed_slow;     /* out queue over its limit, or stalled */
    uint64_t closed_oversize;
    uint64_t closed_timeout; /* half-sent requests, idle, no pong */
    uint64_t messages_in;    /* lines, messages, HTTP requests */
    uint64_t messages_out;
    uint64_t bytes_in;  /* payload, without framing */
    uint64_t bytes_out; /* queued, without framing */
};

/* A short English text, static. */
const char *net_result_text(enum net_result result);

/* Loopback port 8650, no Unix path, the limits of the protocol page, and
 * ready-made JSON-RPC error bodies. */
void net_options_default(struct net_options *options);

/* Starts listening; connections are served when the loop runs. Ignores SIGPIPE
 * for the process. An existing socket file is replaced only if nobody answers
 * on it. On failure nothing is left behind, *server is NULL. handler is
 * copied. */
enum net_result must_use net_server_create(struct net_server **server,
                                           struct uv_loop_s *loop,
                                           const struct net_options *options,
                                           const struct net_handler *handler);

/* The TCP port served (the first one, if several), 0 if none. */
uint16_t net_port(const struct net_server *server);

/* Queues one line or message; bytes are copied, written once per iteration of
 * the loop, in order. bytes must hold no newline on a Unix connection. False:
 * the connection is gone, closing, no Unix or WebSocket one, or its queue
 * went over out_queue_bytes_max (it is then closed). */
bool net_send(struct net_server *server, uint64_t conn, const char *bytes,
              size_t len);

/* The same; takes over a malloc'd buffer, also when it returns false. */
bool net_send_owned(struct net_server *server, uint64_t conn, char *bytes,
                    size_t len);

/* Answers the connection's HTTP request; body is copied. status 200-599;
 * content_type at most 255 bytes, NULL: no body and no such header (use with
 * 204). False: the peer is gone or no request is waiting. */
bool net_http_reply(struct net_server *server, uint64_t conn, uint32_t status,
                    const char *content_type, const char *body, size_t len,
                    uint32_t headers);

/* Reading stops: no on_message until net_resume, also for messages already
 * read; the peer feels it through its socket. Counts no calls: one resume
 * ends it. */
void net_pause(struct net_server *server, uint64_t conn);
void net_resume(struct net_server *server, uint64_t conn);

/* Sends what is queued, then closes (WebSocket: 1000). No further on_message;
 * on_close comes later from the loop. */
void net_close_conn(struct net_server *server, uint64_t conn);

/* The user id of a Unix peer as the kernel knew it at connect; false for
 * other kinds and dead connections. */
bool net_peer_uid(const struct net_server *server, uint64_t conn,
                  uint32_t *uid);

/* By which of the options' websocket_paths a WebSocket came; false for other
 * kinds and dead connections. */
bool net_websocket_path(const struct net_server *server, uint64_t conn,
                        size_t *index);

/* First step of an orderly end: no more accepting, reading or handing out;
 * replies can still be sent. Optional before net_shutdown. */
void net_drain(struct net_server *server);

/* Ends the server: net_drain, then each connection is closed when its queue
 * is written and its HTTP request answered (WebSocket: 1001), or after
 * grace_ms in any case. on_close comes for each. Then the socket file is
 * removed (if we made it), the server is freed, and done(ctx) is called from
 * the loop as the very last thing. Call once. */
void net_shutdown(struct net_server *server, uint64_t grace_ms,
                  void (*done)(void *ctx), void *ctx);

void net_stats_read(const struct net_server *server, struct net_stats *stats);

#endif
