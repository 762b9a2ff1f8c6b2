#include "cmd/common/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_BYTES 65536

/* Bytes that grow at the end and are taken from the front. */
struct bytes {
    char *data;
    size_t start, end, capacity;
};

struct client {
    int fd; /* -1: HTTP */
    CURL *http;
    char *url;
    uint64_t next_id;
    struct bytes in;
    size_t scanned; /* bytes of `in` known to hold no newline */
};

static bool bytes_room(struct bytes *bytes, size_t size)
{
    size_t used = bytes->end - bytes->start, capacity;
    char *data;

    if (bytes->capacity - bytes->end >= size)
        return true;
    if (bytes->start > 0) {
        memmove(bytes->data, bytes->data + bytes->start, used);
        bytes->start = 0;
        bytes->end = used;
    }
    if (bytes->capacity - bytes->end >= size)
        return true;
    capacity = 2 * (used + size);
    data = realloc(bytes->data, capacity);
    if (!data)
        return false;
    bytes->data = data;
    bytes->capacity = capacity;
    return true;
}

struct client *client_open_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct client *client;
    int fd;

    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    memcpy(address.sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return NULL;
    client = calloc(1, sizeof *client);
    if (!client ||
        connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        int saved = errno;

        close(fd);
        free(client);
        errno = saved;
        return NULL;
    }
    client->fd = fd;
    return client;
}

struct client *client_open_url(const char *url)
{
    struct client *client = calloc(1, sizeof *client);
    size_t size = strlen(url);

    if (!client)
        return NULL;
    client->fd = -1;
    while (size > 0 && url[size - 1] == '/')
        size--;
    client->url = malloc(size + sizeof "/api/v2");
    client->http = curl_easy_init();
    if (!client->url || !client->http) {
        client_close(client);
        return NULL;
    }
    memcpy(client->url, url, size);
    memcpy(client->url + size, "/api/v2", sizeof "/api/v2");
    return client;
}

void client_close(struct client *client)
{
    if (!client)
        return;
    if (client->fd >= 0)
        close(client->fd);
    if (client->http)
        curl_easy_cleanup(client->http);
    free(client->url);
    free(client->in.data);
    free(client);
}

/* ---- lines ----------------------------------------------------------- */

/* Reads what is there; waits for some if `wait`. False: gone. */
static bool read_some(struct client *client, bool wait)
{
    ssize_t count;

    if (!bytes_room(&client->in, READ_BYTES))
        return false;
    do
        count =
            recv(client->fd, client->in.data + client->in.end,
                 client->in.capacity - client->in.end, wait ? 0 : MSG_DONTWAIT);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return !wait && (errno == EAGAIN || errno == EWOULDBLOCK);
    client->in.end += (size_t)count;
    return count > 0;
}

bool client_send_line(struct client *client, const char *line, size_t size)
{
    size_t sent = 0;

    while (sent < size + 1) {
        struct pollfd ready = {client->fd, POLLIN | POLLOUT, 0};
        const char *part = sent < size ? line + sent : "\n";
        ssize_t count;

        if (poll(&ready, 1, -1) < 0 && errno != EINTR)
            return false;
        if ((ready.revents & POLLIN) && !read_some(client, false))
            return false;
        if (!(ready.revents & POLLOUT))
            continue;
        count = send(client->fd, part, sent < size ? size - sent : 1,
                     MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        if (count > 0)
            sent += (size_t)count;
    }
    return true;
}

/* Length of the first whole line in the buffer, SIZE_MAX: none yet. */
static size_t first_line(const struct client *client)
{
    const struct bytes *in = &client->in;
    const char *from = in->data + in->start + client->scanned;
    const char *end =
        in->end > in->start + client->scanned
            ? memchr(from, '\n', in->end - in->start - client->scanned)
            : NULL;

    return end ? (size_t)(end - (in->data + in->start)) : SIZE_MAX;
}

bool client_has_line(const struct client *client)
{
    return first_line(client) != SIZE_MAX;
}

const char *client_receive_line(struct client *client, size_t *size)
{
    const char *line;

    while ((*size = first_line(client)) == SIZE_MAX) {
        client->scanned = client->in.end - client->in.start;
        if (!read_some(client, true))
            return NULL;
    }
    line = client->in.data + client->in.start;
    client->in.start += *size + 1;
    client->scanned = 0;
    return line;
}

/* ---- calls ----------------------------------------------------------- */

static json_t *transport_error(struct client_error *error, const char *text)
{
    *error = (struct client_error){0};
    snprintf(error->message, sizeof error->message, "%s", text);
    return NULL;
}

static size_t take_body(char *data, size_t size, size_t count, void *ctx)
{
    struct bytes *bytes = ctx;

    if (!bytes_room(bytes, size * count))
        return 0;
    memcpy(bytes->data + bytes->end, data, size * count);
    bytes->end += size * count;
    return size * count;
}

/* The answer's text over HTTP; false: *error. */
static bool exchange_http(struct client *client, const char *request,
                          struct client_error *error)
{
    struct curl_slist *headers =
        curl_slist_append(NULL, "Content-Type: application/json");
    CURLcode code;

    client->in.start = client->in.end = 0;
    curl_easy_setopt(client->http, CURLOPT_URL, client->url);
    curl_easy_setopt(client->http, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(client->http, CURLOPT_POSTFIELDS, request);
    curl_easy_setopt(client->http, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(client->http, CURLOPT_WRITEDATA, &client->in);
    curl_easy_setopt(client->http, CURLOPT_NOSIGNAL, 1L);
    code = curl_easy_perform(client->http);
    curl_slist_free_all(headers);
    if (code != CURLE_OK)
        transport_error(error, curl_easy_strerror(code));
    return code == CURLE_OK;
}

/* The answer to the call with this id; answers to others are passed over. */
static json_t *receive_answer(struct client *client, uint64_t id)
{
    const char *line;
    size_t size;

    while ((line = client_receive_line(client, &size))) {
        json_t *answer = json_loadb(line, size, 0, NULL);
        json_t *number = json_object_get(answer, "id");

        if (json_is_null(number) || (uint64_t)json_integer_value(number) == id)
            return answer;
        json_decref(answer);
    }
    return NULL;
}

static json_t *exchange(struct client *client, const char *request, uint64_t id,
                        struct client_error *error)
{
    json_t *answer = NULL;

    if (client->fd < 0) {
        if (exchange_http(client, request, error))
            answer = json_loadb(client->in.data, client->in.end, 0, NULL);
        else
            return NULL;
    } else if (client_send_line(client, request, strlen(request))) {
        answer = receive_answer(client, id);
    }
    if (!answer)
        transport_error(error, "the node closed the connection or answered "
                               "something else than JSON");
    return answer;
}

static json_t *result_of(json_t *answer, struct client_error *error)
{
    json_t *failure = json_object_get(answer, "error");
    json_t *result = json_object_get(answer, "result");

    if (failure) {
        transport_error(error, "");
        error->code = (int)json_integer_value(json_object_get(failure, "code"));
        snprintf(error->message, sizeof error->message, "%s",
                 json_string_value(json_object_get(failure, "message")));
        error->data = json_incref(json_object_get(failure, "data"));
        return NULL;
    }
    return result ? json_incref(result)
                  : transport_error(error, "the answer has no result");
}

json_t *client_call(struct client *client, const char *method, json_t *params,
                    struct client_error *error)
{
    uint64_t id = ++client->next_id;
    json_t *request =
        json_pack("{ss sI ss so*}", "jsonrpc", "2.0", "id", (json_int_t)id,
                  "method", method, "params", params);
    char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
    json_t *answer, *result = NULL;

    if (!text) {
        json_decref(request);
        return transport_error(error, "memory is short");
    }
    answer = exchange(client, text, id, error);
    if (answer)
        result = result_of(answer, error);
    json_decref(answer);
    json_decref(request);
    free(text);
    return result;
}

void client_error_clear(struct client_error *error)
{
    json_decref(error->data);
    error->data = NULL;
}
