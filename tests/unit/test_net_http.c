/*
 * HTTP over real sockets, by clients that write every byte themselves.
 */
#include "tests/unit/net_world.h"

TestSuite(net_http, .timeout = 60);

Test(net_http, requests_come_through_whole)
{
    struct world world;
    world_init(&world);
    world_web(&world);
    int fd = world_dial(&world);
    cr_assert(put_text(&world, fd,
                       "GET /api/v2/public/test?a=1&b=x%20y HTTP/1.1\r\n" HOST
                       "Origin: http://o\r\nAuthorization: who\r\n\r\n"));
    expect_answer(&world, fd, 200,
                  "GET /api/v2/public/test [a=1] [b=x y] o=http://o a=who c= "
                  "b=");
    cr_assert(put_text(&world, fd,
                       "POST /api/v2 HTTP/1.1\r\n" HOST
                       "Content-Type: application/json\r\n"
                       "Content-Length: 4\r\n\r\n{}\n"));
    expect_silence(&world, fd);
    cr_assert(put_text(&world, fd, "\n"));
    expect_answer(&world, fd, 200,
                  "POST /api/v2 o= a= c=application/json b={}\n\n");
    cr_assert_eq(world.opens, 1);
    cr_assert_eq(world.kind, NET_HTTP);
    cr_assert_str_eq(world.peer, "127.0.0.1");
    cr_assert_eq(world_stats(&world).http_open, 1);
    close(fd);
    world_until(&world, world.closes == 1);
    world_end(&world);
}

Test(net_http, every_split_of_a_request_is_the_same_request)
{
    static const char text[] =
        "POST /p?q HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello"
        "GET /g HTTP/1.1\r\n" HOST "\r\n";
    struct world world;
    world_init(&world);
    world_web(&world);
    int fd = world_dial(&world);
    for (size_t cut = 0; cut < sizeof(text); cut++) {
        cr_assert(put(&world, fd, text, cut));
        world_turn(&world);
        cr_assert(put(&world, fd, text + cut, sizeof(text) - 1 - cut));
        expect_answer(&world, fd, 200, "POST /p [q] o= a= c= b=hello");
        expect_answer(&world, fd, 200, "GET /g o= a= c= b=");
    }
    close(fd);
    world_end(&world);
}

Test(net_http, pipelined_requests_are_handed_out_one_by_one)
{
    enum { COUNT = 2000 };
    struct world world;
    char text[128];
    world_init(&world);
    world.mode = WORLD_HOLD;
    world_web(&world);
    int fd = world_dial(&world);
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(text, sizeof(text),
                       "POST /%d HTTP/1.1\r\n" HOST
                       "Content-Length: 8\r\n\r\nbody%04d",
                       i, i);
        cr_assert(put_text(&world, fd, text));
    }
    for (int i = 0; i < COUNT; i++) {
        world_until(&world, world.requests == i + 1);
        (void)snprintf(text, sizeof(text), "POST /%d o= a= c= b=body%04d", i,
                       i);
        cr_assert_str_eq(world.request, text);
        if (i % 100 == 0)
            expect_silence(&world, fd);
        cr_assert_eq(world.requests, i + 1);
        cr_assert(net_http_reply(world.server, world.http, 200, "a/b", text,
                                 strlen(text), NET_HEADER_NONE));
        cr_assert_not(net_http_reply(world.server, world.http, 200, "a/b", text,
                                     strlen(text), NET_HEADER_NONE),
                      "a second reply");
        expect_answer(&world, fd, 200, text);
    }
    close(fd);
    world_end(&world);
}

Test(net_http, what_is_no_good_request_is_refused_and_closed)
{
    struct world world;
    char text[20000];
    world_init(&world);
    world.options.message_bytes_max = 1000;
    world_web(&world);
    expect_refusal(&world, "GET / HTTP/3.0\r\n" HOST "\r\n", 505);
    expect_refusal(&world, "GET / HTTP/1.1\r\n\r\n", 400);
    expect_refusal(&world, "GET /../x HTTP/1.1\r\n" HOST "\r\n", 400);
    expect_refusal(&world, "\x16\x03\x01", 400);
    expect_refusal(&world, "{\"jsonrpc\":1}\n", 400);
    expect_refusal(&world, "DELETE / HTTP/1.1\r\n" HOST "\r\n", 405);
    expect_refusal(&world, "CONNECT h:1 HTTP/1.1\r\n" HOST "\r\n", 400);
    expect_refusal(&world,
                   "POST / HTTP/1.1\r\n" HOST
                   "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                   411);
    memset(text, 'x', sizeof(text));
    memcpy(text, "GET /", 5);
    text[sizeof(text) - 1] = '\0';
    expect_refusal(&world, text, 431);
    cr_assert_eq(world.requests, 0);
    cr_assert_eq(world.opens, 0);
    world_end(&world);
}

Test(net_http, a_body_may_have_the_maximum_and_not_a_byte_more)
{
    struct world world;
    struct answer answer;
    char text[400000];
    world_init(&world);
    world.options.message_bytes_max = 300000;
    world_web(&world);
    int fd = world_dial(&world);
    memset(text, 'b', sizeof(text));
    int len =
        snprintf(text, sizeof(text),
                 "POST / HTTP/1.1\r\n" HOST "Content-Length: 300000\r\n\r\n");
    text[len] = 'b';
    cr_assert(put(&world, fd, text, (size_t)len + 300000));
    expect_answer(&world, fd, 200, NULL);
    close(fd);
    fd = world_dial(&world);
    cr_assert(put_text(&world, fd,
                       "POST / HTTP/1.1\r\n" HOST
                       "Content-Length: 300001\r\n\r\n"));
    /* A client that sends on regardless still reads the answer. */
    (void)put(&world, fd, text + 100, 300001);
    answer_read(&world, fd, &answer, false);
    cr_assert_eq(answer.status, 413);
    cr_assert_str_eq(answer.body, world.options.oversize_reply.data);
    cr_assert_not_null(strstr(answer.head, "application/json"));
    free(answer.body);
    expect_end(&world, fd);
    cr_assert_eq(world.requests, 1);
    world_end(&world);
}

Test(net_http, closing_follows_the_request)
{
    struct world world;
    world_init(&world);
    world_web(&world);
    expect_refusal(&world,
                   "GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", 200);
    expect_refusal(&world, "GET / HTTP/1.0\r\n\r\n", 200);
    int fd = world_dial(&world);
    cr_assert(put_text(&world, fd,
                       "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
    expect_answer(&world, fd, 200, NULL);
    /* A client that ends its side after asking gets its answer. */
    world.mode = WORLD_HOLD;
    cr_assert(put_text(&world, fd, "GET / HTTP/1.1\r\n" HOST "\r\n"));
    cr_assert_eq(shutdown(fd, SHUT_WR), 0);
    world_until(&world, world.requests == 4);
    expect_silence(&world, fd);
    cr_assert(net_http_reply(world.server, world.http, 204, NULL, NULL, 0,
                             NET_HEADER_NONE));
    expect_answer(&world, fd, 204, NULL);
    expect_end(&world, fd);
    world_end(&world);
}

Test(net_http, head_and_options_are_answered)
{
    struct world world;
    struct answer answer;
    static const char *const origins[] = {"https://one.example",
                                          "http://two:8080"};
    world_init(&world);
    world.options.cors_origins = origins;
    world.options.cors_origins_count = 2;
    world_web(&world);
    int fd = world_dial(&world);
    cr_assert(put_text(&world, fd, "HEAD /health HTTP/1.1\r\n" HOST "\r\n"));
    answer_read(&world, fd, &answer, true);
    cr_assert_eq(answer.status, 200);
    cr_assert_not_null(strstr(answer.head, "\r\nContent-Length: "));
    cr_assert_not_null(strstr(answer.head, "\r\nCache-Control: no-store\r\n"));
    cr_assert_null(strstr(answer.head, "Access-Control"));
    free(answer.body);
    cr_assert(put_text(&world, fd,
                       "OPTIONS /api/v2 HTTP/1.1\r\n" HOST
                       "Origin: http://two:8080\r\n"
                       "Access-Control-Request-Method: POST\r\n\r\n"));
    answer_read(&world, fd, &answer, false);
    cr_assert_eq(answer.status, 204);
    cr_assert_not_null(strstr(
        answer.head, "\r\nAccess-Control-Allow-Origin: http://two:8080\r\n"));
    cr_assert_not_null(
        strstr(answer.head,
               "\r\nAccess-Control-Allow-Methods: GET, POST, OPTIONS\r\n"));
    free(answer.body);
    cr_assert(put_text(&world, fd,
                       "GET / HTTP/1.1\r\n" HOST
                       "Origin: https://ONE.example\r\n\r\n"));
    answer_read(&world, fd, &answer, false);
    cr_assert_not_null(strstr(
        answer.head, "\r\nAccess-Control-Allow-Origin: https://one.example\r\n"
                     "Vary: Origin\r\n"));
    free(answer.body);
    cr_assert(put_text(&world, fd,
                       "OPTIONS * HTTP/1.1\r\n" HOST
                       "Origin: http://two:80801\r\n\r\n"));
    answer_read(&world, fd, &answer, false);
    cr_assert_eq(answer.status, 204);
    cr_assert_null(strstr(answer.head, "Access-Control"));
    free(answer.body);
    cr_assert_eq(world.requests, 2);
    close(fd);
    world_end(&world);
}

Test(net_http, a_star_allows_every_origin)
{
    struct world world;
    struct answer answer;
    static const char *const origins[] = {"*"};
    world_init(&world);
    world.options.cors_origins = origins;
    world.options.cors_origins_count = 1;
    world_web(&world);
    int fd = world_dial(&world);
    cr_assert(
        put_text(&world, fd, "GET / HTTP/1.1\r\n" HOST "Origin: null\r\n\r\n"));
    answer_read(&world, fd, &answer, false);
    cr_assert_not_null(
        strstr(answer.head, "\r\nAccess-Control-Allow-Origin: *\r\n"));
    free(answer.body);
    close(fd);
    world_end(&world);
}

Test(net_http, a_waiting_client_is_told_to_continue)
{
    struct world world;
    world_init(&world);
    world_web(&world);
    int fd = world_dial(&world);
    for (int i = 0; i < 2; i++) {
        cr_assert(put_text(&world, fd,
                           "POST / HTTP/1.1\r\n" HOST "Content-Length: 2\r\n"
                           "Expect: 100-continue\r\n\r\n"));
        expect_text(&world, fd, "HTTP/1.1 100 Continue\r\n\r\n");
        cr_assert(put_text(&world, fd, "{"));
        expect_silence(&world, fd);
        cr_assert(put_text(&world, fd, "}"));
        expect_answer(&world, fd, 200, "POST / o= a= c= b={}");
    }
    close(fd);
    world_end(&world);
}

Test(net_http, a_large_reply_reaches_a_slow_reader_and_order_is_kept)
{
    enum { BYTES = 6000000 };
    struct world world;
    struct answer answer;
    world_init(&world);
    world.mode = WORLD_HOLD;
    world_web(&world);
    int fd = world_dial(&world);
    cr_assert(put_text(&world, fd,
                       "GET /1 HTTP/1.1\r\n" HOST "\r\n"
                       "GET /2 HTTP/1.1\r\n" HOST "\r\n"));
    world_until(&world, world.requests == 1);
    char *much = malloc(BYTES);
    for (size_t i = 0; i < BYTES; i++)
        much[i] = (char)('a' + i % 23);
    cr_assert(net_http_reply(world.server, world.http, 200, "a/b", much, BYTES,
                             NET_HEADER_NONE));
    world_until(&world, world.requests == 2);
    cr_assert(net_http_reply(world.server, world.http, 503, "a/b", "2", 1,
                             NET_HEADER_RETRY_AFTER | NET_HEADER_CLOSE));
    world_pass(&world, 50);
    answer_read(&world, fd, &answer, false);
    cr_assert_eq(answer.body_len, BYTES);
    cr_assert_eq(memcmp(answer.body, much, BYTES), 0);
    free(answer.body);
    expect_answer(&world, fd, 503, "2");
    expect_end(&world, fd);
    free(much);
    world_end(&world);
}

Test(net_http, slow_and_idle_clients_are_closed)
{
    struct world world;
    world_init(&world);
    world.options.request_ms_max = 200;
    world.options.idle_ms_max = 500;
    world_web(&world);
    int silent = world_dial(&world);
    int slow = world_dial(&world);
    int idle = world_dial(&world);
    cr_assert(put_text(&world, idle, "GET / HTTP/1.1\r\n" HOST "\r\n"));
    expect_answer(&world, idle, 200, NULL);
    uint64_t begin = now_ms();
    /* A byte now and then does not prolong the request's time. */
    while (world_stats(&world).closed_timeout < 2 && now_ms() - begin < 5000) {
        (void)put_text(&world, slow, "G");
        world_pass(&world, 20);
    }
    cr_assert_leq(now_ms() - begin, 450);
    expect_end(&world, silent);
    close(slow);
    expect_end(&world, idle);
    cr_assert_geq(now_ms() - begin, 450);
    cr_assert_eq(world_stats(&world).closed_timeout, 3);
    world_end(&world);
}

Test(net_http, limits_are_answered_with_503)
{
    struct world world;
    world_init(&world);
    world.options.connections_per_address_max = 2;
    world_web(&world);
    int fds[2] = {world_dial(&world), world_dial(&world)};
    world_until(&world, world_stats(&world).accepted == 2);
    int fd = world_dial(&world);
    cr_assert(put_text(&world, fd, "GET / HTTP/1.1\r\n" HOST "\r\n"));
    expect_answer(&world, fd, 503, world.options.busy_reply.data);
    expect_end(&world, fd);
    close(fds[0]);
    world_until(&world, world_stats(&world).http_open == 1);
    world.refuse = true;
    fd = world_dial(&world);
    cr_assert(put_text(&world, fd, "GET / HTTP/1.1\r\n" HOST "\r\n"));
    expect_answer(&world, fd, 503, world.options.busy_reply.data);
    expect_end(&world, fd);
    cr_assert_eq(world.opens, 0);
    close(fds[1]);
    world_end(&world);
}

Test(net_http, garbage_and_resets_leave_nothing)
{
    static const char *const beginnings[] = {
        "", "GET / HTTP/1.1\r\n" HOST "\r\n",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 99\r\n\r\nhalf", "GET"};
    struct world world;
    unsigned char noise[3000];
    uint32_t seed = 7;
    world_init(&world);
    world_web(&world);
    for (int i = 0; i < 600; i++) {
        int fd = world_dial(&world);
        for (size_t j = 0; j < sizeof(noise); j++) {
            seed = seed * 1664525 + 1013904223;
            noise[j] = (unsigned char)(seed >> 24);
        }
        if (i % 2)
            (void)put(&world, fd, (char *)noise, seed % sizeof(noise));
        else
            (void)put_text(&world, fd, beginnings[i / 2 % 4]);
        for (int turn = i % 3; turn; turn--)
            world_turn(&world);
        if (i % 5)
            hang_up(fd);
        else
            close(fd);
    }
    world_until(&world, world_stats(&world).http_open == 0);
    expect_refusal(&world, "GET / HTTP/1.0\r\n\r\n", 200);
    world_end(&world);
}

Test(net_http, the_end_waits_for_the_answer)
{
    struct world world;
    world_init(&world);
    world.mode = WORLD_HOLD;
    world_web(&world);
    int idle = world_dial(&world);
    int fd = world_dial(&world);
    cr_assert(put_text(&world, fd, "GET / HTTP/1.1\r\n" HOST "\r\n"));
    world_until(&world, world.requests == 1);
    uint64_t begin = now_ms();
    net_shutdown(world.server, 8000, world_done, &world);
    expect_end(&world, idle);
    expect_silence(&world, fd);
    cr_assert_not(world.done);
    cr_assert(net_http_reply(world.server, world.http, 200, "a/b", "yes", 3,
                             NET_HEADER_NONE));
    expect_answer(&world, fd, 200, "yes");
    expect_end(&world, fd);
    world_until(&world, world.done);
    cr_assert_lt(now_ms() - begin, 4000, "the grace was used up");
    world_end(&world);
}
