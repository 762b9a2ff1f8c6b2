#include "cmd/clearing-replay/talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW 128 /* calls under way */

struct pending {
    talk_answer *answer;
    void *ctx;
    uint64_t tag;
};

struct talk {
    struct client *client;
    uint64_t next_id;
    size_t under_way;
    struct pending pending[WINDOW]; /* by id modulo WINDOW */
};

struct talk *talk_open(const char *socket_path)
{
    struct talk *talk = calloc(1, sizeof *talk);

    if (talk)
        talk->client = client_open_socket(socket_path);
    if (talk && !talk->client) {
        free(talk);
        return NULL;
    }
    return talk;
}

void talk_close(struct talk *talk)
{
    if (talk)
        client_close(talk->client);
    free(talk);
}

/* Takes one answer. */
static bool receive(struct talk *talk)
{
    size_t size;
    const char *line = client_receive_line(talk->client, &size);
    json_t *answer = line ? json_loadb(line, size, 0, NULL) : NULL;
    uint64_t id = (uint64_t)json_integer_value(json_object_get(answer, "id"));
    struct pending *pending = &talk->pending[id % WINDOW];

    if (!answer || id == 0 || !pending->answer) {
        fprintf(stderr, "clearing-replay: the node answered: %.200s\n",
                line ? line : "nothing");
        json_decref(answer);
        return false;
    }
    pending->answer(pending->ctx, pending->tag,
                    json_object_get(answer, "result"),
                    json_object_get(answer, "error"));
    pending->answer = NULL;
    talk->under_way--;
    json_decref(answer);
    return true;
}

bool talk_wait(struct talk *talk)
{
    while (talk->under_way > 0)
        if (!receive(talk))
            return false;
    return true;
}

bool talk_send(struct talk *talk, const char *method, json_t *params,
               talk_answer *answer, void *ctx, uint64_t tag)
{
    uint64_t id = ++talk->next_id;
    json_t *request;
    char *text;
    bool is_sent;

    while (talk->pending[id % WINDOW].answer)
        if (!receive(talk))
            return false;
    request = json_pack("{ss sI ss so*}", "jsonrpc", "2.0", "id",
                        (json_int_t)id, "method", method, "params", params);
    text = json_dumps(request, JSON_COMPACT);
    is_sent = text && client_send_line(talk->client, text, strlen(text));
    talk->pending[id % WINDOW] = (struct pending){answer, ctx, tag};
    talk->under_way++;
    json_decref(request);
    free(text);
    return is_sent;
}

static void keep(void *ctx, uint64_t tag, const json_t *result,
                 const json_t *error)
{
    json_t **kept = ctx;
    char *text = error ? json_dumps(error, JSON_COMPACT) : NULL;

    (void)tag;
    if (text)
        fprintf(stderr, "clearing-replay: %s\n", text);
    free(text);
    *kept = json_incref((json_t *)(uintptr_t)result);
}

json_t *talk_call(struct talk *talk, const char *method, json_t *params)
{
    json_t *result = NULL;

    if (!talk_send(talk, method, params, keep, &result, 0) || !talk_wait(talk))
        return NULL;
    return result;
}
