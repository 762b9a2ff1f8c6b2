/*
 * HTTP heads and WebSocket frames as bytes, without any socket. Vectors are
 * those of RFC 6455 and RFC 3629; the rest states the grammar's edges.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/http.h"
#include "net/websocket.h"

TestSuite(net_codec, .timeout = 60);

/* ---- HTTP heads --------------------------------------------------------- */

static uint32_t parse(struct http_head *head, const char *text)
{
    /* An exact copy on the heap lets a sanitizer see a read beyond it. */
    size_t len = strlen(text);
    char *copy = malloc(len ? len : 1);
    memcpy(copy, text, len);
    uint32_t status = http_head_parse(head, copy, len);
    free(copy);
    return status;
}

Test(net_codec, a_head_is_read)
{
    static const char text[] =
        "POST /api/v2?x=1 HTTP/1.1\r\nhOST: a:1\r\nContent-Length:  42 \r\n"
        "Origin: http://o\r\nAuthorization: Bearer x, y\r\n"
        "CONTENT-TYPE:application/json\r\nConnection: Foo , close\r\n"
        "Expect: 100-Continue\r\nX-Empty:\r\n\r\n";
    struct http_head head;
    cr_assert_eq(http_head_parse(&head, text, sizeof(text) - 1), 0);
    cr_assert_eq(head.method, HTTP_POST);
    cr_assert_eq(head.len, sizeof(text) - 1);
    cr_assert_eq(head.content_length, 42);
    cr_assert(head.has_content_length && head.expects_continue);
    cr_assert(head.version_1_1 && !head.keep_alive);
    cr_assert_eq(memcmp(head.path.data, "/api/v2", head.path.len), 0);
    cr_assert_eq(head.path.len, 7);
    cr_assert_eq(memcmp(head.query.data, "x=1", head.query.len), 0);
    cr_assert_eq(memcmp(head.origin.data, "http://o", head.origin.len), 0);
    cr_assert_eq(
        memcmp(head.authorization.data, "Bearer x, y", head.authorization.len),
        0);
    cr_assert_eq(head.content_type.len, strlen("application/json"));
}

Test(net_codec, keep_alive_follows_version_and_header)
{
    struct http_head head;
    cr_assert_eq(parse(&head, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"), 0);
    cr_assert(head.keep_alive);
    cr_assert_eq(parse(&head, "GET / HTTP/1.0\r\n\r\n"), 0);
    cr_assert_not(head.keep_alive);
    cr_assert_eq(
        parse(&head, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), 0);
    cr_assert(head.keep_alive);
    cr_assert_eq(
        parse(&head, "\r\n\r\nGET http://h:8/p HTTP/1.1\r\nHost: h\r\n\r\n"),
        0);
    cr_assert_eq(head.path.len, 2);
}

#define H " HTTP/1.1\r\nHost: h\r\n"

Test(net_codec, what_is_ambiguous_is_refused)
{
    static const struct {
        uint32_t status;
        const char *text;
    } cases[] = {
        {400, "\r\n\r\n"},
        {400, "GET /\r\n\r\n"},
        {400, "GET  /" H "\r\n"},
        {400, "GET / x" H "\r\n"},
        {400, "GET x" H "\r\n"},
        {400, "GET *" H "\r\n"},
        {0, "OPTIONS *" H "\r\n"},
        {400, "GET /a#b" H "\r\n"},
        {400, "GET /\x7f" H "\r\n"},
        {400, "GET /\xc3\xa4" H "\r\n"},
        {400, "GET http://h" H "\r\n"},
        {400, "G@T /" H "\r\n"},
        {0, "BREW /" H "\r\n"},
        {505, "GET / HTTP/2.0\r\nHost: h\r\n\r\n"},
        {505, "GET / HTTP/1.2\r\nHost: h\r\n\r\n"},
        {400, "GET / HTTP/11.1\r\nHost: h\r\n\r\n"},
        {400, "GET / http/1.1\r\nHost: h\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n\r\n"},
        {400, "GET /" H "Host: h\r\n\r\n"},
        {400, "GET /" H "Content-Length: 1\r\nContent-Length: 1\r\n\r\n"},
        {400, "GET /" H "Content-Length: 1, 1\r\n\r\n"},
        {400, "GET /" H "Content-Length: +1\r\n\r\n"},
        {400, "GET /" H "Content-Length: -1\r\n\r\n"},
        {400, "GET /" H "Content-Length: 0x1\r\n\r\n"},
        {400, "GET /" H "Content-Length:\r\n\r\n"},
        {400, "GET /" H "Content-Length: 1234567890123456789\r\n\r\n"},
        {0, "GET /" H "Content-Length: 123456789012345678\r\n\r\n"},
        {400, "GET /" H "Origin: a\r\nOrigin: b\r\n\r\n"},
        {400, "GET /" H "X : a\r\n\r\n"},
        {400, "GET /" H " folded: a\r\n\r\n"},
        {400, "GET /" H "X: a\r\n folded\r\n\r\n"},
        {400, "GET /" H "nocolon\r\n\r\n"},
        {400, "GET /" H ": a\r\n\r\n"},
        {400, "GET /" H "X: a\nY: b\r\n\r\n"},
        {400, "GET /" H "X: a\rb\r\n\r\n"},
        {400, "GET /" H "X: \x01\r\n\r\n"},
        {0, "GET /" H "X: \ta\tb\t\r\n\r\n"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_head head;
        cr_expect_eq(parse(&head, cases[i].text), cases[i].status,
                     "case %zu: %s", i, cases[i].text);
    }
    struct http_head head;
    cr_assert_eq(http_head_parse(&head, "GET /" H "X: \0\r\n\r\n", 33), 400);
}

Test(net_codec, headers_are_counted)
{
    for (int count = HTTP_HEADERS_MAX; count <= HTTP_HEADERS_MAX + 1; count++) {
        char text[4096];
        struct http_head head;
        size_t len = (size_t)snprintf(text, sizeof(text), "GET /" H);
        for (int i = 1; i < count; i++)
            len += (size_t)snprintf(text + len, sizeof(text) - len, "X: y\r\n");
        (void)snprintf(text + len, sizeof(text) - len, "\r\n");
        cr_assert_eq(parse(&head, text), count > HTTP_HEADERS_MAX ? 431 : 0);
    }
}

Test(net_codec, no_prefix_or_mutation_reads_beyond_its_bytes)
{
    static const char good[] =
        "GET /a%20b?c=d+e&f HTTP/1.1\r\nHost: h\r\nOrigin: o\r\n"
        "Connection: a, upgrade\r\nUpgrade: websocket\r\n\r\n";
    static char scratch[HTTP_HEAD_BYTES_MAX];
    uint32_t seed = 1;
    for (int i = 0; i < 200000; i++) {
        size_t len = sizeof(good) - 1;
        char *copy = malloc(len);
        memcpy(copy, good, len);
        for (int change = i % 4; change; change--) {
            seed = seed * 1664525 + 1013904223;
            copy[(seed >> 8) % len] = (char)(seed >> 24);
        }
        if (i % 3 == 0)
            len = (seed >> 10) % len;
        char *exact = malloc(len ? len : 1);
        memcpy(exact, copy, len);
        struct http_head head;
        struct http_target target;
        if (!http_head_parse(&head, exact, len) &&
            http_target_decode(&target, scratch, &head))
            cr_assert_eq(strlen(target.path), target.path_len);
        free(exact);
        free(copy);
    }
}

Test(net_codec, the_end_of_a_head_is_found_in_any_pieces)
{
    static const char text[] = "GET / HTTP/1.1\r\nA: b\r\n\r\nrest";
    for (size_t first = 0; first < sizeof(text); first++) {
        size_t scanned = 0;
        size_t end = http_head_end(text, first, &scanned);
        cr_assert_eq(end, first >= 24 ? 24 : 0);
        if (!end)
            end = http_head_end(text, sizeof(text) - 1, &scanned);
        cr_assert_eq(end, 24);
    }
}

/* ---- targets ------------------------------------------------------------ */

static bool decode(struct http_target *target, const char *path,
                   const char *query)
{
    static char scratch[HTTP_HEAD_BYTES_MAX];
    struct http_head head = {.path = {path, strlen(path)},
                             .query = {query, strlen(query)}};
    return http_target_decode(target, scratch, &head);
}

Test(net_codec, targets_are_decoded)
{
    struct http_target target;
    cr_assert(decode(&target, "/a%2Fb%20c+d", "x=1%262&&y=a+b%2B&bare&="));
    cr_assert_str_eq(target.path, "/a/b c+d");
    cr_assert_eq(target.queries_count, 4);
    cr_assert_str_eq(target.queries[0].text, "x=1&2");
    cr_assert_str_eq(target.queries[1].text, "y=a b+");
    cr_assert_eq(target.queries[1].len, 6);
    cr_assert_str_eq(target.queries[2].text, "bare");
    cr_assert_str_eq(target.queries[3].text, "=");
    cr_assert(decode(&target, "/..a/b..", ""));
    cr_assert_eq(target.queries_count, 0);
}

Test(net_codec, bad_targets_are_refused)
{
    static const char *const paths[] = {
        "/%",  "/%4",     "/%4g",    "/%00",    "/%0a",
        "/..", "/a/../b", "/%2e%2E", "/a/%2e.", "/a%2f.."};
    struct http_target target;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        cr_expect_not(decode(&target, paths[i], ""), "%s", paths[i]);
    }
    cr_assert_not(decode(&target, "/", "a=%zz"));
    cr_assert_not(decode(&target, "/", "a=%00"));
    char many[2 * HTTP_QUERIES_MAX + 3];
    memset(many, '&', sizeof(many));
    for (size_t i = 0; i <= HTTP_QUERIES_MAX; i++)
        many[2 * i] = 'a';
    many[2 * HTTP_QUERIES_MAX] = '\0';
    cr_assert(decode(&target, "/", many));
    many[2 * HTTP_QUERIES_MAX] = 'a';
    many[2 * HTTP_QUERIES_MAX + 1] = '\0';
    cr_assert_not(decode(&target, "/", many));
}

/* ---- replies ------------------------------------------------------------ */

Test(net_codec, a_reply_is_written)
{
    char text[HTTP_REPLY_BYTES_MAX + 1];
    struct http_reply reply = {.status = 200,
                               .content_type = "text/plain",
                               .body_len = 12,
                               .keep_alive = true,
                               .cors_origin = "http://o",
                               .headers = NET_HEADER_RETRY_AFTER};
    size_t len = http_reply_write(text, sizeof(text), &reply);
    text[len] = '\0';
    cr_assert_str_eq(text, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                           "Content-Length: 12\r\nCache-Control: no-store\r\n"
                           "X-Content-Type-Options: nosniff\r\n"
                           "Connection: keep-alive\r\n"
                           "Access-Control-Allow-Origin: http://o\r\n"
                           "Vary: Origin\r\nRetry-After: 1\r\n\r\n");
    cr_assert_eq(http_reply_write(text, len - 1, &reply), 0);
    cr_assert_eq(http_reply_write(text, len, &reply), len);
    reply = (struct http_reply){.status = 204};
    len = http_reply_write(text, sizeof(text), &reply);
    text[len] = '\0';
    cr_assert_null(strstr(text, "Content-Length"));
    cr_assert_not_null(strstr(text, "Connection: close\r\n"));
}

/* ---- WebSocket ---------------------------------------------------------- */

Test(net_codec, the_handshake_answers_the_vector_of_the_standard)
{
    char accept[WEBSOCKET_ACCEPT_BYTES];
    cr_assert(websocket_accept(accept, "dGhlIHNhbXBsZSBub25jZQ==", 24));
    cr_assert_eq(memcmp(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", 28), 0);
    cr_assert_not(websocket_accept(accept, "dGhlIHNhbXBsZSBub25jZQ=", 23));
    cr_assert_not(websocket_accept(accept, "dGhlIHNhbXBsZSBub25jZQAA", 24));
    cr_assert_not(websocket_accept(accept, "dGhlIHNhbXBsZSBub25jZ===", 24));
    cr_assert_not(websocket_accept(accept, "dGhlIHNhb!BsZSBub25jZQ==", 24));
    cr_assert_not(websocket_accept(accept, NULL, 0));
}

Test(net_codec, frame_heads_are_read)
{
    /* RFC 6455 5.7: a masked "Hello". */
    static const char hello[] = "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    struct websocket_frame frame;
    char payload[5];
    for (size_t len = 0; len < 6; len++)
        cr_assert_eq(websocket_parse(&frame, hello, len), WEBSOCKET_MORE);
    cr_assert_eq(websocket_parse(&frame, hello, 11), WEBSOCKET_HEAD);
    cr_assert(frame.final);
    cr_assert_eq(frame.opcode, WEBSOCKET_TEXT);
    cr_assert_eq(frame.head_len, 6);
    cr_assert_eq(frame.payload_len, 5);
    memcpy(payload, hello + 6, 5);
    websocket_unmask(payload, 5, frame.mask);
    cr_assert_eq(memcmp(payload, "Hello", 5), 0);
}

Test(net_codec, frame_lengths_have_one_spelling)
{
    static const struct {
        enum websocket_parse result;
        uint64_t len;
        const char *bytes;
    } cases[] = {
        {WEBSOCKET_HEAD, 125, "\x81\xfd\0\0\0\0\0\0\0\0\0\0\0\0"},
        {WEBSOCKET_BROKEN, 0, "\x81\xfe\0\x7d\0\0\0\0\0\0\0\0\0\0"},
        {WEBSOCKET_HEAD, 126, "\x81\xfe\0\x7e\0\0\0\0\0\0\0\0\0\0"},
        {WEBSOCKET_HEAD, 65535, "\x81\xfe\xff\xff\0\0\0\0\0\0\0\0\0\0"},
        {WEBSOCKET_BROKEN, 0, "\x81\xff\0\0\0\0\0\0\xff\xff\0\0\0\0"},
        {WEBSOCKET_HEAD, 65536, "\x81\xff\0\0\0\0\0\1\0\0\0\0\0\0"},
        {WEBSOCKET_HEAD, INT64_MAX,
         "\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff"
         "\0\0\0\0"},
        {WEBSOCKET_BROKEN, 0, "\x81\xff\x80\0\0\0\0\0\0\0\0\0\0\0"},
        {WEBSOCKET_BROKEN, 0, "\x81\x05\0\0\0\0\0\0\0\0\0\0\0\0"},
        {WEBSOCKET_BROKEN, 0, "\xc1\x85\0\0\0\0\0\0\0\0\0\0\0\0"},
        {WEBSOCKET_BROKEN, 0, "\x83\x85\0\0\0\0\0\0\0\0\0\0\0\0"},
        {WEBSOCKET_BROKEN, 0, "\x8b\x85\0\0\0\0\0\0\0\0\0\0\0\0"},
        {WEBSOCKET_BROKEN, 0, "\x09\x85\0\0\0\0\0\0\0\0\0\0\0\0"},
        {WEBSOCKET_BROKEN, 0, "\x89\xfe\0\x7e\0\0\0\0\0\0\0\0\0\0"},
        {WEBSOCKET_HEAD, 125, "\x89\xfd\0\0\0\0\0\0\0\0\0\0\0\0"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct websocket_frame frame;
        cr_expect_eq(websocket_parse(&frame, cases[i].bytes, 14),
                     cases[i].result, "case %zu", i);
        if (cases[i].result == WEBSOCKET_HEAD)
            cr_expect_eq(frame.payload_len, cases[i].len, "case %zu", i);
    }
}

Test(net_codec, unmasking_is_its_own_inverse_at_every_length)
{
    static const uint8_t mask[4] = {1, 2, 200, 255};
    char bytes[64];
    for (size_t len = 0; len < sizeof(bytes); len++) {
        for (size_t i = 0; i < len; i++)
            bytes[i] = (char)i;
        websocket_unmask(bytes, len, mask);
        for (size_t i = 0; i < len; i++)
            cr_assert_eq((uint8_t)bytes[i], (uint8_t)i ^ mask[i % 4]);
    }
}

Test(net_codec, frame_heads_are_written)
{
    char head[WEBSOCKET_HEAD_BYTES_MAX];
    cr_assert_eq(websocket_head_write(head, WEBSOCKET_TEXT, 125), 2);
    cr_assert_eq(memcmp(head, "\x81\x7d", 2), 0);
    cr_assert_eq(websocket_head_write(head, WEBSOCKET_TEXT, 126), 4);
    cr_assert_eq(memcmp(head, "\x81\x7e\0\x7e", 4), 0);
    cr_assert_eq(websocket_head_write(head, WEBSOCKET_TEXT, 65535), 4);
    cr_assert_eq(websocket_head_write(head, WEBSOCKET_CLOSE, 65536), 10);
    cr_assert_eq(memcmp(head, "\x88\x7f\0\0\0\0\0\1\0\0", 10), 0);
}

/* An independent reading of RFC 3629's table 3-7, byte by byte. */
static bool reference_valid(const uint8_t *s, size_t n)
{
    size_t i = 0;
    while (i < n) {
        uint8_t a = s[i];
        uint8_t b = i + 1 < n ? s[i + 1] : 0;
        size_t tail = 0;
        if (a <= 0x7f) {
            i++;
            continue;
        }
        if (a >= 0xc2 && a <= 0xdf)
            tail = 1;
        else if ((a == 0xe0 && b >= 0xa0) || (a == 0xed && b <= 0x9f) ||
                 (a >= 0xe1 && a <= 0xef && a != 0xed))
            tail = 2;
        else if ((a == 0xf0 && b >= 0x90) || (a == 0xf4 && b <= 0x8f) ||
                 (a >= 0xf1 && a <= 0xf3))
            tail = 3;
        if (!tail || i + tail >= n)
            return false;
        for (size_t k = 1; k <= tail; k++) {
            if (s[i + k] < 0x80 || s[i + k] > 0xbf)
                return false;
        }
        i += tail + 1;
    }
    return true;
}

Test(net_codec, text_is_tested_as_the_standard_says)
{
    static const uint8_t bounds[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f,
                                     0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0,
                                     0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1,
                                     0xf3, 0xf4, 0xf5, 0xf7, 0xf8, 0xff};
    const size_t n = sizeof(bounds);
    for (size_t code = 0; code < n * n * n * n; code++) {
        uint8_t text[4] = {bounds[code % n], bounds[code / n % n],
                           bounds[code / n / n % n], bounds[code / n / n / n]};
        for (size_t len = 1; len <= 4; len++)
            cr_assert_eq(websocket_text_valid((char *)text, len),
                         reference_valid(text, len));
    }
    char ascii[40];
    memset(ascii, 'a', sizeof(ascii));
    for (size_t at = 0; at < sizeof(ascii); at++) {
        cr_assert(websocket_text_valid(ascii, at));
        ascii[at] = (char)0xff;
        cr_assert_not(websocket_text_valid(ascii, sizeof(ascii)));
        ascii[at] = 'a';
    }
}

Test(net_codec, close_codes)
{
    static const uint32_t good[] = {1000, 1003, 1007, 1011, 1014, 3000, 4999};
    static const uint32_t bad[] = {0,    999,  1004, 1005, 1006,
                                   1015, 2999, 5000, 65535};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        cr_expect(websocket_code_valid(good[i]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_expect_not(websocket_code_valid(bad[i]));
}
