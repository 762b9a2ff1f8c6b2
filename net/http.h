/*
 * HTTP/1.1 messages as bytes: reading a request's head, decoding its target,
 * writing a reply's head. Pure functions; net/web_http.h is the connection's
 * behaviour.
 *
 * The grammar is RFC 9112's with nothing lenient in it: lines end in CRLF, no
 * folded lines, no space before a colon, no control characters, one Host, one
 * Content-Length. What is ambiguous is refused, not interpreted.
 */
#ifndef CLEARINGD_NET_HTTP_H
#define CLEARINGD_NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base.h"
#include "net/server.h"

#define HTTP_HEAD_BYTES_MAX 16384
#define HTTP_HEADERS_MAX 100
#define HTTP_QUERIES_MAX 64

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_OPTIONS,
    HTTP_OTHER,
};

/* A slice of the request; empty when the header was not sent. */
struct http_text {
    const char *data;
    size_t len;
};

struct http_head {
    size_t len; /* with the empty line */
    enum http_method method;
    bool keep_alive;
    bool version_1_1;
    bool has_content_length;
    bool has_transfer_encoding;
    bool expects_continue;
    bool upgrade_websocket;
    bool connection_upgrade;
    uint64_t content_length;
    struct http_text path; /* still encoded */
    struct http_text query;
    struct http_text host;
    struct http_text origin;
    struct http_text authorization;
    struct http_text content_type;
    struct http_text websocket_key;
    struct http_text websocket_version;
};

/* A decoded target. The texts lie in the caller's scratch. */
struct http_target {
    const char *path;
    size_t path_len;
    size_t queries_count;
    struct net_query queries[HTTP_QUERIES_MAX];
};

/* Where the head ends (one past its empty line), 0: not yet. *scanned is where
 * the search goes on when more bytes have come; begin with 0. */
size_t http_head_end(const char *bytes, size_t len, size_t *scanned);

/* Reads a head of exactly len bytes as found by http_head_end. 0, or the
 * status to refuse with: 400, 431 (too many headers), 501, 505. */
uint32_t http_head_parse(struct http_head *head, const char *bytes, size_t len);

/* Decodes path and query into scratch of at least HTTP_HEAD_BYTES_MAX bytes.
 * False: a broken escape, a NUL or control character, a ".." segment, or more
 * than HTTP_QUERIES_MAX parameters. */
bool must_use http_target_decode(struct http_target *target, char *scratch,
                                 const struct http_head *head);

struct http_reply {
    uint32_t status;
    const char *content_type; /* NULL: no body, no length */
    size_t body_len;
    bool keep_alive;
    const char *cors_origin; /* NULL: none */
    uint32_t headers;        /* enum net_header, or-ed */
    const char *extra;       /* whole header lines with CRLF, or NULL */
};

#define HTTP_REPLY_BYTES_MAX 2048

/* Writes the head of a reply; its length, 0 if it does not fit (an origin or
 * content type of absurd length). */
size_t http_reply_write(char *bytes, size_t capacity,
                        const struct http_reply *reply);

#endif
