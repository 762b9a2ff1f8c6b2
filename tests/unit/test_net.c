/*
 * The server as the daemon sees it: Unix connections, limits, pausing,
 * inherited sockets, and the end. HTTP, WebSocket and TLS have files of their
 * own.
 */
#include "tests/unit/net_world.h"

TestSuite(net, .timeout = 60);

/* ---- lines -------------------------------------------------------------- */

Test(net, lines_are_cut_at_newlines_wherever_they_arrive)
{
    struct world world;
    world_init(&world);
    world_unix(&world);
    int fd = world_dial(&world);
    cr_assert(put_text(&world, fd, "hel"));
    expect_silence(&world, fd);
    cr_assert(put_text(&world, fd, "lo\nwor"));
    expect_text(&world, fd, "hello\n");
    cr_assert(put_text(&world, fd, "ld\r\n\n\r\nlast\n"));
    expect_text(&world, fd, "world\nlast\n");
    expect_silence(&world, fd);
    cr_assert_eq(world.messages, 3);
    cr_assert_eq(world.kind, NET_UNIX);
    cr_assert_str_eq(world.peer, "unix");
    cr_assert_eq(world_stats(&world).bytes_in, 14);
    close(fd);
    world_until(&world, world.closes == 1);
    world_end(&world);
}

Test(net, every_split_of_a_stream_gives_the_same_lines)
{
    static const char stream[] = "a\nbb\n\nccc\r\ndddd\n";
    struct world world;
    world_init(&world);
    world_unix(&world);
    for (size_t cut = 0; cut < sizeof(stream); cut++) {
        int fd = world_dial(&world);
        cr_assert(put(&world, fd, stream, cut));
        world_turn(&world);
        cr_assert(put(&world, fd, stream + cut, sizeof(stream) - 1 - cut));
        expect_text(&world, fd, "a\nbb\nccc\ndddd\n");
        close(fd);
    }
    world_until(&world, world.closes == world.opens);
    world_end(&world);
}

Test(net, many_lines_in_one_write_come_back_in_order)
{
    enum { LINES = 20000, BYTES = 12 };
    struct world world;
    world_init(&world);
    world_unix(&world);
    int fd = world_dial(&world);
    char *sent = malloc(LINES * BYTES + 1);
    char *got = malloc(LINES * BYTES + 1);
    for (int i = 0; i < LINES; i++) {
        char line[32];
        (void)snprintf(line, sizeof(line), "line %06d\n", i);
        memcpy(sent + (size_t)i * BYTES, line, BYTES);
    }
    cr_assert(put(&world, fd, sent, LINES * BYTES));
    cr_assert_eq(get(&world, fd, got, LINES * BYTES), LINES * BYTES);
    cr_assert_eq(memcmp(sent, got, LINES * BYTES), 0);
    cr_assert_eq(world_stats(&world).messages_out, LINES);
    free(sent);
    free(got);
    close(fd);
    world_end(&world);
}

Test(net, a_line_may_have_the_maximum_and_not_a_byte_more)
{
    struct world world;
    char line[1003];
    char got[1001];
    world_init(&world);
    world.options.message_bytes_max = 1000;
    world_unix(&world);
    memset(line, 'x', sizeof(line));
    for (int newline = 0; newline < 2; newline++) {
        int fd = world_dial(&world);
        line[1000] = '\n';
        cr_assert(put(&world, fd, line, 1001));
        cr_assert_eq(get(&world, fd, got, 1001), 1001);
        line[1000] = '\r';
        line[1001] = '\n';
        cr_assert(put(&world, fd, line, 1002));
        cr_assert_eq(get(&world, fd, got, 1001), 1001);
        line[1000] = 'x';
        line[1001] = newline ? '\n' : 'x';
        cr_assert(put(&world, fd, line, 1002));
        expect_text(&world, fd, world.options.oversize_reply.data);
        expect_text(&world, fd, "\n");
        expect_end(&world, fd);
    }
    cr_assert_eq(world.messages, 4);
    cr_assert_eq(world_stats(&world).closed_oversize, 2);
    world_end(&world);
}

Test(net, an_endless_line_is_refused_and_still_reads_the_answer)
{
    struct world world;
    world_init(&world);
    world.options.message_bytes_max = 1000;
    world_unix(&world);
    int fd = world_dial(&world);
    char block[65536];
    memset(block, 'y', sizeof(block));
    for (int i = 0; i < 20; i++)
        (void)put(&world, fd, block, sizeof(block));
    expect_text(&world, fd, world.options.oversize_reply.data);
    close(fd);
    world_end(&world);
}

Test(net, owned_and_copied_sends_keep_their_order)
{
    struct world world;
    world_init(&world);
    world.mode = WORLD_HOLD;
    world_unix(&world);
    int fd = world_dial(&world);
    world_until(&world, world.opens == 1);
    static const size_t sizes[] = {1, 100, 8191, 8192, 20000, 3, 100000, 0};
    size_t total = 0;
    for (size_t i = 0; i < 8; i++) {
        char *owned = malloc(sizes[i] + 1);
        memset(owned, 'a' + (int)i, sizes[i]);
        cr_assert(net_send(world.server, world.conn, "--", 2));
        cr_assert(net_send_owned(world.server, world.conn, owned, sizes[i]));
        total += sizes[i] + 4;
    }
    char *got = malloc(total);
    cr_assert_eq(get(&world, fd, got, total), total);
    size_t at = 0;
    for (size_t i = 0; i < 8; i++) {
        cr_assert_eq(memcmp(got + at, "--\n", 3), 0);
        at += 3;
        for (size_t j = 0; j < sizes[i]; j++)
            cr_assert_eq(got[at + j], 'a' + (int)i);
        at += sizes[i];
        cr_assert_eq(got[at++], '\n');
    }
    free(got);
    close(fd);
    world_until(&world, world.closes == 1);
    cr_assert_not(net_send_owned(world.server, world.conn, malloc(9), 9));
    world_end(&world);
}

/* ---- slow and absent readers -------------------------------------------- */

Test(net, a_reader_slower_than_its_queue_is_closed)
{
    struct world world;
    char line[10000];
    size_t queued = 0;
    world_init(&world);
    world.mode = WORLD_HOLD;
    world.options.out_queue_bytes_max = 1000000;
    world_unix(&world);
    int fd = world_dial(&world);
    world_until(&world, world.opens == 1);
    memset(line, 'z', sizeof(line));
    while (net_send(world.server, world.conn, line, sizeof(line))) {
        queued += sizeof(line);
        world_turn(&world);
    }
    /* The queue's limit and what the kernel took, not more. */
    cr_assert_gt(queued, 990000);
    cr_assert_lt(queued, 2500000);
    cr_assert_eq(world.closes, 0, "a handler was called from within a send");
    world_until(&world, world.closes == 1);
    cr_assert_eq(world_stats(&world).closed_slow, 1);
    cr_assert_eq(world_stats(&world).unix_open, 0);
    close(fd);
    world_end(&world);
}

Test(net, a_reader_that_takes_nothing_is_closed_in_time)
{
    struct world world;
    world_init(&world);
    world.mode = WORLD_HOLD;
    world.options.stall_ms_max = 200;
    world_unix(&world);
    int fd = world_dial(&world);
    world_until(&world, world.opens == 1);
    uint64_t begin = now_ms();
    char *much = calloc(1, 2000000);
    cr_assert(net_send_owned(world.server, world.conn, much, 2000000));
    world_until(&world, world.closes == 1);
    cr_assert_geq(now_ms() - begin, 150);
    cr_assert_lt(now_ms() - begin, 2000);
    cr_assert_eq(world_stats(&world).closed_slow, 1);
    close(fd);
    world_end(&world);
}

Test(net, a_slow_reader_that_reads_on_is_kept)
{
    struct world world;
    char got[50000];
    world_init(&world);
    world.mode = WORLD_HOLD;
    world.options.stall_ms_max = 300;
    world_unix(&world);
    int fd = world_dial(&world);
    world_until(&world, world.opens == 1);
    char *much = calloc(1, 999999);
    cr_assert(net_send_owned(world.server, world.conn, much, 999999));
    for (int i = 0; i < 20; i++) {
        world_pass(&world, 50);
        cr_assert_eq(get(&world, fd, got, sizeof(got)), sizeof(got));
    }
    expect_silence(&world, fd);
    close(fd);
    world_end(&world);
}

Test(net, a_peer_that_ended_its_side_gets_the_answer_it_is_owed)
{
    struct world world;
    world_init(&world);
    world.mode = WORLD_HOLD;
    world_unix(&world);
    int fd = world_dial(&world);
    cr_assert(put_text(&world, fd, "question\n"));
    cr_assert_eq(shutdown(fd, SHUT_WR), 0);
    world_until(&world, world.messages == 1);
    expect_silence(&world, fd);
    cr_assert(net_send(world.server, world.conn, "answer", 6));
    expect_text(&world, fd, "answer\n");
    expect_end(&world, fd);
    world_end(&world);
}

/* ---- back-pressure ------------------------------------------------------ */

Test(net, pause_holds_back_what_was_read_already)
{
    struct world world;
    world_init(&world);
    world.mode = WORLD_PAUSE;
    world_unix(&world);
    int fd = world_dial(&world);
    cr_assert(put_text(&world, fd, "1\n2\n3\n"));
    expect_text(&world, fd, "1\n");
    for (int i = 2; i <= 3; i++) {
        char line[16];
        (void)snprintf(line, sizeof(line), "%d\n", i);
        expect_silence(&world, fd);
        cr_assert_eq(world.messages, i - 1);
        net_resume(world.server, world.conn);
        cr_assert_eq(world.messages, i - 1, "a handler within net_resume");
        expect_text(&world, fd, line);
    }
    world.mode = WORLD_ECHO;
    net_resume(world.server, world.conn);
    cr_assert(put_text(&world, fd, "4\n"));
    expect_text(&world, fd, "4\n");
    close(fd);
    world_end(&world);
}

Test(net, a_paused_peer_is_held_back_by_its_socket)
{
    struct world world;
    char block[10000];
    size_t sent = 0;
    world_init(&world);
    world.mode = WORLD_PAUSE;
    world_unix(&world);
    int fd = world_dial(&world);
    memset(block, '\n', sizeof(block));
    block[0] = 'a';
    for (int i = 0; i < 1000; i++) {
        ssize_t part = send(fd, block, sizeof(block), MSG_DONTWAIT);
        sent += part > 0 ? (size_t)part : 0;
        world_turn(&world);
    }
    cr_assert_lt(sent, 2000000);
    cr_assert_eq(world.messages, 1);
    close(fd);
    /* Nothing is read, so the end is not seen before the next resume. */
    world.mode = WORLD_HOLD;
    net_resume(world.server, world.conn);
    world_until(&world, world.closes == 1);
    world_end(&world);
}

/* ---- limits ------------------------------------------------------------- */

Test(net, connections_above_the_limit_are_told_so)
{
    struct world world;
    int fds[3];
    world_init(&world);
    world.options.connections_max = 3;
    world_unix(&world);
    for (int i = 0; i < 3; i++)
        fds[i] = world_dial(&world);
    world_until(&world, world.opens == 3);
    for (int i = 0; i < 200; i++) {
        int fd = world_dial(&world);
        (void)put_text(&world, fd, "{}\n");
        expect_text(&world, fd, world.options.busy_reply.data);
        expect_text(&world, fd, "\n");
        expect_end(&world, fd);
    }
    cr_assert_eq(world_stats(&world).refused_limit, 200);
    close(fds[0]);
    world_until(&world, world.closes == 1);
    fds[0] = world_dial(&world);
    cr_assert(put_text(&world, fds[0], "in\n"));
    expect_text(&world, fds[0], "in\n");
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    world_end(&world);
}

Test(net, connections_beyond_all_seats_do_no_harm)
{
    enum { MANY = 300 };
    struct world world;
    int fds[MANY];
    world_init(&world);
    world.options.connections_max = 1;
    world_unix(&world);
    for (int i = 0; i < MANY; i++) {
        fds[i] = world_dial(&world);
        world_turn(&world);
    }
    world_until(&world, world_stats(&world).refused_limit == MANY - 1);
    cr_assert(put_text(&world, fds[0], "mine\n"));
    expect_text(&world, fds[0], "mine\n");
    for (int i = 0; i < MANY; i++)
        close(fds[i]);
    world_end(&world);
}

Test(net, the_handler_may_refuse)
{
    struct world world;
    world_init(&world);
    world.refuse = true;
    world_unix(&world);
    int fd = world_dial(&world);
    expect_text(&world, fd, world.options.busy_reply.data);
    expect_text(&world, fd, "\n");
    expect_end(&world, fd);
    cr_assert_eq(world_stats(&world).refused_handler, 1);
    world_end(&world);
}

Test(net, numbers_of_the_dead_reach_nobody)
{
    struct world world;
    uint32_t uid;
    world_init(&world);
    world_unix(&world);
    int fd = world_dial(&world);
    world_until(&world, world.opens == 1);
    uint64_t first = world.conn;
    cr_assert(net_peer_uid(world.server, first, &uid));
    cr_assert_eq(uid, getuid());
    net_close_conn(world.server, first);
    cr_assert_not(net_send(world.server, first, "x", 1));
    expect_end(&world, fd);
    world_until(&world, world.closes == 1);
    fd = world_dial(&world);
    world_until(&world, world.opens == 2);
    cr_assert_neq(world.conn, first);
    cr_assert_eq((uint32_t)world.conn, (uint32_t)first, "same slot");
    cr_assert_not(net_send(world.server, first, "x", 1));
    cr_assert_not(net_peer_uid(world.server, first, &uid));
    cr_assert_not(net_http_reply(world.server, world.conn, 200, NULL, NULL, 0,
                                 NET_HEADER_NONE));
    net_pause(world.server, first);
    net_close_conn(world.server, first);
    net_close_conn(world.server, NET_CONN_NONE);
    net_close_conn(world.server, UINT64_MAX);
    cr_assert(put_text(&world, fd, "alive\n"));
    expect_text(&world, fd, "alive\n");
    close(fd);
    world_end(&world);
}

/* ---- doors -------------------------------------------------------------- */

Test(net, the_socket_file_has_its_mode_and_a_stale_one_is_replaced)
{
    struct world world;
    struct world second;
    struct stat file;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    world_init(&world);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s",
                   world.path);
    int stale = socket(AF_UNIX, SOCK_STREAM, 0);
    cr_assert_eq(bind(stale, (struct sockaddr *)&address, sizeof(address)), 0);
    close(stale);
    world.options.unix_mode = 0620;
    world_unix(&world);
    cr_assert_eq(stat(world.path, &file), 0);
    cr_assert_eq(file.st_mode & 0777, 0620);
    /* Another server does not take a path that is answered. */
    world_init(&second);
    second.options = world.options;
    cr_assert_eq(world_create(&second), NET_SOCKET_BUSY);
    cr_assert_null(second.server);
    world_end(&second);
    world_end(&world);
}

Test(net, a_file_that_is_no_socket_is_left_alone)
{
    struct world world;
    world_init(&world);
    FILE *file = fopen(world.path, "w");
    cr_assert(file && !fclose(file));
    world.options.unix_path = world.path;
    cr_assert_eq(world_create(&world), NET_LISTEN_FAILED);
    cr_assert_eq(unlink(world.path), 0);
    world_end(&world);
}

Test(net, bad_options_are_refused)
{
    struct world world;
    struct net_options good;
    char path[200];
    world_init(&world);
    good = world.options;
    memset(path, 'p', sizeof(path));
    path[sizeof(path) - 1] = '\0';
    world.options.unix_path = path;
    cr_assert_eq(world_create(&world), NET_OPTION_INVALID);
    world.options = good;
    world.options.address = "localhost";
    cr_assert_eq(world_create(&world), NET_OPTION_INVALID);
    world.options = good;
    world.options.message_bytes_max = 0;
    cr_assert_eq(world_create(&world), NET_OPTION_INVALID);
    world.options = good;
    world.options.connections_max = 0;
    cr_assert_eq(world_create(&world), NET_OPTION_INVALID);
    world.options = good;
    world.options.tls_key_path = "/nowhere";
    cr_assert_eq(world_create(&world), NET_OPTION_INVALID);
    world.options.tls_certificate_path = "/nowhere";
    cr_assert_eq(world_create(&world), NET_TLS_FAILED);
    world.options = good;
    const char *origins[] = {"http://a\r\nb"};
    world.options.cors_origins = origins;
    world.options.cors_origins_count = 1;
    cr_assert_eq(world_create(&world), NET_OPTION_INVALID);
    world.options = good;
    int pipes[2];
    cr_assert_eq(pipe(pipes), 0);
    world.options.listen_fds = pipes;
    world.options.listen_fds_count = 1;
    cr_assert_eq(world_create(&world), NET_OPTION_INVALID);
    cr_assert_eq(close(pipes[0]) + close(pipes[1]), 0);
    cr_assert_null(world.server);
    world_end(&world);
}

Test(net, a_port_in_use_is_reported)
{
    struct world world;
    struct world second;
    world_init(&world);
    world_web(&world);
    world_init(&second);
    second.options.port = net_port(world.server);
    cr_assert_eq(world_create(&second), NET_LISTEN_FAILED);
    cr_assert_eq(errno, EADDRINUSE);
    world_end(&second);
    world_end(&world);
}

Test(net, inherited_sockets_are_served)
{
    struct world world;
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    struct sockaddr_in port = {.sin_family = AF_INET,
                               .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fds[2] = {socket(AF_UNIX, SOCK_STREAM, 0),
                  socket(AF_INET, SOCK_STREAM, 0)};
    world_init(&world);
    (void)snprintf(path.sun_path, sizeof(path.sun_path), "%s", world.path);
    cr_assert_eq(bind(fds[0], (struct sockaddr *)&path, sizeof(path)), 0);
    cr_assert_eq(bind(fds[1], (struct sockaddr *)&port, sizeof(port)), 0);
    cr_assert_eq(listen(fds[0], 8) + listen(fds[1], 8), 0);
    world.options.address = NULL;
    world.options.listen_fds = fds;
    world.options.listen_fds_count = 2;
    world_web(&world);
    int local = dial_path(world.path);
    cr_assert(put_text(&world, local, "hello\n"));
    expect_text(&world, local, "hello\n");
    int web = dial_port(net_port(world.server));
    cr_assert(put_text(&world, web, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    expect_text(&world, web, "HTTP/1.1 200 OK\r\n");
    close(local);
    close(web);
    /* The file belongs to whoever bound it. */
    net_shutdown(world.server, 0, world_done, &world);
    world_until(&world, world.done);
    cr_assert_eq(access(world.path, F_OK), 0);
    cr_assert_eq(unlink(world.path), 0);
    world_end(&world);
}

/* ---- the end ------------------------------------------------------------ */

Test(net, the_end_writes_what_is_queued)
{
    enum { BYTES = 3000000 };
    struct world world;
    world_init(&world);
    world.mode = WORLD_HOLD;
    world_unix(&world);
    int fd = world_dial(&world);
    world_until(&world, world.opens == 1);
    char *much = calloc(1, BYTES);
    char *got = malloc(BYTES + 1);
    cr_assert(net_send_owned(world.server, world.conn, much, BYTES));
    net_drain(world.server);
    cr_assert_neq(access(world.path, F_OK), 0, "new clients still find us");
    cr_assert(put_text(&world, fd, "unheard\n"));
    cr_assert(net_send(world.server, world.conn, "bye", 3));
    net_shutdown(world.server, 5000, world_done, &world);
    cr_assert_not(net_send(world.server, world.conn, "late", 4));
    cr_assert_eq(get(&world, fd, got, BYTES + 1), BYTES + 1);
    expect_text(&world, fd, "bye\n");
    expect_end(&world, fd);
    world_until(&world, world.done);
    cr_assert_eq(world.messages, 0);
    free(got);
    world_end(&world);
}

Test(net, draining_holds_back_what_was_read_already)
{
    struct world world;
    world_init(&world);
    world.mode = WORLD_PAUSE;
    world_unix(&world);
    int fd = world_dial(&world);
    cr_assert(put_text(&world, fd, "1\n2\n"));
    expect_text(&world, fd, "1\n");
    net_drain(world.server);
    net_resume(world.server, world.conn);
    expect_silence(&world, fd);
    cr_assert_eq(world.messages, 1);
    cr_assert(net_send(world.server, world.conn, "late", 4));
    expect_text(&world, fd, "late\n");
    close(fd);
    world_end(&world);
}

Test(net, a_socket_file_of_somebody_else_is_left)
{
    struct world world;
    world_init(&world);
    world_unix(&world);
    cr_assert_eq(unlink(world.path), 0);
    FILE *file = fopen(world.path, "w");
    cr_assert(file && !fclose(file));
    net_shutdown(world.server, 0, world_done, &world);
    world_until(&world, world.done);
    cr_assert_eq(unlink(world.path), 0, "it was removed");
    world_end(&world);
}

Test(net, the_end_does_not_wait_beyond_its_grace)
{
    struct world world;
    world_init(&world);
    world.mode = WORLD_HOLD;
    world_unix(&world);
    int fd = world_dial(&world);
    world_until(&world, world.opens == 1);
    char *much = calloc(1, 3000000);
    cr_assert(net_send_owned(world.server, world.conn, much, 3000000));
    uint64_t begin = now_ms();
    net_shutdown(world.server, 300, world_done, &world);
    /* Without another turn of ours: the loop ends by itself. */
    cr_assert_eq(uv_run(&world.loop, UV_RUN_DEFAULT), 0);
    cr_assert(world.done);
    cr_assert_geq(now_ms() - begin, 290);
    cr_assert_lt(now_ms() - begin, 2000);
    close(fd);
    world_end(&world);
}

Test(net, a_server_without_connections_ends_at_once)
{
    struct world world;
    world_init(&world);
    world_unix(&world);
    net_shutdown(world.server, 60000, world_done, &world);
    cr_assert_not(world.done, "done from within net_shutdown");
    cr_assert_eq(uv_run(&world.loop, UV_RUN_DEFAULT), 0);
    cr_assert(world.done);
    world_end(&world);
}

Test(net, resets_at_any_moment_leave_nothing)
{
    static const char *const beginnings[] = {"", "half a line", "line\n",
                                             "line\nand a half"};
    struct world world;
    world_init(&world);
    world_unix(&world);
    for (int i = 0; i < 400; i++) {
        int fd = world_dial(&world);
        (void)put_text(&world, fd, beginnings[i % 4]);
        for (int turn = i % 3; turn; turn--)
            world_turn(&world);
        hang_up(fd);
    }
    world_until(&world, world.opens > 0 && world.closes == world.opens &&
                            world_stats(&world).unix_open == 0);
    world_end(&world);
}
