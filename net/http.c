/*
 * A head is parsed only when all of it is there, in one pass over contiguous
 * bytes: request line, then one header a line. Only the headers the node acts
 * on are kept, as slices; each of them may come once (Connection: often).
 */
#include "net/http.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- reading ------------------------------------------------------------ */

static bool text_is(struct http_text text, const char *word)
{
    size_t len = strlen(word);
    return text.len == len && !strncasecmp(text.data, word, len);
}

static bool is_token(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_control(unsigned char c)
{
    return c < 0x20 || c == 0x7f;
}

size_t http_head_end(const char *bytes, size_t len, size_t *scanned)
{
    size_t from = *scanned > 3 ? *scanned - 3 : 0;
    if (from > len)
        from = len;
    const char *end = memmem(bytes + from, len - from, "\r\n\r\n", 4);
    *scanned = len;
    return end ? (size_t)(end - bytes) + 4 : 0;
}

/* Cuts the next line off *rest; false at a line that ends in no CRLF. */
static bool line_next(struct http_text *line, struct http_text *rest)
{
    const char *end = memchr(rest->data, '\r', rest->len);
    if (!end || (size_t)(end - rest->data) + 1 >= rest->len || end[1] != '\n')
        return false;
    line->data = rest->data;
    line->len = (size_t)(end - rest->data);
    rest->data += line->len + 2;
    rest->len -= line->len + 2;
    return true;
}

static enum http_method method_of(struct http_text word)
{
    static const struct {
        const char *name;
        enum http_method method;
    } known[] = {{"GET", HTTP_GET},
                 {"HEAD", HTTP_HEAD},
                 {"POST", HTTP_POST},
                 {"OPTIONS", HTTP_OPTIONS}};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (word.len == strlen(known[i].name) &&
            !memcmp(word.data, known[i].name, word.len))
            return known[i].method;
    }
    return HTTP_OTHER;
}

/* Origin form, or absolute form reduced to it; "*" for OPTIONS alone. */
static bool target_split(struct http_head *head, struct http_text target)
{
    for (size_t i = 0; i < target.len; i++) {
        unsigned char c = (unsigned char)target.data[i];
        if (c <= 0x20 || c >= 0x7f || c == '#')
            return false;
    }
    if (target.len > 7 && !strncasecmp(target.data, "http://", 7)) {
        const char *slash = memchr(target.data + 7, '/', target.len - 7);
        if (!slash)
            return false;
        target.len -= (size_t)(slash - target.data);
        target.data = slash;
    }
    bool asterisk = head->method == HTTP_OPTIONS && text_is(target, "*");
    if (!target.len || (target.data[0] != '/' && !asterisk))
        return false;
    const char *mark = memchr(target.data, '?', target.len);
    head->path = target;
    if (mark) {
        head->path.len = (size_t)(mark - target.data);
        head->query.data = mark + 1;
        head->query.len = target.len - head->path.len - 1;
    }
    return true;
}

static uint32_t request_line_parse(struct http_head *head,
                                   struct http_text line)
{
    const char *first = memchr(line.data, ' ', line.len);
    const char *last = memrchr(line.data, ' ', line.len);
    if (!first || first == last || first == line.data)
        return 400;
    struct http_text method = {line.data, (size_t)(first - line.data)};
    struct http_text target = {first + 1, (size_t)(last - first - 1)};
    const char *version = last + 1;
    for (size_t i = 0; i < method.len; i++) {
        if (!is_token((unsigned char)method.data[i]))
            return 400;
    }
    if (line.data + line.len - version != 8 || memcmp(version, "HTTP/", 5))
        return 400;
    if (memcmp(version + 5, "1.1", 3) && memcmp(version + 5, "1.0", 3))
        return 505;
    head->version_1_1 = version[7] == '1';
    head->keep_alive = head->version_1_1;
    head->method = method_of(method);
    return target_split(head, target) ? 0 : 400;
}

static bool length_parse(uint64_t *length, struct http_text text)
{
    *length = 0;
    if (!text.len || text.len > 18)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        *length = *length * 10 + (uint64_t)(text.data[i] - '0');
    }
    return true;
}

/* A comma-separated list; calls for each word of it. */
static void list_each(struct http_head *head, struct http_text list,
                      void (*word)(struct http_head *, struct http_text))
{
    while (list.len) {
        const char *comma = memchr(list.data, ',', list.len);
        size_t len = comma ? (size_t)(comma - list.data) : list.len;
        struct http_text part = {list.data, len};
        size_t step = comma ? len + 1 : len;
        list.data += step;
        list.len -= step;
        while (part.len && (*part.data == ' ' || *part.data == '\t')) {
            part.data++;
            part.len--;
        }
        while (part.len && (part.data[part.len - 1] == ' ' ||
                            part.data[part.len - 1] == '\t'))
            part.len--;
        word(head, part);
    }
}

static void connection_word(struct http_head *head, struct http_text word)
{
    if (text_is(word, "close"))
        head->keep_alive = false;
    else if (text_is(word, "keep-alive"))
        head->keep_alive = true;
    else if (text_is(word, "upgrade"))
        head->connection_upgrade = true;
}

static void upgrade_word(struct http_head *head, struct http_text word)
{
    if (text_is(word, "websocket"))
        head->upgrade_websocket = true;
}

/* Keeps a header that may come once; false the second time. */
static bool text_keep(struct http_text *kept, struct http_text value)
{
    if (kept->data)
        return false;
    *kept = value;
    return true;
}

static uint32_t framing_keep(struct http_head *head, struct http_text name,
                             struct http_text value)
{
    if (text_is(name, "content-length")) {
        if (head->has_content_length ||
            !length_parse(&head->content_length, value))
            return 400;
        head->has_content_length = true;
    } else if (text_is(name, "transfer-encoding")) {
        head->has_transfer_encoding = true;
    } else if (text_is(name, "connection")) {
        list_each(head, value, connection_word);
    } else if (text_is(name, "upgrade")) {
        list_each(head, value, upgrade_word);
    } else if (text_is(name, "expect")) {
        head->expects_continue = text_is(value, "100-continue");
    }
    return 0;
}

static uint32_t header_keep(struct http_head *head, struct http_text name,
                            struct http_text value)
{
    struct {
        const char *name;
        struct http_text *kept;
    } texts[] = {{"host", &head->host},
                 {"origin", &head->origin},
                 {"authorization", &head->authorization},
                 {"content-type", &head->content_type},
                 {"sec-websocket-key", &head->websocket_key},
                 {"sec-websocket-version", &head->websocket_version}};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (text_is(name, texts[i].name))
            return text_keep(texts[i].kept, value) ? 0 : 400;
    }
    return framing_keep(head, name, value);
}

static uint32_t header_parse(struct http_head *head, struct http_text line)
{
    const char *colon = memchr(line.data, ':', line.len);
    if (!colon || colon == line.data)
        return 400;
    struct http_text name = {line.data, (size_t)(colon - line.data)};
    struct http_text value = {colon + 1, line.len - name.len - 1};
    for (size_t i = 0; i < name.len; i++) {
        if (!is_token((unsigned char)name.data[i]))
            return 400;
    }
    for (size_t i = 0; i < value.len; i++) {
        if (is_control((unsigned char)value.data[i]) && value.data[i] != '\t')
            return 400;
    }
    while (value.len && (*value.data == ' ' || *value.data == '\t')) {
        value.data++;
        value.len--;
    }
    while (value.len && (value.data[value.len - 1] == ' ' ||
                         value.data[value.len - 1] == '\t'))
        value.len--;
    return header_keep(head, name, value);
}

uint32_t http_head_parse(struct http_head *head, const char *bytes, size_t len)
{
    struct http_text rest = {bytes, len};
    struct http_text line;
    *head = (struct http_head){.len = len};
    /* Empty lines before a request are allowed for old clients' sake. */
    while (rest.len > 2 && !memcmp(rest.data, "\r\n", 2)) {
        rest.data += 2;
        rest.len -= 2;
    }
    if (!line_next(&line, &rest))
        return 400;
    uint32_t status = request_line_parse(head, line);
    for (uint32_t count = 0; !status; count++) {
        if (!line_next(&line, &rest))
            return 400;
        if (!line.len)
            break;
        if (count == HTTP_HEADERS_MAX)
            return 431;
        status = header_parse(head, line);
    }
    if (status)
        return status;
    return head->version_1_1 && !head->host.data ? 400 : 0;
}

/* ---- decoding ----------------------------------------------------------- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Appends the decoded text and a NUL at *out; false at a broken escape or a
 * control character. */
static bool text_decode(char **out, struct http_text text, bool plus_is_space)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c == '+' && plus_is_space)
            c = ' ';
        if (c == '%') {
            int high = i + 2 < text.len ? hex_digit(text.data[i + 1]) : -1;
            int low = i + 2 < text.len ? hex_digit(text.data[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (is_control((unsigned char)c))
            return false;
        *(*out)++ = c;
    }
    *(*out)++ = '\0';
    return true;
}

static bool path_climbs(const char *path)
{
    for (const char *at = path; (at = strstr(at, "/..")); at += 3) {
        if (at[3] == '/' || at[3] == '\0')
            return true;
    }
    return false;
}

bool http_target_decode(struct http_target *target, char *scratch,
                        const struct http_head *head)
{
    char *out = scratch;
    target->queries_count = 0;
    target->path = out;
    if (!text_decode(&out, head->path, false))
        return false;
    target->path_len = (size_t)(out - target->path) - 1;
    if (path_climbs(target->path))
        return false;
    struct http_text rest = head->query;
    while (rest.len) {
        const char *mark = memchr(rest.data, '&', rest.len);
        size_t len = mark ? (size_t)(mark - rest.data) : rest.len;
        if (len && target->queries_count == HTTP_QUERIES_MAX)
            return false;
        if (len) {
            struct net_query *query = &target->queries[target->queries_count++];
            query->text = out;
            if (!text_decode(&out, (struct http_text){rest.data, len}, true))
                return false;
            query->len = (size_t)(out - query->text) - 1;
        }
        size_t step = mark ? len + 1 : len;
        rest.data += step;
        rest.len -= step;
    }
    return true;
}

/* ---- writing ------------------------------------------------------------ */

static const char *reason_of(uint32_t status)
{
    switch (status) {
    case 100:
        return "Continue";
    case 101:
        return "Switching Protocols";
    case 200:
        return "OK";
    case 204:
        return "No Content";
    case 304:
        return "Not Modified";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 411:
        return "Length Required";
    case 413:
        return "Content Too Large";
    case 426:
        return "Upgrade Required";
    case 429:
        return "Too Many Requests";
    case 431:
        return "Request Header Fields Too Large";
    case 500:
        return "Internal Server Error";
    case 503:
        return "Service Unavailable";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "Status";
    }
}

struct writer {
    char *bytes;
    size_t capacity;
    size_t len; /* beyond capacity once something did not fit */
};

static void write_text(struct writer *writer, const char *text)
{
    size_t len = strlen(text);
    if (writer->len + len <= writer->capacity)
        memcpy(writer->bytes + writer->len, text, len);
    writer->len += len;
}

static void write_extras(struct writer *writer, uint32_t headers)
{
    static const struct {
        uint32_t header;
        const char *line;
    } lines[] = {
        {NET_HEADER_RETRY_AFTER, "Retry-After: 1\r\n"},
        {NET_HEADER_ALLOW_GET, "Allow: GET, HEAD, OPTIONS\r\n"},
        {NET_HEADER_ALLOW_POST, "Allow: POST, OPTIONS\r\n"},
        {NET_HEADER_AUTHENTICATE, "WWW-Authenticate: deri-hmac-sha256\r\n"},
        {NET_HEADER_PAGE,
         "Content-Security-Policy: default-src 'none'; script-src 'self'; "
         "style-src 'self'; img-src 'self' data:; connect-src 'self'; "
         "base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
         "Referrer-Policy: no-referrer\r\n"},
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (headers & lines[i].header)
            write_text(writer, lines[i].line);
    }
}

size_t http_reply_write(char *bytes, size_t capacity,
                        const struct http_reply *reply)
{
    struct writer writer = {bytes, capacity, 0};
    char number[32];
    (void)snprintf(number, sizeof(number), "HTTP/1.1 %u ", reply->status);
    write_text(&writer, number);
    write_text(&writer, reason_of(reply->status));
    write_text(&writer, "\r\n");
    if (reply->content_type) {
        write_text(&writer, "Content-Type: ");
        write_text(&writer, reply->content_type);
        (void)snprintf(number, sizeof(number), "%zu", reply->body_len);
        write_text(&writer, "\r\nContent-Length: ");
        write_text(&writer, number);
        write_text(&writer, "\r\n");
    } else if (reply->status >= 200 && reply->status != 204 &&
               reply->status != 304) {
        write_text(&writer, "Content-Length: 0\r\n");
    }
    write_text(&writer, "Cache-Control: no-store\r\n"
                        "X-Content-Type-Options: nosniff\r\n");
    if (reply->status != 101)
        write_text(&writer, reply->keep_alive ? "Connection: keep-alive\r\n"
                                              : "Connection: close\r\n");
    if (reply->cors_origin) {
        write_text(&writer, "Access-Control-Allow-Origin: ");
        write_text(&writer, reply->cors_origin);
        write_text(&writer, "\r\nVary: Origin\r\n");
    }
    write_extras(&writer, reply->headers);
    if (reply->extra)
        write_text(&writer, reply->extra);
    write_text(&writer, "\r\n");
    return writer.len <= capacity ? writer.len : 0;
}
