/*
 * WebSocket over real sockets, by clients that make every frame themselves.
 */
#include "tests/unit/net_world.h"

TestSuite(net_websocket, .timeout = 60);

Test(net_websocket, messages_of_all_lengths_are_echoed)
{
    static const size_t sizes[] = {0,     1,     125,   126,   127,
                                   65535, 65536, 70000, 262144};
    struct world world;
    world_init(&world);
    world_web(&world);
    int fd = websocket_dial(&world);
    cr_assert_eq(world.kind, NET_WEBSOCKET);
    char *text = malloc(262144);
    memset(text, 'w', 262144);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        frame_put(&world, fd, 0x81, text, sizes[i]);
        frame_expect(&world, fd, 0x81, text, sizes[i]);
    }
    free(text);
    cr_assert_eq(world_stats(&world).websocket_open, 1);
    cr_assert_eq(world_stats(&world).http_open, 0);
    frame_put(&world, fd, 0x88, "\x03\xe8", 2);
    close_expect(&world, fd, 1000);
    world_end(&world);
}

Test(net_websocket, fragments_are_joined_and_pings_answered_between)
{
    struct world world;
    world_init(&world);
    world_web(&world);
    int fd = websocket_dial(&world);
    frame_put(&world, fd, 0x01, "fra", 3);
    frame_put(&world, fd, 0x89, "beat", 4);
    frame_expect(&world, fd, 0x8a, "beat", 4);
    frame_put(&world, fd, 0x00, "\xe2\x82", 2); /* half of a euro sign */
    frame_put(&world, fd, 0x8a, "", 0);
    frame_put(&world, fd, 0x00, "", 0);
    frame_put(&world, fd, 0x80, "\xac!", 2);
    frame_expect(&world, fd, 0x81, "fra\xe2\x82\xac!", 7);
    frame_put(&world, fd, 0x01, "", 0);
    frame_put(&world, fd, 0x80, "", 0);
    frame_expect(&world, fd, 0x81, "", 0);
    cr_assert_eq(world.messages, 2);
    close(fd);
    world_end(&world);
}

Test(net_websocket, many_messages_in_one_write_at_every_cut)
{
    enum { COUNT = 300 };
    struct world world;
    char *frames = malloc(COUNT * 300);
    size_t len = 0;
    char text[200];
    memset(text, 'm', sizeof(text));
    for (size_t i = 0; i < COUNT; i++)
        len += frame_make(frames + len, 0x81, text, i % sizeof(text));
    world_init(&world);
    world_web(&world);
    int fd = websocket_dial(&world);
    cr_assert(put(&world, fd, frames, len));
    for (size_t i = 0; i < COUNT; i++)
        frame_expect(&world, fd, 0x81, text, i % sizeof(text));
    for (size_t at = 0; at < len; at += 777) {
        cr_assert(
            put(&world, fd, frames + at, len - at < 777 ? len - at : 777));
        world_turn(&world);
    }
    for (size_t i = 0; i < COUNT; i++)
        frame_expect(&world, fd, 0x81, text, i % sizeof(text));
    free(frames);
    close(fd);
    world_end(&world);
}

Test(net_websocket, a_message_too_long_is_told_and_closed_with_1009)
{
    struct world world;
    char text[1001];
    world_init(&world);
    world.options.message_bytes_max = 1000;
    world_web(&world);
    const struct net_bytes *reply = &world.options.oversize_reply;
    memset(text, 'l', sizeof(text));
    int fd = websocket_dial(&world);
    frame_put(&world, fd, 0x81, text, 1000);
    frame_expect(&world, fd, 0x81, text, 1000);
    frame_put(&world, fd, 0x81, text, 1001);
    frame_expect(&world, fd, 0x81, reply->data, reply->len);
    close_expect(&world, fd, 1009);
    fd = websocket_dial(&world);
    frame_put(&world, fd, 0x01, text, 500);
    frame_put(&world, fd, 0x80, text, 501);
    frame_expect(&world, fd, 0x81, reply->data, reply->len);
    close_expect(&world, fd, 1009);
    fd = websocket_dial(&world);
    cr_assert(
        put(&world, fd, "\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xffmask", 14));
    frame_expect(&world, fd, 0x81, reply->data, reply->len);
    close_expect(&world, fd, 1009);
    cr_assert_eq(world_stats(&world).closed_oversize, 3);
    cr_assert_eq(world.messages, 1);
    world_end(&world);
}

Test(net_websocket, what_breaks_the_protocol_is_closed_with_its_code)
{
    static const struct {
        unsigned code;
        size_t len;
        const char *bytes;
    } cases[] = {
        {1003, 7, "\x82\x81mask."},        /* binary */
        {1007, 7, "\x81\x81\0\0\0\0\xff"}, /* not UTF-8 */
        {1007, 8, "\x81\x82\0\0\0\0\xe2\x82"},
        {1002, 3, "\x81\x01x"},                 /* not masked */
        {1002, 6, "\x91\x80mask"},              /* reserved bit */
        {1002, 6, "\x83\x80mask"},              /* reserved opcode */
        {1002, 6, "\x80\x80mask"},              /* continues nothing */
        {1002, 12, "\x01\x80mask\x81\x80mask"}, /* begins within another */
        {1002, 6, "\x09\x80mask"},              /* a ping in fragments */
        {1002, 2, "\x89\xfe"},                  /* a ping too long */
        {1000, 6, "\x88\x80mask"},              /* close without a code */
        {1002, 7, "\x88\x81mask."},             /* half a code */
        {1002, 8, "\x88\x82\0\0\0\0\x03\xed"},  /* a code not to be sent */
        {1002, 9, "\x88\x83\0\0\0\0\x03\xe8\xff"},
        {1001, 9, "\x88\x83\0\0\0\0\x03\xe9."},
    };
    struct world world;
    world_init(&world);
    world_web(&world);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int fd = websocket_dial(&world);
        cr_assert(put(&world, fd, cases[i].bytes, cases[i].len));
        close_expect(&world, fd, cases[i].code);
    }
    cr_assert_eq(world.messages, 0);
    world_end(&world);
}

Test(net_websocket, upgrades_that_do_not_fit_are_refused)
{
    struct world world;
    world_init(&world);
    world_web(&world);
    expect_refusal(&world,
                   "GET /other HTTP/1.1\r\n" UPGRADE
                   "Sec-WebSocket-Version: 13\r\n\r\n",
                   404);
    expect_refusal(&world,
                   "GET /ws/api/v2 HTTP/1.1\r\n" UPGRADE
                   "Sec-WebSocket-Version: 8\r\n\r\n",
                   426);
    expect_refusal(&world,
                   "POST /ws/api/v2 HTTP/1.1\r\n" UPGRADE
                   "Sec-WebSocket-Version: 13\r\n\r\n",
                   400);
    expect_refusal(&world,
                   "GET /ws/api/v2 HTTP/1.1\r\n" HOST
                   "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Key: short\r\n"
                   "Sec-WebSocket-Version: 13\r\n\r\n",
                   400);
    world.refuse = true;
    expect_refusal(&world,
                   "GET /ws/api/v2 HTTP/1.1\r\n" UPGRADE
                   "Sec-WebSocket-Version: 13\r\n\r\n",
                   503);
    world_end(&world);
}

Test(net_websocket, an_upgrade_is_a_new_connection_to_the_handler)
{
    struct world world;
    world_init(&world);
    world_web(&world);
    int fd = world_dial(&world);
    cr_assert(put_text(&world, fd, "GET / HTTP/1.1\r\n" HOST "\r\n"));
    expect_answer(&world, fd, 200, NULL);
    uint64_t before = world.conn;
    cr_assert(put_text(&world, fd,
                       "GET /ws/api/v2 HTTP/1.1\r\n" UPGRADE
                       "Sec-WebSocket-Version: 13\r\n\r\n"));
    expect_answer(&world, fd, 101, NULL);
    cr_assert_eq(world.opens, 2);
    cr_assert_eq(world.closes, 1);
    cr_assert_neq(world.conn, before);
    cr_assert_not(net_send(world.server, before, "x", 1));
    cr_assert(net_send(world.server, world.conn, "push", 4));
    char *owned = calloc(1, 9000);
    cr_assert(net_send_owned(world.server, world.conn, owned, 9000));
    frame_expect(&world, fd, 0x81, "push", 4);
    char zeros[9000] = {0};
    frame_expect(&world, fd, 0x81, zeros, 9000);
    net_close_conn(world.server, world.conn);
    close_expect(&world, fd, 1000);
    world_end(&world);
}

Test(net_websocket, silent_peers_are_asked_and_given_up)
{
    struct world world;
    world_init(&world);
    world.options.ping_ms = 100;
    world.options.pong_ms_max = 300;
    world_web(&world);
    int fd = websocket_dial(&world);
    for (int i = 0; i < 5; i++) {
        frame_expect(&world, fd, 0x89, "", 0);
        frame_put(&world, fd, 0x8a, "", 0);
    }
    uint64_t begin = now_ms();
    frame_expect(&world, fd, 0x89, "", 0);
    expect_end(&world, fd);
    cr_assert_geq(now_ms() - begin, 250);
    cr_assert_eq(world_stats(&world).closed_timeout, 1);
    world_end(&world);
}

Test(net_websocket, a_peer_that_only_pings_and_never_reads_is_closed)
{
    struct world world;
    char frames[13100];
    size_t len = 0;
    world_init(&world);
    world.options.out_queue_bytes_max = 500000;
    world_web(&world);
    int fd = websocket_dial(&world);
    memset(frames, 0, sizeof(frames));
    for (int i = 0; i < 100; i++)
        len += frame_make(frames + len, 0x89, frames + 13000, 100);
    for (int i = 0; i < 20000 && !world.closes; i++) {
        (void)send(fd, frames, len, MSG_DONTWAIT | MSG_NOSIGNAL);
        world_turn(&world);
    }
    cr_assert_eq(world.closes, 1);
    cr_assert_eq(world_stats(&world).closed_slow, 1);
    close(fd);
    world_end(&world);
}

Test(net_websocket, websockets_pause_too_and_end_with_1001)
{
    struct world world;
    char frames[64];
    world_init(&world);
    world.mode = WORLD_PAUSE;
    world_web(&world);
    int fd = websocket_dial(&world);
    size_t len = frame_make(frames, 0x81, "one", 3);
    len += frame_make(frames + len, 0x81, "two", 3);
    cr_assert(put(&world, fd, frames, len));
    frame_expect(&world, fd, 0x81, "one", 3);
    expect_silence(&world, fd);
    net_resume(world.server, world.conn);
    frame_expect(&world, fd, 0x81, "two", 3);
    net_shutdown(world.server, 5000, world_done, &world);
    close_expect(&world, fd, 1001);
    world_until(&world, world.done);
    world_end(&world);
}
